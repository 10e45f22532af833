"""Snapshot: all that exists now, kept as the messages that tell it, for workers that come late. Pure.

What enters: every message published. What leaves: the messages that bring a newcomer up to the same state, in an
order in which they make sense, and the blobs that nothing names any more.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from ringside.core.feed import (
    PULLED,
    Appended,
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
)

NAMELESS = ""  # no request has this path
Named = Opened | Pulled | Ranged | Document | Playlist


class Held(NamedTuple):
    """A blob as it stands: how it was opened, `path` empty where that is gone; its bytes; the paths that lie in it."""

    opened: Opened | Pulled
    path: str
    size: int
    closed: bool
    ranges: tuple[Ranged, ...]


class _Blob:
    __slots__ = ("closed", "names", "opened", "size")

    def __init__(self, opened: Opened | Pulled) -> None:
        self.opened = opened
        self.size = 0
        self.closed = False
        self.names: set[str] = {opened.path}


class Snapshot:
    """What has been published and not removed. Messages that contradict it raise ValueError: its publisher is wrong."""

    def __init__(self) -> None:
        self._blobs: dict[int, _Blob] = {}
        self._named: dict[str, Named] = {}
        self._expected: dict[str, Expected] = {}
        self._streams: dict[str, Streamed] = {}
        self._kept: dict[str, Kept] = {}

    def __repr__(self) -> str:
        return f"<Snapshot {len(self._named)} paths {len(self._blobs)} blobs {len(self._expected)} expected>"

    def __len__(self) -> int:
        """How many paths it knows of, expected ones included."""
        return len(self._named) + len(self._expected) + len(self._streams)

    def size(self, blob: int) -> int:
        """How many bytes a blob that still grows has."""
        return self._growing(blob).size

    def find(self, path: str) -> Named | None:
        """What `path` names."""
        return self._named.get(path)

    def expects(self, path: str) -> bool:
        """Whether `path` is expected."""
        return path in self._expected

    def expected(self) -> list[str]:
        """The paths that are expected."""
        return list(self._expected)

    def playlists(self) -> list[Playlist]:
        """The playlists there are."""
        return [message for message in self._named.values() if isinstance(message, Playlist)]

    def streamed(self, path: str) -> Streamed | None:
        """Where who joins the stream at `path` begins."""
        return self._streams.get(path)

    def has(self, number: int) -> bool:
        """Whether this blob is there, and still grows."""
        return number in self._blobs and not self._blobs[number].closed

    def held(self, number: int) -> Held:
        """A blob that is there. Raises KeyError."""
        blob = self._blobs[number]
        opened = blob.opened
        path = opened.path if self._named.get(opened.path) is opened else NAMELESS
        named = (self._named[name] for name in blob.names)
        return Held(opened, path, blob.size, blob.closed, tuple(m for m in named if isinstance(m, Ranged)))

    def fed(self) -> list[int]:
        """The blobs of the feed, in the order in which they were opened; not what was pulled beside it."""
        return [number for number in self._blobs if number < PULLED]

    def oldest(self) -> tuple[str, ...]:
        """The paths of the blob that was opened first, of those that are complete and were fed; empty without any."""
        whole = (blob for number, blob in self._blobs.items() if blob.closed and number < PULLED)
        return next((tuple(blob.names) for blob in whole), ())

    def adopt(self, old: "Snapshot") -> list[int]:
        """Take over from `old`, which is of no more use, what was pulled beside its feed; returns the blobs."""
        taken: list[int] = []
        for number, blob in old._blobs.items():
            pulled = blob.opened
            if number >= PULLED and isinstance(pulled, Pulled) and pulled.path not in self._named:
                self._blobs[number], self._named[pulled.path] = blob, pulled
                self._expected.pop(pulled.path, None)
                taken.append(number)
        return taken

    def apply(self, message: Message) -> list[int]:
        """Take one message in; returns the blobs that are of no more use."""
        match message:
            case Opened() | Pulled():
                return self._open(message)
            case Appended() | Closed():
                self._grow(message)
            case Ranged(path, number, offset, size):
                if number not in self._blobs or offset + size > self._blobs[number].size:
                    raise ValueError(f"{path} lies beyond the end of blob {number}")
                freed = self._name(path, message)
                self._blobs[number].names.add(path)
                return freed
            case Document(path) | Playlist(path):
                return self._name(path, message)
            case Fresh() | Streamed() | Expected() | Kept():
                self._note(message)
            case Removed(path):
                self._expected.pop(path, None)
                self._streams.pop(path, None)
                return self._unname(path)
        return []

    def _note(self, message: Fresh | Streamed | Expected | Kept) -> None:
        if isinstance(message, Fresh):
            self._refresh(message)
        elif isinstance(message, Streamed):
            self._stream(message)
        elif isinstance(message, Expected):
            self._expected[message.path] = message
        else:
            self._kept.pop(message.folder, None)
            if message:
                self._kept[message.folder] = message

    def _open(self, message: Opened | Pulled) -> list[int]:
        if message.blob in self._blobs:
            raise ValueError(f"blob {message.blob} is open already")
        freed = self._name(message.path, message)
        self._blobs[message.blob] = _Blob(message)
        return freed

    def _grow(self, message: Appended | Closed) -> None:
        blob = self._growing(message.blob)
        if isinstance(message, Closed):
            blob.closed = True
        elif message.size < blob.size:
            raise ValueError(f"blob {message.blob} cannot shrink to {message.size} bytes")
        else:
            blob.size = message.size

    def _stream(self, message: Streamed) -> None:
        blob = self._blobs.get(message.blob)
        if blob is None or message.offset > blob.size:
            raise ValueError(f"{message.path} begins beyond the end of blob {message.blob}")
        if not isinstance(self._named.get(message.header), Document):
            raise ValueError(f"{message.path} begins with {message.header}, which is not there")
        self._expected.pop(message.path, None)
        self._streams[message.path] = message

    def _refresh(self, message: Fresh) -> None:
        old = self._named.get(message.path)
        if isinstance(old, Pulled):
            new = replace(old, made_ns=message.made_ns, fresh_ns=message.fresh_ns, stale_ns=message.stale_ns)
            self._named[message.path] = self._blobs[old.blob].opened = new

    def messages(self) -> Iterator[Message]:
        """All that a newcomer must be told. A blob whose own path is gone is opened as NAMELESS."""
        for number, blob in self._blobs.items():
            opened = blob.opened
            yield opened if self._named.get(opened.path) is opened else replace(opened, path=NAMELESS)
            yield Appended(number, blob.size)
            if blob.closed:
                yield Closed(number)
            yield from (m for path in sorted(blob.names) if isinstance(m := self._named[path], Ranged))
        yield Removed(NAMELESS)
        yield from (m for m in self._named.values() if isinstance(m, Document | Playlist))
        yield from (m for m in self._streams.values() if m.blob in self._blobs and m.header in self._named)
        yield from self._expected.values()
        yield from self._kept.values()

    def _growing(self, number: int) -> _Blob:
        blob = self._blobs.get(number)
        if blob is None or blob.closed:
            raise ValueError(f"blob {number} is not open")
        return blob

    def _name(self, path: str, message: Named) -> list[int]:
        old = self._named.get(path)
        same = isinstance(old, Opened | Pulled | Ranged) and isinstance(message, Ranged) and old.blob == message.blob
        freed = [] if same else self._unname(path)
        self._expected.pop(path, None)
        self._named[path] = message
        return freed

    def _unname(self, path: str) -> list[int]:
        old = self._named.pop(path, None)
        if not isinstance(old, Opened | Pulled | Ranged):
            return []
        blob = self._blobs[old.blob]
        blob.names.discard(path)
        if blob.names:
            return []
        del self._blobs[old.blob]
        return [old.blob]
