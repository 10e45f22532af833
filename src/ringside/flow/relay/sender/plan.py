"""The plan: an origin's turns as jobs: which objects are sent, in which order, and what the news say of them. Pure.

What enters: what exists, and turns with their bytes. What leaves: a Job a turn, its media as objects of the track's
session, small ones first, and its messages with the media named. Media of tracks that are not sent, and what is too
large for an object, is named as to be had by unicast. Bytes are not kept; blobs are, by name, while they grow.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ringside.core.feed import Appended, BrokenFeed, Closed, Message, Opened, Ranged, Removed, Turn
from ringside.core.feed.news import DIGEST_BYTES, MediaRef, TurnOf
from ringside.flow.relay.sender.pace import IP_UDP_BYTES
from ringside.flow.relay.sender.packets import Coding, Object

MAX_BLOBS = 20_000
HEADERS_BYTES = 72  # of a datagram, at most: LCT 16, AUTH 28, FDT and CENC 8, FTI 16, payload ID 4
MOST_TOI = 2**31 - 1  # above are those of the carousel


class Numbers:
    """TOIs, each once in 24 days: `start` is Unix ms, so a sender that starts again does not repeat itself."""

    def __init__(self, start: int) -> None:
        self._last = start % MOST_TOI

    def __repr__(self) -> str:
        return f"<Numbers {self._last}>"

    def next(self) -> int:
        """1 to 2^31 - 1."""
        self._last = self._last % MOST_TOI + 1
        return self._last


@dataclass(frozen=True, slots=True)
class Piece:
    """One object of media, and the file that it is to any FLUTE receiver."""

    thing: Object
    path: str
    content_type: str


@dataclass(slots=True)
class Job:
    """A turn to be sent: `pieces` in order, then the news of `turn`."""

    epoch: int
    turn: TurnOf
    pieces: tuple[Piece, ...]

    @property
    def wire_bytes(self) -> int:
        """What its media takes on the wire, about."""
        return sum(
            piece.thing.packets * (min(len(piece.thing.data), piece.thing.info.symbol) + HEADERS_BYTES + IP_UDP_BYTES)
            for piece in self.pieces
        )

    def cut(self) -> None:
        """Send no media: the news will say that it is to be had by unicast."""
        self.pieces = ()
        messages = tuple(
            replace(message, tsi=0, toi=0, packets=0) if isinstance(message, MediaRef) else message
            for message in self.turn.messages
        )
        self.turn = TurnOf(self.turn.number, messages)


class Plan:
    """`lanes`: the TSI of each folder whose media is sent, such as `/live/main/v720`."""

    def __init__(self, coding: Coding, numbers: Numbers) -> None:
        self._coding = coding
        self._numbers = numbers
        self._blobs: dict[int, Opened] = {}
        self.lanes: Mapping[str, int] = {}

    def __repr__(self) -> str:
        return f"<Plan {len(self.lanes)} lanes, {len(self._blobs)} blobs>"

    def anew(self) -> None:
        """All that exists is told from here on."""
        self._blobs.clear()

    def exists(self, message: Message) -> None:
        """A part of what exists. Raises BrokenFeed beyond 20 000 blobs."""
        if isinstance(message, Opened):
            self._blobs[message.blob] = message
            if len(self._blobs) > MAX_BLOBS:
                raise BrokenFeed(f"more than {MAX_BLOBS} blobs")
        elif isinstance(message, Closed):
            self._blobs.pop(message.blob, None)
        elif isinstance(message, Removed):
            for blob in [blob for blob, opened in self._blobs.items() if opened.path == message.path]:
                del self._blobs[blob]

    def take(self, turn: Turn, messages: Sequence[Message]) -> Job:
        """The turn as a job. Raises BrokenFeed for bytes of no blob."""
        told: list[Message | MediaRef] = []
        pieces: list[Piece] = []
        for message in messages:
            if isinstance(message, Appended):
                ref, piece = self._media(message, messages)
                told.append(ref)
                pieces += [] if piece is None else [piece]
            else:
                told.append(message)
                if not isinstance(message, Closed | Removed):
                    self.exists(message)
        for message in messages:
            if isinstance(message, Closed | Removed):
                self.exists(message)
        pieces.sort(key=lambda piece: len(piece.thing.data))
        return Job(turn.epoch, TurnOf(turn.number, tuple(told)), tuple(pieces))

    def _media(self, grown: Appended, messages: Sequence[Message]) -> tuple[MediaRef, Piece | None]:
        opened = self._blobs.get(grown.blob)
        if opened is None:
            raise BrokenFeed(f"bytes for blob {grown.blob}, which is not there")
        n = len(grown.data)
        offset = grown.size - n
        path, at = where(opened, offset, n, messages)
        digest = hashlib.sha256(grown.data).digest()[:DIGEST_BYTES]
        ref = MediaRef(0, 0, grown.blob, grown.size, n, 0, digest, path, at)
        tsi = self.lanes.get(opened.path.rpartition("/")[0], 0)
        if not tsi or not self._coding.fits(grown.data):
            return ref, None
        thing = self._coding.object(tsi, self._numbers.next(), "media", grown.data)
        name = file_of(opened, offset, n, messages)
        ref = replace(ref, tsi=tsi, toi=thing.toi, packets=thing.packets)
        return ref, Piece(thing, name, opened.content_type)


def where(opened: Opened, offset: int, n: int, messages: Sequence[Message]) -> tuple[str, int]:
    """A path and an offset at which the origin has `n` bytes from `offset` of a blob: the part, or what grows."""
    for message in messages:
        if not isinstance(message, Ranged) or message.blob != opened.blob:
            continue
        if message.offset <= offset and offset + n <= message.offset + message.size:
            return message.path, offset - message.offset
    return opened.path, offset


def file_of(opened: Opened, offset: int, n: int, messages: Sequence[Message]) -> str:
    """The name of these bytes as a file of their own: a part, a whole segment, or a chunk by its offset."""
    path, at = where(opened, offset, n, messages)
    for message in messages:
        if isinstance(message, Ranged) and message.path == path and at == 0 and message.size == n:
            return path
    if offset == 0 and Closed(opened.blob) in messages:
        return opened.path
    return f"{opened.path.removesuffix('.m4s')}.{offset}.chunk"
