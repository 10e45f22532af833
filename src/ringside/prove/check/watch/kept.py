"""Kept: what a watch holds on to, bounded however long it lasts and however much it sees.

What enters: fetches, playlist versions, media and probes as they come. What leaves: the tuples of a stream as seen.
The newest stay; what had to go is counted. It asks nothing and judges nothing.
"""

from collections import Counter, deque
from dataclasses import dataclass, field

from ringside.prove.check.seen import Fetch, Media, Probe, Version

MAX_FETCHES = 20_000
FETCH_BYTES = 64 << 20  # of playlists: media have none
MAX_PROBES = 5_000
MAX_VERSIONS = 4_000  # of each rendition
VERSION_BYTES = 32 << 20  # of each rendition, as received
MEDIA_BYTES = 128 << 20


@dataclass
class Kept:
    """`playlists`, `media_objects` and `bytes` count all that ever came; `dropped` what is not kept any more."""

    fetches: deque[Fetch] = field(default_factory=deque)
    probes: list[Probe] = field(default_factory=list)
    media: deque[Media] = field(default_factory=deque)
    versions: dict[str, deque[Version]] = field(default_factory=dict)
    unasked: dict[str, str] = field(default_factory=dict)
    """Kinds of probe that could not be made, and other things not looked at, and why."""
    dropped: Counter[str] = field(default_factory=Counter)
    playlists: int = 0
    media_objects: int = 0
    requests: int = 0
    bytes: int = 0
    lag_ms: int = 0
    """How late the watcher itself was, at most."""
    _fetch_bytes: int = 0
    _media_bytes: int = 0
    _version_bytes: Counter[str] = field(default_factory=Counter)

    def fetched(self, fetch: Fetch) -> None:
        """Every request, as it ends: media without their bodies."""
        self.requests += 1
        self.bytes += sum(size for _, size in fetch.arrivals)
        self.fetches.append(fetch)
        self._fetch_bytes += len(fetch.body)
        while len(self.fetches) > MAX_FETCHES or self._fetch_bytes > FETCH_BYTES:
            self._fetch_bytes -= len(self.fetches.popleft().body)
            self.dropped["fetches"] += 1

    def version(self, version: Version) -> None:
        """One more version of a playlist."""
        held = self.versions.setdefault(version.name, deque())
        held.append(version)
        self._version_bytes[version.name] += len(version.fetch.body)
        while len(held) > 2 and (len(held) > MAX_VERSIONS or self._version_bytes[version.name] > VERSION_BYTES):
            self._version_bytes[version.name] -= len(held.popleft().fetch.body)
            self.dropped["versions"] += 1

    def medium(self, media: Media) -> None:
        """One more media object; the oldest make room for it."""
        self.media_objects += 1
        self.media.append(media)
        self._media_bytes += len(media.fetch.body)
        while self._media_bytes > MEDIA_BYTES and len(self.media) > 1:
            self._media_bytes -= len(self.media.popleft().fetch.body)
            self.dropped["media"] += 1

    def not_asked(self, why: str, *kinds: str) -> None:
        """Probes of these kinds are not made, for this reason."""
        for kind in kinds:
            self.unasked.setdefault(kind, why)

    def probe(self, probe: Probe) -> None:
        """An answer to be judged."""
        if len(self.probes) < MAX_PROBES:
            self.probes.append(probe)
        else:
            self.dropped["probes"] += 1
