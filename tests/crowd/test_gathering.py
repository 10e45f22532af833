"""What the parts of a crowd report, added up; and what a moment is made of."""

import pytest
from crowd_night import Night, plan_of

from ringside.prove.crowd.machines.gathering import LOST_KEPT, Gathering
from ringside.prove.crowd.tally.histogram import Histogram
from ringside.prove.crowd.tally.moment import Total, difference, moment
from ringside.prove.crowd.tally.tally import Tally


def snapshot(joins: int, cpu: float = 0.3) -> dict[str, object]:
    tally = Tally()
    tally.arrived = joins
    for _ in range(joins):
        tally.joined(0.4)
    return {"tally": tally.to_json(), "generator": {"cpu": cpu, "wall_s": 1.0, "loop_lag_ms": Histogram().to_json()}}


def test_a_newer_snapshot_takes_the_place_of_the_older() -> None:
    gathering = Gathering()
    gathering.heard("process 1", snapshot(3), final=False)
    gathering.heard("process 1", snapshot(5), final=False)
    gathering.heard("process 2", snapshot(7), final=True)
    assert gathering.tally().joins == 12
    assert len(gathering.tally().ttff) == 12
    assert [each["name"] for each in gathering.generators()] == ["process 1", "process 2"]
    assert gathering.finished == {"process 2"}


def test_what_a_lost_part_had_seen_still_counts() -> None:
    gathering = Gathering()
    gathering.heard("process 1", snapshot(3), final=False)
    gathering.lost("process 1", "was killed (SIGKILL)")
    assert gathering.losses == ["process 1 was killed (SIGKILL)"]
    assert gathering.tally().joins == 3


def test_losses_are_bounded() -> None:
    gathering = Gathering()
    for i in range(LOST_KEPT + 50):
        gathering.lost(f"worker {i}", "was silent")
    assert len(gathering.losses) == LOST_KEPT


def test_a_gathering_of_gatherings_keeps_every_process_apart() -> None:
    worker = Gathering()
    worker.heard("process 1", snapshot(2, cpu=0.1), final=True)
    worker.heard("process 2", snapshot(3, cpu=0.9), final=True)
    coordinator = Gathering()
    together = worker.snapshot()
    assert together is not None
    coordinator.heard("worker a", together, final=True)
    coordinator.heard("worker b", together, final=True)
    assert coordinator.tally().joins == 10
    assert [(each["name"], each["cpu"]) for each in coordinator.generators()] == [
        ("worker a, process 1", 0.1),
        ("worker a, process 2", 0.9),
        ("worker b, process 1", 0.1),
        ("worker b, process 2", 0.9),
    ]


def test_before_the_first_report_there_is_no_snapshot() -> None:
    assert Gathering().snapshot() is None


def test_a_moment_is_the_difference_of_two_totals() -> None:
    plan = plan_of(300, 10)
    night = Night(plan, stalls_at=(6,))
    calm, stalled = night.moments[4], night.moments[6]
    assert (calm.stalls, calm.stalled, calm.on, calm.joined) == (0, 0, 300, 300)
    assert (stalled.stalls, stalled.stalled, stalled.playing) == (10, 10, 290)
    assert calm.mbps == pytest.approx(300 * 0.6)
    assert calm.requests_per_s == pytest.approx(3600)
    assert calm.spread_ms == pytest.approx(500)
    assert dict(calm.rungs) == {600_000: 150, 2_500_000: 150}
    assert calm.latency_p50_ms == pytest.approx(2050, rel=0.03)
    assert stalled.latency_p50_ms == pytest.approx(3050, rel=0.03), "of this second alone, not of all so far"


def test_cpu_is_that_of_the_busiest_process_in_this_second() -> None:
    def process(name: str, cpu: float, wall_s: float) -> dict[str, object]:
        return {"name": name, "cpu": cpu, "wall_s": wall_s, "loop_lag_ms": Histogram().to_json()}

    before = Total(10.0, Tally(), [process("a", 0.10, 10.0), process("b", 0.50, 10.0)])
    after = Total(11.0, Tally(), [process("a", 0.18, 11.0), process("b", 0.50, 11.0)])
    assert moment(before, after).cpu == pytest.approx((0.18 * 11 - 0.10 * 10) / 1.0)


def test_a_part_that_reports_late_makes_no_negative_rates() -> None:
    night = Night(plan_of(10, 5))
    backwards = moment(night.totals[4], Total(5.0, night.totals[3].tally, night.totals[3].generators))
    assert backwards.mbps == backwards.requests_per_s == 0
    assert backwards.stalls == 0


def test_the_difference_of_histograms_holds_only_what_is_new() -> None:
    before, after = Histogram(), Histogram()
    for value in (0.1, 0.1, 0.2):
        before.record(value)
        after.record(value)
    after.record(5.0)
    assert len(difference(before, after)) == 1
    assert difference(before, after).quantile_ms(0.5) == pytest.approx(5000, rel=0.01)
    assert difference(after, after).quantile_ms(0.5) is None
