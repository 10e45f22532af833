"""What workers tell, put together: sums are sums, the busiest are the busiest of all, metrics have their names."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ringside.cli.children.merge import BUSIEST, together, upstream_metrics, worker_metrics

COUNTS = st.fixed_dictionaries({name: st.integers(0, 10**6) for name in ("hits", "held", "bytes")})
OBJECTS = st.lists(
    st.fixed_dictionaries({"path": st.sampled_from("abcdefghijklmn"), "hits": st.integers(0, 99), "held": st.just(1)})
)
REPORTS = st.lists(
    st.fixed_dictionaries(
        {"kinds": st.dictionaries(st.sampled_from(["part", "segment", "page"]), COUNTS), "objects": OBJECTS}
    )
)


def worker(**more: Any) -> dict[str, Any]:
    kinds = {"part": {"hits": 5, "held": 7, "bytes": 90}}
    return {"pid": 41, "held": 3, "requests": 12, "loop_lag_ms": 1.5, "statuses": {"200": 12}, "kinds": kinds, **more}


@given(REPORTS)
def test_no_request_is_lost_or_told_twice(reports: list[dict[str, Any]]) -> None:
    merged = together(reports)
    for name in ("hits", "held", "bytes"):
        assert sum(kind[name] for kind in merged["kinds"].values()) == sum(
            kind[name] for report in reports for kind in report["kinds"].values()
        )


@given(REPORTS)
def test_the_busiest_are_at_most_ten_in_order_and_each_once(reports: list[dict[str, Any]]) -> None:
    rows = together(reports)["objects"]
    asked = [row["hits"] for row in rows]
    paths = [row["path"] for row in rows]
    assert len(rows) <= BUSIEST
    assert asked == sorted(asked, reverse=True)
    assert len(set(paths)) == len(paths)


def test_merging_leaves_the_reports_as_they_were() -> None:
    first, second = worker(), worker()
    together([first, second])
    assert first == second == worker()


def test_the_top_rung_s_share_is_weighted_by_what_each_worker_sent() -> None:
    busy = worker(top_rung_share=0.9, tracks={"v720": {"hits": 900}, "v360": {"hits": 100}})
    idle = worker(top_rung_share=None, tracks={})
    calm = worker(top_rung_share=0.1, tracks={"v360": {"hits": 1000}})
    assert together([busy, idle, calm])["top_rung_share"] == 0.5
    assert together([idle])["top_rung_share"] is None


def test_workers_of_another_version_are_put_together_all_the_same() -> None:
    assert together([{"objects": 12}, {}])["objects"] == []


def test_what_was_hit_and_held_is_a_counter_by_kind() -> None:
    rows = worker_metrics(worker())
    assert ("edge_hits_total", {"kind": "part"}, 5.0) in rows
    assert ("edge_held_total", {"kind": "part"}, 7.0) in rows
    assert ("edge_held", {}, 3.0) in rows
    assert ("edge_requests_total", {}, 12.0) in rows
    assert ("edge_responses_total", {"status": "200"}, 12.0) in rows
    assert not any(name == "edge_pid" for name, _, _ in rows)


def test_what_was_asked_upstream_is_a_counter() -> None:
    rows = {name: value for name, _, value in upstream_metrics({"pulls": 9, "state": "live", "bytes": 4})}
    assert rows["edge_upstream_requests_total"] == 9
    assert rows["edge_upstream_up"] == 1
    assert rows["edge_upstream_bytes"] == 4
    assert rows["edge_upstream_bytes_total"] == 0
    assert ("edge_pulls_total", {"kind": "part"}, 6.0) in upstream_metrics({"kinds": {"part": 6}})


def test_how_far_the_clock_is_from_the_origin_s_is_told_where_it_is_known() -> None:
    assert ("edge_clock_ahead_ms", {}, -3.5) in upstream_metrics({"clock_ahead_ms": -3.5})
    assert not any(name == "edge_clock_ahead_ms" for name, _, _ in upstream_metrics({}))
