"""Fitter: any picture into a yuv420p canvas of the programme's size, its aspect kept, in BT.709 limited range.

One picture enters, a new one leaves (or the same, when nothing is to be done). What does not fill the canvas is
black. High dynamic range is not mapped down: its transfer curve is taken as it is.
"""

from fractions import Fraction

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from ringside.flow.capture.paint import blank, mark, planes
from ringside.flow.capture.strip import BLACK, NEUTRAL

SD_LINES = 576  # up to here an unmarked picture is taken for BT.601
_MATRICES = {  # ITU-T H.273 matrix coefficients, as swscale calls them
    1: Colorspace.ITU709, 4: Colorspace.FCC, 5: Colorspace.ITU601, 6: Colorspace.SMPTE170M, 7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020, 10: Colorspace.BT2020,
}  # fmt: skip


def inner_size(size: tuple[int, int], aspect: Fraction, canvas: tuple[int, int]) -> tuple[int, int]:
    """Width and height, even, that a picture of `size` pixels shaped `aspect` takes of a canvas undistorted."""
    shape = Fraction(size[0], size[1]) * (aspect if aspect > 0 else 1)
    width, height = canvas
    if shape > Fraction(width, height):
        height = round(width / shape)
    else:
        width = round(height * shape)
    if canvas[0] - width <= 2 and canvas[1] - height <= 2:
        return canvas
    return max(2, width & ~1), max(2, height & ~1)


class Fitter:
    """Fits pictures into `width` x `height`."""

    def __init__(self, width: int, height: int) -> None:
        self._canvas = (width, height)
        self._reformatter = VideoReformatter()

    def fit(self, picture: av.VideoFrame, aspect: Fraction = Fraction(1)) -> av.VideoFrame:
        """The canvas with `picture` on it; `aspect` is the shape of its pixels. Raises av.FFmpegError."""
        turns = round(picture.rotation / 90) % 4
        size = (picture.width, picture.height)
        if turns % 2:
            wide, high = inner_size((size[1], size[0]), 1 / aspect if aspect > 0 else aspect, self._canvas)
            inner = self._convert(picture, high, wide)
        else:
            wide, high = inner_size(size, aspect, self._canvas)
            inner = self._convert(picture, wide, high)
        if turns == 0 and (wide, high) == self._canvas:
            mark(inner)
            return inner
        return self._compose(inner, turns, wide, high)

    def _convert(self, picture: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
        guess = Colorspace.SMPTE170M if picture.height <= SD_LINES else Colorspace.ITU709
        matrix = _MATRICES.get(picture.colorspace, guess)
        if picture.format.name.startswith(("rgb", "bgr", "gbr", "argb", "abgr", "pal8", "gray")):
            matrix = Colorspace.ITU709
        full = picture.color_range == ColorRange.JPEG or picture.format.name.startswith("yuvj")
        return self._reformatter.reformat(
            picture,
            width,
            height,
            "yuv420p",
            src_colorspace=matrix,
            dst_colorspace=Colorspace.ITU709,
            interpolation=Interpolation.BICUBIC,
            src_color_range=ColorRange.JPEG if full else ColorRange.MPEG,
            dst_color_range=ColorRange.MPEG,
            threads=1,
        )

    def _compose(self, inner: av.VideoFrame, turns: int, width: int, height: int) -> av.VideoFrame:
        """`inner`, turned by quarters anticlockwise, in the middle of a black canvas."""
        picture = blank(*self._canvas)
        x, y = ((self._canvas[0] - width) // 2) & ~1, ((self._canvas[1] - height) // 2) & ~1
        places = ((x, y), (x // 2, y // 2), (x // 2, y // 2))
        for plane, part, (left, top), black in zip(
            planes(picture), planes(inner), places, (BLACK, NEUTRAL, NEUTRAL), strict=True
        ):
            turned = np.rot90(part, turns)
            plane[:] = black
            room = plane[top : top + turned.shape[0], left : left + turned.shape[1]]
            room[:] = turned[: room.shape[0], : room.shape[1]]
        return picture
