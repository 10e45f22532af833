"""Rungs follow the link: down when it narrows, up when it widens, and not to and fro in between."""

import itertools
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringside.prove.crowd.player.abr import Abr, best
from ringside.prove.crowd.player.profile import Profile
from ringside.prove.crowd.player.stock import DASH_JS, DASH_JS_PLAIN, HLS_JS, PAIRS, RINGSIDE_HLS, SHAKA

LADDER = (600_000.0, 1_200_000.0, 2_500_000.0, 5_000_000.0)
STOCK = [HLS_JS, DASH_JS, SHAKA]
by_name = pytest.mark.parametrize("profile", STOCK, ids=lambda profile: profile.name)


class Link:
    """A viewer that fetches a second of media after another over a link of a given width."""

    def __init__(self, profile: Profile, rung: int) -> None:
        self.abr = Abr(profile)
        self.rung = rung
        self.now_s = 0.0

    def fetch(self, link_bps: float, seconds: int) -> list[int]:
        """Rungs chosen, one per segment of a second."""
        chosen = []
        for _ in range(seconds):
            nbytes = int(LADDER[self.rung] / 8)
            took_s = 8 * nbytes / link_bps
            self.now_s += max(1.0, took_s)
            self.abr.sample(self.now_s, took_s, nbytes)
            self.rung = self.abr.choose(LADDER, self.rung, buffer_s=4.0)
            chosen.append(self.rung)
        return chosen


def switches(rungs: list[int]) -> int:
    return sum(1 for one, other in itertools.pairwise(rungs) if one != other)


@by_name
def test_a_slow_link_leads_down(profile: Profile) -> None:
    viewer = Link(profile, rung=3)
    viewer.fetch(20e6, 10)
    assert viewer.rung == 3
    viewer.fetch(1.0e6, 30)
    assert viewer.rung == 0


@by_name
def test_a_link_that_recovers_leads_up_again(profile: Profile) -> None:
    viewer = Link(profile, rung=0)
    viewer.fetch(0.8e6, 20)
    assert viewer.rung == 0
    viewer.fetch(30e6, 120)
    assert viewer.rung == 3


@by_name
def test_down_comes_sooner_than_up(profile: Profile) -> None:
    viewer = Link(profile, rung=3)
    viewer.fetch(20e6, 30)
    down = viewer.fetch(1.0e6, 60)
    up = viewer.fetch(20e6, 120)
    assert down.index(0) <= up.index(3)


@by_name
def test_a_link_that_barely_carries_a_rung_does_not_flap(profile: Profile) -> None:
    for share in (0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.4):
        viewer = Link(profile, rung=2)
        rungs = viewer.fetch(LADDER[2] * share, 120)
        assert switches(rungs) <= 1, share


def test_a_link_that_wavers_at_the_boundary_does_not_make_hls_js_flap() -> None:
    viewer, rng = Link(HLS_JS, rung=1), Random(3)
    rungs = [viewer.fetch(LADDER[2] * rng.uniform(1.05, 1.45), 1)[0] for _ in range(300)]
    assert switches(rungs) <= 2


def test_shaka_chooses_at_most_every_8_seconds() -> None:
    viewer, rng = Link(SHAKA, rung=1), Random(3)
    rungs = [viewer.fetch(rng.choice((0.8e6, 20e6)), 1)[0] for _ in range(200)]
    moments = [at for at, (one, other) in enumerate(itertools.pairwise(rungs)) if one != other]
    assert moments
    assert all(later - sooner >= 4 for sooner, later in itertools.pairwise(moments))


@by_name
def test_the_rung_stays_until_there_is_an_estimate(profile: Profile) -> None:
    abr = Abr(profile)
    assert abr.estimate_bps is None
    assert abr.choose(LADDER, 2) == 2


@pytest.mark.parametrize(
    ("profile", "listed_first", "rung"),
    [
        (HLS_JS, 600_000.0, 0),
        (HLS_JS, 2_500_000.0, 2),
        (HLS_JS, 8_000_000.0, 3),
        (RINGSIDE_HLS, 600_000.0, 2),
        (DASH_JS, 2_500_000.0, 0),
        (SHAKA, 2_500_000.0, 1),
    ],
)
def test_the_first_rung_follows_from_the_default_estimate(profile: Profile, listed_first: float, rung: int) -> None:
    assert Abr(profile).first(LADDER, listed_first) == rung


@by_name
def test_a_steady_link_is_measured_as_what_it_is(profile: Profile) -> None:
    abr = Abr(profile)
    for second in range(60):
        abr.sample(float(second), 0.2, 100_000)
    assert abr.estimate_bps == pytest.approx(4_000_000)


