"""A small origin for caches to stand before, one process: `python -m bench.edge.origin PORT`.

/hold/MS/SIZE/NAME   SIZE bytes, MS milliseconds after they were asked for
/live/TRACK/N        25 kB, for ever: a segment of a live event
/count               how many requests there were under each of these, JSON; never cached
What it answers may be cached for a minute.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import uvloop

from bench.edge.machine import LOAD_CORE, on_core
from bench.edge.peers import ended, wait_open
from bench.harness import free_port, get

HEAD = b"HTTP/1.1 %d OK\r\nContent-Type: video/mp4\r\nContent-Length: %d\r\nCache-Control: %b\r\n\r\n"
SEGMENT_BYTES = 25_000


class Connection(asyncio.Protocol):
    """Answers one request at a time, keeps the connection."""

    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts
        self._data = b""
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: Any) -> None:
        """Somebody is there."""
        self._transport: asyncio.Transport = transport

    def data_received(self, data: bytes) -> None:
        """Requests, whole or in pieces."""
        self._data += data
        while b"\r\n\r\n" in self._data:
            head, self._data = self._data.split(b"\r\n\r\n", 1)
            self._answer(head.split(b" ", 2)[1].decode().partition("?")[0])

    def _answer(self, path: str) -> None:
        steps = path.strip("/").split("/")
        self._counts[steps[0]] += path != "/count"
        if steps[0] == "hold" and len(steps) == 4:
            self._loop.call_later(int(steps[1]) / 1000, self._write, bytes(int(steps[2])))
        elif steps[0] == "live":
            self._write(bytes(SEGMENT_BYTES))
        elif path == "/count":
            self._write(json.dumps(self._counts).encode(), caching=b"no-store")
        else:
            self._write(b"no", 404)

    def _write(self, body: bytes, status: int = 200, caching: bytes = b"public, max-age=60") -> None:
        if not self._transport.is_closing():
            self._transport.write(HEAD % (status, len(body), caching) + body)


async def serve(port: int) -> None:
    """Answer until terminated."""
    counts: Counter[str] = Counter()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(counts), "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


class Origin:
    """A running origin."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process, self.port = process, port

    def count(self, kind: str) -> int:
        """How many requests there were so far for `kind` (`hold`, `live`)."""
        return int(json.loads(get(f"http://127.0.0.1:{self.port}/count")).get(kind, 0))


@contextlib.contextmanager
def origin(core: int = LOAD_CORE) -> Iterator[Origin]:
    """Run one."""
    port = free_port()
    process = subprocess.Popen([*on_core(core), sys.executable, "-m", "bench.edge.origin", str(port)])
    try:
        wait_open(port, process)
        yield Origin(process, port)
    finally:
        ended(process)


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
