"""The same frame at the same instant, read from the screens: `python -m bench sync [SCENARIO...] [--seconds S]`.

Headless Chromium plays the test card at 360p30; of every frame displayed the strip says when it was taken, and
requestVideoFrameCallback when it is seen, both by this machine's one clock: the players' own word is kept beside but
never used. Each scenario prints its table, writes bench/out/sync-SCENARIO.json and runs alone, bounded in time; the
chart is drawn anew from all there is. `latency` takes four minutes a case (`--paths push,parts`), any other scenario
one to five in all. `--quick` only shows that everything works: its figures are kept apart.
"""

import importlib
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.edge import BUSY, measured
from bench.edge.machine import alone, busy_cores
from bench.harness import OUT
from bench.sync import chart
from bench.sync.options import Options, parse

SCENARIOS = ("control", "latency", "spread", "freeze", "clocks", "rate", "move", "cost", "recording")
CHART = Path(__file__).parents[2] / "docs" / "images" / "sync.svg"


def main(words: Sequence[str] = ()) -> None:
    """Run the scenarios named, or all; exit status 1 where one of them failed."""
    options = parse(words, SCENARIOS)
    console = Console(width=160)
    OUT.mkdir(exist_ok=True)
    facts = measured()
    console.print(
        f"commit {facts['commit']}, {facts['at']}, {facts['cores']} cores, {facts['cpu']}, seed {options.seed}",
        highlight=False,
    )
    with alone(OUT / "sync.lock"):
        failed = [name for name in options.names or SCENARIOS if not play(name, options, console)]
    if not options.quick:
        chart.write({name: kept(name) for name in SCENARIOS if kept(name)}, CHART)
        console.print(f"figures: {OUT}/sync-*.json; chart: {CHART}", highlight=False)
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


def play(name: str, options: Options, console: Console) -> bool:
    """Run one scenario, print and keep what came of it; False when it failed."""
    scenario = importlib.import_module(f"bench.sync.{name}")
    busy, began_s = busy_cores(), time.monotonic()
    try:
        result = scenario.run(options)
    except (SystemExit, OSError) as error:
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
    return OUT / f"sync-{'quick-' if quick else ''}{name}.json"


def keep(name: str, options: Options, result: Any, busy: float) -> None:
    """Write a scenario's result, with when and on what it was measured; cases of `latency` beside those kept before."""
    if name == "latency" and (before := kept(name, options.quick)):
        result = {**before["result"], **result}
    facts = {**measured(), "others_cores": round(busy, 2), "seed": options.seed}
    path(name, options.quick).write_text(json.dumps({"measured": facts, "result": result}, indent=1) + "\n")


def kept(name: str, quick: bool = False) -> dict[str, Any]:
    """What was measured before; empty where nothing was."""
    file = path(name, quick)
    found: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return found
