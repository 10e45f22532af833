"""SegmentTimeline, written out: which segment an MPD promises for which time (ISO/IEC 23009-1 §5.3.9.6).

A Representation enters, entries of (time, duration, number) leave, in ticks of its timescale; bounded, as a hostile
@r could promise billions.
"""

import re
from dataclasses import dataclass

from ringside.prove.check.dash.mpd_tree import Representation, integer

MAX_ENTRIES = 50_000
IDENTIFIER = re.compile(r"\$(RepresentationID|Number|Time|Bandwidth|)(?:%0(\d{1,2})d)?\$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """A segment: `start` and `duration` in ticks, and its number. `stated` where @t gave the start."""

    start: int
    duration: int
    number: int
    stated: bool = False

    @property
    def end(self) -> int:
        """Where the next one should start."""
        return self.start + self.duration


def entries(found: Representation) -> list[Entry]:
    """Every segment of the timeline, repetitions counted out; an open one (@r < 0) once, or up to the next @t."""
    line = found.timeline
    rows = line.all("S") if line else []
    number = integer((found.template or {}).get("startNumber"), 1)
    made: list[Entry] = []
    at = 0
    for index, row in enumerate(rows):
        stated = row.get("t") is not None
        at = integer(row.get("t"), at)
        duration, repeat = integer(row.get("d"), 0), integer(row.get("r"), 0)
        if duration <= 0:
            continue
        if repeat < 0:
            following = integer(rows[index + 1].get("t"), 0) if index + 1 < len(rows) else 0
            repeat = max(0, (following - at) // duration - 1)
        number = integer(row.get("n"), number)
        for step in range(min(repeat + 1, MAX_ENTRIES - len(made))):
            made.append(Entry(at, duration, number, stated and step == 0))
            at, number = at + duration, number + 1
    return made


def address(found: Representation, number: int, time: int) -> str:
    """SegmentTemplate@media with its identifiers filled in (§5.3.9.4.4), up to a query."""

    def value(match: re.Match[str]) -> str:
        known = {"": "$", "RepresentationID": found.id, "Bandwidth": found.node.get("bandwidth") or ""}
        counted = {"Number": number, "Time": time}.get(match[1])
        return known.get(match[1], "") if counted is None else f"{counted:0{match[2] or 0}d}"

    return IDENTIFIER.sub(value, (found.template or {}).get("media", "")).partition("?")[0]
