"""Metrics of one process, sent as a snapshot to the process that publishes `/metrics` and `/status`.

Counters and gauges are plain dictionary entries, so that the hot path pays a dictionary store; Quantiles keeps
a bounded window of samples. Names end in their unit and follow Prometheus (`parts_late_total`, `egress_bytes_total`).
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

Key = tuple[str, tuple[tuple[str, str], ...]]


class Quantiles:
    """The last `size` samples of something, and their quantiles."""

    def __init__(self, size: int = 1000) -> None:
        self.samples: deque[float] = deque(maxlen=size)

    def add(self, value: float) -> None:
        """Take one sample; the oldest leaves when the window is full."""
        self.samples.append(value)

    def summary(self) -> dict[str, float]:
        """`{p50, p95, p99, max}` in the samples' own unit; empty without samples."""
        if not self.samples:
            return {}
        ordered = sorted(self.samples)
        last = len(ordered) - 1
        ranks = {"p50": 0.50, "p95": 0.95, "p99": 0.99, "max": 1.0}
        return {name: ordered[min(last, int(q * len(ordered)))] for name, q in ranks.items()}


class Metrics:
    """Counters (names ending in `_total`), gauges and quantiles of one process."""

    def __init__(self) -> None:
        self.values: dict[Key, float] = {}
        self._quantiles: dict[Key, Quantiles] = {}

    @staticmethod
    def key(name: str, **labels: str) -> Key:
        """A key to keep, so that the hot path does `metrics.values[key] += 1` and nothing else."""
        return (name, tuple(sorted(labels.items())))

    def count(self, name: str, n: float = 1, **labels: str) -> None:
        """Add `n` to a counter; its name must end in `_total`."""
        key = self.key(name, **labels)
        self.values[key] = self.values.get(key, 0) + n

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        self.values[self.key(name, **labels)] = value

    def sample(self, name: str, value: float, **labels: str) -> None:
        """Take one sample of a distribution, published as gauges labelled `quantile`."""
        self._quantiles.setdefault(self.key(name, **labels), Quantiles()).add(value)

    def total(self, name: str) -> float:
        """A counter, summed over its labels."""
        return sum(value for (each, _), value in self.values.items() if each == name)

    def merged(self, name: str) -> dict[str, float]:
        """`{p50, p95, p99, max}` of a distribution's recent samples, over all its labels."""
        together = Quantiles(size=10_000)
        for (each, _), quantiles in self._quantiles.items():
            if each == name:
                for value in quantiles.samples:
                    together.add(value)
        return together.summary()

    def snapshot(self) -> list[tuple[str, dict[str, str], float]]:
        """Everything as `(name, labels, value)`: JSON-ready. Threads may go on counting meanwhile."""
        rows = [(name, dict(labels), value) for (name, labels), value in list(self.values.items())]
        for (name, labels), quantiles in list(self._quantiles.items()):
            rows += [(name, {**dict(labels), "quantile": q}, v) for q, v in quantiles.summary().items()]
        return rows


class _Merged:
    def __init__(self, processes: Mapping[str, Iterable[Any]]) -> None:
        self._processes = processes

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for process, rows in self._processes.items():
            for name, labels, value in rows:
                names = (*sorted(labels), "process")
                family = families.get(name)
                if family is None:
                    kind = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
                    family = families[name] = kind(f"ringside_{name}", name.replace("_", " "), labels=names)
                family.add_metric([*(str(labels[n]) for n in names[:-1]), process], value)
        yield from families.values()


def exposition(processes: Mapping[str, Iterable[Any]]) -> bytes:
    """The snapshots of several processes, by name, as one Prometheus text exposition."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Merged(processes))
    return generate_latest(registry)
