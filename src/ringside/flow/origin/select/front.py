"""Front: how early the first of several candidates was, by which the others are late or not. Pure."""

from collections import deque

REMEMBERED = 64


class Front:
    """When media up to a given instant was first here. `wait_ns` later it is late."""

    def __init__(self, wait_ns: int) -> None:
        self._wait_ns = wait_ns
        self._first: deque[tuple[int, int]] = deque(maxlen=REMEMBERED)  # end in ticks, when that had come; both rise

    def is_late(self, end_ticks: int, now_ns: int) -> bool:
        """Whether somebody else had brought as much long before; counts as brought from now on."""
        if not self._first or end_ticks > self._first[-1][0]:
            self._first.append((end_ticks, now_ns))
            return False
        came_ns = next(ns for end, ns in self._first if end >= end_ticks)
        return now_ns - came_ns > self._wait_ns
