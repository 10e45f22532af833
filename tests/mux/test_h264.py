"""Annex B into samples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mux_encoders import Encoded

from ringside.core.boxes import BoxError
from ringside.core.boxes.sps import Sps
from ringside.flow.mux import h264

SLICE, IDR = b"\x41slice", b"\x65idr"
ADVERT = bytes([6, 5, 17]) + b"x264 - an advert." + b"\x80"
CAPTION = bytes([6, 4, 3]) + b"GA9" + b"\x80"
BOTH = bytes([6, 5, 3]) + b"ads" + bytes([4, 3]) + b"GA9" + b"\x80"


def annex_b(*units: bytes) -> bytes:
    return b"".join((b"\0\0\0\1" if n == 0 else b"\0\0\1") + unit for n, unit in enumerate(units))


def prefixed(*units: bytes) -> bytes:
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)


@given(st.lists(st.binary(min_size=1).map(lambda b: b.replace(b"\0", b"\1")), min_size=1), st.integers(0, 3))
def test_units_are_found_whatever_their_start_codes(units: list[bytes], zeros: int) -> None:
    data = b"".join(bytes(zeros) + b"\0\0\1" + unit for unit in units)
    assert h264.nal_units(data) == units


@pytest.mark.parametrize(
    ("units", "kept"),
    [
        ((b"\x09\xf0", b"\x67sps", b"\x68pps", ADVERT, IDR), (IDR,)),
        ((CAPTION, SLICE), (CAPTION, SLICE)),
        ((BOTH, SLICE), (BOTH, SLICE)),
        ((SLICE, SLICE, b"\x0c\xff\xff\x80"), (SLICE, SLICE)),
    ],
)
def test_what_the_header_holds_or_nobody_needs_is_left_out(units: tuple[bytes, ...], kept: tuple[bytes, ...]) -> None:
    assert h264.sample(annex_b(*units)) == prefixed(*kept)


@pytest.mark.parametrize("data", [b"", b"\0\0\0\5\x65idr", b"\x65\0\0\1\x65"])
def test_what_is_not_annex_b_is_refused(data: bytes) -> None:
    with pytest.raises(BoxError, match="does not begin with a start code"):
        h264.sample(data)


def test_a_frame_without_a_picture_is_refused() -> None:
    with pytest.raises(BoxError, match="no picture"):
        h264.sample(annex_b(b"\x09\xf0", ADVERT))


@given(st.binary(max_size=200))
def test_any_sei_is_judged_without_a_crash(payload: bytes) -> None:
    unit = b"\x06" + payload.replace(b"\0\0\1", b"\0\1").rstrip(b"\0") + b"\x80"
    assert h264.sample(annex_b(unit, IDR)).endswith(prefixed(IDR))


def test_x264s_own_frames_lose_nothing_but_the_advert(video: Encoded) -> None:
    for frame in video.frames[:40]:
        pictures = [unit for unit in h264.nal_units(frame.data) if unit[0] & 0x1F in (1, 5)]
        assert h264.sample(frame.data) == prefixed(*pictures)


@given(st.binary(max_size=60))
def test_any_parameter_set_is_read_or_refused(data: bytes) -> None:
    try:
        sps = Sps.from_nal(b"\x67" + data)
    except BoxError as error:
        sentence = str(error)
        assert "H.264 sequence parameter set" in sentence
    else:
        assert sps.profile == data[0]
