"""Health: what is wrong with an input at one instant, and how it stands against others for that. Pure.

Faults enter nowhere by themselves: they are durations of what was seen and heard, held against the thresholds of the
event file. A fault is told as long as it lasts; how long a better input must be without one is the director's.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from ringside.flow.capture.config import Watch
from ringside.flow.capture.inputs.look import Sight

Fault = Literal["lost", "black", "frozen", "silent"]
NOTHING = 4
_RANKS: dict[Fault, int] = {"silent": 1, "frozen": 2, "black": 3, "lost": NOTHING}
FAULTS: tuple[Fault, ...] = get_args(Fault)
NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Condition:
    """How an input is. `here`: there is something to show of it. `since_ns`: since when it is exactly so."""

    here: bool
    faults: tuple[Fault, ...] = ()
    since_ns: int = 0

    @property
    def rank(self) -> int:
        """0: a picture and sound; 1: a good picture, no sound; 2: a picture that stands still; 3: black; 4: nothing."""
        if not self.here:
            return NOTHING
        return max((_RANKS[fault] for fault in self.faults), default=0)


ABSENT = Condition(False)


class Health:
    """The condition of one input over time."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._was: Condition | None = None

    def judge(self, now_ns: int, state: str, here: bool, sight: Sight | None, loud_ns: int | None) -> Condition:
        """At the programme's instant `now_ns`: its presence, the sight of its due picture, when it was last loud."""
        faults = self._faults(now_ns, sight, loud_ns) if here else ("lost",) if state == "lost" else ()
        was = self._was
        if was is None or (was.here, was.faults) != (here, faults):
            self._was = was = Condition(here, faults, now_ns)
        return was

    def _faults(self, now_ns: int, sight: Sight | None, loud_ns: int | None) -> tuple[Fault, ...]:
        watch, found = self._watch, list[Fault]()
        if sight is not None and sight.black_ns is not None and _lasts(now_ns - sight.black_ns, watch.black_s):
            found.append("black")
        if sight is not None and _lasts(now_ns - sight.still_ns, watch.freeze_s):
            found.append("frozen")
        if loud_ns is not None and _lasts(now_ns - loud_ns, watch.silence_s):
            found.append("silent")
        return tuple(found)


def _lasts(lasted_ns: int, threshold_s: float) -> bool:
    return threshold_s > 0 and lasted_ns >= threshold_s * NS_PER_S
