"""Standing: how a restream stands, as a person reads it, and when it is tried again. Pure.

`waiting`: there is nothing to send yet. `connecting`, `live`, and `retrying` after a failure, whose reason is kept. The
intervals grow, and begin anew after a connection that has held for a while.
"""

from typing import Literal

State = Literal["waiting", "connecting", "live", "retrying"]
AGAIN_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
HELD_NS = 20_000_000_000


class Standing:
    """One far end's. `since_ns` is Unix time."""

    def __init__(self, now_ns: int) -> None:
        self.state: State = "waiting"
        self.since_ns = now_ns
        self.why = ""
        self.restarts = 0  # connections made after one that was lost
        self._failures = 0  # in a row
        self._lived = False

    def __repr__(self) -> str:
        return f"<Standing {self.state}{f': {self.why}' if self.why else ''}>"

    def waits(self, why: str, now_ns: int) -> None:
        """There is nothing to send."""
        self.why = why or self.why
        self._become("waiting", now_ns)

    def connects(self, now_ns: int) -> None:
        """A connection is being made."""
        self._become("connecting", now_ns)

    def lives(self, now_ns: int) -> None:
        """It was made, and is sent to."""
        self.restarts += self._lived
        self._lived, self.why = True, ""
        self._become("live", now_ns)

    def fails(self, why: str, now_ns: int, chance: float) -> float:
        """It is gone, or could not be made; in how many seconds to try again, spread by `chance` in [0, 1)."""
        if self.state == "live" and now_ns - self.since_ns > HELD_NS:
            self._failures = 0
        self.why = why
        self._become("retrying", now_ns)
        wait_s = AGAIN_S[min(self._failures, len(AGAIN_S) - 1)]
        self._failures += 1
        return wait_s * (0.75 + 0.25 * chance)

    def _become(self, state: State, now_ns: int) -> None:
        if state != self.state:
            self.state, self.since_ns = state, now_ns
