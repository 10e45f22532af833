"""Who comes when: each curve has its shape, shares are met, and the same plan gives the same crowd everywhere."""

from bisect import bisect_left
from collections import Counter
from itertools import pairwise
from math import inf
from statistics import mean, pstdev
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringside.prove.crowd.arrive.tickets import Ticket, tickets
from ringside.prove.crowd.plan import Plan


def crowd(**options: Any) -> list[Ticket]:
    return tickets(plan(**options))


def plan(**options: Any) -> Plan:
    return Plan(**{"url": "http://127.0.0.1/index.m3u8", **options})


def watching(everyone: list[Ticket], at_s: float) -> int:
    return sum(ticket.join_s <= at_s < ticket.leave_s for ticket in everyone)


def test_in_a_flash_everyone_comes_within_the_same_second() -> None:
    joins = [ticket.join_s for ticket in crowd(viewers=5000)]
    assert min(joins) >= 0
    assert max(joins) < 1
    assert mean(joins) == pytest.approx(0.5, abs=0.02)


def test_a_ramp_is_straight() -> None:
    everyone = crowd(viewers=1000, arrive="ramp", over_s=40)
    for at_s in (0, 7, 20, 33, 40):
        assert watching(everyone, at_s) == pytest.approx(1000 * at_s / 40, abs=1)


def test_poisson_arrivals_have_exponential_gaps() -> None:
    gaps = [
        after.join_s - before.join_s for before, after in pairwise(crowd(viewers=4000, arrive="poisson", over_s=30))
    ]
    assert mean(gaps) == pytest.approx(30 / 4000, rel=0.06)
    assert pstdev(gaps) == pytest.approx(mean(gaps), rel=0.08)


def test_a_surge_brings_4_3_per_cent_of_the_peak_a_minute() -> None:
    everyone = crowd(viewers=10_000, arrive="surge", duration_s=1800)
    for minute in (1, 5, 20):
        assert watching(everyone, 60.0 * minute) == pytest.approx(430 * minute, abs=1)
    assert len(everyone) == 10_000


def test_a_surge_is_scaled_to_fit_the_time_it_is_given() -> None:
    everyone = crowd(viewers=1000, arrive="surge", over_s=10)
    assert watching(everyone, 5.0) == pytest.approx(500, abs=1)
    assert len(everyone) == 1000


def test_of_a_surge_cut_short_only_those_come_whose_time_was_reached() -> None:
    assert len(crowd(viewers=10_000, arrive="surge", duration_s=60)) == pytest.approx(430, abs=1)


CURVE = ((0.0, 0.0), (10.0, 400.0), (20.0, 100.0), (20.0, 300.0), (40.0, 300.0), (50.0, 0.0))


def test_joins_and_leaves_follow_a_trace() -> None:
    everyone = crowd(arrive="trace", trace=CURVE)
    for at_s, viewers in ((5, 200), (10, 400), (15, 250), (19.99, 100), (21, 300), (39, 300), (45, 150), (50, 0)):
        assert watching(everyone, at_s) == pytest.approx(viewers, abs=2)


def test_the_peak_of_a_trace_is_scaled_to_the_viewers() -> None:
    everyone = crowd(arrive="trace", trace=CURVE, viewers=4000)
    assert watching(everyone, 10) == pytest.approx(4000, abs=2)
    assert len(everyone) == 4000 + 2000


def test_a_trace_that_begins_with_viewers_lets_them_in_within_a_second() -> None:
    everyone = crowd(arrive="trace", trace=((5, 100), (30, 100)))
    assert all(5 <= ticket.join_s < 6 for ticket in everyone)
    assert len(everyone) == 100


def test_whoever_leaves_on_a_trace_is_any_one_of_those_watching() -> None:
    everyone = crowd(arrive="trace", trace=((0, 0), (10, 1000), (20, 500), (30, 500)))
    early = sum(ticket.leave_s == inf for ticket in everyone[:500])
    assert early == pytest.approx(250, abs=50)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 50)), min_size=1, max_size=12), st.integers(1, 80))
def test_on_any_trace_nobody_leaves_before_coming(points: list[tuple[int, int]], viewers: int) -> None:
    curve = sorted(points, key=lambda point: point[0])
    if not any(level for _, level in curve):
        return
    for ticket in crowd(arrive="trace", trace=curve, viewers=viewers, duration_s=40):
        assert 0 <= ticket.join_s <= ticket.leave_s


def test_in_a_mass_exit_everyone_is_gone_when_it_is_over() -> None:
    everyone = crowd(viewers=1000, leave="mass", leave_at_s=30, leave_over_s=10)
    assert watching(everyone, 29.99) == 1000
    assert watching(everyone, 35) == pytest.approx(500, abs=60)
    assert watching(everyone, 40) == 0


def test_whoever_had_left_before_the_exit_does_not_leave_later() -> None:
    everyone = crowd(arrive="trace", trace=CURVE, leave="mass", leave_at_s=30, leave_over_s=5)
    assert watching(everyone, 19.99) == pytest.approx(100, abs=2)
    assert watching(everyone, 29) == pytest.approx(300, abs=2)
    assert watching(everyone, 35) == 0


