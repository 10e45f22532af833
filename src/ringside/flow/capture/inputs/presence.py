"""Presence: whether an input is there to be shown, and as what. Pure: evidence and time enter.

An input is there after STEADY_NS of pictures without a break, on a mapping to UTC that holds; one that is ready
beforehand (a file) from its first picture. It is lost when it has been silent for `loss_ns`, or has closed and its last
picture is over, or its picture has stood still for HELD_NS with none to come. It returns as an input comes that was
never there. One that sends sound but no picture at all is there with a card.
"""

from dataclasses import dataclass
from typing import Literal

State = Literal["waiting", "here", "lost"]
Shot = Literal["picture", "card", "nothing"]

LOSS_NS = 400_000_000
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


class Presence:
    """The state of one input, and since when. `at_once`: the first picture need not prove itself."""

    def __init__(self, at_once: bool = False, loss_ns: int = LOSS_NS) -> None:
        self._at_once, self._loss_ns = at_once, loss_ns
        self.state: State = "waiting"
        self._steady_ns: int | None = None

    def __repr__(self) -> str:
        return f"<Presence {self.state}>"

    def look(self, now_ns: int, evidence: Evidence) -> Shot:
        """What could be shown at the programme's instant `now_ns`, which never goes back."""
        shot = self._shot(now_ns, evidence)
        if shot == "nothing":
            self._steady_ns = None
            if self.state == "here":
                self.state = "lost"
            return shot
        if self._steady_ns is None or (evidence.settling and self.state != "here"):
            self._steady_ns = now_ns
        if not self._may_enter and now_ns - self._steady_ns < STEADY_NS:
            return "nothing"
        self.state = "here"
        return shot

    @property
    def _may_enter(self) -> bool:
        return self.state == "here" or (self.state == "waiting" and self._at_once)

    def _shot(self, now_ns: int, seen: Evidence) -> Shot:
        """What would be shown were there no hysteresis."""
        if seen.picture_ns is None:
            sounding = seen.sound_ns is not None and now_ns - seen.sound_ns >= SOUND_ONLY_NS
            return "card" if sounding and seen.silent_ns <= self._loss_ns and not seen.closed else "nothing"
        age_ns = now_ns - seen.picture_ns
        if seen.closed and not seen.more:
            return "picture" if age_ns <= CLOSED_NS else "nothing"
        if seen.silent_ns > self._loss_ns or (age_ns > HELD_NS and not seen.more):
            return "nothing"
        return "picture"
