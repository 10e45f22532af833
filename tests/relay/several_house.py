"""Two origins with real publishers, one studio that feeds both, and an edge of both with one worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import feed_house
from edge_house import Viewer, until

from ringside.cli.children.render import Manifests
from ringside.core.clock import Simulated
from ringside.core.feed import Playlist
from ringside.core.media import Chunk, Grid, Timeline, Track
from ringside.flow import origin
from ringside.flow.relay import fill
from ringside.flow.relay.edge import Config
from ringside.flow.relay.edge.aio import Edge
from ringside.flow.relay.edge.feed import Feed
from ringside.flow.relay.feed import Hub
from ringside.flow.relay.fill.several import Several

TIMELINE = Timeline()
GRID = Grid.video(Fraction(30))
EVEN = 895_000_000
PARTS = 10
V720 = "/live/main/v720"
TRACK = Track("v720", "video", "avc1.64001F", GRID.timescale, b"header", 3_000_000, 2_800_000, 1280, 720, Fraction(30))


def chunk(number: int, part: int, own: str = "", size: int = 2000) -> Chunk:
    """A part as the studio cuts it, in one chunk; `own` marks another encoder's bytes."""
    index = TIMELINE.first_frame(GRID, number) + 6 * part
    data = f"{own}{number}.{part};".encode() * (size // 10)
    ticks = GRID.frame_ticks
    return Chunk("v720", number, part, index * ticks, 6 * ticks, part % 5 == 0, part == PARTS - 1, data)


class Place:
    """One origin. `feed` is told what its publisher makes of the studio's chunks."""

    def __init__(self, there: feed_house.Origin, clock: Simulated, **settings: Any) -> None:
        self.there, self._clock, self._settings = there, clock, settings
        self._begin()

    def _begin(self) -> None:
        config = origin.Config(settle_s=0, **self._settings)
        manifests = Manifests(TIMELINE, "", 0.9, lambda _: 2000.0)
        self.publisher = origin.Publisher(config, "main", TIMELINE, manifests)
        self.there.hub.publish(self.publisher.begin())
        self.there.hub.publish(self.publisher.open(TRACK, GRID, self._clock.now_ns()))

    def take(self, made: Chunk) -> None:
        self.there.hub.publish(self.publisher.add(made, 1, self._clock.now_ns()))

    def tick(self) -> None:
        self.there.hub.publish(self.publisher.tick(self._clock.now_ns()))

    def publisher_playlist(self) -> bytes:
        """As it lists its own window."""
        found = self.there.hub.shelf.exists.find(f"{V720}/index.m3u8")
        assert isinstance(found, Playlist)
        return found.body

    async def restart(self) -> None:
        """Another process, which knows nothing."""
        await self.there.restart()
        self._begin()


@dataclass
class Town:
    """All of it. Time passes with each part that the studio makes."""

    clock: Simulated
    places: list[Place]
    several: Several
    hub: Hub
    edge: Edge
    at: int = EVEN * PARTS  # the part that is made next
    sent: dict[tuple[int, int], bytes] = field(default_factory=dict)

    async def make(self, parts: int, *takers: int) -> None:
        """The studio makes parts, each of which the origins `takers` take; the edge's feeds have it then."""
        for _ in range(parts):
            made = chunk(*divmod(self.at, PARTS))
            self.sent[divmod(self.at, PARTS)] = made.data
            self.at += 1
            self.clock.advance_ns(200_000_000)
            for taker in takers or range(len(self.places)):
                self.places[taker].take(made)
                await until(lambda t=taker: self.has(t, divmod(self.at - 1, PARTS)))

    def has(self, taker: int, turn: tuple[int, int]) -> bool:
        """Whether the edge has heard of this part from an origin."""
        return self.several.strands[taker].shelf.exists.find(f"{V720}/{turn[0]}.{turn[1]}.m4s") is not None

    async def late(self, leader: int) -> None:
        """So much time passes that who owes media is late; the edge takes from `leader` then."""
        self.clock.advance_ns(160_000_000)
        await until(lambda: self.several.on_air == leader)

    async def led(self, by: int) -> None:
        await until(lambda: self.several.on_air == by)

    def segment(self, number: int) -> bytes:
        return b"".join(data for (n, _), data in sorted(self.sent.items()) if n == number)

    async def viewer(self) -> Viewer:
        return await Viewer.connect(self.edge.port)

    async def get(self, path: str) -> tuple[int, bytes]:
        viewer = await self.viewer()
        status, _, body = await viewer.get(path)
        viewer.close()
        return status, body

    async def arrived(self) -> None:
        """The worker has what the hub has."""
        number, part = divmod(self.at - 1, PARTS)
        await until(lambda: self.edge.store.find(f"{V720}/{number}.{part}.m4s") is not None)


@asynccontextmanager
async def town(origins: int = 2, **settings: Any) -> AsyncIterator[Town]:
    """A town in which each origin has told that it has nothing yet."""
    clock = Simulated(EVEN * 2 * 10**9)
    async with _origins(origins, clock) as there:
        places = [Place(each, clock, **settings) for each in there]
        with TemporaryDirectory() as folder:
            path = Path(folder) / "feed"
            hub = Hub(path, clock, lambda *_: None, lambda _: None, waits=True)
            await hub.start()
            several = Several(fill.Config(origins=[each.port.url for each in there]), hub, clock, lambda: 0.0)
            edge = Edge(Config(host="127.0.0.1", port=0), [], clock, "edge-1")
            await edge.start()
            feed = Feed(edge, path)
            feed.start()
            task = asyncio.ensure_future(several.run())
            try:
                await until(lambda: edge.store.synced and all(s.push.look() == "live" for s in several.strands))
                yield Town(clock, places, several, hub, edge)
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                await edge.stop(0.1)
                feed.stop()
                hub.close()


@asynccontextmanager
async def _origins(count: int, clock: Simulated) -> AsyncIterator[list[feed_house.Origin]]:
    if not count:
        yield []
        return
    async with feed_house.origin(clock=clock) as one, _origins(count - 1, clock) as rest:
        yield [one, *rest]
