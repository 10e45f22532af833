"""Merge: the reports of several edge workers as one, and as metrics. Pure: reports in, JSON-ready numbers out.

A report has totals since its worker began (`kinds`, `tracks`, `statuses`) and what was asked for most in the last
second (`objects`). `hits` are all that were answered, `held` those of them that waited for it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Row = tuple[str, dict[str, str], float]

BUSIEST = 10
SUMMED = ("viewers", "held", "requests_per_s", "egress_bps")
TOTALS = {"requests", "bytes", "late", "slow_dropped", "turned_away", "handed_over", "no_descriptors", "too_fast"}
IDENTITY = {"pid", "port", "fed"}
UPSTREAM_TOTALS = {"requests": "pulls", "bytes": "pulled_bytes", "failures": "failures", "joined": "joined"}
MOQ_TOTALS = {
    "groups", "frames", "bytes", "dropped", "late", "unfit", "accepted", "refused", "failed", "lost", "sent_bytes"
}  # fmt: skip
MOQ_GAUGES = ("sessions", "tracks", "fed", "ready", "lost_packets", "cpu_cores", "egress_bps")
UPSTREAM_GAUGES = ("objects", "bytes", "under_way", "queued")
GROUP_TOTALS = ("switches", "unread", "group_bytes", "unicast_bytes", "unicast_cost_bytes")
TRACK_TOTALS = ("packets", "lost", "objects", "mended_by_fec", "mended_by_unicast", "missing")


def together(workers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """All workers as one: sums, the worst loop lag (ms), what was answered by kind, the busiest objects."""
    statuses = _sum(worker.get("statuses", {}) for worker in workers)
    return {
        **{name: sum(worker.get(name, 0) for worker in workers) for name in SUMMED},
        "loop_lag_ms": max((worker.get("loop_lag_ms", 0) for worker in workers), default=0),
        "statuses": statuses,
        "kinds": _by_name(worker.get("kinds", {}) for worker in workers),
        "objects": _busiest(workers),
        "top_rung_share": _top_rung_share(workers),
    }


def _sum(all_counts: Iterable[Mapping[str, float]]) -> dict[str, float]:
    summed: dict[str, float] = {}
    for counts in all_counts:
        for name, count in counts.items():
            summed[name] = summed.get(name, 0) + count
    return summed


def _by_name(reports: Iterable[Mapping[str, Mapping[str, float]]]) -> dict[str, dict[str, float]]:
    merged: dict[str, dict[str, float]] = {}
    for report in reports:
        for name, counts in report.items():
            merged[name] = _sum([merged.get(name, {}), counts])
    return merged


def _busiest(workers: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    told = [row for worker in workers if isinstance(rows := worker.get("objects"), list) for row in rows]
    asked = _by_name({row["path"]: {"hits": row.get("hits", 0), "held": row.get("held", 0)}} for row in told)
    rows = [{"path": path, **counts} for path, counts in asked.items()]
    return sorted(rows, key=lambda row: (-row["hits"], row["path"]))[:BUSIEST]


def _top_rung_share(workers: Iterable[Mapping[str, Any]]) -> float | None:
    """The workers' shares, weighted by how much media each answered; None where none did."""
    weighed = [
        (sum(track.get("hits", 0) for track in worker.get("tracks", {}).values()), worker["top_rung_share"])
        for worker in workers
        if worker.get("top_rung_share") is not None
    ]
    whole = sum(weight for weight, _ in weighed)
    return round(sum(weight * share for weight, share in weighed) / whole, 4) if whole else None


def worker_metrics(report: Mapping[str, Any]) -> list[Row]:
    """A worker's report as metrics: totals as counters, the rest as gauges; statuses and kinds by label."""
    rows: list[Row] = []
    for name, value in report.items():
        if isinstance(value, int | float) and name not in IDENTITY:
            rows.append((f"edge_{name}_total" if name in TOTALS else f"edge_{name}", {}, float(value)))
    rows += [("edge_responses_total", {"status": str(s)}, float(n)) for s, n in report.get("statuses", {}).items()]
    for kind, counts in report.get("kinds", {}).items():
        rows += [
            (f"edge_{what}_total", {"kind": kind}, float(counts.get(of, 0)))
            for what, of in (("hits", "hits"), ("held", "held"), ("kind_bytes", "bytes"))
        ]
    return rows


def moq_metrics(report: Mapping[str, Any]) -> list[Row]:
    """What the MoQ process reports, as metrics."""
    rows: list[Row] = [(f"moq_{name}_total", {}, float(report[name])) for name in sorted(MOQ_TOTALS & report.keys())]
    return [*rows, *((f"moq_{name}", {}, float(report[name])) for name in MOQ_GAUGES if name in report)]


def upstream_metrics(upstream: Mapping[str, Any]) -> list[Row]:
    """What the filler tells of its origin, as metrics."""
    rows: list[Row] = [
        (f"edge_upstream_{name}_total", {}, float(upstream.get(of, 0))) for name, of in UPSTREAM_TOTALS.items()
    ]
    rows += [(f"edge_upstream_{name}", {}, float(upstream.get(name, 0))) for name in UPSTREAM_GAUGES]
    if "clock_ahead_ms" in upstream:
        rows.append(("edge_clock_ahead_ms", {}, float(upstream["clock_ahead_ms"])))
    rows += [("edge_origin_switches_total", {}, float(upstream["switches"]))] if "switches" in upstream else []
    for origin in upstream.get("origins", ()):
        labels = {"origin": str(origin["url"])}
        rows.append(("edge_origin_on_air", labels, float(origin["on_air"])))
        rows.append(("edge_origin_lateness_ms", labels, float(origin["lateness_ms"])))
    rows += [("edge_pulls_total", {"kind": kind}, float(n)) for kind, n in upstream.get("kinds", {}).items()]
    return [*rows, ("edge_upstream_up", {}, float(upstream.get("state") == "live"))]


def multicast_metrics(multicast: Mapping[str, Any]) -> list[Row]:
    """What a gateway tells of its group, as metrics; none for an edge that is no gateway."""
    if not multicast:
        return []
    rows: list[Row] = [(f"multicast_{name}_total", {}, float(multicast.get(name, 0))) for name in GROUP_TOTALS]
    rows += [("multicast_dropped_total", {"reason": why}, float(n)) for why, n in multicast.get("dropped", {}).items()]
    for track, counts in multicast.get("tracks", {}).items():
        rows += [(f"multicast_{name}_total", {"track": track}, float(counts.get(name, 0))) for name in TRACK_TOTALS]
    return [*rows, ("multicast_up", {}, float(multicast.get("state") == "group"))]
