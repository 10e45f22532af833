"""Endless: a response that goes from blob to blob for as long as its viewer stays, and one viewer's way along it. Pure.

What enters: where who joins now begins (a Streamed), as the event goes on. What leaves: for each viewer the next piece
to write: the header where it is another than before, and bytes of a blob, always whole chunks, as they were appended.

The theory. A stream is a chain of legs, a blob and its header each; a leg knows the one after it, so that whoever has
all of a blob goes on without asking anybody. Only the newest leg is kept here, older ones live by those who are on
them. Who falls so far behind that the leg after theirs is not the newest any more (the chain is cut there, or the
slowest reader would keep all of the event) is put where one who joins now would begin.
"""

from typing import NamedTuple
from weakref import WeakSet

from ringside.flow.relay.answer.blob import Blob, Follower
from ringside.flow.relay.answer.serve import Serve, Tally, head

NO_STORE = b"no-store"
UNBUFFERED = b"X-Accel-Buffering: no"


class Leg:
    """One blob of a stream, and the header its chunks need. `over`: nothing comes after it; `past`: too much does."""

    __slots__ = ("blob", "header", "next", "over", "past")

    def __init__(self, blob: Blob, header: bytes) -> None:
        self.blob = blob
        self.header = header
        self.next: Leg | None = None
        self.over = False
        self.past = False


class Skips:
    """How often viewers of a worker's streams were too far behind, and were put at the newest beginning."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


class Endless:
    """A stream as it is now: who joins begins with `leg`'s header, and its blob from `offset`.

    `heir`: the same stream as a feed that began anew tells it; who is here goes on there, where it `goes_on` with the
    same leg as if nothing had been.
    """

    __slots__ = ("_before", "goes_on", "heir", "leg", "offset", "rides", "serve", "skips", "tally")

    def __init__(self, leg: Leg, offset: int, content_type: str, tally: Tally, skips: Skips) -> None:
        self._before: Leg | None = None
        self.leg = leg
        self.offset = offset
        self.tally = tally
        self.heir: Endless | None = None
        self.goes_on = False
        self.rides: WeakSet[Ride] = WeakSet()
        self.skips = skips
        self.serve = Serve(200, head(content_type, NO_STORE, None, UNBUFFERED), tally=tally)

    def __repr__(self) -> str:
        return f"<Endless from {self.offset} of {self.leg.blob!r}>"

    def move(self, blob: Blob, header: bytes, offset: int) -> Blob:
        """Who joins from now on begins here; the blob whose followers may go on now."""
        last = self.leg
        if last.blob is not blob or last.header != header:
            if self._before is not None:
                self._before.next, self._before.past = None, True
            self._before = last
            self.leg = last.next = Leg(blob, header)
        self.offset = offset
        return last.blob

    def end(self, heir: "Endless | None" = None) -> Blob:
        """Nothing more will come here; the blob whose followers are to know."""
        self.heir = heir
        self.goes_on = heir is not None and heir.leg.blob is self.leg.blob and heir.leg.header == self.leg.header
        if heir is not None and self.goes_on:
            heir.leg = self.leg
        self.leg.over = heir is None
        return self.leg.blob


class Piece(NamedTuple):
    """To be written: `header`, then bytes [first, end) of `blob`; either may be empty."""

    header: bytes
    blob: Blob
    first: int
    end: int


class Ride:
    """One viewer's way along `stream`. `over`: it has had the last piece."""

    __slots__ = ("__weakref__", "_at", "_header", "_leaving", "_leg", "_stream", "over")

    def __init__(self, stream: Endless) -> None:
        self._stream = stream
        stream.rides.add(self)
        self._leg = stream.leg
        self._header = b""  # the last one written
        self._at = stream.offset
        self._leaving = False
        self.over = False

    @property
    def blob(self) -> Blob:
        """Who follows it is told when there is more."""
        return self._leg.blob

    def leave(self) -> None:
        """End after what has been taken: the viewer is to ask anew, or elsewhere."""
        self._leaving = True

    def next(self, follower: Follower) -> Piece | None:
        """What `follower`, who has written all it took before, writes next; None for nothing yet, or nothing more."""
        had = self._leg.blob
        self._go_on()
        leg, first = self._leg, self._at
        blob = leg.blob
        if blob is not had:
            had.followers.pop(follower, None)
            blob.followers[follower] = None
        if self._leaving or (leg.over and (blob.lost or (blob.closed and first >= blob.size))):
            self.over = True
            return None
        header = b"" if leg.header is self._header or leg.header == self._header else leg.header
        if first >= blob.size:
            return None
        self._at, self._header = blob.size, leg.header
        return Piece(header, blob, first, blob.size)

    def _go_on(self) -> None:
        """To the leg after this one when this one is had; where that is not the newest, to where who joins begins."""
        stream, goes_on = self._stream, True
        if stream.heir is not None:
            while stream.heir is not None:
                goes_on, stream = goes_on and stream.goes_on, stream.heir
            self._stream = stream
            stream.rides.add(self)
            if not goes_on:
                self._skip()
                return
        if self._leg.past:
            self._skip()
        elif self._leg.next is not None and self._leg.blob.closed and self._at >= self._leg.blob.size:
            self._leg, self._at = self._leg.next, 0

    def _skip(self) -> None:
        stream = self._stream
        stream.skips.count += 1
        self._leg, self._at = stream.leg, stream.offset
