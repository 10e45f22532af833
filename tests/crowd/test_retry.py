"""When a refused player comes back: the moments are what makes a herd, so they are spelt out."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringside.prove.crowd.player.base import Failure, Kind
from ringside.prove.crowd.player.profile import Cause, Profile, Then
from ringside.prove.crowd.player.retry import cause_of, delay_s, then_of
from ringside.prove.crowd.player.stock import (
    DASH_JS,
    DASH_JS_PLAIN,
    HLS_JS,
    PAIRS,
    PUSH,
    RINGSIDE_DASH,
    RINGSIDE_HLS,
    SHAKA,
    SHAKA_PLAIN,
)


def delays(
    profile: Profile, kind: Kind, cause: Cause, count: int, *, alone: bool = False, seed: int = 1
) -> list[float | None]:
    rng = Random(seed)
    return [delay_s(profile, kind, cause, attempt, rng, alone=alone) for attempt in range(1, count + 1)]


def test_hls_js_asks_for_media_again_after_1_2_4_and_8_seconds_then_changes_the_rung() -> None:
    assert delays(HLS_JS, Kind.MEDIA, Cause.SERVER_ERROR, 7) == [1, 2, 4, 8, 8, 8, None]
    assert then_of(HLS_JS, Kind.MEDIA, Cause.SERVER_ERROR) is Then.SWITCH


def test_hls_js_asks_for_a_playlist_again_after_1_and_2_seconds() -> None:
    assert delays(HLS_JS, Kind.PLAYLIST, Cause.SERVER_ERROR, 3) == [1, 2, None]


def test_hls_js_asks_again_at_once_after_a_time_out() -> None:
    assert delays(HLS_JS, Kind.PLAYLIST, Cause.TIMEOUT, 3) == [0, 0, None]
    assert delays(HLS_JS, Kind.MEDIA, Cause.TIMEOUT, 5) == [0, 0, 0, 0, None]


@pytest.mark.parametrize("cause", [Cause.CLIENT_ERROR, Cause.NETWORK])
def test_hls_js_takes_404_and_a_refused_connection_as_final(cause: Cause) -> None:
    for kind in (Kind.PLAYLIST, Kind.INIT, Kind.MEDIA):
        assert delays(HLS_JS, kind, cause, 1) == [None]
        assert delays(HLS_JS, kind, cause, 1, alone=True) == [None]
        assert then_of(HLS_JS, kind, cause) is Then.SWITCH


def test_hls_js_fails_when_the_manifest_fails_twice() -> None:
    assert delays(HLS_JS, Kind.MANIFEST, Cause.SERVER_ERROR, 3) == [1, None, None]
    assert then_of(HLS_JS, Kind.MANIFEST, Cause.SERVER_ERROR) is Then.FAIL


@pytest.mark.parametrize("cause", list(Cause))
def test_dash_js_at_low_latency_asks_15_times_a_tenth_of_a_second_apart(cause: Cause) -> None:
    assert delays(DASH_JS, Kind.MEDIA, cause, 17) == [0.1] * 15 + [None] * 2
    assert delays(DASH_JS, Kind.MANIFEST, cause, 16) == [0.05] * 15 + [None]


def test_dash_js_otherwise_asks_3_times_a_second_apart() -> None:
    assert delays(DASH_JS_PLAIN, Kind.MEDIA, Cause.SERVER_ERROR, 4) == [1, 1, 1, None]


def test_the_watch_page_spreads_what_dash_js_would_do_in_step() -> None:
    waits = {delay_s(RINGSIDE_DASH, Kind.MEDIA, Cause.SERVER_ERROR, 1, Random(seed)) for seed in range(200)}
    assert len(waits) == 200
    assert all(wait is not None and 0.25 <= wait <= 0.5 for wait in waits)


def test_shaka_asks_once_more_give_or_take_a_half_then_for_ever_where_no_rung_is_left() -> None:
    first, second, *later = delays(SHAKA_PLAIN, Kind.MEDIA, Cause.SERVER_ERROR, 20)
    assert first is not None
    assert 0.5 <= first <= 1.5
    assert second is None
    assert set(later) == {None}
    alone = delays(SHAKA_PLAIN, Kind.MEDIA, Cause.SERVER_ERROR, 40, alone=True)
    assert all(wait is not None and 0.5 <= wait <= 1.6 for wait in alone)


def test_shaka_never_leaves_a_rung_for_a_time_out() -> None:
    waits = delays(SHAKA, Kind.MEDIA, Cause.TIMEOUT, 10)
    assert all(wait is not None and 0.05 <= wait <= 0.25 for wait in waits)


def test_shaka_reloads_a_failing_playlist_for_ever() -> None:
    waits = delays(SHAKA, Kind.PLAYLIST, Cause.SERVER_ERROR, 10)
    assert waits[1::2] == [0.1] * 5
    assert all(wait is not None and 0.05 <= wait <= 0.15 for wait in waits[::2])


def test_the_watch_page_comes_back_ever_more_slowly_but_always() -> None:
    waits = delays(RINGSIDE_HLS, Kind.MANIFEST, Cause.NETWORK, 60)
    assert all(wait is not None and 0.25 <= wait <= 5.0 for wait in waits)
    assert waits[0] is not None
    assert waits[0] <= 0.5
    assert all(wait is not None and wait >= 2.5 for wait in waits[5:])


def test_the_watch_page_tries_a_failing_playlist_3_times_before_it_counts_as_unreachable() -> None:
    waits = delays(RINGSIDE_HLS, Kind.PLAYLIST, Cause.SERVER_ERROR, 4, alone=True)
    limits = [(0.2, 0.6), (0.4, 1.2), (0.8, 2.4), (0.25, 0.5)]
    assert all(wait is not None and low <= wait <= high for wait, (low, high) in zip(waits, limits, strict=True))
    assert delays(RINGSIDE_HLS, Kind.PLAYLIST, Cause.SERVER_ERROR, 4)[3] is None


def test_a_push_viewer_always_comes_back() -> None:
    assert None not in delays(PUSH, Kind.STREAM, Cause.NETWORK, 50)


@pytest.mark.parametrize(
    ("why", "cause"),
    [
        (Failure.TIMEOUT, Cause.TIMEOUT),
        (Failure.CONNECT, Cause.NETWORK),
        (Failure.SHORT, Cause.NETWORK),
        (Failure.UNREADABLE, Cause.NETWORK),
        ("status 404", Cause.CLIENT_ERROR),
        (429, Cause.CLIENT_ERROR),
        (503, Cause.SERVER_ERROR),
        ("status 302", Cause.SERVER_ERROR),
    ],
)
def test_every_failure_has_a_cause(why: Failure | str | int, cause: Cause) -> None:
    assert cause_of(why) is cause


@given(
    profile=st.sampled_from([profile for pair in PAIRS for profile in pair]),
    kind=st.sampled_from(list(Kind)),
    cause=st.sampled_from(list(Cause)),
    attempt=st.integers(1, 100_000),
    alone=st.booleans(),
    seed=st.integers(),
)
def test_a_delay_is_never_negative_and_never_long(
    profile: Profile, kind: Kind, cause: Cause, attempt: int, alone: bool, seed: int
) -> None:
    wait = delay_s(profile, kind, cause, attempt, Random(seed), alone=alone)
    assert wait is None or 0.0 <= wait <= 8.0
    assert wait == delay_s(profile, kind, cause, attempt, Random(seed), alone=alone)


@given(kind=st.sampled_from(list(Kind)), cause=st.sampled_from(list(Cause)), attempt=st.integers(1, 50))
def test_once_given_up_means_given_up(kind: Kind, cause: Cause, attempt: int) -> None:
    for profile in (HLS_JS, DASH_JS, SHAKA):
        if delay_s(profile, kind, cause, attempt, Random(0)) is None:
            assert delay_s(profile, kind, cause, attempt + 1, Random(0)) is None
