"""The bench of multicast: what it concludes from what was counted; the laboratory itself is tested in tests/lab."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from bench.multicast import SCENARIOS, chart
from bench.multicast.account import COUNTS, rose, together, totals
from bench.multicast.crowds import FELT, felt
from bench.multicast.cut import moments
from bench.multicast.delay import later_ms
from bench.multicast.loss import CASES, kept
from bench.multicast.offload import judged, shown
from bench.multicast.options import parse

FACTS = {"measured": {"at": "2026-11-23 06:00 UTC", "cores": 2, "cpu": "a CPU", "commit": "abc1234"}}


def health(packets: int, lost: int, unicast: int, cost: int) -> dict[str, Any]:
    """A gateway's account of two tracks, all of it on the first."""
    counted = {"packets": packets, "lost": lost, "unicast_bytes": unicast, "unicast_cost_bytes": cost}
    return {"tracks": {"v240": {**dict.fromkeys(COUNTS, 0), **counted}, "a": dict.fromkeys(COUNTS, 0)}, "unread": 0}


def verdict(**more: Any) -> dict[str, Any]:
    nothing = {**dict.fromkeys(FELT), "joined": 5, "failed": 0, "stalls": 0, "requests": 9, "on_time_ratio": 1.0}
    return {**nothing, "statuses": {"200": 9}, "generator_cpu": 0.1, "saturated": False, **more}


def counted(packets: int = 950, lost: int = 50, unicast: int = 500, missing: int = 0) -> dict[str, Any]:
    return {**together([totals(health(packets, lost, unicast, 100_000))]), "missing": missing}


def test_shares_are_of_what_rose_between_two_looks() -> None:
    before, after = totals(health(100, 0, 50_000, 50_000)), totals(health(1050, 50, 51_000, 150_000))
    sums = together([rose(before, after), rose(before, after)])
    assert sums["lost_share"] == pytest.approx(0.05)
    assert sums["repair_share"] == pytest.approx(0.01)
    assert sums["repair_per_loss"] == pytest.approx(0.2)
    assert sums["offload"] == pytest.approx(0.99)


def test_answers_that_are_no_media_and_the_worst_crowd_are_kept() -> None:
    both = felt([verdict(), verdict(stalls=2, statuses={"200": 4, "404": 1}, on_time_ratio=0.9)])
    assert both["stalls"] == 2
    assert both["refused"] == {"404": 1}
    assert both["on_time"] == 0.9


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        ({"counted": counted(unicast=1500)}, "repair 1.50 %"),
        ({"overhead": 0.16}, "overhead 16.0 %"),
        ({"crowd": felt([verdict(stalls=1)])}, "1 stalls"),
        ({"crowd": felt([verdict(statuses={"404": 3})])}, "answers {'404': 3}"),
        ({"counted": counted(missing=2)}, "2 objects missing"),
    ],
)
def test_what_was_not_kept_is_named(spoilt: dict[str, Any], words: str) -> None:
    good = {"crowd": felt([verdict()]), "counted": counted(), "overhead": 0.13}
    assert kept(CASES["random5"], good) == []
    assert kept(CASES["random5"], {**good, **spoilt}) == [words]


def test_repair_that_fetches_more_than_was_lost_is_a_fault_at_any_loss() -> None:
    found = {"crowd": felt([verdict()]), "counted": counted(800, 200, 23_000), "overhead": 0.3}
    assert kept(CASES["random20"], found) == ["repair 1.15 times the loss"]


def test_the_moments_of_a_cut_are_read_from_the_gateway_s_states() -> None:
    states = [("group", 3.0), ("group", 3.0), ("bridge", 10.4), ("unicast", 10.8), ("unicast", 10.8), ("group", 32.5)]
    seen = [(9.8 + at * 4, state, since_s, 0, 0) for at, (state, since_s) in enumerate(states)]
    assert moments(seen, 10.0, 30.0) == (pytest.approx(0.4), pytest.approx(2.5))
    assert moments(seen[:4], 10.0, 30.0)[1] is None


def test_delay_is_of_the_parts_that_both_had() -> None:
    seen = {"edge": {"1.0": 100.0, "1.1": 300.0}, "gateway": {"1.1": 340.0, "1.2": 550.0}}
    assert later_ms(seen, "gateway", "edge") == [40.0]


def row(bps: float) -> dict[str, Any]:
    cores = {"origin_cores": 0.3, "sender_cores": 0.1, "gateway_cores": 0.02}
    return {"sender_bps": bps, "out_per_in": bps / 9e5, "origin_bps": 2e4, "gateways": counted(), **cores}


def offload() -> dict[str, Any]:
    rows, unicast = {"1": row(1e6), "20": row(1.01e6)}, {"1": {"origin_bps": 9e5}, "5": {"origin_bps": 4.5e6}}
    return {"network": "namespaces", "multicast": rows, "unicast": unicast, **judged(rows, unicast)}


def test_what_left_the_sender_is_compared_and_unicast_reckoned_where_it_was_not_measured() -> None:
    result = offload()
    assert result["spread"] == pytest.approx(0.01)
    assert result["edge_bps"] == 9e5
    assert not result["failed"]
    assert "1.00 %" in str(shown(result)[1])


def test_the_chart_draws_what_there_is(tmp_path: Path) -> None:
    case = {"case": "5 % at random", "crowd": felt([verdict()]), "counted": counted(), "gateways": 2, "viewers": 40}
    file = tmp_path / "chart.svg"
    chart.write({}, file)
    assert not file.exists()
    chart.write(
        {"offload": {**FACTS, "result": offload()}, "loss": {**FACTS, "result": {"cases": {"random5": case}}}}, file
    )
    words = " ".join(ElementTree.fromstring(file.read_text()).itertext())
    for told in ("20 gateways", "18.00 Mb/s, reckoned", "5 % at random: 0 stalls, 80 viewers", "abc1234"):
        assert told in words


def test_words_that_mean_nothing_are_refused_in_a_sentence() -> None:
    assert parse(["loss", "--cases", "random5,bursts", "--gateways", "1,5"], SCENARIOS).gateways == [1, 5]
    with pytest.raises(SystemExit, match="no scenario called rain"):
        parse(["rain"], SCENARIOS)