def test_a_mass_exit_may_take_no_time_at_all() -> None:
    assert {ticket.leave_s for ticket in crowd(leave="mass", leave_at_s=30, leave_over_s=0)} == {30.0}


def test_whoever_would_have_come_after_the_exit_stays_away() -> None:
    everyone = crowd(viewers=1000, arrive="ramp", over_s=60, leave="mass", leave_at_s=30, leave_over_s=2)
    assert max(ticket.join_s for ticket in everyone) < 32
    assert all(ticket.join_s < ticket.leave_s for ticket in everyone)
    assert len(everyone) == pytest.approx(517, abs=20)


def test_churn_replaces_its_share_a_minute_and_the_crowd_stays_as_large() -> None:
    everyone = crowd(viewers=4000, churn_per_minute=0.1, duration_s=300)
    assert len(everyone) - 4000 == pytest.approx(4000 * 0.1 * 5, rel=0.08)
    for at_s in (1, 60, 299):
        assert watching(everyone, at_s) == 4000


def test_whoever_leaves_in_churn_is_replaced_at_the_same_moment() -> None:
    everyone = crowd(viewers=200, churn_per_minute=0.5)
    gone = Counter(ticket.leave_s for ticket in everyone if ticket.leave_s != inf)
    come = Counter(ticket.join_s for ticket in everyone)
    assert gone
    assert not gone - come


def test_churn_ends_with_the_mass_exit() -> None:
    everyone = crowd(viewers=1000, churn_per_minute=1, leave="mass", leave_at_s=40, leave_over_s=5)
    assert watching(everyone, 39) == 1000
    assert max(ticket.leave_s for ticket in everyone) <= 45


def test_asking_for_churn_moves_nobodys_arrival() -> None:
    calm = {ticket.join_s for ticket in crowd(viewers=300)}
    assert calm <= {ticket.join_s for ticket in crowd(viewers=300, churn_per_minute=1)}


@pytest.mark.parametrize("viewers", [10, 97, 5000])
def test_shares_are_met_to_within_a_viewer(viewers: int) -> None:
    shares = {"fibre": 0.7, "4g": 0.2, "hotel": 0.1}
    everyone = crowd(viewers=viewers, slow=0.1, dvr=0.3, dvr_s=90, networks=shares)
    assert sum(ticket.slow for ticket in everyone) == pytest.approx(viewers * 0.1, abs=1)
    assert Counter(ticket.dvr_s for ticket in everyone)[90.0] == pytest.approx(viewers * 0.3, abs=1)
    for name, share in shares.items():
        assert sum(ticket.network == name for ticket in everyone) == pytest.approx(viewers * share, abs=1)


def test_slow_readers_are_spread_over_networks_and_arrivals() -> None:
    everyone = crowd(viewers=4000, slow=0.5, networks={"fibre": 0.5, "4g": 0.5}, arrive="ramp", over_s=10)
    assert sum(ticket.slow and ticket.network == "4g" for ticket in everyone) == pytest.approx(1000, abs=100)
    assert sum(ticket.slow for ticket in everyone[:2000]) == pytest.approx(1000, abs=100)


def test_all_or_none_are_exactly_all_or_none() -> None:
    assert not any(ticket.slow or ticket.dvr_s for ticket in crowd(viewers=1000))
    assert all(ticket.slow and ticket.dvr_s for ticket in crowd(viewers=1000, slow=1, dvr=1))
    assert {ticket.network for ticket in crowd(viewers=1000, networks={"fibre": 1.0, "4g": 0.0})} == {"fibre"}


def test_tickets_are_numbered_in_the_order_of_joining() -> None:
    everyone = crowd(viewers=500, arrive="poisson", over_s=20, churn_per_minute=0.3)
    assert [ticket.index for ticket in everyone] == list(range(len(everyone)))
    joins = [ticket.join_s for ticket in everyone]
    assert joins == sorted(joins)
    assert bisect_left(joins, 60.0) == len(joins)


def test_the_same_seed_is_the_same_crowd_and_another_is_another() -> None:
    options: dict[str, Any] = {"viewers": 300, "arrive": "poisson", "over_s": 9, "churn_per_minute": 0.2, "slow": 0.2}
    assert crowd(**options) == crowd(**options)
    assert crowd(**options) != crowd(**options, seed=2)


def test_every_viewer_has_a_seed_of_its_own() -> None:
    seeds = {ticket.seed for ticket in crowd(viewers=20_000)}
    assert len(seeds) == 20_000
    assert min(seeds) >= 0


@pytest.mark.parametrize("shares", [1, 3, 8])
def test_shares_of_a_crowd_are_the_whole_of_it(shares: int) -> None:
    options: dict[str, Any] = {"viewers": 100, "arrive": "ramp", "churn_per_minute": 0.5, "slow": 0.3, "dvr": 0.2}
    whole = crowd(**options)
    for share in range(shares):
        assert tickets(plan(**options), share, shares) == whole[share::shares]


def test_more_shares_than_viewers_leave_some_with_nobody() -> None:
    assert [len(tickets(plan(viewers=2), share, 5)) for share in range(5)] == [1, 1, 0, 0, 0]


def test_a_crowd_that_never_comes_is_empty() -> None:
    assert crowd(viewers=1, arrive="trace", trace=((50, 1),), duration_s=10) == []
