"""Gathering: what the processes of an event tell of themselves, put together for `/status.json` and `/metrics`."""

from collections import deque
from typing import Any

from ringside.core.clock import Clock
from ringside.core.telemetry import Metrics, exposition

STALE_S = 5.0
LOG_LINES = 50
QUANTILES = ("p50", "p95", "p99", "max")
RATES = (("requests_per_s", "requests", 1), ("egress_bps", "bytes", 8))
FORGET_S = 60.0
SUMMED = ("viewers", "held", "requests_per_s", "egress_bps")


class Gathering:
    """The newest report of each process; reports older than five seconds are left out."""

    def __init__(self, event: str, clock: Clock) -> None:
        self._event = event
        self._clock = clock
        self._began_ns = clock.now_ns()
        self._workers: dict[int, tuple[int, dict[str, Any]]] = {}
        self._studio: tuple[int, dict[str, Any]] = (0, {})
        self.processes: list[dict[str, Any]] = []
        self.log: deque[dict[str, Any]] = deque(maxlen=LOG_LINES)

    def take_worker(self, report: dict[str, Any]) -> None:
        """One edge worker's report: totals, to which the rates since its last one are added."""
        now_ns, pid = self._clock.now_ns(), int(report.get("pid", 0))
        before_ns, before = self._workers.get(pid, (0, {}))
        seconds = (now_ns - before_ns) / 1e9
        for rate, total, unit in RATES:
            rose = report.get(total, 0) - before.get(total, 0)
            report[rate] = round(rose * unit / seconds, 3) if before and seconds > 0 else 0
        report["loop_lag_ms"] = report.get("loop_lag_ms", {}).get("p99", 0)
        self._workers[pid] = (now_ns, report)
        for gone in [p for p, (at_ns, _) in self._workers.items() if now_ns - at_ns > FORGET_S * 1e9]:
            del self._workers[gone]

    def take_studio(self, report: dict[str, Any]) -> None:
        """The studio's report: `source`, `encoder` and its metrics."""
        self._studio = (self._clock.now_ns(), report)

    def note(self, text: str) -> None:
        """A line for the status page's log."""
        self.log.append({"at_ms": self._clock.now_ns() // 10**6, "text": text})

    def _fresh(self, report: tuple[int, dict[str, Any]]) -> dict[str, Any]:
        return report[1] if self._clock.now_ns() - report[0] < STALE_S * 1e9 else {}

    def _edge(self) -> dict[str, Any]:
        workers = [report for stamped in self._workers.values() if (report := self._fresh(stamped))]
        statuses: dict[str, int] = {}
        for worker in workers:
            for status, count in worker.get("statuses", {}).items():
                statuses[status] = statuses.get(status, 0) + count
        totals = {name: sum(w.get(name, 0) for w in workers) for name in SUMMED}
        lag_ms = max((w.get("loop_lag_ms", 0) for w in workers), default=0)
        return {**totals, "loop_lag_ms": lag_ms, "statuses": statuses, "workers": workers}

    def parts(self, metrics: Metrics) -> dict[str, Any]:
        """How late parts are published, against the capture time of their last frame, and from encoder to wire."""
        lateness = {"lateness_ms": metrics.merged("part_lateness_ms")}
        rows = self._fresh(self._studio).get("metrics", [])
        wire = [(labels, value) for name, labels, value in rows if name == "ingest_part_delay_ms"]
        wire_ms = {q: max((v for labels, v in wire if labels.get("quantile") == q), default=0) for q in QUANTILES}
        return {**lateness, "wire_ms": wire_ms, "count": int(metrics.total("chunks_total"))}

    def status(self, origin: dict[str, Any], parts: dict[str, Any], state: str) -> dict[str, Any]:
        """The whole, JSON-ready; the page at `/status` draws it."""
        now_ns = self._clock.now_ns()
        studio = self._fresh(self._studio)
        return {
            "event": self._event,
            "now_ms": now_ns // 10**6,
            "uptime_s": (now_ns - self._began_ns) // 10**9,
            "state": state,
            "source": studio.get("source", {}),
            "encoder": studio.get("encoder", {}),
            "parts": parts,
            "origin": origin,
            "edge": self._edge(),
            "processes": self.processes,
            "log": list(self.log),
        }

    def metrics(self, origin: list[tuple[str, dict[str, str], float]]) -> bytes:
        """Every process's metrics as one Prometheus exposition."""
        processes: dict[str, list[Any]] = {
            "origin": list(origin),
            "studio": self._fresh(self._studio).get("metrics", []),
        }
        for pid, stamped in self._workers.items():
            processes[f"edge-{pid}"] = _worker_metrics(self._fresh(stamped))
        return exposition(processes)


def _worker_metrics(report: dict[str, Any]) -> list[tuple[str, dict[str, str], float]]:
    """A worker's report as metrics: its totals as counters, the rest as gauges, statuses by label."""
    totals = {"requests", "bytes", "late", "slow_dropped", "turned_away", "handed_over", "no_descriptors"}
    rows: list[tuple[str, dict[str, str], float]] = []
    for name, value in report.items():
        if isinstance(value, int | float) and name not in ("pid", "port"):
            rows.append((f"edge_{name}_total" if name in totals else f"edge_{name}", {}, float(value)))
    statuses = report.get("statuses", {})
    return rows + [("edge_responses_total", {"status": str(s)}, float(n)) for s, n in statuses.items()]
