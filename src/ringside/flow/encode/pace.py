"""Pace: which frame to ask for next, and when. Pure.

A frame is asked for `delay_ns` after its time on the grid. An encoder a little late (a slow source, a busy machine)
hurries through every frame. One that is `PATIENCE_NS` late hurries in strides, one frame a stride (for pictures, the
last of each part), so that no part is missing however few frames it has. One that is `HOPELESS_NS` late, because
the process was stopped or the machine slept, jumps to the frame that runs now. All frames passed over are counted.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ringside.core.media import Grid, Timeline

PATIENCE_NS = 250_000_000
HOPELESS_NS = 3_000_000_000

Stride = Callable[[int], int]


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


def every_frame(index: int) -> int:
    """The stride of sound: no block can be passed over without a click."""
    return index


def one_a_part(grid: Grid, timeline: Timeline) -> Stride:
    """The stride of pictures: the last frame of the part that a frame is in."""

    def last_of_part(index: int) -> int:
        while not timeline.place(grid, index).last_in_part:
            index += 1
        return index

    return last_of_part


def next_tick(grid: Grid, wanted: int, now_ns: int, delay_ns: int, stride: Stride = every_frame) -> Tick:
    """What to do at `now_ns` if `wanted` is the next frame in order."""
    due_ns = grid.start_ns(wanted) + delay_ns
    late_ns = now_ns - due_ns
    if late_ns <= PATIENCE_NS:
        return Tick(wanted, max(0, -late_ns))
    newest = max(wanted, grid.index_at(now_ns - delay_ns))
    index = newest if late_ns > HOPELESS_NS else min(newest, stride(wanted))
    return Tick(index, 0, index - wanted)
