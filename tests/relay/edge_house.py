"""An edge and its hub in one event loop, real sockets between them, and a viewer that reads raw HTTP."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvloop

from ringside.core.clock import Simulated
from ringside.core.feed import Appended, Cache, Closed, Document, Expected, Message, Opened, Playlist, Ranged
from ringside.flow.relay.edge import Asset, Config
from ringside.flow.relay.edge.aio import Edge
from ringside.flow.relay.edge.feed import Feed
from ringside.flow.relay.feed import Hub

NOW_NS = 1_790_000_000_000_000_000
MP4 = "video/mp4"
PLAYLIST = "/live/main/v720/index.m3u8"
PART = "/live/main/v720/8.0.m4s"
BIG = bytes(range(256)) * 800  # 204,800 bytes


@dataclass
class House:
    """A hub and an edge, with what the hub was told."""

    hub: Hub
    edge: Edge
    feed: Feed
    clock: Simulated
    path: Path
    handed: list[tuple[socket.socket, bytes]] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)
    markers: Iterator[int] = field(default_factory=count)

    async def publish(self, *messages: Message) -> None:
        """Publish, and wait until the edge has taken it in."""
        marker = Document("/marker", b"%d" % next(self.markers), "x", Cache.NONE)
        self.hub.publish([*messages, marker])
        await until(lambda: getattr(self.edge.store.find("/marker"), "document", None) == marker)

    def viewer(self) -> Awaitable["Viewer"]:
        return Viewer.connect(self.edge.port)


class Viewer:
    """Speaks HTTP by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, port: int, **options: Any) -> "Viewer":
        return cls(*await asyncio.open_connection("127.0.0.1", port, **options))

    def send(self, raw: bytes) -> None:
        self.writer.write(raw)

    def ask(self, path: str, method: str = "GET", **fields: str) -> None:
        lines = [f"{method} {path} HTTP/1.1", "Host: edge"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
        self.send("\r\n".join([*lines, "", ""]).encode())

    async def head(self) -> tuple[int, dict[str, str]]:
        raw = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 5)).decode().split("\r\n")
        fields = dict(line.split(": ", 1) for line in raw[1:] if line)
        return int(raw[0].split()[1]), {name.lower(): value for name, value in fields.items()}

    async def chunk(self) -> bytes:
        size = int(await asyncio.wait_for(self.reader.readline(), 5), 16)
        data = await self.reader.readexactly(size)
        assert await self.reader.readexactly(2) == b"\r\n"
        return data

    async def answer(self, head_only: bool = False) -> tuple[int, dict[str, str], bytes]:
        status, fields = await self.head()
        body = b""
        if head_only or status in {204, 304}:
            return status, fields, body
        if "content-length" in fields:
            return status, fields, await asyncio.wait_for(self.reader.readexactly(int(fields["content-length"])), 5)
        while piece := await self.chunk():
            body += piece
        return status, fields, body

    async def get(self, path: str, method: str = "GET", **fields: str) -> tuple[int, dict[str, str], bytes]:
        self.ask(path, method, **fields)
        return await self.answer(method == "HEAD")

    async def closed(self) -> bytes:
        """Whatever else comes until the other end closes."""
        try:
            return await asyncio.wait_for(self.reader.read(), 5)
        except ConnectionError:
            return b""

    def close(self) -> None:
        self.writer.close()


async def until(true: Callable[[], Any], within_s: float = 5) -> None:
    """Wait for something that other tasks bring about."""
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@asynccontextmanager
async def house(config: Config | None = None, assets: list[Asset] | None = None) -> AsyncIterator[House]:
    """A fed edge on a port of the loopback."""
    with TemporaryDirectory() as folder:
        path, clock = Path(folder) / "feed", Simulated(NOW_NS)
        handed: list[tuple[socket.socket, bytes]] = []
        reports: list[dict[str, Any]] = []
        hub = Hub(path, clock, lambda s, data: handed.append((s, data)), reports.append)
        await hub.start()
        edge = Edge(config or Config(host="127.0.0.1", port=0), assets or [], clock, "edge-1")
        await edge.start()
        feed = Feed(edge, path)
        feed.start()
        await until(lambda: edge.store.synced)
        home = House(hub, edge, feed, clock, path, handed, reports)
        try:
            yield home
        finally:
            await edge.stop(0.1)
            feed.stop()
            hub.close()
            home.hub.close()  # a scene may have put another in its place
            for connection, _ in handed:
                connection.close()


def run(scene: Callable[[], Awaitable[None]]) -> None:
    """Play a scene on the loop that production uses."""
    uvloop.run(asyncio.wait_for(scene(), 30))


def segment(number: int, *chunks: bytes, blob: int | None = None, closed: bool = True) -> list[Message]:
    """A segment of v720 with one part per chunk."""
    blob = number if blob is None else blob
    told: list[Message] = [Opened(f"/live/main/v720/{number}.m4s", blob, MP4)]
    size = 0
    for part, data in enumerate(chunks):
        told.append(Appended(blob, size + len(data), data))
        told.append(Ranged(f"/live/main/v720/{number}.{part}.m4s", blob, size, len(data), MP4))
        size += len(data)
    return [*told, Closed(blob)] if closed else told


def grown(data: bytes, size: int, blob: int = 8) -> Appended:
    """`data` was added to a segment, which now has `size` bytes."""
    return Appended(blob, size, data)


def playlist(number: int, part: int, next_: tuple[int, int], ended: bool = False, body: bytes = b"") -> Playlist:
    """A playlist of v720, with parts of a fifth of a second and segments of two seconds."""
    text = body or f"#EXTM3U {number}.{part}\n".encode() * 40
    return Playlist(PLAYLIST, text, b"#EXTM3U delta\n", number, part, next_, 2, 0.2, ended)


def expected(number: int, part: int) -> Expected:
    return Expected(f"/live/main/v720/{number}.{part}.m4s")


def memory(pid: int) -> list[int]:
    """The inode behind each descriptor of a memfd of ours that a process has open."""
    fds = [Path(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
    return [fd.stat().st_ino for fd in fds if fd.is_symlink() and "memfd:ringside" in os.readlink(fd)]
