"""One stream out, any number of edges fed: `python -m bench multicast [SCENARIO...] [--seconds S]`.

A whole chain of this project (live, multicast send, edges that are gateways, crowds behind them) in hosts of their own
on a bridge that listens to IGMP: loss is nftables', bytes are what the interfaces count. Each scenario prints its table
and writes bench/out/multicast-SCENARIO.json; the chart is drawn anew from all there is. `--quick` only shows that
everything works: its figures are kept apart. Where namespaces are not allowed it says so, and leaves out what cannot be
lost or counted on loopback.
"""

import importlib
import json
import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from tests.lab import choose
from tests.lab.host import Unavailable

from bench.edge import BUSY, measured
from bench.edge.machine import alone, busy_cores
from bench.harness import OUT
from bench.multicast import chart
from bench.multicast.options import Options, parse

SCENARIOS = ("offload", "loss", "delay", "speed", "cut", "check", "fuzz")
CHART = Path(__file__).parents[2] / "docs" / "images" / "multicast.svg"


def main(words: Sequence[str] = ()) -> None:
    """Run the scenarios named, or all; exit status 1 where one of them failed."""
    options = parse(words, SCENARIOS)
    console = Console(width=160)
    OUT.mkdir(exist_ok=True)
    facts = measured()
    console.print(
        f"commit {facts['commit']}, {facts['at']}, {facts['cores']} cores, {facts['cpu']}, seed {options.seed};"
        f" {choose().how}",
        highlight=False,
    )
    with alone(OUT / "multicast.lock"):
        failed = [name for name in options.names or SCENARIOS if not play(name, options, console)]
    if not options.quick:
        chart.write({name: kept(name) for name in SCENARIOS if kept(name)}, CHART)
        console.print(f"figures: {OUT}/multicast-*.json; chart: {CHART}", highlight=False)
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


def play(name: str, options: Options, console: Console) -> bool:
    """Run one scenario, print and keep what came of it; False when it failed or kept not what it is to keep."""
    scenario = importlib.import_module(f"bench.multicast.{name}")
    busy, began_s = busy_cores(), time.monotonic()
    try:
        result = scenario.run(options)
    except Unavailable as why:
        console.print(f"{name} skipped: {why}", markup=False)
        return True
    except (SystemExit, OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
        console.print(f"{name} failed: {error}", markup=False)
        return False
    console.rule(f"{name}: {time.monotonic() - began_s:.0f} s", align="left")
    for thing in scenario.shown(result):
        console.print(thing, highlight=False)
    if busy > BUSY:
        console.print(f"THE MACHINE WAS NOT QUIET: others used {busy:.2f} cores just before; measure again")
    keep(name, options, result, busy)
    return not result.get("failed", False)


def path(name: str, quick: bool = False) -> Path:
    """Where a scenario's figures are kept."""
    return OUT / f"multicast-{'quick-' if quick else ''}{name}.json"


def keep(name: str, options: Options, result: Any, busy: float) -> None:
    """Write a scenario's result, with when, on what and in what kind of network it was measured."""
    if "cases" in result and (before := kept(name, options.quick)):
        result = {**result, "cases": {**before["result"]["cases"], **result["cases"]}}
    facts = {**measured(), "others_cores": round(busy, 2), "seed": options.seed, "network": choose().how}
    facts["load"] = os.getloadavg()[0]
    path(name, options.quick).write_text(json.dumps({"measured": facts, "result": result}, indent=1) + "\n")


def kept(name: str, quick: bool = False) -> dict[str, Any]:
    """What was measured before; empty where nothing was."""
    file = path(name, quick)
    found: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return found
