"""Secure: a viewer's connection under TLS. Over it is the same shell of HTTP/1.1, or HTTP/2 if the client speaks it.

What enters: records on the socket. What leaves: records; of what does not fit into the socket only references are
kept, and one encrypted record, however slow the reader is. OpenSSL writes record after record to the socket, which is
corked meanwhile so that they leave in full packets: no dearer than to encrypt into memory and write that, and nothing
is copied but by the cipher.
"""

import os
import socket
import ssl
from collections import deque
from typing import TYPE_CHECKING, ClassVar

from ringside.flow.relay.answer.blob import Blob
from ringside.flow.relay.answer.serve import refusal
from ringside.flow.relay.wire.certificate import Certificate
from ringside.flow.relay.wire.connection import Connection
from ringside.flow.relay.wire.h2 import H2
from ringside.flow.relay.wire.mapped import view
from ringside.flow.relay.wire.writing import Span

if TYPE_CHECKING:
    from ringside.flow.relay.edge.aio import Edge

RECORD = 16 * 1024  # bytes in a record at most (RFC 8446 §5.1)
LATER = (ssl.SSLWantReadError, ssl.SSLWantWriteError)
PLAIN = "this port speaks HTTPS only: the address begins with https://"


class Secure(Connection):
    """A viewer's connection under TLS, from its first byte. `plain`: whether it may be handed to another process."""

    plain: ClassVar[bool] = False

    __slots__ = ("_certificate", "_cork", "_h2", "_shaking", "_tls")

    def __init__(self, edge: "Edge", fd: int, certificate: Certificate) -> None:
        super().__init__(edge, fd)
        self._certificate = certificate
        self._tls: ssl.SSLSocket | None = None
        self._h2: H2 | None = None
        self._shaking = True
        self._cork = False

    # The handshake

    def _shake(self) -> bool:
        """Go on with the handshake; whether it is done."""
        edge, certificate = self._edge, self._certificate
        try:
            tls = self._tls or self._begin()
            tls.do_handshake()
        except LATER as later:
            if isinstance(later, ssl.SSLWantWriteError):
                edge.poll.room(self._fd, True)
            edge.partial.setdefault(self, edge.now_ns)
            return False
        except OSError as error:
            certificate.failed += 1
            if isinstance(error, ssl.SSLError) and error.reason == "HTTP_REQUEST":
                self._answer_in_plain()
            else:
                self.abort()
            return False
        edge.partial.pop(self, None)
        certificate.handshakes += 1
        certificate.resumed += bool(tls.session_reused)
        self._shaking = False
        if tls.selected_alpn_protocol() == "h2":
            self._h2 = H2(self, edge, certificate)
            self._h2.begin()
        return True

    def _begin(self) -> ssl.SSLSocket:
        plain = socket.socket(fileno=self._fd)
        plain.setblocking(False)
        try:
            tls = self._certificate.context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        except ValueError as error:
            raise OSError(str(error)) from error
        finally:
            plain.detach()
        self._tls = self._socket = tls
        return tls

    def _answer_in_plain(self) -> None:
        """HTTP where TLS was to begin: say so in words the other end reads."""
        edge = self._edge
        edge.partial.pop(self, None)
        edge.counts[400] += 1
        self._certificate.plain += 1
        answer = refusal(400, PLAIN)
        self.lingering = True
        self._close = self.odd = True
        try:
            os.write(self._fd, answer.top(edge.date, close=True) + answer.body)
        except OSError:
            self.abort()
            return
        super()._end()

    # Reading

    def readable(self) -> None:
        """Bytes are there, or the other end has gone."""
        if self._shaking:
            if self.lingering:
                self._drop()
                return
            if not self._shake():
                return
        tls, h2 = self._tls, self._h2
        assert tls is not None
        while not self._paused and self._fd >= 0:
            try:
                data = tls.recv(RECORD)
            except LATER:
                return
            except (OSError, ValueError):
                self.abort()
                return
            if not data:
                self._ended()
            elif h2 is None:
                self._received(data)
            elif not self.lingering:
                h2.received(data)

    def _drop(self) -> None:
        """Read past what comes after the answer in plain text."""
        try:
            while os.read(self._fd, RECORD):
                pass
        except BlockingIOError:
            return
        except OSError:
            pass
        self.abort()

    def _ended(self) -> None:
        if not self._out:
            self._take_leave()
        super()._ended()

    # Writing

    def _write(self, data: bytes, more: bool = False) -> None:
        if self._fd < 0 or not data:
            return
        if self._out:
            self._out.append(memoryview(data))
            return
        if more or len(data) > RECORD:
            self._corked_is(True)
        self._put(memoryview(data))
        if not more:
            self._corked_is(False)

    def _send_file(self, blob: Blob, at: int, end: int) -> None:
        if self._fd < 0:
            return
        try:
            piece = view(blob, at, end)
        except OSError:
            self.abort()
            return
        if self._out:
            self._out.append(piece)
            return
        self._corked_is(True)
        self._put(piece)
        self._corked_is(False)

    def _put(self, piece: memoryview) -> None:
        """Encrypt and write it all, or keep it: after a refusal OpenSSL wants to be given the same bytes again."""
        assert self._tls is not None
        try:
            self._edge.bytes += self._tls.send(piece)
        except LATER:
            self._wait(piece)
        except OSError:
            self.abort()

    def _wait(self, piece: memoryview | Span) -> None:
        assert isinstance(piece, memoryview)
        self._out = deque([piece])
        self._press(len(piece))

    def _corked_is(self, corked: bool) -> None:
        """Let the kernel gather what is written, or let it go; what waits for room stays corked until it is out."""
        if corked == self._cork or self._out or self._fd < 0:
            return
        assert self._tls is not None
        self._cork = corked
        try:
            self._tls.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, corked)
        except OSError:
            self.abort()

    def writable(self) -> None:
        """There is room in the socket: go on with what waits, if anything does."""
        if self._shaking:
            if self._tls is not None and not self.lingering and self._shake():
                self.readable()
            return
        out = self._out
        if not out:
            return
        assert self._tls is not None
        try:
            while out:
                piece = out[0]
                assert isinstance(piece, memoryview)
                self._edge.bytes += self._tls.send(piece)
                out.popleft()
        except LATER:
            return
        except OSError:
            self.abort()
            return
        self._relieve()
        self._corked_is(False)
        self._written()

    def _written(self) -> None:
        if self._h2 is None:
            super()._written()
        elif self._close:
            self._end()
        else:
            self._h2.pump()

    @property
    def blocked(self) -> bool:
        """Whether the socket is full, or gone."""
        return bool(self._out) or self._fd < 0

    def put(self, data: bytes) -> None:
        """Write frames of HTTP/2, when the connection is not blocked or they are few."""
        self._write(data)

    # Coming to an end

    @property
    def busy(self) -> bool:
        """Whether a response is owed or under way."""
        if self._h2 is None:
            return super().busy
        return bool(self._out) or self._close or bool(self._h2.streams)

    def refuse_and_close(self, status: int, sentence: str) -> None:
        """Answer what cannot be answered otherwise, and read no further; before the handshake there are no words."""
        if self._shaking:
            self._edge.partial.pop(self, None)
            self._certificate.failed += 1
            self.abort()
        elif self._h2 is not None:
            self._edge.partial.pop(self, None)
            self._h2.turn_away(status)
        else:
            super().refuse_and_close(status, sentence)

    def finish_and_close(self) -> None:
        """Close as soon as all is written."""
        if self._h2 is not None and not self._h2.finished():
            return
        super().finish_and_close()

    def leave(self) -> None:
        """End what has no end of its own."""
        if self._h2 is not None:
            self._h2.leave()
        else:
            super().leave()

    def close_linger(self) -> None:
        """Close as soon as all is written, and read past what still comes."""
        self.lingering = True
        super().finish_and_close()

    def _end(self) -> None:
        self._take_leave()
        super()._end()

    def _take_leave(self) -> None:
        """Say that no more comes (RFC 8446 §6.1), so that an end is no truncation."""
        if self._shaking or self._tls is None or self._fd < 0:
            return
        try:
            self._tls.unwrap()
        except (OSError, ValueError):
            return  # its answer, if there is any, is not waited for

    def abort(self) -> None:
        """Close the connection at once."""
        if self._fd < 0:
            return
        super().abort()
        if self._h2 is not None:
            self._h2.lost()

    def hand_over(self) -> int:
        """There is no handing over what only we can read."""
        raise NotImplementedError
