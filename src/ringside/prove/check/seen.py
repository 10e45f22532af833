"""What the watcher saw: fetches with their times, playlist versions, manifests and media objects, in order of arrival.

Plain facts; nothing is judged here. Times are Unix nanoseconds of one clock.
"""

from dataclasses import dataclass

from ringside.flow.mux.hls import MediaPlaylist, Multivariant


@dataclass(frozen=True, slots=True)
class Fetch:
    """One request and what came back."""

    url: str
    asked_ns: int
    first_ns: int
    """First byte of the body (of the head, where there is no body)."""
    done_ns: int
    status: int
    """0 where no reply came; then `problem` says why."""
    headers: tuple[tuple[str, str], ...]
    """Names in lower case, in the order sent."""
    body: bytes
    """Content decoding done; bounded."""
    arrivals: tuple[tuple[int, int], ...] = ()
    """(time_ns, bytes) of each piece of the body as it came off the wire."""
    problem: str = ""

    def header(self, name: str) -> str | None:
        """The first header of this name (lower case), or None."""
        return next((value for key, value in self.headers if key == name), None)


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a media playlist. `name` is the rendition as the multivariant writes its URI."""

    name: str
    fetch: Fetch
    playlist: MediaPlaylist
    """As received: with SKIP where it was a delta."""
    full: MediaPlaylist
    """With what a delta skipped put back."""


@dataclass(frozen=True, slots=True)
class Media:
    """A media object fetched: a segment, a part, or a chunk-carrying segment of DASH."""

    name: str
    """Rendition or Representation."""
    number: int
    """Media sequence number or segment number."""
    part: int | None
    """Part index, None for a whole segment."""
    fetch: Fetch
    init: bytes
    """The initialization segment in force; empty where none (MPEG-TS)."""
    starts_segment: bool = True
    """Whether the object begins a segment."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A request of which the answer itself is judged: asked on purpose, or one of the watcher's that is telling."""

    kind: str
    """What was asked: `part-without-msn`, `range`, `hint`..., listed where it is asked."""
    name: str
    """Rendition or Representation; empty for what concerns all."""
    fetch: Fetch
    known: MediaPlaylist | None = None
    """The newest version of the playlist when it was asked, with what a delta skipped put back."""
    beside: Fetch | None = None
    """The answer to compare with."""
    due_ns: int = 0
    """When the answer had to be there (Unix time); 0 where that says nothing."""


@dataclass(frozen=True, slots=True)
class HlsStream:
    """Everything seen of an HLS stream."""

    url: str
    multivariant: Multivariant | None
    """None where the URL is a media playlist."""
    versions: dict[str, tuple[Version, ...]]
    """By rendition, oldest first."""
    media: tuple[Media, ...]
    """Those that are still kept: the newest, whole."""
    fetches: tuple[Fetch, ...]
    """The newest of all, media without their bodies."""
    probes: tuple[Probe, ...] = ()


@dataclass(frozen=True, slots=True)
class DashStream:
    """Everything seen of a DASH stream."""

    url: str
    manifests: tuple[Fetch, ...]
    """Successive versions of the MPD, oldest first."""
    media: tuple[Media, ...]
    fetches: tuple[Fetch, ...]
    """The newest of all, media without their bodies."""
    probes: tuple[Probe, ...] = ()
