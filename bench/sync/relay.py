"""A network that can be cut: a TCP relay on loopback that stops forwarding for a while and then drops what it had.

While cut nothing passes either way and nobody is told; who connects meanwhile is connected on when it is over.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine, Iterator
from typing import Any

READ_BYTES = 65536


def reset(writer: asyncio.StreamWriter) -> None:
    """Hang up at once, without the courtesies (RST)."""
    sock = writer.get_extra_info("socket")
    if sock is not None and sock.fileno() >= 0:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Relay:
    """Forwards a port of its own to `port` on this machine."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._pairs: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.dropped = 0
        self.port: int = self._call(self._start())

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def _call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _start(self) -> int:
        self._flows = asyncio.Event()
        self._flows.set()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(server.sockets[0].getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._flows.wait()
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
        except (OSError, asyncio.CancelledError):  # nobody there, or the end of the relay: either way it hangs up
            writer.transport.abort()
            return
        pair = {writer, far_writer}
        self._pairs |= pair
        ways = [asyncio.ensure_future(self._pump(*way)) for way in ((reader, far_writer), (far_reader, writer))]
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait(ways, return_when=asyncio.ALL_COMPLETED)
        for way in ways:
            way.cancel()
        for each in pair:
            each.transport.abort()
        self._pairs -= pair

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(READ_BYTES):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
        if not writer.is_closing() and writer.can_write_eof():
            with contextlib.suppress(OSError):
                writer.write_eof()

    async def _set(self, flows: bool) -> None:
        if not flows:
            self._flows.clear()
            return
        for each in list(self._pairs):
            reset(each)
            self.dropped += 1
        self._flows.set()

    def cut(self) -> None:
        """Forward nothing from now on."""
        self._call(self._set(False))

    def mend(self) -> None:
        """Drop all connections there were; forward again."""
        self._call(self._set(True))

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def close(self) -> None:
        """End it."""
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)


@contextlib.contextmanager
def relay(port: int) -> Iterator[Relay]:
    """A relay to a port of this machine, ended afterwards."""
    made = Relay(port)
    try:
        yield made
    finally:
        made.close()
