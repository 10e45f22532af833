"""The loop under the engine: readiness of sockets, timers, and how late it itself is.

One epoll instance for all connections of a process. A turn handles everything that is ready; whatever became ready
meanwhile waited, so the length of a turn is how late an arrival may have been noticed. Lengths are weighted by
themselves: a hundred idle turns do not hide a long one.
"""

import heapq
import select
from collections.abc import Callable
from itertools import count
from time import monotonic
from typing import Protocol

from ringside.prove.crowd.player.base import Failure
from ringside.prove.crowd.tally.histogram import Histogram

READ, WRITE = select.EPOLLIN, select.EPOLLOUT
NEWS = READ | select.EPOLLRDHUP | select.EPOLLET
"""Told of once, when bytes come. Ready sockets are not looked at again each turn, which is a twentieth of all time."""
ENDS = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
React = Callable[[], Failure | None]


class Socket(Protocol):
    """What the loop knows of a connection."""

    fd: int
    react: React


class Loop:
    """Turn it until done."""

    def __init__(self, broken: Callable[[Socket, Failure], None]) -> None:
        self.lag = Histogram()
        self._broken = broken
        self._epoll = select.epoll(4096)
        self._by_fd: list[Socket | None] = []
        """By descriptor: they are small numbers."""
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._again: list[Socket] = []

    def at(self, at_s: float, do: Callable[[], None]) -> None:
        """Call `do` at that time."""
        heapq.heappush(self._timers, (at_s, next(self._order), do))

    def add(self, connection: Socket) -> None:
        """Watch a new connection for its being connected."""
        by_fd, fd = self._by_fd, connection.fd
        if fd >= len(by_fd):
            by_fd.extend([None] * (fd + 1 - len(by_fd)))
        by_fd[fd] = connection
        self._epoll.register(connection.fd, READ | WRITE)

    def again(self, connection: Socket) -> None:
        """Let it react in the next turn as well."""
        self._again.append(connection)

    def let_go(self, fd: int) -> None:
        """Watch it no more."""
        self._by_fd[fd] = None
        self._epoll.unregister(fd)

    def interest(self, fd: int, mask: int) -> None:
        """Which readiness to watch for."""
        self._epoll.modify(fd, mask)

    def wait(self, until_s: float) -> float:
        """Wait for something to happen, until `until_s` at the latest, and see to it; when it happened."""
        next_s = min(until_s, self._timers[0][0]) if self._timers else until_s
        events = self._epoll.poll(0.0 if self._again else max(0.0, next_s - monotonic()))
        woke_s = monotonic()
        if self._again:
            self._react_again()
        by_fd = self._by_fd
        for fd, flags in events:
            connection = by_fd[fd]
            if connection is not None:
                if flags & ENDS:
                    self._epoll.modify(fd, READ)  # tell until the end is read, however much comes before it
                failure = connection.react()
                if failure is not None:
                    self._broken(connection, failure)
        now_s = monotonic()
        timers = self._timers
        while timers and timers[0][0] <= now_s:
            heapq.heappop(timers)[2]()
        return woke_s

    def _react_again(self) -> None:
        again, self._again = self._again, []
        for connection in again:
            failure = connection.react()
            if failure is not None:
                self._broken(connection, failure)

    def account(self, woke_s: float) -> None:
        """A turn that began at `woke_s` is over."""
        took_s = monotonic() - woke_s
        self.lag.record(took_s, 1 + int(took_s * 1000))
