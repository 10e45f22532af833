"""A Keeper with a real spool, a real store and a clock that stands at the end of what was played."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from archive_kit import GRIDS, NAMES
from tests.origin.origin_kit import EVEN, TIMELINE, Edge, Lister, S, chunks, end_ns, track_of

from ringside.core.catalog import session_name
from ringside.core.clock import Simulated
from ringside.core.feed import Message
from ringside.flow.origin import Config as OriginConfig
from ringside.flow.origin import Publisher
from ringside.flow.origin.archive.config import Config
from ringside.flow.origin.archive.keeper import Keeper
from ringside.flow.origin.archive.scribe import Scribe
from ringside.flow.origin.archive.spool import About

START_NS = EVEN * 2 * S
SESSION = session_name(START_NS)


class House:
    """An origin's Publisher and Keeper, and an edge that checks what it is told."""

    def __init__(self, folder: Path, dvr_s: float = 12, session: str = SESSION, **config: Any) -> None:
        self.clock = Simulated(START_NS)
        self.folder = folder / "main" / session
        self.told: list[Message] = []
        self.edge = Edge()
        scribe = Scribe()
        self.publisher = Publisher(OriginConfig(dvr_s=12), "main", TIMELINE, Lister(), recorder=scribe)
        about = About("main", session, "", TIMELINE)
        self.keeper = Keeper(
            Config(**config), about, self.folder, self.publisher, scribe, self.tell, self.clock, dvr_s
        )  # fmt: skip
        self.sessions = {name: n for n, name in enumerate(NAMES, 1)}

    def tell(self, messages: list[Message]) -> None:
        self.told += messages
        self.edge.take(messages)

    def open(self) -> None:
        for name in NAMES:
            self.publisher.announce(name, self.clock.now_ns())
            self.keeper.publish(self.publisher.open(track_of(name, GRIDS[name]), GRIDS[name], self.clock.now_ns()))

    def play(self, first: tuple[int, int], parts: int, size: int = 100) -> None:
        """Parts of both tracks, from part `first` of the event on."""
        number, part = EVEN + first[0], first[1]
        every = [c for name in NAMES for c in chunks(name, GRIDS[name], (number, part), parts, size)]
        for chunk in sorted(every, key=lambda c: end_ns(c, GRIDS[c.track])):
            self.clock.advance_ns(max(0, end_ns(chunk, GRIDS[chunk.track]) - self.clock.now_ns()))
            self.keeper.publish(self.publisher.add(chunk, self.sessions[chunk.track], self.clock.now_ns()))
            self.keeper.publish(self.publisher.tick(self.clock.now_ns()))

    def end(self) -> None:
        self.keeper.publish(self.publisher.end(self.clock.now_ns()))

    async def until(self, condition: Callable[[], object], seconds: float = 10) -> None:
        """Wait until something holds."""
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    async def stored(self) -> None:
        """Wait until all that is finished is in the store."""
        await self.until(lambda: self.keeper.status()["segments"] and not self.keeper.status()["waiting"])


@contextlib.asynccontextmanager
async def kept(folder: Path, **config: Any) -> AsyncIterator[House]:
    """A house that has begun; closed in the end."""
    house = House(folder, **config)
    house.tell(house.keeper.begin())
    try:
        yield house
    finally:
        await house.keeper.close()
