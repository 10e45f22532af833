"""Moment: what the crowd did in about a second, from what it had counted before and after.

Two totals enter (merged tally and generators, each with the time it was taken), one Moment leaves. A list of them is
what the live table shows and the charts draw. Pure; what is unknown (nobody plays yet) is None.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ringside.prove.crowd.tally.histogram import Histogram
from ringside.prove.crowd.tally.tally import LEAST, MOST, ON, PLAYING, STALLED, Tally

MOMENTS = 4 * 3600
"""As many as a tally has rows."""


@dataclass(slots=True)
class Total:
    """All that was counted by `t_s` seconds after the common start."""

    t_s: float
    tally: Tally = field(default_factory=Tally)
    generators: list[dict[str, Any]] = field(default_factory=list)
    """What each process says of itself: `{name, cpu, loop_lag_ms, wall_s}`."""


@dataclass(frozen=True, slots=True)
class Moment:
    """About a second of the crowd. Counters without a rate in their name are totals so far."""

    t_s: float
    on: int
    playing: int
    stalled: int
    """Viewers standing still at the end of it."""
    joined: int
    failed: int
    stalls: int
    """New ones, in it."""
    latency_p50_ms: float | None
    latency_p95_ms: float | None
    spread_ms: float | None
    """Between the viewer at the live edge furthest ahead and the one furthest behind."""
    mbps: float
    requests_per_s: float
    rungs: Mapping[int, int]
    """Viewer-seconds played in it, by the variant's bandwidth, bits a second."""
    cpu: float
    """Of the busiest process, cores."""
    lag_p99_ms: float | None


def moment(before: Total, after: Total) -> Moment:
    """What happened between two totals."""
    was, now = before.tally, after.tally
    span_s = max(after.t_s - before.t_s, 1e-3)
    latency = difference(was.latency, now.latency)
    row = _last_row(now, after.t_s)
    return Moment(
        t_s=after.t_s,
        on=int(row[ON]) if row else max(0, now.arrived - now.leavings),
        playing=int(row[PLAYING]) if row else 0,
        stalled=int(row[STALLED]) if row else 0,
        joined=now.joins,
        failed=now.failures,
        stalls=max(0, now.stalls - was.stalls),
        latency_p50_ms=latency.quantile_ms(0.50),
        latency_p95_ms=latency.quantile_ms(0.95),
        spread_ms=(row[MOST] - row[LEAST]) * 1e3 if row and row[MOST] >= row[LEAST] else None,
        mbps=max(0, now.bytes - was.bytes) * 8 / 1e6 / span_s,
        requests_per_s=max(0, now.requests - was.requests) / span_s,
        rungs=_rungs(was, now),
        cpu=max(_cpu(before.generators, after.generators), default=0.0),
        lag_p99_ms=difference(lag(before.generators), lag(after.generators)).quantile_ms(0.99),
    )


def lag(generators: Iterable[Mapping[str, Any]]) -> Histogram:
    """Loop lag of all processes together."""
    together = Histogram()
    for generator in generators:
        together.merge(Histogram.from_json(generator["loop_lag_ms"]))
    return together


def difference(before: Histogram, after: Histogram) -> Histogram:
    """What was recorded between two states of a histogram; its least and greatest are those of the whole."""
    between = Histogram()
    changes = ((bucket, count - before.counts.get(bucket, 0)) for bucket, count in after.counts.items())
    between.counts = {bucket: count for bucket, count in changes if count > 0}
    between.min_s, between.max_s = after.min_s, after.max_s
    return between


def _last_row(tally: Tally, t_s: float) -> list[float] | None:
    """The newest second that is over, in which every viewer has been looked at."""
    over = [second for second in tally.rows if second < int(t_s)]
    return tally.rows[max(over)] if over else None


def _rungs(was: Tally, now: Tally) -> dict[int, int]:
    changes = ((key, count - was.rungs.get(key, 0)) for key, count in now.rungs.items())
    return {int(key) if key.isdigit() else 0: count for key, count in changes if count > 0}


def _cpu(before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]]) -> Iterable[float]:
    """Cores used by each process in between: `cpu` is the mean since its start, over `wall_s`."""
    spent = {generator["name"]: (generator["cpu"] * generator["wall_s"], generator["wall_s"]) for generator in before}
    for generator in after:
        cpu_s, wall_s = spent.get(generator["name"], (0.0, 0.0))
        span_s = generator["wall_s"] - wall_s
        if span_s > 0.2:
            yield max(0.0, (generator["cpu"] * generator["wall_s"] - cpu_s) / span_s)
        else:
            yield generator["cpu"]
