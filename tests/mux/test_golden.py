"""The exact bytes of a header and of small chunks: a change here changes what every player is given."""

from mux_encoders import START_S

from ringside.core.media import Grid
from ringside.flow.mux import audio_track
from ringside.flow.mux.fragment import Sample, mark_last, write_chunk

VIDEO = Grid("video", 30_000, 1000)
INDEX = START_S * 30

STYP = "00000014 73747970 636d6673 00000000 636d6673"
PRFT = "00000020 70726674 01000018 00000001 eea80540 00000000 000030f9 ee1f0400"
MDAT = "00000010 6d646174 6b657969 6e746572"


def bytes_of(*lines: str) -> bytes:
    return bytes.fromhex("".join(lines))


def test_a_video_chunk_that_opens_a_segment() -> None:
    samples = [Sample(True, b"key"), Sample(False, b"inter")]
    assert write_chunk(VIDEO, INDEX, samples, opens_segment=True) == bytes_of(
        STYP,
        PRFT,
        "0000006c 6d6f6f66",
        "00000010 6d666864 00000000 89b5ca80",
        "00000054 74726166",
        "00000018 74666864 00020028 00000001 000003e8 01010000",
        "00000014 74666474 01000000 000030f9 ee1f0400",
        "00000020 7472756e 01000205 00000002 00000074 02000000 00000003 00000005",
        MDAT,
    )


def test_an_audio_chunk_in_the_middle_of_a_segment() -> None:
    chunk = write_chunk(Grid.audio(), 10, [Sample(True, b"abc")], opens_segment=False)
    assert chunk == bytes_of(
        "00000014 73747970 636d666c 00000000 636d666c",
        "00000020 70726674 01000018 00000001 83aa7e80 369d0368 00000000 00002800",
        "00000064 6d6f6f66",
        "00000010 6d666864 00000000 0000000a",
        "0000004c 74726166",
        "00000018 74666864 00020028 00000001 00000400 02000000",
        "00000014 74666474 01000000 00000000 00002800",
        "00000018 7472756e 01000201 00000001 0000006c 00000003",
        "0000000b 6d646174 616263",
    )


def test_the_last_chunk_differs_in_its_brand_alone() -> None:
    chunk = write_chunk(VIDEO, INDEX, [Sample(True, b"key"), Sample(False, b"inter")], opens_segment=True)
    assert mark_last(chunk) == bytes_of("00000018 73747970 636d6673 00000000 636d6673 6c6d7367") + chunk[20:]


def test_a_header_is_the_same_wherever_and_whenever_it_is_made() -> None:
    track = audio_track("a", bytes.fromhex("1190"), Grid.audio(), 2, 128_000, 160_000)
    assert track.init_name == "init-2e1a0f657fc6.mp4"
    assert len(track.init) == 605
