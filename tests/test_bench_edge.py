"""The edge's bench: what it concludes from figures, and the picture it draws of them. No clocks, no servers."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from bench.edge import SCENARIOS, chart, main
from bench.edge.flooder import Flood
from bench.edge.hold import middle
from bench.edge.lean import Viewers
from bench.edge.machine import blame
from bench.edge.viewers import NEITHER, summary

MEASURED = {"at": "2026-11-22 23:00 UTC", "commit": "abc1234", "cores": 2, "cpu": "Any <CPU>"}
TELL = {"port": 1, "address": "127.0.0.1", "viewers": 1, "part_s": 0.2, "publish_s": 0.03, "tracks": ["/v", "/a"]}


def cost(**us: float) -> dict[str, dict[str, float]]:
    return {who: {"cpu_us": value} for who, value in us.items()}


def figures(**scenarios: Any) -> dict[str, Any]:
    return {name: {"measured": MEASURED, "result": result} for name, result in scenarios.items()}


def seen(parts: int, late: int, failed: dict[str, int] | None = None) -> dict[str, Any]:
    """What a process of lean viewers says: 100 of them, 1,000 parts expected."""
    counts = {"joined": 100, "parts": parts, "parts_expected": 1_000, "parts_late": late, "parts_next_late": late}
    return {**counts, "failed": failed or {}, "late_ms": [1.0], "responses": 10, "bytes": 10, "took_s": 1.0}


def judged(result: dict[str, Any], server: float = 0.5, load: float = 0.5) -> tuple[bool, str]:
    row = summary(100, [result], {"server_cores": server, "took_s": 1.0}, load)
    return row["good"], row["limit"]


def test_the_chart_is_xml_with_a_bar_for_each_figure_and_colours_for_the_dark(tmp_path: Path) -> None:
    held = {
        "ours, fed": {"50": {"over_ms": {"p95": 2.0}, "failed": 0}},
        "Varnish": {"50": {"over_ms": {}, "failed": 9}},
    }
    path = tmp_path / "images" / "edge.svg"
    responses = {"166 kB part": cost(nginx=19, ours=17), "no two requests alike": cost(nginx=1, ours=1)}
    chart.write(figures(responses=responses, hold=held), path)
    root = ElementTree.fromstring(path.read_text())
    bars = [each for each in root.iter("{http://www.w3.org/2000/svg}rect") if each.get("class") != "card"]
    assert len(bars) == 3
    assert "prefers-color-scheme:dark" in path.read_text()
    assert "Any <CPU>" in "".join(root.itertext())


def test_nothing_is_drawn_of_nothing(tmp_path: Path) -> None:
    chart.write({}, tmp_path / "edge.svg")
    assert not (tmp_path / "edge.svg").exists()


def test_a_part_that_never_came_is_not_on_time() -> None:
    assert judged(seen(1_000, 0)) == (True, "")
    assert judged(seen(998, 0)) == (False, NEITHER)
    assert judged(seen(1_000, 2)) == (False, NEITHER)
    assert judged(seen(1_000, 0, {"the server hung up": 1})) == (False, NEITHER)


def test_a_load_that_was_the_bottleneck_is_named_before_the_server() -> None:
    assert judged(seen(900, 0), load=0.95) == (False, "load")
    assert judged(seen(900, 0), server=0.95) == (False, "server")
    assert "BOTTLENECK" in blame(0.95)
    assert "BOTTLENECK" not in blame(0.5)


def test_of_three_rounds_the_middle_is_reported_with_the_worst_of_its_counts() -> None:
    rounds = [
        {"over_ms": {"p95": ms}, "failed": failed, "upstream": 1} for ms, failed in ((9.0, 0), (3.0, 0), (5.0, 2))
    ]
    assert middle(rounds) == {"over_ms": {"p95": 5.0}, "failed": 2, "upstream": 1, "p95_ms": [3.0, 5.0, 9.0]}


def test_recovery_ends_with_the_last_request_that_was_refused_or_slow_after_the_thaw() -> None:
    flood = Flood({"phases": [2.0, 3.0, 4.0]})
    flood.seen = [(1.0, 0.1, 200), (3.0, 2.5, 504), (5.5, 0.1, 502), (6.0, 0.7, 200), (6.5, 0.1, 200)]
    flood.paths = {"/live/0/1": 1.0, "/live/0/2": 3.0}
    said = flood.summary()
    assert said["recovery_s"] == pytest.approx(1.7)
    assert said["lost_at_thaw"] == 1
    assert [phase["requests"] for phase in said["phases"]] == [1, 1, 3]
    assert [phase["objects"] for phase in said["phases"]] == [1, 1, 0]


def test_lean_viewers_wait_for_the_part_that_is_published_next() -> None:
    viewers = Viewers({**TELL, "count_after_s": 0, "seconds": 0, "join_s": 1})
    second_ns = 10**9
    assert viewers.next_part(100 * second_ns) == (49, 9)
    assert viewers.next_part(100 * second_ns + second_ns * 3 // 100) == (50, 0)
    assert viewers.next_part(100 * second_ns + second_ns * 24 // 100) == (50, 1)


def test_a_scenario_that_is_none_is_refused_with_the_names_of_those_there_are() -> None:
    with pytest.raises(SystemExit, match=SCENARIOS[0]):
        main(["respones"])
