"""Verdict: what a crowd came to, as the document that `--json` writes. Keys keep their meaning from version to version.

The merged tally, the plan and what each generating process says of itself go in; a document of plain types leaves, with
null wherever there was nothing to measure. Milliseconds are `{p50, p95, p99, max}`. A generator that was itself the
bottleneck makes the whole verdict `saturated`, and `saturated_because` says which process and by how much.
"""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ringside
from ringside.prove.crowd.plan import Plan
from ringside.prove.crowd.tally.histogram import Histogram
from ringside.prove.crowd.tally.tally import BYTES, LEAST, MOST, ON, PLAYING, Tally

Generator = Mapping[str, Any]
"""What a process says of itself: `cpu` (cores used), `loop_lag_ms` (a Histogram's document), `wall_s`; maybe `name`,
`out_of_descriptors` (connections it could not open) and more, which is passed on."""
Document = dict[str, Any]
COUNTS = ("retries", "redirects", "connections", "dropped")
NAMED = 3
"""As many reasons as stand in `saturated_because`."""
PRIVATE = {"headers", "query", "trace"}
"""What of a plan does not enter a verdict: it may hold a token, or be long."""


def verdict(
    tally: Tally, plan: Plan, generators: Sequence[Generator], losses: Sequence[str] = (), commit: str = ""
) -> Document:
    """The verdict on a crowd; `losses` are sentences about processes and machines that did not finish."""
    because = saturation(plan, generators, losses)
    return {
        "viewers": plan.viewers,
        "joined": tally.joins,
        "failed": tally.failures,
        **_felt(tally),
        **_moved(tally, max((generator["wall_s"] for generator in generators), default=0.0)),
        **_generating(generators),
        "saturated": because is not None,
        "saturated_because": because,
        "seed": plan.seed,
        "commit": commit or version(),
        **{name: getattr(plan, name) for name in ("url", "arrive", "duration_s", "player", "processes")},
        "plan": plan.model_dump(mode="json", exclude=PRIVATE),
    }


def saturation(plan: Plan, generators: Sequence[Generator], losses: Sequence[str] = ()) -> str | None:
    """Why the figures are the generator's own and not the server's, in one sentence; None where they are not."""
    reasons = list(losses)
    if not generators and not losses:
        reasons.append("no generating process reported")
    for number, generator in enumerate(generators, 1):
        name = generator.get("name", f"process {number}")
        lag_ms = Histogram.from_json(generator["loop_lag_ms"]).quantile_ms(0.99)
        if generator["cpu"] > plan.cpu_limit:
            reasons.append(f"{name} used {generator['cpu']:.0%} of a core (limit {plan.cpu_limit:.0%})")
        if lag_ms is not None and lag_ms > plan.lag_limit_ms:
            reasons.append(f"{name} was {lag_ms:.0f} ms late (p99; limit {plan.lag_limit_ms:g} ms)")
        if unopened := generator.get("out_of_descriptors"):
            reasons.append(f"{name} had no file descriptor for {unopened} connections")
    if not reasons:
        return None
    more = f"; and {len(reasons) - NAMED} more" if len(reasons) > NAMED else ""
    return "; ".join(reasons[:NAMED]) + more


def spread(tally: Tally) -> Histogram:
    """Greatest less least latency of those playing at the live edge, one value for each second."""
    histogram = Histogram()
    for row in tally.rows.values():
        if row[PLAYING] > 1 and row[MOST] >= row[LEAST]:
            histogram.record(row[MOST] - row[LEAST])
    return histogram


def version() -> str:
    """The short hash of the commit that runs; the version where Ringside is not run from its own repository."""
    root = Path(ringside.__file__).parents[2]
    if (root / ".git").exists() and (root / "src" / "ringside").is_dir():
        try:
            command = ["git", "-C", str(root), "rev-parse", "--short", "HEAD"]
            return subprocess.run(command, capture_output=True, text=True, check=True, timeout=5).stdout.strip()
        except (OSError, subprocess.SubprocessError):
            pass
    return ringside.__version__


def _felt(tally: Tally) -> Document:
    """What viewers felt."""
    media = tally.on_time + tally.late
    played_s = sum(tally.rungs.values())
    return {
        "arrived": tally.arrived,
        "peak_concurrent": round(max((row[ON] for row in tally.rows.values()), default=0)),
        "no_picture": tally.pictureless,
        "failures": _most_first(tally.reasons),
        "ttff_ms": tally.ttff.percentiles(),
        "rejoined": tally.rejoins,
        "rejoin_ms": tally.rejoin.percentiles(),
        "stalls": tally.stalls,
        "stalled_viewers": tally.stalled_viewers,
        "stall_ratio": _ratio(tally.stalled_s, tally.stalled_s + tally.watched_s),
        "stall_ms": tally.stall.percentiles(),
        "latency_ms": tally.latency.percentiles(),
        "latency_source": _most_first(tally.latency_sources),
        "spread_ms": spread(tally).percentiles(),
        "on_time_ratio": _ratio(tally.on_time, media),
        "rungs": {rung: _ratio(seconds, played_s) for rung, seconds in _most_first(tally.rungs).items()},
        "switches": tally.switches,
    }


def _moved(tally: Tally, wall_s: float) -> Document:
    """What went over the wire."""
    busiest = max((row[BYTES] for row in tally.rows.values()), default=0)
    return {
        "requests": tally.requests,
        "statuses": dict(sorted(tally.statuses.items())),
        "problems": _most_first(tally.problems),
        **{name: getattr(tally, name) for name in COUNTS},
        "bytes": tally.bytes,
        "throughput_mbps": round(tally.bytes * 8e-6 / wall_s, 3) if wall_s > 0 else None,
        "throughput_peak_mbps": round(busiest * 8e-6, 3),
    }


def _generating(generators: Sequence[Generator]) -> Document:
    """What it took to generate: the busiest process's CPU, the loop lag of all, and each process by itself."""
    lags = [Histogram.from_json(generator["loop_lag_ms"]) for generator in generators]
    together = Histogram()
    for lag in lags:
        together.merge(lag)
    return {
        "generator_cpu": max((round(generator["cpu"], 3) for generator in generators), default=None),
        "loop_lag_ms": together.percentiles(),
        "generator": [
            {**generator, "loop_lag_ms": lag.percentiles()} for generator, lag in zip(generators, lags, strict=True)
        ],
    }


def _ratio(part: float, whole: float) -> float | None:
    return round(part / whole, 6) if whole > 0 else None


def _most_first(table: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(table.items(), key=lambda item: -item[1]))
