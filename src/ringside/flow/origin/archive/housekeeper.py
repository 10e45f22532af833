"""Housekeeper: what is done about sessions that are over: their rest is sent, their spool and what is too old let go.

It runs beside the Keeper of the running session, every so often, and touches neither its spool nor its newest media.
"""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from ringside.core.catalog import Index, Names, Unreadable, read_shard
from ringside.core.clock import Clock
from ringside.core.media import Timeline
from ringside.flow.origin.archive.config import Config
from ringside.flow.origin.archive.found import Found
from ringside.flow.origin.archive.holdings import Holdings
from ringside.flow.origin.archive.reader import read_index, sessions_of
from ringside.flow.origin.archive.retention import Due, Limits, due, without
from ringside.flow.origin.archive.sessions import SUPERVISED, WRITTEN, others
from ringside.flow.origin.archive.spool import About, Lock, remove_session
from ringside.flow.origin.archive.store import Down, Missing, Store
from ringside.flow.origin.archive.uploader import Uploader

log = logging.getLogger(__name__)

EVERY_S = 60.0
FIRST_S = 5.0  # the beginning of an event has other cares
SEND_S = 600.0  # for the rest of one session

Forget = Callable[[str, int], None]


class Housekeeper:
    """Of the event whose running session writes in `folder`. `forget(track, below)`: its archive has let media go."""

    def __init__(self, config: Config, folder: Path, dvr_s: float, clock: Clock, forget: Forget) -> None:
        self._config = config
        self._base, self._event, self._session = folder.parent, folder.parent.name, folder.name
        self._dvr_ns = int(dvr_s * 1e9)
        self._clock = clock
        self._forget = forget
        self.let_go = 0  # shards
        self.swept = 0  # spools of sessions that are over

    def __repr__(self) -> str:
        return f"<Housekeeper {self._event} {self.swept} spools swept, {self.let_go} shards let go>"

    async def run(self) -> None:
        """For ever."""
        await asyncio.sleep(FIRST_S)
        while True:
            await self.look()
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """Once. What fails is logged, and tried again the next time."""
        try:
            for folder in others(self._base, but=self._session):
                await self._sweep(folder)
            if self._config.store_url and (self._config.keep_s or self._config.keep_bytes):
                await self._retain()
        except (Down, OSError, Unreadable) as error:
            log.warning("the archive is looked through again later: %s", error)

    async def _sweep(self, folder: Path) -> None:
        """Send what is left of a session that nobody goes on with, and let its spool go."""
        locks = [Lock(folder / SUPERVISED), Lock(folder / WRITTEN)]
        try:
            if not all(lock.take() for lock in locks):
                return
            found = await asyncio.to_thread(_found, folder)
            young = found is not None and self._clock.now_ns() - found.newest_ns < self._config.resume_s * 1e9
            if found is not None and young and not found.past.ended:
                return
            if found is not None and self._config.store_url and not await self._send(found):
                return
            await asyncio.to_thread(remove_session, folder)
            self.swept += 1
        finally:
            for lock in locks:
                lock.close()

    async def _send(self, found: Found) -> bool:
        """Whether all of a session is in the store."""
        holdings = Holdings(found.about, found.rolls())
        holdings.know(found.past)
        holdings.ended_ns = max(1, found.newest_ns)
        store = Store.open(self._config.store_url)
        uploader = Uploader(store, holdings, lambda track, n: found.folder / track / f"{n}.m4s", self._clock)
        for track, roll in holdings.rolls.items():
            uploader.offer(track, roll.after)
        try:
            return await uploader.close(SEND_S)
        finally:
            store.close()

    async def _retain(self) -> None:
        """Let go of what is too old, or too much."""
        store = Store.open(self._config.store_url)
        try:
            now_ns, names = self._clock.now_ns(), await sessions_of(store, self._event)
            indexes = [index for name in names if (index := await self._index(store, name))]
            limits = Limits(self._config.keep_s, self._config.keep_bytes, self._session, now_ns - self._dvr_ns)
            going = due(indexes, limits, now_ns)
            for each in going:
                await self._let_go(store, each)
            for index in indexes:
                if any(each.session == index.session for each in going):
                    await self._write(store, index, going)
        finally:
            store.close()

    async def _index(self, store: Store, session: str) -> Index | None:
        try:
            return await read_index(store, self._event, session)
        except (Missing, Unreadable):
            return None

    async def _let_go(self, store: Store, each: Due) -> None:
        """The media of a shard, and then its lines: what is left half done is done again."""
        names = Names(self._event, each.session)
        shard = names.shard(each.track, each.shard.first)
        try:
            segments = list(read_shard(await store.get(shard), shard))
        except (Missing, Unreadable):
            segments = []
        await store.delete([names.segment(each.track, segment.number) for segment in segments if not segment.gap])
        await store.delete([shard])
        self.let_go += 1
        if each.session == self._session:
            self._forget(each.track, each.shard.last + 1)

    async def _write(self, store: Store, index: Index, going: list[Due]) -> None:
        """The index of a session without what went; a session of which nothing is left goes whole."""
        if index.session == self._session:
            return  # its Uploader writes it
        rest = without(index, going)
        if any(track.shards for track in rest.tracks):
            await store.put(index.names.index, rest.encode())
        else:
            await store.delete(await store.names(f"{index.names.folder}/"))


def _found(folder: Path) -> Found | None:
    about = About.read(folder)
    return Found.read(folder, about.timeline if about is not None else Timeline())
