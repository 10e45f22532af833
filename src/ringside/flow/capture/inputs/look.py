"""Look: what a picture shows and a sound holds, as far as faults go: is it black, does anything move, is it silent.

Of a picture some 19,000 points of luma are taken, on a grid. Black: hardly a point is lighter than a level. Whether it
moves is harder, for three things look alike that are not: a picture that stands still but was encoded again (its points
change a little at key frames), a dark and slow one (its points change as little), and one whose only change is its
noise. So a picture has moved, held against the one with which it last had,

  - when a few points differ by CLEARLY: something is elsewhere, be it ever so small;
  - when one block of 8 x 8 has become lighter or darker by DRIFT on average: light that fades, a slow pan in the dark;
    the noise of an encoder is gone in an average over a block;
  - when it differs from the picture before, and so do most pictures of the last second: a camera's own noise. What a
    re-encoded still does at key frames is over too soon for that.

A picture that does none of these stands still since it last did one. Pure: pictures and their times enter.
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
CLEARLY, CLEAR_POINTS = 24, 4
BLOCKS = 8
DRIFT = 0.5
STIR_SHARE = 0.01  # of the points: so many differ in a picture that is not the one before
MEMORY = 1 / 32  # of each picture in what most of the last ones did
MOST = 0.5
SILENT = 0.001  # -60 dBFS: no sample is louder
_LIMITED = ("yuv4", "yuva4", "nv")  # formats whose first plane is luma, limited unless they say otherwise
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
        self._means: NDArray[np.float32] = np.zeros((BLOCKS, BLOCKS), np.float32)
        self._activity = 0.0

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
        if self._has_moved(found):
            self._still_ns, self._reference, self._means = time_ns, found, means(found)
        self._before = found
        return Sight(self._black_ns, self._still_ns)

    def _has_moved(self, found: Points) -> bool:
        reference, before = self._reference, self._before
        if reference is None or before is None or reference.shape != found.shape or before.shape != found.shape:
            return True
        stirs = np.count_nonzero(found != before) > STIR_SHARE * found.size
        self._activity += (stirs - self._activity) * MEMORY
        if stirs and self._activity > MOST:
            return True
        apart = np.abs(found.astype(np.int16) - reference)
        if np.count_nonzero(apart > CLEARLY) >= CLEAR_POINTS:
            return True
        return bool(np.abs(means(found) - self._means).max() >= DRIFT)


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


def means(found: Points) -> NDArray[np.float32]:
    """The average of each of 8 x 8 blocks; of a picture with fewer points than that, of the whole."""
    rows, columns = found.shape[0] // BLOCKS, found.shape[1] // BLOCKS
    if not rows or not columns:
        return np.full((BLOCKS, BLOCKS), found.mean(), np.float32)
    blocks = found[: rows * BLOCKS, : columns * BLOCKS].reshape(BLOCKS, rows, BLOCKS, columns)
    sums: NDArray[np.uint32] = blocks.sum(axis=(1, 3), dtype=np.uint32)
    return (sums / np.float32(rows * columns)).astype(np.float32)


def is_silent(sound: Samples) -> bool:
    """Whether nothing of it is louder than -60 dBFS."""
    return not sound.size or float(max(sound.max(), -sound.min())) <= SILENT
