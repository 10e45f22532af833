"""Rendition: what the watcher knows of one media playlist while it follows it. Decides, and does nothing.

What enters: replies. What leaves: versions, the jobs they bring, what has left the playlist and when.
"""

from collections import deque
from dataclasses import dataclass, field

from ringside.flow.mux.hls import Malformed, MediaPlaylist
from ringside.prove.check.seen import Fetch, Version
from ringside.prove.check.watch.merge import merged, next_point, shared
from ringside.prove.check.watch.reload import Job, jobs, resolve

MAX_GONE = 32


@dataclass(frozen=True, slots=True)
class Gone:
    """A media object that the playlist no longer names; `listed_s`: the longest playlist that named it."""

    url: str
    span: tuple[int, int] | None
    part: bool
    gone_ns: int
    duration_s: float
    listed_s: float


@dataclass
class Rendition:
    """A media playlist under its `name`; `kind` is video, audio... as far as the multivariant says."""

    name: str
    url: str
    kind: str = "video"
    newest: Version | None = None
    turn: int = 0
    want_full: bool = False
    fault: str = ""
    """Why the last reply was no playlist; empty when it was."""
    seen: set[tuple[int, int | None]] = field(default_factory=set)
    gone: deque[Gone] = field(default_factory=lambda: deque(maxlen=MAX_GONE))
    _first: int | None = None

    @property
    def full(self) -> MediaPlaylist | None:
        """The newest version, complete."""
        return self.newest.full if self.newest else None

    def take(self, fetch: Fetch) -> Version | None:
        """The version in a reply; None, and `fault` or `want_full`, where there is none."""
        self.turn += 1
        try:
            playlist = MediaPlaylist.parse(fetch.body.decode("utf-8-sig", "replace"))
        except Malformed as error:
            self.fault = str(error)
            return None
        self.fault = ""
        before = self.full
        full = merged(playlist, before) if before else (None if playlist.skipped else playlist)
        self.want_full = full is None
        if full is None:
            return None
        version = Version(self.name, fetch, playlist, shared(full, before))
        self._depart(before, version.full, fetch)
        self.newest = version
        return version

    def advanced(self, before: MediaPlaylist | None) -> bool:
        """Whether the newest version holds more than `before` did."""
        return self.full is not None and (before is None or next_point(self.full) != next_point(before))

    def work(self) -> list[Job]:
        """The media objects of the newest version that have not been handed out."""
        full = self.full
        if full is None:
            return []
        if self._first is None:
            self._first = min((job.number for job in jobs(full, None)), default=None)
        after = self._first - 1 if self._first is not None else full.media_sequence - 1
        new = [job for job in jobs(full, after) if (job.number, job.part) not in self.seen]
        self.seen |= {(job.number, job.part) for job in new}
        if len(self.seen) > 10_000:
            self.seen = {key for key in self.seen if key[0] >= full.media_sequence}
        return new

    def _depart(self, before: MediaPlaylist | None, full: MediaPlaylist, fetch: Fetch) -> None:
        """Note what `before` listed and `full` does not."""
        if before is None:
            return
        listed_s = float(sum(segment.duration or 0 for segment in before.segments))
        now = {(job.number, job.part) for job in jobs(full, full.media_sequence - 1)} if before != full else None
        if now is None:
            return
        durations = {number: float(segment.duration or 0) for number, segment in before.numbered()}
        for job in jobs(before, before.media_sequence - 1):
            if (job.number, job.part) not in now:
                url = resolve(fetch.url, job.uri)
                length_s = durations.get(job.number, 0.0)
                self.gone.append(Gone(url, job.span, job.part is not None, fetch.done_ns, length_s, listed_s))
