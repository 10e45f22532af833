"""A million hostile inputs to whatever reads a datagram, an FDT, a name: no crash, no hang, nothing forged taken."""

import time
from typing import Any

from tests.alc.fuzz import fuzz

from bench.multicast.options import Options

COUNT, QUICK = 1_000_000, 20_000


def run(options: Options) -> dict[str, Any]:
    """In this process; the seed is the run's."""
    began_s = time.monotonic()
    report = fuzz(options.count or (QUICK if options.quick else COUNT), options.seed)
    return {
        "seed": report.seed, "inputs": report.inputs, "taken": report.taken, "objects": report.objects,
        "dropped": dict(report.dropped.most_common()), "most_held_bytes": report.most_held_bytes,
        "failures": report.failures[:20], "took_s": time.monotonic() - began_s, "failed": bool(report.failures),
    }  # fmt: skip


def shown(result: dict[str, Any]) -> list[str]:
    """The count, and why what was dropped was dropped."""
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in result["dropped"].items())
    return [
        f"{result['inputs']:,} inputs in {result['took_s']:.0f} s, seed {result['seed']}: {result['taken']:,} taken,"
        f" {len(result['failures'])} failures, at most {result['most_held_bytes']:,} bytes held",
        f"dropped: {reasons}",
        *result["failures"],
    ]