def test_the_lesser_of_a_fast_and_a_slow_average_counts() -> None:
    abr = Abr(HLS_JS)
    for second in range(30):
        abr.sample(float(second), 1.0, 1_000_000)
    for second in range(30, 33):
        abr.sample(float(second), 1.0, 125_000)
    low = abr.estimate_bps
    assert low is not None
    assert low < 5e6
    for second in range(33, 36):
        abr.sample(float(second), 1.0, 1_000_000)
    assert abr.estimate_bps == pytest.approx(low, rel=0.6)


def held_object(profile: Profile) -> float | None:
    """A part of 25 kB that comes in 5 ms over a fast link, after being held for 200 ms, again and again."""
    abr = Abr(profile)
    for turn in range(200):
        abr.sample(turn * 0.2, 0.005, 25_000, waited_s=0.2)
    return abr.estimate_bps


def test_hls_js_and_dash_js_do_not_take_a_held_object_for_a_slow_link() -> None:
    for profile in (HLS_JS, DASH_JS):
        estimate = held_object(profile)
        assert estimate is not None
        assert estimate > 30e6


def test_shaka_takes_a_held_object_for_a_slow_link() -> None:
    assert held_object(SHAKA) == pytest.approx(8 * 25_000 / 0.205)


def test_hls_js_counts_a_wait_as_far_as_it_is_longer_than_usual() -> None:
    abr = Abr(HLS_JS)
    abr.sample(0.3, 0.1, 25_000, waited_s=0.2)
    assert abr.estimate_bps == pytest.approx(8 * 25_000 / 0.1)
    for turn in range(1, 20):
        abr.sample(float(turn), 0.1, 25_000, waited_s=0.2)
    abr.sample(20.0, 0.1, 25_000, waited_s=2.2)
    assert abr.estimate_bps is not None
    assert abr.estimate_bps < 1.5e6


def test_hls_js_takes_a_tiny_transfer_to_last_a_hundred_thousandth_of_a_millisecond_per_byte() -> None:
    abr = Abr(HLS_JS)
    for turn in range(100):
        abr.sample(float(turn), 0.0, 15_000)
    assert abr.estimate_bps == pytest.approx(8 / 1e-8)


def test_shaka_ignores_small_and_cached_transfers_and_waits_for_128_kB() -> None:
    abr = Abr(SHAKA)
    for turn in range(100):
        abr.sample(float(turn), 0.1, 15_000)
        abr.sample(float(turn), 0.004, 100_000)
    assert abr.estimate_bps is None
    abr.sample(100.0, 0.1, 100_000)
    assert abr.estimate_bps is None
    abr.sample(101.0, 0.1, 28_000)
    assert abr.estimate_bps is not None


def test_dash_js_takes_the_lowest_rung_when_its_buffer_is_nearly_empty_except_at_low_latency() -> None:
    for profile, rung in ((DASH_JS_PLAIN, 0), (DASH_JS, 3)):
        abr = Abr(profile)
        for second in range(20):
            abr.sample(float(second), 1.0, 1_250_000)
        assert abr.choose(LADDER, 3, buffer_s=0.1, segment_s=2.0) == rung
        assert abr.choose(LADDER, 3, buffer_s=8.0, segment_s=2.0) == 3


def orders() -> Iterator[list[int]]:
    yield [0, 1, 2, 3]
    yield [3, 2, 1, 0]
    yield [2, 0, 3, 1]


def test_the_order_of_the_rungs_does_not_matter() -> None:
    for order in orders():
        ladder = [LADDER[place] for place in order]
        abr = Abr(HLS_JS)
        for second in range(20):
            abr.sample(float(second), 1.0, 500_000)
        assert ladder[abr.choose(ladder, order.index(3))] == 2_500_000
        assert ladder[best(ladder, 1.0)] == 600_000


@given(
    profile=st.sampled_from([profile for pair in PAIRS for profile in pair]),
    samples=st.lists(st.tuples(st.floats(0.0, 100.0), st.integers(0, 50_000_000), st.floats(0.0, 100.0)), max_size=50),
    current=st.integers(0, 3),
    buffer_s=st.floats(0.0, 60.0),
)
def test_any_history_leads_to_a_rung_that_exists_and_an_estimate_within_what_was_seen(
    profile: Profile, samples: list[tuple[float, int, float]], current: int, buffer_s: float
) -> None:
    abr = Abr(profile)
    for turn, (took_s, nbytes, waited_s) in enumerate(samples):
        abr.sample(float(turn), took_s, nbytes, waited_s)
    assert 0 <= abr.choose(LADDER, current, buffer_s, 2.0) < len(LADDER)
    estimate = abr.estimate_bps
    assert estimate is None or estimate >= 0.0
