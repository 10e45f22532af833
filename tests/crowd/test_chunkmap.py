"""Bytes of a segment, in whatever pieces and whoever brings them, say how far each viewer's buffer reaches."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_event import START_S, Event, audio, video

from ringside.core.boxes.box import box
from ringside.core.media import Chunk
from ringside.prove.crowd.player.chunkmap import ChunkMap, Shape
from ringside.prove.crowd.player.segments import Line, Segment

EVENT = Event()
NUMBER = START_S // 2
SEGMENT = Segment(NUMBER, 0, float(START_S), START_S + 2.0, "")


def chunks_of(name: str) -> list[Chunk]:
    return [chunk for _, chunk in EVENT.segments(name)[NUMBER]]


def shape_of(name: str, timescale: int) -> Shape:
    shape = Shape(Line(timescale))
    shape.learn(audio().init if name == "a" else video("v400").init)
    return shape


def truth(chunks: list[Chunk], timescale: int) -> list[tuple[int, float]]:
    """(bytes, media end) behind each chunk."""
    found, at = list[tuple[int, float]](), 0
    for chunk in chunks:
        at += len(chunk.data)
        found.append((at, (chunk.start_ticks + chunk.duration_ticks) / timescale))
    return found


@pytest.mark.parametrize(("name", "timescale"), [("v400", 30_000), ("a", 48_000)])
def test_a_count_of_bytes_says_how_far_the_buffer_reaches(name: str, timescale: int) -> None:
    chunks = chunks_of(name)
    assert len(chunks) == 10
    map = ChunkMap(SEGMENT, shape_of(name, timescale))
    map.feed(0, memoryview(b"".join(chunk.data for chunk in chunks)))
    assert list(zip(map.ends, map.times, strict=True)) == truth(chunks, timescale)
    assert map.end_s == map.times[-1]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 30_000)), max_size=60))
def test_whichever_viewer_is_ahead_the_map_is_the_same(steps: list[tuple[int, int]]) -> None:
    chunks = chunks_of("v400")
    data = b"".join(chunk.data for chunk in chunks)
    map = ChunkMap(SEGMENT, shape_of("v400", 30_000))
    at = [0, 0, 0]
    for viewer, size in [*steps, (0, len(data))]:
        piece = data[at[viewer] : at[viewer] + size]
        map.feed(at[viewer], memoryview(piece))
        at[viewer] += len(piece)
        assert map.seen == max(at)
    expected = truth(chunks, 30_000)
    assert list(zip(map.ends, map.times, strict=True)) == expected


def test_bytes_that_leave_a_gap_are_not_looked_at() -> None:
    map = ChunkMap(SEGMENT, shape_of("v400", 30_000))
    map.feed(1000, memoryview(b"x" * 5000))
    assert map.seen == 0
    assert not map.nominal


def test_prft_ties_media_to_the_moment_of_capture() -> None:
    shape = Shape(Line(30_000, pto_ticks=60_000, period_s=7.0))
    shape.learn(video("v400").init)
    segment = Segment(NUMBER, 0, START_S + 5.0, START_S + 7.0, "")
    map = ChunkMap(segment, shape)
    map.feed(0, memoryview(chunks_of("v400")[0].data))
    assert map.times[0] == pytest.approx(START_S + 5.2)  # media time START_S + 0.2, shown 5 s later
    assert shape.anchor_s == pytest.approx(-5.0)


@pytest.mark.parametrize("garbage", [b"<html>not found</html>" * 100, bytes(5000), box("moof", b"x" * 40) * 3])
def test_garbage_counts_whole_by_its_nominal_times(garbage: bytes) -> None:
    map = ChunkMap(SEGMENT, shape_of("v400", 30_000))
    map.feed(0, memoryview(garbage))
    assert not map.ends
    assert map.end_s == SEGMENT.end_s


def test_media_without_a_header_or_from_elsewhere_counts_whole_too() -> None:
    data = b"".join(chunk.data for chunk in chunks_of("v400"))
    unknown = ChunkMap(SEGMENT, Shape(Line()))
    unknown.feed(0, memoryview(data))
    assert unknown.nominal
    elsewhere = ChunkMap(Segment(1, 0, 0.0, 2.0, ""), shape_of("v400", 30_000))
    elsewhere.feed(0, memoryview(data))
    assert elsewhere.nominal
    assert elsewhere.end_s == 2.0


@settings(deadline=None)  # byte by byte takes as long as the machine is busy
@given(st.binary(max_size=300), st.integers(0, 200_000), st.integers(1, 4000))
def test_no_bytes_whatever_are_an_error(noise: bytes, at: int, size: int) -> None:
    data = bytearray(b"".join(chunk.data for chunk in chunks_of("v400")))
    data[at % len(data) : at % len(data) + len(noise)] = noise
    map = ChunkMap(SEGMENT, shape_of("v400", 30_000))
    for offset in range(0, len(data), size):
        map.feed(offset, memoryview(data)[offset : offset + size])
    assert len(map.ends) == len(map.times) <= 10
    assert map.ends == sorted(map.ends)
    assert map.times == sorted(map.times)
