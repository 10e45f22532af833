"""A real ingest server on loopback, a publisher that writes raw HTTP, and CMAF that only a decoder would refuse."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from fractions import Fraction
from typing import Any

from origin_kit import AUDIO, TIMELINE, VIDEO, Edge, Lister

from ringside.core.clock import Wall
from ringside.core.media import Grid, Track
from ringside.flow.mux.fragment import Sample, mark_last, write_chunk
from ringside.flow.mux.header import audio_track, video_track
from ringside.flow.origin import Config, Publisher
from ringside.flow.origin.aio import IngestServer

TOKEN = "secret-1"
AUTH = f"Authorization: Bearer {TOKEN}\r\n"
PARAMETERS = bytes.fromhex("000000016742c014da05067e7840000003004000000f23c50aa80000000168ce3c80")
VIDEO_TRACK = video_track("v180", PARAMETERS, VIDEO, 320, 180, Fraction(30), 400_000, 800_000)
AUDIO_TRACK = audio_track("a", b"\x11\x90", AUDIO, 2, 128_000, 160_000)


class Origin:
    """A server, the publisher behind it and an edge that believes what it is told."""

    def __init__(self, **config: Any) -> None:
        self.clock = Wall()
        self.renderer = Lister()
        self.config = Config(ingest_token=TOKEN, **config)
        self.publisher = Publisher(self.config, "main", TIMELINE, self.renderer)
        self.edge = Edge()
        self.statuses: list[dict[str, Any]] = []
        self.server = IngestServer(self.publisher, self.edge.take, self.clock, self.config, self.statuses.append)
        self.port = 0

    def head(
        self, path: str, method: str = "POST", extra: str = "Transfer-Encoding: chunked\r\n", auth: str = AUTH
    ) -> bytes:
        """A request's head."""
        return f"{method} {path} HTTP/1.1\r\nHost: x\r\n{auth}{extra}\r\n".encode("latin-1")

    async def wait(self, condition: Any, seconds: float = 5) -> None:
        """Wait until `condition()` holds."""
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def serving(**config: Any) -> AsyncIterator[Origin]:
    """An origin on an ephemeral port."""
    origin = Origin(**config)
    origin.port = await origin.server.listen()
    try:
        yield origin
    finally:
        await origin.server.close()


class Wire:
    """A connection to an origin."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def to(cls, origin: Origin) -> "Wire":
        return cls(*await asyncio.open_connection("127.0.0.1", origin.port))

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
        await self.writer.drain()

    async def chunk(self, *bodies: bytes) -> None:
        """Send bytes as HTTP chunks; b"" ends the request."""
        await self.send(*(b"%x\r\n%s\r\n" % (len(body), body) for body in bodies))

    async def answer(self) -> tuple[int, str]:
        """Status and body of the next response."""
        async with asyncio.timeout(5):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            length = [int(line[15:]) for line in head.split("\r\n") if line.lower().startswith("content-length:")]
            body = await self.reader.readexactly(length[0]) if length else b""
            return int(head.split(" ")[1]), body.decode().strip()

    async def closed(self) -> bool:
        """Whether the other end closes."""
        async with asyncio.timeout(5):
            with contextlib.suppress(ConnectionError):
                return await self.reader.read() == b""
            return True

    def close(self) -> None:
        self.writer.close()


async def request(origin: Origin, raw: bytes) -> tuple[int, str]:
    """Send bytes on a connection of their own; the first response."""
    wire = await Wire.to(origin)
    try:
        await wire.send(raw)
        return await wire.answer()
    finally:
        wire.close()


def media(track: Track, grid: Grid, number: int, part: int, size: int = 40, last: bool = False) -> bytes:
    """The CMAF chunk of one part."""
    index = TIMELINE.first_frame(grid, number)
    while TIMELINE.place(grid, index).part < part:
        index += 1
    first = index
    while not TIMELINE.place(grid, index).last_in_part:
        index += 1
    key = track.kind == "audio" or part % 5 == 0
    samples = [Sample(track.kind == "audio" or (key and i == 0), bytes(size)) for i in range(index - first + 1)]
    data = write_chunk(grid, first, samples, opens_segment=part == 0)
    return mark_last(data) if last else data


def current(origin: Origin) -> int:
    """The number of the segment that is running."""
    return origin.clock.now_ns() // 2_000_000_000


async def publishing(origin: Origin, path: str = "/ingest/main/v180") -> Wire:
    """A connection that has sent its header and first chunk."""
    wire = await Wire.to(origin)
    await wire.send(origin.head(path))
    await wire.chunk(VIDEO_TRACK.init, media(VIDEO_TRACK, VIDEO, current(origin), 0))
    await origin.wait(lambda: "v180" in origin.publisher.lanes)
    return wire


def run(test: Coroutine[Any, Any, None]) -> None:
    """Run a test that began as a call."""
    asyncio.run(test)
