"""The test card: the source that is always there, drawn for exactly the instant asked for.

A clock to the millisecond, a dial that fills in a second, a ball that crosses at constant speed, colour bars, a
white flash and a beep at every UTC second, and the strip. Everything that does not move is painted once; a frame
is a copy of it with a few tiles pasted on. It must not know what becomes of the pictures.
"""

from fractions import Fraction

import av
import numpy as np

from ringside.flow.capture import beep, strip
from ringside.flow.capture.clockface import NS_PER_MS, Clockface
from ringside.flow.capture.dial import NS_PER_S, Dial
from ringside.flow.capture.drawn import Samples
from ringside.flow.capture.paint import Canvas, Tile, blank, colour, planes

FLASH_NS = 100 * NS_PER_MS
CROSSING_NS = 2 * NS_PER_S  # of the ball, from one end to the other

NIGHT, PANEL, EDGE = colour("#0b0f17"), colour("#121926"), colour("#2a3547")
INK, SOFT = colour("#f3f6fb"), colour("#8fa0b8")
ACCENT, WARM, WHITE = colour("#35c4f0"), colour("#ffb547"), (1.0, 1.0, 1.0)
_BARS = ("#bfbfbf", "#bfbf00", "#00bfbf", "#00bf00", "#bf00bf", "#bf0000", "#0000bf")


