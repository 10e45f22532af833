"""Connection: one viewer's socket, speaking HTTP/1.1 (RFC 9112) one request at a time.

What enters: bytes, and the word that what was held for is there. What leaves: answers, in the order of the requests: a
head and a small body in one call, or a head and a range of a blob. What to answer is decided elsewhere. The way of a
request that others have asked in the very same bytes is short: it is looked up, and answered or held.
"""

import os
import re
import socket
from typing import TYPE_CHECKING, ClassVar

from ringside.flow.relay.answer.blob import Blob
from ringside.flow.relay.answer.request import MAX_HEAD, Malformed
from ringside.flow.relay.answer.serve import Serve, refusal
from ringside.flow.relay.answer.waiting import Group
from ringside.flow.relay.wire.following import INLINE, Following

if TYPE_CHECKING:
    from ringside.flow.relay.edge.aio import Edge

READ = 4096  # bytes read at once: longer than nearly all requests
READS = 16  # in one turn; then others have theirs
BLANK = re.compile(rb"(?:\r\n)+")  # before a request line (RFC 9112 §2.2)
MAX_REST = 64 * 1024  # bytes read ahead of the response being written
JOIN = 64 * 1024  # documents up to this size are kept joined to their head
LINGER_NS = 2_000_000_000
SECOND_NS = 1_000_000_000


