"""Look: what a picture shows and a sound holds, as far as faults go: is it black, does anything move, is it silent.

Of a picture some 19,000 points of luma are taken, on a grid. Black: hardly a point is lighter than a level. Whether it
moves is harder, for three things look alike that are not: a picture that stands still but was encoded again, whose
points change at key frames and while it is refined; a dark and slow one, whose points change as little; and one whose
only change is its noise. So a picture has moved, held against the one with which it last had,

  - when a few points differ by CLEARLY: something is elsewhere, be it ever so small;
  - when in one of 8 x 8 blocks the points differ, on average, by APART of its texture, which is by how much neighbours
    differ. What moves by one point, or fades, changes a block by about its texture; an encoder changes it by a fraction
    of that, as it may only do what the texture hides: little where the picture is flat;
  - when it differs from the picture before, and so have most pictures for about a second in which nothing else moved: a
    camera's own noise. What a re-encoded still does at first, and at key frames, is over too soon for that.

A picture that does none of these stands still since it last did one. The values are measured: a slow pan of 4 pixels a
second in the dark is seen within a second; a still at 0.8 Mb/s is one. Pure: pictures and their times enter.
"""

from dataclasses import dataclass

import av
import numpy as np
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

from ringside.flow.capture.drawn import Samples

Points = NDArray[np.uint8]

ROWS, COLUMNS = 120, 160
LIGHT_SHARE = 0.002  # of the points: so few may be lighter in a black picture
CLEARLY, CLEAR_POINTS = 48, 4
BLOCKS = 8
APART, FLAT = 0.45, 0.5  # a block without texture is taken to have FLAT
STIR_SHARE = 0.1  # of the points: so many differ in a picture that has noise of its own
MEMORY_NS = 800_000_000  # of what pictures did; one counts by how long it is after the one before, and by
LONGEST_NS = 200_000_000  # no more than this
MOST = 0.75
SILENT = 0.001  # -60 dBFS: no sample is louder
_LIMITED = ("yuv4", "yuva4", "nv", "p0")  # formats whose first plane is luma, limited unless they say otherwise
_FULL = ("yuvj", "gray", "gbr", "rgb", "bgr")


@dataclass(frozen=True, slots=True)
class Sight:
    """What has been seen up to one picture: since when it is black (None: it is not), since when nothing moves."""

    black_ns: int | None
    still_ns: int


class Eye:
    """Looks at the pictures of one input, one after the other. `black_level`: luma, 8 bits, limited range."""

    def __init__(self, black_level: int = 24) -> None:
        self._level = black_level
        self._black_ns: int | None = None
        self._still_ns = 0
        self._before: Points | None = None
        self._reference: Points | None = None
        self._texture: NDArray[np.float32] = np.zeros((BLOCKS, BLOCKS), np.float32)
        self._before_ns = 0
        self._stirs, self._activity = False, 0.0

    def __repr__(self) -> str:
        return f"<Eye {'black' if self._black_ns is not None else 'light'}, still since {self._still_ns}>"

    def reset(self) -> None:
        """What comes next has nothing to do with what came before."""
        self._black_ns, self._before, self._reference, self._activity = None, None, None, 0.0

    def see(self, picture: av.VideoFrame, time_ns: int) -> Sight:
        """One picture, any size and format, that is to be shown at Unix time `time_ns`."""
        found = points(picture)
        black = is_black(found, threshold(picture, self._level))
        self._black_ns = (time_ns if self._black_ns is None else self._black_ns) if black else None
        self._remember(found, time_ns)
        if self._is_elsewhere(found):
            self._activity = 0.0
            self._keep(found, time_ns)
        elif self._stirs and self._activity > MOST:
            self._keep(found, time_ns)
        self._before, self._before_ns = found, time_ns
        return Sight(self._black_ns, self._still_ns)

    def _keep(self, found: Points, time_ns: int) -> None:
        self._still_ns, self._reference, self._texture = time_ns, found, texture(found)

    def _remember(self, found: Points, time_ns: int) -> None:
        """Whether it stirs, held against the picture before, and what most have done of late."""
        before = self._before
        if before is None or before.shape != found.shape:
            self._stirs, self._activity = False, 0.0
            return
        self._stirs = bool(np.count_nonzero(found != before) > STIR_SHARE * found.size)
        lasted_ns = max(0, min(LONGEST_NS, time_ns - self._before_ns))
        self._activity += (self._stirs - self._activity) * lasted_ns / MEMORY_NS

    def _is_elsewhere(self, found: Points) -> bool:
        """Whether something is elsewhere than in the reference."""
        reference = self._reference
        if reference is None or reference.shape != found.shape:
            return True
        apart = np.abs(found.astype(np.int16) - reference)
        if np.count_nonzero(apart > CLEARLY) >= CLEAR_POINTS:
            return True
        return bool((means(apart) >= APART * (self._texture + FLAT)).any())


def points(picture: av.VideoFrame) -> Points:
    """At most 120 x 160 points of a picture's first plane, in 8 bits."""
    plane, form = picture.planes[0], picture.format
    bits = form.components[0].bits
    wide = 2 if bits > 8 else 1
    rows: NDArray[np.uint8] = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)  # type: ignore[call-overload]
    rows = rows[: plane.height, : plane.line_size // wide * wide]
    grid = rows[:: max(1, -(-plane.height // ROWS))]
    step = max(1, -(-plane.width // COLUMNS))
    if wide == 1:
        return np.ascontiguousarray(grid[:, : plane.width : step])
    shift = 8 if form.name.startswith("p0") else bits - 8
    return (grid.view("<u2")[:, : plane.width : step] >> shift).astype(np.uint8)


def threshold(picture: av.VideoFrame, level: int) -> int:
    """What `level`, a luma in limited range, is among the points of this picture; -1 where that cannot be said."""
    name = picture.format.name
    if name.startswith(_FULL) or (name.startswith(_LIMITED) and picture.color_range == ColorRange.JPEG):
        return (level - 16) * 255 // 219
    return level if name.startswith(_LIMITED) else -1


def is_black(found: Points, level: int) -> bool:
    """Whether hardly a point is lighter than `level`."""
    return level >= 0 and bool(np.count_nonzero(found > level) <= LIGHT_SHARE * found.size)


def means(of: NDArray[np.int16]) -> NDArray[np.float32]:
    """The average of each of 8 x 8 blocks; of a picture with fewer points than that, of the whole."""
    rows, columns = of.shape[0] // BLOCKS, of.shape[1] // BLOCKS
    if not rows or not columns:
        return np.full((BLOCKS, BLOCKS), of.mean() if of.size else 0, np.float32)
    blocks = of[: rows * BLOCKS, : columns * BLOCKS].reshape(BLOCKS, rows, BLOCKS, columns)
    sums: NDArray[np.int32] = blocks.sum(axis=(1, 3), dtype=np.int32)
    return (sums / np.float32(rows * columns)).astype(np.float32)


def texture(found: Points) -> NDArray[np.float32]:
    """By how much points differ from those to their left, on average in each block."""
    apart = np.zeros(found.shape, np.int16)
    apart[:, 1:] = np.abs(np.diff(found.astype(np.int16), axis=1))
    return means(apart)


def is_silent(sound: Samples) -> bool:
    """Whether nothing of it is louder than -60 dBFS."""
    return not sound.size or float(max(sound.max(), -sound.min())) <= SILENT
