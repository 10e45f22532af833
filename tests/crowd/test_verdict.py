"""The verdict: every key that scripts rely on, null where there was nothing to measure, and honest about itself."""

import json
from typing import Any

import pytest

import ringside
from ringside.prove.crowd.plan import Plan
from ringside.prove.crowd.player.base import Feel
from ringside.prove.crowd.tally.histogram import Histogram
from ringside.prove.crowd.tally.tally import Tally
from ringside.prove.crowd.verdict import verdict, version

PROMISED = [
    "viewers",
    "joined",
    "failed",
    "ttff_ms",
    "stalls",
    "stall_ratio",
    "latency_ms",
    "spread_ms",
    "on_time_ratio",
    "requests",
    "statuses",
    "bytes",
    "generator_cpu",
    "loop_lag_ms",
    "saturated",
    "seed",
]
EMPTY = {"p50": None, "p95": None, "p99": None, "max": None}


def plan(**options: Any) -> Plan:
    return Plan(**{"url": "http://127.0.0.1/index.m3u8", "viewers": 3, "seed": 42, **options})


def generator(cpu: float = 0.5, lag_ms: float = 4.0, **more: Any) -> dict[str, Any]:
    lag = Histogram()
    for _ in range(100):
        lag.record(lag_ms / 1e3)
    return {"cpu": cpu, "loop_lag_ms": lag.to_json(), "wall_s": 10.0, **more}


def evening() -> Tally:
    """Ten seconds of three viewers: two play, of which one stalls; one sees nothing."""
    tally = Tally()
    feels = [Feel(0.0) for _ in range(3)]
    for feel in feels:
        tally.came(feel)
    for number, feel in enumerate(feels[:2]):
        tally.joined(0.2 + number)
        tally.latency_from("prft")
        feel.first_frame_s, feel.playing, feel.rung_bps = 0.2 + number, True, 600_000 * (1 + number)
    for second in range(10):
        for number, feel in enumerate(feels[:2]):
            feel.watched_s += 0.9
            feel.on_time += 4
            feel.latency_s = 2.0 + number / 2
            tally.second(second, feel)
        tally.bytes += 1_250_000
    feels[1].stalls, feels[1].stalled_s, feels[1].late = 1, 2.0, 20
    tally.failed("manifest: 404")
    for feel in feels:
        tally.left(feel)
    for code in (404, 200, 200):
        tally.status(code)
    tally.requests = 4
    tally.problem("timed out")
    return tally


def test_every_promised_key_is_there() -> None:
    for tally, generators in ((Tally(), []), (evening(), [generator()])):
        assert set(PROMISED) <= set(verdict(tally, plan(), generators))


def test_it_says_what_the_viewers_felt() -> None:
    found = verdict(evening(), plan(), [generator()])
    assert (found["viewers"], found["arrived"], found["joined"], found["failed"], found["no_picture"]) == (
        3,
        3,
        2,
        1,
        1,
    )
    assert found["failures"] == {"manifest: 404": 1}
    assert found["ttff_ms"]["max"] == 1200.0
    assert (found["stalls"], found["stalled_viewers"]) == (1, 1)
    assert found["stall_ratio"] == 0.1
    assert found["stall_ms"]["max"] == 2000.0
    assert found["on_time_ratio"] == 0.8
    assert found["latency_ms"]["max"] == 2500.0
    assert found["latency_source"] == {"prft": 2}
    assert found["spread_ms"] == {"p50": 500.0, "p95": 500.0, "p99": 500.0, "max": 500.0}
    assert found["rungs"] == {"600000": 0.5, "1200000": 0.5}
    assert found["peak_concurrent"] == 3


def test_it_says_what_went_over_the_wire() -> None:
    found = verdict(evening(), plan(), [generator()])
    assert (found["requests"], found["statuses"]) == (4, {"200": 2, "404": 1})
    assert found["problems"] == {"timed out": 1}
    assert found["bytes"] == 12_500_000
    assert found["throughput_mbps"] == 10.0


