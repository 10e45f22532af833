"""The wire form of the feed: frames of a length, a kind and fields, in both directions.

What enters: messages, or whatever bytes the other end sent. What leaves: bytes, or the messages that are whole.
Downwards (hub to worker, origin to edge) travel the feed's messages; upwards Report, Handover and Wanted. Where the
memory of a blob is shared, the socket hands over one descriptor with every Opened and Pulled, and `Appended.data` stays
empty; a Handover comes with the descriptor of the connection handed over. Numbers are big-endian. Every length is
checked before anything is allocated, and bytes that are not a frame raise BrokenFeed: the link has to be made anew.
"""

import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ringside.core.feed.messages import (
    Anew,
    Appended,
    Beat,
    Cache,
    Closed,
    Document,
    Expected,
    Fresh,
    Kept,
    Message,
    Opened,
    Playlist,
    Pulled,
    Ranged,
    Removed,
    Streamed,
    Synced,
    Turn,
)

MAX_FRAME = 64 << 20  # a frame's body, bytes: no document or chunk of a live event comes near it
MAX_TEXT = 4096  # a path or a content type, bytes

LENGTH = struct.Struct(">IB")
TEXT = struct.Struct(">H")
BODY = struct.Struct(">I")
ID = struct.Struct(">Q")
GROWN = struct.Struct(">QQ")
RANGE = struct.Struct(">QQQ")
PLAYLIST = struct.Struct(">qiqiId?")
SYNCED = struct.Struct(">q")
PULLED = struct.Struct(">QHq")
TIMES = struct.Struct(">qqq")
TURN = struct.Struct(">QQ")
KEPT = struct.Struct(">qqB")
CACHES = tuple(Cache)


class BrokenFeed(Exception):
    """The other end of a feed sent something that is not a frame; says what."""


