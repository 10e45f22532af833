"""Gauge: what one track's encoding looks like from outside, over the last two seconds. Safe across threads.

Encoded frames and their cost enter; fps, bitrate, lag and the share of time spent leave. Time is an argument.
"""

import threading
from collections import deque
from typing import Any

from ringside.core.media import NS_PER_S, Frame, Grid

WINDOW_S = 2.0


def quantiles(values: list[float]) -> dict[str, float]:
    """`{p50, p95, p99, max}` of `values`, to a hundredth; empty without any."""
    if not values:
        return {}
    ordered = sorted(values)
    ranks = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {name: round(ordered[min(len(ordered) - 1, int(q * len(ordered)))], 2) for name, q in ranks.items()}


class Gauge:
    """Measures one track on `grid`, whose frame k is due `delay_ns` after its start."""

    def __init__(self, grid: Grid, delay_ns: int) -> None:
        self._grid = grid
        self._delay_ns = delay_ns
        self._lock = threading.Lock()
        self._window = round(WINDOW_S / grid.frame_s)
        self._frames: deque[tuple[int, int, int, float]] = deque(maxlen=2 * self._window)
        self._first_ns = 0
        self.frames_total = 0
        self.bytes_total = 0
        self.skipped_total = 0

    def encoded(self, frame: Frame, spent_ms: float) -> None:
        """One frame left the encoder after `spent_ms` milliseconds of work."""
        with self._lock:
            self._first_ns = self._first_ns or frame.encoded_ns
            self._frames.append((frame.index, len(frame.data), frame.encoded_ns, spent_ms))
            self.frames_total += 1
            self.bytes_total += len(frame.data)

    def skipped(self, frames: int = 1) -> None:
        """`frames` frames were given up."""
        with self._lock:
            self.skipped_total += frames

    def recent(self, now_ns: int, window_s: float = WINDOW_S) -> list[tuple[int, int, int, float]]:
        """`(index, bytes, encoded_ns, spent_ms)` of frames encoded in the last `window_s` seconds."""
        since_ns = now_ns - int(window_s * NS_PER_S)
        with self._lock:
            return [row for row in self._frames if row[2] > since_ns]

    def lag_ms(self, now_ns: int, window_s: float = WINDOW_S) -> float:
        """How late after their due time the recent frames left the encoder, at the median; 0 without any."""
        due = [(e - self._grid.start_ns(k) - self._delay_ns) / 1e6 for k, _, e, _ in self.recent(now_ns, window_s)]
        return sorted(due)[len(due) // 2] if due else 0.0

    def busy(self, now_ns: int, window_s: float = WINDOW_S) -> float:
        """The share of a frame's time that encoding one takes."""
        spent = [row[3] for row in self.recent(now_ns, window_s)]
        return sum(spent) / len(spent) / float(self._grid.frame_s * 1000) if spent else 0.0

    def status(self, now_ns: int) -> dict[str, Any]:
        """JSON-ready: `fps bitrate_bps encode_ms latency_ms lag_ms frames skipped`."""
        rows = self.recent(now_ns)
        window_s = len(rows) * float(self._grid.frame_s)
        watched_s = min(WINDOW_S, (now_ns - self._first_ns) / NS_PER_S + float(self._grid.frame_s))
        return {
            "fps": round(len(rows) / watched_s, 2),
            "bitrate_bps": round(sum(size for _, size, _, _ in rows) * 8 / window_s) if rows else 0,
            "encode_ms": quantiles([spent for _, _, _, spent in rows]),
            "latency_ms": quantiles([(e - self._grid.start_ns(k)) / 1e6 for k, _, e, _ in rows]),
            "lag_ms": round(self.lag_ms(now_ns), 2),
            "frames": self.frames_total,
            "skipped": self.skipped_total,
        }
