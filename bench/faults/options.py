"""The words behind `python -m bench faults`: which rows, how many viewers, with what to see them."""

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Options:
    """What a run was asked for."""

    names: list[str] = field(default_factory=list)
    viewers: int = 1000
    screens: int = 2
    controls: bool = True
    quick: bool = False
    seed: int = 0
    kills: int = 50

    def people(self, most: int | None = None) -> int:
        """How many viewers a row has, where it wants no more than `most`."""
        wanted = self.viewers if most is None else min(most, self.viewers)
        return min(30, wanted) if self.quick else wanted

    @property
    def browsers(self) -> int:
        """How many players in a real Chromium."""
        return 0 if self.quick else self.screens


def parse(words: Sequence[str], rows: Sequence[str]) -> Options:
    """Options of the words; SystemExit, with a sentence, for words that mean nothing."""
    parser = argparse.ArgumentParser(prog="python -m bench faults", description="Each fault, its bound, what was seen.")
    parser.add_argument("names", nargs="*", metavar="ROW", help=f"of {', '.join(rows)} (default: all)")
    parser.add_argument("--viewers", type=int, default=1000, help="of the crowd, where a row says how many (1000)")
    parser.add_argument("--screens", type=int, default=2, help="players in a real Chromium (2; 0: none)")
    parser.add_argument(
        "--kills", type=int, default=50, help="of the origin, in the row that kills it over and over (50)"
    )
    parser.add_argument("--no-controls", action="store_false", dest="controls", help="leave the negative controls out")
    parser.add_argument("--quick", action="store_true", help="only to see that everything works; figures kept apart")
    parser.add_argument("--seed", type=int, help="play the same again")
    told = vars(parser.parse_args(list(words)))
    if unknown := [name for name in told["names"] if name not in rows]:
        raise SystemExit(f"there is no row called {unknown[0]}; there are {', '.join(rows)}")
    if told["seed"] is None:
        told["seed"] = random.SystemRandom().randrange(2**31)
    return Options(**told)
