"""The schedule of an MPD: which Representations there are now, which segment comes when, when to ask anew. Pure.

What enters: a Presentation and the time. What leaves: places, segments, and their availability times (ISO/IEC 23009-1
§5.3.9.5.3), in Unix seconds of the server's clock.
"""

from dataclasses import dataclass
from math import inf, isfinite

from ringside.prove.crowd.player.presentation import Period, Presentation, Representation
from ringside.prove.crowd.player.segments import Segment

SHORTEST_UPDATE_S = 0.5
LONGEST_UPDATE_S = 10.0


@dataclass(frozen=True, slots=True)
class Place:
    """A Representation in its period."""

    period: Period
    representation: Representation

    @property
    def key(self) -> str:
        """The same in every version of the MPD."""
        return f"{self.period.id} {self.representation.id}"


def places(presentation: Presentation, now_s: float) -> list[Place]:
    """Every Representation of the period that is on at `now_s` (the first, of one on demand)."""
    position_s = now_s - presentation.epoch_s if presentation.dynamic else presentation.start_s
    period = presentation.period_at(position_s)
    return [Place(period, one) for group in period.sets for one in group.representations]


def place_of(presentation: Presentation, place: Place) -> Place | None:
    """Where `place` stands in a later version; None where it has gone."""
    for period in presentation.periods:
        for one in (it for group in period.sets for it in group.representations):
            if Place(period, one).key == place.key:
                return Place(period, one)
    return None


def update_s(presentation: Presentation | None) -> float | None:
    """How long until the MPD is to be asked for again; None where it will not change."""
    if presentation is None or not presentation.dynamic or presentation.update_s is None:
        return None
    return min(max(presentation.update_s, SHORTEST_UPDATE_S), LONGEST_UPDATE_S)


def due_s(presentation: Presentation, place: Place, segment: Segment) -> float | None:
    """When `segment` may be asked for; None where that is now: on demand, listed, or available at any time."""
    one = place.representation
    if not presentation.dynamic or one.segments.published or not isfinite(one.early_s):
        return None
    return presentation.epoch_s + segment.end_s - one.early_s


def live_edge(presentation: Presentation, place: Place, now_s: float, back: int) -> Segment | None:
    """The segment to begin with: the first of one on demand, else `back` before the newest whole one."""
    addressing = place.representation.segments
    if not presentation.dynamic:
        return addressing.at(place.period.start_s)
    length_s = addressing.duration_s
    edge_s = now_s - presentation.epoch_s - (back + 1) * length_s
    depth_s = presentation.depth_s if isfinite(presentation.depth_s) else inf
    oldest_s = now_s - presentation.epoch_s - depth_s
    return addressing.at(max(place.period.start_s, edge_s, min(oldest_s, now_s)))
