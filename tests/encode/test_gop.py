from fractions import Fraction
from itertools import pairwise

import pytest

from ringside.core.media import Grid, Timeline
from ringside.flow.encode.gop import key_due, key_wanted

RATES = [Fraction(r) for r in ("15", "20", "24", "25", "30", "50", "60", "24000/1001", "30000/1001", "60000/1001")]
NUMBER = 897_500_000


@pytest.mark.parametrize("fps", RATES, ids=str)
def test_key_frames_open_every_segment_and_an_independent_part_every_second(fps: Fraction) -> None:
    grid, timeline = Grid.video(fps), Timeline()
    first = timeline.first_frame(grid, NUMBER)
    keys = [k for k in range(first, timeline.first_frame(grid, NUMBER + 20)) if key_wanted(grid, timeline, k)]
    places = [timeline.place(grid, k) for k in keys]
    assert {p.number for p in places if p.first_in_segment} == set(range(NUMBER, NUMBER + 20))
    assert all(p.first_in_part for p in places)
    half_a_part = timeline.frames_per_part(grid) / 2 * grid.frame_s
    assert max(b - a for a, b in pairwise(keys)) * grid.frame_s <= 1 + half_a_part
    assert len(keys) == 40


def test_at_30_fps_the_key_frames_are_exactly_a_second_apart() -> None:
    grid, timeline = Grid.video(Fraction(30)), Timeline()
    first = timeline.first_frame(grid, NUMBER)
    assert [k - first for k in range(first, first + 120) if key_wanted(grid, timeline, k)] == [0, 30, 60, 90]


@pytest.mark.parametrize(("keyframe_s", "offsets"), [(2.0, [0]), (5.0, [0]), (0.5, [0, 18, 30, 48]), (0.01, None)])
def test_the_interval_is_moved_to_whole_parts(keyframe_s: float, offsets: list[int] | None) -> None:
    grid, timeline = Grid.video(Fraction(30)), Timeline()
    first = timeline.first_frame(grid, NUMBER)
    found = [k - first for k in range(first, first + 60) if key_wanted(grid, timeline, k, keyframe_s)]
    assert found == (offsets or [0, 6, 12, 18, 24, 30, 36, 42, 48, 54])


def test_a_key_frame_that_was_skipped_is_owed_by_the_next() -> None:
    grid, timeline = Grid.video(Fraction(30)), Timeline()
    first = timeline.first_frame(grid, NUMBER)
    assert key_due(grid, timeline, None, first + 7)
    assert not key_due(grid, timeline, first + 7, first + 8)
    assert key_due(grid, timeline, first + 28, first + 33)
    assert not key_due(grid, timeline, first + 30, first + 33)
    assert key_due(grid, timeline, first + 55, first + 62)
    assert key_due(grid, timeline, first + 55, first + 100_000)
