"""Pace: which frame to ask for next, and when. Pure.

A frame is asked for `delay_ns` after its time on the grid. An encoder a little late (a slow source, a busy machine)
hurries through every frame; one that is `PATIENCE_NS` late, because the process was stopped or the machine slept,
jumps to the frame that is running now and counts the rest as skipped.
"""

from dataclasses import dataclass

from ringside.core.media import Grid

PATIENCE_NS = 250_000_000


@dataclass(frozen=True, slots=True)
class Tick:
    """Ask for frame `index` in `wait_ns` nanoseconds; `skipped` frames before it are given up."""

    index: int
    wait_ns: int
    skipped: int = 0


def first_index(grid: Grid, now_ns: int) -> int:
    """The first frame that starts at `now_ns` or later."""
    index = grid.index_at(now_ns)
    return index if grid.start_ns(index) >= now_ns else index + 1


def next_tick(grid: Grid, wanted: int, now_ns: int, delay_ns: int) -> Tick:
    """What to do at `now_ns` if `wanted` is the next frame in order."""
    due_ns = grid.start_ns(wanted) + delay_ns
    late_ns = now_ns - due_ns
    if late_ns <= PATIENCE_NS:
        return Tick(wanted, max(0, -late_ns))
    newest = max(wanted, grid.index_at(now_ns - delay_ns))
    return Tick(newest, 0, newest - wanted)
