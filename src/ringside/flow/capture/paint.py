"""Painting for the test card and the slate: a picture is painted once in RGB, then cut into YUV tiles.

At set-up shapes are blended, anti-aliased, onto a float RGB canvas. What moves is kept as tiles: small yuv420p
patches at even positions, which a frame takes by plain copies. BT.709, limited range throughout.
"""

from dataclasses import dataclass

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from numpy.typing import NDArray

from ringside.flow.capture import glyphs
from ringside.flow.capture.strip import Plane, Planes

Rgb = tuple[float, float, float]
Floats = NDArray[np.float32]


def colour(code: str) -> Rgb:
    """`"#rrggbb"` as RGB from 0 to 1."""
    r, g, b = bytes.fromhex(code[1:])
    return r / 255, g / 255, b / 255


def planes(picture: av.VideoFrame) -> Planes:
    """The three planes of a yuv420p picture as arrays that can be written to, without padding."""
    y, u, v = (
        np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]  # type: ignore[call-overload]
        for plane in picture.planes
    )
    return y, u, v


def blank(width: int, height: int) -> av.VideoFrame:
    """An unpainted yuv420p picture marked BT.709, limited range."""
    picture = av.VideoFrame(width, height, "yuv420p")
    mark(picture)
    return picture


def mark(picture: av.VideoFrame) -> None:
    """Say of a picture that it is BT.709, limited range."""
    picture.colorspace = Colorspace.ITU709
    picture.color_range = ColorRange.MPEG
    picture.color_primaries = ColorPrimaries.BT709
    picture.color_trc = ColorTrc.BT709


