"""The same frame at the same instant, read from the screens: `python -m bench sync [SCENARIO...] [--seconds S]`.

Headless Chromium plays the test card at 360p30; of every frame displayed the strip says when it was taken, and
requestVideoFrameCallback when it is seen, both by this machine's one clock: the players' own word is kept beside but
never used. Each scenario prints its table, writes bench/out/sync-SCENARIO.json and runs alone, bounded in time; the
chart is drawn anew from all there is. `latency` takes four minutes a case (`--paths push,parts`), any other scenario
one to five in all. `--quick` only shows that everything works: its figures are kept apart.
"""

from collections.abc import Sequence
from typing import Any

from bench.scenarios import Bench
from bench.sync import chart
from bench.sync.options import parse

SCENARIOS = ("control", "latency", "spread", "freeze", "clocks", "rate", "move", "cost", "recording")


def merged(scenario: str, before: Any, result: Any) -> Any:
    """The cases of `latency` stand beside those measured before."""
    return {**before, **result} if scenario == "latency" else result


BENCH = Bench("sync", SCENARIOS, chart.write, merged)


def main(words: Sequence[str] = ()) -> None:
    """Run the scenarios named, or all; exit status 1 where one of them failed."""
    BENCH.run(parse(words, SCENARIOS))