@dataclass(frozen=True, slots=True)
class Report:
    """Upwards: what a worker tells about itself, JSON-ready."""

    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Handover:
    """Upwards: a viewer's port received this publisher; `data` is all that has been read from its connection."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Wanted:
    """Upwards: a viewer asks for `path`, which is not here or no longer fresh: pull it, once for all workers."""

    path: str


Frame = Message | Report | Handover | Wanted


def _text(text: str) -> bytes:
    data = text.encode()
    if len(data) > MAX_TEXT:
        raise ValueError(f"a path of {len(data)} bytes is longer than the {MAX_TEXT} a feed carries")
    return TEXT.pack(len(data)) + data


def _body(data: bytes) -> bytes:
    return BODY.pack(len(data)) + data


def _cache(m: Opened | Ranged | Document) -> bytes:
    return bytes([CACHES.index(m.cache)])


def _playlist(m: Playlist) -> bytes:
    numbers = PLAYLIST.pack(m.number, m.part, *m.next, m.target_s, m.part_target_s, m.ended)
    return _text(m.path) + _body(m.body) + _body(m.delta) + numbers


def _opened(m: Opened) -> bytes:
    return _text(m.path) + ID.pack(m.blob) + _cache(m) + _text(m.content_type)


def _ranged(m: Ranged) -> bytes:
    place = RANGE.pack(m.blob, m.offset, m.size)
    return _text(m.path) + place + _cache(m) + _text(m.content_type)


def _document(m: Document) -> bytes:
    return _text(m.path) + _cache(m) + _text(m.content_type) + _body(m.body)


def _expected(m: Expected) -> bytes:
    return _text(m.path) + bytes([m.hold_s])


def _pulled(m: Pulled) -> bytes:
    texts = b"".join(_text(text) for text in (m.content_type, m.caching, m.etag, m.location))
    return _text(m.path) + PULLED.pack(m.blob, m.status, m.length) + texts + _times(m)


def _times(m: Pulled | Fresh) -> bytes:
    return TIMES.pack(m.made_ns, m.fresh_ns, m.stale_ns)


def _kept(m: Kept) -> bytes:
    if len(m.names) > 255 or any("/" in name for name in m.names):
        raise ValueError(f"what is kept in {m.folder} has names that no frame carries")
    return _text(m.folder) + KEPT.pack(m.first, m.last, len(m.names)) + b"".join(map(_text, m.names))


def _streamed(m: Streamed) -> bytes:
    return _text(m.path) + _text(m.header) + GROWN.pack(m.blob, m.offset) + _text(m.content_type)


WRITERS: dict[type, tuple[int, Callable[[Any], bytes]]] = {
    Opened: (1, _opened),
    Appended: (2, lambda m: GROWN.pack(m.blob, m.size) + m.data),
    Closed: (3, lambda m: ID.pack(m.blob)),
    Ranged: (4, _ranged),
    Document: (5, _document),
    Playlist: (6, _playlist),
    Expected: (7, _expected),
    Removed: (8, lambda m: _text(m.path)),
    Synced: (9, lambda m: SYNCED.pack(m.media_ns)),
    Pulled: (10, _pulled),
    Fresh: (11, lambda m: _text(m.path) + _times(m)),
    Beat: (12, lambda m: SYNCED.pack(m.now_ns)),
    Anew: (13, lambda _: b""),
    Streamed: (14, _streamed),
    Turn: (15, lambda m: TURN.pack(m.epoch, m.number)),
    Kept: (16, _kept),
    Report: (64, lambda m: json.dumps(m.values).encode()),
    Handover: (65, lambda m: bytes(m.data)),
    Wanted: (66, lambda m: _text(m.path)),
}


def encode(message: Frame) -> bytes:
    """One message as one frame. Raises ValueError for a message that no frame can carry."""
    kind, write = WRITERS[type(message)]
    body = write(message)
    if len(body) > MAX_FRAME:
        raise ValueError(f"a message of {len(body)} bytes is longer than a frame may be")
    return LENGTH.pack(len(body), kind) + body


def growth(blob: int, size: int, n: int) -> bytes:
    """The frame of an Appended of `n` bytes, but for these: the sender has them elsewhere, and sends them next."""
    return LENGTH.pack(GROWN.size + n, WRITERS[Appended][0]) + GROWN.pack(blob, size)


class _Fields:
    """A frame's body, read field by field; reading past the end is a BrokenFeed."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, n: int) -> bytes:
        end = self._at + n
        if end > len(self._data):
            raise BrokenFeed(f"a field of {n} bytes runs past the end of its frame")
        piece = self._data[self._at : end]
        self._at = end
        return piece

    def unpack(self, form: struct.Struct) -> tuple[Any, ...]:
        return form.unpack(self.take(form.size))

    def text(self) -> str:
        n = self.unpack(TEXT)[0]
        if n > MAX_TEXT:
            raise BrokenFeed(f"a text of {n} bytes")
        try:
            return self.take(n).decode()
        except UnicodeDecodeError:
            raise BrokenFeed("a text that is not UTF-8") from None

    def body(self) -> bytes:
        return self.take(self.unpack(BODY)[0])

    def cache(self) -> Cache:
        index = self.take(1)[0]
        if index >= len(CACHES):
            raise BrokenFeed(f"cache class {index}")
        return CACHES[index]

    def rest(self) -> bytes:
        return self.take(len(self._data) - self._at)

    def end(self) -> None:
        if self._at != len(self._data):
            raise BrokenFeed(f"{len(self._data) - self._at} bytes too many in a frame")


def _read_opened(f: _Fields) -> Opened:
    path = f.text()
    blob = f.unpack(ID)[0]
    return Opened(path, blob, cache=f.cache(), content_type=f.text())


def _read_appended(f: _Fields) -> Appended:
    blob, size = f.unpack(GROWN)
    return Appended(blob, size, f.rest())


