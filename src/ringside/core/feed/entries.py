"""The entries of news: a turn as bytes, and back.

A turn is its number, a count, and so many entries of a kind, a length and a body: a frame of the feed, a MediaRef, or
the difference of a frame to one that both ends have (`Base`). Who calls bounds the bytes that enter; what they unpack
to is bounded here.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ringside.core.feed.codec import LENGTH, MAX_TEXT, Decoder, Handover, Report, Wanted, encode
from ringside.core.feed.difference import difference, restored
from ringside.core.feed.messages import Document, Message, Playlist, Turn

DIGEST_BYTES = 16  # of SHA-256, of an object
MAX_INFLATED = 4 << 20  # bytes: all frames of one object of news
MAX_TURNS = 64  # in one object of news

TURN = struct.Struct(">QH")
ENTRY = struct.Struct(">BI")
FRAME, MEDIA, CHANGE = range(3)  # kinds of entry
REF = struct.Struct(">IIQQIIQ16s")
CHANGED = struct.Struct(">HI")  # which frame of the base, in order; how many bytes the new one has


class BadNews(Exception):
    """Bytes that are no news of this session; says why."""


@dataclass(frozen=True, slots=True)
class MediaRef:
    """An Appended(`blob`, `size`, `n` bytes), whose bytes are object (`tsi`, `toi`), sent in `packets` packets.

    They are also bytes [`at`, `at` + `n`) of `path` at the origin. `digest` is SHA-256, its first 16 bytes. `tsi` 0:
    they were not sent, take them by unicast.
    """

    tsi: int
    toi: int
    blob: int
    size: int
    n: int
    packets: int
    digest: bytes
    path: str
    at: int


@dataclass(frozen=True, slots=True)
class TurnOf:
    """Turn `number`: what was told at once, its media named."""

    number: int
    messages: tuple[Message | MediaRef, ...]


@dataclass(frozen=True, slots=True)
class Base:
    """A checkpoint that news may refer to: its frames, and at the writer their paths."""

    number: int
    paths: tuple[str, ...]
    frames: tuple[bytes, ...]


NOTHING = Base(0, (), ())


def packed_turn(turn: TurnOf, base: Base) -> tuple[bytes, int]:
    """A turn as bytes, and how many it unpacks to at most. Raises ValueError for a message that no frame can carry."""
    entries = [_entry(message, base) for message in turn.messages]
    head = TURN.pack(turn.number, len(entries))
    return head + b"".join(data for data, _ in entries), TURN.size + sum(size for _, size in entries)


def _entry(message: Message | MediaRef, base: Base) -> tuple[bytes, int]:
    if isinstance(message, MediaRef):
        kind, body = MEDIA, _ref(message)
    else:
        kind, body = FRAME, encode(message)
    size = ENTRY.size + len(body)
    if isinstance(message, Playlist | Document) and message.path in base.paths:
        index = base.paths.index(message.path)
        kind, body = CHANGE, CHANGED.pack(index, len(body)) + difference(body, base.frames[index])
    return ENTRY.pack(kind, len(body)) + body, size


def _ref(ref: MediaRef) -> bytes:
    numbers = REF.pack(ref.tsi, ref.toi, ref.blob, ref.size, ref.n, ref.packets, ref.at, ref.digest)
    return numbers + ref.path.encode()


def _read_ref(body: bytes) -> MediaRef:
    tsi, toi, blob, size, n, packets, at, digest = REF.unpack_from(body)
    try:
        path = body[REF.size :].decode()
    except UnicodeDecodeError:
        raise BadNews("a path that is not UTF-8") from None
    if not 0 < n <= size or len(path) > MAX_TEXT:
        raise BadNews(f"media of {n} bytes in a blob of {size}")
    return MediaRef(tsi, toi, blob, size, n, packets, digest, path, at)


def frames_of(data: bytes) -> Iterator[bytes]:
    """Frames of the feed, each as its bytes."""
    at = 0
    while at < len(data):
        end = at + LENGTH.size + LENGTH.unpack_from(data, at)[0]
        yield data[at:end]
        at = end


def message_of(frame: bytes) -> Message:
    """The one message of a frame. Raises BadNews, BrokenFeed."""
    found = Decoder(MAX_INFLATED).feed(frame)
    if len(found) != 1 or isinstance(found[0], Report | Handover | Wanted | Turn):
        raise BadNews("a frame that is no message of a feed")
    return found[0]


def turns_of(data: bytes, base: Base, known: Mapping[int, TurnOf]) -> Iterator[TurnOf]:
    """The turns of inflated news, their frames together no more than MAX_INFLATED; `known` ones are not read again."""
    at, left = 0, MAX_INFLATED
    for _ in range(MAX_TURNS):
        if at == len(data):
            return
        number, count = TURN.unpack_from(data, at)
        at += TURN.size
        messages: list[Message | MediaRef] = []
        for _ in range(count):
            kind, size = ENTRY.unpack_from(data, at)
            body = data[at + ENTRY.size : at + ENTRY.size + size]
            at += ENTRY.size + size
            left -= CHANGED.unpack_from(body)[1] if kind == CHANGE else size
            if at > len(data) or left < 0:
                raise BadNews("a turn that is cut off, or too large")
            if number not in known:
                messages.append(_read_entry(kind, body, base))
        yield known.get(number) or TurnOf(number, tuple(messages))
    if at != len(data):
        raise BadNews(f"more than {MAX_TURNS} turns")


def _read_entry(kind: int, body: bytes, base: Base) -> Message | MediaRef:
    if kind == FRAME:
        return message_of(body)
    if kind == MEDIA:
        return _read_ref(body)
    if kind != CHANGE:
        raise BadNews(f"an entry of kind {kind}")
    index, size = CHANGED.unpack_from(body)
    if index >= len(base.frames):
        raise BadNews(f"a difference to frame {index} of {len(base.frames)}")
    return message_of(restored(body[CHANGED.size :], base.frames[index], size))
