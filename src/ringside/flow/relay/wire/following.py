"""Following: the part of a connection that writes a blob as it grows: in chunks (RFC 9112 §7.1), or to a known length.

What enters: the word that the blob has gained something, is complete, or will never be. While the socket is full what
comes gathers in the blob, and goes as one chunk later; so a slow follower costs no memory of its own.
"""

from typing import TYPE_CHECKING

from ringside.flow.relay.answer.blob import Blob
from ringside.flow.relay.answer.decision import Follow
from ringside.flow.relay.answer.endless import Ride
from ringside.flow.relay.answer.request import Request
from ringside.flow.relay.wire.writing import Writing

if TYPE_CHECKING:
    from ringside.flow.relay.edge.aio import Edge

INLINE = 32 * 1024  # bodies up to this size are written from memory, with their head


class Following(Writing):
    """Follows one blob at a time, for the current `request`; `_close`: nothing more is answered after this."""

    __slots__ = ("_close", "_follow", "request", "sent")

    def __init__(self, edge: "Edge", fd: int) -> None:
        super().__init__(edge, fd)
        self._close = False
        self._follow: Follow | None = None
        self.request: Request | None = None
        self.sent = 0  # of the blob that is followed: where the next chunk begins

    def _finished(self) -> None:
        """The answer is written."""
        raise NotImplementedError

    def _settle(self) -> None:
        """Something has changed."""
        raise NotImplementedError

    def follow(self, follow: Follow) -> None:
        """Answer with what there is of a growing blob and all that it gains."""
        request = self.request
        assert request is not None
        edge = self._edge
        edge.count(follow.serve)
        if request.target.http11:
            self._close = request.fields.close or edge.draining
            top = follow.serve.top(edge.date, self._close)
        else:
            self._close = True
            top = follow.serve.top(edge.date, True).replace(b"Transfer-Encoding: chunked\r\n", b"")
        if request.target.method == "HEAD":
            self._write(top)
            self._finished()
            return
        self._follow, self.sent = follow, follow.first
        follow.media.blob.followers[self] = None
        self._write(top, more=follow.media.blob.size > self.sent)
        self.advance()
        self._settle()

    def advance(self) -> None:
        """Write what the followed blob has gained; while the socket is full it gathers, and goes as one chunk later."""
        follow = self._follow
        if follow is None or self._out or self._fd < 0:
            return
        if isinstance(follow.media, Ride):
            self._ride(follow.media)
            return
        blob = follow.media.blob
        if blob.lost:
            self.abort()
            return
        if follow.end >= 0:
            self._advance_to(follow.end, blob)
            return
        chunked = self.request is not None and self.request.target.http11
        if blob.size > self.sent:
            first, self.sent = self.sent, blob.size
            self._chunk(blob, first, blob.size, chunked)
        if blob.closed:
            if chunked:
                self._write(b"0\r\n\r\n")
            self._unfollow(blob)

    def _ride(self, ride: Ride) -> None:
        """Write what comes next of an endless stream, as long as the socket takes it."""
        chunked = self.request is not None and self.request.target.http11
        while not self._out and self._fd >= 0 and (piece := ride.next(self)) is not None:
            if piece.header:
                header = piece.header
                self._write(b"%x\r\n%b\r\n" % (len(header), header) if chunked else header, more=True)
            self._chunk(piece.blob, piece.first, piece.end, chunked)
        if ride.over and self._fd >= 0:
            if chunked:
                self._write(b"0\r\n\r\n")
            self._unfollow(ride.blob)

    def _advance_to(self, end: int, blob: Blob) -> None:
        """Write what there is before `end`, as it is: the head has told the length."""
        first, self.sent = self.sent, min(blob.size, end)
        if self.sent > first:
            self._send_file(blob, first, self.sent)
        if self.sent == end:
            self._unfollow(blob)
        elif blob.closed:
            self.abort()  # it is shorter than was announced

    def _unfollow(self, blob: Blob) -> None:
        blob.followers.pop(self, None)
        self._follow = None
        self._finished()

    def abandon(self) -> None:
        """What is followed has not grown for long; an unfinished chunked response says so by its end.

        A stream may stand still while its studio is away; it goes on where that comes back.
        """
        if self._follow is not None and not isinstance(self._follow.media, Ride):
            self.abort()

    def leave(self) -> None:
        """A stream has no end of its own: end it here, so that its viewer asks anew."""
        if self._follow is not None and isinstance(self._follow.media, Ride):
            self._follow.media.leave()
            self._close = True
            self.advance()

    def _chunk(self, blob: Blob, first: int, end: int, chunked: bool) -> None:
        if not chunked:
            self._send_file(blob, first, end)
        elif end - first <= INLINE:
            self._write(blob.frame(first, end))
        else:
            self._write(b"%x\r\n" % (end - first), more=True)
            self._send_file(blob, first, end)
            self._write(b"\r\n")
