"""What is on the air: the source, the card that says "sound only", or the slate. Pure: evidence and time enter.

A source is on the air after STEADY_NS of pictures without a break, on a mapping to UTC that holds; one that is
ready beforehand (a file) from its first picture. It leaves when it has been silent for SILENT_NS, or has closed and
its last picture is over, or its picture has stood still for HELD_NS with none to come. It returns as a
source comes that was never there. A source that sends sound but no picture at all is on the air with a card.
"""

from dataclasses import dataclass
from typing import Literal

State = Literal["waiting", "live", "slate"]
Shot = Literal["source", "card", "slate"]

SILENT_NS = 400_000_000
STEADY_NS = 300_000_000
CLOSED_NS = 100_000_000
HELD_NS = 5_000_000_000
SOUND_ONLY_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a source at one instant of the programme."""

    picture_ns: int | None = None  # time of the newest picture that is due
    more: bool = False  # a picture to come is there already
    sound_ns: int | None = None  # since when it has sent sound without ever a picture
    silent_ns: int = 0  # since anything last arrived
    closed: bool = False
    settling: bool = False  # its place on the timeline has just been moved


class Chooser:
    """The state of the programme, and since when. `at_once`: the first picture need not prove itself."""

    def __init__(self, at_once: bool = False) -> None:
        self._at_once = at_once
        self.state: State = "waiting"
        self.since_ns: int | None = None
        self.switches = 0
        self._steady_ns: int | None = None

    def choose(self, now_ns: int, evidence: Evidence) -> Shot:
        """What the programme shows at its instant `now_ns`, which never goes back."""
        if self.since_ns is None:
            self.since_ns = now_ns
        shot = _shot(now_ns, evidence)
        if shot == "slate":
            self._steady_ns = None
            if self.state == "live":
                self._enter("slate", now_ns)
            return "slate"
        if self._steady_ns is None or (evidence.settling and self.state != "live"):
            self._steady_ns = now_ns
        if not self._may_enter and now_ns - self._steady_ns < STEADY_NS:
            return "slate"
        if self.state != "live":
            self._enter("live", now_ns)
        return shot

    @property
    def _may_enter(self) -> bool:
        return self.state == "live" or (self.state == "waiting" and self._at_once)

    def _enter(self, state: State, now_ns: int) -> None:
        self.switches += self.state != "waiting"
        self.state, self.since_ns = state, now_ns


def _shot(now_ns: int, seen: Evidence) -> Shot:
    """What would be shown were there no hysteresis."""
    if seen.picture_ns is None:
        sounding = seen.sound_ns is not None and now_ns - seen.sound_ns >= SOUND_ONLY_NS
        return "card" if sounding and seen.silent_ns <= SILENT_NS and not seen.closed else "slate"
    age_ns = now_ns - seen.picture_ns
    if seen.closed and not seen.more:
        return "source" if age_ns <= CLOSED_NS else "slate"
    if seen.silent_ns > SILENT_NS or (age_ns > HELD_NS and not seen.more):
        return "slate"
    return "source"
