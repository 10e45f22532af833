"""From frames seen to figures: latency, spread, jumps, stalls, recovery, rates. Pure; all times Unix milliseconds.

A frame is when it was displayed and what its strip says of when it was taken. What is on a screen at an instant is the
newest frame displayed by then, so that a screen that stands still is seen to fall behind.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

FRAME_MS = 1000 / 30
STEP_MS = 20
STALL_MS = 150 + FRAME_MS
"""No new frame for so long is a stall: as WebRTC's `freezeCount` counts at a constant rate."""
JUMP_MS = 100.5
"""A picture that passes over more than two frames has jumped; so has one that goes back."""
WITHIN_MS = 50
HOLD_MS = 2000


class Frame(NamedTuple):
    """A frame as it was displayed."""

    shown_ms: float
    capture_ms: int
    media_s: float
    presented: int
    rate: float


class Told(NamedTuple):
    """What the instrument has to say of itself."""

    frames: list[Frame]
    unread: int
    """Frames without a strip that could be read."""
    late: int
    """Frames that were gone when their callback came: displayed, and not read."""
    twice: int
    """Frames that showed the strip of the next: the callback came late, and the picture was already the next."""
    missed: int
    """Frames that the browser presented and no callback was called for."""
    passed: int
    """Frames that were still to be displayed when another took their place: after a seek the next is there at once."""


def told(rows: Iterable[Sequence[float | None]]) -> Told:
    """Frames of rows `[shown_ms, capture_ms, media_s, presented, rate, …]`, in the order in which they were presented.

    Of two with one strip the later counts, and of two that are due in the wrong order.
    """
    frames: list[Frame] = []
    unread = late = twice = missed = passed = 0
    last: int | None = None
    for shown_ms, capture_ms, media_s, presented, rate, *more in rows:
        if shown_ms is None or media_s is None or presented is None or rate is None:
            raise ValueError("only the capture time of a frame may be unknown")
        missed += max(0, int(presented) - last - 1) if last is not None else 0
        last = int(presented)
        if capture_ms is None:
            gone = bool(more[1:] and more[1])
            late, unread = late + gone, unread + (not gone)
            continue
        if frames and frames[-1].capture_ms == capture_ms:
            frames.pop()
            twice += 1
        while frames and frames[-1].shown_ms >= shown_ms:
            frames.pop()
            passed += 1
        frames.append(Frame(shown_ms, int(capture_ms), media_s, last, rate))
    return Told(frames, unread, late, twice, missed, passed)


def between(frames: Sequence[Frame], from_ms: float, until_ms: float) -> list[Frame]:
    """The frames displayed from one moment until another."""
    return [frame for frame in frames if from_ms <= frame.shown_ms < until_ms]


def summary(values: Iterable[float]) -> dict[str, float]:
    """`{n, min, p50, p95, p99, max}` of the values; `{n: 0}` of none."""
    ordered = sorted(values)
    if not ordered:
        return {"n": 0}
    pick = {"min": 0.0, "p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {"n": len(ordered)} | {
        name: round(ordered[min(len(ordered) - 1, int(q * len(ordered)))], 2) for name, q in pick.items()
    }


def latencies_ms(frames: Iterable[Frame]) -> list[float]:
    """Behind the source: strip written to frame displayed, of each frame."""
    return [frame.shown_ms - frame.capture_ms for frame in frames]


class Screen:
    """One player's screen: what it shows at any instant.

    Frames displayed without a callback lie between their neighbours: a page is called back at most once a refresh of
    its own, which Chromium halves where several videos play, and then two pictures may share one callback.
    """

    def __init__(self, frames: Sequence[Frame]) -> None:
        self.frames = sorted(frames)
        self._on = [each for pair in pairwise(self.frames) for each in _from(*pair)] + self.frames[-1:]
        self._shown = [frame.shown_ms for frame in self._on]

    def at(self, at_ms: float) -> int | None:
        """Capture time of the frame on the screen, however long it has stood there; None before the first."""
        index = bisect_right(self._shown, at_ms) - 1
        return None if index < 0 else self._on[index].capture_ms


def _from(before: Frame, after: Frame) -> list[Frame]:
    """A frame, and those between it and the next that were displayed and not read, where they are that many."""
    steps = unread_between(before, after) + 1
    taken_ms, shown_ms = after.capture_ms - before.capture_ms, after.shown_ms - before.shown_ms
    if abs(taken_ms - steps * FRAME_MS) > FRAME_MS / 2:
        return [before]
    return [
        before._replace(
            shown_ms=before.shown_ms + shown_ms * n / steps, capture_ms=before.capture_ms + round(taken_ms * n / steps)
        )
        for n in range(steps)
    ]


def instants(from_ms: float, until_ms: float) -> list[float]:
    """Every 20 ms of the time between."""
    return [from_ms + STEP_MS * k for k in range(max(0, int((until_ms - from_ms) / STEP_MS)))]


def spread_ms(screens: Sequence[Screen], from_ms: float, until_ms: float) -> list[tuple[float, float]]:
    """`(instant, newest minus oldest frame on the screens)`, at the instants at which all screens show something."""
    spreads = []
    for at_ms in instants(from_ms, until_ms):
        on = [screen.at(at_ms) for screen in screens]
        known = [capture for capture in on if capture is not None]
        if known and len(known) == len(on):
            spreads.append((at_ms, float(max(known) - min(known))))
    return spreads


