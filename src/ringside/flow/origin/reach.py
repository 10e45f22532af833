"""Reach: when a track is so far behind the newest one that it counts as lost.

How far behind, and when it was last heard, enter; yes or no leaves. A track that is merely late is not lost, nor one
whose bytes wait in a socket while another's are being read: it must have been silent, and have been behind for a while.
"""

from ringside.flow.origin.window import Window

BEHIND_NS = 250_000_000


class Reach:
    """One track's. `lag_ns`: how far behind it may be."""

    def __init__(self, lag_ns: int) -> None:
        self._lag_ns = lag_ns
        self._chunk_ns = 0
        self._heard_ns = 0
        self._behind_since_ns: int | None = None

    def heard(self, now_ns: int, chunk_ns: int) -> None:
        """A chunk of this length was used."""
        self._heard_ns, self._chunk_ns, self._behind_since_ns = now_ns, chunk_ns, None

    def is_lost(self, window: Window, behind_ns: int, now_ns: int) -> bool:
        """Whether GAP must stand in for the track now, `behind_ns` behind the newest."""
        if window.lost:
            patience_ns = 2 * self._lag_ns + self._chunk_ns
            window.returning = window.returning and behind_ns <= patience_ns
            return True
        if behind_ns <= self._lag_ns:
            self._behind_since_ns = None
            return False
        if self._behind_since_ns is None:
            self._behind_since_ns = now_ns
        silent = now_ns - self._heard_ns > self._lag_ns + self._chunk_ns
        return silent and now_ns - self._behind_since_ns >= BEHIND_NS
