"""How a playhead holds its latency: rates and seeks of each player."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playheads import DASH_JS, HLS_JS, RINGSIDE_HLS, SHAKA, playing

from ringside.prove.crowd.player.playhead import rate_for
from ringside.prove.crowd.player.profile import CatchUp, Shape

HURRYING = replace(
    HLS_JS,
    catch_up=CatchUp(
        Shape.LOGISTIC, fastest=1.1, steepness=0.75, reach=1.0, grain=0.05, tolerance_s=0.05, least_buffer_s=1.0
    ),
)
"""hls.js where maxLiveSyncPlaybackRate is 1.1."""


def test_hls_js_out_of_the_box_never_changes_its_rate_and_never_seeks() -> None:
    playhead = playing(end_s=200.0, profile=HLS_JS)
    assert playhead.steer(11.0, latency_s=60.0, target_s=1.0, buffer_s=5.0) is None
    assert playhead.rate == 1.0


@pytest.mark.parametrize(
    ("latency_s", "rate"), [(0.9, 1.0), (1.04, 1.0), (1.1, 1.05), (1.2, 1.05), (1.25, 1.1), (3.0, 1.1), (0.2, 1.0)]
)
def test_hls_js_told_to_hurry_does_in_steps_of_a_twentieth_up_to_its_limit(latency_s: float, rate: float) -> None:
    playhead = playing(end_s=200.0, profile=HURRYING)
    playhead.steer(11.0, latency_s, target_s=1.0, buffer_s=2.0)
    assert playhead.rate == pytest.approx(rate)


def test_hls_js_does_not_catch_up_with_a_second_or_less_in_the_buffer_nor_out_of_live_range() -> None:
    playhead = playing(end_s=200.0, profile=HURRYING)
    playhead.steer(11.0, 3.0, target_s=1.0, buffer_s=1.0)
    assert playhead.rate == 1.0
    playhead.steer(12.0, 4.0, target_s=1.0, buffer_s=2.0, duration_s=2.0)
    assert playhead.rate == 1.0
    playhead.steer(13.0, 3.9, target_s=1.0, buffer_s=2.0, duration_s=2.0)
    assert playhead.rate == 1.1


def test_the_watch_page_seeks_once_it_has_been_far_behind_for_a_while() -> None:
    playhead = playing(end_s=200.0, profile=RINGSIDE_HLS)
    assert playhead.steer(11.0, 6.0, 1.0, 5.0) is None
    assert playhead.steer(11.3, 6.0, 1.0, 5.0) is None
    playhead.advance(11.4, 200.0)
    seek_s = playhead.steer(11.4, 6.0, 1.0, 5.0)
    assert seek_s == pytest.approx(playhead.position_s + 5.0)
    assert playhead.steer(11.5, 6.0, 1.0, 5.0) is None


@pytest.mark.parametrize(
    ("latency_s", "rate"), [(1.003, 1.0), (0.997, 1.0), (1.02, 1.0125), (0.98, 0.9875), (1.9, 1.05), (0.2, 0.95)]
)
def test_the_watch_page_holds_its_target_from_both_sides_too_gently_to_be_heard(latency_s: float, rate: float) -> None:
    playhead = playing(end_s=200.0, profile=RINGSIDE_HLS)
    playhead.steer(11.0, latency_s, target_s=1.0, buffer_s=0.9)
    assert playhead.rate == pytest.approx(rate, abs=0.0026)


def test_being_far_behind_for_a_moment_only_is_forgotten() -> None:
    playhead = playing(end_s=200.0, profile=RINGSIDE_HLS)
    assert playhead.steer(11.0, 6.0, 1.0, 5.0) is None
    assert playhead.steer(11.3, 2.0, 1.0, 5.0) is None
    assert playhead.steer(11.6, 6.0, 1.0, 5.0) is None
    assert playhead.steer(11.9, 6.0, 1.0, 5.0) is None


def test_dash_js_slows_down_before_its_target_and_speeds_up_behind_it() -> None:
    assert rate_for(DASH_JS.catch_up, 0.0) == 1.0
    assert rate_for(DASH_JS.catch_up, -0.2) == pytest.approx(0.7689, abs=1e-4)
    assert rate_for(DASH_JS.catch_up, 0.2) == pytest.approx(1.2311, abs=1e-4)
    assert rate_for(DASH_JS.catch_up, 3.0) == pytest.approx(1.5, abs=1e-3)


def test_dash_js_seeks_at_once_when_its_drift_is_too_great() -> None:
    playhead = playing(end_s=200.0, profile=DASH_JS)
    assert playhead.steer(10.0, 15.0, 2.0, 5.0) == pytest.approx(113.0)


def test_dash_js_does_not_hurry_after_running_low_until_half_its_target_is_buffered() -> None:
    playhead = playing(end_s=200.0, profile=DASH_JS)
    rates = []
    for buffer_s in (2.0, 0.3, 0.9, 1.0, 1.1, 0.9):
        playhead.steer(11.0, 3.0, target_s=2.0, buffer_s=buffer_s)
        rates.append(playhead.rate > 1.0)
    assert rates == [True, False, False, False, True, True]


def test_dash_js_leaves_a_rate_that_would_hardly_change() -> None:
    playhead = playing(end_s=200.0, profile=DASH_JS)
    playhead.steer(11.0, 2.20, target_s=2.0, buffer_s=3.0)
    before = playhead.rate
    playhead.steer(11.1, 2.21, target_s=2.0, buffer_s=3.0)
    assert playhead.rate == before
    playhead.steer(11.2, 2.40, target_s=2.0, buffer_s=3.0)
    assert playhead.rate > before


@pytest.mark.parametrize(("latency_s", "rate"), [(1.4, 0.95), (1.6, 1.0), (2.4, 1.0), (2.6, 1.1)])
def test_shaka_knows_three_rates(latency_s: float, rate: float) -> None:
    playhead = playing(end_s=200.0, profile=SHAKA)
    playhead.steer(11.0, latency_s, target_s=2.0, buffer_s=3.0)
    assert playhead.rate == rate


def test_a_change_of_rate_does_not_reach_back() -> None:
    playhead = playing(end_s=200.0, profile=SHAKA)
    playhead.steer(20.0, 5.0, target_s=2.0, buffer_s=3.0)
    playhead.advance(30.0, 200.0)
    assert playhead.position_s == pytest.approx(100.0 + 10.0 + 11.0)


@given(
    away_s=st.floats(-1e6, 1e6),
    slowest=st.floats(0.5, 1.0),
    fastest=st.floats(1.0, 2.0),
    steepness=st.floats(0.1, 10.0),
    shape=st.sampled_from([Shape.LOGISTIC, Shape.STEP]),
)
def test_no_rate_leaves_its_limits_and_none_points_the_wrong_way(
    away_s: float, slowest: float, fastest: float, steepness: float, shape: Shape
) -> None:
    rate = rate_for(CatchUp(shape, slowest=slowest, fastest=fastest, steepness=steepness), away_s)
    assert slowest <= rate <= fastest
    assert rate >= 1.0 if away_s >= 0 else rate <= 1.0
