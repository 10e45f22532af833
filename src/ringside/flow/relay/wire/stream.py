"""Stream: one request of an HTTP/2 connection, and its answer. To the edge it is a viewer like any Connection.

What enters: the head that was asked with, then what the edge decides. What leaves: to H2, a head, and bytes as
flow control lets them go. A body is a reference to memory or to a blob until it is framed; nothing is queued here.
"""

from typing import TYPE_CHECKING, ClassVar, cast

from h2.errors import ErrorCodes

from ringside.flow.relay.answer.blob import Blob
from ringside.flow.relay.answer.decide import Follow
from ringside.flow.relay.answer.endless import Piece, Ride
from ringside.flow.relay.answer.request import Malformed, Request
from ringside.flow.relay.answer.serve import CORS, Serve, refusal
from ringside.flow.relay.answer.waiting import Group
from ringside.flow.relay.wire.connection import Connection
from ringside.flow.relay.wire.following import INLINE
from ringside.flow.relay.wire.mapped import view

if TYPE_CHECKING:
    from ringside.flow.relay.edge.aio import Edge
    from ringside.flow.relay.wire.h2 import H2

EVENTS = Serve(200, b"Content-Type: text/event-stream\r\nCache-Control: no-store\r\n" + CORS + b"\r\n")


class Stream:
    """A request and its answer. Bytes [at, end) of the body are there and not yet framed; `ending`: no more will come.

    `heard`: the request has come whole. `skipping`: bytes of its body that may still come, and are read past.
    """

    plain: ClassVar[bool] = False
    odd: ClassVar[bool] = False  # nothing is read ahead here

    __slots__ = (
        "_body", "_edge", "_follow", "_h2", "_piece", "active_ns", "at", "deadline_ns", "end", "ending", "events",
        "heard", "hold", "id", "request", "skipping",
    )  # fmt: skip

    def __init__(self, edge: "Edge", h2: "H2", number: int, heard: bool) -> None:
        self._edge = edge
        self._h2 = h2
        self._body: memoryview | Blob = memoryview(b"")
        self._follow: Follow | None = None
        self._piece: Piece | None = None  # what comes after the header that is being framed
        self.id = number
        self.at = self.end = 0
        self.heard = heard
        self.ending = self.events = False
        self.skipping = 0
        self.hold: Group[Connection] | None = None
        self.request: Request | None = None
        self.active_ns = edge.now_ns
        self.deadline_ns = 0

    def __repr__(self) -> str:
        return f"<Stream {self.id} {self.end - self.at} B{' held' if self.hold is not None else ''}>"

    @property
    def viewer(self) -> Connection:
        """This, as the edge knows viewers."""
        return cast(Connection, self)

    @property
    def busy(self) -> bool:
        """Whether a response is owed or under way: always, for that is what a stream is."""
        return True

    # The request

    def ask(self, head: bytes) -> None:
        """Answer, hold or refuse what `head` asks for."""
        edge = self._edge
        known = edge.answers.get(head) or edge.answers.like(head)
        if known is not None:
            if type(known) is Serve:
                self.again(known)
            else:
                edge.wait(self.viewer, cast("Group[Connection]", known))
            return
        try:
            request = edge.reader.read(head)
        except Malformed as error:
            self.refuse_and_close(error.status, str(error))
            return
        edge.respond(self.viewer, request, head, b"")

    def skip(self, size: int) -> None:
        """Read past a body of `size` bytes."""
        self.skipping = size

    # Answers

    def serve(self, serve: Serve) -> None:
        """Answer the current request, as HEAD or GET."""
        assert self.request is not None
        bare = self.request.target.method == "HEAD"
        self._edge.count(serve, bare)
        self._answer(serve, bare)

    def again(self, serve: Serve) -> None:
        """Answer a GET."""
        self._edge.count(serve)
        self.give(serve)

    def give(self, serve: Serve) -> None:
        """The same for one of many, whom somebody else has counted."""
        self._answer(serve, False)

    def refuse_and_close(self, status: int, sentence: str) -> None:
        """Answer what cannot be answered otherwise; the connection stays, for its other streams."""
        self._edge.counts[status] += 1
        self._answer(refusal(status, sentence), False)

    def _answer(self, serve: Serve, bare: bool) -> None:
        if serve.blob is not None and serve.size <= INLINE:
            serve.take_in()
        bare = bare or not serve.size
        if not self._h2.begin_answer(self, serve, bare) or bare:
            return
        if serve.blob is None:
            self._body, self.at = memoryview(serve.body), 0
        else:
            assert isinstance(serve.blob, Blob)
            self._body, self.at = serve.blob, serve.offset
        self.end = self.at + serve.size
        self.ending = True
        self._h2.ready(self)

    def take(self, size: int) -> memoryview:
        """The next `size` bytes of the body; raises OSError when its blob has fewer."""
        first, self.at = self.at, self.at + size
        body = self._body
        return body[first : self.at] if isinstance(body, memoryview) else view(body, first, self.at)

    # Following what grows

    def follow(self, follow: Follow) -> None:
        """Answer with what there is of a growing blob and all that it gains."""
        assert self.request is not None
        self._edge.count(follow.serve)
        bare = self.request.target.method == "HEAD"
        if not self._h2.begin_answer(self, follow.serve, bare) or bare:
            return
        blob = follow.media.blob
        self._follow, self._body = follow, blob
        self.at = self.end = follow.first
        blob.followers[self] = None
        self.advance()

    def advance(self) -> None:
        """Offer what the followed blob has gained."""
        follow = self._follow
        if follow is None:
            return
        if isinstance(follow.media, Ride):
            if self.more() or self.ending:
                self._h2.ready(self)
            return
        blob, end = follow.media.blob, follow.end
        if blob.lost or (blob.closed and blob.size < end):
            self.abort()
            return
        self.end = blob.size if end < 0 else min(blob.size, end)
        if blob.closed or self.end == end:
            self.let_go()
            self.ending = True
        if self.ending or self.at < self.end:
            self._h2.ready(self)

    def more(self) -> bool:
        """Whether an endless stream, all of whose last piece is framed, has another; `ending` when it is over."""
        follow = self._follow
        if follow is None or not isinstance(follow.media, Ride) or self.at < self.end:
            return False
        if self._piece is None:
            self._piece = follow.media.next(self)
        piece = self._piece
        if piece is None:
            if follow.media.over:
                self.let_go()
                self.ending = True
            return False
        if piece.header:
            self._piece = piece._replace(header=b"")
            self._body, self.at, self.end = memoryview(piece.header), 0, len(piece.header)
        else:
            self._piece = None
            self._body, self.at, self.end = piece.blob, piece.first, piece.end
        return True

    def abandon(self) -> None:
        """What is followed has not grown for long; the answer is cut off, but for a stream, which may stand still."""
        if self._follow is None or not isinstance(self._follow.media, Ride):
            self.abort()

    def leave(self) -> None:
        """A stream has no end of its own: end it here, so that its viewer asks anew."""
        if self._follow is not None and isinstance(self._follow.media, Ride):
            self._follow.media.leave()
            self.advance()

    def let_go(self) -> None:
        """Follow no more."""
        if self._follow is not None:
            self._follow.media.blob.followers.pop(self, None)
            self._follow = None

    # Server-sent events

    def subscribe(self, top: bytes) -> None:
        """Begin an event stream; `top` is a head of HTTP/1.1, which is told in our own way, and perhaps an event."""
        if self._h2.begin_answer(self, EVENTS, False):
            self.events = True
            self._edge.subscribers[self.viewer] = None
            self.event(top.partition(b"\r\n\r\n")[2])

    def event(self, frame: bytes) -> None:
        """Write an event, unless this reader has not yet read the one before. It comes as a chunk of HTTP/1.1."""
        size, _, event = frame.partition(b"\r\n")
        if size and self.at == self.end:
            self._body = memoryview(event)
            self.at, self.end = 0, int(size, 16)
            self._h2.ready(self)

    # The end

    def resume(self) -> None:
        """Nothing is read ahead here: other requests have streams of their own."""

    def finish_and_close(self) -> None:
        """End when all that there is has been written."""
        self.let_go()
        self.ending = True
        self._h2.ready(self)

    def abort(self) -> None:
        """Cut the answer off."""
        self._h2.reset(self, ErrorCodes.INTERNAL_ERROR)

    def reset(self) -> None:
        """The same: what it has not taken is in our hands, not in the kernel's."""
        self.abort()
