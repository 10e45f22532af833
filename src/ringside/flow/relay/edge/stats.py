"""What a worker tells about itself once a second: counters since it began, gauges of now. JSON-ready."""

import os
import time
from typing import TYPE_CHECKING, Any

from ringside.core.telemetry import Quantiles, Rates

if TYPE_CHECKING:
    from ringside.flow.relay.edge.aio import Edge

ACTIVE_NS = 10_000_000_000


class Stats:
    """Reads the edge's plain counters; keeps the loop's lag and the CPU used so far."""

    def __init__(self, name: str, edge: "Edge") -> None:
        self._name = name
        self._edge = edge
        self._lag_ms = Quantiles(100)
        self._rates = Rates()

    def lag(self, late_s: float) -> None:
        """The tick came `late_s` seconds after it was due."""
        self._lag_ms.add(max(0.0, late_s) * 1000)

    def report(self, now_ns: int) -> dict[str, Any]:
        """Everything. `viewers`: connections that asked for something, or were held, in the last ten seconds."""
        edge = self._edge
        since_ns = now_ns - ACTIVE_NS
        return {
            "name": self._name,
            "pid": os.getpid(),
            "port": edge.port,
            "fed": edge.feed is not None and edge.store.synced,
            "viewers": sum(c.active_ns >= since_ns or c.busy for c in edge.connections),
            "connections": len(edge.connections),
            "held": edge.waiting.count,
            "subscribers": len(edge.subscribers),
            "blocked": len(edge.blocked),
            "requests": sum(edge.counts) + edge.handed_over + edge.waiting.count,
            "statuses": {str(status): n for status, n in enumerate(edge.counts) if n},
            "bytes": edge.bytes,
            "late": edge.late,
            "slow_dropped": edge.slow_dropped,
            "turned_away": edge.turned_away,
            "handed_over": edge.handed_over,
            "no_descriptors": edge.no_descriptors,
            "too_fast": edge.too_fast,
            "draining": edge.draining,
            "tls": edge.tls.report() if edge.tls is not None else None,
            **edge.store.sizes,
            **edge.store.streams,
            **self._census(),
            "loop_lag_ms": self._lag_ms.summary(),
            "cpu_cores": round(self._rates.take(now_ns, cpu_cores=time.process_time())["cpu_cores"], 4),
        }

    def _census(self) -> dict[str, Any]:
        store = self._edge.store
        store.census.fold(store.find)
        return store.census.report()
