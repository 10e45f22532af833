"""Reach: when a track is so far behind that it counts as lost: behind the newest track, or behind the clock.

How far behind, and when it was last heard, enter; yes or no leaves. A track that is merely late is not lost, nor one
whose bytes wait in a socket while another's are being read: it must have been silent, and have been behind for a while.
A part that is late can still be played, and GAP cannot be taken back. Where nothing comes of any track that is waited
for less, and where nobody is connected who could send it not at all.
"""

from ringside.flow.origin.window import Window

BEHIND_NS = 250_000_000
MARGIN_NS = 80_000_000  # who is connected may be so much later than before
FADES = 16  # lateness is forgotten by one part in so many with each chunk


class Reach:
    """One track's. `lag_ns`: how far behind it may be."""

    def __init__(self, lag_ns: int) -> None:
        self.deserted = False  # nobody is connected who could send it
        self._lag_ns = lag_ns
        self._chunk_ns = 0
        self._late_ns = 0
        self._heard_ns = 0
        self._behind_since_ns: int | None = None

    def heard(self, now_ns: int, chunk_ns: int, late_ns: int = 0) -> None:
        """A chunk of this length was used, so long after the end of its media."""
        self._heard_ns, self._chunk_ns, self._behind_since_ns = now_ns, chunk_ns, None
        self._late_ns = max(late_ns, self._late_ns - self._late_ns // FADES)

    def overdue_ns(self, end_ns: int, now_ns: int) -> int:
        """For how long a chunk that goes on at that instant should have been here by now; negative: it need not yet."""
        return self.due_ns(now_ns) - end_ns - self._chunk_ns

    def due_ns(self, now_ns: int) -> int:
        """The Unix time up to which media would be here by now, if it came as it did before."""
        return now_ns - self._late_ns - (0 if self.deserted else MARGIN_NS)

    def is_lost(self, window: Window, behind_ns: int, overdue_ns: int, all_silent: bool, now_ns: int) -> bool:
        """Whether GAP must stand in for the track now, `behind_ns` behind the newest, `overdue_ns` behind the clock."""
        if window.lost:
            returns_ns = 2 * self._lag_ns + self._chunk_ns
            window.returning = window.returning and max(behind_ns, overdue_ns) <= returns_ns
            return True
        patience_ns = 0 if self.deserted else self._lag_ns + BEHIND_NS
        if overdue_ns >= 0 and (all_silent or overdue_ns >= patience_ns):
            return True
        if behind_ns <= self._lag_ns:
            self._behind_since_ns = None
            return False
        if self._behind_since_ns is None:
            self._behind_since_ns = now_ns
        silent = now_ns - self._heard_ns > self._lag_ns + self._chunk_ns
        return silent and now_ns - self._behind_since_ns >= BEHIND_NS
