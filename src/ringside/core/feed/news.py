"""News: turns of the feed in so few bytes that they can be sent by multicast, again and again.

What enters: turns whose media is named instead of carried (`MediaRef`), or bytes from a group. What leaves: news and
checkpoints, or what they say; bytes that are neither raise BadNews. A playlist is told whole with each part, and is
nearly what it was a second ago: a checkpoint holds all that there are, and news of one say only what has changed since.
Both are signed; nothing is unpacked before its signature is good, and never more than a bound.

News: `RSN1`, epoch, number of the checkpoint they refer to (0: none), turns (zlib; `entries`), signature. A checkpoint:
`RSC1`, its number, frames of the feed (zlib), signature.
"""

import struct
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ringside.core.feed.codec import BrokenFeed, encode
from ringside.core.feed.difference import BadDifference
from ringside.core.feed.entries import (
    DIGEST_BYTES,
    MAX_INFLATED,
    MAX_TURNS,
    NOTHING,
    BadNews,
    Base,
    MediaRef,
    TurnOf,
    frames_of,
    message_of,
    packed_turn,
    turns_of,
)
from ringside.core.feed.messages import Anew, Document, Message, Playlist, Removed

__all__ = [
    "CONTENT_TYPE", "DIGEST_BYTES", "MAX_BYTES", "SIGNATURE_BYTES", "BadNews", "Checkpoint", "MediaRef", "News",
    "Reader", "TooMuch", "TurnOf", "UnknownCheckpoint", "Writer",
]  # fmt: skip

CONTENT_TYPE = "application/vnd.ringside.news"
SIGNATURE_BYTES = 64
MAX_BYTES = 256 << 10  # news or a checkpoint, as sent
MAX_KNOWN = 1024  # playlists and documents
KEPT_CHECKPOINTS = 4  # by a reader
KEPT_TURNS = 32  # by a writer and by a reader: turns are told more than once

NEWS, CHECKPOINT = b"RSN1", b"RSC1"
HEAD = struct.Struct(">4sQ")
BASE = struct.Struct(">Q")


class UnknownCheckpoint(BadNews):
    """News that say what has changed since a checkpoint that never came."""


class TooMuch(Exception):
    """Turns, or a checkpoint, that no news can carry; says how many bytes they are."""


