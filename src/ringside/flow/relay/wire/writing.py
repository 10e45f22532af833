"""Writing: the half of a connection that puts bytes on the wire, in order, without ever waiting.

Bytes go straight to the non-blocking socket, media by sendfile(2) from its blob. Only when the socket is full does the
rest wait in a short list, until epoll says that there is room, or until the connection's deadline. It knows nothing of
requests; `_written` and `abort` are the connection's.
"""

import os
import socket
import struct
from collections import deque
from typing import TYPE_CHECKING

from ringside.flow.relay.answer.blob import Blob

if TYPE_CHECKING:
    from ringside.flow.relay.edge.aio import Edge

NO_LINGER = struct.pack("ii", 1, 0)  # SO_LINGER: on, for no time


class Span:
    """Bytes [at, end) of a blob that wait to be written."""

    __slots__ = ("at", "blob", "end")

    def __init__(self, blob: Blob, at: int, end: int) -> None:
        self.blob, self.at, self.end = blob, at, end


class Writing:
    """Writes for one connection. `_out`: what did not fit into the socket; `deadline_ns`: when that is too slow."""

    __slots__ = ("_edge", "_fd", "_out", "_socket", "deadline_ns")

    def __init__(self, edge: "Edge", fd: int) -> None:
        self._edge = edge
        self._fd = fd  # -1 once it is closed
        self._socket: socket.socket | None = None
        self._out: deque[memoryview | Span] | None = None
        self.deadline_ns = 0

    def abort(self) -> None:
        """Drop the connection at once."""
        raise NotImplementedError

    def reset(self) -> None:
        """Drop it with all that the kernel still keeps for its reader, whom a mere close would go on feeding."""
        if self._fd >= 0:
            ours = socket.socket(fileno=self._fd)
            try:
                ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
            except OSError:
                pass  # it is gone already
            finally:
                ours.detach()
        self.abort()

    def _written(self) -> None:
        """All that had to wait is written."""
        raise NotImplementedError

    def _shut(self) -> None:
        """Close the descriptor; write no more."""
        fd, self._fd = self._fd, -1
        if fd < 0:
            return
        self._out = None
        self._edge.blocked.pop(self, None)
        self._edge.poll.drop(fd)
        if self._socket is not None:
            self._socket.detach()
            self._socket = None
        os.close(fd)

    def _write(self, data: bytes, more: bool = False) -> None:
        if self._out:
            self._out.append(memoryview(data))
            return
        if self._fd < 0:
            return
        try:
            sent = self._corked(data) if more else os.write(self._fd, data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.abort()
            return
        self._edge.bytes += sent
        if sent != len(data):
            self._wait(memoryview(data)[sent:])

    def _corked(self, data: bytes) -> int:
        """Write what more follows upon at once, so that both leave as one."""
        if self._socket is None:
            self._socket = socket.socket(fileno=self._fd)
            self._socket.setblocking(False)
        return self._socket.send(data, socket.MSG_MORE)

    def _send_file(self, blob: Blob, at: int, end: int) -> None:
        if self._out:
            self._out.append(Span(blob, at, end))
            return
        if self._fd < 0:
            return
        try:
            while at < end:
                sent = os.sendfile(self._fd, blob.fd, at, end - at)
                if not sent:
                    raise OSError("the blob ends early")
                at += sent
                self._edge.bytes += sent
        except BlockingIOError:
            self._wait(Span(blob, at, end))
        except OSError:
            self.abort()

    def _wait(self, piece: memoryview | Span) -> None:
        """The socket is full: keep the rest until there is room."""
        self._out = deque([piece])
        size = len(piece) if isinstance(piece, memoryview) else piece.end - piece.at
        self._press(size)

    def _press(self, size: int) -> None:
        """`size` bytes wait for room: they have so long."""
        edge = self._edge
        self.deadline_ns = edge.slow_after_ns(size)
        edge.blocked[self] = None
        edge.poll.room(self._fd, True)

    def _relieve(self) -> None:
        """Nothing waits for room any more."""
        self._out = None
        self._edge.blocked.pop(self, None)
        self._edge.poll.room(self._fd, False)

    def writable(self) -> None:
        """There is room in the socket: go on with what waits, if anything does."""
        out = self._out
        if not out:
            return
        try:
            while out:
                piece = out[0]
                if isinstance(piece, memoryview):
                    sent = os.write(self._fd, piece)
                    left = len(piece) - sent
                    out[0] = piece[sent:]
                else:
                    sent = os.sendfile(self._fd, piece.blob.fd, piece.at, piece.end - piece.at)
                    piece.at += sent
                    left = piece.end - piece.at
                    if not sent:
                        raise OSError("the blob ends early")
                self._edge.bytes += sent
                if not left:
                    out.popleft()
        except BlockingIOError:
            return
        except OSError:
            self.abort()
            return
        self._relieve()
        self._written()
