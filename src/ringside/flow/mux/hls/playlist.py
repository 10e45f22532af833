"""Playlists as compositions of tags: MediaPlaylist and Multivariant, each with `parse(text)` and `write()`.

Tags keep their order inside the place they belong to (header, segment, trailer), so that rules about order can be
checked and whatever parses writes back. What a tag means is in its own file; whether a playlist is right is not
judged here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Self, TypeVar

from ringside.flow.mux.hls import lines
from ringside.flow.mux.hls.byterange import ByteRange
from ringside.flow.mux.hls.content_steering import ContentSteering
from ringside.flow.mux.hls.daterange import DateRange
from ringside.flow.mux.hls.extinf import ExtInf
from ringside.flow.mux.hls.flags import Discontinuity, EndList, Gap, IndependentSegments
from ringside.flow.mux.hls.key import Key
from ringside.flow.mux.hls.map import Map
from ringside.flow.mux.hls.media import Media
from ringside.flow.mux.hls.numbers import DiscontinuitySequence, MediaSequence, TargetDuration, Version
from ringside.flow.mux.hls.part import Part
from ringside.flow.mux.hls.part_inf import PartInf
from ringside.flow.mux.hls.playlist_type import PlaylistType
from ringside.flow.mux.hls.preload_hint import PreloadHint
from ringside.flow.mux.hls.program_date_time import ProgramDateTime
from ringside.flow.mux.hls.rendition_report import RenditionReport
from ringside.flow.mux.hls.server_control import ServerControl
from ringside.flow.mux.hls.session_data import SessionData
from ringside.flow.mux.hls.skip import Skip
from ringside.flow.mux.hls.stream_inf import IFrameStreamInf, StreamInf
from ringside.flow.mux.hls.tag import Malformed, Tag, Unknown

T = TypeVar("T")
_SEGMENT_TAGS = (ExtInf, ByteRange, Discontinuity, Key, Map, ProgramDateTime, Gap, Part, DateRange)
_MULTIVARIANT_TAGS = (Media, StreamInf, IFrameStreamInf, ContentSteering, SessionData)


def every(tags: tuple[Tag, ...], kind: type[T]) -> list[T]:
    """The tags of one kind."""
    return [tag for tag in tags if isinstance(tag, kind)]


def first(tags: tuple[Tag, ...], kind: type[T]) -> T | None:
    """The first tag of one kind, or None."""
    return next((tag for tag in tags if isinstance(tag, kind)), None)


@dataclass(frozen=True, slots=True)
class MediaSegment:
    """The tags that apply to a segment, in order, and its URI: empty while it is listed by its parts only."""

    tags: tuple[Tag, ...]
    uri: str

    @property
    def duration(self) -> Decimal | None:
        """EXTINF in seconds as printed; None while the segment is in progress."""
        tag = first(self.tags, ExtInf)
        return tag.duration if tag else None

    @property
    def parts(self) -> list[Part]:
        """Its PART tags."""
        return every(self.tags, Part)

    @property
    def map(self) -> Map | None:
        """The MAP tag that stands here, not one inherited."""
        return first(self.tags, Map)

    @property
    def program_date_time(self) -> ProgramDateTime | None:
        """Its PROGRAM-DATE-TIME."""
        return first(self.tags, ProgramDateTime)

    @property
    def gap(self) -> bool:
        """Whether it has no media."""
        return first(self.tags, Gap) is not None

    @property
    def discontinuity(self) -> bool:
        """Whether it does not continue the segment before."""
        return first(self.tags, Discontinuity) is not None


@dataclass(frozen=True, slots=True)
class MediaPlaylist:
    """A media playlist (rfc8216bis §4.4.3): header, segments (the last may be in progress), trailer."""

    header: tuple[Tag, ...]
    segments: tuple[MediaSegment, ...]
    trailer: tuple[Tag, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The playlist in `text`. Raises Malformed when it is none, or a multivariant one."""
        header: list[Tag] = []
        segments: list[MediaSegment] = []
        pending: list[Tag] = []
        for item in lines.read(text):
            if isinstance(item, _MULTIVARIANT_TAGS):
                raise Malformed(f"{item.NAME} stands in a media playlist")
            if isinstance(item, str):
                segments.append(MediaSegment(tuple(pending), item))
                pending = []
            elif segments or pending or isinstance(item, _SEGMENT_TAGS):
                pending.append(item)
            else:
                header.append(item)
        unfinished = tuple(tag for tag in pending if isinstance(tag, _SEGMENT_TAGS))
        if unfinished:
            segments.append(MediaSegment(unfinished, ""))
        return cls(tuple(header), tuple(segments), tuple(tag for tag in pending if tag not in unfinished))

    def write(self) -> str:
        """The playlist as text."""
        items: list[Tag | str] = [*self.header]
        for segment in self.segments:
            items += [*segment.tags, segment.uri] if segment.uri else segment.tags
        return lines.write([*items, *self.trailer])

    @property
    def tags(self) -> tuple[Tag, ...]:
        """Every tag, in order."""
        inside = [tag for segment in self.segments for tag in segment.tags]
        return (*self.header, *inside, *self.trailer)

    @property
    def unreadable(self) -> list[Unknown]:
        """Tags of ours that could not be read; `reason` says why."""
        return [tag for tag in every(self.tags, Unknown) if tag.reason]

    @property
    def version(self) -> int:
        """EXT-X-VERSION, 1 when absent."""
        tag = first(self.tags, Version)
        return tag.value if tag else 1

    @property
    def target_duration(self) -> int | None:
        """EXT-X-TARGETDURATION in seconds."""
        tag = first(self.tags, TargetDuration)
        return tag.value if tag else None

    @property
    def media_sequence(self) -> int:
        """Number of the first segment, skipped or not."""
        tag = first(self.tags, MediaSequence)
        return tag.value if tag else 0

    @property
    def discontinuity_sequence(self) -> int:
        """Discontinuities that have left the playlist."""
        tag = first(self.tags, DiscontinuitySequence)
        return tag.value if tag else 0

    @property
    def server_control(self) -> ServerControl | None:
        """EXT-X-SERVER-CONTROL."""
        return first(self.tags, ServerControl)

    @property
    def part_target(self) -> Decimal | None:
        """PART-TARGET in seconds as printed."""
        tag = first(self.tags, PartInf)
        return tag.part_target if tag else None

    @property
    def playlist_type(self) -> str | None:
        """EVENT, VOD or None."""
        tag = first(self.tags, PlaylistType)
        return tag.value if tag else None

    @property
    def skipped(self) -> int:
        """Segments left out by a delta update."""
        tag = first(self.tags, Skip)
        return tag.skipped_segments if tag else 0

    @property
    def hints(self) -> list[PreloadHint]:
        """PRELOAD-HINT tags."""
        return every(self.tags, PreloadHint)

    @property
    def reports(self) -> list[RenditionReport]:
        """RENDITION-REPORT tags."""
        return every(self.tags, RenditionReport)

    @property
    def ended(self) -> bool:
        """Whether ENDLIST stands."""
        return first(self.tags, EndList) is not None

    def numbered(self) -> Iterator[tuple[int, MediaSegment]]:
        """Each listed segment with its media sequence number."""
        yield from enumerate(self.segments, self.media_sequence + self.skipped)