@dataclass(frozen=True, slots=True)
class News:
    """Turns of the hub that began at `epoch`, in order, the newest last."""

    epoch: int
    turns: tuple[TurnOf, ...]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What playlists and documents were when it was made: news refer to it by `number`, which only rises."""

    number: int
    messages: tuple[Message, ...]


class Writer:
    """Makes news and checkpoints, signed by `sign`; checkpoints are numbered up from `start` (give it Unix ns)."""

    def __init__(self, sign: Callable[[bytes], bytes], start: int) -> None:
        self._sign = sign
        self._number = start
        self._known: dict[str, Playlist | Document] = {}
        self._known_turn = (0, -1)  # epoch and number of the newest turn that is in what is known
        self._newest = self._base = NOTHING
        self._packed: dict[tuple[int, int, int], tuple[bytes, int]] = {}  # by epoch, the turn's and the base's number

    def know(self, messages: Iterable[Message | MediaRef]) -> None:
        """What there is already (a snapshot); whatever is written as news is known without."""
        for message in messages:
            match message:
                case Playlist(path) | Document(path):
                    self._known[path] = message
                case Removed(path):
                    self._known.pop(path, None)
                case Anew():
                    self._known.clear()
        while len(self._known) > MAX_KNOWN:
            del self._known[next(iter(self._known))]

    def news(self, epoch: int, turns: Sequence[TurnOf]) -> bytes:
        """The turns as one object; in an epoch a number means one turn.

        Raises TooMuch; ValueError for a message that no frame can carry.
        """
        packed = [self._turn(epoch, turn) for turn in turns]
        size = sum(size for _, size in packed)
        if size > MAX_INFLATED or len(turns) > MAX_TURNS:
            raise TooMuch(f"{len(turns)} turns of {size} bytes; {MAX_TURNS} and {MAX_INFLATED} can be told at once")
        body = zlib.compress(b"".join(data for data, _ in packed), 6)
        return self._signed(HEAD.pack(NEWS, epoch) + BASE.pack(self._base.number) + body)

    def checkpoint(self) -> bytes | None:
        """All playlists and documents; news refer to it from the next one on. None when there are none. TooMuch."""
        frames: dict[str, bytes] = {}
        left = MAX_INFLATED
        for message in sorted(self._known.values(), key=lambda known: isinstance(known, Document)):
            frame = encode(message)
            left -= len(frame)
            if left < 0:
                break  # what is left out is told whole, each time
            frames[message.path] = frame
        if not frames:
            return None
        packed = zlib.compress(b"".join(frames.values()), 6)
        data = self._signed(HEAD.pack(CHECKPOINT, self._number + 1) + packed)
        self._number += 1
        self._base, self._newest = self._newest, Base(self._number, *zip(*frames.items(), strict=True))
        return data

    def _signed(self, data: bytes) -> bytes:
        if len(data) + SIGNATURE_BYTES > MAX_BYTES:
            raise TooMuch(f"{len(data)} bytes of news; {MAX_BYTES} can be sent")
        return data + self._sign(data)

    def _turn(self, epoch: int, turn: TurnOf) -> tuple[bytes, int]:
        """A turn as it is sent, and how many bytes its frames have."""
        key = epoch, turn.number, self._base.number
        if key not in self._packed:
            if self._known_turn[0] != epoch or self._known_turn[1] < turn.number:
                self._known_turn = epoch, turn.number
                self.know(turn.messages)
            self._packed[key] = packed_turn(turn, self._base)
            while len(self._packed) > KEPT_TURNS:
                del self._packed[next(iter(self._packed))]
        return self._packed[key]


class Reader:
    """Reads news and checkpoints; `good(data, signature)` says whether the sender signed. Keeps four checkpoints."""

    def __init__(self, good: Callable[[bytes, bytes], bool]) -> None:
        self._good = good
        self._bases: deque[Base] = deque(maxlen=KEPT_CHECKPOINTS)
        self._epoch = 0
        self._read: dict[int, TurnOf] = {}  # of this epoch: in one, a number means one turn

    def take(self, data: bytes) -> News | Checkpoint:
        """What `data` says. Raises BadNews, UnknownCheckpoint among them."""
        signed, signature = data[:-SIGNATURE_BYTES], data[-SIGNATURE_BYTES:]
        if not HEAD.size <= len(signed) <= MAX_BYTES - SIGNATURE_BYTES:
            raise BadNews(f"{len(data)} bytes are no news")
        kind, number = HEAD.unpack_from(signed)
        if kind not in (NEWS, CHECKPOINT):
            raise BadNews("neither news nor a checkpoint")
        if not self._good(signed, signature):
            raise BadNews("the sender has not signed it")
        try:
            return self._news(number, signed) if kind == NEWS else self._checkpoint(number, signed[HEAD.size :])
        except (struct.error, BrokenFeed, BadDifference) as error:
            raise BadNews(f"signed, but it cannot be read: {error or type(error).__name__}") from None

    def _checkpoint(self, number: int, packed: bytes) -> Checkpoint:
        frames = tuple(frames_of(_inflated(packed)))
        messages = tuple(map(message_of, frames))
        if not self._bases or number > self._bases[-1].number:
            self._bases.append(Base(number, (), frames))
        return Checkpoint(number, messages)

    def _news(self, epoch: int, signed: bytes) -> News:
        number = BASE.unpack_from(signed, HEAD.size)[0]
        base = next((base for base in self._bases if base.number == number), NOTHING if number == 0 else None)
        if base is None:
            raise UnknownCheckpoint(f"checkpoint {number} never came")
        known = self._read if epoch == self._epoch else {}
        turns = tuple(turns_of(_inflated(signed[HEAD.size + BASE.size :]), base, known))
        self._epoch, self._read = epoch, known | {turn.number: turn for turn in turns}
        while len(self._read) > KEPT_TURNS:
            del self._read[next(iter(self._read))]
        return News(epoch, turns)


def _inflated(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(packed, MAX_INFLATED + 1)
    except zlib.error:
        raise BadNews("signed, but not compressed") from None
    if len(data) > MAX_INFLATED or not unpacker.eof or unpacker.unused_data:
        raise BadNews(f"signed, but more than {MAX_INFLATED} bytes, or cut off")
    return data
