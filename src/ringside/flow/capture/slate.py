"""The slate: what viewers see while there is nothing to show: calm, silent, and visibly alive.

It names the event, says that it will be right back, breathes, and tells the time. Painted once; a frame is a copy
with a few tiles pasted on. It must not know why it is on the air.
"""

import av
import numpy as np

from ringside.flow.capture.clockface import Clockface
from ringside.flow.capture.drawn import Samples, silence
from ringside.flow.capture.paint import Canvas, Tile, blank, colour, planes

WORDS = "We'll be right back"
SOUND_ONLY = "Sound only"
BREATH_NS = 2_400_000_000
_DOTS, _LEVELS = 3, 24

NIGHT, DEEP = colour("#0a0e15"), colour("#17324a")
INK, SOFT, ACCENT, DIM = colour("#f3f6fb"), colour("#8fa0b8"), colour("#35c4f0"), colour("#233246")


class Slate:
    """Pictures of `width` x `height` with `words` on them."""

    def __init__(self, width: int, height: int, title: str = "main", words: str = WORDS) -> None:
        self._size = (width, height)
        u, cx, cy = min(width / 1280, height / 720), width / 2, height / 2
        canvas = Canvas(width, height, NIGHT)
        canvas.glow(cx, cy - 20 * u, 560 * u, DEEP, 0.85)
        canvas.text(title, cx, cy - 128 * u, 20 * u, SOFT, weight=0.12, tracking=0.16, align=0.5, room=0.88 * width)
        canvas.box(cx - 26 * u, cy - 82 * u, 52 * u, max(1.0, 2.5 * u), ACCENT, radius=1.2 * u)
        canvas.text(words, cx, cy - 44 * u, 58 * u, INK, weight=0.1, tracking=0.04, align=0.5, room=0.88 * width)
        self._dots = [self._paint_dot(canvas, cx + (n - 1) * 34 * u, cy + 94 * u, 6.5 * u) for n in range(_DOTS)]
        self._clock = Clockface(canvas, cx, height - 72 * u, 17 * u, SOFT, to_ms=False, weight=0.12)
        self._ground = canvas.tile().planes

    def draw(self, time_ns: int) -> av.VideoFrame:
        """The yuv420p picture at Unix time `time_ns`."""
        picture = blank(*self._size)
        onto = planes(picture)
        for plane, ground in zip(onto, self._ground, strict=True):
            plane[:] = ground[: plane.shape[0], : plane.shape[1]]
        for n, levels in enumerate(self._dots):
            turn = (time_ns % BREATH_NS) / BREATH_NS - n / 6
            glow = max(0.0, float(np.sin(2 * np.pi * turn))) ** 2
            levels[round(glow * (_LEVELS - 1))].paste(onto)
        self._clock.draw(onto, time_ns)
        return picture

    def sound(self, first_sample: int, samples: int) -> Samples:
        """Silence."""
        return silence(samples)

    @staticmethod
    def _paint_dot(canvas: Canvas, x: float, y: float, radius: float) -> list[Tile]:
        """One dot from dim to bright."""
        tiles = []
        for level in np.linspace(0, 1, _LEVELS):
            patch = canvas.copy(x - 2 * radius, y - 2 * radius, 4 * radius, 4 * radius)
            patch.disc(x, y, radius, DIM)
            patch.disc(x, y, radius * (1 + 0.15 * level), ACCENT, alpha=float(level))
            tiles.append(patch.tile())
        return tiles
