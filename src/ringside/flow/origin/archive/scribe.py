"""Scribe: the Recorder of a Publisher whose decisions are written down, each with the bytes that belong to it. Pure.

What enters: what the Publisher decides. What leaves: once a turn, what is to be written before the turn's messages go
out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ringside.core.media import Chunk, Grid, Track
from ringside.flow.origin.archive.records import (
    Added,
    Checkpoint,
    Ended,
    Evicted,
    Filled,
    Fixed,
    LaneState,
    Left,
    Opened,
    Record,
)
from ringside.flow.origin.lane import Lane
from ringside.flow.origin.publish import Publisher


class Media(NamedTuple):
    """Bytes of a segment of `track`, from `offset` on."""

    track: str
    number: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Turn:
    """What was decided at once. `records` and the media they speak of, which is to be written first."""

    records: tuple[Record, ...]
    media: tuple[Media, ...]

    @property
    def bytes(self) -> int:
        """Of media."""
        return sum(len(media.data) for media in self.media)


class Scribe:
    """Told by one Publisher, whose lanes it may look at."""

    def __init__(self) -> None:
        self.lanes: Mapping[str, Lane] = {}
        self._records: list[Record] = []
        self._media: list[Media] = []
        self._ends: dict[str, tuple[int, int]] = {}  # by track: a segment, and how many bytes it has
        self._edges: dict[str, int] = {}  # by foreign track: the newest segment whose beginning has been told

    def take(self) -> Turn | None:
        """What has been decided since it was taken last."""
        if not self._records:
            return None
        turn = Turn(tuple(self._records), tuple(self._media))
        self._records, self._media = [], []
        return turn

    def resume(self, ends: Mapping[str, tuple[int, int]]) -> None:
        """The tracks' segments in the making have so many bytes already."""
        self._ends = dict(ends)

    def opened(
        self, track: Track, grid: Grid, foreign: bool, limit_ticks: int, new_timing: bool, discontinuity: bool
    ) -> None:
        """See Recorder."""
        self._records.append(Opened(track, grid, foreign, limit_ticks, new_timing, discontinuity))

    def added(self, chunk: Chunk, session: int) -> None:
        """See Recorder."""
        number, size = self._ends.get(chunk.track, (-1, 0))
        offset = size if number == chunk.number else 0
        self._ends[chunk.track] = (chunk.number, offset + len(chunk.data))
        self._media.append(Media(chunk.track, chunk.number, offset, chunk.data))
        self._records.append(Added.of(chunk, session, self._fresh_edges(chunk.track)))

    def filled(self, track: str, until_ticks: int) -> None:
        """See Recorder."""
        returning = self.lanes[track].window.returning
        self._records.append(Filled(track, until_ticks, returning, self._fresh_edges(track)))

    def evicted(self, below: int) -> None:
        """See Recorder."""
        self._records.append(Evicted(below))

    def fixed(self, target_s: int, part_target_s: float) -> None:
        """See Recorder."""
        self._records.append(Fixed(target_s, part_target_s))

    def left(self, track: str) -> None:
        """See Recorder."""
        self._records.append(Left(track))

    def ended(self) -> None:
        """See Recorder."""
        self._records.append(Ended())

    def _fresh_edges(self, track: str) -> tuple[tuple[int, int], ...]:
        """Where segments of a foreign track begin, as far as it has not been told."""
        window = self.lanes[track].window
        if window.rules.foreseen:
            return ()
        newest = self._edges.get(track, window.number - 2)
        found = [
            (n, edge) for n in range(newest + 1, window.number + 3) if (edge := window.rules.boundary(n)) is not None
        ]
        if found:
            self._edges[track] = found[-1][0]
        return tuple(found)


def checkpoint_of(publisher: Publisher) -> Checkpoint:
    """All that the records of `publisher` have led to."""
    targets = publisher.targets
    fixed = Fixed(targets.target_s, targets.part_target_s) if targets.fixed else None
    return Checkpoint(fixed, publisher.ended, tuple(_state(lane) for lane in publisher.lanes.values()))


def _state(lane: Lane) -> LaneState:
    window, foreign = lane.window, not lane.window.rules.foreseen
    opened = Opened(lane.track, lane.grid, foreign, window.rules.limit_ticks, False, False)
    standing = window.standing()
    numbers = range(max(0, window.number - 2), window.number + 3) if foreign else ()
    edges = tuple((n, edge) for n in numbers if (edge := window.rules.boundary(n)) is not None)
    needed = {segment.init_name for segment in standing.segments} | {standing.init_name, lane.track.init_name}
    needed |= {standing.growing.init_name} if standing.growing is not None else set()
    headers = tuple(init for name, init in lane.headers.items() if name in needed)
    return LaneState(opened, standing, headers, edges, lane.gaps, lane.ended)
