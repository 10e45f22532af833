"""Retimer: where a source's presentation times lie on UTC.

The theory. A source's clock starts anywhere, runs a little fast or slow, and wraps; its packets arrive late by a
varying amount, but never early. So the least `arrival - pts` of the last seconds is the source's true offset plus
its least delay, and jitter falls away. Of frames that arrive in one burst (MPEG-TS carries several of sound in one
packet) the first counts, which has waited longest: if it is in time, so are the others. Each stream of a source has
such a minimum; the slowest stream's is the source's, so that sound and picture share one mapping and each arrives
in time for it. The offset follows the minimum at most SLEW_PPM, which no one hears; only while it settles, or when
everything has been off by STEP_NS for a whole window, does it step. A pts that is more than JUMP_NS off against its
own stream is a new time base: the first stream to jump drops a new anchor, the others join it when they jump too,
and it is counted once. Wraps of 33 bits at 90 kHz and of 32 bits of milliseconds are undone by taking the reading
nearest to the expected. Nothing here reads a clock.
"""

from collections import deque
from dataclasses import dataclass, field

WINDOW_NS = 3_000_000_000
SETTLE_NS = 2_000_000_000
SETTLING_STEP_NS = 10_000_000
BURST_NS = 5_000_000
STEP_NS = 250_000_000
JUMP_NS = 1_000_000_000
SLEW_PPM = 1000
_WRAP_33_BITS = (2**33 * 10**9, 90_000)
_WRAP_32_BITS = (2**32 * 10**9, 1000)


@dataclass(slots=True)
class _Least:
    """The least value of the last WINDOW_NS: values that can no longer be the least are not kept."""

    values: deque[tuple[int, int]] = field(default_factory=deque)

    def add(self, at_ns: int, value: int) -> None:
        while self.values and self.values[-1][1] >= value:
            self.values.pop()
        self.values.append((at_ns, value))

    def get(self, now_ns: int) -> int | None:
        while self.values and self.values[0][0] < now_ns - WINDOW_NS:
            self.values.popleft()
        return self.values[0][1] if self.values else None


@dataclass(slots=True)
class _Anchor:
    """One time base of a source, and its offset to UTC."""

    offset_ns: int
    since_ns: int
    last_ns: int
    least: dict[str, _Least] = field(default_factory=dict)


@dataclass(slots=True)
class _Lane:
    """Where one stream was last: `pts_ns` is unwrapped."""

    anchor: _Anchor
    pts_ns: int
    arrival_ns: int
    burst_ns: int | None = None  # arrival of the first frame of the present burst


class Retimer:
    """Maps the presentation times of one source to Unix time; `discontinuities` counts its steps and jumps."""

    def __init__(self) -> None:
        self.discontinuities = 0
        self.stepped_ns: int | None = None  # when the mapping last stepped, on the arrivals' clock
        self._anchor: _Anchor | None = None
        self._lanes: dict[str, _Lane] = {}

    def map(self, pts_ns: int, arrival_ns: int, stream: str = "video") -> int:
        """The Unix time of a presentation time of `stream`, nanoseconds; `arrival_ns` never goes back."""
        lane = self._lanes.get(stream)
        if lane is None or lane.anchor is not self._anchor:
            lane = self._join(lane, pts_ns, arrival_ns)
        else:
            reading_ns, off_ns = _unwrap(pts_ns, lane.pts_ns + arrival_ns - lane.arrival_ns)
            if off_ns > JUMP_NS:
                lane = self._drop_anchor(pts_ns, arrival_ns, counts=True)
            else:
                lane.pts_ns, lane.arrival_ns = reading_ns, arrival_ns
        self._lanes[stream] = lane
        if lane.burst_ns is None or arrival_ns - lane.burst_ns >= BURST_NS:
            lane.burst_ns = arrival_ns
            lane.anchor.least.setdefault(stream, _Least()).add(arrival_ns, arrival_ns - lane.pts_ns)
            self._follow(lane.anchor, arrival_ns)
        return lane.pts_ns + lane.anchor.offset_ns

    def _join(self, lane: _Lane | None, pts_ns: int, arrival_ns: int) -> _Lane:
        """A stream that is new, or still on an older anchor: it keeps that, joins the newest, or drops its own."""
        if lane is not None:
            pts, off_ns = _unwrap(pts_ns, lane.pts_ns + arrival_ns - lane.arrival_ns)
            if off_ns <= JUMP_NS:
                return _Lane(lane.anchor, pts, arrival_ns, lane.burst_ns)
        if self._anchor is not None:
            pts, off_ns = _unwrap(pts_ns, arrival_ns - self._anchor.offset_ns)
            if off_ns <= 2 * JUMP_NS:
                return _Lane(self._anchor, pts, arrival_ns)
        return self._drop_anchor(pts_ns, arrival_ns, counts=self._anchor is not None)

    def _drop_anchor(self, pts_ns: int, arrival_ns: int, counts: bool) -> _Lane:
        self.discontinuities += counts
        if counts:
            self.stepped_ns = arrival_ns
        self._anchor = _Anchor(arrival_ns - pts_ns, arrival_ns, arrival_ns)
        return _Lane(self._anchor, pts_ns, arrival_ns)

    def _follow(self, anchor: _Anchor, arrival_ns: int) -> None:
        """Move the anchor's offset towards the slowest stream's least delay."""
        known = [value for least in anchor.least.values() if (value := least.get(arrival_ns)) is not None]
        error_ns = max(known) - anchor.offset_ns
        room_ns = max(0, arrival_ns - anchor.last_ns) * SLEW_PPM // 1_000_000
        anchor.last_ns = max(anchor.last_ns, arrival_ns)
        settling = arrival_ns - anchor.since_ns < SETTLE_NS
        if abs(error_ns) > (SETTLING_STEP_NS if settling else STEP_NS):
            anchor.offset_ns += error_ns
            self.discontinuities += not settling
            self.stepped_ns = arrival_ns
        else:
            anchor.offset_ns += max(-room_ns, min(room_ns, error_ns))


def _unwrap(pts_ns: int, expected_ns: int) -> tuple[int, int]:
    """The reading of `pts_ns` nearest to what is expected, and how far off it is."""
    readings = [pts_ns]
    for span, scale in (_WRAP_33_BITS, _WRAP_32_BITS):
        turns = round((expected_ns - pts_ns) * scale / span)
        readings.append(pts_ns + turns * span // scale)
    best = min(readings, key=lambda reading: abs(reading - expected_ns))
    return best, abs(best - expected_ns)
