"""An origin's hub whose feed can be asked for on a port, and an edge elsewhere that reads it and keeps what it read."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from edge_house import NOW_NS, Viewer, until

from ringside.core.clock import Simulated
from ringside.core.clock.wall import Clock
from ringside.core.errors import RingsideError
from ringside.core.feed import (
    Appended,
    Beat,
    Closed,
    Decoder,
    Document,
    Frame,
    Opened,
    Playlist,
    Ranged,
    Removed,
    Synced,
)
from ringside.flow.relay import fill
from ringside.flow.relay.edge import Config
from ringside.flow.relay.edge.aio import Edge
from ringside.flow.relay.edge.feed import Feed
from ringside.flow.relay.feed import Hub, asks_for_feed, refuse
from ringside.flow.relay.fill.aio import Filler
from ringside.flow.relay.fill.push import Push

Respond = Callable[[socket.socket, bytes], None]


class Port:
    """A listening socket that does what a worker does: reads a request's head and hands the connection over."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond
        self.requests: list[bytes] = []
        self._socket: socket.socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.number = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.number}"

    def open(self) -> None:
        """Listen, on the same port as before if there was one."""
        self._socket = socket.create_server(("127.0.0.1", self.number), backlog=200)
        self._socket.setblocking(False)
        self.number = self._socket.getsockname()[1]
        self._start(self._accept(self._socket))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _start(self, work: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, listener: socket.socket) -> None:
        while True:
            connection, _ = await asyncio.get_running_loop().sock_accept(listener)
            connection.setblocking(False)
            self._start(self._hand_over(connection))

    async def _hand_over(self, connection: socket.socket) -> None:
        data = b""
        with contextlib.suppress(ConnectionError):
            while b"\r\n\r\n" not in data:
                piece = await asyncio.get_running_loop().sock_recv(connection, 65536)
                if not piece:
                    break
                data += piece
        self.requests.append(data)
        self.respond(connection, data)


class Origin:
    """A hub behind a port."""

    def __init__(self, folder: Path, clock: Clock, token: str = "") -> None:
        self._folder, self._clock, self._token = folder, clock, token
        self.hub = self._new_hub()
        self.port = Port(self.respond)

    def _new_hub(self) -> Hub:
        return Hub(self._folder / "origin", self._clock, lambda *_: None, lambda _: None, feed_token=self._token)

    def respond(self, connection: socket.socket, data: bytes) -> None:
        if asks_for_feed(data):
            self.hub.adopt(connection, data)
        else:
            refuse(connection, 404, "there is nothing by this name")

    async def start(self) -> None:
        await self.hub.start()
        self.port.open()

    async def stop(self) -> None:
        await self.port.close()
        self.hub.close()

    async def restart(self) -> None:
        """Another process at the same address: it knows nothing of what was."""
        await self.stop()
        if isinstance(self._clock, Simulated):
            self._clock.advance_ns(1)  # no two processes begin in the same nanosecond
        self.hub = self._new_hub()
        await self.start()


@asynccontextmanager
async def origin(token: str = "", clock: Clock | None = None) -> AsyncIterator[Origin]:
    """An origin that is started."""
    with TemporaryDirectory() as folder:
        there = Origin(Path(folder), clock or Simulated(NOW_NS), token)
        await there.start()
        try:
            yield there
        finally:
            await there.stop()


