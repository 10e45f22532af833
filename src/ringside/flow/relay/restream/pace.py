"""Pace: when a packet may leave, so that the far end is sent frames, not bursts of a part. Pure.

Published media comes a part at a time. A packet leaves as long after the one before as it is decoded after it, the
newest a part's length after it came; who has fallen behind by more sends at once, until that is made good.
"""

SPAN_NS = 200_000_000
BEHIND_NS = 600_000_000


class Pace:
    """One connection's."""

    def __init__(self) -> None:
        self._offset_ns: int | None = None

    def __repr__(self) -> str:
        return f"<Pace {self._offset_ns}>"

    def wait_ns(self, packet_ns: int, newest_ns: int, now_ns: int) -> int:
        """How long the packet of `packet_ns` has still to wait, when the newest that is here is of `newest_ns`."""
        if self._offset_ns is None or newest_ns - packet_ns > BEHIND_NS:
            self._offset_ns = now_ns - newest_ns + SPAN_NS
        wait_ns = packet_ns + self._offset_ns - now_ns
        if wait_ns > BEHIND_NS:  # the media's time has jumped
            self._offset_ns = now_ns - newest_ns + SPAN_NS
            return max(0, packet_ns + self._offset_ns - now_ns)
        return max(0, wait_ns)
