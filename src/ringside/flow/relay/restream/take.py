"""Take: an origin's feed as pieces of tracks: which bytes were added to which track, and under which header. Pure.

Media is never looked into: a track is a folder, its header the document that its endless response names.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ringside.core.feed import Appended, BrokenFeed, Closed, Document, Message, Opened, Removed, Streamed

MAX_BLOBS = 20_000
MAX_HEADERS = 512
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

    def __repr__(self) -> str:
        return f"<Take {len(self._headers)} tracks, {len(self._folders)} blobs>"

    def anew(self) -> None:
        """All that exists is told from here on."""
        for known in (self._documents, self._headers, self._folders):
            known.clear()

    def exists(self, message: Message) -> None:
        """A part of what exists. Raises BrokenFeed beyond 20 000 blobs or 512 headers."""
        if isinstance(message, Opened):
            self._folders[message.blob] = _folder(message.path)
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