class TestCard:
    """Pictures of `width` x `height` and sound for any instant."""

    __test__ = False  # its name is no test's

    def __init__(self, width: int, height: int, fps: Fraction, title: str = "main") -> None:
        self._size = (width, height)
        self._unit = min(width / 1280, height / 720)
        canvas = Canvas(width, height, NIGHT)
        self._paint(canvas, title, fps)
        u, cx = self._unit, width / 2
        cap = 72 * u
        self._clock = Clockface(
            canvas, cx, self._middle() - cap / 2, cap, INK, to_ms=True, weight=0.1, soft=colour("#9fe3fa")
        )
        self._dial = Dial(canvas, cx, self._middle(), 196 * u, 9 * u, ACCENT, band=63 * u)
        self._flash = self._paint_flash(canvas)
        self._ball, self._reach = self._paint_ball(canvas)
        self._ground = canvas.tile(0, 0, width, height).planes

    def draw(self, time_ns: int) -> av.VideoFrame:
        """The yuv420p picture at Unix time `time_ns`; its strip and clock say so."""
        picture = blank(*self._size)
        onto = planes(picture)
        for plane, ground in zip(onto, self._ground, strict=True):
            plane[:] = ground[: plane.shape[0], : plane.shape[1]]
        self._dial.draw(onto, time_ns)
        self._clock.draw(onto, time_ns)
        self._roll(onto, time_ns)
        if time_ns % NS_PER_S < FLASH_NS:
            self._flash.paste(onto)
        strip.draw(onto, time_ns // NS_PER_MS)
        return picture

    def sound(self, first_sample: int, samples: int) -> Samples:
        """A 1 kHz beep in the first 100 ms of each UTC second."""
        return beep.beeps(first_sample, samples)

    def _middle(self) -> float:
        return 318 / 720 * self._size[1]

    def _from_bottom(self, y: float) -> float:
        """Where a row of the 720-line design comes that keeps its distance from the strip."""
        return self._size[1] - strip.height(self._size[1]) - (680 - y) * self._unit

    def _roll(self, onto: strip.Planes, time_ns: int) -> None:
        """The ball: there and back, at an end of its lane at every other second."""
        crossings, rest = divmod(time_ns, CROSSING_NS)
        share = rest / CROSSING_NS
        halves = round(2 * self._reach * (share if crossings % 2 == 0 else 1 - share))
        self._ball[halves % 4].paste(onto, dx=halves // 4 * 2)

    def _paint(self, canvas: Canvas, title: str, fps: Fraction) -> None:
        width, height = self._size
        u, cx, cy = self._unit, width / 2, self._middle()
        canvas.glow(cx, cy, 520 * u, colour("#16304a"), 0.75)
        self._paint_grid(canvas)
        left, right = self._margins()
        canvas.text(title, left, 48 * u, 30 * u, INK, weight=0.12, room=(right - left) * 0.66)
        canvas.text("RINGSIDE", left, 98 * u, 11 * u, ACCENT, weight=0.14, tracking=0.45)
        rate = f"{float(fps):.2f}".rstrip("0").rstrip(".")
        canvas.text(f"{width} × {height}", right, 48 * u, 22 * u, INK, weight=0.1, align=1)
        canvas.text(f"{rate} FRAMES PER SECOND", right, 98 * u, 11 * u, SOFT, weight=0.14, tracking=0.3, align=1)
        self._paint_dial(canvas, cx, cy)
        self._paint_gratings(canvas)
        self._paint_bars(canvas)

    def _margins(self) -> tuple[float, float]:
        margin = 64 * self._unit
        return margin, self._size[0] - margin

    def _paint_grid(self, canvas: Canvas) -> None:
        width, height = self._size
        step, line = 64 * self._unit, max(1.0, 1.2 * self._unit)
        for at in np.arange(width / 2 % step, width, step):
            canvas.box(at - line / 2, 0, line, height, WHITE, alpha=0.035)
        for at in np.arange(self._middle() % step, height, step):
            canvas.box(0, at - line / 2, width, line, WHITE, alpha=0.035)

    def _paint_dial(self, canvas: Canvas, cx: float, cy: float) -> None:
        u = self._unit
        canvas.disc(cx, cy, 186 * u, NIGHT, alpha=0.55)
        canvas.ring(cx, cy, 196 * u, 9 * u, EDGE, alpha=0.8)
        for tick in range(60):
            angle, long = tick * np.pi / 30, tick % 5 == 0
            reach = (216 if long else 213) * u
            x, y = cx + np.sin(angle) * reach, cy - np.cos(angle) * reach
            canvas.disc(x, y, (2.6 if long else 1.4) * u, INK if long else SOFT, alpha=0.9 if long else 0.6)
        canvas.text("UTC", cx, cy - 118 * u, 20 * u, SOFT, weight=0.12, tracking=0.4, align=0.5)
        canvas.text("TIME OF CAPTURE", cx, cy + 100 * u, 11 * u, SOFT, weight=0.14, tracking=0.35, align=0.5)
        wide, high = 760 * u, 124 * u
        canvas.box(cx - wide / 2, cy - high / 2, wide, high, PANEL, radius=18 * u)
        canvas.frame(cx - wide / 2, cy - high / 2, wide, high, EDGE, 18 * u, max(1.0, 1.6 * u))

    def _paint_gratings(self, canvas: Canvas) -> None:
        """Lines of one, two and four pixels: what a scaler does to them tells its quality."""
        u, (left, _) = self._unit, self._margins()
        x, y, size = round(left), round(self._middle() - 75 * u), round(150 * u)
        canvas.box(x, y, size, size, PANEL, radius=14 * u)
        canvas.frame(x, y, size, size, EDGE, 14 * u, max(1.0, 1.6 * u))
        inner, high = round(118 * u), round(28 * u)
        columns = np.arange(max(1, inner))
        for row, period in enumerate((8, 4, 2)):
            cover = np.broadcast_to((columns % period < period / 2).astype(np.float32), (max(1, high), max(1, inner)))
            canvas.blend(cover, INK, 0.72, x + (size - inner) // 2, y + round((18 + row * 43) * u))

    def _paint_bars(self, canvas: Canvas) -> None:
        u, (left, right) = self._unit, self._margins()
        step = (right - left) / len(_BARS)
        for at, code in enumerate(_BARS):
            canvas.box(left + at * step, self._from_bottom(548), step + 0.5, 44 * u, colour(code))
        shades = np.linspace(0, 1, 15)
        step = (right - left) / len(shades)
        for at, shade in enumerate(shades):
            canvas.box(left + at * step, self._from_bottom(548) + 48 * u, step + 0.5, 14 * u, (shade, shade, shade))

    def _paint_flash(self, canvas: Canvas) -> Tile:
        """Paint the dark box, and give back the lit one."""
        u, (_, right) = self._unit, self._margins()
        size, y = 150 * u, self._middle() - 75 * u
        x = right - size
        lit = canvas.copy(x - 2 * u, y - 2 * u, size + 4 * u, size + 4 * u)
        for one, fill, ink in ((canvas, PANEL, SOFT), (lit, WHITE, NIGHT)):
            one.box(x, y, size, size, fill, radius=14 * u)
            one.frame(x, y, size, size, EDGE if one is canvas else WHITE, 14 * u, max(1.0, 1.6 * u))
            one.text("FLASH", x + size / 2, y + 50 * u, 15 * u, ink, weight=0.13, tracking=0.35, align=0.5)
            one.text("1 kHz", x + size / 2, y + 84 * u, 15 * u, ink, weight=0.12, tracking=0.1, align=0.5)
        return lit.tile()

    def _paint_ball(self, canvas: Canvas) -> tuple[list[Tile], int]:
        """The lane, the ball at four half-pixel offsets, and how many pixels it has to go."""
        u, (left, right) = self._unit, self._margins()
        radius, high = max(2.0, 9 * u), max(6.0, 26 * u)
        y = self._from_bottom(646)
        canvas.box(left, y - high / 2, right - left, high, PANEL, radius=high / 2)
        start = (int(left) & ~1) + high / 2 + 2
        around = (start - radius - 2, y - radius - 1, 2 * radius + 6, 2 * radius + 2)
        patches = [canvas.copy(*around) for _ in range(4)]
        for phase, patch in enumerate(patches):
            patch.disc(start + phase / 2, y, radius, WARM)
        return [patch.tile() for patch in patches], max(1, int(right - left - high - 4))
