"""A hub, a MoQ publisher fed from it on a UDP port of the loopback, and subscribers that are moq-rs' own."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import moq
from edge_house import until

from ringside.core.clock import Wall
from ringside.core.feed import Appended, Cache, Document, Message, Opened, Playlist, Streamed
from ringside.flow.relay.feed import Hub
from ringside.flow.relay.moq import Config
from ringside.flow.relay.moq.aio import Publisher
from ringside.flow.relay.moq.serve import Where

FOLDER = "/live/main/v360"
BROADCAST, TRACK = "live/main", "v360"
HEADER = b"the CMAF header"
LIMIT_S = 10.0
WATCHING: "set[Watching]" = set()


def free_udp() -> int:
    """A UDP port that was free a moment ago."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Film:
    """One track of an event: each chunk says its number; segments of `per_segment` chunks."""

    def __init__(self, per_segment: int = 5, chunk_bytes: int = 500) -> None:
        self._per_segment, self._bytes = per_segment, chunk_bytes
        self._sizes: dict[int, int] = {}
        self.count = 0

    def chunk(self, n: int) -> bytes:
        return (b"chunk %d " % n).ljust(self._bytes, b".")

    def begin(self) -> list[Message]:
        return [Document(f"{FOLDER}/init.mp4", HEADER, "video/mp4", Cache.IMMUTABLE)]

    def next(self) -> list[Message]:
        """What an origin tells of the next chunk."""
        n, data = self.count, self.chunk(self.count)
        self.count += 1
        blob, first = n // self._per_segment + 1, n % self._per_segment == 0
        size = self._sizes[blob] = self._sizes.get(blob, 0) + len(data)
        out: list[Message] = [Opened(f"{FOLDER}/{blob}.m4s", blob, "video/mp4")] if first else []
        out.append(Appended(blob, size, data))
        if first:
            out.append(Streamed(f"{FOLDER}/stream", f"{FOLDER}/init.mp4", blob, 0, "video/mp4"))
        return out

    def ended(self) -> Message:
        """What an origin tells at last."""
        return Playlist(f"{FOLDER}/index.m3u8", b"#EXTM3U", b"", 1, -1, (2, 0), 2, 0.2, ended=True)

    def again(self) -> list[Message]:
        """What an origin that was started again tells of the segment that it was in."""
        blob = (self.count - 1) // self._per_segment + 1
        data = b"".join(self.chunk(n) for n in range((blob - 1) * self._per_segment, self.count))
        opened = Opened(f"{FOLDER}/{blob}.m4s", blob, "video/mp4")
        joins = Streamed(f"{FOLDER}/stream", f"{FOLDER}/init.mp4", blob, 0, "video/mp4")
        return [*self.begin(), opened, Appended(blob, len(data), data), joins]


@dataclass
class House:
    """A hub and its publisher."""

    folder: Path
    hub: Hub
    publisher: Publisher
    port: int
    task: "asyncio.Task[None]"
    reports: list[dict[str, Any]] = field(default_factory=list)

    @property
    def last(self) -> dict[str, Any]:
        """The newest report; empty before there is one."""
        return self.reports[-1] if self.reports else {}

    async def ready(self) -> str:
        """The certificate's fingerprint, when the port is served and something is published."""
        await until(lambda: self.last.get("ready") and self.last.get("broadcast"), LIMIT_S)
        return str(self.last["fingerprint"])

    def begin(self, film: Film | None = None) -> Film:
        """A film is on: its header and first chunk."""
        film = film or Film()
        self.hub.publish([*film.begin(), *film.next()])
        return film

    def go_on(self, film: Film, chunks: int = 1) -> None:
        """Its next chunks."""
        for _ in range(chunks):
            self.hub.publish(film.next())

    async def new_hub(self) -> None:
        """Another hub at the same place, that knows nothing of what was."""
        self.hub.close()
        self.hub = _hub(self.folder, self.reports)
        await self.hub.start()

    @asynccontextmanager
    async def viewer(self, fingerprint: str = "", **options: Any) -> AsyncIterator[moq.Client]:
        """A session of moq-rs."""
        pinned = [fingerprint or await self.ready()]
        client = moq.Client(
            f"https://127.0.0.1:{self.port}/", tls_fingerprints=pinned, websocket_enabled=False, reconnect=False,
            **{"subscribe": moq.OriginProducer(cache_capacity_bytes=4 << 20), **options},
        )  # fmt: skip
        async with asyncio.timeout(LIMIT_S):
            await client.__aenter__()
        try:
            yield client
        finally:
            for seen in [each for each in WATCHING if each.client is client]:
                await seen.stop()
            await client.__aexit__(None, None, None)


def _hub(folder: Path, reports: list[dict[str, Any]]) -> Hub:
    return Hub(folder / "feed", Wall(), lambda *_: None, lambda report: reports.append(report["moq"]))


@asynccontextmanager
async def house(tls: tuple[Path, Path] | None = None, port: int = 0, **settings: Any) -> AsyncIterator[House]:
    """A publisher that serves `Config(on=True, **settings)`."""
    with TemporaryDirectory() as name:
        folder, port = Path(name), port or free_udp()
        reports: list[dict[str, Any]] = []
        hub = _hub(folder, reports)
        await hub.start()
        config = Config(on=True, **settings)
        publisher = Publisher(config, Where("127.0.0.1", port, folder, tls), folder / "feed", Wall(), "moq")
        task = asyncio.ensure_future(publisher.run())
        there = House(folder, hub, publisher, port, task, reports)
        try:
            yield there
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            there.hub.close()


class Watching:
    """Takes the track in, group by group; `oldest_s`: how old a group may be to be still wanted."""

    def __init__(self, client: moq.Client, oldest_s: float = 5) -> None:
        self.client, self._oldest_s = client, oldest_s
        self.groups: dict[int, list[bytes]] = {}
        self.task = asyncio.ensure_future(self._run())
        WATCHING.add(self)

    @property
    def frames(self) -> list[bytes]:
        """All frames, group by group."""
        return [frame for number in sorted(self.groups) for frame in self.groups[number]]

    @property
    def chunks(self) -> list[bytes]:
        """All but the first frame of each group."""
        return [frame for number in sorted(self.groups) for frame in self.groups[number][1:]]

    async def has(self, chunk: bytes) -> None:
        """Until `chunk` is there."""
        await until(lambda: self.task.done() or chunk in self.chunks, LIMIT_S)
        if self.task.done():
            self.task.result()

    async def stop(self) -> None:
        """Take nothing more in; what went wrong until now is of no interest."""
        WATCHING.discard(self)
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def _run(self) -> None:
        broadcast = await self.client.announced_broadcast(BROADCAST)
        wishes = moq.Subscription(max_age_us=int(self._oldest_s * 1e6))
        async for group in await broadcast.subscribe_track(TRACK, wishes):
            frames = self.groups[group.sequence] = []
            with contextlib.suppress(moq.Error):  # a group that is too old loses its rest
                async for frame in group:
                    frames.append(frame.payload)
