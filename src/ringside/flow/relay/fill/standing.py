"""Standing: how an edge stands with its origin, as time passes. Pure: what happened and when enters, a word leaves.

`unreachable`: it has never told all it has. `live`: it has, and is heard. `silent`: connected, but not heard for three
seconds, though a beat comes every second. `lost`: the connection is gone. In each of them viewers are served what
there is. After fifteen silent seconds the connection is given up and made anew.
"""

from typing import Literal

State = Literal["live", "silent", "lost", "unreachable"]
SILENT_NS = 3_000_000_000
DEAD_NS = 15_000_000_000
GATHER_NS = 300_000_000_000  # how long a snapshot may take
FIRST_S, LONGEST_S = 0.2, 2.0


def backoff_s(failures: int, chance: float) -> float:
    """How long to wait before trying again after `failures` in a row; `chance` in [0, 1) spreads those who try."""
    return float(min(LONGEST_S, FIRST_S * 2 ** min(failures, 10))) * (0.5 + 0.5 * chance)


class Standing:
    """One origin's standing. `state` and `since_ns`, Unix time, are as of the last `look`."""

    def __init__(self, now_ns: int) -> None:
        self.state: State = "unreachable"
        self.since_ns = now_ns
        self._connected_ns = 0  # 0: not connected
        self._heard_ns = now_ns
        self._is_synced = False

    def __repr__(self) -> str:
        return f"<Standing {self.state}>"

    def connected(self, now_ns: int) -> None:
        """A feed begins."""
        self._connected_ns = self._heard_ns = now_ns
        self._is_synced = False

    def heard(self, now_ns: int) -> None:
        """Something came."""
        self._heard_ns = now_ns

    def synced(self, now_ns: int) -> None:
        """All that exists has been told."""
        self._is_synced = True
        self.look(now_ns)

    def gone(self, now_ns: int) -> None:
        """The connection is gone."""
        self._connected_ns = 0
        self._is_synced = False
        if self.state != "unreachable":
            self._become("lost", now_ns)

    def held(self) -> None:
        """We hung up, and hear the origin elsewhere."""
        self._connected_ns = 0

    def look(self, now_ns: int) -> State:
        """The state at `now_ns`."""
        if self._is_synced:
            self._become("silent" if now_ns - self._heard_ns > SILENT_NS else "live", now_ns)
        return self.state

    def ailment(self, now_ns: int) -> str:
        """Why the connection is to be given up; empty: it is not."""
        if not self._connected_ns:
            return ""
        if now_ns - self._heard_ns > DEAD_NS:
            return f"nothing was heard for {DEAD_NS // 10**9} s"
        if not self._is_synced and now_ns - self._connected_ns > GATHER_NS:
            return f"what exists was not told in {GATHER_NS // 10**9} s"
        return ""

    def _become(self, state: State, now_ns: int) -> None:
        if state != self.state:
            self.state, self.since_ns = state, now_ns