def unread_between(before: Frame, after: Frame) -> int:
    """Frames presented between two that were read: they were displayed, only their strip is not known."""
    return max(0, after.presented - before.presented - 1)


def jumps(frames: Sequence[Frame]) -> list[tuple[float, float]]:
    """`(when, by how much)` the picture passed over more than two frames, or went back."""
    found = []
    for before, after in pairwise(frames):
        by_ms = after.capture_ms - before.capture_ms
        if by_ms - unread_between(before, after) * FRAME_MS > JUMP_MS or by_ms < 0:
            found.append((after.shown_ms, float(by_ms)))
    return found


def stalls(
    frames: Sequence[Frame], from_ms: float | None = None, until_ms: float | None = None
) -> list[tuple[float, float]]:
    """`(when, for how long)` no new frame was displayed for longer than a viewer takes for movement.

    With `from_ms` and `until_ms` a picture that never came, or never moved again, is a stall too.
    """
    if not frames:
        return [] if from_ms is None or until_ms is None else [(from_ms, until_ms - from_ms)]
    gaps = [(b.shown_ms, a.shown_ms - b.shown_ms - unread_between(b, a) * FRAME_MS) for b, a in pairwise(frames)]
    first = [] if from_ms is None else [(from_ms, frames[0].shown_ms - from_ms)]
    last = [] if until_ms is None else [(frames[-1].shown_ms, until_ms - frames[-1].shown_ms)]
    return [(at_ms, gap_ms) for at_ms, gap_ms in (*first, *gaps, *last) if gap_ms > STALL_MS]


def unseen(frames: Sequence[Frame]) -> int:
    """Frames taken between the first and the last that were displayed, and never displayed."""
    if len(frames) < 2:
        return 0
    taken = round((frames[-1].capture_ms - frames[0].capture_ms) / FRAME_MS) + 1
    return max(0, taken - len(frames) - sum(unread_between(before, after) for before, after in pairwise(frames)))


def offsets_ms(
    one: Screen, rest: Sequence[Screen], from_ms: float, until_ms: float
) -> list[tuple[float, float | None]]:
    """How far one screen is ahead of (positive) the median of the rest; None where one of them shows nothing."""
    found: list[tuple[float, float | None]] = []
    for at_ms in instants(from_ms, until_ms):
        mine, others = one.at(at_ms), [screen.at(at_ms) for screen in rest]
        known = [capture for capture in others if capture is not None]
        found.append((at_ms, mine - median(known) if mine is not None and known else None))
    return found


def back_ms(offsets: Sequence[tuple[float, float | None]], ended_ms: float) -> float | None:
    """How long after `ended_ms` a screen was within ±50 ms of the rest and stayed for 2 s (95 % of it); None: never."""
    after = [(at_ms, offset is not None and abs(offset) <= WITHIN_MS) for at_ms, offset in offsets if at_ms >= ended_ms]
    width = int(HOLD_MS / STEP_MS)
    good = [0]
    for _, near in after:
        good.append(good[-1] + near)
    for index in range(len(after) - width + 1):
        if after[index][1] and good[index + width] - good[index] >= 0.95 * width:
            return after[index][0] - ended_ms
    return None


def arrival_ms(frames: Sequence[Frame], ordered_ms: float, latency_ms: float) -> float | None:
    """How long after `ordered_ms` a player was within ±50 ms of a latency, and stayed for 2 s (95 %); None: never."""
    near = [(f.shown_ms, float(f.shown_ms - f.capture_ms - latency_ms)) for f in frames if f.shown_ms >= ordered_ms]
    for index, (at_ms, off_ms) in enumerate(near):
        if abs(off_ms) > WITHIN_MS:
            continue
        held = [abs(off) <= WITHIN_MS for when, off in near[index : index + 90] if when <= at_ms + HOLD_MS]
        if near[-1][0] < at_ms + HOLD_MS:
            return None
        if sum(held) >= 0.95 * len(held):
            return at_ms - ordered_ms
    return None


def rates(frames: Sequence[Frame]) -> dict[str, float]:
    """`{n, most, at_one, changes_per_min, largest_step, p95}` of |rate − 1|, over the frames displayed."""
    if len(frames) < 2:
        return {"n": len(frames)}
    off = [abs(frame.rate - 1) for frame in frames]
    steps = [abs(b.rate - a.rate) for a, b in pairwise(frames) if b.rate != a.rate]
    minutes = (frames[-1].shown_ms - frames[0].shown_ms) / 60_000
    return {
        "n": len(frames),
        "most": round(max(off), 4),
        "p95": round(sorted(off)[int(0.95 * len(off))], 4),
        "at_one": round(sum(each < 1e-6 for each in off) / len(off), 4),
        "changes_per_min": round(len(steps) / max(minutes, 1e-9), 1),
        "largest_step": round(max(steps, default=0.0), 4),
    }


def by_second(spreads: Sequence[tuple[float, float]]) -> list[float]:
    """The p95 of each second's spreads, for a picture."""
    if not spreads:
        return []
    began_ms = spreads[0][0]
    seconds: dict[int, list[float]] = {}
    for at_ms, spread in spreads:
        seconds.setdefault(int((at_ms - began_ms) // 1000), []).append(spread)
    return [summary(seconds[second])["p95"] for second in sorted(seconds)]
