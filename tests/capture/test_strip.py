"""The strip, through a real encoder and a real scaler."""

from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorder import read_strip

from ringside.flow.capture import strip
from ringside.flow.capture.paint import blank, planes
from ringside.flow.capture.testcard import TestCard

START_NS = 1_795_366_286_017 * 10**6


def picture(width: int, height: int) -> av.VideoFrame:
    frame = blank(width, height)
    for plane in planes(frame):
        plane[:] = 90
    return frame


@given(ms=st.integers(0, 2**48 - 1), size=st.sampled_from([(1280, 720), (640, 360), (854, 480), (853, 481), (128, 72)]))
@settings(max_examples=60, deadline=None)
def test_what_is_drawn_is_read(ms: int, size: tuple[int, int]) -> None:
    frame = picture(*size)
    strip.draw(planes(frame), ms)
    assert read_strip(frame) == ms


def test_the_layout_is_the_one_laid_down() -> None:
    frame = picture(640, 360)
    strip.draw(planes(frame), 0x0123456789AB)
    y, u, v = planes(frame)
    cells = "".join("1" if level == 235 else "0" for level in y[359, 5::10])
    assert cells == "10101010" + f"{0x0123456789AB:048b}" + f"{strip.crc8(bytes.fromhex('0123456789ab')):08b}"
    assert set(np.unique(y[340:])) == {16, 235}
    assert (y[:340] == 90).all()
    assert (u[170:] == 128).all()
    assert (v[170:] == 128).all()


def test_the_crc_is_crc_8() -> None:
    assert strip.crc8(b"123456789") == 0xF4  # the check value of CRC-8 in the catalogues


@pytest.mark.parametrize("cell", range(64))
def test_a_wrong_cell_is_never_read_as_a_time(cell: int) -> None:
    frame = picture(640, 360)
    strip.draw(planes(frame), START_NS // 10**6)
    y = planes(frame)[0]
    y[340:, cell * 10 : cell * 10 + 10] = 251 - y[340:, cell * 10 : cell * 10 + 10]
    assert read_strip(frame) is None


def test_a_picture_without_a_strip_has_none() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (360, 640), np.uint8)
    assert strip.decode(noise) is None
    assert strip.decode(np.zeros((360, 640), np.uint8)) is None
    assert strip.decode(np.zeros((2, 2), np.uint8)) is None


@pytest.mark.parametrize("drawn_at", [(640, 360), (1280, 720)], ids=["drawn at 360p", "drawn at 720p and scaled"])
def test_every_picture_is_readable_after_x264_at_360p_and_400_kbps(drawn_at: tuple[int, int]) -> None:
    card = TestCard(*drawn_at, Fraction(30))
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.framerate = 640, 360, "yuv420p", Fraction(30)
    encoder.time_base, encoder.gop_size, encoder.bit_rate = Fraction(1, 30), 30, 400_000
    encoder.options = {
        "preset": "superfast", "tune": "zerolatency", "maxrate": "400000", "bufsize": "400000", "bf": "0",
    }  # fmt: skip
    decoder = av.CodecContext.create("h264", "r")
    seen, size = [], 0
    for k in range(120):
        frame = card.draw(START_NS + k * 33_333_333).reformat(640, 360, "yuv420p")
        frame.pts = k
        for packet in encoder.encode(frame):
            size += packet.size
            seen += [read_strip(decoded) for decoded in decoder.decode(av.Packet(bytes(packet)))]
    seen += [read_strip(decoded) for decoded in decoder.decode(None)]
    assert seen == [(START_NS + k * 33_333_333) // 10**6 for k in range(120)]
    assert size * 8 / 4 < 480_000
