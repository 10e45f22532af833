"""Frames on the epoch's grid become chunks, cut where the timeline says and nowhere else."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
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


def test_a_missing_frame_closes_the_chunk_and_the_next_keeps_its_own_time(video: Encoded) -> None:
    frames = made_up(video, 0, 12, {0})
    segmenter = Segmenter(video.track, video.grid, TIMELINE)
    done = [chunk for frame in frames[:2] + frames[3:] for chunk in segmenter.push(frame)]
    shape = [((chunk.start_ticks - done[0].start_ticks) // 1000, chunk.duration_ticks // 1000) for chunk in done]
    assert shape == [(0, 2), (3, 3), (6, 6)]
    assert [(chunk.number - START_S // 2, chunk.part) for chunk in done] == [(0, 0), (0, 0), (0, 1)]
    assert segmenter.missing_frames == 1


def test_two_chunks_leave_in_one_call_when_a_part_of_one_frame_follows_a_gap(video: Encoded) -> None:
    frames = made_up(video, 0, 12, {0})
    segmenter = Segmenter(video.track, video.grid, TIMELINE)
    done = [segmenter.push(frame) for frame in frames[:2] + frames[5:6]]
    assert [len(chunks) for chunks in done] == [0, 0, 2]


def test_a_gap_over_a_segments_end_still_closes_it(video: Encoded) -> None:
    frames = made_up(video, 0, 70, {0, 60})
    segmenter = Segmenter(video.track, video.grid, TIMELINE)
    done = [chunk for frame in frames[:57] + frames[61:] for chunk in segmenter.push(frame)]
    assert [(chunk.number - START_S // 2, chunk.last) for chunk in done[-3:]] == [(0, False), (0, True), (1, False)]
    assert info_of(video, done[-1]).opens_segment


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
