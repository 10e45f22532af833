"""The strip: a picture's own word on when it was taken, for machines.

Along the bottom edge: full width, one eighteenth of the height, 64 equal cells, white = 1 and black = 0: 8 cells of
sync `10101010`, 48 bits of UTC milliseconds since 1970 (most significant first), 8 bits of CRC-8 (polynomial 0x07,
initial value 0) over those six bytes. Luma planes enter and leave; nothing here knows of frames or clocks.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]
Planes = tuple[Plane, Plane, Plane]

CELLS = 64
SYNC = 0xAA
WHITE, BLACK, NEUTRAL = 235, 16, 128
LEAST_CONTRAST = 48  # between the darkest white and the lightest black of the sync cells


def _crc8_table() -> bytes:
    table = bytearray()
    for value in range(256):
        for _ in range(8):
            value = (value << 1) ^ (0x07 if value & 0x80 else 0)
        table.append(value & 0xFF)
    return bytes(table)


_CRC8 = _crc8_table()


def crc8(data: bytes) -> int:
    """CRC-8, polynomial 0x07, initial value 0, not reflected."""
    crc = 0
    for byte in data:
        crc = _CRC8[crc ^ byte]
    return crc


def height(picture_height: int) -> int:
    """Rows of the strip in a picture `picture_height` rows high, at least one."""
    return max(1, round(picture_height / 18))


def draw(planes: Planes, utc_ms: int) -> None:
    """Draw the strip for `utc_ms` onto a yuv420p picture, in place."""
    y, u, v = planes
    top = y.shape[0] - height(y.shape[0])
    stamp = utc_ms.to_bytes(6, "big")
    bits = np.unpackbits(np.frombuffer(bytes((SYNC, *stamp, crc8(stamp))), np.uint8))
    y[top:] = np.where(bits, np.uint8(WHITE), np.uint8(BLACK))[_cell_of_column(y.shape[1])]
    u[top // 2 :] = NEUTRAL
    v[top // 2 :] = NEUTRAL


def decode(luma: Plane) -> int | None:
    """UTC milliseconds read from the luma of a whole picture, or None where there is no sound strip."""
    if luma.shape[1] < CELLS or luma.shape[0] < 18:
        return None
    levels = _levels(luma)
    white, black = levels[0:8:2].min(), levels[1:8:2].max()
    if white - black < LEAST_CONTRAST:
        return None
    data = np.packbits(levels > (white + black) / 2).tobytes()
    if data[0] != SYNC or crc8(data[1:7]) != data[7]:
        return None
    return int.from_bytes(data[1:7], "big")


@lru_cache(maxsize=16)
def _cell_of_column(width: int) -> NDArray[np.intp]:
    return np.arange(width) * CELLS // width


def _levels(luma: Plane) -> NDArray[np.float64]:
    """Mean brightness in the middle of each cell: its inner half, both ways."""
    rows, width = height(luma.shape[0]), luma.shape[1]
    bottom = luma.shape[0] - rows // 4
    band = luma[bottom - max(1, rows // 2) : bottom].mean(axis=0)
    edges = np.arange(CELLS) * width / CELLS
    quarter = width / CELLS / 4
    starts = np.ceil(edges + quarter - 0.5).astype(int)
    ends = np.maximum(starts + 1, np.floor(edges + 3 * quarter + 0.5).astype(int))
    sums = np.concatenate(([0.0], np.cumsum(band)))
    means: NDArray[np.float64] = (sums[np.minimum(ends, width)] - sums[starts]) / (ends - starts)
    return means
