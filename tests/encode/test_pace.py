from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringside.core.clock import Simulated
from ringside.core.media import NS_PER_S, Grid, Timeline
from ringside.flow.encode.pace import HOPELESS_NS, first_index, next_tick, one_a_part

NOW_NS = 1_795_000_000 * NS_PER_S
DELAY_NS = 40_000_000
GRIDS = [Grid.video(Fraction(r)) for r in ("24", "25", "30000/1001", "60")] + [Grid.audio()]


@given(st.integers(0, 10**10), st.sampled_from(GRIDS))
def test_the_first_frame_starts_now_or_less_than_a_frame_later(offset_ns: int, grid: Grid) -> None:
    now_ns = NOW_NS + offset_ns
    start_ns = grid.start_ns(first_index(grid, now_ns))
    assert 0 <= start_ns - now_ns <= grid.frame_s * NS_PER_S


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_frames_are_asked_for_in_order_each_when_it_is_due(grid: Grid) -> None:
    clock = Simulated(NOW_NS)
    index = first = first_index(grid, clock.now_ns())
    for _ in range(300):
        tick = next_tick(grid, index, clock.now_ns(), DELAY_NS)
        clock.advance_ns(tick.wait_ns)
        assert (tick.index, tick.skipped) == (index, 0)
        assert clock.now_ns() == grid.start_ns(index) + DELAY_NS
        index += 1
    assert index - first == 300


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_a_little_late_is_made_good_frame_by_frame(grid: Grid) -> None:
    clock = Simulated(NOW_NS)
    index = first_index(grid, NOW_NS)
    clock.advance_ns(200_000_000)
    asked = []
    while not (tick := next_tick(grid, index, clock.now_ns(), DELAY_NS)).wait_ns:
        asked.append(tick.index)
        assert not tick.skipped
        index += 1
    assert len(asked) >= 3
    assert asked == list(range(asked[0], asked[0] + len(asked)))


@given(st.integers(HOPELESS_NS + DELAY_NS + 50_000_000, 86_400 * NS_PER_S), st.sampled_from(GRIDS))
def test_a_process_that_slept_jumps_to_now_and_counts_what_it_missed(slept_ns: int, grid: Grid) -> None:
    wanted = first_index(grid, NOW_NS)
    now_ns = NOW_NS + slept_ns
    tick = next_tick(grid, wanted, now_ns, DELAY_NS)
    assert tick.wait_ns == 0
    assert tick.skipped == tick.index - wanted > 0
    late_ns = now_ns - DELAY_NS - grid.start_ns(tick.index)
    assert -1 <= late_ns <= grid.frame_s * NS_PER_S + 1
    following = next_tick(grid, tick.index + 1, now_ns, DELAY_NS)
    assert following.wait_ns >= 0
    assert following.skipped == 0


@pytest.mark.parametrize("grid", GRIDS[:-1], ids=str)
def test_a_second_late_is_made_good_with_one_frame_a_part(grid: Grid) -> None:
    timeline = Timeline()
    index = first_index(grid, NOW_NS)
    now_ns = grid.start_ns(index) + DELAY_NS + NS_PER_S
    asked: list[int] = []
    while not (tick := next_tick(grid, index, now_ns, DELAY_NS, one_a_part(grid, timeline))).wait_ns:
        assert tick.index == index + tick.skipped
        asked.append(tick.index)
        index = tick.index + 1
    places = [timeline.place(grid, n) for n in asked]
    parts = list(dict.fromkeys((place.number, place.part) for place in places))
    assert [place.last_in_part for place in places[:3]] == [True] * 3
    assert len(parts) >= 5
    assert all(b == (a[0], a[1] + 1) or b == (a[0] + 1, 0) for a, b in pairwise(parts)), "no part is missing"


def test_sound_a_second_late_passes_over_nothing() -> None:
    grid = GRIDS[-1]
    index = first_index(grid, NOW_NS)
    assert next_tick(grid, index, NOW_NS + NS_PER_S, DELAY_NS).skipped == 0
