"""Writing: the half of a connection that puts bytes on the wire, in order, without ever waiting.

Bytes go straight to the non-blocking socket, media by sendfile(2) from its blob. Only when the socket is full does
the rest wait in a short list, and the event loop watch for room, until the connection's deadline. A duplicate of the
descriptor is watched, since the loop lets a transport's own descriptor be watched by nobody else. It knows nothing
of requests; `_written` and `abort` are the connection's.
"""

import os
import socket
from collections import deque
from typing import TYPE_CHECKING

from ringside.flow.relay.answer.blob import Blob

if TYPE_CHECKING:
    from ringside.flow.relay.edge.aio import Edge


class Span:
    """Bytes [at, end) of a blob that wait to be written."""

    __slots__ = ("at", "blob", "end")

    def __init__(self, blob: Blob, at: int, end: int) -> None:
        self.blob, self.at, self.end = blob, at, end


class Writing:
    """Writes for one connection. `_out`: what did not fit into the socket; `deadline_ns`: when that is too slow."""

    __slots__ = ("_edge", "_fd", "_out", "_socket", "_watch", "deadline_ns")

    def __init__(self, edge: "Edge") -> None:
        self._edge = edge
        self._fd = -1
        self._socket: socket.socket | None = None
        self._out: deque[memoryview | Span] | None = None
        self._watch = -1
        self.deadline_ns = 0

    def abort(self) -> None:
        """Drop the connection at once."""
        raise NotImplementedError

    def _written(self) -> None:
        """All that had to wait is written."""
        raise NotImplementedError

    def _let_go(self) -> None:
        """Write no more: the descriptor is the transport's to close, and then another connection's."""
        self._unwatch()
        if self._socket is not None:
            self._socket.detach()
            self._socket = None
        self._out = None
        self._fd = -1

    def _write(self, data: bytes, more: bool = False) -> None:
        if self._socket is None:
            return
        if self._out:
            self._out.append(memoryview(data))
            return
        try:
            sent = self._socket.send(data, socket.MSG_MORE) if more else self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.abort()
            return
        self._edge.bytes += sent
        if sent != len(data):
            self._wait(memoryview(data)[sent:])

    def _send_file(self, blob: Blob, at: int, end: int) -> None:
        if self._socket is None:
            return
        if self._out:
            self._out.append(Span(blob, at, end))
            return
        try:
            sent = os.sendfile(self._fd, blob.fd, at, end - at)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.abort()
            return
        self._edge.bytes += sent
        if at + sent != end:
            self._wait(Span(blob, at + sent, end))

    def _wait(self, piece: memoryview | Span) -> None:
        """The socket is full: keep the rest, and watch for room."""
        edge = self._edge
        try:
            self._watch = os.dup(self._fd)
        except OSError:
            edge.no_descriptors += 1
            self.abort()
            return
        self._out = deque([piece])
        size = len(piece) if isinstance(piece, memoryview) else piece.end - piece.at
        self.deadline_ns = edge.slow_after_ns(size)
        edge.blocked[self] = None
        edge.loop.add_writer(self._watch, self._flush)

    def _unwatch(self) -> None:
        if self._watch >= 0:
            self._edge.loop.remove_writer(self._watch)
            os.close(self._watch)
            self._watch = -1
            self._edge.blocked.pop(self, None)

    def _flush(self) -> None:
        out = self._out
        assert out is not None
        assert self._socket is not None
        try:
            while out:
                piece = out[0]
                if isinstance(piece, memoryview):
                    sent = self._socket.send(piece)
                    out[0] = piece = piece[sent:]
                    left = len(piece)
                else:
                    sent = os.sendfile(self._fd, piece.blob.fd, piece.at, piece.end - piece.at)
                    piece.at += sent
                    left = piece.end - piece.at
                self._edge.bytes += sent
                if left and sent:
                    return
                if left:
                    raise OSError("the blob ends early")
                out.popleft()
        except BlockingIOError:
            return
        except OSError:
            self.abort()
            return
        self._unwatch()
        self._out = None
        self._written()
