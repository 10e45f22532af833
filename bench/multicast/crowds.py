"""Crowds behind the gateways: `ringside crowd` on a gateway's own host, several at once, what they felt together."""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.multicast.chain import MEDIA, Running

GRACE_S = 40.0
MEDIA_STATUSES = {"200", "206", "304"}
FELT = (
    "joined", "failed", "failures", "stalls", "stalled_viewers", "stall_ratio", "on_time_ratio", "statuses", "problems",
    "requests", "latency_ms", "generator_cpu", "loop_lag_ms", "saturated", "saturated_because",
)  # fmt: skip


class Crowd:
    """A crowd on a gateway's host that is playing."""

    def __init__(self, gateway: Running, viewers: int, duration_s: float, folder: Path, *options: str) -> None:
        self._file = folder / f"crowd-{gateway.name}-{time.monotonic_ns()}.json"
        self._limit_s = duration_s + GRACE_S
        words = [f"{gateway.url}{MEDIA}/index.m3u8", "--viewers", str(viewers), "--arrive", "ramp", "--over", "3"]
        words += ["--duration", str(duration_s), "--json", str(self._file), *options]
        command = [sys.executable, "-m", "ringside", "crowd", *words]
        self._process = gateway.host.start(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def verdict(self) -> dict[str, Any]:
        """What it felt, once it has left. Raises SystemExit where it gave no verdict."""
        try:
            said, _ = self._process.communicate(timeout=self._limit_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            said, _ = self._process.communicate()
        if not self._file.exists():
            raise SystemExit(f"ringside crowd gave no verdict:\n{said[-1500:]}")
        found = json.loads(self._file.read_text())
        return {name: found.get(name) for name in FELT}


def felt(verdicts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Several verdicts as one: sums, the worst, and answers that were no media."""
    statuses: Counter[str] = Counter()
    problems: Counter[str] = Counter()
    for verdict in verdicts:
        statuses.update({str(key): n for key, n in (verdict["statuses"] or {}).items()})
        problems.update(verdict["problems"] or {})
    sums = {
        name: sum(verdict[name] or 0 for verdict in verdicts) for name in ("joined", "failed", "stalls", "requests")
    }
    return {
        **sums,
        "refused": {key: n for key, n in statuses.items() if key not in MEDIA_STATUSES},
        "problems": dict(problems),
        "on_time": min((verdict["on_time_ratio"] or 0 for verdict in verdicts), default=0),
        "latency_p50_ms": max(((verdict["latency_ms"] or {}).get("p50", 0) for verdict in verdicts), default=0),
        "generator_cpu": sum(verdict["generator_cpu"] or 0 for verdict in verdicts),
        "saturated": next((verdict["saturated_because"] for verdict in verdicts if verdict["saturated"]), None),
    }


def load(row: dict[str, Any]) -> str:
    """The crowd's own CPU, for a table; and whether it was the bottleneck."""
    return f"{row['generator_cpu']:.2f}" + (": THE BOTTLENECK" if row["saturated"] else "")
