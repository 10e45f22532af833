"""Link: one end of a feed between processes of a machine: frames, and the descriptors that go with them.

A Unix stream socket on the event loop. Descriptors arrive no later than the first byte of the frame they belong
to, and in the order of their frames, so a queue of them is enough to match them. What the other end does not read
is kept up to `limit` bytes; beyond that the link is cut, for a worker that is so far behind is better started anew.
"""

import asyncio
import os
import socket
from collections import deque
from collections.abc import Callable, Sequence

from ringside.core.feed import BrokenFeed, Decoder, Frame

READ_BYTES = 256 * 1024
MAX_FDS = 250  # SCM_MAX_FD is 253


class Link:
    """Sends bytes with descriptors, delivers frames with theirs.

    `on_frames(frames, fds)` takes from the left of `fds` what its frames bring, and closes or keeps it;
    `on_lost(reason)` is called once, unless `close` was.
    """

    def __init__(
        self,
        sock: socket.socket,
        on_frames: Callable[[list[Frame], deque[int]], None],
        on_lost: Callable[[str], None],
        limit: int = 16 << 20,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket = sock
        self._on_frames = on_frames
        self._on_lost = on_lost
        self._limit = limit
        self._decoder = Decoder()
        self._fds: deque[int] = deque()
        self._out: deque[tuple[memoryview, list[int]]] = deque()
        self.queued = 0
        self.closed = False
        sock.setblocking(False)
        self._loop.add_reader(sock.fileno(), self._read)

    def __repr__(self) -> str:
        return f"<Link {'closed' if self.closed else f'{self.queued} B queued'}>"

    def send(self, data: bytes, fds: Sequence[int] = ()) -> None:
        """Send `data`, whose frames bring `fds`; these remain the caller's. At most MAX_FDS at once."""
        if self.closed:
            return
        view, sent = memoryview(data), 0
        if not self._out:
            sent = self._write(view, fds)
        if self.closed or sent == len(data):
            return
        if self.queued + len(data) - sent > self._limit:
            self._lose(f"{self.queued} bytes were not read")
            return
        if not self._out:
            self._loop.add_writer(self._socket.fileno(), self._flush)
        self._out.append((view[sent:], [] if sent else [os.dup(fd) for fd in fds]))
        self.queued += len(data) - sent

    def close(self) -> None:
        """Close without a word to the owner."""
        if self.closed:
            return
        self.closed = True
        self._loop.remove_reader(self._socket.fileno())
        self._loop.remove_writer(self._socket.fileno())
        self._socket.close()
        for fd in [*self._fds, *(fd for _, fds in self._out for fd in fds)]:
            os.close(fd)
        self._fds.clear()
        self._out.clear()

    def _lose(self, reason: str) -> None:
        if not self.closed:
            self.close()
            self._on_lost(reason)

    def _write(self, view: memoryview, fds: Sequence[int]) -> int:
        try:
            if fds:
                return socket.send_fds(self._socket, [view], list(fds))
            return self._socket.send(view)
        except BlockingIOError:
            return 0
        except OSError as error:
            self._lose(error.strerror or str(error))
            return 0

    def _flush(self) -> None:
        while self._out:
            view, fds = self._out[0]
            sent = self._write(view, fds)
            if self.closed or not sent:
                return
            for fd in fds:
                os.close(fd)
            self.queued -= sent
            if sent < len(view):
                self._out[0] = (view[sent:], [])
                return
            self._out.popleft()
        self._loop.remove_writer(self._socket.fileno())

    def _read(self) -> None:
        try:
            data, fds, flags, _ = socket.recv_fds(self._socket, READ_BYTES, MAX_FDS, socket.MSG_CMSG_CLOEXEC)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(error.strerror or str(error))
            return
        self._fds += fds
        if flags & socket.MSG_CTRUNC:
            self._lose("this process is out of descriptors")
        elif not data:
            self._lose("the other end closed it")
        else:
            self._deliver(data)

    def _deliver(self, data: bytes) -> None:
        try:
            frames = self._decoder.feed(data)
            if frames:
                self._on_frames(frames, self._fds)
        except BrokenFeed as error:
            self._lose(str(error))
