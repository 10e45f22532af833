"""CMAF chunks as FFmpeg writes them, read by us and by ffprobe."""

import json
import subprocess
from collections.abc import Callable
from contextlib import suppress

import pytest
from box_streams import AAC, B_FRAMES, CMAF, FRAMES, H264, OFFSETS_FROM_ZERO, PRFT, split
from hypothesis import given, settings
from hypothesis import strategies as st

from ringside.core.boxes import BoxError, ChunkInfo, parse_chunk
from ringside.core.boxes.box import box, boxes

Make = Callable[[str], bytes]

pytestmark = pytest.mark.peer


def parsed(data: bytes) -> list[ChunkInfo]:
    header, chunks = split(data)
    return [parse_chunk(chunk, header) for chunk in chunks]


def packets(data: bytes) -> list[dict[str, str]]:
    """What ffprobe sees in the same bytes."""
    command = "ffprobe -loglevel error -show_packets -of json -ignore_editlist 1 -i pipe:0"
    shown = subprocess.run(command.split(), input=data, check=True, capture_output=True).stdout
    return json.loads(shown)["packets"]


STREAMS = (
    f"{H264} {CMAF}",
    f"{H264} {FRAMES}",
    f"{B_FRAMES} {CMAF}",
    f"{B_FRAMES} {OFFSETS_FROM_ZERO}",
    f"{AAC} {CMAF}",
    f"{AAC} {FRAMES}",
)


@pytest.mark.parametrize("options", STREAMS)
def test_every_sample_is_where_ffprobe_sees_it(ffmpeg: Make, options: str) -> None:
    data = ffmpeg(options)
    ours = []
    for info in parsed(data):
        at = info.start_ticks
        for duration, size, flags, offset in zip(info.durations, info.sizes, info.flags, info.offsets, strict=True):
            ours.append((at, at + offset, size, not flags & 0x10000))
            at += duration
        assert info.duration_ticks == at - info.start_ticks
    theirs = [(int(p["dts"]), int(p["pts"]), int(p["size"]), p["flags"].startswith("K")) for p in packets(data)]
    shift = theirs[0][1] - ours[0][1]  # ffprobe moves all of a track up when one offset is negative
    assert ours == [(dts, pts - shift, size, key) for dts, pts, size, key in theirs]


def test_a_chunk_that_starts_on_a_sync_sample_is_independent(ffmpeg: Make) -> None:
    infos = parsed(ffmpeg(f"{H264} -g 25 {FRAMES}"))
    assert [n for n, info in enumerate(infos) if info.independent] == [0, 25]


def test_the_earliest_presentation_may_lie_behind_the_first_decode(ffmpeg: Make) -> None:
    data = ffmpeg(f"{B_FRAMES} {OFFSETS_FROM_ZERO}")
    first = parsed(data)[0]
    assert min(int(p["pts"]) for p in packets(data)) == first.presentation_ticks > first.start_ticks


def test_the_producers_reference_time_is_read(ffmpeg: Make) -> None:
    infos = parsed(ffmpeg(f"{H264} -g 25 {PRFT}"))
    assert len(infos) == 2
    for info in infos:
        assert info.prft is not None
        unix_ns, media_ticks = info.prft
        assert 1_700_000_000 < unix_ns / 1e9 < 4_000_000_000
        assert media_ticks == info.presentation_ticks


def damaged(chunk: bytes, old: bytes, new: bytes) -> bytes:
    assert chunk.count(old) == 1
    return chunk.replace(old, new)


def test_contradictions_are_refused_in_a_sentence(ffmpeg: Make) -> None:
    header, (chunk, *_) = split(ffmpeg(f"{H264} -g 25 {CMAF}"))
    found = {b.type: chunk[b.start : b.end] for b in boxes(chunk)}
    moof, mdat = found["moof"], found["mdat"]
    cases = {
        "the chunk has no mdat": moof,
        "the chunk has no moof": mdat,
        "two moof boxes in one chunk": moof + moof + mdat,
        "1 bytes more than the mdat holds": moof + box("mdat", mdat[8:-1]),
        "8 bytes before the mdat's contents": moof + box("free") + mdat,
        "moof has 0 mfhd boxes": damaged(moof, b"mfhd", b"free") + mdat,
        "traf has 0 tfdt boxes": damaged(moof, b"tfdt", b"free") + mdat,
        "the chunk has no samples": damaged(moof, b"trun", b"free") + mdat,
        "0 tracks in one moof": damaged(moof, b"traf", b"free") + mdat,
    }
    for sentence, data in cases.items():
        with pytest.raises(BoxError, match=sentence):
            parse_chunk(data, header)


def test_a_chunk_of_another_track_is_refused(ffmpeg: Make) -> None:
    header, (chunk, *_) = split(ffmpeg(f"{AAC} {CMAF}"))
    at = chunk.index(b"tfhd") + 8
    moved = chunk[:at] + (7).to_bytes(4, "big") + chunk[at + 4 :]
    with pytest.raises(BoxError, match="the chunk is of track 7, its header of track 1"):
        parse_chunk(moved, header)


@pytest.mark.parametrize("options", [f"{B_FRAMES} {PRFT}", f"{AAC} {FRAMES}"], ids=["video", "audio"])
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_damaged_chunk_is_read_or_refused_but_never_crashes(ffmpeg: Make, options: str, data: st.DataObject) -> None:
    header, (chunk, *_) = split(ffmpeg(options))
    broken = bytearray(chunk[:2000])
    for _ in range(data.draw(st.integers(1, 6))):
        broken[data.draw(st.integers(0, min(len(broken), 600) - 1))] = data.draw(st.integers(0, 255))
    with suppress(BoxError):
        assert parse_chunk(bytes(broken) + chunk[2000:], header).sample_count > 0
