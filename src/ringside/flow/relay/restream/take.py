"""Take: an origin's feed as pieces of tracks: which bytes were added to which track, and under which header. Pure.

Media is never looked into: a track is a folder, its header the document that its endless response names.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ringside.core.feed import Appended, BrokenFeed, Closed, Document, Message, Opened, Removed, Streamed

MAX_BLOBS = 20_000
MAX_HEADERS = 512
PAST_SEGMENTS = 3  # of each track, of all that exists
HEADER = "init-"


class Piece(NamedTuple):
    """What was added to a segment of `track`."""

    track: str
    header: bytes
    data: bytes


class Take:
    """One feed: all that exists, and then turns."""

    def __init__(self) -> None:
        self._documents: dict[str, bytes] = {}
        self._headers: dict[str, str] = {}  # by folder, the path of its header now
        self._folders: dict[int, str] = {}  # of the blobs that grow
        self._past: dict[str, deque[tuple[int, bytes]]] | None = None  # by folder; None: all that exists has been told

    def __repr__(self) -> str:
        return f"<Take {len(self._headers)} tracks, {len(self._folders)} blobs>"

    def anew(self) -> None:
        """All that exists is told from here on."""
        for known in (self._documents, self._headers, self._folders):
            known.clear()
        self._past = {}

    def exists(self, message: Message) -> None:
        """A part of what exists. Raises BrokenFeed beyond 20 000 blobs or 512 headers."""
        if isinstance(message, Opened):
            self._folders[message.blob] = _folder(message.path)
        elif isinstance(message, Appended):
            self._keep(message)
        elif isinstance(message, Closed):
            self._folders.pop(message.blob, None)
        elif isinstance(message, Streamed):
            self._headers[_folder(message.path)] = message.header
        elif isinstance(message, Document) and message.path.rpartition("/")[2].startswith(HEADER):
            self._documents[message.path] = message.body
        elif isinstance(message, Removed):
            self._documents.pop(message.path, None)
            if self._headers.get(folder := _folder(message.path)) and message.path.endswith("/stream"):
                del self._headers[folder]
        if len(self._folders) > MAX_BLOBS or len(self._documents) > MAX_HEADERS:
            raise BrokenFeed("more blobs or headers than an event has")

    def synced(self) -> list[Piece]:
        """All that exists has been told: the end of it, in no order, so that who was cut off misses nothing."""
        past, self._past = self._past or {}, None
        return [
            Piece(folder.rpartition("/")[2], header, data)
            for folder, kept in past.items()
            if (header := self._documents.get(self._headers.get(folder, ""))) is not None
            for _, data in kept
        ]

    def _keep(self, grown: Appended) -> None:
        if self._past is None or (folder := self._folders.get(grown.blob)) is None:
            return
        kept = self._past.setdefault(folder, deque(maxlen=PAST_SEGMENTS))
        before = kept.pop()[1] if kept and kept[-1][0] == grown.blob else b""
        kept.append((grown.blob, before + grown.data))

    def turn(self, messages: Sequence[Message]) -> list[Piece]:
        """The media of a turn, in order. A header that is told in it holds for all of it."""
        for message in messages:
            if not isinstance(message, Closed | Removed):
                self.exists(message)
        pieces = list(self._pieces(messages))
        for message in messages:
            if isinstance(message, Closed | Removed):
                self.exists(message)
        return pieces

    def _pieces(self, messages: Sequence[Message]) -> Iterable[Piece]:
        for message in messages:
            if not isinstance(message, Appended):
                continue
            folder = self._folders.get(message.blob)
            if folder is not None and (header := self._documents.get(self._headers.get(folder, ""))) is not None:
                yield Piece(folder.rpartition("/")[2], header, message.data)


def _folder(path: str) -> str:
    return path.rpartition("/")[0]
