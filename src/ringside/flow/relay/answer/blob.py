"""Blob: a growing object in memory that all workers of a machine share, by its descriptor (memfd_create(2))."""

import os
from collections.abc import Callable
from typing import Protocol


class Follower(Protocol):
    """A connection that is written what a blob gains."""

    def advance(self) -> None: ...

    def abandon(self) -> None: ...


class Blob:
    """`size` bytes so far behind `fd`, which is closed with the last reference to the Blob.

    `lost`: it will never be closed, because the feed that filled it is gone.
    """

    __slots__ = (
        "__weakref__",
        "_close",
        "_frame",
        "_frame_at",
        "closed",
        "fd",
        "followers",
        "grown_ns",
        "lost",
        "size",
    )

    def __init__(self, fd: int, now_ns: int = 0, close: Callable[[int], None] = os.close) -> None:
        self._close = close
        self.fd = fd
        self.size = 0
        self.grown_ns = now_ns
        self.closed = False
        self.lost = False
        self.followers: dict[Follower, None] = {}
        self._frame = b""
        self._frame_at = (0, 0)

    def __repr__(self) -> str:
        return f"<Blob {self.size} B{' closed' if self.closed else ''} {len(self.followers)} followers>"

    def __del__(self) -> None:
        self._close(self.fd)

    def go_on_as(self, heir: "Blob") -> bool:
        """Whether `heir`, of another feed, begins with the same bytes: then it is what is followed here from now on."""
        try:
            if heir.size < self.size or heir.read(0, self.size) != self.read(0, self.size):
                return False
            os.dup2(heir.fd, self.fd, inheritable=False)
        except OSError:
            return False
        self.size, self.closed, self.grown_ns = heir.size, heir.closed, heir.grown_ns
        return True

    def read(self, offset: int, size: int) -> bytes:
        """`size` bytes at `offset`, which exist."""
        return os.pread(self.fd, size, offset)

    def frame(self, first: int, end: int) -> bytes:
        """Bytes [first, end) as one HTTP chunk; made once for all who want the same."""
        if self._frame_at != (first, end):
            self._frame = b"%x\r\n%b\r\n" % (end - first, self.read(first, end - first))
            self._frame_at = (first, end)
        return self._frame
