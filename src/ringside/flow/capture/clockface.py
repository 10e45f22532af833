"""Clockface: UTC in digits a person can read, to the second or to the millisecond, pasted from tiles.

Each cell of the clock keeps one tile per character; only what a frame needs is copied. It stands on a plain ground.
"""

from ringside.flow.capture.paint import Canvas, Rgb, Tile
from ringside.flow.capture.strip import Planes

NS_PER_MS = 1_000_000
_DIGITS = "0123456789"


def reading(time_ns: int, to_ms: bool) -> str:
    """`HH:MM:SS` or `HH:MM:SS.mmm` of a Unix time, rounded down to what is shown."""
    ms = time_ns // NS_PER_MS
    s = ms // 1000
    text = f"{s // 3600 % 24:02}:{s // 60 % 60:02}:{s % 60:02}"
    return f"{text}.{ms % 1000:03}" if to_ms else text


class Clockface:
    """Digits `cap` pixels high, centred on `x`, their tops at `y`."""

    def __init__(
        self, ground: Canvas, x: float, y: float, cap: float, fill: Rgb, *, to_ms: bool, weight: float = 0.11,
        soft: Rgb | None = None,
    ) -> None:  # fmt: skip
        digit, mark = max(0.86 * cap, (0.6 + weight) * cap + 3), max(0.34 * cap, weight * cap + 3)
        pattern = reading(0, to_ms)
        widths = [digit if cell in _DIGITS else mark for cell in pattern]
        left = x - sum(widths) / 2
        self._to_ms = to_ms
        self._cells: list[dict[str, Tile]] = []
        for at, (cell, w) in enumerate(zip(pattern, widths, strict=True)):
            tone = soft if soft and at > pattern.find(".") > 0 else fill
            choices = _DIGITS if cell in _DIGITS else cell
            self._cells.append({c: self._cell(ground, c, (left, y, w), cap, tone, weight) for c in choices})
            left += w

    @staticmethod
    def _cell(
        ground: Canvas, character: str, place: tuple[float, float, float], cap: float, fill: Rgb, weight: float
    ) -> Tile:
        x, y, w = place
        left, top = max(0, int(x) & ~1), max(0, int(y - 0.12 * cap - 2) & ~1)
        wide, high = (int(x + w) & ~1) - left, (int(y + 1.12 * cap + 4) & ~1) - top
        patch = Canvas(max(2, wide), max(2, high), (0, 0, 0))
        room = ground.rgb[top : top + patch.height, left : left + patch.width]
        patch.rgb[: room.shape[0], : room.shape[1]] = room
        ink = 0.0 if character in ":." else 0.6 * cap
        patch.text(character, x - left + (w - ink) / 2, y - top, cap, fill, weight=weight)
        planes = patch.tile(0, 0, patch.width, patch.height).planes
        return Tile(left, top, planes)

    def draw(self, planes: Planes, time_ns: int) -> None:
        """Show `time_ns`."""
        for cell, character in zip(self._cells, reading(time_ns, self._to_ms), strict=True):
            cell[character].paste(planes)
