"""Track: the pictures or the sound of one DASH viewer: its Representation, its segment, how far its buffer reaches."""

from collections import deque
from dataclasses import replace
from math import inf

from ringside.prove.crowd.player.abr import Abr
from ringside.prove.crowd.player.base import Kind, Lane, Request, World
from ringside.prove.crowd.player.cmcd import Report
from ringside.prove.crowd.player.presentation import AdaptationSet, Period, Presentation, Representation
from ringside.prove.crowd.player.segments import EDGE_S, Segment
from ringside.prove.crowd.player.shelf import Shelf, shelf

AT_ONCE_S = 0.001
"""A chunked segment that has been on the wire for less than this is counted as if it had come whole in this."""
MEDIA = {Lane.VIDEO: "video", Lane.AUDIO: "audio"}


class Track:
    """`asked` is the request under way or planned, `segment` the one it is for, or the newest complete one."""

    __slots__ = (
        "asked", "attempts", "busy_bytes", "busy_s", "chunks", "done", "edge", "end_s", "from_s", "grows", "inits",
        "lane", "last_s", "period", "representation", "rungs", "segment", "set", "shelf", "world",
    )  # fmt: skip

    def __init__(self, world: World, lane: Lane, period: Period, chosen: AdaptationSet, grows: bool) -> None:
        self.world = world
        self.lane = lane
        self.period = period
        self.set = chosen
        self.grows = grows
        self.representation: Representation
        self.shelf: Shelf
        self.segment: Segment | None = None
        self.asked: Request | None = None
        self.attempts = 0
        self.end_s = -inf
        """Where its buffer ends."""
        self.from_s = 0.0
        """Where to go on while `segment` is None."""
        self.chunks = 0
        """Chunks counted of the segment under way."""
        self.edge = 0
        """Byte at which the newest of them ended."""
        self.busy_s = 0.0
        """Time that the segment under way has spent on the wire, the waiting for each chunk's first bytes left out."""
        self.busy_bytes = 0
        """Bytes that came in that time."""
        self.last_s = 0.0
        """When bytes came last."""
        self.done = False
        """Nothing follows."""
        self.inits: list[Request] = []
        """Initialization segments the browser holds."""
        self.rungs: deque[tuple[float, int]] = deque()
        """Bandwidths yet to be seen: (from which position on, bits per second)."""

    @property
    def rates_bps(self) -> list[int]:
        """Bandwidths of the rungs, lowest first."""
        return [one.bandwidth_bps for one in self.set.representations]

    @property
    def rung(self) -> int:
        """Which of them it is on."""
        id = self.representation.id
        return next(place for place, one in enumerate(self.set.representations) if one.id == id)

    def take(self, rung: int) -> None:
        """Go on with another Representation, from where the segment at hand ends."""
        self.representation = self.set.representations[rung]
        self.shelf = shelf(self.world, self.representation, self.grows)
        if self.segment is not None:
            self.from_s = self.segment.end_s + EDGE_S
            self.segment = None

    def enter(self, position_s: float) -> None:
        """Begin anew at a presentation time; what was buffered is gone."""
        self.segment = self.asked = None
        self.done = False
        self.attempts = 0
        self.from_s = position_s
        self.end_s = -inf

    def following(self, presentation: Presentation) -> Segment | None:
        """The segment to fetch next, in this period or the one after it; None while there is none."""
        addressing = self.representation.segments
        segment = self.segment
        found = addressing.at(self.from_s) if segment is None else addressing.after(segment)
        if found is not None and found.start_s < self.period.end_s - EDGE_S and found.end_s > self.from_s + EDGE_S:
            return found
        reached_s = self.from_s if segment is None else segment.end_s
        if reached_s < self.period.end_s - addressing.duration_s:
            return None
        later = (period for period in presentation.periods if period.start_s > self.period.start_s)
        for period in later:
            chosen = period.of(MEDIA[self.lane])
            if chosen is not None:
                self._cross(period, chosen)
                return self.representation.segments.at(period.start_s)
        return None

    def _cross(self, period: Period, chosen: AdaptationSet) -> None:
        """Into the next period, on the rung of the same id, else of the nearest bandwidth."""
        before = self.representation
        self.period, self.set, self.segment = period, chosen, None
        self.from_s = period.start_s
        rung = min(
            range(len(chosen.representations)),
            key=lambda one: (
                chosen.representations[one].id != before.id,
                abs(chosen.representations[one].bandwidth_bps - before.bandwidth_bps),
            ),
        )
        self.take(rung)

    def lower(self) -> None:
        """The rung below, for the segment that failed."""
        if self.segment is not None:
            self.from_s = self.segment.start_s
        self.asked, self.attempts, self.segment = None, 0, None
        self.take(self.rung - 1)
        self.rungs.append((self.from_s, self.representation.bandwidth_bps))

    def shown(self, position_s: float) -> int:
        """The bandwidth of another rung that the playhead has come to; 0 for none."""
        return self.rungs.popleft()[1] if self.rungs and position_s >= self.rungs[0][0] else 0

    def measured(self, took_s: float, nbytes: int) -> tuple[float, int]:
        """Time and bytes by which the segment that is complete counts as a sample of the bandwidth."""
        if not self.grows:
            return took_s, nbytes
        return (self.busy_s, self.busy_bytes) if self.busy_s >= AT_ONCE_S else (AT_ONCE_S, nbytes)

    def fetch(self, segment: Segment) -> Request:
        """The request for a segment, which is now the one under way."""
        self.segment = segment
        self.chunks = self.edge = 0
        self.busy_s, self.busy_bytes = 0.0, 0
        self.asked = self.shelf.request(segment)
        return self.asked

    def renew(self, found: Presentation) -> None:
        """The MPD has been published anew: go on by it, if the same Representation is there."""
        for period in found.periods:
            same = period.id == self.period.id if period.id else period.start_s == self.period.start_s
            chosen = period.of(MEDIA[self.lane]) if same else None
            one = None if chosen is None else _same(chosen, self.representation)
            if chosen is not None and one is not None:
                self.period, self.set, self.representation = period, chosen, one

    def close(self, ended: Presentation) -> bool:
        """The event has ended: go on by its last MPD, whose times have moved. Whether what is under way lies behind it.

        A static MPD begins at 0 (DASH-IF IOP, timing model); here its media stays where it was.
        """
        period = ended.periods[-1]
        chosen = period.of(MEDIA[self.lane])
        one = None if chosen is None else _same(chosen, self.representation)
        if one is None:
            self.done = True
            return False
        line, theirs = self.representation.segments.line, one.segments.line
        start_s = line.shown_s(theirs.pto_ticks * line.timescale / theirs.timescale)
        end_s = start_s + period.end_s - period.start_s
        here = replace(theirs, period_s=start_s, period_end_s=end_s)
        self.representation = replace(one, segments=replace(one.segments, line=here))
        self.period = replace(self.period, start_s=start_s, end_s=end_s)
        if self.segment is None or self.segment.start_s < end_s - EDGE_S or self.asked is None:
            return False
        self.asked = None
        return True

    def tell(self, report: Report, kind: Kind, position_s: float) -> None:
        """What CMCD says of this track."""
        report.object = "i" if kind is Kind.INIT else MEDIA[self.lane][0]
        rates_bps = self.rates_bps
        report.lowest_bps, report.top_bps = float(rates_bps[0]), float(rates_bps[-1])
        report.bitrate_bps = report.played_bps = float(self.representation.bandwidth_bps)
        report.buffer_s = max(0.0, self.end_s - position_s)
        if self.segment is not None:
            report.duration_s = self.segment.end_s - self.segment.start_s


def choose(world: World, period: Period, grows: bool, abr: Abr) -> list[Track | None]:
    """A track for each kind of media in the period, by lane: pictures as the estimate has it, the best sound."""
    tracks: list[Track | None] = [None, None]
    for lane, kind in MEDIA.items():
        chosen = period.of(kind)
        if chosen is not None:
            track = tracks[lane] = Track(world, lane, period, chosen, grows)
            track.take(abr.first(track.rates_bps) if lane is Lane.VIDEO else len(track.rates_bps) - 1)
    return tracks


def listed_s(tracks: list[Track], position_s: float) -> float:
    """The nearest position that the manifest has media for, or will have."""
    for track in tracks:
        if track.representation.segments.published:
            segment = track.representation.segments.at(position_s)
            if segment is not None:
                position_s = max(segment.start_s, min(position_s, segment.end_s - EDGE_S))
    return position_s


def _same(chosen: AdaptationSet, representation: Representation) -> Representation | None:
    """The Representation of the same id, in another version of its set."""
    return next((one for one in chosen.representations if one.id == representation.id), None)
