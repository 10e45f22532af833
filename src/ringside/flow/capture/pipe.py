"""Pipe: bytes from the thread that receives to the thread that demuxes, bounded, with what was dropped counted."""

import threading
from collections import deque

LIMIT = 8 * 2**20


class Pipe:
    """A file-like object for FFmpeg to read from. `write` never blocks; `offer` waits for room."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.dropped = 0
        self.arrival_ns = 0  # of the bytes read last, as `write` was told
        self._limit = limit
        self._size = 0
        self._parts: deque[tuple[bytes, int]] = deque()
        self._closed = False
        self._changed = threading.Condition()

    def write(self, data: bytes, arrival_ns: int = 0) -> None:
        """Put bytes in; all of them are dropped, and counted, when there is no room."""
        with self._changed:
            if self._closed or self._size + len(data) > self._limit:
                self.dropped += len(data)
                return
            self._put(data, arrival_ns)

    def offer(self, data: bytes, within_s: float) -> bool:
        """Put bytes in once there is room; False, with nothing put, when there is none within `within_s`."""
        with self._changed:
            room = self._changed.wait_for(lambda: self._closed or self._size + len(data) <= self._limit, within_s)
            if room:
                self._put(data, 0)
            return room

    def _put(self, data: bytes, arrival_ns: int) -> None:
        self._parts.append((data, arrival_ns))
        self._size += len(data)
        self._changed.notify_all()

    def read(self, size: int) -> bytes:
        """At least one byte and at most `size`, as soon as there are any; none at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._parts or self._closed)
            if not self._parts:
                return b""
            part, self.arrival_ns = self._parts.popleft()
            if len(part) > size:
                self._parts.appendleft((part[size:], self.arrival_ns))
                part = part[:size]
            self._size -= len(part)
            self._changed.notify_all()
            return part

    def close(self) -> None:
        """Nothing more will come; what is inside can still be read."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def abandon(self) -> None:
        """Close, and throw away what is inside."""
        with self._changed:
            self._closed = True
            self._parts.clear()
            self._size = 0
            self._changed.notify_all()
