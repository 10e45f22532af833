"""How an MPD addresses media: by number and constant duration, by timeline, by list, or as one file (§5.3.9).

Values enter, Segments leave: which one covers a presentation time, which follows, and its URL. Times are seconds of
the presentation (the period's start included); `ticks` are media time in the representation's timescale. Nothing is
unrolled, so a timeline that claims a billion segments costs no more than its lines.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from math import ceil, inf

IDENTIFIER = re.compile(r"\$(?:(RepresentationID|Bandwidth|Number|Time)(?:%0(\d{1,2})d)?)?\$")
EDGE_S = 1e-6
"""Rounding that may lie between two ways to reckon the same edge."""


def fill(template: str, **values: int | str) -> str:
    """A URL template with its identifiers replaced (§5.3.9.4.4); those without a value stay as they are."""

    def value(found: re.Match[str]) -> str:
        name, width = found.groups()
        if name is None:
            return "$" if "Number" in values or "Time" in values else "$$"
        if name not in values:
            return found[0]
        given = values[name]
        return f"{given:0{width}d}" if width and isinstance(given, int) else str(given)

    return IDENTIFIER.sub(value, template)


@dataclass(frozen=True, slots=True)
class Segment:
    """One media segment: its place in the presentation, and where to fetch it."""

    number: int
    ticks: int
    """Media time of its start."""
    start_s: float
    end_s: float
    url: str


@dataclass(frozen=True, slots=True)
class Line:
    """The timeline of a representation: media time `pto_ticks` is shown at `period_s`, the start of its period."""

    timescale: int = 1
    pto_ticks: int = 0
    period_s: float = 0.0
    period_end_s: float = inf

    def shown_s(self, ticks: float) -> float:
        """When media time `ticks` is shown."""
        return self.period_s + (ticks - self.pto_ticks) / self.timescale


@dataclass(frozen=True, slots=True)
class Numbered:
    """SegmentTemplate with @duration: segment n covers the same stretch whatever the MPD was published with."""

    line: Line
    duration_ticks: int
    start_number: int
    end_number: int | None
    media: str
    published: bool = False
    """Segments are there because they are listed, not because their time has come."""

    @property
    def duration_s(self) -> float:
        """Nominal duration of a segment."""
        return self.duration_ticks / self.line.timescale

    def at(self, position_s: float) -> Segment | None:
        """The segment that covers a presentation time; the first for an earlier one."""
        place = int(max(0.0, position_s - self.line.period_s + EDGE_S) / self.duration_s)
        return self._segment(self.start_number + place)

    def after(self, segment: Segment) -> Segment | None:
        """The one that follows; None behind the last."""
        return self._segment(max(self.start_number, segment.number + 1))

    @property
    def last(self) -> int | None:
        """Number of the last one, if there is an end."""
        if self.end_number is not None:
            return self.end_number
        if self.line.period_end_s == inf:
            return None
        return self.start_number + ceil((self.line.period_end_s - self.line.period_s) / self.duration_s - EDGE_S) - 1

    def _segment(self, number: int) -> Segment | None:
        last = self.last
        if last is not None and number > last:
            return None
        from_start = (number - self.start_number) * self.duration_ticks
        ticks = from_start + self.line.pto_ticks
        start_s = self.line.shown_s(ticks)
        end_s = min(start_s + self.duration_s, self.line.period_end_s)
        return Segment(number, ticks, start_s, end_s, fill(self.media, Number=number, Time=from_start))


@dataclass(frozen=True, slots=True)
class Run:
    """One S element: `count` segments of `duration_ticks` from `ticks` on, the first of them `number`."""

    ticks: int
    duration_ticks: int
    count: int
    number: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """SegmentTemplate with SegmentTimeline: what is listed is there (§5.3.9.6)."""

    line: Line
    runs: tuple[Run, ...]
    media: str
    published: bool = True
    starts: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "starts", tuple(run.ticks for run in self.runs))

    @property
    def duration_s(self) -> float:
        """Duration of the newest segments."""
        return self.runs[-1].duration_ticks / self.line.timescale if self.runs else 0.0

    @property
    def end_ticks(self) -> int:
        """Media time at which the newest segment ends."""
        run = self.runs[-1]
        return run.ticks + run.count * run.duration_ticks

    def at(self, position_s: float) -> Segment | None:
        """The segment that covers a presentation time, the nearest one listed if none does."""
        ticks = (position_s - self.line.period_s + EDGE_S) * self.line.timescale + self.line.pto_ticks
        place = bisect_right(self.starts, ticks) - 1
        if not self.runs:
            return None
        if place < 0:
            return self._segment(self.runs[0], 0)
        run = self.runs[place]
        within = int((ticks - run.ticks) // run.duration_ticks)
        if within < run.count:
            return self._segment(run, within)
        return self._segment(self.runs[place + 1], 0) if place + 1 < len(self.runs) else self.newest

    def after(self, segment: Segment) -> Segment | None:
        """The next one listed: the first whose time is later, as neither numbers nor places survive every update."""
        place = bisect_right(self.starts, segment.ticks) - 1
        if place < 0:
            return self._segment(self.runs[0], 0) if self.runs else None
        run = self.runs[place]
        within = (segment.ticks - run.ticks) // run.duration_ticks + 1
        if within < run.count:
            return self._segment(run, within)
        return self._segment(self.runs[place + 1], 0) if place + 1 < len(self.runs) else None

    @property
    def newest(self) -> Segment | None:
        """The last one listed."""
        return self._segment(self.runs[-1], self.runs[-1].count - 1) if self.runs else None

    def _segment(self, run: Run, within: int) -> Segment:
        ticks = run.ticks + within * run.duration_ticks
        number = run.number + within
        start_s = self.line.shown_s(ticks)
        end_s = start_s + run.duration_ticks / self.line.timescale
        return Segment(number, ticks, start_s, end_s, fill(self.media, Number=number, Time=ticks))


@dataclass(frozen=True, slots=True)
class Listed:
    """SegmentList, or one file (SegmentBase): URLs of constant duration."""

    line: Line
    duration_ticks: int
    start_number: int
    urls: tuple[str, ...]
    published: bool = True

    @property
    def duration_s(self) -> float:
        """Nominal duration of a segment."""
        return self.duration_ticks / self.line.timescale

    def at(self, position_s: float) -> Segment | None:
        """The segment that covers a presentation time, the nearest one listed if none does."""
        place = int(max(0.0, position_s - self.line.period_s + EDGE_S) / self.duration_s)
        return self._segment(min(place, len(self.urls) - 1))

    def after(self, segment: Segment) -> Segment | None:
        """The one that follows; None behind the last."""
        return self._segment(segment.number - self.start_number + 1)

    def _segment(self, place: int) -> Segment | None:
        if not 0 <= place < len(self.urls):
            return None
        ticks = place * self.duration_ticks + self.line.pto_ticks
        start_s = self.line.shown_s(ticks)
        return Segment(self.start_number + place, ticks, start_s, start_s + self.duration_s, self.urls[place])


Addressing = Numbered | Timeline | Listed
