"""Overdue: which tracks GAP must stand in for now, and up to where.

Tracks too far behind the newest are accounted for by GAP, so that all stay within reach of one another. So is one
behind the clock, unless its encoder has a time of its own. What is filled ends where a part does, so that whoever
comes back begins with a whole one.

Nothing of any track for `silent_ns`: that is no delay of one of them, and those who watch are about to run dry.
"""

from collections.abc import Iterable, Iterator

from ringside.core.media import NS_PER_S, Timeline
from ringside.flow.origin.lane import Lane


def overdue(lanes: Iterable[Lane], timeline: Timeline, silent_ns: int, now_ns: int) -> Iterator[tuple[Lane, int]]:
    """Each track that is lost, and the tick up to which it is to be filled."""
    live = [lane for lane in lanes if not lane.ended and lane.window.number >= 0]
    lead_ns = max((lane.end_ns for lane in live), default=0)
    over_ns = {lane.track.name: _overdue_ns(lane, now_ns) for lane in live}
    all_silent = min(over_ns.values(), default=0) >= silent_ns
    for lane in live:
        locked = lane.window.rules.foreseen
        if lane.reach.is_lost(lane.window, lead_ns - lane.end_ns, over_ns[lane.track.name], all_silent, now_ns):
            until_ns = max(lead_ns, lane.reach.due_ns(now_ns)) if locked else lead_ns
            ticks = until_ns * lane.track.timescale // NS_PER_S
            yield lane, _part_edge(lane, timeline, ticks) if locked else ticks


def _overdue_ns(lane: Lane, now_ns: int) -> int:
    return lane.reach.overdue_ns(lane.end_ns, now_ns) if lane.window.rules.foreseen else -1


def _part_edge(lane: Lane, timeline: Timeline, ticks: int) -> int:
    """Where the part begins that is running there; half a frame early counts as there."""
    index = lane.grid.index(ticks)
    while not timeline.place(lane.grid, index).first_in_part:
        index -= 1
    return index * lane.grid.frame_ticks
