"""One TCP (or TLS) connection of one viewer: a request written, its reply read, again and again.

It is also the Reply a player is shown. All connections of a process read into one scratch buffer; a body nobody wants
is counted, and on plain TCP not even copied (MSG_TRUNC). What a reply is and how it ends stands in `wire`.
"""

import errno
import socket
import ssl
from os import readv, write
from time import monotonic
from typing import TYPE_CHECKING, Any

from ringside.prove.crowd.engine import wire
from ringside.prove.crowd.engine.loop import NEWS, READ, WRITE, React
from ringside.prove.crowd.engine.origins import Origin
from ringside.prove.crowd.player.base import Failure, Request

if TYPE_CHECKING:
    from ringside.prove.crowd.engine.engine import Engine
    from ringside.prove.crowd.engine.session import Session

SCRATCH = 64 * 1024
FIRST_READ = 16 * 1024
INTERIM = 8
"""Interim responses in one read, and no more."""
WAITING = (ssl.SSLWantReadError, ssl.SSLWantWriteError)


def _closed(*_: object) -> None:
    """In place of what a closed connection would do."""


class Connection:
    """States: connecting, then idle or busy with `request` until closed."""

    __slots__ = (
        "_body", "_chunks", "_engine", "_head", "_left", "_out", "_secure", "body", "connecting", "document",
        "encoding", "fd", "first_s", "hops", "keep_alive", "lane", "last_s", "location", "nbytes", "origin", "react",
        "request", "sent_s", "served", "session", "sock", "special", "status", "url",
    )  # fmt: skip

    def __init__(self, engine: "Engine", session: "Session", origin: Origin) -> None:
        self._engine = engine
        self.session = session
        self.origin = origin
        self.sock: Any = origin.socket(session)
        self.fd: int = self.sock.fileno()
        self._secure = False
        self.react: React = self._any
        """What to call when the socket is ready; a Failure ends the connection."""
        self.request: Request | None = None
        self.lane: Any = None
        self.connecting = True
        self.keep_alive = True
        self.served = 0
        self.status = 0
        self.url = self.encoding = self.location = ""
        self.special = self.document = False
        self.body = b""
        self.nbytes = 0
        self.sent_s = self.first_s = self.last_s = 0.0
        self.hops = 0
        self._out = b""
        self._head = b""
        self._left: int | None = None
        self._body: bytearray | None = None
        self._chunks: wire.Dechunker | None = None

    def open(self) -> Failure | None:
        """Begin to connect."""
        try:
            code = self.sock.connect_ex(self.origin.address)
        except OSError:
            return Failure.CONNECT
        return None if code in (0, errno.EINPROGRESS) else Failure.CONNECT

    def ask(self, lane: Any, request: Request, data: bytes, url: str, now_s: float) -> Failure | None:
        """Send a request; the reply comes to the engine."""
        self.request = request
        self.lane = lane
        self.url = url
        self.sent_s = now_s
        self.first_s = 0.0
        if self.connecting:
            self._out = data
            return None
        try:
            sent = self.sock.send(data) if self._secure else write(self.fd, data)
        except OSError:
            sent = 0  # seen again, and told apart, by the second try
        return None if sent == len(data) else self._write(data[sent:])

    def _write(self, data: bytes) -> Failure | None:
        try:
            sent = self.sock.send(data)
        except (BlockingIOError, *WAITING):
            sent = 0
        except OSError:
            return Failure.RESET
        if sent < len(data):
            self._out = data[sent:]
            self._settle()
        return None

    def _settle(self) -> None:
        """Wait for what there is to wait for, and react in the shortest way."""
        if self._out or (self.connecting and not self._secure):
            self._engine.interest(self, READ | WRITE, self._any)
        elif self.connecting or self.origin.tls is not None:
            self._engine.interest(self, READ, self._any)
        else:
            self._engine.interest(self, NEWS, self._read)

    def _any(self) -> Failure | None:
        """Ready for something: connecting, writing, or TLS."""
        if self.connecting or self._out:
            failure = self.writable()
            if failure or self.connecting or self._out:
                return failure
        return self.readable()

    def writable(self) -> Failure | None:
        """The socket takes bytes: connected at last, or a long request goes on."""
        if self.connecting:
            failure = self._connected()
            if failure or self.connecting:
                return failure
        out, self._out = self._out, b""
        if out:
            failure = self._write(out)
            if failure or self._out:
                return failure
        self._settle()
        return None

    def _connected(self) -> Failure | None:
        if not self._secure:
            if self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                return Failure.CONNECT
            if self.origin.tls is None:
                self.connecting = False
                return None
            try:
                self.sock = self.origin.tls.wrap_socket(
                    self.sock, server_hostname=self.origin.host, do_handshake_on_connect=False
                )
            except (OSError, ValueError):
                return Failure.TLS
            self._secure = True
        return self._handshake()

    def _handshake(self) -> Failure | None:
        try:
            self.sock.do_handshake()
        except ssl.SSLWantReadError:
            self._engine.interest(self, READ, self._any)
        except ssl.SSLWantWriteError:
            self._engine.interest(self, READ | WRITE, self._any)
        except (OSError, ValueError):
            return Failure.TLS
        else:
            self.connecting = False
        return None

    def readable(self) -> Failure | None:
        """Read what there is."""
        if self.origin.tls is None:
            return self._read()
        while True:  # TLS keeps decrypted bytes to itself: read until it has none
            failure = self._read()
            if failure or self.request is None or self.fd < 0 or not self.sock.pending():
                return failure

    def _read(self) -> Failure | None:
        """One read, and what it means. Nine in ten bring a whole reply at once: that way is short."""
        if self._left is not None or self._head:
            return self._read_on(self._left)
        engine, session = self._engine, self.session
        limit = session.read_limit
        try:
            if self._secure:
                count = self.sock.recv_into(engine.scratch, limit)
            else:
                count = readv(self.fd, engine.into if limit == FIRST_READ else [engine.view[:limit]])
        except OSError as error:
            return self._unread(error)
        now_s = monotonic()
        request = self.request
        if not count or request is None:
            return Failure.MALFORMED if count else self._closed(now_s)
        engine.bytes += count
        if session.read_bps:
            engine.throttle(self, count, now_s)
        echo: wire.Echo | None = request.echo
        if echo is not None and count == echo.size and engine.scratch.startswith(echo.start):
            self._begins(echo.head, now_s)
            self.nbytes = echo.head.length
            self.body = echo.body
            engine.finished(self, now_s)
            return None
        return self._read_first(request, count, count == limit, now_s)

    def _read_first(self, request: Request, count: int, full: bool, now_s: float) -> Failure | None:
        """A reply unlike the last one to this request, or not all of one."""
        engine = self._engine
        end = engine.scratch.find(b"\r\n\r\n", 0, count) + 4
        try:
            if end < 4:
                return self._keep_reading(self._read_long_head(count, now_s), request, full)
            head = engine.heads.read(bytes(engine.view[: end - 4]))
            if head.length != count - end or head.status < 200 or request.grows:
                return self._keep_reading(self._begin(head, engine.view[end:count], now_s), request, full)
        except wire.Malformed:
            return Failure.MALFORMED
        self._begins(head, now_s)
        self.nbytes = head.length
        self.body = bytes(engine.view[end:count]) if request.keep else b""
        request.echo = wire.Echo(head, bytes(engine.view[: count if request.keep else end]), self.body, count)
        engine.finished(self, now_s)
        return None

    def _read_on(self, left: int | None) -> Failure | None:
        """One read more of a reply that has begun."""
        try:
            count, limit = self._recv_more(left)
        except OSError as error:
            return self._unread(error)
        now_s = monotonic()
        if not count:
            return self._closed(now_s)
        self.last_s = now_s
        self._engine.bytes += count
        if self.session.read_bps:
            self._engine.throttle(self, count, now_s)
        request: Request = self.request  # type: ignore[assignment]
        try:
            taken = self._read_long_head(count, now_s) if left is None else self._take(count, now_s)
        except wire.Malformed:
            return Failure.MALFORMED
        return self._keep_reading(taken, request, count == limit)

    def _keep_reading(self, failure: Failure | None, request: Request, full: bool) -> Failure | None:
        """The loop tells of new bytes once: where a read was filled, there may be more that it has told of already.

        A viewer whose network makes a pause reads on after it.
        """
        if full and failure is None and self.request is request and not self.session.paused(monotonic()):
            self._engine.loop.again(self)
        return failure

    def _begins(self, head: wire.Head, now_s: float) -> None:
        """A reply begins."""
        self.status = head.status
        self.keep_alive = head.keep_alive
        self.first_s = now_s
        self.special = head.special
        if head.special:
            self.encoding, self.location, self.document = head.encoding, head.location, head.document
        if head.news:
            self._engine.world.note_date(head, now_s)

    def _recv_more(self, left: int | None) -> tuple[int, int]:
        """Bytes read, and the most there could have been."""
        engine, limit = self._engine, self.session.read_limit
        if left is None or left < 0 or self._body is not None:
            return self.sock.recv_into(engine.scratch, limit), limit
        if self.origin.tls is None and not self.request.grows:  # type: ignore[union-attr]
            limit = min(left, self.session.discard_limit)
            return self.sock.recv_into(engine.discard, limit, socket.MSG_TRUNC), limit
        limit = min(left, limit)
        return self.sock.recv_into(engine.scratch, limit), limit

    def _unread(self, error: OSError) -> Failure | None:
        if isinstance(error, (BlockingIOError, *WAITING)):
            return None
        return Failure.RESET if self._left is None else Failure.SHORT

    def _closed(self, now_s: float) -> Failure | None:
        if self._left == wire.UNTIL_CLOSE and self.request is not None:
            self._finish(now_s)
            return None
        return Failure.RESET if self._left is None else Failure.SHORT

    def _take(self, count: int, now_s: float) -> Failure | None:
        left: int = self._left  # type: ignore[assignment]
        if left > 0 and self._body is None and not self.request.grows:  # type: ignore[union-attr]
            self.nbytes += count
            self._left = left - count
            if count == left:
                self._finish(now_s)
            return None
        return self._read_body(self._engine.view[:count], now_s)

    def _read_long_head(self, count: int, now_s: float) -> Failure | None:
        """A head that came in pieces."""
        data = self._head + bytes(self._engine.view[:count])
        end = data.find(b"\r\n\r\n")
        if end < 0:
            self._head = data
            return None if wire.begins_as_http(data) and len(data) <= wire.HEAD_LIMIT else Failure.MALFORMED
        self._head = b""
        return self._begin(self._engine.heads.read(data[:end]), memoryview(data)[end + 4 :], now_s)

    def _begin(self, head: wire.Head, rest: memoryview, now_s: float) -> Failure | None:
        """The head is read: `rest` is the beginning of the body."""
        interim = 0
        while head.status < 200:  # an answer is still to come (RFC 9110, section 15.2), perhaps in these very bytes
            interim += 1
            self._head = bytes(rest)
            if interim > INTERIM or head.status == 101:
                return Failure.MALFORMED
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return None
            head, rest, self._head = self._engine.heads.read(self._head[:end]), rest[end + 4 :], b""
        self._begins(head, now_s)
        request: Request = self.request  # type: ignore[assignment]
        if request.keep and head.length > wire.BODY_LIMIT:
            return Failure.TOO_LARGE
        if 0 <= head.length < len(rest):
            return Failure.MALFORMED
        return self._begin_body(request, head, rest, now_s)

    def _begin_body(self, request: Request, head: wire.Head, rest: memoryview, now_s: float) -> Failure | None:
        self._left = head.length
        self.nbytes = 0
        self.body = b""
        self._chunks = wire.Dechunker() if head.length == wire.CHUNKED else None
        self._body = bytearray() if request.keep else None
        if not head.length:
            self._finish(now_s)
            return None
        return self._read_body(rest, now_s) if len(rest) else None

    def _read_body(self, data: memoryview, now_s: float) -> Failure | None:
        chunks = self._chunks
        if chunks is None:
            return self._more(data, now_s) or self._count_down(len(data), now_s)
        request = self.request
        for piece in chunks.feed(data):
            failure = self._more(piece, now_s)
            if failure or self.request is not request:
                return failure
        if chunks.done:
            self._finish(now_s)
        return None

    def _count_down(self, count: int, now_s: float) -> Failure | None:
        if self._left is None or self._left < 0 or self.request is None:
            return None
        if count > self._left:
            return Failure.MALFORMED
        self._left -= count
        if not self._left:
            self._finish(now_s)
        return None

    def _more(self, data: memoryview, now_s: float) -> Failure | None:
        offset = self.nbytes
        self.nbytes = offset + len(data)
        if self._body is not None:
            if self.nbytes > wire.BODY_LIMIT:
                return Failure.TOO_LARGE
            self._body += data
        elif self.request.grows:  # type: ignore[union-attr]
            self._engine.grew(self, offset, data, now_s)
        return None

    def _finish(self, now_s: float) -> None:
        if self._body is not None:
            self.body, self._body = bytes(self._body), None
        self._chunks = None
        self._left = None
        self._engine.finished(self, now_s)

    def resume(self) -> None:
        """Read on, after a pause that the viewer's network made, unless more has come meanwhile on another lane."""
        if self.fd < 0:
            return
        if self.session.paused(monotonic()):
            self._engine.loop.at(self.session.allowed_s, self.resume)
        else:
            self._settle()

    def close(self) -> None:
        """Let go of the socket; nothing more is told, not even of what has been read already."""
        self.react = _closed
        self.request = None
        if self.fd >= 0:
            self._engine.let_go(self)
            self.sock.close()
            self.fd = -1
