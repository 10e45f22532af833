"""A storm: many who speak nearly HTTP to a live edge, in pieces, and leave in the middle; and what must hold after it.

What enters: a seed. What leaves: counts, and the faults that were found, in words: an exception that reached the loop,
an answer that cannot be read, a connection or a descriptor left over.
"""

import asyncio
import os
import random
import re
import socket
import struct
import time
from typing import Any

from edge_house import House, expected, house, playlist, segment, until
from heads import judged, proper, spoilt

from ringside.core.feed import Cache, Document
from ringside.flow.relay.answer.request import Malformed, Reader
from ringside.flow.relay.edge import Config

RESET = struct.pack("ii", 1, 0)
AT_ONCE = 40
STATUS = re.compile(rb"HTTP/1\.1 ([1-5][0-9][0-9]) [ -~]+\r\n")


def check(head: bytes, reader: Reader, seed: int) -> bool:
    """Whether `reader` takes a head; AssertionError where it understands it otherwise than the judge."""
    try:
        target, fields = reader.read(head)
    except Malformed:
        return False
    said = judged(head)
    where = f"seed {seed}: {head!r}"
    assert said is not None, where
    assert (target.method.encode(), target.http11) == (said.method, said.http11), where
    assert target.path.partition("?")[0].encode() == said.target.partition(b"?")[0], where
    assert (fields.length, fields.chunked) == (said.length, said.chunked), where
    assert fields.hosts == said.hosts, where
    assert said.hosts == 1 or not said.http11, where
    return True


def answers(data: bytes, heads_only: bool) -> tuple[int, bytes]:
    """How many whole answers `data` begins with, and what follows them. Raises ValueError at what is none.

    `heads_only`: somebody asked with HEAD, so that a length may be that of another answer's body: heads are counted.
    """
    count = 0
    while data:
        top, found, rest = data.partition(b"\r\n\r\n")
        if STATUS.match(top + b"\r\n") is None:
            if heads_only:
                return count, data
            raise ValueError(f"no status line: {data[:80]!r}")
        if not found:
            return count, data
        if any(b":" not in line for line in top.split(b"\r\n")[1:]) or b"\n" in top.replace(b"\r\n", b""):
            raise ValueError(f"no head: {top!r}")
        if heads_only:
            return count + 1, rest
        body = _body(top, rest)
        if body is None:
            return count, data
        count, data = count + 1, rest[body:]
    return count, data


def _body(top: bytes, rest: bytes) -> int | None:
    """How many bytes of `rest` are the body; None where it has not all come."""
    length = re.search(rb"\r\nContent-Length: ([0-9]+)", top)
    if length is not None:
        return int(length[1]) if len(rest) >= int(length[1]) else None
    if b"Transfer-Encoding: chunked" not in top:
        return 0
    at = 0
    while True:
        size, found, _ = rest[at : at + 20].partition(b"\r\n")
        if not found:
            return None
        at += len(size) + 2 + int(size, 16) + 2
        if at > len(rest):
            return None
        if int(size, 16) == 0:
            return at


class Storm:
    """Plays `conversations` against one edge; `faults` is empty when nothing went wrong."""

    def __init__(self, seed: int, pull: bool = False) -> None:
        self.rng = random.Random(seed)
        self.pull = pull
        self.conversations = self.answers = self.bytes = 0
        self.faults: list[str] = []

    async def rage(self, conversations: int, within_s: float) -> None:
        """So many conversations, or as many as begin within `within_s` seconds; then see what is left."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._raised)
        config = Config(host="127.0.0.1", port=0, pull=self.pull, cache=self.pull)
        async with house(config) as h:
            await self._furnish(h)
            before, until_s = _descriptors(), time.monotonic() + within_s
            while self.conversations < conversations and time.monotonic() < until_s:
                many = min(AT_ONCE, conversations - self.conversations)
                await asyncio.gather(*(self._talk(h) for _ in range(many)))
                self.conversations += many
                if self.rng.random() < 0.3:
                    await h.publish(playlist(7, self.rng.randrange(10), (8, 0)))
            await self._aftermath(h, before)
        loop.set_exception_handler(None)

    def _raised(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.faults.append(f"{context.get('message')}: {context.get('exception')!r}")

    async def _furnish(self, h: House) -> None:
        big = bytes(range(256)) * 1500
        await h.publish(*segment(7, b"abc" * 100, big), playlist(7, 1, (8, 0)), expected(8, 0))
        await h.publish(*segment(9, b"growing", closed=False), Document("/d", b"text" * 400, "text/plain", Cache.SHORT))

    async def _talk(self, h: House) -> None:
        """One conversation: pieces of requests, and one of four ways to leave."""
        rng, loop = self.rng, asyncio.get_running_loop()
        heads = [proper(rng) if rng.random() < 0.5 else spoilt(rng) for _ in range(rng.randrange(1, 5))]
        data = b"".join(heads) if rng.random() < 0.9 else rng.randbytes(rng.randrange(1, 600))
        self.bytes += len(data)
        if rng.random() < 0.3:
            data = data[: rng.randrange(len(data) + 1)]
        leave = rng.choice(("half", "half", "half", "reset", "close", "greedy"))
        viewer = socket.socket()
        viewer.setblocking(False)
        try:
            await loop.sock_connect(viewer, ("127.0.0.1", h.edge.port))
            while data:
                size = rng.choice((1, 7, 60, 4096, len(data)))
                await loop.sock_sendall(viewer, data[:size])
                data = data[size:]
                if rng.random() < 0.3:
                    await asyncio.sleep(0)
            if leave == "half":
                viewer.shutdown(socket.SHUT_WR)
                self._read(await _all(viewer), any(b"HEAD" in head.upper() for head in heads))
            elif leave == "greedy":
                await asyncio.wait_for(loop.sock_recv(viewer, 10), 0.02)
            elif leave == "reset":
                viewer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        except OSError:
            pass  # the edge may hang up on noise, also in the middle of it
        except TimeoutError:
            if leave == "half":
                self.faults.append(f"no end after {heads!r}")
        finally:
            viewer.close()

    def _read(self, data: bytes, heads_only: bool) -> None:
        try:
            self.answers += answers(data, heads_only)[0]
        except ValueError as error:
            self.faults.append(str(error))

    async def _aftermath(self, h: House, before: int) -> None:
        edge = h.edge
        tables = {"connections": edge.connections, "partial": edge.partial, "blocked": edge.blocked,
                  "lingering": edge.lingering, "subscribers": edge.subscribers}  # fmt: skip
        h.clock.advance_ns(3_000_000_000)  # whoever lingers has had its time
        try:
            await until(lambda: not any(tables.values()) and not edge.waiting.count and not edge.waiting.paths())
            await until(lambda: _descriptors() <= before)
        except TimeoutError:
            left = {name: len(table) for name, table in tables.items() if table}
            self.faults.append(f"left over: {left} {edge.waiting!r}, {_descriptors() - before} descriptors")
        viewer = await h.viewer()
        if (await viewer.get("/live/main/v720/7.0.m4s"))[::2] != (200, b"abc" * 100) and not self.pull:
            self.faults.append("the edge does not serve any more")
        viewer.close()


async def _all(viewer: socket.socket) -> bytes:
    """All that comes until the other end closes; TimeoutError where it does not."""
    loop, received = asyncio.get_running_loop(), bytearray()
    async with asyncio.timeout(5):
        try:
            while data := await loop.sock_recv(viewer, 1 << 16):
                received += data
        except ConnectionError:
            pass
    return bytes(received)


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))
