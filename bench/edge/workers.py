"""Two workers beside one: does the second core carry as much as the first?

With four cores, each worker has a core and each load another. With fewer there are not two free cores, and it says so:
then each worker shares its core with the other's load, and what counts is CPU per response, for a core that must spend
no more on each carries as many. (That is the harder case: the load's cache misses are in the figure.)
"""

import contextlib
import json
from typing import Any

from rich.table import Table

from bench.edge import ours
from bench.edge.load import elsewhere
from bench.edge.machine import CORES

NEEDS = ()
CASES = (("1 kB playlist", "/index.m3u8", 64), ("166 kB part", "/1.0.m4s", 32))
GOAL = 1.8
ROUNDS = 3


def capacity(workers: int, path: str, connections: int, run_s: float) -> dict[str, float]:
    """Responses a second that the workers' cores could carry, by CPU per response, all loaded at once."""
    free = len(CORES) >= 2 * workers
    loads = [workers + number if free else 1 - number for number in range(workers)]
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(ours.fed())
        servers = [stack.enter_context(ours.worker(source.path, core)) for core in range(workers)]
        source.publish(ours.objects(1_000, 166_000))
        running = [
            elsewhere(server, path, connections, run_s, core) for server, core in zip(servers, loads, strict=True)
        ]
        results = [json.loads(process.communicate(timeout=60)[0]) for process in running]
    return {
        "per_s": sum(1e6 / each["cpu_us"] for each in results),
        "cpu_us": sum(each["cpu_us"] for each in results) / workers,
        "measured_per_s": sum(each["per_s"] for each in results),
        "load_cores": max(each["load_cores"] for each in results),
    }


def run(quick: bool) -> dict[str, Any]:
    """By case: one worker, two, and the ratio of what they carry."""
    found: dict[str, Any] = {}
    rounds, run_s = (1, 0.3) if quick else (ROUNDS, 2.0)
    for name, path, connections in CASES:
        best: dict[int, dict[str, float]] = {}
        for _ in range(rounds):
            for workers in (1, 2):
                figures = capacity(workers, path, connections, run_s)
                best[workers] = max(best.get(workers, figures), figures, key=lambda each: each["per_s"])
        found[name] = {"one": best[1], "two": best[2], "ratio": best[2]["per_s"] / best[1]["per_s"]}
    return {"cases": found, "cores": len(CORES), "free": len(CORES) >= 4}


def shown(result: dict[str, Any]) -> list[Table | str]:
    """A row for each case."""
    table = Table("response", "one worker µs", "two workers µs", "two carry", "goal")
    for name, each in result["cases"].items():
        times = [f"{each[which]['cpu_us']:.1f}" for which in ("one", "two")]
        table.add_row(name, *times, f"{each['ratio']:.2f}x of one", f"≥ {GOAL}")
    if result["free"]:
        return [table]
    words = f"TWO CORES ARE NOT FREE HERE ({result['cores']} in all): by CPU per response, not by throughput"
    return [table, words]
