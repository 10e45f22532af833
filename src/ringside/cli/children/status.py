"""Gathering: what the processes of an event, or of an edge that stands alone, tell of themselves.

What enters: their reports. What leaves: `/status.json` and `/metrics`.
"""

import json
from collections import deque
from typing import Any

from ringside.cli.children.merge import Row, moq_metrics, together, worker_metrics
from ringside.core.clock import Clock
from ringside.core.feed import Cache, Document, Message
from ringside.core.telemetry import Metrics, exposition
from ringside.flow.relay.moq import Offers

STALE_S = 5.0
LOG_LINES = 50
QUANTILES = ("p50", "p95", "p99", "max")
RATES = (("requests_per_s", "requests", 1), ("egress_bps", "bytes", 8))
FORGET_S = 60.0
STATUS, METRICS = "/status.json", "/metrics"
EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


class Gathering:
    """The newest report of each process; reports older than five seconds are left out."""

    def __init__(self, event: str, clock: Clock) -> None:
        self._event = event
        self._clock = clock
        self._began_ns = clock.now_ns()
        self._workers: dict[int, tuple[int, dict[str, Any]]] = {}
        self._studio: tuple[int, dict[str, Any]] = (0, {})
        self._offers = Offers()
        self._restreams: list[dict[str, Any]] = []
        self.processes: list[dict[str, Any]] = []
        self.log: deque[dict[str, Any]] = deque(maxlen=LOG_LINES)

    def take_worker(self, report: dict[str, Any]) -> None:
        """One edge worker's report: totals, to which the rates since its last one are added; or the MoQ process's."""
        if isinstance(moq := report.get("moq"), dict):
            self._offers.take(moq, self._clock.now_ns())
            return
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

    def order(self, order: dict[str, Any]) -> None:
        """From the supervisor: what the other processes do, and what is worth a line on the status page."""
        if "processes" in order:
            self.processes = order["processes"]
        if "restreams" in order:
            self._restreams = order["restreams"]
        if "note" in order:
            self.note(order["note"])

    def _fresh(self, report: tuple[int, dict[str, Any]]) -> dict[str, Any]:
        return report[1] if self._clock.now_ns() - report[0] < STALE_S * 1e9 else {}

    def _edge(self) -> dict[str, Any]:
        workers = [report for stamped in self._workers.values() if (report := self._fresh(stamped))]
        return {**together(workers), "workers": workers}

    def parts(self, metrics: Metrics) -> dict[str, Any]:
        """How late parts are published, against the capture time of their last frame, and from encoder to wire."""
        lateness = {"lateness_ms": metrics.merged("part_lateness_ms")}
        rows = self._fresh(self._studio).get("metrics", [])
        wire = [(labels, value) for name, labels, value in rows if name == "ingest_part_delay_ms"]
        wire_ms = {q: max((v for labels, v in wire if labels.get("quantile") == q), default=0) for q in QUANTILES}
        return {**lateness, "wire_ms": wire_ms, "count": int(metrics.total("chunks_total"))}

    def status(
        self, origin: dict[str, Any], parts: dict[str, Any], state: str, target: dict[str, Any]
    ) -> dict[str, Any]:
        """All of an event; the page at `/status` draws it. `target`: the latency that all players steer to."""
        studio = self._fresh(self._studio)
        of_event = {"source": studio.get("source", {}), "encoder": studio.get("encoder", {}), "parts": parts}
        restreams = {"restreams": self._restreams} if self._restreams else {}
        return self._status(state, target=target, **of_event, origin=origin, **restreams)

    def edge_status(self, upstream: dict[str, Any], state: str, multicast: dict[str, Any]) -> dict[str, Any]:
        """All of an edge that stands alone: what its filler tells of the origin, and of the group if it has one."""
        return self._status(state, upstream=upstream, **({"multicast": multicast} if multicast else {}))

    def _status(self, state: str, **more: Any) -> dict[str, Any]:
        now_ns = self._clock.now_ns()
        return {
            "event": self._event,
            "now_ms": now_ns // 10**6,
            "uptime_s": (now_ns - self._began_ns) // 10**9,
            "state": state,
            **more,
            "edge": self._edge(),
            **({"moq": moq} if (moq := self._offers.current(now_ns)) else {}),
            "processes": self.processes,
            "log": list(self.log),
        }

    def _metrics(self, rows: list[Row], process: str) -> bytes:
        """Every process's metrics as one Prometheus exposition; `rows` are those of this `process`."""
        processes: dict[str, list[Any]] = {process: list(rows)}
        if studio := self._fresh(self._studio).get("metrics", []):
            processes["studio"] = studio
        for pid, stamped in self._workers.items():
            processes[f"edge-{pid}"] = worker_metrics(self._fresh(stamped))
        if moq := self._offers.current(self._clock.now_ns()):
            processes["moq"] = moq_metrics(moq)
        return exposition(processes)

    def documents(self, status: dict[str, Any], rows: list[Row], process: str = "origin") -> list[Message]:
        """`/status.json`, `/metrics` and `/moq.json`, once a second; `rows` are the metrics of this `process`."""
        body = json.dumps(status, separators=(",", ":")).encode()
        return [
            Document(STATUS, body, "application/json", Cache.NONE),
            Document(METRICS, self._metrics(rows, process), EXPOSITION, Cache.NONE),
            *self._offers.messages(self._clock.now_ns()),
        ]
