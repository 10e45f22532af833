"""Screens: two players in a real Chromium, and whether what they showed stood still. Figures pure; the room is sync's.

Of every frame displayed the browser says when, and its strip when it was taken; a slate has no strip, but it is a
picture all the same: standing still is no new frame of either kind. Times are Unix milliseconds.
"""

import contextlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from bench.sync import figures
from bench.sync.room import Room, Seen, room

PLAYERS = ("hls", "push")
SEEN_MS = 300.0
"""A picture that stood for so long would be called a stall by whoever watches it."""


def url(base: str, player: str, target_s: float) -> str:
    """The watch page with such a player."""
    return f"{base}/?player={player}&target={target_s}"


@contextlib.contextmanager
def screens(base: str, count: int, target_s: float, seed: int) -> Iterator[Room | None]:
    """So many players that play; None where none are wanted."""
    if not count:
        yield None
        return
    with room(seed) as there:
        for number in range(count):
            player = PLAYERS[number % len(PLAYERS)]
            there.open(url(base, player, target_s), player)
            there.stagger()
        there.wait_playing(count)
        yield there


def stood_ms(rows: Sequence[Sequence[float | None]], from_ms: float, until_ms: float) -> list[float]:
    """How long no new frame was displayed, each time that was a stall; frames presented without a callback count."""
    shown = sorted((row[0] or 0.0, int(row[3] or 0)) for row in rows if from_ms <= (row[0] or 0.0) < until_ms)
    times = [(from_ms, shown[0][1] - 1 if shown else 0), *shown, (until_ms, shown[-1][1] + 1 if shown else 1)]
    gaps = [b - a - max(0, m - n - 1) * figures.FRAME_MS for (a, n), (b, m) in pairwise(times)]
    return [gap for gap in gaps if gap > SEEN_MS]


def without_strip_ms(rows: Sequence[Sequence[float | None]], from_ms: float, until_ms: float) -> float:
    """How long pictures without a strip (a slate) were seen in all."""
    shown = sorted((row[0] or 0.0, row[1] is None and not row[6]) for row in rows if row[0])
    return sum(min(b, until_ms) - a for (a, slate), (b, _) in pairwise(shown) if slate and from_ms <= a < until_ms)


def described(seen: Seen, from_ms: float, until_ms: float) -> dict[str, Any]:
    """One player between two moments."""
    frames = figures.between(seen.told.frames, from_ms, until_ms)
    stood = stood_ms(seen.rows, from_ms, until_ms)
    return {
        "player": seen.name,
        "path": sorted(seen.paths),
        "frames": len(frames),
        "stalls": len(stood),
        "stood_ms": [round(each) for each in stood],
        "slate_ms": round(without_strip_ms(seen.rows, from_ms, until_ms)),
        "never_shown": figures.unseen(frames),
        "jumps_ms": [round(by_ms) for _, by_ms in figures.jumps(frames)],
        "latency_ms": figures.summary(figures.latencies_ms(frames)),
    }


def together(there: Room | None, from_s: float, until_s: float) -> list[dict[str, Any]]:
    """All players between two moments, Unix seconds."""
    return [described(seen, from_s * 1000, until_s * 1000) for seen in there.players] if there else []
