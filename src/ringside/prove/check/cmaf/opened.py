"""Opened: a media object as it was fetched, with what its boxes say; and what playlists said about it.

Streams enter, objects leave in order of rendition, segment and part. Only whole answers are opened: what failed, was
refused or broke off is for the rules over HTTP to judge.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ringside.flow.mux.hls.flags import IndependentSegments
from ringside.flow.mux.hls.playlist import MediaSegment, first
from ringside.prove.check.cmaf.box_tree import Init, Object, kind, read_init, read_object
from ringside.prove.check.cmaf.init_track import InitTrack
from ringside.prove.check.seen import DashStream, HlsStream, Media

Stream = HlsStream | DashStream
WHOLE = 1 << 30  # sorts a whole segment behind its parts


@dataclass(frozen=True, slots=True)
class Opened:
    """A media object whose boxes have been read. `name` and `number` are its Media's."""

    media: Media
    init: Init
    object: Object

    @property
    def name(self) -> str:
        """Rendition or Representation."""
        return self.media.name

    @property
    def number(self) -> int:
        """Segment number."""
        return self.media.number

    @property
    def label(self) -> str:
        """`segment 12` or `part 12.3`."""
        return label(self.media)

    @property
    def whole(self) -> bool:
        """Whether it is a whole segment."""
        return self.media.part is None

    @property
    def lead(self) -> InitTrack | None:
        """The track its times are told by: video before audio; None where the header does not say."""
        return self.init.lead

    @property
    def cmaf(self) -> bool:
        """Whether it claims to be CMAF, by the brands of its header or of itself (ISO/IEC 23000-19 §7.2)."""
        return any(brand.startswith("cmf") for brand in (*self.init.brands, *self.object.brands))

    @property
    def span(self) -> tuple[int, int] | None:
        """(start, end) of the lead track in decode time, ticks."""
        return self.object.span(self.lead.track_id) if self.lead and self.lead.timescale else None

    @property
    def start_s(self) -> float | None:
        """Earliest presentation time of its first fragment's samples in seconds, after the edit list."""
        if self.lead is None or self.span is None:
            return None
        first = next(traf for _, traf in self.object.trafs(self.lead.track_id) if traf.durations)
        at, earliest = self.span[0], self.span[0] + first.offsets[0]
        for duration, offset in zip(first.durations, first.offsets, strict=True):
            earliest = min(earliest, at + offset)
            at += duration
        return (earliest - self.lead.skipped_ticks) / self.lead.timescale

    @property
    def duration_s(self) -> float | None:
        """How long its samples last, seconds."""
        return (self.span[1] - self.span[0]) / self.lead.timescale if self.lead and self.span else None

    @property
    def longest_sample_s(self) -> float:
        """Its longest sample, seconds; 0 where unknown."""
        if self.lead is None or not self.lead.timescale:
            return 0.0
        trafs = self.object.trafs(self.lead.track_id)
        return max((max(traf.durations, default=0) for _, traf in trafs), default=0) / self.lead.timescale


def label(media: Media) -> str:
    """How a person calls the object: `segment 12` or `part 12.3`."""
    return f"segment {media.number}" if media.part is None else f"part {media.number}.{media.part}"


def answered(stream: Stream) -> list[Media]:
    """The objects that were fetched whole, by rendition, segment and part; a segment follows its parts."""
    good = [m for m in stream.media if m.fetch.status in (200, 206) and not m.fetch.problem and m.fetch.body]
    return sorted(good, key=lambda m: (m.name, m.number, WHOLE if m.part is None else m.part))


def opened(stream: Stream) -> Iterator[Opened]:
    """Every object that is, or by its header should be, an ISO base media file."""
    for media in answered(stream):
        looks = kind(media.fetch.body)
        if looks == "bmff" or (media.init and looks == "other"):
            yield Opened(media, read_init(media.init), read_object(media.fetch.body, media.init))


def headers(stream: Stream) -> dict[tuple[str, bytes], Init]:
    """Every header in force, once for each rendition."""
    return {(m.name, m.init): read_init(m.init) for m in answered(stream) if m.init}


def listed(stream: Stream) -> dict[tuple[str, int], MediaSegment]:
    """What the newest playlist that names it says of each segment of an HLS stream, by (rendition, number)."""
    if not isinstance(stream, HlsStream):
        return {}
    found: dict[tuple[str, int], MediaSegment] = {}
    for name, versions in stream.versions.items():
        for version in reversed(versions):
            for number, segment in version.full.numbered():
                found.setdefault((name, number), segment)
    return found


def torn(stream: Stream) -> set[tuple[str, int]]:
    """Segments of which some parts are GAP, as any playlist said that still had their parts (HLS)."""
    if not isinstance(stream, HlsStream):
        return set()
    return {
        (name, number)
        for name, versions in stream.versions.items()
        for version in versions
        for number, segment in version.full.numbered()
        if not segment.gap and any(part.gap for part in segment.parts)
    }


def breaks(stream: Stream) -> set[tuple[str, int]]:
    """Segments that need not continue the one before, or have holes: DISCONTINUITY and GAP (HLS)."""
    holed = torn(stream)
    told = {place for place, segment in listed(stream).items() if segment.discontinuity or segment.gap}
    return told | holed | {(name, number + 1) for name, number in holed}


def promised_independent(stream: Stream) -> set[str]:
    """HLS renditions of which EXT-X-INDEPENDENT-SEGMENTS stands in the multivariant or their own playlist."""
    if not isinstance(stream, HlsStream):
        return set()
    if stream.multivariant and stream.multivariant.independent_segments:
        return {media.name for media in stream.media}
    newest = {name: seen[-1].playlist for name, seen in stream.versions.items() if seen}
    return {name for name, playlist in newest.items() if first(playlist.tags, IndependentSegments)}
