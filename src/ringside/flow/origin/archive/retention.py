"""Retention: what an archive holds too long, or too much of. Pure: indexes and the time in, shards to let go out.

Media goes by shards, some ten minutes of a track each, the oldest first, whatever session they are of. What the running
session's viewers may still ask for stays, however little may be kept.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ringside.core.catalog import Index, Shard


@dataclass(frozen=True, slots=True)
class Due:
    """A shard that goes."""

    session: str
    track: str
    shard: Shard


@dataclass(frozen=True, slots=True)
class Limits:
    """`keep_s`, `keep_bytes`: 0 for no limit. `stays_ns`: of the session `running`, what is newer stays."""

    keep_s: float
    keep_bytes: int
    running: str
    stays_ns: int


def due(indexes: Iterable[Index], limits: Limits, now_ns: int) -> list[Due]:
    """What goes now, the oldest first."""
    every = sorted(_shards(indexes), key=lambda each: (each.shard.until_ns, each.track))
    too_much = sum(each.shard.bytes for each in every) - limits.keep_bytes if limits.keep_bytes else 0
    before_ns = now_ns - int(limits.keep_s * 1e9) if limits.keep_s else 0
    going: list[Due] = []
    for each in every:
        if not _may_go(each, limits) or not (each.shard.until_ns < before_ns or too_much > 0):
            continue
        going.append(each)
        too_much -= each.shard.bytes
    return going


def without(index: Index, going: Iterable[Due]) -> Index:
    """The index of a session that has let some shards go."""
    gone = {(each.track, each.shard.first) for each in going if each.session == index.session}
    tracks = (
        replace(track, shards=tuple(shard for shard in track.shards if (track.name, shard.first) not in gone))
        for track in index.tracks
    )
    return replace(index, tracks=tuple(tracks))


def _shards(indexes: Iterable[Index]) -> Iterator[Due]:
    for index in indexes:
        for track in index.tracks:
            for shard in track.shards:
                yield Due(index.session, track.name, shard)


def _may_go(each: Due, limits: Limits) -> bool:
    return each.session != limits.running or each.shard.until_ns < limits.stays_ns
