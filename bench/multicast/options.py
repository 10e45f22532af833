"""The words behind `python -m bench multicast`: which scenarios, for how long, with how many."""

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Options:
    """What a run was asked for; None: the scenario's own."""

    names: list[str] = field(default_factory=list)
    seconds: float | None = None
    viewers: int | None = None
    player: str = ""
    sending: list[str] = field(default_factory=list)
    gateways: list[int] = field(default_factory=list)
    cases: list[str] = field(default_factory=list)
    count: int | None = None
    quick: bool = False
    seed: int = 0

    def lasting(self, seconds: float) -> float:
        """How long to measure: as asked, or a scenario's own time, or hardly at all."""
        return self.seconds or (8.0 if self.quick else seconds)


def parse(words: Sequence[str], scenarios: Sequence[str]) -> Options:
    """Options of the words; SystemExit, with a sentence, for words that mean nothing."""
    parser = argparse.ArgumentParser(prog="python -m bench multicast", description="One stream out, many edges fed.")
    parser.add_argument("names", nargs="*", metavar="SCENARIO", help=f"of {', '.join(scenarios)} (default: all)")
    parser.add_argument("--seconds", type=float, help="measured in each case, once the group flows")
    parser.add_argument("--viewers", type=int, help="behind each gateway, where there are any")
    parser.add_argument("--player", default="", help="whose habits they have (of ringside crowd)")
    parser.add_argument("--send", default="", dest="sending", help="more words for the sender: --send='--rate 40M'")
    parser.add_argument("--gateways", default="", help="numbers of gateways for `offload`: 1,5,20")
    parser.add_argument("--cases", default="", help="cases of `loss`: random5,bursts,random20,...")
    parser.add_argument("--count", type=int, help="inputs of `fuzz`")
    parser.add_argument("--quick", action="store_true", help="only to see that everything works; kept apart")
    parser.add_argument("--seed", type=int, help="play the same again")
    told = vars(parser.parse_args(list(words)))
    if unknown := [name for name in told["names"] if name not in scenarios]:
        raise SystemExit(f"there is no scenario called {unknown[0]}; there are {', '.join(scenarios)}")
    told["sending"] = told["sending"].split()
    told["gateways"] = [int(number) for number in told["gateways"].split(",") if number]
    told["cases"] = [case for case in told["cases"].split(",") if case]
    if told["seed"] is None:
        told["seed"] = random.SystemRandom().randrange(2**32)
    return Options(**told)
