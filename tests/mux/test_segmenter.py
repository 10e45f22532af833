"""Frames on the epoch's grid become chunks, cut where the timeline says and nowhere else."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mux_encoders import START_S, TIMELINE, Encoded, encode_video

from ringside.core.boxes import ChunkInfo, parse_chunk, parse_init
from ringside.core.media import Chunk, Frame, Grid, Timeline
from ringside.flow.mux import Segmenter

PICTURE = b"\0\0\0\1\x41picture"
KEY_PICTURE = b"\0\0\0\1\x65picture"


def chunks_of(encoded: Encoded, frames: list[Frame] | None = None, frames_per_chunk: int = 0) -> list[Chunk]:
    segmenter = Segmenter(encoded.track, encoded.grid, TIMELINE, frames_per_chunk)
    return [chunk for frame in frames or encoded.frames for chunk in segmenter.push(frame)]


def info_of(encoded: Encoded, chunk: Chunk) -> ChunkInfo:
    return parse_chunk(chunk.data, parse_init(encoded.track.init))


def made_up(encoded: Encoded, first: int, count: int, keys: set[int]) -> list[Frame]:
    """Frames from offset `first` of the first segment, with key frames at the given offsets."""
    start = TIMELINE.first_frame(encoded.grid, START_S // 2)
    return [
        Frame(encoded.track.name, start + n, n in keys, KEY_PICTURE if n in keys else PICTURE, encoded_ns=n)
        for n in range(first, first + count)
    ]


@pytest.mark.parametrize("kind", ["video", "audio"])
def test_the_call_that_brings_a_parts_last_frame_returns_its_chunk(kind: str, request: pytest.FixtureRequest) -> None:
    encoded: Encoded = request.getfixturevalue(kind)
    segmenter = Segmenter(encoded.track, encoded.grid, TIMELINE)
    for frame in encoded.frames:
        place = TIMELINE.place(encoded.grid, frame.index)
        done = segmenter.push(frame)
        assert len(done) == place.last_in_part
        for chunk in done:
            assert (chunk.number, chunk.part, chunk.last) == (place.number, place.part, place.last_in_segment)


@pytest.mark.parametrize("kind", ["video", "audio"])
@pytest.mark.parametrize("frames_per_chunk", [0, 1, 4])
def test_the_bytes_say_what_the_chunk_says(kind: str, frames_per_chunk: int, request: pytest.FixtureRequest) -> None:
    encoded: Encoded = request.getfixturevalue(kind)
    chunks = chunks_of(encoded, frames_per_chunk=frames_per_chunk)
    opened = set()
    for chunk in chunks:
        info = info_of(encoded, chunk)
        assert (info.start_ticks, info.duration_ticks) == (chunk.start_ticks, chunk.duration_ticks)
        assert info.independent == chunk.independent
        assert info.prft == (encoded.grid.start_ns(chunk.start_ticks // encoded.grid.frame_ticks), chunk.start_ticks)
        assert info.opens_segment == (chunk.number not in opened)
        opened.add(chunk.number)
    for before, after in pairwise(chunks):
        assert after.start_ticks == before.start_ticks + before.duration_ticks
    waiting = len(encoded.frames) - sum(info_of(encoded, chunk).sample_count for chunk in chunks)
    assert 0 <= waiting < TIMELINE.frames_per_part(encoded.grid)


@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30000, 1001), Fraction(50), Fraction(60)])
def test_key_frames_stand_where_chunks_may_be_entered(fps: Fraction) -> None:
    encoded = encode_video(fps, seconds=4.2)
    chunks = chunks_of(encoded)
    for chunk in chunks:
        if chunk.part == 0:
            assert chunk.independent
    whole = [chunk for chunk in chunks if chunk.number == chunks[0].number + 1]
    assert sum(chunk.duration_ticks for chunk in whole) == pytest.approx(2 * encoded.grid.timescale, rel=0.02)
    assert whole[-1].last


def test_a_key_frame_in_the_middle_of_a_chunk_is_marked_there(video: Encoded) -> None:
    (chunk,) = chunks_of(video, made_up(video, 0, 6, {0, 3}))
    flags = info_of(video, chunk).flags
    assert [n for n, flag in enumerate(flags) if not flag & 0x10000] == [0, 3]


def test_nothing_is_sent_before_the_first_key_frame(video: Encoded) -> None:
    segmenter = Segmenter(video.track, video.grid, TIMELINE)
    done = [chunk for frame in made_up(video, 3, 20, {8}) for chunk in segmenter.push(frame)]
    assert segmenter.dropped_frames == 5
    assert repr(segmenter).endswith(" 5 dropped>")
    first = info_of(video, done[0])
    assert first.start_ticks == made_up(video, 8, 1, set())[0].index * video.grid.frame_ticks
    assert (first.independent, first.opens_segment, done[0].part) == (True, True, 1)


def shape(video: Encoded, done: list[Chunk]) -> list[tuple[int, int, int]]:
    """(start, duration, samples) of each chunk, in frames from the first one's start."""
    first, ticks = done[0].start_ticks, video.grid.frame_ticks
    counts = [info_of(video, chunk).sample_count for chunk in done]
    rows = zip(done, counts, strict=True)
    return [((c.start_ticks - first) // ticks, c.duration_ticks // ticks, count) for c, count in rows]


def pushed(video: Encoded, frames: list[Frame]) -> list[Chunk]:
    segmenter = Segmenter(video.track, video.grid, TIMELINE)
    return [chunk for frame in frames for chunk in segmenter.push(frame)]


def test_the_frame_before_a_missing_one_stays_on_for_it(video: Encoded) -> None:
    frames = made_up(video, 0, 12, {0})
    done = pushed(video, frames[:2] + frames[3:])
    assert shape(video, done) == [(0, 6, 5), (6, 6, 6)]
    assert info_of(video, done[0]).durations == (1000, 2000, 1000, 1000, 1000)


def test_a_part_whose_last_frame_is_missing_ends_on_time_once_the_next_one_comes(video: Encoded) -> None:
    frames = made_up(video, 0, 12, {0})
    assert shape(video, pushed(video, frames[:5] + frames[6:])) == [(0, 6, 5), (6, 6, 6)]


def test_a_part_whose_first_frames_are_missing_begins_early_with_the_next(video: Encoded) -> None:
    frames = made_up(video, 0, 12, {0})
    done = pushed(video, frames[:4] + frames[8:])
    assert shape(video, done) == [(0, 6, 4), (6, 6, 4)]
    assert info_of(video, done[1]).durations == (3000, 1000, 1000, 1000)


def test_whole_parts_that_are_missing_are_left_out(video: Encoded) -> None:
    frames = made_up(video, 0, 30, {0})
    done = pushed(video, frames[:8] + frames[20:])
    assert shape(video, done) == [(0, 6, 6), (6, 6, 2), (18, 6, 4), (24, 6, 6)]
    assert [chunk.part for chunk in done] == [0, 1, 3, 4]


def test_a_hole_over_a_segments_end_still_closes_it_and_the_next_begins_with_a_key_frame(video: Encoded) -> None:
    frames = made_up(video, 0, 72, {0, 61})
    done = pushed(video, frames[:57] + frames[61:])
    assert [(chunk.number - START_S // 2, chunk.part, chunk.last) for chunk in done[-3:]] == [
        (0, 9, True), (1, 0, False), (1, 1, False),
    ]  # fmt: skip
    opening = info_of(video, done[-2])
    assert (opening.opens_segment, opening.independent) == (True, True)
    assert opening.start_ticks == done[-3].start_ticks + done[-3].duration_ticks


@given(st.sets(st.integers(1, 118)))
def test_no_hole_is_left_between_chunks_of_neighbouring_parts(video: Encoded, missing: set[int]) -> None:
    done = pushed(video, [f for n, f in enumerate(made_up(video, 0, 120, {0, 60})) if n not in missing])
    for before, after in pairwise(done):
        same = (before.number, before.part + 1) == (after.number, after.part) or (before.last and after.part == 0)
        if same and after.number - before.number <= 1:
            assert before.start_ticks + before.duration_ticks == after.start_ticks


def test_a_frame_that_is_late_or_comes_twice_is_dropped(video: Encoded) -> None:
    frames = made_up(video, 0, 6, {0})
    segmenter = Segmenter(video.track, video.grid, TIMELINE)
    shuffled = [frames[n] for n in (0, 1, 1, 2, 0, 3, 4, 5)]
    (chunk,) = [chunk for frame in shuffled for chunk in segmenter.push(frame)]
    assert info_of(video, chunk).sample_count == 6
    assert segmenter.dropped_frames == 2


def test_the_end_marks_the_chunk_in_the_making(video: Encoded) -> None:
    segmenter = Segmenter(video.track, video.grid, TIMELINE)
    for frame in made_up(video, 0, 8, {0}):
        segmenter.push(frame)
    (chunk,) = segmenter.end()
    info = info_of(video, chunk)
    assert (info.ends_stream, info.sample_count, chunk.part, chunk.last) == (True, 2, 1, True)


def test_the_end_repeats_the_newest_chunk_when_nothing_is_in_the_making(video: Encoded) -> None:
    segmenter = Segmenter(video.track, video.grid, TIMELINE)
    (newest,) = [chunk for frame in made_up(video, 0, 6, {0}) for chunk in segmenter.push(frame)]
    (chunk,) = segmenter.end()
    before, after = info_of(video, newest), info_of(video, chunk)
    assert after == replace(before, brands=("cmfs", "lmsg"))
    assert (chunk.number, chunk.part) == (newest.number, newest.part)


@pytest.mark.parametrize("frames_per_chunk", [0, 1, 4])
@pytest.mark.parametrize("before", [0, 1, 5, 6, 59])
def test_with_the_end_foretold_the_next_frame_is_the_last_and_its_chunk_is_marked(
    video: Encoded, before: int, frames_per_chunk: int
) -> None:
    segmenter = Segmenter(video.track, video.grid, TIMELINE, frames_per_chunk)
    frames = made_up(video, 0, before + 3, {0})
    told = [chunk for frame in frames[:before] for chunk in segmenter.push(frame)]
    segmenter.finish()
    assert not segmenter.ended
    last = segmenter.push(frames[before])[-1]
    assert segmenter.ended
    assert (info_of(video, last).ends_stream, last.last) == (True, True)
    assert sum(info_of(video, chunk).sample_count for chunk in (*told, last)) == before + 1
    assert not any(info_of(video, chunk).ends_stream for chunk in told)
    assert [segmenter.push(frame) for frame in frames[before + 1 :]] == [[], []]
    assert segmenter.end() == []
    assert segmenter.dropped_frames == 0


def test_an_event_without_a_frame_ends_without_a_chunk(video: Encoded) -> None:
    assert Segmenter(video.track, video.grid, TIMELINE).end() == []


@pytest.mark.parametrize("frames_per_chunk", [0, 1, 4])
def test_two_encoders_started_at_different_moments_make_the_same_bytes(video: Encoded, frames_per_chunk: int) -> None:
    frames = made_up(video, 0, 200, {0, 30, 60, 90, 120, 150, 180})
    early = {(c.number, c.part, c.start_ticks): c.data for c in chunks_of(video, frames, frames_per_chunk)}
    late = {(c.number, c.part, c.start_ticks): c.data for c in chunks_of(video, frames[31:], frames_per_chunk)}
    assert len(late) > 20
    assert all(early[key] == data for key, data in late.items() if key[0] != min(late)[0])
    assert len({key for key in late if key[0] != min(late)[0]}) > 10


def test_small_chunks_never_cross_their_part(video: Encoded) -> None:
    chunks = chunks_of(video, made_up(video, 0, 60, {0}), frames_per_chunk=4)
    assert [chunk.duration_ticks // 1000 for chunk in chunks] == [4, 2] * 10
    assert [chunk.part for chunk in chunks] == [n for n in range(10) for _ in range(2)]


def test_the_time_of_encoding_is_that_of_the_last_frame(video: Encoded) -> None:
    (first, _) = chunks_of(video, made_up(video, 0, 12, {0}))
    assert first.encoded_ns == 5


def test_other_segment_lengths_are_kept_to(audio: Encoded) -> None:
    timeline = Timeline(Fraction(4), Fraction(1, 2))
    segmenter = Segmenter(audio.track, Grid.audio(), timeline)
    chunks = [chunk for frame in audio.frames for chunk in segmenter.push(frame)]
    assert {chunk.part for chunk in chunks} >= set(range(7))
    assert all(chunk.duration_ticks <= timeline.longest_part_s(Grid.audio()) * 48_000 for chunk in chunks)
