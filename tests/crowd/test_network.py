"""Lines: classes have their median, a line is its seed's, dips come and go, slow is below the lowest rung."""

from math import inf, isinf
from statistics import median

import pytest

from ringside.core.errors import Misconfigured
from ringside.prove.crowd.arrive.network import CLASSES, SLOW_BPS, link, named

MANY = range(4000)


@pytest.mark.parametrize("name", ["fibre", "4g", "hotel"])
def test_rates_and_round_trips_lie_around_the_medians_of_the_class(name: str) -> None:
    links = [link(name, False, seed) for seed in MANY]
    network = CLASSES[name]
    assert median(each.bytes_per_s * 8 for each in links) == pytest.approx(network.median_bps, rel=0.06)
    assert median(each.rtt_ms for each in links) == pytest.approx(network.rtt_ms, rel=0.05)
    assert max(each.bytes_per_s for each in links) > 3 * min(each.bytes_per_s for each in links)


def test_classes_are_ordered_as_people_know_them() -> None:
    order = [CLASSES[name] for name in ("hotel", "4g", "fibre", "lan")]
    assert [each.median_bps for each in order] == sorted(each.median_bps for each in order)
    assert [each.rtt_ms for each in order] == sorted((each.rtt_ms for each in order), reverse=True)


def test_a_viewer_keeps_its_line() -> None:
    assert link("4g", False, 77) == link("4g", False, 77)
    assert link("4g", False, 77) != link("4g", False, 78)


def test_on_a_lan_nothing_is_held_back() -> None:
    line = link("lan", False, 1)
    assert isinf(line.rate_at(3.0))
    assert line.rtt_ms == 0


@pytest.mark.parametrize("name", ["lan", "fibre", "4g", "hotel", "3mbps", "64kbps"])
def test_a_slow_reader_reads_below_the_lowest_rung_on_any_line(name: str) -> None:
    rates_bps = [link(name, True, seed).bytes_per_s * 8 for seed in range(500)]
    assert min(rates_bps) > 0
    assert max(rates_bps) <= SLOW_BPS


def test_bad_hotel_wifi_dips_now_and_then_and_recovers() -> None:
    line = link("hotel", False, 5)
    rates = [line.rate_at(tenth / 10) for tenth in range(6000)]
    low = [rate for rate in rates if rate < line.bytes_per_s]
    assert set(rates) == {line.bytes_per_s, line.bytes_per_s * 0.05}
    assert 0.05 < len(low) / len(rates) < 0.25
    for period in range(30):
        assert line.bytes_per_s in rates[period * 200 : (period + 1) * 200]
        assert any(rate < line.bytes_per_s for rate in rates[period * 200 : (period + 1) * 200])


def test_the_same_moment_asked_for_again_has_the_same_rate() -> None:
    line = link("hotel", False, 9)
    moments = [0.0, 250.3, 17.2, 17.2, 3.3]
    assert [line.rate_at(t) for t in moments] == [link("hotel", False, 9).rate_at(t) for t in moments]


def test_hotel_guests_do_not_dip_in_step() -> None:
    lines = [link("hotel", False, seed) for seed in range(400)]
    worst = max(sum(line.rate_at(t) < line.bytes_per_s for line in lines) for t in range(40))
    assert worst < 160


def test_fibre_does_not_dip() -> None:
    line = link("fibre", False, 5)
    assert {line.rate_at(float(t)) for t in range(600)} == {line.bytes_per_s}


@pytest.mark.parametrize(
    ("name", "bits_per_s", "rtt_ms"),
    [("3mbps@80ms", 3e6, 80.0), ("800kbps", 8e5, 0.0), ("1.5Mbps@12.5ms", 1.5e6, 12.5), ("1gbps", 1e9, 0.0)],
)
def test_a_class_of_ones_own_is_exact(name: str, bits_per_s: float, rtt_ms: float) -> None:
    line = link(name, False, 3)
    assert (line.bytes_per_s * 8, line.rtt_ms) == (bits_per_s, rtt_ms)


@pytest.mark.parametrize("name", ["fibr", "", "0mbps", "mbps", "3mbps@", "3 mbps", "-3mbps", "3mbps@80", "nanmbps"])
def test_an_unknown_class_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(Misconfigured, match=r"^networks: .*lan, fibre, 4g, hotel, or a rate as in 3mbps@80ms$"):
        named(name)


def test_the_known_classes_are_those_named() -> None:
    assert {name: named(name).name for name in CLASSES} == {name: name for name in CLASSES}
    assert named("lan").median_bps == inf
