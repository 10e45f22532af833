"""The window of one track: parts, gaps, sessions, discontinuities. Chunks of nothing, no time at all."""

import itertools
from dataclasses import replace
from fractions import Fraction

import pytest
from origin_kit import AUDIO, EVEN, TIMELINE, VIDEO, chunks, track_of

from ringside.core.media import Chunk, Grid, View
from ringside.flow.origin.changes import Began, Change, Dropped, Finished, Grew, Parted
from ringside.flow.origin.window import Rules, Window


def window_on(grid: Grid) -> Window:
    limit = int(TIMELINE.longest_part_s(grid) * grid.timescale) + 1
    window = Window(Rules(limit, grid.frame_ticks // 2 + 1, lambda n: TIMELINE.first_frame(grid, n) * grid.frame_ticks))
    window.begin_session("init-1.mp4")
    return window


def fed(window: Window, some: list[Chunk], session: int = 1) -> list[Change]:
    return [change for chunk in some for change in window.add(chunk, session)]


def shown(window: Window, grid: Grid = VIDEO) -> View:
    return window.view(track_of("v", grid), 2, 0.21334, False)


def parts_of(window: Window) -> list[tuple[int, str]]:
    """(number, its parts as letters: m media, i independent media, g gap) of each segment shown."""
    letter = {(True, False): "g", (False, True): "i", (False, False): "m"}
    return [
        (segment.number - EVEN, "".join(letter[part.gap, part.independent] for part in segment.parts))
        for segment in shown(window).segments
    ]


def dropped(changes: list[Change]) -> list[str]:
    return [change.reason for change in changes if isinstance(change, Dropped)]


def assert_no_hole(window: Window) -> None:
    segments = shown(window).segments
    for before, after in itertools.pairwise(segments):
        assert after.number == before.number + 1
        assert after.discontinuity or after.start_ticks == before.start_ticks + before.duration_ticks
    for segment in segments:
        at = segment.start_ticks
        for index, part in enumerate(segment.parts):
            assert (part.index, part.start_ticks) == (index, at)
            assert part.duration_ticks <= window.rules.limit_ticks
            at += part.duration_ticks


def assert_no_short_part(window: Window) -> None:
    """All but the last of a segment are at least 85 % as long as a part may be (rfc8216bis §4.4.3.7)."""
    for segment in shown(window).segments:
        for part in segment.parts[:-1]:
            assert part.duration_ticks >= 0.85 * (window.rules.limit_ticks - 1), segment.parts


def test_a_chunk_of_our_studio_is_a_part_at_once() -> None:
    window = window_on(VIDEO)
    first, second = chunks("v", VIDEO, (EVEN, 0), 2)
    assert [type(c) for c in window.add(first, 1)] == [Began, Grew, Parted]
    assert [type(c) for c in window.add(second, 1)] == [Grew, Parted]
    assert window.next == (EVEN, 2)
    assert shown(window).segments[0].parts[1].offset == len(first.data)


def test_the_last_part_of_a_segment_closes_it_and_the_next_is_known() -> None:
    for grid in (VIDEO, AUDIO, Grid.video(Fraction(30000, 1001)), Grid.video(Fraction(25))):
        window = window_on(grid)
        for chunk in chunks("v", grid, (EVEN, 0), 35):
            number, part = window.next
            assert (number, part) in ((-1 + 1, 0), (chunk.number, chunk.part))
            changes = window.add(chunk, 1)
            assert any(isinstance(c, Finished) for c in changes) == chunk.last
            assert window.next == ((chunk.number + 1, 0) if chunk.last else (chunk.number, chunk.part + 1))
        assert_no_hole(window)


def test_small_chunks_are_gathered_into_parts_of_the_part_target() -> None:
    window = window_on(VIDEO)
    start = EVEN * 2 * VIDEO.timescale
    frames = [
        Chunk("v", EVEN, 0, start + i * 1000, 1000, i == 0, i == 59, b"%02d" % i) for i in range(60)
    ]  # a frame each
    changes = fed(window, frames)
    parts = [c.part for c in changes if isinstance(c, Parted)]
    assert [part.duration_ticks for part in parts] == [6000] * 10
    assert [part.offset for part in parts] == [12 * i for i in range(10)]
    assert isinstance(changes[-1], Finished)


def test_a_part_never_exceeds_the_limit_when_chunks_vary() -> None:
    window = window_on(VIDEO)
    at = EVEN * 2 * VIDEO.timescale
    lengths = [4000, 4000, 1000, 6000, 3000, 2000, 2000]
    for i, length in enumerate(lengths):
        window.add(Chunk("v", EVEN, 0, at, length, i == 0, False, b"x"), 1)
        at += length
    window.close()
    assert [part.duration_ticks for part in shown(window).segments[0].parts] == [4000, 4000, 1000, 6000, 5000, 2000]


def test_a_fresh_window_starts_in_the_middle_of_a_segment_but_on_an_independent_chunk() -> None:
    window = window_on(VIDEO)
    changes = fed(window, chunks("v", VIDEO, (EVEN, 3), 9))
    assert dropped(changes) == ["not independent"] * 2
    assert parts_of(window) == [(0, "immmm"), (1, "im")]
    assert shown(window).segments[0].duration_ticks == VIDEO.timescale
    assert_no_hole(window)


def test_numbers_that_are_absent_after_a_restart_are_listed_as_gaps() -> None:
    window = window_on(VIDEO)
    fed(window, chunks("v", VIDEO, (EVEN, 0), 4))
    window.begin_session("init-1.mp4")
    fed(window, chunks("v", VIDEO, (EVEN + 3, 0), 2), session=2)
    assert parts_of(window) == [(0, "immmgggggg"), (1, ""), (2, ""), (3, "im")]
    assert [segment.gap for segment in shown(window).segments] == [False, True, True, False]
    assert not any(segment.discontinuity for segment in shown(window).segments)
    assert_no_hole(window)


def test_a_new_session_with_the_same_header_goes_on_at_its_first_independent_chunk() -> None:
    window = window_on(VIDEO)
    fed(window, chunks("v", VIDEO, (EVEN, 0), 3))
    window.begin_session("init-1.mp4")
    changes = fed(window, chunks("v", VIDEO, (EVEN, 4), 7), session=2)
    assert dropped(changes) == ["before the next segment"]
    assert parts_of(window) == [(0, "immggimmmm"), (1, "i")]
    assert_no_hole(window)


def test_a_new_session_with_another_header_waits_for_the_next_segment_where_there_is_media_already() -> None:
    window = window_on(VIDEO)
    fed(window, chunks("v", VIDEO, (EVEN, 0), 3))
    window.begin_session("init-2.mp4")
    changes = fed(window, chunks("v", VIDEO, (EVEN, 5), 6), session=2)
    assert dropped(changes) == ["before the next segment"] * 5
    assert parts_of(window) == [(0, "immggggggg"), (1, "i")]
    assert_no_hole(window)


def test_a_new_session_in_a_segment_without_media_starts_at_once_behind_a_gap() -> None:
    window = window_on(VIDEO)
    fed(window, chunks("v", VIDEO, (EVEN, 0), 10))
    window.begin_session("init-1.mp4")
    changes = fed(window, chunks("v", VIDEO, (EVEN + 1, 4), 7), session=2)
    assert dropped(changes) == ["not independent"]
    assert parts_of(window)[1:] == [(1, "gggggimmmm"), (2, "i")]
    assert_no_hole(window)


def test_after_lost_chunks_media_resumes_at_an_independent_one() -> None:
    window = window_on(VIDEO)
    every = chunks("v", VIDEO, (EVEN, 0), 10)
    changes = fed(window, [*every[:2], *every[4:]])
    assert dropped(changes) == ["not independent"]
    assert parts_of(window) == [(0, "imgggimmmm")]
    assert_no_hole(window)


def test_an_encoder_that_leaves_frames_out_leaves_no_part_out() -> None:
    window = window_on(VIDEO)
    thinned = [
        replace(c, start_ticks=c.start_ticks + 5000, duration_ticks=1000) if 3 <= i < 25 else c
        for i, c in enumerate(chunks("v", VIDEO, (EVEN, 0), 30))
    ]  # the last frame of each part only, as an encoder does that has fallen behind
    assert dropped(fed(window, thinned)) == []
    assert parts_of(window) == [(n, "immmmimmmm") for n in range(3)]
    assert {part.duration_ticks for segment in shown(window).segments for part in segment.parts} == {6000}
    assert_no_hole(window)


@pytest.mark.parametrize("parts", range(1, 5))
@pytest.mark.parametrize("frames", range(6))
def test_no_part_is_short_behind_a_hole_of_any_length(parts: int, frames: int) -> None:
    window = window_on(VIDEO)
    all_of_it = chunks("v", VIDEO, (EVEN, 0), 20)
    late = all_of_it[1 + parts]
    passed_over = frames * VIDEO.frame_ticks
    owed = replace(
        late,
        start_ticks=late.start_ticks + passed_over,
        duration_ticks=late.duration_ticks - passed_over,
        independent=True,  # the key frame that is owed for one that was passed over
    )
    fed(window, [all_of_it[0], owed, *all_of_it[2 + parts :]])
    assert_no_hole(window)
    assert_no_short_part(window)


@pytest.mark.parametrize("frames", range(1, 30))
def test_filling_makes_no_short_part(frames: int) -> None:
    window = window_on(VIDEO)
    fed(window, chunks("v", VIDEO, (EVEN, 0), 2))
    for until in range(frames, 60, frames):
        window.fill(window.first_ticks + until * VIDEO.frame_ticks)
    assert_no_hole(window)
    assert_no_short_part(window)


def test_chunks_that_come_twice_or_late_are_dropped_and_counted() -> None:
    window = window_on(VIDEO)
    every = chunks("v", VIDEO, (EVEN, 0), 12)
    fed(window, every)
    before = shown(window)
    assert dropped(fed(window, [every[11], every[3], replace(every[9], data=b"again")])) == ["overlap", "late", "late"]
    assert shown(window) == before


def test_a_segment_whose_first_chunk_is_not_independent_is_not_begun() -> None:
    window = window_on(VIDEO)
    fed(window, chunks("v", VIDEO, (EVEN, 0), 10))
    spoilt = [replace(chunk, independent=False) for chunk in chunks("v", VIDEO, (EVEN + 1, 0), 10)]
    assert dropped(fed(window, spoilt)) == ["not independent"] * 10
    fed(window, chunks("v", VIDEO, (EVEN + 2, 0), 1))
    assert parts_of(window)[1:] == [(1, ""), (2, "i")]


def test_a_lost_track_is_filled_and_used_again_from_the_next_segment() -> None:
    window = window_on(VIDEO)
    fed(window, chunks("v", VIDEO, (EVEN, 0), 3))
    start = (EVEN * 2 + 1) * VIDEO.timescale
    changes = window.fill(start + 6000 * 3)
    assert window.next == (EVEN, 8)
    assert all(c.part.gap for c in changes if isinstance(c, Parted))
    returning = chunks("v", VIDEO, (EVEN, 8), 3)
    assert dropped(fed(window, returning[:2], session=2)) == ["before the next segment"] * 2
    window.fill(start + 10 * VIDEO.timescale)  # not past the segment that the track can enter again
    assert window.next == (EVEN + 1, 0)
    fed(window, returning[2:], session=2)
    assert not window.lost
    assert parts_of(window) == [(0, "immggggggg"), (1, "i")]
    assert_no_hole(window)


def test_filling_goes_on_over_segments_and_only_in_whole_parts() -> None:
    window = window_on(AUDIO)
    fed(window, chunks("a", AUDIO, (EVEN, 0), 1))
    boundary = TIMELINE.first_frame(AUDIO, EVEN + 2) * AUDIO.frame_ticks
    window.fill(boundary + 2000)
    assert window.next == (EVEN + 2, 0)
    window.fill(boundary + 9600)
    assert window.next == (EVEN + 2, 1)
    assert [segment.gap for segment in shown(window, AUDIO).segments] == [False, True, False]
    assert len(shown(window, AUDIO).segments[1].parts) == 10
    assert_no_hole(window)


def test_a_new_header_is_named_from_its_first_segment_on_and_breaks_only_when_told() -> None:
    window = window_on(VIDEO)
    fed(window, chunks("v", VIDEO, (EVEN, 0), 10))
    window.begin_session("init-2.mp4")
    fed(window, chunks("v", VIDEO, (EVEN + 1, 0), 10), session=2)
    window.begin_session("init-3.mp4", discontinuity=True)
    fed(window, chunks("v", VIDEO, (EVEN + 2, 0), 11), session=3)
    segments = shown(window).segments
    assert [segment.init_name for segment in segments] == ["init-1.mp4", "init-2.mp4", "init-3.mp4", "init-3.mp4"]
    assert [segment.discontinuity for segment in segments] == [False, False, True, False]


def test_discontinuities_that_leave_are_counted() -> None:
    window = window_on(VIDEO)
    fed(window, chunks("v", VIDEO, (EVEN, 0), 10))
    window.begin_session("init-2.mp4", discontinuity=True)
    fed(window, chunks("v", VIDEO, (EVEN + 1, 0), 20), session=2)
    assert [segment.number for segment in window.evict(EVEN + 1)] == [EVEN]
    assert shown(window).discontinuity_sequence == 0
    window.evict(EVEN + 2)
    assert shown(window).discontinuity_sequence == 1
    assert window.listed_bytes == sum(segment.size for segment in window.segments)
    assert window.listed_ticks == sum(segment.duration_ticks for segment in window.segments)


def test_a_session_may_not_begin_on_the_very_first_chunk_with_a_discontinuity() -> None:
    window = window_on(VIDEO)
    window.begin_session("init-1.mp4", discontinuity=True, new_timing=True)
    fed(window, chunks("v", VIDEO, (EVEN, 0), 1))
    assert not shown(window).segments[0].discontinuity


def test_new_timing_cuts_the_segment_short_and_marks_the_next() -> None:
    window = window_on(VIDEO)
    fed(window, chunks("v", VIDEO, (EVEN, 0), 4))
    window.begin_session("init-1.mp4", new_timing=True)
    later = [replace(c, number=EVEN + 1, start_ticks=c.start_ticks + 777) for c in chunks("v", VIDEO, (EVEN + 5, 0), 2)]
    fed(window, later, session=2)
    segments = shown(window).segments
    assert parts_of(window) == [(0, "immm"), (1, "im")]
    assert segments[1].discontinuity
    assert segments[1].start_ticks == later[0].start_ticks


def test_a_track_without_parts_lists_whole_segments_only() -> None:
    window = Window(Rules(0, 500, {EVEN: 0, EVEN + 1: 60_000}.get, foreseen=False))
    window.begin_session("init-1.mp4")
    changes = window.add(Chunk("v", EVEN, 0, 0, 30_000, True, False, b"half"), 1)
    assert [type(c) for c in changes] == [Began, Grew]
    assert shown(window).segments == ()
    window.add(Chunk("v", EVEN, 0, 30_000, 30_000, False, False, b"half"), 1)
    window.add(Chunk("v", EVEN + 1, 0, 60_000, 30_000, True, False, b"half"), 1)
    assert [(s.number, s.parts, s.size) for s in shown(window).segments] == [(EVEN, (), 8)]
    assert shown(window).part_target_s == 0
    assert shown(window).last == (EVEN, -1)
    assert window.next == (EVEN + 1, 0)


def test_where_nobody_says_which_part_is_the_last_it_waits_for_the_next_chunk() -> None:
    window = Window(Rules(6001, 501, lambda n: None, foreseen=False))
    window.begin_session("init-1.mp4")
    for n in range(30):
        number, part = divmod(n, 10)
        hinted = window.next
        changes = window.add(Chunk("v", number, 0, n * 6000, 6000, part == 0, False, b"x"), 1)
        published = [(c.number, c.part.index) for c in changes if isinstance(c, Parted)]
        if n > 10:  # manifests are out once the first segment is whole
            assert published[:1] in ([], [hinted]), "a part came that was not the one hinted"
    assert parts_of_plain(window) == [10, 10, 9]


def parts_of_plain(window: Window) -> list[int]:
    return [len(segment.parts) for segment in shown(window).segments]
