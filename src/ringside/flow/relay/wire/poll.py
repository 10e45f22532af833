"""Poll: the viewers' sockets, in an epoll of their own that the event loop watches as one descriptor.

A viewer's socket is registered once, edge-triggered; only while something waits to be written is room watched for. A
transport of the event loop would cost a second read callback, several objects and a kilobyte for each viewer. A turn
takes what is ready; what became ready meanwhile comes with the next turn, after the loop has seen to everything else.
"""

import asyncio
import select
from typing import Protocol

BATCH = 512  # sockets looked at in one turn
NEWS = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLET
OUT = select.EPOLLOUT
GONE = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR


class Watched(Protocol):
    """What the poll knows of a connection, or of a door. `gone`: the other end has written its last byte."""

    gone: bool

    def readable(self) -> None: ...

    def writable(self) -> None: ...


class Poll:
    """Tells connections that they can read, and those with something waiting that they can write."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._epoll = select.epoll()
        self._by_fd: list[Watched | None] = []  # descriptors are small numbers
        loop.add_reader(self._epoll.fileno(), self._turn)

    def add(self, fd: int, watched: Watched) -> None:
        """Watch a socket; raises OSError where the kernel will not."""
        self._place(fd, watched)
        self._epoll.register(fd, NEWS)

    def _place(self, fd: int, watched: Watched) -> None:
        by_fd = self._by_fd
        if fd >= len(by_fd):
            by_fd.extend([None] * (fd + 1 - len(by_fd)))
        by_fd[fd] = watched

    def room(self, fd: int, wanted: bool) -> None:
        """Tell it when there is room to write; if there is already, or something to read, with the next turn."""
        self._epoll.modify(fd, NEWS | OUT if wanted else NEWS)

    def drop(self, fd: int) -> None:
        """Watch it no more; call it before closing the descriptor."""
        self._by_fd[fd] = None
        self._epoll.unregister(fd)

    def open_door(self, fd: int, door: Watched) -> None:
        """Say that it is readable whenever somebody waits at a listening socket."""
        self._place(fd, door)
        self._epoll.register(fd, select.EPOLLIN)

    def close(self) -> None:
        """Watch nothing."""
        if self._epoll.closed:
            return
        self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()

    def _turn(self) -> None:
        by_fd = self._by_fd
        for fd, flags in self._epoll.poll(0, BATCH):
            watched = by_fd[fd]
            if watched is None:
                continue
            if flags & OUT:
                watched.writable()
            if flags & GONE:
                watched.gone = True
            if flags != OUT:
                watched.readable()