@dataclass(frozen=True, slots=True)
class Variant:
    """A STREAM-INF and the URI line after it."""

    inf: StreamInf
    uri: str


@dataclass(frozen=True, slots=True)
class Multivariant:
    """A multivariant playlist (rfc8216bis §4.4.6): tags and variants in order."""

    entries: tuple[Tag | Variant, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The playlist in `text`. Raises Malformed when it is none, or a media playlist."""
        entries: list[Tag | Variant] = []
        for item in lines.read(text):
            if isinstance(item, (*_SEGMENT_TAGS, TargetDuration)):
                raise Malformed(f"{item.NAME} stands in a multivariant playlist")
            if not isinstance(item, str):
                entries.append(item)
            elif entries and isinstance(entries[-1], StreamInf):
                entries[-1] = Variant(entries[-1], item)
            else:
                raise Malformed(f"{item[:80]!r} has no EXT-X-STREAM-INF before it")
        return cls(tuple(entries))

    def write(self) -> str:
        """The playlist as text."""
        items: list[Tag | str] = []
        for entry in self.entries:
            items += [entry.inf, entry.uri] if isinstance(entry, Variant) else [entry]
        return lines.write(items)

    @property
    def tags(self) -> tuple[Tag, ...]:
        """Every tag, in order; those of variants too."""
        return tuple(entry.inf if isinstance(entry, Variant) else entry for entry in self.entries)

    @property
    def variants(self) -> list[Variant]:
        """Variant streams in order: the first is what a player tries first."""
        return [entry for entry in self.entries if isinstance(entry, Variant)]

    @property
    def media(self) -> list[Media]:
        """Alternative renditions."""
        return every(self.tags, Media)

    @property
    def independent_segments(self) -> bool:
        """Whether INDEPENDENT-SEGMENTS stands."""
        return first(self.tags, IndependentSegments) is not None

    @property
    def unreadable(self) -> list[Unknown]:
        """Tags of ours that could not be read; `reason` says why."""
        return [tag for tag in every(self.tags, Unknown) if tag.reason]