def _read_ranged(f: _Fields) -> Ranged:
    path = f.text()
    blob, offset, size = f.unpack(RANGE)
    return Ranged(path, blob, offset, size, cache=f.cache(), content_type=f.text())


def _read_document(f: _Fields) -> Document:
    path, cache = f.text(), f.cache()
    return Document(path, content_type=f.text(), body=f.body(), cache=cache)


def _read_playlist(f: _Fields) -> Playlist:
    path, body, delta = f.text(), f.body(), f.body()
    raw = f.unpack(PLAYLIST)
    number, part, next_number, next_part, target_s, part_target_s, ended = raw
    if not 0 <= part_target_s < 1e6:
        raise BrokenFeed(f"a part target of {part_target_s} s")
    return Playlist(path, body, delta, number, part, (next_number, next_part), target_s, part_target_s, ended)


def _read_report(f: _Fields) -> Report:
    try:
        values = json.loads(f.rest())
    except (ValueError, RecursionError):
        raise BrokenFeed("a report that is not JSON") from None
    if not isinstance(values, dict):
        raise BrokenFeed("a report that is not an object")
    return Report(values)


def _read_pulled(f: _Fields) -> Pulled:
    path = f.text()
    blob, status, length = f.unpack(PULLED)
    return Pulled(path, blob, status, f.text(), length, f.text(), f.text(), f.text(), *f.unpack(TIMES))


def _read_streamed(f: _Fields) -> Streamed:
    path, header = f.text(), f.text()
    blob, offset = f.unpack(GROWN)
    return Streamed(path, header, blob, offset, f.text())


def _read_kept(f: _Fields) -> Kept:
    folder = f.text()
    first, last, count = f.unpack(KEPT)
    names = tuple(f.text() for _ in range(count))
    if any("/" in name for name in names):
        raise BrokenFeed(f"a name with a slash in {folder}")
    return Kept(folder, first, last, names)


READERS: dict[int, Callable[[_Fields], Frame]] = {
    1: _read_opened,
    2: _read_appended,
    3: lambda f: Closed(f.unpack(ID)[0]),
    4: _read_ranged,
    5: _read_document,
    6: _read_playlist,
    7: lambda f: Expected(f.text(), f.take(1)[0]),
    8: lambda f: Removed(f.text()),
    9: lambda f: Synced(f.unpack(SYNCED)[0]),
    10: _read_pulled,
    11: lambda f: Fresh(f.text(), *f.unpack(TIMES)),
    12: lambda f: Beat(f.unpack(SYNCED)[0]),
    13: lambda _: Anew(),
    14: _read_streamed,
    15: lambda f: Turn(*f.unpack(TURN)),
    16: _read_kept,
    64: _read_report,
    65: lambda f: Handover(f.rest()),
    66: lambda f: Wanted(f.text()),
}


class Decoder:
    """Turns bytes as they arrive into messages. `max_frame` bounds what one frame can make it keep, in bytes."""

    def __init__(self, max_frame: int = MAX_FRAME) -> None:
        self._buffer = bytearray()
        self._max_frame = max_frame

    def feed(self, data: bytes) -> list[Frame]:
        """The messages that `data` completes, in order. Raises BrokenFeed; the decoder is then of no more use."""
        self._buffer += data
        return list(self._frames())

    def _frames(self) -> Iterator[Frame]:
        at, buffer = 0, self._buffer
        while len(buffer) - at >= LENGTH.size:
            size, kind = LENGTH.unpack_from(buffer, at)
            if size > self._max_frame:
                raise BrokenFeed(f"a frame of {size} bytes")
            if kind not in READERS:
                raise BrokenFeed(f"a frame of kind {kind}")
            end = at + LENGTH.size + size
            if len(buffer) < end:
                break
            fields = _Fields(bytes(buffer[at + LENGTH.size : end]))
            at = end
            message = READERS[kind](fields)
            fields.end()
            yield message
        del buffer[:at]
