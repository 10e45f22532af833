"""Braid: one feed out of several. What the origin on the air tells goes to the hub as if it had always been the same.

What enters: the strands, and which of them is on the air. What leaves: changes to the hub. What was told stays, under
the same names: a segment that grows goes on with the other origin's bytes where they fit (joint), a playlist with its
own past (past). Blobs have numbers of our own. What only a former origin had is let go with whatever is as old of the
present one. Media is compared, never read.
"""

import logging
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from itertools import count

from ringside.core.clock import Clock
from ringside.core.feed import (
    Appended,
    Beat,
    Closed,
    Document,
    Expected,
    Message,
    Opened,
    Playlist,
    Ranged,
    Removed,
    Streamed,
)
from ringside.flow.relay.feed import Hub, Shelf
from ringside.flow.relay.feed.shelf import Told
from ringside.flow.relay.fill.joint import distance, grown
from ringside.flow.relay.fill.lifetime import is_manifest
from ringside.flow.relay.fill.past import Past, Unread, fits
from ringside.flow.relay.fill.strand import Strand, turn_of

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Twin:
    """A blob of the leader's, and ours. `behind`: how far our bytes lie behind theirs; None: not known yet."""

    ours: int
    behind: int | None = None


class Braid:
    """Puts what `leader` tells into `hub`; None before the first. `uneven`: segments that went on with other bytes."""

    def __init__(self, hub: Hub, clock: Clock) -> None:
        self.leader: Strand | None = None
        self.uneven = 0
        self._hub = hub
        self._clock = clock
        self._blobs = count(1)
        self._twins: dict[int, _Twin] = {}
        self._chunks: dict[int, list[int]] = {}  # of our blobs that grow: their sizes so far
        self._told_ns: dict[str, int] = {}  # documents
        self._pasts: dict[str, Past] = {}
        self._own: set[str] = set()  # playlists whose newest version is the leader's
        self._torn: set[str] = set()  # folders whose segment in the making cannot go on: the next one does
        self._shelf = hub.shelf
        self._told: list[Told] = []

    def __repr__(self) -> str:
        return f"<Braid of {self.leader!r} {len(self._pasts)} pasts>"

    def lead(self, strand: Strand) -> None:
        """`strand` is on the air from now on, or has told all anew. Raises ValueError for what cannot be."""
        begins, self.leader = self.leader is None, strand
        self._shelf = Shelf() if begins else self._hub.shelf
        self._twins.clear()
        self._own.clear()
        self._torn = set() if begins else self._cut_otherwise(strand)
        for folder in sorted(self._torn):
            log.warning("%s: the segment in the making ends here, for the other origin has cut it otherwise", folder)
        self._pasts = _pasts(self._shelf)
        try:
            self._follow(strand)
        finally:
            told, self._told = self._told, []
            if begins:
                self._shelf.media_ns = strand.shelf.media_ns
                self._hub.swap(self._shelf)
            else:
                self._hub.tell(told)

    def fits(self, strand: Strand) -> bool:
        """Whether what is told now can go on with `strand` without a gap."""
        return not self._cut_otherwise(strand)

    def _cut_otherwise(self, strand: Strand) -> set[str]:
        """The folders of the tracks whose newest segment has other parts in `strand`, or a gap."""
        told = {each.path: each for each in self._hub.shelf.exists.playlists() if not each.ended}
        both = ((told[each.path], each) for each in strand.shelf.exists.playlists() if each.path in told)
        return {_folder(theirs.path) for ours, theirs in both if not fits(ours.body, theirs.body)}

    def take(self, strand: Strand, messages: Sequence[Message], withdrawn: Set[str]) -> None:
        """The leader told more; of the paths Removed, those `withdrawn` were only expected. Raises ValueError."""
        self._shelf = self._hub.shelf
        try:
            for message in messages:
                if not (isinstance(message, Removed) and message.path in withdrawn and self._has(message.path)):
                    self._take(strand, message)
        finally:
            told, self._told = self._told, []
            self._hub.tell(told)

    def _follow(self, strand: Strand) -> None:
        """Bring the hub up to all that `strand` has."""
        theirs = strand.shelf.exists
        for path in self._shelf.exists.expected():
            if not theirs.expects(path) and theirs.find(path) is None:
                self._put(Removed(path))
        for message in list(theirs.messages()):
            match message:
                case Opened(path, blob):
                    if theirs.has(blob):
                        self._end_before(path)
                    self._bring(strand, blob)
                case Appended() | Closed() | Ranged() | Removed():
                    pass  # brought with its blob
                case Streamed(path) if self._shelf.exists.streamed(path) is not None:
                    pass  # who joins begins where it was, until the next key frame
                case Document(path):
                    self._document(message, strand.told_ns.get(path, 0))
                case _:
                    self._take(strand, message)

    # one message

    def _take(self, strand: Strand, message: Message) -> None:
        match message:
            case Opened(path, blob):
                self._end_before(path)
                self._bring(strand, blob)
            case Appended(blob) | Ranged(_, blob):
                self._grow(strand, blob)
            case Closed(blob):
                self._close(strand, blob)
            case Playlist():
                self._list(message)
            case Streamed():
                self._stream(message)
            case Document(path):
                self._document(message, strand.told_ns.get(path, 0))
            case Removed(path):
                self._remove(strand, path)
            case Beat():
                pass
            case Expected(path) if self._has(path):
                pass
            case _:
                self._put(message)

    def _put(self, message: Message) -> None:
        self._told.append(self._shelf.put(message, self._clock.now_ns()))

    def _has(self, path: str) -> bool:
        return self._shelf.exists.find(path) is not None

    # segments

    def _bring(self, strand: Strand, blob: int) -> None:
        """A blob of the leader's, of which nothing, something or all is here."""
        held = strand.shelf.exists.held(blob)
        here = self._shelf.exists.find(held.opened.path)
        if isinstance(here, Opened):
            if here.blob in self._chunks and _folder(here.path) not in self._torn:
                self._twins[blob] = _Twin(here.blob)
                self._grow(strand, blob)
                if held.closed:
                    self._close(strand, blob)
        elif held.path and isinstance(held.opened, Opened) and here is None:
            self._torn.discard(_folder(held.path))
            ours = next(self._blobs)
            opened = replace(held.opened, blob=ours)
            if held.closed:
                self._told += self._shelf.bring(opened, strand.shelf.memory(blob), self._clock.now_ns())
                self._range(ours, 0, held.ranges)
            else:
                self._put(opened)
                self._chunks[ours] = []
                self._twins[blob] = _Twin(ours, 0)
                self._grow(strand, blob)

    def _grow(self, strand: Strand, blob: int) -> None:
        """The leader's blob has more bytes, or parts, than ours may have."""
        twin = self._twins.get(blob)
        if twin is None or not self._grows(twin.ours) or not self._joins(strand, blob, twin):
            return
        assert twin.behind is not None
        held, size = strand.shelf.exists.held(blob), self._shelf.exists.held(twin.ours).size
        if held.size + twin.behind > size:
            data = strand.shelf.memory(blob).read(size - twin.behind, held.size)
            self._put(Appended(twin.ours, size + len(data), data))
            ends = (end + twin.behind for end in strand.chunks(blob))
            self._chunks[twin.ours] += [end for end in ends if end > size]
        self._range(twin.ours, twin.behind, held.ranges)

    def _range(self, ours: int, behind: int, ranges: Sequence[Ranged]) -> None:
        """Name the parts that are not named yet."""
        size = self._shelf.exists.held(ours).size
        for each in sorted(ranges, key=lambda ranged: ranged.offset):
            at = each.offset + behind
            if not self._has(each.path) and 0 <= at <= size - each.size:
                self._put(replace(each, blob=ours, offset=at))

    def _joins(self, strand: Strand, blob: int, twin: _Twin) -> bool:
        """Whether it is known where theirs goes on ours."""
        if twin.behind is not None:
            return True
        held = self._shelf.exists.held(twin.ours)
        ours, theirs = grown(held.size, held.ranges, self._chunks[twin.ours]), strand.grown(blob)
        mine, other = self._shelf.memory(twin.ours), strand.shelf.memory(blob)

        def same(at: int, there: int, n: int) -> bool:
            return mine.read(at, at + n) == other.read(there, there + n)

        twin.behind = distance(ours, theirs, same)
        if twin.behind is None:
            return False
        if twin.behind or not same(0, 0, min(ours.size, theirs.size)):
            self.uneven += 1
            log.info("%s goes on with other bytes: the origins do not have the same", held.opened.path)
        return True

    def _close(self, strand: Strand, blob: int) -> None:
        """Nothing more comes for a blob of the leader's."""
        self._grow(strand, blob)
        twin = self._twins.pop(blob, None)
        if twin is not None:
            self._end(twin.ours)

    def _end(self, ours: int) -> None:
        if self._grows(ours):
            self._put(Closed(ours))
        self._chunks.pop(ours, None)

    def _grows(self, ours: int) -> bool:
        if ours not in self._chunks:
            return False
        if self._shelf.exists.has(ours):
            return True
        del self._chunks[ours]
        return False

    def _end_before(self, path: str) -> None:
        """The leader begins a segment that is new here: what a former one left unfinished before it stays so."""
        if self._has(path):
            return
        led = {twin.ours for twin in self._twins.values()}
        for ours in [ours for ours in self._chunks if ours not in led and self._grows(ours)]:
            left = self._shelf.exists.held(ours).opened.path
            if _folder(left) == _folder(path):
                log.info("%s stays as it is", left)
                self._end(ours)

    # the rest

    def _list(self, playlist: Playlist) -> None:
        """A playlist, when it says more than was told."""
        path, told = playlist.path, self._shelf.exists.find(playlist.path)
        new = not isinstance(told, Playlist) or told.ended or turn_of(playlist) > turn_of(told)
        if not new and path not in self._own:
            return
        self._own.add(path)
        past = self._pasts.get(path)
        if past is not None:
            playlist = past.go_on(playlist)
            if past.over:
                del self._pasts[path]
        self._put(playlist)

    def _stream(self, message: Streamed) -> None:
        twin = self._twins.get(message.blob)
        if twin is None or twin.behind is None or not self._grows(twin.ours):
            return
        offset = message.offset + twin.behind
        if 0 <= offset <= self._shelf.exists.held(twin.ours).size and self._has(message.header):
            self._put(replace(message, blob=twin.ours, offset=offset))

    def _document(self, document: Document, told_ns: int) -> None:
        """A document is the leader's; a manifest, which says when it was written, the one that was told last."""
        path, here = document.path, self._shelf.exists.find(document.path)
        old = told_ns < self._told_ns.get(path, 0) and is_manifest(path, document.content_type)
        if isinstance(here, Document) and (old or here.body == document.body):
            return
        self._told_ns[path] = told_ns
        self._put(document)

    def _remove(self, strand: Strand, path: str) -> None:
        """The leader lets go of something: so do we, and of what is older and only a former leader had."""
        exists, here = self._shelf.exists, self._shelf.exists.find(path)
        if isinstance(here, Opened):
            for blob in exists.fed():
                held = exists.held(blob)
                if blob == here.blob:
                    break
                if held.closed and _folder(held.path) == _folder(path) and strand.shelf.exists.find(held.path) is None:
                    for name in (*(each.path for each in held.ranges), held.path):
                        self._put(Removed(name))
        self._pasts.pop(path, None)
        self._told_ns.pop(path, None)
        self._put(Removed(path))


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _pasts(shelf: Shelf) -> dict[str, Past]:
    """What viewers were told of each playlist."""
    found: dict[str, Past] = {}
    for told in shelf.exists.playlists():
        try:
            past = Past(told)
        except Unread:
            continue
        if not past.over:
            found[told.path] = past
    return found
