"""The bucket that keeps a sender smooth: never more than its depth at once, never more than its rate for long. Pure.

What enters: the size of a datagram and the time. What leaves: whether it may go, or how long it must wait. It is the
generic cell rate algorithm (ITU-T I.371 Annex A): one number, the time at which all that was sent would have left at
the rate. In any span of t seconds no more than depth + rate * t leaves.
"""

IP_UDP_BYTES = 28  # headers that a datagram has on the wire beside its own bytes


class Bucket:
    """`rate_bps` on the wire, headers counted; `depth_bytes` may leave at once, and is never less than a datagram."""

    def __init__(self, rate_bps: int, depth_bytes: int) -> None:
        self.rate_bps = rate_bps
        self.depth_bytes = depth_bytes
        self._depth_ns = self._takes_ns(depth_bytes)
        self._empty_ns = 0

    def __repr__(self) -> str:
        return f"<Bucket {self.rate_bps / 1e6:.1f} Mbit/s, {self.depth_bytes} B deep>"

    def ready(self, size_bytes: int, now_ns: int) -> int:
        """0: it is taken, send it; else how many ns to wait before asking again. `size_bytes` of the datagram."""
        after = max(self._empty_ns, now_ns) + self._takes_ns(size_bytes + IP_UDP_BYTES)
        early = after - now_ns - self._depth_ns
        if early > 0:
            return early
        self._empty_ns = after
        return 0

    def _takes_ns(self, size_bytes: int) -> int:
        return size_bytes * 8_000_000_000 // self.rate_bps


def depth_for(rate_bps: int) -> int:
    """A depth for a rate, bytes: a timer that is 5 ms late must not cost rate, and a few datagrams always fit."""
    return max(16_384, rate_bps // 8 // 200)


def rate_for(tracks_bps: int, overhead_percent: int) -> int:
    """A rate for tracks whose most is `tracks_bps` together: 2.5 times what they need with FEC, headers and news.

    What a key frame adds leaves while the next part is made, and queues stay short.
    """
    return max(2_000_000, tracks_bps * (120 + overhead_percent) // 100 * 5 // 2)
