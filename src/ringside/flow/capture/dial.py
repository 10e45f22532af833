"""Dial: a ring that fills clockwise for one UTC second and empties for the next, drawn by plain copies.

At set-up the ring's pixels are sorted by angle; a frame takes the first so many of them.
"""

import numpy as np
from numpy.typing import NDArray

from ringside.flow.capture.paint import Canvas, Rgb
from ringside.flow.capture.strip import Plane, Planes

NS_PER_S = 1_000_000_000


class _Sweep:
    """One plane's share of the ring: where its pixels are, by angle, and how bright they are when lit."""

    def __init__(
        self, plain: Plane, lit: Plane, corner: tuple[int, int], centre: tuple[float, float], band: float
    ) -> None:
        rows, columns = np.nonzero(plain != lit)
        across, down = columns + corner[0] + 0.5 - centre[0], rows + corner[1] + 0.5 - centre[1]
        free = np.abs(down) > band
        rows, columns, across, down = rows[free], columns[free], across[free], down[free]
        turn = (np.arctan2(across, -down) / (2 * np.pi)) % 1
        order = np.argsort(turn, kind="stable")
        self._turn: NDArray[np.float64] = turn[order]
        rows, columns = rows[order], columns[order]
        self._lit = lit[rows, columns]
        self._rows, self._columns = rows + corner[1], columns + corner[0]

    def draw(self, plane: Plane, start: float, end: float) -> None:
        first, last = np.searchsorted(self._turn, (start, end))
        cut = slice(first, last)
        plane[self._rows[cut], self._columns[cut]] = self._lit[cut]


class Dial:
    """The sweeping ring centred at `x`, `y`; what lies within `band` of the centre's height stays as it is."""

    def __init__(self, ground: Canvas, x: float, y: float, radius: float, line: float, fill: Rgb, band: float) -> None:
        reach = radius + line
        around = (x - reach, y - reach, 2 * reach, 2 * reach)
        plain, lit = ground.copy(*around), ground.copy(*around)
        lit.ring(x, y, radius, line, fill)
        before, after = plain.tile(*around), lit.tile(*around)
        self._sweeps = []
        for old, new, scale in zip(before.planes, after.planes, (1, 2, 2), strict=True):
            left, top = before.x // scale, before.y // scale
            self._sweeps.append(_Sweep(old, new, (left, top), (x / scale, y / scale), band / scale))

    def draw(self, planes: Planes, time_ns: int) -> None:
        """Light what is lit at `time_ns`: at every UTC second the head stands at twelve o'clock."""
        seconds, rest = divmod(time_ns, NS_PER_S)
        turn = rest / NS_PER_S
        start, end = (0.0, turn) if seconds % 2 == 0 else (turn, 1.0)
        for sweep, plane in zip(self._sweeps, planes, strict=True):
            sweep.draw(plane, start, end)
