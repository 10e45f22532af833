"""The fault bench: each fault, its bound, what viewers saw of it: `python -m bench faults [ROW...] [--seed N]`.

A row injects a fault, proves that it fired, watches with a crowd, `ringside check` and players in a real Chromium, and
prints each bound beside what was seen; then it plays the same without the remedy, which must fail, or the row proves
nothing. Figures go to bench/out/faults-ROW.json, the table to docs/resilience.md. `--quick` only shows that everything
works: few viewers, no browser, figures kept apart. Everything runs on loopback or in namespaces of its own.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.lab.host import Unavailable

from bench.faults import judge
from bench.faults.options import parse
from bench.scenarios import Bench

ROWS = (
    "encoder-killed", "encoder-frozen", "studio-killed", "studio-frozen", "studios-gone",
    "source-gone", "source-black", "false-switch", "pts", "rtmp-loss", "srt-loss",
    "origin-frozen", "origins-frozen", "origin-killed", "edge-cut", "disk-full", "descriptors",
    "memory", "clocks",
)  # fmt: skip
PAGE = Path(__file__).parents[2] / "docs" / "resilience.md"


def newest(_: str, before: Any, result: Any) -> Any:
    """A row is as it was played last."""
    return result


BENCH = Bench("faults", ROWS, judge.write, newest, lacking=(Unavailable,), scenario=judge.scenario, page=PAGE)


def main(words: Sequence[str] = ()) -> None:
    """Play the rows named, or all; exit status 1 where one of them failed."""
    BENCH.run(parse(words, ROWS))
