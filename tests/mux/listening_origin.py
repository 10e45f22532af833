"""An origin that only listens, on a real socket, for tests of the pusher."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from mux_encoders import TIMELINE, Encoded

from ringside.core.boxes import Init, Raw, Splitter
from ringside.core.media import Chunk
from ringside.flow.mux import Segmenter

TOKEN = "sesame"


@dataclass
class Request:
    """What the origin saw of one request."""

    line: str
    headers: dict[str, str]
    pieces: list[bytes] = field(default_factory=list)
    ended: bool = False

    def units(self) -> list[Init | Raw]:
        splitter = Splitter()
        return [unit for piece in self.pieces for unit in splitter.feed(piece)]


@dataclass
class Origin:
    """An origin that only listens: keeps requests, answers as told, and may hang up after so many HTTP chunks."""

    status: int = 200
    hang_up_after: int = 0
    refuse_at_once: bool = False
    says: bytes = b""
    requests: list[Request] = field(default_factory=list)
    url: str = ""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._request(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.changed.set()
            writer.close()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        request = Request(head[0], headers)
        self.requests.append(request)
        if self.refuse_at_once:
            writer.write(b"HTTP/1.1 %d No\r\nContent-Length: 3\r\n\r\nno\n" % self.status)
            return False
        if "content-length" in headers:
            request.pieces.append(await reader.readexactly(int(headers["content-length"])))
        else:
            while piece := await self._http_chunk(reader):
                request.pieces.append(piece)
                self.changed.set()
                if self.hang_up_after and len(request.pieces) >= self.hang_up_after:
                    self.hang_up_after = 0
                    return False
        request.ended = True
        self.changed.set()
        head = b"HTTP/1.1 %d Answer\r\nContent-Length: %d\r\n\r\n" % (self.status, len(self.says))
        writer.write(head + self.says)
        return True

    @staticmethod
    async def _http_chunk(reader: asyncio.StreamReader) -> bytes:
        size = int(await reader.readline(), 16)
        piece = await reader.readexactly(size)
        assert await reader.readexactly(2) == b"\r\n"
        return piece

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until the requests satisfy `condition`."""
        async with asyncio.timeout(10):
            while not condition():
                self.changed.clear()
                if not condition():
                    await self.changed.wait()


@asynccontextmanager
async def listening(origin: Origin) -> AsyncIterator[Origin]:
    server = await asyncio.start_server(origin.serve, "127.0.0.1", 0)
    origin.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield origin
    finally:
        server.close()


async def away() -> Origin:
    """One that has an address, and does not listen there yet."""
    async with listening(Origin()) as origin:
        return origin


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(20):
            await scenario()

    asyncio.run(bounded())


def chunks_of(encoded: Encoded) -> list[Chunk]:
    segmenter = Segmenter(encoded.track, encoded.grid, TIMELINE)
    return [chunk for frame in encoded.frames for chunk in segmenter.push(frame)]
