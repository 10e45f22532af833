"""FLV tags: H.264, AAC and the enhanced codecs are taken, everything else is refused by its name."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringside.core.rtmp.errors import Malformed, Refused
from ringside.flow.capture.coded.unit import Config, Unit
from ringside.flow.capture.rtmp import flv

MS = 1_000_000


def test_the_legacy_h264_tags_are_read() -> None:
    assert flv.video(b"\x17\0\0\0\0avcc") == Config("video", "h264", b"avcc")
    assert flv.video(b"\x17\1\0\0\x21nalu") == Unit("video", "h264", True, b"nalu", 33 * MS)
    assert flv.video(b"\x27\1\xff\xff\xfenalu") == Unit("video", "h264", False, b"nalu", -2 * MS)
    assert flv.video(b"\x17\2\0\0\0") is None


def test_the_legacy_aac_tags_are_read() -> None:
    assert flv.audio(b"\xaf\0\x11\x90") == Config("audio", "aac", b"\x11\x90")
    assert flv.audio(b"\xaf\1raw") == Unit("audio", "aac", True, b"raw")


@pytest.mark.parametrize(("fourcc", "codec"), flv.VIDEO_FOURCC.items())
def test_enhanced_video_is_read_by_its_four_characters(fourcc: bytes, codec: str) -> None:
    assert flv.video(b"\x90" + fourcc + b"conf") == Config("video", codec, b"conf")
    assert flv.video(b"\xa3" + fourcc + b"data") == Unit("video", codec, False, b"data")
    assert flv.video(b"\x93" + fourcc + b"data") == Unit("video", codec, True, b"data")
    assert flv.video(b"\x92" + fourcc) is None
    composition = codec in ("h264", "hevc")
    body = b"\x91" + fourcc + (b"\0\0\x05" if composition else b"") + b"data"
    assert flv.video(body) == Unit("video", codec, True, b"data", 5 * MS if composition else 0)


def test_enhanced_aac_is_read() -> None:
    assert flv.audio(b"\x90mp4a\x11\x90") == Config("audio", "aac", b"\x11\x90")
    assert flv.audio(b"\x91mp4araw") == Unit("audio", "aac", True, b"raw")
    assert flv.audio(b"\x94mp4a\1\2\0\0\0\3") is None


def test_a_modifier_moves_a_frame_by_nanoseconds() -> None:
    assert flv.video(b"\x97\x02\x00\x00\x64\x03hvc1x") == Unit("video", "hevc", True, b"x", 100)
    assert flv.audio(b"\x97\x02\x00\x01\x00\x01mp4ax") == Unit("audio", "aac", True, b"x", 256)
    long = b"\x97\xff\x01\x00" + bytes(257) + b"\x03hvc1x"
    assert flv.video(long) == Unit("video", "hevc", True, b"x", 0)


@pytest.mark.parametrize("body", [b"", b"\x57\0", b"\x94hvc1\x05", b"\xd1av01\0"])
def test_what_holds_no_picture_is_passed_over(body: bytes) -> None:
    assert flv.video(body) is None


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"\x12x", "Sorenson H.263 is not supported; send H.264"),
        (b"\x14x", "VP6 is not supported; send H.264"),
        (b"\x1cx", "H.265 in a legacy tag is not supported; send H.264"),
        (b"\x1fx", "Video codec 15 is not supported; send H.264"),
        (b"\x90vp08", "VP8 is not supported; send H.264"),
        (b"\x90zzzz", "'zzzz' is not supported; send H.264"),
        (b"\x90\0<\xff>", "003cff3e is not supported; send H.264"),
        (b"\x96\x01hvc1", "Multitrack video is not supported; send one track"),
        (b"\x95hvc1", "A sequence start in MPEG-2 TS form is not supported; send a codec configuration record"),
    ],
)
def test_video_that_is_not_taken_is_refused_by_name(body: bytes, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        flv.video(body)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"\x2fx", "MP3 is not supported; send AAC"),
        (b"\xbfx", "Speex is not supported; send AAC"),
        (b"\x3fx", "PCM is not supported; send AAC"),
        (b"\xcfx", "Audio codec 12 is not supported; send AAC"),
        (b"\x90Opus", "Opus is not supported; send AAC"),
        (b"\x95\x01mp4a", "Multitrack audio is not supported; send one track"),
    ],
)
def test_audio_that_is_not_taken_is_refused_by_name(body: bytes, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        flv.audio(body)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    "body", [b"\x17", b"\x17\1\0\0", b"\x90hvc", b"\x91hvc1\0", b"\x97", b"\x97\xff\0", b"\x97\x09a"]
)
def test_a_header_that_is_cut_off_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed, match="cut off"):
        flv.video(body)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=40))
def test_random_bytes_never_raise_anything_else(body: bytes) -> None:
    for parse in (flv.video, flv.audio):
        try:
            parse(body)
        except (Malformed, Refused):
            pass