@dataclass(frozen=True, slots=True)
class Tile:
    """A patch of yuv420p whose top left corner is at even `x`, `y`."""

    x: int
    y: int
    planes: Planes

    def paste(self, onto: Planes, dx: int = 0, dy: int = 0) -> None:
        """Copy it onto a picture, moved by even `dx`, `dy`; what lies outside is left out."""
        x, y = self.x + dx, self.y + dy
        for patch, plane, left, top in zip(self.planes, onto, (x, x // 2, x // 2), (y, y // 2, y // 2), strict=True):
            room = plane[top : top + patch.shape[0], left : left + patch.shape[1]]
            room[:] = patch[: room.shape[0], : room.shape[1]]


class Canvas:
    """A picture being painted, RGB from 0 to 1."""

    def __init__(self, width: int, height: int, fill: Rgb) -> None:
        self.rgb: Floats = np.empty((height, width, 3), np.float32)
        self.rgb[:] = fill
        self._left = self._top = 0

    @property
    def width(self) -> int:
        """Pixels across."""
        return int(self.rgb.shape[1])

    @property
    def height(self) -> int:
        """Pixels down."""
        return int(self.rgb.shape[0])

    def copy(self, x: float = 0, y: float = 0, w: float = 1e9, h: float = 1e9) -> "Canvas":
        """Another canvas with (this part of) the same picture on it, in the same coordinates."""
        left, top, right, bottom = self._even(x, y, w, h)
        other = Canvas(right - left, bottom - top, (0, 0, 0))
        other.rgb[:] = self.rgb[top - self._top : bottom - self._top, left - self._left : right - self._left]
        other._left, other._top = left, top
        return other

    def blend(self, coverage: NDArray[np.floating], fill: Rgb, alpha: float = 1.0, x: int = 0, y: int = 0) -> None:
        """Lay `fill` over the picture where a mask placed at `x`, `y` covers it."""
        x, y = x - self._left, y - self._top
        top, left = max(0, y), max(0, x)
        room = self.rgb[top : max(0, y + coverage.shape[0]), left : max(0, x + coverage.shape[1])]
        cover = coverage[top - y : top - y + room.shape[0], left - x : left - x + room.shape[1], None] * alpha
        room += (np.array(fill, np.float32) - room) * cover

    def box(self, x: float, y: float, w: float, h: float, fill: Rgb, radius: float = 0, alpha: float = 1.0) -> None:
        """A filled rectangle with round corners."""
        left, top, columns, rows = self._near(x, y, w, h)
        self.blend(np.clip(0.5 - _outside(columns - x, rows - y, w, h, radius), 0, 1), fill, alpha, left, top)

    def frame(
        self, x: float, y: float, w: float, h: float, fill: Rgb, radius: float, line: float, alpha: float = 1.0
    ) -> None:
        """The outline of a rectangle with round corners, `line` pixels wide."""
        left, top, columns, rows = self._near(x - line, y - line, w + 2 * line, h + 2 * line)
        edge = np.abs(_outside(columns - x, rows - y, w, h, radius))
        self.blend(np.clip(line / 2 + 0.5 - edge, 0, 1), fill, alpha, left, top)

    def disc(self, x: float, y: float, radius: float, fill: Rgb, alpha: float = 1.0) -> None:
        """A filled circle."""
        left, top, columns, rows = self._near(x - radius, y - radius, 2 * radius, 2 * radius)
        self.blend(np.clip(radius + 0.5 - np.hypot(columns - x, rows - y), 0, 1), fill, alpha, left, top)

    def ring(self, x: float, y: float, radius: float, line: float, fill: Rgb, alpha: float = 1.0) -> None:
        """A circle `line` pixels wide."""
        reach = radius + line
        left, top, columns, rows = self._near(x - reach, y - reach, 2 * reach, 2 * reach)
        edge = np.abs(np.hypot(columns - x, rows - y) - radius)
        self.blend(np.clip(line / 2 + 0.5 - edge, 0, 1), fill, alpha, left, top)

    def glow(self, x: float, y: float, radius: float, fill: Rgb, alpha: float) -> None:
        """A soft light that fades with the distance from `x`, `y`."""
        left, top, columns, rows = self._near(self._left, self._top, self.width, self.height)
        across, down = np.exp(-(((columns - x) / radius) ** 2)), np.exp(-(((rows - y) / radius) ** 2))
        self.blend(across * down, fill, alpha, left, top)

    def _near(self, x: float, y: float, w: float, h: float) -> tuple[int, int, Floats, Floats]:
        """Left and top of the pixels in and just around a rectangle, and their centres."""
        end_x, end_y = self._left + self.width, self._top + self.height
        left, top = min(max(self._left, int(x) - 2), end_x), min(max(self._top, int(y) - 2), end_y)
        right, bottom = max(left, min(end_x, int(x + w) + 3)), max(top, min(end_y, int(y + h) + 3))
        columns = np.arange(left, right, dtype=np.float32)[None, :] + np.float32(0.5)
        rows = np.arange(top, bottom, dtype=np.float32)[:, None] + np.float32(0.5)
        return left, top, columns, rows

    def _even(self, x: float, y: float, w: float, h: float) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of a rectangle within the canvas, widened to even positions."""
        end_x, end_y = self._left + self.width, self._top + self.height
        left, top = min(max(self._left, int(x) & ~1), end_x), min(max(self._top, int(y) & ~1), end_y)
        right = max(left, min(end_x, (int(np.ceil(x + w)) + 1) & ~1))
        return left, top, right, max(top, min(end_y, (int(np.ceil(y + h)) + 1) & ~1))

    def text(
        self, words: str, x: float, y: float, cap: float, fill: Rgb, *, weight: float = 0.11, tracking: float = 0.0,
        align: float = 0.0, alpha: float = 1.0, room: float = float("inf"),
    ) -> None:  # fmt: skip
        """Write with the cap line at `y`; `align` 0 starts at `x`, 0.5 centres on it, 1 ends there.

        Words wider than `room` pixels are written smaller, on the same base line.
        """
        smaller = min(1.0, room / max(1.0, glyphs.width(words, cap, tracking)))
        y, cap = y + cap * (1 - smaller), cap * smaller
        cover = glyphs.mask(words, cap, weight, tracking)
        left = x - align * glyphs.width(words, cap, tracking) - weight * cap - 2
        self.blend(cover, fill, alpha, round(left), round(y - glyphs.ABOVE * cap))

    def tile(self, x: float = 0, y: float = 0, w: float = 1e9, h: float = 1e9) -> Tile:
        """(This part of) the picture, widened to even positions, as a tile."""
        left, top, right, bottom = self._even(x, y, w, h)
        cut = self.rgb[top - self._top : bottom - self._top, left - self._left : right - self._left]
        return Tile(left, top, to_yuv(cut, left, top))


def _outside(x: Floats, y: Floats, w: float, h: float, radius: float) -> Floats:
    """How far a point lies outside a rectangle with round corners at the origin; negative inside."""
    radius = min(radius, w / 2, h / 2)
    dx, dy = np.abs(x - w / 2) - w / 2 + radius, np.abs(y - h / 2) - h / 2 + radius
    beyond = np.hypot(np.maximum(dx, 0), np.maximum(dy, 0)) - radius
    out: Floats = beyond + np.minimum(np.maximum(dx, dy), 0)
    return out


def to_yuv(rgb: Floats, x: int = 0, y: int = 0) -> Planes:
    """RGB to yuv420p, BT.709 limited range, dithered by position so that dark gradients do not band."""
    if rgb.shape[0] % 2 or rgb.shape[1] % 2:
        rgb = np.pad(rgb, ((0, rgb.shape[0] % 2), (0, rgb.shape[1] % 2), (0, 0)), mode="edge")
    luma = rgb @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    small = rgb.reshape(rgb.shape[0] // 2, 2, rgb.shape[1] // 2, 2, 3).mean(axis=(1, 3))
    small_luma = luma.reshape(luma.shape[0] // 2, 2, luma.shape[1] // 2, 2).mean(axis=(1, 3))
    u = (small[..., 2] - small_luma) / 1.8556
    v = (small[..., 0] - small_luma) / 1.5748
    return (
        _rounded(16 + 219 * luma, x, y),
        _rounded(128 + 224 * u, x // 2, y // 2),
        _rounded(128 + 224 * v, x // 2, y // 2),
    )


_BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32) / 16 + 1 / 32


def _rounded(values: Floats, x: int, y: int) -> Plane:
    """Down to whole numbers with an ordered dither; a tile dithers exactly as the picture it was cut from."""
    rows = np.arange(y, y + values.shape[0]) % 4
    columns = np.arange(x, x + values.shape[1]) % 4
    spread = (_BAYER[np.ix_(rows, columns)] - 0.5) * 0.98 + 0.5
    out: Plane = np.clip(np.floor(values + spread), 0, 255).astype(np.uint8)
    return out
