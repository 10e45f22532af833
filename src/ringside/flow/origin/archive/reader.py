"""Reader: what an archive keeps, read again: its sessions, and one of them as a whole.

What enters: an archive's URL. What leaves: indexes, and a Kept with the same words as the Keeper of a running session:
index, tracks, versions, rolls and media. Shards are the truth of what there is; the index says where they are.
"""

import asyncio
from collections.abc import Mapping, Sequence

from ringside.core.catalog import Index, Listed, Names, Roll, Unreadable, began_ns_of, read_shard
from ringside.core.media import Track
from ringside.flow.origin.archive.store import Missing, Store

AT_ONCE = 8  # objects that are being read


class Kept:
    """One session of the archive `store`. Make it with `open_session`; `close` it."""

    def __init__(self, store: Store, index: Index) -> None:
        self.index = index
        self._store = store
        self._names = index.names
        self._versions: dict[str, tuple[Track, ...]] = {}
        self._rolls: dict[str, Roll] = {}

    def __repr__(self) -> str:
        return f"<Kept {self._names.folder} {self._rolls}>"

    def tracks(self) -> Mapping[str, Track]:
        """Every track as it was last, with its header."""
        return {name: versions[-1] for name, versions in self._versions.items()}

    def versions(self, track: str) -> Sequence[Track]:
        """All that a track was, the newest last."""
        return self._versions[track]

    def roll(self, track: str) -> Roll:
        """A track's segments."""
        return self._rolls[track]

    async def read(self, track: str, number: int) -> bytes:
        """A segment's media. Raises Missing, Down."""
        return await self._store.get(self._names.segment(track, number))

    def close(self) -> None:
        """Let go of the store."""
        self._store.close()

    async def load(self) -> None:
        """Read headers and shards. Raises Missing, Down, Unreadable."""
        for listed in self.index.tracks:
            headers = [self._store.get(self._names.init(listed.name, v.init_name)) for v in listed.versions]
            found = await asyncio.gather(*headers)
            self._versions[listed.name] = tuple(
                version.with_header(init) for version, init in zip(listed.versions, found, strict=True)
            )
            self._rolls[listed.name] = await self._roll(listed)

    async def _roll(self, listed: Listed) -> Roll:
        roll, room = Roll(), asyncio.Semaphore(AT_ONCE)

        async def shard(first: int) -> bytes:
            async with room:
                return await self._store.get(self._names.shard(listed.name, first))

        for each, data in zip(
            listed.shards, await asyncio.gather(*(shard(s.first) for s in listed.shards)), strict=True
        ):
            for segment in read_shard(data, self._names.shard(listed.name, each.first)):
                if not len(roll) or segment.number == roll.after:
                    roll.add(segment)
        return roll


async def open_session(url: str, event: str, session: str = "") -> Kept:
    """A session of an event, the newest where none is named.

    Raises Missing where there is none, Misconfigured, Down, Unreadable.
    """
    store = Store.open(url)
    try:
        names = [session] if session else await sessions_of(store, event)
        if not names:
            raise Missing(f"the archive {store.url} has nothing of event {event}")
        kept = Kept(store, await read_index(store, event, names[-1]))
        await kept.load()
    except BaseException:
        store.close()
        raise
    return kept


async def sessions(url: str, event: str = "") -> list[Index]:
    """All sessions of an event, or of all events, the oldest first; one that cannot be read is passed over.

    Raises Misconfigured, Down.
    """
    store = Store.open(url)
    try:
        found: list[Index] = []
        for name in [event] if event else await store.folders(""):
            for session in await sessions_of(store, name):
                try:
                    found.append(await read_index(store, name, session))
                except (Missing, Unreadable):
                    continue
        return found
    finally:
        store.close()


async def sessions_of(store: Store, event: str) -> list[str]:
    """The names of an event's sessions, the oldest first. Raises Down."""
    return [name for name in await store.folders(f"{event}/") if began_ns_of(name)]


async def read_index(store: Store, event: str, session: str) -> Index:
    """A session's index. Raises Missing, Down, Unreadable."""
    name = Names(event, session).index
    return Index.decode(await store.get(name), f"{store.url}/{name}")
