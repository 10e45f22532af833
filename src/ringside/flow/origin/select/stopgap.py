"""Stopgap: when an origin wants the slate, because no studio sends anything, and when it wants it no more. Pure.

What enters: the switchboard, and which tracks are published. What leaves: whether a studio that only shows the slate
is to run, and what it is to make: the same tracks, so that viewers' players see nothing but another picture.
"""

from collections.abc import Sequence
from typing import Any

from ringside.core.media import NS_PER_S, Track
from ringside.flow.origin.select.switchboard import Switchboard

STEADY_NS = 4 * NS_PER_S  # a studio that has been on the air for so long is back for good
STARTING_NS = 3 * NS_PER_S  # an origin that has just begun waits so long for studios to connect


class Stopgap:
    """One event's. `after_s`: how long nothing must come for; 0: the slate is never wanted."""

    def __init__(self, after_s: float, now_ns: int) -> None:
        self.wanted = False
        self._said: bool | None = None  # what whoever runs it was told last; None: nothing, by this origin
        self._after_ns = int(after_s * NS_PER_S)
        self._heard_ns = now_ns + STARTING_NS - self._after_ns

    def __repr__(self) -> str:
        return f"<Stopgap {'wanted' if self.wanted else 'not wanted'}>"

    def look(self, board: Switchboard, on_air: bool, now_ns: int) -> bool:
        """Whether whoever runs it is to be told anew. `on_air`: the event has begun, and has not ended."""
        self._heard_ns = max(self._heard_ns, board.real_heard_ns)
        running = self.wanted or board.has_stopgap
        wanted = on_air and bool(self._after_ns) and now_ns - self._heard_ns > self._after_ns
        if running and not wanted:  # a studio sends again: not until that has lasted is the slate let go
            wanted = on_air and not board.real_is_steady(now_ns, STEADY_NS)
        self.wanted = wanted
        if wanted == self._said or (self._said is None and not running and not wanted):
            return False
        self._said = wanted
        return True


def told(tracks: Sequence[Track]) -> list[dict[str, Any]]:
    """What the slate's studio must make, as far as ours can; JSON-ready."""
    return [
        {
            "name": track.name,
            "kind": track.kind,
            "width": track.width,
            "height": track.height,
            "fps": str(track.fps),
            "average_bps": track.average_bps,
        }
        for track in tracks
        if track.codec.startswith(("avc1", "mp4a"))
    ]
