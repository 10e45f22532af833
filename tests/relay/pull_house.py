"""An edge that pulls: worker, hub and filler in one event loop, and a small origin that does as it is told."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from edge_house import NOW_NS, Viewer, until

from ringside.core.clock import Clock, Simulated
from ringside.flow.relay.edge import Config as EdgeConfig
from ringside.flow.relay.edge.aio import Edge
from ringside.flow.relay.edge.feed import Feed
from ringside.flow.relay.feed import Hub
from ringside.flow.relay.fill.config import Config
from ringside.flow.relay.fill.fetch import Fetch, open_session
from ringside.flow.relay.fill.policy import Policy
from ringside.flow.relay.fill.pull import Pull

SECOND_NS = 10**9


@dataclass
class Asked:
    """A request that the origin has received, and the way to answer it."""

    target: str
    fields: dict[str, str]
    writer: asyncio.StreamWriter

    def write(self, *pieces: str | bytes) -> None:
        for piece in pieces:
            self.writer.write(piece.encode() if isinstance(piece, str) else piece)

    def answer(self, body: bytes = b"", status: int = 200, **fields: str) -> None:
        """A whole answer with its length."""
        self.head(status, Content_Length=str(len(body)), **fields)
        self.write(body)

    def head(self, status: int = 200, **fields: str) -> None:
        """Status line and fields; an underscore stands for a hyphen."""
        lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items()]
        self.write(f"HTTP/1.1 {status} Whatever\r\n", *lines, "\r\n")

    def chunk(self, data: bytes) -> None:
        self.write(b"%x\r\n%b\r\n" % (len(data), data))

    def hang_up(self) -> None:
        self.writer.close()


Manner = Callable[[Asked], Awaitable[None] | None]


@dataclass
class Origin:
    """Answers each path in its `manner`, everything else with 404; counts what it is asked."""

    manners: dict[str, Manner] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    port: int = 0
    frozen: asyncio.Event | None = None

    @property
    def counts(self) -> Counter[str]:
        return Counter(asked.target for asked in self.asked)

    def has(self, path: str, body: bytes, **fields: str) -> None:
        """`path` is `body`."""
        self.manners[path] = lambda asked: asked.answer(body, **fields)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                raw = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                fields = dict(line.split(": ", 1) for line in raw[1:] if line)
                asked = Asked(raw[0].split()[1], {name.lower(): value for name, value in fields.items()}, writer)
                self.asked.append(asked)
                if self.frozen is not None:
                    await self.frozen.wait()
                done = self.manners.get(asked.target, lambda a: a.answer(b"no such thing", 404))(asked)
                if done is not None:
                    await done
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@dataclass
class PullHouse:
    """All of it; `url` is where the edge pulls from."""

    origin: Origin
    hub: Hub
    edges: list[Edge]
    feeds: list[Feed]
    pull: Pull
    clock: Any
    make: Callable[[], Awaitable[tuple[Hub, Pull]]]

    async def viewer(self, edge: int = 0) -> Viewer:
        return await Viewer.connect(self.edges[edge].port)

    async def viewers(self, number: int, edge: int = 0) -> list[Viewer]:
        return [await self.viewer(edge) for _ in range(number)]

    async def get(self, path: str, method: str = "GET", **fields: str) -> tuple[int, dict[str, str], bytes]:
        """One viewer's answer."""
        viewer = await self.viewer()
        try:
            return await viewer.get(path, method, **fields)
        finally:
            viewer.close()

    def pass_s(self, seconds: float) -> None:
        """Time passes, and all know."""
        self.clock.advance_ns(int(seconds * SECOND_NS))
        for edge in self.edges:
            edge.read_time()

    async def restart(self) -> None:
        """The filler ends, with all it knows, and another begins."""
        connects = [feed.connects for feed in self.feeds]
        self.hub, self.pull = await self.make()
        await until(lambda: all(f.connects > n for f, n in zip(self.feeds, connects, strict=True)))
        await until(lambda: all(edge.store.synced and edge.feed is not None for edge in self.edges))

    async def held(self, number: int, edge: int = 0) -> None:
        """Until so many wait."""
        await until(lambda: self.edges[edge].waiting.count == number)


@asynccontextmanager
async def pull_house(
    url: str = "", workers: int = 1, clock: Clock | None = None, memory_bytes: int = 2**30, **policy: Any
) -> AsyncIterator[PullHouse]:
    """An edge that pulls from `url`, or else from an Origin of its own."""
    origin = Origin()
    server = await asyncio.start_server(origin.serve, "127.0.0.1", 0)
    origin.port = server.sockets[0].getsockname()[1]
    time = clock or Simulated(NOW_NS)
    config = Config(origin=url or f"http://127.0.0.1:{origin.port}", memory_bytes=memory_bytes, pull=Policy(**policy))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "feed"
        session = open_session(config)
        running: list[tuple[Hub, asyncio.Task[None]]] = []

        async def end() -> None:
            for hub, task in running:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                hub.close()
            running.clear()

        async def make() -> tuple[Hub, Pull]:
            await end()
            hub = Hub(path, time, lambda *_: None, lambda _: None, lambda key: pull.wanted(key))
            fetch = Fetch(config.origin, session, config.pull.longest_s)
            pull = Pull(fetch, config.pull, config.memory_bytes, time, hub.publish)
            await hub.start()
            running.append((hub, asyncio.ensure_future(pull.run())))
            return hub, pull

        hub, pull = await make()
        edges, feeds = [], []
        for n in range(workers):
            edge = Edge(EdgeConfig(host="127.0.0.1", port=0, cache=True, pull=True), [], time, f"edge-{n}")
            await edge.start()
            feeds.append(Feed(edge, path))
            feeds[-1].start()
            edges.append(edge)
        await until(lambda: all(edge.store.synced for edge in edges))
        try:
            yield PullHouse(origin, hub, edges, feeds, pull, time, make)
        finally:
            for edge, feed in zip(edges, feeds, strict=True):
                await edge.stop(0.1)
                feed.stop()
            await end()
            await session.close()
            if origin.frozen is not None:
                origin.frozen.set()
            for asked in origin.asked:
                asked.writer.close()
            server.close()