class Connection(Following):
    """A viewer's connection. Exactly one of idle, held, writing, following, subscribed.

    `odd`: not to be answered by the short way: something is under way, read ahead, or to be closed.
    `gone`: the other end has written its last byte, which may not have been read. `plain`: whether it may be handed to
    another process.
    """

    plain: ClassVar[bool] = True

    __slots__ = (
        "_asked", "_asked_since_ns", "_paused", "_rest", "_skip",
        "active_ns", "events", "gone", "hold", "lingering", "odd",
    )  # fmt: skip

    def __init__(self, edge: "Edge", fd: int) -> None:
        super().__init__(edge, fd)
        self._rest = b""
        self._skip = 0
        self._paused = False
        self.odd = False
        self._asked = 0
        self._asked_since_ns = edge.now_ns
        self.events = False
        self.lingering = False
        self.gone = False
        self.hold: Group[Connection] | None = None
        self.active_ns = edge.now_ns

    # What the socket says

    def readable(self) -> None:
        """Bytes are there, or the other end has gone."""
        for _ in range(READS):
            if self._paused or self._fd < 0:
                return
            try:
                data = os.read(self._fd, READ)
            except BlockingIOError:
                return
            except OSError:
                self.abort()
                return
            if not data:
                self._ended()
                return
            self._received(data)
            if len(data) < READ and not self.gone:  # all there was
                return
        if self._fd >= 0:
            self._edge.poll.room(self._fd, bool(self._out))  # which says with the next turn that there is more

    def _ended(self) -> None:
        """Nothing more will be asked: what is being written is finished, what is held is given up."""
        self._close = self.odd = True
        if not self._out:
            self.abort()

    def _received(self, data: bytes) -> None:
        edge = self._edge
        if self.hold is None and not self.odd:
            known = edge.answers.get(data) or edge.answers.like(data)
            if known is not None:
                self._asked += 1
                if self._asked > edge.rate and self._too_fast():
                    return
                self.active_ns = edge.now_ns
                if type(known) is Serve:
                    self.again(known)
                else:
                    edge.wait(self, known)  # type: ignore[arg-type]
                return
        if self.lingering:
            return
        if self._rest or self._skip or self.busy:
            self._rest += data
            if self.busy:
                self._settle()
                return
            data, self._rest = self._rest, b""
        self._consume(data)
        self._settle()

    def again(self, serve: Serve) -> None:
        """Answer a GET of HTTP/1.1 that asks for no close."""
        self._edge.counts[serve.status] += 1
        tally = serve.tally
        tally.hits += 1
        tally.bytes += serve.size
        self.give(serve)

    def give(self, serve: Serve) -> None:
        """The same for one of many, whom somebody else has counted."""
        if serve.blob is None and serve.size <= JOIN:
            self._write(serve.wire(self._edge.date))
            if self._out:
                self.odd = True
        else:
            self._whole(serve, False)
            self._settle()

    def _too_fast(self) -> bool:
        """More than a second's requests have come: whether it took less than a second."""
        edge = self._edge
        fast = edge.now_ns - self._asked_since_ns < SECOND_NS
        self._asked, self._asked_since_ns = 0, edge.now_ns
        if fast:
            edge.too_fast += 1
            self.refuse_and_close(429, f"more than {edge.rate} requests in a second")
        return fast

    @property
    def busy(self) -> bool:
        """Whether a response is owed or under way."""
        return self.hold is not None or bool(self._out) or self._follow is not None or self.events or self._close

    def _settle(self) -> None:
        """Something has changed: is the short way open, and may more be read?"""
        self.odd = bool(self._out or self._rest or self._skip or self._follow or self.events or self._close)
        if len(self._rest) > MAX_REST:
            self._paused = True

    # Requests

    def _consume(self, data: bytes) -> None:
        edge = self._edge
        while data:
            if self._skip:
                skipped = min(self._skip, len(data))
                self._skip -= skipped
                data = data[skipped:]
                continue
            end = data.find(b"\r\n\r\n") + 4
            if end == 3 or end > MAX_HEAD:
                self._incomplete(data)
                return
            if (blank := BLANK.match(data)) is not None:
                data = data[blank.end() :]
                continue
            head, data = data[:end], data[end:]
            edge.partial.pop(self, None)
            try:
                request = edge.reader.read(head)
            except Malformed as error:
                self.refuse_and_close(error.status, str(error))
                return
            self.active_ns = edge.now_ns
            self._asked += 1
            if self._asked > edge.rate and self._too_fast():
                return
            if edge.respond(self, request, head, data):
                return  # handed over
            if self.busy:
                self._rest = data
                return

    def _incomplete(self, data: bytes) -> None:
        if len(data) > MAX_HEAD:
            line_end = data.find(b"\r\n")
            self.refuse_and_close(414 if line_end < 0 or line_end > MAX_HEAD // 2 else 431, "the head is too long")
        elif data.count(b"\n") != data.count(b"\r\n"):
            self.refuse_and_close(400, "the request is malformed: a line ends in LF alone")
        else:
            self._rest = data
            self._edge.partial.setdefault(self, self._edge.now_ns)

    def skip(self, size: int) -> None:
        """Read past a body of `size` bytes."""
        self._skip = size

    # Responses

    def serve(self, serve: Serve) -> None:
        """Answer the current request, as HEAD or GET."""
        request = self.request
        assert request is not None
        fields, target = request.fields, request.target
        edge = self._edge
        close = fields.close or not target.http11 or edge.draining
        bare = target.method == "HEAD"
        edge.count(serve, bare)
        if bare:
            self._write(serve.top(edge.date, close))
        else:
            self._whole(serve, close)
        if close:
            self.finish_and_close()
        else:
            self._settle()

    def _whole(self, serve: Serve, close: bool) -> None:
        if serve.blob is not None and serve.size <= INLINE:
            serve.take_in()
        if serve.blob is None:
            if close or serve.size > JOIN:
                self._write(serve.top(self._edge.date, close), more=bool(serve.body))
                if serve.body:
                    self._write(serve.body)
            else:
                self._write(serve.wire(self._edge.date))
            return
        self._write(serve.top(self._edge.date, close) if close else serve.wire(self._edge.date), more=True)
        assert isinstance(serve.blob, Blob)
        self._send_file(serve.blob, serve.offset, serve.offset + serve.size)

    def refuse_and_close(self, status: int, sentence: str) -> None:
        """Answer what cannot be answered otherwise, and read no further."""
        edge = self._edge
        edge.counts[status] += 1
        edge.partial.pop(self, None)
        self._rest = b""
        serve = refusal(status, sentence)
        self._write(serve.top(edge.date, close=True) + serve.body)
        self.lingering = True  # a close with bytes unread would reset the connection under our answer
        self.finish_and_close()

    def finish_and_close(self) -> None:
        """Close as soon as all is written."""
        self._close = self.odd = True
        if not self._out:
            self._end()

    def _end(self) -> None:
        if self._fd < 0:
            return
        if not self.lingering:
            self.abort()
            return
        try:
            self._half_close()
        except OSError:
            self.abort()
            return
        self._edge.lingering[self] = self._edge.now_ns + LINGER_NS

    def _half_close(self) -> None:
        """Say that nothing more is written, while the other end may still be sending."""
        ours = socket.socket(fileno=self._fd)
        try:
            ours.shutdown(socket.SHUT_WR)
        finally:
            ours.detach()

    def abort(self) -> None:
        """Close the connection at once."""
        if self._fd < 0:
            return
        self._close = self.odd = True
        self._shut()
        if self._follow is not None:
            self._follow.media.blob.followers.pop(self, None)
            self._follow = None
        self._edge.left(self)

    # Server-sent events

    def subscribe(self, top: bytes) -> None:
        """Begin an event stream."""
        self.events = self.odd = True
        self._edge.subscribers[self] = None
        self._write(top)

    def event(self, frame: bytes) -> None:
        """Write an event, unless this reader has not yet read the one before."""
        if not self._out:
            self._write(frame)

    # What comes after

    def _finished(self) -> None:
        if self._out:
            return
        if self._close:
            self._end()
        elif self._rest and not self.busy:
            data, self._rest = self._rest, b""
            self._consume(data)
        self._settle()
        if self._paused and not self.busy:
            self._paused = False
            self.readable()

    def _written(self) -> None:
        if self._follow is not None:
            self.advance()
        else:
            self._finished()

    def resume(self) -> None:
        """Go on with what was read ahead, once the held request has been answered."""
        if self.odd and not self.busy:
            self._finished()

    # Handing over

    def hand_over(self) -> int:
        """Give the connection away: a duplicate of its descriptor, which the caller owns; ours is closed."""
        fd = os.dup(self._fd)
        self.abort()
        return fd
