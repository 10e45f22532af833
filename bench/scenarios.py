"""A bench of scenarios: those asked for are run, each prints its tables and keeps its figures; the chart shows all.

What enters: what was asked for, and a package with a module for each scenario, whose `run(options)` gives figures and
whose `shown(result)` gives what to print. What leaves: bench/out/BENCH-SCENARIO.json, and the chart drawn anew.
"""

import importlib
import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console

from bench.edge import BUSY, measured
from bench.edge.machine import alone, busy_cores
from bench.harness import OUT

IMAGES = Path(__file__).parents[1] / "docs" / "images"
FAULTS = (SystemExit, OSError, ValueError, KeyError, subprocess.SubprocessError)


class Asked(Protocol):
    """What the command line asked for; scenarios know more of it."""

    @property
    def names(self) -> list[str]: ...
    @property
    def quick(self) -> bool: ...
    @property
    def seed(self) -> int: ...


@dataclass(frozen=True)
class Bench:
    """One bench.

    `merge(scenario, before, result)`: what is kept where figures were kept before. `facts`: more to tell of the
    machine, in words, by name. `lacking`: what a scenario raises that this machine cannot run, with a sentence.
    `scenario(name)`: where one is, if it is no module of the bench's own. `page`: what is drawn, if it is no chart.
    """

    name: str
    scenarios: Sequence[str]
    draw: Callable[[dict[str, Any], Path], None]
    merge: Callable[[str, Any, Any], Any]
    facts: Callable[[], Mapping[str, str]] = dict
    lacking: tuple[type[Exception], ...] = ()
    scenario: Callable[[str], Any] | None = None
    page: Path | None = None

    def run(self, options: Asked) -> None:
        """Run the scenarios named, or all; exit status 1 where one of them failed."""
        console = Console(width=160)
        OUT.mkdir(exist_ok=True)
        facts = measured()
        said = [
            f"commit {facts['commit']}",
            facts["at"],
            f"{facts['cores']} cores",
            facts["cpu"],
            f"seed {options.seed}",
        ]
        console.print(", ".join([*said, *self.facts().values()]), highlight=False)
        with alone(OUT / f"{self.name}.lock"):
            failed = [name for name in options.names or self.scenarios if not self._play(name, options, console)]
        if not options.quick:
            picture = self.page or IMAGES / f"{self.name}.svg"
            self.draw({name: self.kept(name) for name in self.scenarios if self.kept(name)}, picture)
            console.print(f"figures: {OUT}/{self.name}-*.json, drawn in {picture}", highlight=False)
        if failed:
            raise SystemExit(f"failed: {', '.join(failed)}")

    def kept(self, scenario: str, quick: bool = False) -> dict[str, Any]:
        """What was measured before; empty where nothing was."""
        file = self._file(scenario, quick)
        found: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
        return found

    def _play(self, name: str, options: Asked, console: Console) -> bool:
        """Run one scenario, print and keep what came of it; False when it failed or did not keep what it is to keep."""
        find = self.scenario or (lambda each: importlib.import_module(f"bench.{self.name}.{each}"))
        scenario = find(name)
        busy, began_s = busy_cores(), time.monotonic()
        try:
            result = scenario.run(options)
        except self.lacking as why:
            console.print(f"{name} skipped: {why}", markup=False)
            return True
        except FAULTS as error:
            console.print(f"{name} failed: {error}", markup=False)
            return False
        console.rule(f"{name}: {time.monotonic() - began_s:.0f} s", align="left")
        for thing in scenario.shown(result):
            console.print(thing, highlight=False)
        if busy > BUSY:
            console.print(f"THE MACHINE WAS NOT QUIET: others used {busy:.2f} cores just before; measure again")
        self._keep(name, options, result, busy)
        return not result.get("failed", False)

    def _keep(self, name: str, options: Asked, result: Any, busy: float) -> None:
        if before := self.kept(name, options.quick):
            result = self.merge(name, before["result"], result)
        facts = {**measured(), "others_cores": round(busy, 2), "seed": options.seed, **self.facts()}
        text = json.dumps({"measured": facts, "result": result}, indent=1)
        self._file(name, options.quick).write_text(text + "\n")

    def _file(self, scenario: str, quick: bool) -> Path:
        return OUT / f"{self.name}-{'quick-' if quick else ''}{scenario}.json"
