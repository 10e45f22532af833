"""Fitter: every shape, format and colour of picture onto the canvas."""

from fractions import Fraction

import av
import numpy as np
import pytest

from ringside.flow.capture.fit import Fitter, inner_size
from ringside.flow.capture.paint import blank, planes

CANVAS = (640, 360)


def filled(width: int, height: int, rgb: tuple[int, int, int], pix_fmt: str, **colour: int) -> av.VideoFrame:
    array = np.empty((height, width, 3), np.uint8)
    array[:] = rgb
    return av.VideoFrame.from_ndarray(array, "rgb24").reformat(format=pix_fmt, **colour)


@pytest.mark.parametrize(
    ("size", "aspect", "inner"),
    [
        ((1280, 720), Fraction(1), (640, 360)),
        ((853, 481), Fraction(1), (640, 360)),
        ((720, 576), Fraction(64, 45), (640, 360)),
        ((720, 576), Fraction(16, 15), (480, 360)),
        ((640, 480), Fraction(1), (480, 360)),
        ((1920, 800), Fraction(1), (640, 266)),
        ((1080, 1920), Fraction(1), (202, 360)),
        ((1, 5000), Fraction(1), (2, 360)),
        ((100, 100), Fraction(0), (360, 360)),
    ],
)
def test_the_aspect_is_kept(size: tuple[int, int], aspect: Fraction, inner: tuple[int, int]) -> None:
    assert inner_size(size, aspect, CANVAS) == inner


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p", "yuv444p", "nv12", "rgb24", "bgra", "yuv420p10le", "p010le"])
@pytest.mark.parametrize("rgb", [(191, 0, 0), (0, 191, 0), (191, 191, 191), (20, 40, 200)])
def test_colours_come_out_as_bt709_from_any_format(pix_fmt: str, rgb: tuple[int, int, int]) -> None:
    colours = {} if pix_fmt in {"rgb24", "bgra"} else {"dst_colorspace": 1, "dst_color_range": 1}
    out = Fitter(*CANVAS).fit(filled(1280, 720, rgb, pix_fmt, **colours))
    r, g, b = (part / 255 for part in rgb)
    luma = 0.2126 * r + 0.7152 * g + 0.0722 * b
    expected = (16 + 219 * luma, 128 + 224 * (b - luma) / 1.8556, 128 + 224 * (r - luma) / 1.5748)
    assert [float(plane.mean()) for plane in planes(out)] == pytest.approx(expected, abs=2.5)
    assert (out.format.name, out.colorspace, out.color_range) == ("yuv420p", 1, 1)


def test_standard_definition_and_full_range_are_converted() -> None:
    marked = filled(720, 576, (0, 191, 0), "yuv420p", dst_colorspace=5, dst_color_range=2)
    out = Fitter(*CANVAS).fit(marked, Fraction(64, 45))
    luma = 0.7152 * 191 / 255
    assert float(planes(out)[0].mean()) == pytest.approx(16 + 219 * luma, abs=3)


def test_what_a_picture_does_not_fill_is_black() -> None:
    y = planes(Fitter(*CANVAS).fit(filled(480, 480, (255, 255, 255), "rgb24")))[0]
    assert (y[:, :139] == 16).all()
    assert (y[:, 142:498] > 230).all()
    assert (y[:, 501:] == 16).all()


def test_a_picture_that_fits_is_passed_on_without_a_copy() -> None:
    frame = blank(*CANVAS)
    assert Fitter(*CANVAS).fit(frame) is frame


@pytest.mark.parametrize("size", [(853, 481), (3, 3), (1, 1), (4096, 2), (641, 361)])
def test_odd_sizes_are_no_trouble(size: tuple[int, int]) -> None:
    out = Fitter(*CANVAS).fit(av.VideoFrame(*size, "yuv420p"))
    assert (out.width, out.height) == CANVAS
