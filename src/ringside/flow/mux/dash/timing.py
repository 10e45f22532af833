"""Timing: where segments lie in the MPD's period, live and after the end.

Live. The period is tied to Unix time so that segment n covers [n·S, (n+1)·S) of it, and a player's time is Unix
time: availabilityStartTime is the epoch, and so is the media timeline's zero. The period begins with segment 1, not
0: then presentationTimeOffset is not zero, without which ffmpeg takes an availabilityStartTime of 0 for none, and
asks for a number tens of thousands too high. The arithmetic is the same.

Ended. A static MPD begins at zero (DASH-IF IOP, timing model): presentationTimeOffset and startNumber move to the
oldest segment that every track still has whole, and the duration ends with the track that ends first, so that no player
asks for a segment that was never made. Shaka re-bases a session in progress onto just this form; dash.js plays out
what it has and serves every seek from the new period.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ringside.core.media import NS_PER_S, Segment, View
from ringside.flow.mux.dash.config import Anchor, Config

LATE_S = Fraction(1, 10)
"""Beyond what cutting at a frame explains."""


@dataclass(frozen=True, slots=True)
class Timing:
    """A period: segment `number` starts at media time `media_s` and at `start_s` of the presentation.

    `duration_s` is None while the event is on. `unix_ns` is when `media_s` was captured; `exact` says whether that
    is known or only the best guess. `depth_s` is how far back a player may go. `listed`: segments do not lie where
    their numbers say, and each is listed with its time.
    """

    segment_s: Fraction
    number: int
    media_s: Fraction
    start_s: Fraction
    unix_ns: int
    exact: bool
    depth_s: Fraction
    duration_s: Fraction | None = None
    listed: bool = False


def timing(views: Sequence[View], config: Config, anchor: Anchor | None = None) -> Timing:
    """The period for these views: static once all of them have ended."""
    step = config.segment_s
    base = anchor or Anchor(1, step, int(step * NS_PER_S))
    exact = anchor is None
    first, after = _common(views)
    if not views or not all(view.ended for view in views):
        # One segment less than there is: the oldest may go while a player still believes this document.
        depth_s = max(step, (after - first - 1) * step)
        return Timing(step, base.number, base.media_s, base.unix_s, base.unix_ns, exact, depth_s)
    number = first if after > first else base.number
    if after > first + 1 and not _from_its_start(views, base.media_s + (first - base.number) * step, first):
        number = first = first + 1
    since_s = (number - base.number) * step
    media_s = base.media_s + since_s
    ends = [_end_s(view) for view in views if complete(view)]
    duration_s = max(Fraction(0), min([*ends, media_s + (after - first) * step]) - media_s)
    unix_ns = base.unix_ns + int(since_s * NS_PER_S)
    return Timing(step, number, media_s, Fraction(0), unix_ns, exact, duration_s, duration_s)


def complete(view: View) -> Sequence[Segment]:
    """The segments to which nothing will be added."""
    if view.segments and not view.segments[-1].complete and not view.ended:
        return view.segments[:-1]
    return view.segments


def _common(views: Sequence[View]) -> tuple[int, int]:
    """The first segment that every track has whole, and the one after the last: equal when there is none."""
    held = [complete(view) for view in views]
    if not held or not all(held):
        return 0, 0
    first = max(segments[0].number for segments in held)
    return first, max(first, min(segments[-1].number for segments in held) + 1)


def _from_its_start(views: Sequence[View], media_s: Fraction, number: int) -> bool:
    """Whether segment `number` of every track begins where it should: the event's first may have begun within it."""
    for view in views:
        for segment in view.segments:
            if segment.number == number and Fraction(segment.start_ticks, view.track.timescale) - media_s > LATE_S:
                return False
    return True


def _end_s(view: View) -> Fraction:
    last = complete(view)[-1]
    return Fraction(last.start_ticks + last.duration_ticks, view.track.timescale)
