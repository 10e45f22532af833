"""The carousel: init segments, manifests and the description, again and again, for any FLUTE receiver. Pure.

What enters: documents as the origin tells them, and the time. What leaves: the next file that is due, with the table
that names it where nothing else brings one. Our own gateways learn all of this from checkpoints, which are signed, and
know carousel files by their numbers, which are above all others. Manifests are sent gzipped.
"""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass

from ringside.core.alc import File
from ringside.core.feed import Cache, Document, Message, Playlist, Removed
from ringside.flow.relay.sender.packets import Coding, Object
from ringside.flow.relay.sender.plan import Numbers
from ringside.flow.relay.sender.session import NEWS_TSI
from ringside.flow.relay.sender.table import Table

FIRST_TOI = 2**31
ROUND_NS = 2_000_000_000  # in which each file comes by once
MOST_FILES = 64
MOST_KNOWN = 1024
NEVER_NS = 2**63
MOST_BYTES = 256 << 10  # of a file; larger ones are left to unicast
PLAYLIST_TYPE = "application/vnd.apple.mpegurl"


@dataclass(slots=True)
class _Kept:
    tsi: int
    location: str
    content_type: str
    body: bytes
    is_packed: bool
    thing: Object | None = None  # as it was sent last, and will be until the body changes


class Carousel:
    """`base`: the URL of the origin. `left_out`: files too large, or too many."""

    def __init__(self, base: str, coding: Coding, numbers: Numbers) -> None:
        self._base = base
        self._coding = coding
        self._numbers = numbers
        self._known: dict[str, Document | Playlist] = {}
        self._kept: dict[str, _Kept] = {}
        self._turn: list[str] = []
        self._next_ns = 0
        self._event = ""
        self._lanes: Mapping[str, int] = {}
        self.tables: dict[int, Table] = {}
        self.left_out = 0

    def __repr__(self) -> str:
        return f"<Carousel {len(self._kept)} files>"

    def settle(self, event: str, lanes: Mapping[str, int]) -> None:
        """What is sent: an event, and the TSI of each of its folders; what was told before is looked at again."""
        self._event, self._lanes = event, lanes
        for message in self._known.values():
            self._place(message)

    def anew(self) -> None:
        """All that exists is told from here on."""
        self._known.clear()
        for path in tuple(self._kept):
            self._drop(path)

    def take(self, message: Message) -> None:
        """What the origin tells."""
        if isinstance(message, Document | Playlist):
            self._known[message.path] = message
            if len(self._known) > MOST_KNOWN:
                del self._known[next(iter(self._known))]
            self._place(message)
        elif isinstance(message, Removed):
            self._known.pop(message.path, None)
            self._drop(message.path)

    def _place(self, message: Document | Playlist) -> None:
        folder = message.path.rpartition("/")[0]
        tsi = self._lanes.get(folder, 0)
        if isinstance(message, Playlist):
            if tsi:
                self.put(message.path, PLAYLIST_TYPE, message.body, tsi, True)
        elif tsi or (self._event and folder == f"/live/{self._event}"):
            packs = message.cache is not Cache.IMMUTABLE
            self.put(message.path, message.content_type, message.body, tsi or NEWS_TSI, packs)

    def _drop(self, path: str) -> None:
        gone = self._kept.pop(path, None)
        if gone is not None:
            self.table(gone.tsi).forget(gone.location)

    def put(self, path: str, content_type: str, body: bytes, tsi: int, packs: bool) -> None:
        """A file of session `tsi`; `packs`: send it gzipped."""
        old = self._kept.get(path)
        if old is not None and old.body == body:
            return
        if not 0 < len(body) <= MOST_BYTES or (old is None and len(self._kept) >= MOST_FILES):
            self.left_out += 1
            return
        self._kept[path] = _Kept(tsi, f"{self._base}{path}", content_type, body, packs)

    def due(self, now_ns: int) -> list[Object]:
        """What is to be sent now: mostly nothing, else a file, behind its table."""
        if now_ns < self._next_ns or not self._kept:
            return []
        self._turn = self._turn or list(self._kept)
        kept = self._kept.get(self._turn.pop(0))
        self._next_ns = now_ns + ROUND_NS // len(self._kept)
        if kept is None:
            return []
        if kept.thing is None:
            kept.thing = self._made(kept)
        return [self.table(kept.tsi).object(now_ns), kept.thing]

    @property
    def next_ns(self) -> int:
        """When to ask again."""
        return self._next_ns if self._kept else NEVER_NS

    def table(self, tsi: int) -> Table:
        """The file table of a session."""
        if tsi not in self.tables:
            self.tables[tsi] = Table(tsi, self._coding.symbol)
        return self.tables[tsi]

    def _made(self, kept: _Kept) -> Object:
        data = gzip.compress(kept.body, 6, mtime=0) if kept.is_packed else kept.body
        thing = self._coding.object(kept.tsi, FIRST_TOI + self._numbers.next(), "carousel", data, 0)
        coding = "gzip" if kept.is_packed else ""
        self.table(kept.tsi).keep(File(kept.location, thing.toi, len(data), kept.content_type, coding))
        return thing
