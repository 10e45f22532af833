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
MOST_STUDIOS = 8
STATUS, METRICS = "/status.json", "/metrics"
EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


class Gathering:
    """The newest report of each process; reports older than five seconds are left out."""

    def __init__(self, event: str, clock: Clock) -> None:
        self._event = event
        self._clock = clock
        self._began_ns = clock.now_ns()
        self._workers: dict[int, tuple[int, dict[str, Any]]] = {}
        self._studios: dict[str, tuple[int, dict[str, Any]]] = {}  # by name; "" is one that does not say it
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
        """A studio's report: `source`, `encoder`, its metrics, and who it is."""
        now_ns = self._clock.now_ns()
        self._studios[str(_who(report).get("name", ""))] = (now_ns, report)
        for gone in [name for name, (at_ns, _) in self._studios.items() if now_ns - at_ns > FORGET_S * 1e9]:
            del self._studios[gone]
        while len(self._studios) > MOST_STUDIOS:
            del self._studios[min(self._studios, key=lambda name: self._studios[name][0])]

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

    def _studio(self, on_air: str = "") -> dict[str, Any]:
        """The report of the studio on the air; of the first in order where that one is silent."""
        if found := self._fresh(self._studios.get(on_air, (0, {}))):
            return found
        fresh = [report for stamped in self._studios.values() if (report := self._fresh(stamped))]
        return min(fresh, key=lambda report: int(_who(report).get("order", 0)), default={})

    def _studio_rows(self) -> list[dict[str, Any]]:
        """Every studio that said who it is, in order."""
        rows = [
            {
                **_who(report),
                "heard_ms": at_ns // 10**6,
                "source": report.get("source", {}),
                "encoder": report.get("encoder", {}),
            }
            for name, (at_ns, report) in self._studios.items()
            if name
        ]
        return sorted(rows, key=lambda row: (row["order"], row["name"]))

    def _edge(self) -> dict[str, Any]:
        workers = [report for stamped in self._workers.values() if (report := self._fresh(stamped))]
        return {**together(workers), "workers": workers}

    def parts(self, metrics: Metrics) -> dict[str, Any]:
        """How late parts are published, against the capture time of their last frame, and from encoder to wire."""
        lateness = {"lateness_ms": metrics.merged("part_lateness_ms")}
        rows = self._studio().get("metrics", [])
        wire = [(labels, value) for name, labels, value in rows if name == "ingest_part_delay_ms"]
        wire_ms = {q: max((v for labels, v in wire if labels.get("quantile") == q), default=0) for q in QUANTILES}
        return {**lateness, "wire_ms": wire_ms, "count": int(metrics.total("chunks_total"))}

    def status(
        self, origin: dict[str, Any], parts: dict[str, Any], state: str, target: dict[str, Any]
    ) -> dict[str, Any]:
        """All of an event; the page at `/status` draws it. `target`: the latency that all players steer to."""
        studio = self._studio(_on_air(origin))
        of_event = {"source": studio.get("source", {}), "encoder": studio.get("encoder", {}), "parts": parts}
        of_event["studios"] = self._studio_rows()
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
        for name, stamped in self._studios.items():
            if studio := self._fresh(stamped).get("metrics", []):
                processes[f"studio-{name}" if len(self._studios) > 1 and name else "studio"] = studio
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


def _who(report: dict[str, Any]) -> dict[str, Any]:
    """Name and order of the studio that reports, as the origin noted them; empty for one that does not say them."""
    who = report.get("studio")
    return who if isinstance(who, dict) else {}


def _on_air(origin: dict[str, Any]) -> str:
    """The studio from which the first picture track is taken now."""
    tracks = sorted(origin.get("tracks", {}).values(), key=lambda row: row.get("kind") != "video")
    rows = [row for track in tracks for row in track.get("candidates", []) if row["on_air"]]
    return str(rows[0]["studio"]) if rows else ""
