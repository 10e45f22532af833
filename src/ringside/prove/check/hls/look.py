"""Ways of looking at an HLS stream that many rules share: its segments once each, its edges, its order in time.

Versions enter, views of them leave. Nothing is judged here. A segment counts once, in the fullest form in which it was
seen, so that a rule about segments costs the same however often the playlist was read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from urllib.parse import urljoin, urlsplit

from ringside.flow.mux.hls import MediaPlaylist, MediaSegment
from ringside.flow.mux.hls.media import Media as MediaTag
from ringside.flow.mux.hls.part import Part
from ringside.prove.check.seen import HlsStream, Version

NS_PER_S = 1_000_000_000
WHOLE = 1 << 31
"""Part index of a segment that is listed without parts: later than any part of it."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A segment, its number, the version it was taken from, and whether it was seen before it was complete."""

    number: int
    segment: MediaSegment
    version: Version
    watched: bool

    @property
    def where(self) -> str:
        """Rendition and segment."""
        return place(self.version, self.number)


def place(version: Version, number: int | None = None, part: int | None = None) -> str:
    """Where something is, for people: rendition, segment, part."""
    words = [version.name]
    if number is not None:
        words.append(f"segment {number}")
    if part is not None:
        words.append(f"part {part}")
    return " ".join(words)


def everything(stream: HlsStream) -> Iterator[tuple[Version, ...]]:
    """The versions of each rendition that was seen at all."""
    yield from (versions for versions in stream.versions.values() if versions)


def headers(versions: Sequence[Version]) -> Iterator[Version]:
    """The versions whose header says something that the version before did not."""
    before = None
    for version in versions:
        if version.playlist.header != before:
            yield version
        before = version.playlist.header


def segments(versions: Sequence[Version]) -> list[Listed]:
    """Every segment once, as it was when first seen complete (or last seen growing), in order."""
    found: dict[int, Listed] = {}
    last = -1
    for index, version in enumerate(versions):
        first = first_number(version.full)
        for offset in range(max(0, last - first), len(version.full.segments)):
            number, segment = first + offset, version.full.segments[offset]
            before = found.get(number)
            if before is None or before.segment.duration is None:
                found[number] = Listed(number, segment, version, index > 0 or segment.duration is None)
        last = first + len(version.full.segments) - 1
    return [found[number] for number in sorted(found)]


def first_number(playlist: MediaPlaylist) -> int:
    """Number of the first segment that is listed, not skipped."""
    return playlist.media_sequence + playlist.skipped


def last_number(playlist: MediaPlaylist) -> int:
    """Number of the last segment listed, growing or not; one less than the first where there is none."""
    return first_number(playlist) + len(playlist.segments) - 1


def edge(playlist: MediaPlaylist) -> tuple[int, int]:
    """(segment, part) of the newest media; part is WHOLE for a segment listed without parts."""
    if not playlist.segments:
        return playlist.media_sequence - 1, WHOLE
    parts = len(playlist.segments[-1].parts)
    return last_number(playlist), parts - 1 if parts else WHOLE


def complete_edge(playlist: MediaPlaylist) -> int:
    """Number of the last complete segment."""
    growing = bool(playlist.segments) and playlist.segments[-1].duration is None
    return last_number(playlist) - growing


def has_parts(playlist: MediaPlaylist) -> bool:
    """Whether it lists parts or says how long they are."""
    return playlist.part_target is not None or any(segment.parts for segment in playlist.segments[-4:])


def low_latency(versions: Sequence[Version]) -> bool:
    """Whether a rendition uses parts at all."""
    return bool(versions) and has_parts(versions[-1].full)


def length(segment: MediaSegment) -> Decimal:
    """Seconds of a segment: its EXTINF, or the sum of its parts while it grows."""
    return segment.duration if segment.duration is not None else sum((p.duration for p in segment.parts), Decimal(0))


def window(playlist: MediaPlaylist) -> Decimal:
    """Seconds of everything listed."""
    return sum((length(segment) for segment in playlist.segments), Decimal(0))


def changes(versions: Sequence[Version]) -> Iterator[tuple[Version, Version]]:
    """Each version and the next that was asked for only after it had come: what a server may not take back.

    Replies that crossed on the wire are no order of publication and are left out.
    """
    ordered: list[Version] = []
    for version in versions:
        if not ordered or version.fetch.asked_ns >= ordered[-1].fetch.first_ns:
            ordered.append(version)
    yield from pairwise(ordered)


def kind(stream: HlsStream, name: str) -> str:
    """TYPE of an alternative rendition, `VARIANT` for the playlist of a variant."""
    tags: list[MediaTag] = stream.multivariant.media if stream.multivariant else []
    return next((tag.type for tag in tags if tag.uri == name), "VARIANT")


def absolute(version: Version, uri: str) -> str:
    """A URI of a playlist as a URL."""
    return resolve(version.fetch.url, uri)


def resolve(base: str, uri: str) -> str:
    """`uri` against `base`; itself where it is no URI at all."""
    try:
        return urljoin(base, uri)
    except ValueError:
        return uri


def bare(url: str) -> str:
    """A URL without its query, to tell playlists apart whatever directives they were asked with."""
    try:
        return urlsplit(url)._replace(query="", fragment="").geturl()
    except ValueError:
        return url


def dates(playlist: MediaPlaylist) -> Iterator[tuple[int, MediaSegment, int, int]]:
    """(number, segment, start, end) in Unix ns of every segment whose date is known, its own or carried on."""
    at: int | None = None
    for number, segment in playlist.numbered():
        stamp = segment.program_date_time
        if stamp:
            at = stamp.ns
        elif segment.discontinuity:
            at = None
        if at is not None:
            end = at + round(length(segment) * NS_PER_S)
            yield number, segment, at, end
            at = end


def whole_parts(parts: Sequence[Part]) -> Decimal:
    """Seconds of some parts."""
    return sum((part.duration for part in parts), Decimal(0))
