"""Library: what one session of an event offers of what is kept, and the manifests by which players find it. Pure.

What enters: a Recording, whose columns grow while the event is on, and paths that were read. What leaves: Kept messages
that say what may be asked for, and the bodies of manifests and headers; media is read by whoever asked, for that takes
time. Manifests are made when they are wanted, bit by bit, and what was printed once stays printed. It knows no syntax
of manifests: Writers are given.

While the event is on, the DVR reaches back `dvr_s` from the newest finished segment. When it has ended, all of it is on
demand, and the DVR's playlists say that nothing more comes. An event that goes on after all takes its replay back.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

from ringside.core.catalog import Index, Roll
from ringside.core.feed import Kept
from ringside.core.media import Track
from ringside.flow.origin.replay.names import DVR, MPD, PLAYLIST, Asked, Kind


class Recording(Protocol):
    """A session of an event, as far as it has come."""

    @property
    def index(self) -> Index:
        """What is the same for all tracks; its shards may be missing."""

    def tracks(self) -> Mapping[str, Track]:
        """Each track as it was last, with its header."""

    def versions(self, track: str) -> Sequence[Track]:
        """A track as it ever was, with its headers, the newest last."""

    def roll(self, track: str) -> Roll:
        """The finished segments of a track."""

    async def read(self, track: str, number: int) -> bytes:
        """The media of a segment. Raises RingsideError where there is none to be had."""


class Whole(Protocol):
    """Writes a track's playlist of whole segments."""

    def advance(self, after: int) -> bool:
        """Print some of what is below `after`; whether that was all."""

    def render(self, target_s: int, first: int = 0, *, ended: bool = False, vod: bool = False) -> bytes:
        """The playlist of what is printed; b"" for nothing."""


class Writers(Protocol):
    """Writes manifests of recordings."""

    def whole(self, roll: Roll, timescale: int) -> Whole:
        """A writer of one track's playlists."""

    def multivariant(self, tracks: Sequence[Track], title: str, leaf: str) -> bytes:
        """The multivariant playlist of tracks whose playlists are called `leaf`."""

    def mpd(self, tracks: Sequence[tuple[Mapping[str, Track], Roll]], index: Index) -> bytes:
        """The static MPD of tracks, each with its versions by their header's name; b"" for nothing."""


class Library:
    """What `recording` offers: the DVR of a running event (`dvr_s` above 0), its replay when it has ended, or both."""

    def __init__(self, recording: Recording, writers: Writers, dvr_s: float = 0.0) -> None:
        self._recording = recording
        self._writers = writers
        self._dvr_s = dvr_s
        self._told: dict[str, Kept] = {}
        self._wholes: dict[tuple[str, bool], Whole] = {}

    def __repr__(self) -> str:
        return f"<Library {self._recording.index.event}{' ended' if self.ended else ''} {list(self._rolls())}>"

    @property
    def ended(self) -> bool:
        """Whether the event has ended, so that all of it is on demand."""
        return self._recording.index.ended_ns > 0

    def kept(self) -> list[Kept]:
        """What may be asked for that is not what it was when this was asked last."""
        now = {kept.folder: kept for kept in self._offers()}
        changed = [kept for folder, kept in now.items() if self._told.get(folder) != kept]
        changed += [Kept(folder, 0, -1) for folder in self._told if folder not in now]
        self._told = now
        return changed

    def told_anew(self) -> None:
        """Whoever was told of it knows nothing any more."""
        self._told = {}

    def has(self, wish: Asked) -> bool:
        """Whether there is such a thing: for media, whether it was recorded."""
        index = self._recording.index
        if wish.event != index.event or (wish.replay and not index.ended_ns):
            return False
        if wish.kind in (Kind.MULTIVARIANT, Kind.MPD):
            return bool(self._rolls()) and (wish.replay or self._dvr_s > 0)
        roll = self._rolls().get(wish.track)
        if roll is None:
            return False
        if wish.kind is Kind.SEGMENT:
            return (
                wish.number in roll
                and wish.number >= self._first(roll, wish.replay, index)
                and not roll[wish.number].gap
            )
        return wish.replay or self._dvr_s > 0

    def text(self, wish: Asked) -> bytes | None:
        """The manifest or header that was asked for, b"" where there is none; None: there is more to do, ask again."""
        if not self.has(wish):
            return b""
        if wish.kind is Kind.HEADER:
            return self._versions(wish.track).get(wish.name, _NOTHING).init
        if wish.kind is Kind.MULTIVARIANT:
            leaf = PLAYLIST if wish.replay else DVR
            return self._writers.multivariant(self._listed(), self._recording.index.title, leaf)
        if wish.kind is Kind.MPD:
            tracks = [(self._versions(name), roll) for name, roll in self._rolls().items()]
            return self._writers.mpd(tracks, self._recording.index)
        return self._playlist(wish)

    def _playlist(self, wish: Asked) -> bytes | None:
        """A track's playlist, once all of it is printed."""
        roll = self._rolls()[wish.track]
        whole = self._wholes.get((wish.track, wish.replay))
        if whole is None:
            timescale = self._recording.tracks()[wish.track].timescale
            whole = self._wholes[wish.track, wish.replay] = self._writers.whole(roll, timescale)
        if not whole.advance(roll.after):
            return None
        index = self._recording.index
        first = self._first(roll, wish.replay, index)
        return whole.render(index.target_s, first, ended=index.ended_ns > 0, vod=wish.replay)

    def _rolls(self) -> dict[str, Roll]:
        """Of each track that has anything."""
        rolls = {name: self._recording.roll(name) for name in self._recording.tracks()}
        return {name: roll for name, roll in rolls.items() if len(roll)}

    def _listed(self) -> list[Track]:
        tracks = self._recording.tracks()
        return [tracks[name] for name in self._rolls()]

    def _versions(self, track: str) -> dict[str, Track]:
        return {version.init_name: version for version in self._recording.versions(track)}

    def _first(self, roll: Roll, replay: bool, index: Index) -> int:
        """The oldest segment that is offered."""
        if replay:
            return roll.first
        return max(roll.first, roll.after - math.ceil(self._dvr_s / index.timeline.segment_s))

    def _offers(self) -> list[Kept]:
        index, rolls = self._recording.index, self._rolls()
        event, offers = index.event, list[Kept]()
        if rolls and self._dvr_s > 0:
            offers.append(Kept(f"/live/{event}", 0, -1, (DVR,)))
            for name, roll in rolls.items():
                offers.append(Kept(f"/live/{event}/{name}", self._first(roll, False, index), roll.after - 1, (DVR,)))
        if rolls and index.ended_ns:
            offers.append(Kept(f"/replay/{event}", 0, -1, (PLAYLIST, MPD)))
            for name, roll in rolls.items():
                names = (PLAYLIST, *self._versions(name))
                offers.append(Kept(f"/replay/{event}/{name}", roll.first, roll.after - 1, names))
        return offers


_NOTHING = Track("", "video", "", 1, b"", 0, 0)
