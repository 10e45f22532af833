"""The edge beside nginx and Varnish, in one run: `python -m bench edge [SCENARIO...] [--quick]`.

Each scenario prints its table and leaves its figures in bench/out/edge.json; the chart for the README is drawn anew
from all figures there are. `--quick` is only to see that everything works: its figures are kept apart.
"""

import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.edge import chart
from bench.edge.machine import CORES, LOAD_CORE, alone, busy_cores, missing
from bench.harness import OUT

SCENARIOS = (
    "responses", "tls", "hold", "release", "join", "viewers", "memory", "workers", "flood", "slow",
)  # fmt: skip
BUSY = 0.2  # cores that others may use before it is said
CHART = Path(__file__).parents[2] / "docs" / "images" / "edge.svg"


def main(words: Sequence[str] = ()) -> None:
    """Run the scenarios named, or all; exit status 1 where one of them failed."""
    quick = "--quick" in words
    named = [word for word in words if word != "--quick"]
    for name in named:
        if name not in SCENARIOS:
            raise SystemExit(f"there is no scenario called {name}; there are {', '.join(SCENARIOS)}")
    file = OUT / ("edge-quick.json" if quick else "edge.json")
    console = Console(width=150)
    OUT.mkdir(exist_ok=True)
    with alone(OUT / "edge.lock"):
        try:
            os.sched_setaffinity(0, {LOAD_CORE} & CORES or CORES)
            failed = [name for name in named or SCENARIOS if not play(name, quick, file, console)]
        finally:
            os.sched_setaffinity(0, CORES)
    if not quick and file.exists():
        chart.write(json.loads(file.read_text()), CHART)
        console.print(f"figures: {file}; chart: {CHART}")
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


def play(name: str, quick: bool, file: Path, console: Console) -> bool:
    """Run one scenario, print and keep what came of it; False when it failed."""
    scenario = importlib.import_module(f"bench.edge.{name}")
    if lacking := missing(*scenario.NEEDS):
        console.print(f"{name} skipped: {lacking}")
        return True
    busy, began_s = busy_cores(), time.monotonic()
    try:
        result = scenario.run(quick)
    except (SystemExit, OSError, subprocess.SubprocessError) as error:
        console.print(f"{name} failed: {error}", markup=False)
        return False
    console.rule(f"{name}: {time.monotonic() - began_s:.0f} s", align="left")
    for thing in scenario.shown(result):
        console.print(thing)
    if busy > BUSY:
        console.print(f"THE MACHINE WAS NOT QUIET: others used {busy:.2f} cores just before; measure again")
    keep(file, name, result, busy)
    return True


def keep(file: Path, name: str, result: Any, busy: float) -> None:
    """Put a scenario's result into the file, beside the others', with when and on what it was measured."""
    there = json.loads(file.read_text()) if file.exists() else {}
    there = {scenario: there[scenario] for scenario in SCENARIOS if scenario in there and "measured" in there[scenario]}
    there[name] = {"measured": {**measured(), "others_cores": round(busy, 2)}, "result": result}
    file.write_text(json.dumps(there, indent=1) + "\n")


def measured() -> dict[str, Any]:
    """When, on what, and by which commit."""
    words = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in words if line.startswith("model name")), "?")
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return {
        "at": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "commit": commit,
        "cores": os.cpu_count(),
        "cpu": model,
        "kernel": os.uname().release,
        "python": sys.version.split()[0],
    }
