"""Past: an event's windows, made again from a checkpoint and the records that followed it. Pure.

What enters: records, in the order in which they were written. What leaves: windows as they stood after the last of
them. The same operations on the same windows have the same outcome, so nothing else is needed: no clock, no manifests.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from ringside.core.media import Grid, Timeline, Track
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
from ringside.flow.origin.changes import Change, Finished, Grew, Parted
from ringside.flow.origin.window import Rules, Window

KEPT_EDGES = 64


@dataclass(slots=True)
class PastLane:
    """One track. `edges`: where segments of a foreign track begin."""

    opened: Opened
    window: Window
    headers: dict[str, bytes] = field(default_factory=dict)
    edges: dict[int, int] = field(default_factory=dict)
    gaps: int = 0
    ended: bool = False

    @property
    def track(self) -> Track:
        """As it is now."""
        return self.opened.track

    def learn(self, edges: Iterable[tuple[int, int]]) -> None:
        """Where segments begin."""
        self.edges.update(edges)
        for number in sorted(self.edges)[:-KEPT_EDGES]:
            del self.edges[number]

    def state(self) -> LaneState:
        """To be written down."""
        edges, headers = tuple(self.edges.items()), tuple(self.headers.values())
        return LaneState(self.opened, self.window.standing(), headers, edges, self.gaps, self.ended)


class Past:
    """What an event was."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self.lanes: dict[str, PastLane] = {}
        self.fixed: Fixed | None = None
        self.ended = False

    def __repr__(self) -> str:
        return f"<Past {[lane.window for lane in self.lanes.values()]}>"

    def checkpoint(self) -> Checkpoint:
        """All of it, as one record."""
        return Checkpoint(self.fixed, self.ended, tuple(lane.state() for lane in self.lanes.values()))

    def apply(self, record: Record) -> None:
        """One more. Raises ValueError for a record that cannot follow on those before."""
        match record:
            case Checkpoint():
                self._begin(record)
            case Opened():
                self._open(record)
            case Added():
                self._add(record)
            case Filled():
                self._fill(record)
            case Fixed():
                self.fixed = record
            case Left(name):
                self._lane(name).ended = True
            case Evicted() | Ended():
                self._let_go(record)

    def _let_go(self, record: Evicted | Ended) -> None:
        for lane in self.lanes.values():
            if isinstance(record, Evicted):
                lane.window.evict(record.below)
            else:
                lane.ended = True
                lane.gaps += _gaps(lane.window.close())
        self.ended |= isinstance(record, Ended)

    def _lane(self, name: str) -> PastLane:
        lane = self.lanes.get(name)
        if lane is None:
            raise ValueError(f"track {name} was never opened")
        return lane

    def _begin(self, record: Checkpoint) -> None:
        self.fixed, self.ended, self.lanes = record.fixed, record.ended, {}
        for state in record.lanes:
            lane = self._new(state.opened)
            lane.window.resume(state.standing)
            lane.gaps, lane.ended = state.gaps, state.ended
            lane.headers = {replace(state.opened.track, init=init).init_name: init for init in state.headers}
            lane.learn(state.edges)

    def _new(self, record: Opened) -> PastLane:
        edges: dict[int, int] = {}
        boundary = edges.get if record.foreign else _boundaries(self._timeline, record.grid)
        rules = Rules(record.limit_ticks, record.grid.frame_ticks // 2 + 1, boundary, foreseen=not record.foreign)
        lane = self.lanes[record.track.name] = PastLane(record, Window(rules), edges=edges)
        return lane

    def _open(self, record: Opened) -> None:
        lane = self.lanes.get(record.track.name) or self._new(record)
        lane.opened, lane.ended, self.ended = record, False, False
        lane.headers[record.track.init_name] = record.track.init
        lane.window.begin_session(record.track.init_name, record.discontinuity, record.new_timing)

    def _fill(self, record: Filled) -> None:
        lane = self._lane(record.track)
        lane.learn(record.edges)
        lane.window.returning = record.returning
        lane.gaps += _gaps(lane.window.fill(record.until_ticks))

    def _add(self, record: Added) -> None:
        lane = self._lane(record.track)
        lane.learn(record.edges)
        changes = lane.window.add(record.chunk(bytes(record.size)), record.session)
        lane.gaps += _gaps(changes)
        if not any(isinstance(change, Grew) for change in changes):
            raise ValueError(f"a chunk of segment {record.number} of {record.track} does not fit: {changes}")


def _boundaries(timeline: Timeline, grid: Grid) -> Callable[[int], int | None]:
    """Where segments of a track begin that is cut on the event's timeline, in ticks."""
    return lambda number: timeline.first_frame(grid, number) * grid.frame_ticks


def _gaps(changes: Iterable[Change]) -> int:
    """How many GAPs were listed, as a Lane counts them."""
    parts = sum(isinstance(change, Parted) and change.part.gap for change in changes)
    return parts + sum(isinstance(change, Finished) and change.segment.gap for change in changes)