def test_a_crowd_of_which_nobody_joined_is_told_with_nulls() -> None:
    tally, feel = Tally(), Feel(0.0)
    tally.came(feel)
    tally.second(0, feel)
    tally.failed("connection refused")
    tally.left(feel)
    found = verdict(tally, plan(viewers=1), [generator()])
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert (found["joined"], found["failed"], found["stall_ratio"], found["on_time_ratio"]) == (0, 1, None, None)
    assert found["ttff_ms"] == found["latency_ms"] == found["spread_ms"] == EMPTY


def test_one_viewer_alone_has_no_spread() -> None:
    tally, feel = Tally(), Feel(0.0)
    feel.playing, feel.latency_s = True, 2.0
    tally.second(0, feel)
    assert verdict(tally, plan(), [generator()])["spread_ms"] == EMPTY


def test_a_generator_at_its_ease_is_not_saturated() -> None:
    found = verdict(evening(), plan(), [generator(0.9, 99.0), generator(0.2, 1.0)])
    assert (found["saturated"], found["saturated_because"]) == (False, None)
    assert found["generator_cpu"] == 0.9
    assert found["loop_lag_ms"]["max"] == 99.0
    assert [each["cpu"] for each in found["generator"]] == [0.9, 0.2]


@pytest.mark.parametrize(
    ("generators", "because"),
    [
        ([generator(0.2), generator(0.97)], "process 2 used 97% of a core (limit 90%)"),
        ([generator(0.2, 180.0), generator(0.2)], "process 1 was 180 ms late (p99; limit 100 ms)"),
        ([generator(0.95, name="worker A, 1")], "worker A, 1 used 95% of a core (limit 90%)"),
        ([generator(out_of_descriptors=7)], "process 1 had no file descriptor for 7 connections"),
        ([], "no generating process reported"),
    ],
)
def test_a_generator_past_its_limit_makes_the_verdict_saturated(generators: list[Any], because: str) -> None:
    found = verdict(evening(), plan(), generators)
    assert (found["saturated"], found["saturated_because"]) == (True, because)


def test_one_late_turn_in_a_thousand_is_forgiven() -> None:
    lag = Histogram()
    for turn in range(1000):
        lag.record(0.4 if turn == 500 else 0.002)
    found = verdict(evening(), plan(), [{"cpu": 0.3, "loop_lag_ms": lag.to_json(), "wall_s": 10.0}])
    assert not found["saturated"]
    assert found["loop_lag_ms"]["max"] == 400.0


def test_what_else_a_process_says_of_itself_is_passed_on() -> None:
    found = verdict(evening(), plan(), [generator(memory_kb=40_000, out_of_descriptors=0)])
    assert not found["saturated"]
    assert found["generator"][0]["memory_kb"] == 40_000


def test_the_limits_are_the_plans() -> None:
    strict = plan(cpu_limit=0.3, lag_limit_ms=2.0)
    assert verdict(evening(), strict, [generator(0.4, 4.0)])["saturated_because"] == (
        "process 1 used 40% of a core (limit 30%); process 1 was 4 ms late (p99; limit 2 ms)"
    )


def test_a_process_that_was_lost_spoils_the_verdict() -> None:
    found = verdict(evening(), plan(), [generator()], losses=["process 2 was killed"])
    assert (found["saturated"], found["saturated_because"]) == (True, "process 2 was killed")


def test_many_reasons_are_told_as_three_and_a_count() -> None:
    because = verdict(evening(), plan(), [generator(1.0) for _ in range(9)])["saturated_because"]
    assert because.endswith("process 3 used 100% of a core (limit 90%); and 6 more")


def test_it_says_how_to_have_the_same_crowd_again() -> None:
    asked = plan(arrive="ramp", over_s=5, slow=0.1, player="hls.js")
    found = verdict(evening(), asked, [generator()], commit="abc1234")
    assert (found["seed"], found["commit"], found["arrive"], found["player"]) == (42, "abc1234", "ramp", "hls.js")
    assert Plan.from_json(found["plan"]) == asked


def test_it_does_not_give_tokens_away() -> None:
    found = verdict(evening(), plan(headers=("Authorization: Bearer s3cret",), query="token=s3cret"), [generator()])
    assert "s3cret" not in json.dumps(found)


def test_the_commit_is_the_one_that_runs() -> None:
    assert version() == ringside.__version__ or int(version(), 16) >= 0