class Far:
    """Reads a feed as an edge elsewhere would, and keeps what every path says."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.frames: list[Frame] = []
        self.blobs: dict[int, bytes] = {}
        self.closed: set[int] = set()
        self._paths: dict[str, Opened | Ranged | Document | Playlist] = {}
        self._decoder = Decoder()
        self._task: asyncio.Task[None] | None = None
        self.ended = False
        self.status = 0
        self.head = ""

    @classmethod
    async def ask(cls, port: int, token: str = "", path: str = "/feed", **options: int) -> "Far":
        """Ask for the feed and read the head; the rest is not read before `follow`."""
        far = cls(*await asyncio.open_connection("127.0.0.1", port, **options))
        fields = f"Authorization: Bearer {token}\r\n" if token else ""
        far._writer.write(f"GET {path} HTTP/1.1\r\nHost: origin\r\n{fields}\r\n".encode())
        far.head = (await asyncio.wait_for(far._reader.readuntil(b"\r\n\r\n"), 5)).decode()
        far.status = int(far.head.split()[1])
        return far

    @classmethod
    async def follow(cls, port: int, token: str = "", path: str = "/feed") -> "Far":
        """Ask for the feed and take it all in, from now on."""
        far = await cls.ask(port, token, path)
        assert far.status == 200, far.head
        far.read_on()
        return far

    def read_on(self) -> None:
        self._task = asyncio.ensure_future(self._read())

    async def rest(self) -> bytes:
        """Whatever else comes until the connection ends."""
        return await asyncio.wait_for(self._reader.read(), 5)

    def content(self, path: str) -> bytes | None:
        """What `path` says; None when there is nothing."""
        thing = self._paths.get(path)
        if isinstance(thing, Opened):
            return self.blobs[thing.blob]
        if isinstance(thing, Ranged):
            return self.blobs[thing.blob][thing.offset : thing.offset + thing.size]
        return None if thing is None else thing.body

    async def until(self, path: str, content: bytes | None) -> None:
        await until(lambda: self.content(path) == content)

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._writer.transport.abort()

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await self._reader.read(65536):
                for frame in self._decoder.feed(data):
                    self._take(frame)
        self.ended = True

    def _take(self, frame: Frame) -> None:
        self.frames.append(frame)
        match frame:
            case Opened(path, blob):
                self._paths[path], self.blobs[blob] = frame, b""
            case Appended(blob, size, data):
                self.blobs[blob] += data
                assert len(self.blobs[blob]) == size
            case Closed(blob):
                self.closed.add(blob)
            case Ranged(path) | Document(path) | Playlist(path):
                self._paths[path] = frame
            case Removed(path):
                self._paths.pop(path, None)
            case _:
                pass

    @property
    def synced(self) -> bool:
        return any(isinstance(frame, Synced) for frame in self.frames)

    @property
    def beats(self) -> int:
        return sum(isinstance(frame, Beat) for frame in self.frames)


@dataclass
class Away:
    """An edge on another machine: the push feed taken into a hub, and a worker fed from it."""

    push: Push
    hub: Hub
    edge: Edge
    task: "asyncio.Task[None]"

    def state(self) -> str:
        return str(self.push.describe()["state"])

    def viewer(self) -> Awaitable[Viewer]:
        return Viewer.connect(self.edge.port)


@asynccontextmanager
async def away(url: str, clock: Clock, synced: bool = True, **values: Any) -> AsyncIterator[Away]:
    """An edge fed from `url`; unless `synced` is False, it has all that exists."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "feed"
        hub = Hub(path, clock, lambda *_: None, lambda _: None, waits=True)
        await hub.start()
        push = Push(fill.Config(origin=url, **values), hub, clock, lambda: 0.0)
        edge = Edge(Config(host="127.0.0.1", port=0), [], clock, "edge-1")
        await edge.start()
        feed = Feed(edge, path)
        feed.start()
        task = asyncio.ensure_future(push.run())
        try:
            if synced:
                await until(lambda: edge.store.synced)
            yield Away(push, hub, edge, task)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await edge.stop(0.1)
            feed.stop()
            hub.close()


@dataclass
class Filling:
    """A filler at work, and what it told."""

    filler: Filler
    path: Path
    clock: Simulated
    task: "asyncio.Task[None]"
    ready: list[str] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)


@asynccontextmanager
async def filling(url: str, documents: list[Document] | None = None, **values: Any) -> AsyncIterator[Filling]:
    with TemporaryDirectory() as folder:
        clock, end = Simulated(NOW_NS), asyncio.Event()
        ready: list[str] = []
        told: list[dict[str, Any]] = []
        config = fill.Config(origin=url, **values)
        filler = Filler(config, Path(folder) / "feed", clock, ready.append, told.append, None, lambda: documents or [])

        async def ends() -> None:
            await end.wait()

        task = asyncio.ensure_future(filler.serve(ends))
        try:
            yield Filling(filler, Path(folder) / "feed", clock, task, ready, told)
        finally:
            end.set()
            with contextlib.suppress(RingsideError):
                await task
