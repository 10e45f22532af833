"""Retimer: jitter, drift, wraps and jumps, by the thousand, without a clock."""

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringside.flow.capture.retime import Retimer

MS = 1_000_000
S = 1_000_000_000
UTC = 1_800_000_000 * S
WRAP_33 = 2**33 * 10**9 // 90_000
WRAP_32 = 2**32 * MS


def play(retimer, seconds, *, pts0=0, ppm=0, jitter_ms=30, seed=1, start_ns=UTC, fps=50, wrap=None, stream="video"):
    """(true time, mapped time) of each picture of a source whose clock is off by `ppm` and whose way is jittery."""
    rng = random.Random(seed)
    out, arrived = [], start_ns
    for k in range(int(seconds * fps)):
        true = start_ns + k * S // fps
        pts = pts0 + (true - start_ns) * (1_000_000 + ppm) // 1_000_000
        arrived = max(arrived, true + int(rng.expovariate(1 / (jitter_ms * MS))) if jitter_ms else true)
        out.append((true, retimer.map(pts % wrap if wrap else pts, arrived, stream)))
    return out


@given(pts0=st.integers(0, 10**15), seed=st.integers(0, 10**6))
@settings(max_examples=12, deadline=None)
def test_jitter_falls_away(pts0: int, seed: int) -> None:
    errors = [mapped - true for true, mapped in play(Retimer(), 12, pts0=pts0, jitter_ms=10, seed=seed)][100:]
    assert sorted(errors)[len(errors) // 2] < 8 * MS
    assert 0 <= min(errors) <= max(errors) < 15 * MS, "late by more than half as much again as the way is on average"


@pytest.mark.parametrize("ppm", [-100, 100, -300, 300])
def test_a_drifting_clock_is_followed_without_steps(ppm: int) -> None:
    retimer = Retimer()
    played = play(retimer, 600, ppm=ppm, jitter_ms=10)[100:]
    steps = [after[1] - before[1] for before, after in pairwise(played)]
    assert max(abs(step - 20 * MS) for step in steps) < 120_000  # 0.6 % of a frame
    assert max(abs(mapped - true) for true, mapped in played) < 15 * MS
    assert retimer.discontinuities == 0


@given(before=st.integers(1, 5 * S), wrap=st.sampled_from([WRAP_33, WRAP_32]), jitter=st.sampled_from([0, 20]))
@settings(max_examples=25, deadline=None)
def test_wraps_are_invisible(before: int, wrap: int, jitter: int) -> None:
    plain, wrapped = Retimer(), Retimer()
    straight = play(plain, 8, pts0=wrap - before, jitter_ms=jitter)
    folded = play(wrapped, 8, pts0=wrap - before, jitter_ms=jitter, wrap=wrap)
    assert max(abs(a[1] - b[1]) for a, b in zip(straight, folded, strict=True)) <= 1
    assert wrapped.discontinuities == 0


def test_many_wraps_in_a_row_are_undone() -> None:
    retimer = Retimer()
    for k in range(40):
        time_ns = UTC + k * WRAP_33 // 4
        assert abs(retimer.map(time_ns % WRAP_33, time_ns) - time_ns) < 2
    assert retimer.discontinuities == 0


@given(jump=st.integers(-10_000, 10_000).filter(lambda s: abs(s) > 2), lag_ms=st.integers(0, 300))
@settings(max_examples=40, deadline=None)
def test_a_jump_is_one_discontinuity_for_sound_and_picture_together(jump: int, lag_ms: int) -> None:
    retimer = Retimer()
    for k in range(300):
        now = UTC + k * 20 * MS
        for stream, lag in (("video", 0), ("audio", lag_ms * MS)):
            media = now - lag
            pts = media - UTC + 20_000 * S + (jump * S if media > UTC + 3 * S else 0)
            mapped = retimer.map(pts, now, stream)
            if k > 250:
                assert abs(mapped - (now if stream == "audio" else now + lag)) <= lag_ms * MS + 2 * MS
    assert retimer.discontinuities == 1


def test_sound_and_picture_share_one_mapping() -> None:
    retimer = Retimer()
    for k in range(500):
        now = UTC + k * 20 * MS
        video = retimer.map(k * 20 * MS, now + (k % 7) * MS, "video")
        audio = retimer.map(k * 20 * MS, now + 80 * MS + (k % 3) * MS, "audio")
        if k > 25:
            assert abs(video - audio) < MS
            assert video >= now + 79 * MS  # the slower stream sets the pace: it is never late


def test_a_sender_that_pauses_takes_up_its_place_again() -> None:
    retimer = Retimer()
    for k in range(200):
        now = UTC + k * 20 * MS + (5 * S if k >= 100 else 0)  # its clock stood still for 5 s
        mapped = retimer.map(k * 20 * MS, now)
        assert abs(mapped - now) < MS
    assert retimer.discontinuities == 1


def test_a_stall_that_is_made_good_leaves_the_mapping_where_it_was() -> None:
    retimer = Retimer()
    for k in range(500):
        now = UTC + max(k * 20, 2900 if 100 <= k < 145 else 0) * MS  # 0.9 s held back, then all at once
        mapped = retimer.map(k * 20 * MS, now)
        assert abs(mapped - (UTC + k * 20 * MS)) < MS
    assert retimer.discontinuities == 0


def test_a_source_that_becomes_late_for_good_is_moved_once() -> None:
    retimer = Retimer()
    for k in range(1000):
        delay = 600 * MS if k >= 200 else 0
        mapped = retimer.map(k * 20 * MS, UTC + k * 20 * MS + delay)
    assert abs(mapped - (UTC + 999 * 20 * MS + 600 * MS)) < MS
    assert retimer.discontinuities == 1


@given(data=st.lists(st.tuples(st.integers(-(2**62), 2**62), st.integers(0, 10**10)), max_size=60))
@settings(max_examples=60, deadline=None)
def test_no_input_breaks_it(data: list[tuple[int, int]]) -> None:
    retimer, now = Retimer(), UTC
    for pts, passed in data:
        now += passed
        assert abs(retimer.map(pts, now, "audio" if passed % 2 else "video") - now) < 60 * S


def test_sound_that_comes_in_bursts_is_never_late() -> None:
    retimer, lates = Retimer(), []
    for k in range(600):
        now = UTC + k * 20 * MS
        retimer.map(k * 20 * MS, now, "video")
        if k % 10 == 9:  # the sound of 200 ms arrives when its last block is complete
            for n in range(k - 9, k + 1):
                mapped = retimer.map(n * 20 * MS, now + (n - k + 9) * 200_000, "audio")
                lates.append(now - mapped)
    assert max(lates[200:]) < 2 * MS


def test_frames_closer_together_than_a_burst_still_move_the_mapping() -> None:
    retimer = Retimer()
    for k in range(5000):
        mapped = retimer.map(k * 2_500_000, UTC + k * 2_500_000 - k * 200)  # its clock is 80 ppm slow
    assert abs(mapped - (UTC + 4999 * 2_500_000 - 4999 * 200)) < 5 * MS
