from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringside.core.media import Grid, Timeline

RATES = [Fraction(r) for r in ("24", "25", "30", "50", "60", "24000/1001", "30000/1001", "60000/1001", "20", "29")]
GRIDS = [Grid.video(r) for r in RATES] + [Grid.audio()]
NOW_S = 1_795_000_000


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_parts_tile_segments_and_segments_tile_time(grid: Grid) -> None:
    timeline = Timeline()
    index = timeline.first_frame(grid, NOW_S // 2)
    place = timeline.place(grid, index)
    assert place.first_in_segment
    assert place.part == 0
    for _ in range(2000):
        index += 1
        following = timeline.place(grid, index)
        if place.last_in_segment:
            assert (following.number, following.part) == (place.number + 1, 0)
            assert following.first_in_segment
        elif place.last_in_part:
            assert (following.number, following.part) == (place.number, place.part + 1)
        else:
            assert (following.number, following.part) == (place.number, place.part)
        assert following.first_in_part == place.last_in_part
        place = following


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_parts_are_at_least_85_percent_of_the_target_unless_last(grid: Grid) -> None:
    timeline = Timeline()
    target = max(timeline.longest_part_s(g) for g in (grid, Grid.audio()))
    index = timeline.first_frame(grid, NOW_S // 2)
    length = 0
    for _ in range(3000):
        place = timeline.place(grid, index)
        length += 1
        if place.last_in_part:
            assert length * grid.frame_s <= target
            assert place.last_in_segment or length * grid.frame_s >= Fraction(85, 100) * target
            length = 0
        index += 1


def test_audio_and_video_are_cut_within_one_audio_frame() -> None:
    timeline, audio = Timeline(), Grid.audio()
    for number in range(NOW_S // 2, NOW_S // 2 + 500):
        start = timeline.first_frame(audio, number) * audio.frame_s
        assert abs(start - number * timeline.segment_s) <= audio.frame_s / 2


@given(st.integers(0, 2**40), st.sampled_from(GRIDS))
def test_a_place_depends_on_the_frame_alone(index: int, grid: Grid) -> None:
    place = Timeline().place(grid, index)
    first = Timeline().first_frame(grid, place.number)
    assert first <= index < Timeline().first_frame(grid, place.number + 1)
    assert place.first_in_segment == (index == first)


def test_audio_has_as_many_parts_as_video() -> None:
    timeline, audio = Timeline(), Grid.audio()
    for number in range(NOW_S // 2, NOW_S // 2 + 200):
        last = timeline.place(audio, timeline.first_frame(audio, number + 1) - 1)
        assert last.part == 9
