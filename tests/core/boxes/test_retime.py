"""Moving real fragments along their timeline, judged by reading them back and by FFmpeg decoding them."""

import json
import subprocess
from collections.abc import Callable
from fractions import Fraction

import pytest
from box_streams import AAC, B_FRAMES, FRAMES, H264, PRFT, init_of, split
from hypothesis import given
from hypothesis import strategies as st

from ringside.core.boxes import BoxError, Init, Raw, Splitter, parse_chunk, parse_init, retime
from ringside.core.boxes.box import box, boxes, full_box, only, u32, u64
from ringside.core.boxes.moof import Tfhd, write_moof
from ringside.core.boxes.prft import Prft
from ringside.core.boxes.trun import Trun
from ringside.core.media import rescale

Make = Callable[[str], bytes]
NOW_S = 1_795_000_000
STREAMS = {"video": f"{B_FRAMES} {PRFT}", "frames": f"{H264} -g 25 {FRAMES}", "audio": f"{AAC} {FRAMES}"}


def in_version_0(chunk: bytes) -> bytes:
    """The chunk with its tfdt written in 32 bits, as encoders write it while time is short."""
    moof = next(found for found in boxes(chunk) if found.type == "moof")
    ticks = int.from_bytes(only(moof, "traf", "tfdt").body[4:], "big")
    old, new = full_box("tfdt", 1, 0, u64(ticks)), full_box("tfdt", 0, 0, u32(ticks))
    assert chunk.count(old) == 1
    out = bytearray(chunk.replace(old, new))
    for type, field in (("moof", -4), ("traf", -4), ("trun", 12)):
        at = out.index(type.encode()) + field
        value = int.from_bytes(out[at : at + 4], "big") - 4
        out[at : at + 4] = value.to_bytes(4, "big")
    return bytes(out)


@pytest.mark.peer
@pytest.mark.parametrize("options", STREAMS.values(), ids=STREAMS)
@pytest.mark.parametrize("narrow", [False, True], ids=["v1", "v0"])
def test_a_foreign_stream_moved_to_the_epoch_says_so_and_still_decodes(
    ffmpeg: Make, options: str, narrow: bool
) -> None:
    data = ffmpeg(options)
    header, chunks = split(data)
    chunks = [in_version_0(chunk) for chunk in chunks] if narrow else chunks
    delta = NOW_S * header.timescale
    moved = [retime(chunk, delta) for chunk in chunks]
    for before, after in zip(chunks, moved, strict=True):
        old, new = parse_chunk(before, header), parse_chunk(after, header)
        assert new.start_ticks == old.start_ticks + delta
        assert (new.sizes, new.durations, new.flags, new.offsets) == (old.sizes, old.durations, old.flags, old.offsets)
        assert after.endswith(next(before[b.start : b.end] for b in boxes(before) if b.type == "mdat"))
        if old.prft and new.prft:
            assert new.prft == (old.prft[0], old.prft[1] + delta)
    decodes(init_of(data) + b"".join(moved), NOW_S)


def decodes(data: bytes, start_s: int) -> None:
    """FFmpeg reads every frame without a complaint, and the first at `start_s`."""
    command = "ffmpeg -v warning -xerror -i pipe:0 -f null -"
    judged = subprocess.run(command.split(), input=data, capture_output=True, check=False)
    assert (judged.returncode, judged.stderr) == (0, b"")
    command = "ffprobe -v error -show_packets -of json -read_intervals %+#1 -ignore_editlist 1 -i pipe:0"
    shown = subprocess.run(command.split(), input=data, check=True, capture_output=True).stdout
    assert abs(Fraction(json.loads(shown)["packets"][0]["dts_time"]) - start_s) < Fraction(1, 10)


@pytest.mark.peer
@pytest.mark.parametrize("options", STREAMS.values(), ids=STREAMS)
def test_there_and_back_is_the_same_chunk_but_for_the_sidx(ffmpeg: Make, options: str) -> None:
    _, chunks = split(ffmpeg(options))
    for chunk in chunks:
        wide = retime(chunk, 1 << 40)
        assert retime(retime(wide, 12345), -12345) == wide


def a_chunk(*ahead: bytes) -> bytes:
    return b"".join(ahead) + write_moof(1, Tfhd(1, 1000, 4, 0), 5000, Trun(2)) + box("mdat", bytes(8))


def test_an_event_message_moves_with_the_media() -> None:
    emsg = full_box("emsg", 1, 0, u32(1000), u64(7_000), u32(0), u32(1), b"urn:x\0\0", b"hello")
    moved = retime(a_chunk(emsg), 30_000 * 9, timescale=30_000)
    found = next(boxes(moved))
    assert int.from_bytes(found.body[8:16], "big") == 7_000 + 9_000
    assert bytes(found.body).endswith(b"hello")


def test_an_index_that_would_lie_is_left_out() -> None:
    assert [b.type for b in boxes(retime(a_chunk(box("sidx", bytes(24))), 5))] == ["moof", "mdat"]


def test_time_before_zero_is_refused() -> None:
    with pytest.raises(BoxError, match="tfdt cannot be moved to -1 ticks"):
        retime(a_chunk(), -5001)


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**62), st.sampled_from([1000, 30_000, 48_000]))
def test_reference_time_keeps_its_instant(ticks: int, delta: int, timescale: int) -> None:
    instant = rescale(ticks, timescale, 10**9)
    moved = retime(a_chunk(Prft(1, instant, ticks).to_bytes()), delta)
    assert Prft.from_box(next(boxes(moved))) == Prft(1, instant, ticks + delta)


@pytest.mark.peer
def test_what_the_splitter_gives_is_what_retime_takes(ffmpeg: Make) -> None:
    splitter = Splitter()
    units = splitter.feed(ffmpeg(STREAMS["audio"]))
    init = next(unit for unit in units if isinstance(unit, Init))
    chunks = [unit for unit in units if isinstance(unit, Raw)]
    header = parse_init(init.data)
    starts = [parse_chunk(retime(chunk.data, 1024 * 10**9), header).start_ticks for chunk in chunks]
    assert starts == [1024 * (10**9 + n) for n in range(len(chunks))]
