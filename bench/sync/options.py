"""The words behind `python -m bench sync`: which scenarios, for how long, with how many players."""

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Options:
    """What a run was asked for; None: the scenario's own."""

    names: list[str] = field(default_factory=list)
    seconds: float | None = None
    settle_s: float | None = None
    players: int | None = None
    target_s: float | None = None
    paths: list[str] = field(default_factory=list)
    pages: bool = False
    quick: bool = False
    seed: int = 0


def parse(words: Sequence[str], scenarios: Sequence[str]) -> Options:
    """Options of the words; SystemExit, with a sentence, for words that mean nothing."""
    parser = argparse.ArgumentParser(prog="python -m bench sync", description="Synchrony, read from the screens.")
    parser.add_argument("names", nargs="*", metavar="SCENARIO", help=f"of {', '.join(scenarios)} (default: all)")
    parser.add_argument("--seconds", type=float, help="measured in each case, once settled")
    parser.add_argument("--settle", type=float, dest="settle_s", help="seconds before that")
    parser.add_argument("--players", type=int, help="how many where it may be chosen")
    parser.add_argument("--target", type=float, dest="target_s", help="common target, seconds")
    parser.add_argument("--paths", default="", help="cases of `latency`, or the paths of `spread`: push,moq,dash,hls")
    parser.add_argument("--pages", action="store_true", help="a page for each player, instead of the wall")
    parser.add_argument("--quick", action="store_true", help="only to see that everything works; kept apart")
    parser.add_argument("--seed", type=int, help="play the same again")
    given = parser.parse_args(list(words))
    for name in given.names:
        if name not in scenarios:
            raise SystemExit(f"there is no scenario called {name}; there are {', '.join(scenarios)}")
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(1_000_000)
    paths = [path for path in given.paths.split(",") if path]
    return Options(
        given.names, given.seconds, given.settle_s, given.players, given.target_s, paths, given.pages, given.quick, seed
    )
