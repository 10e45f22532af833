"""Putting back what a delta update skipped (rfc8216bis §6.2.5.1), and where a playlist stands. Pure."""

from dataclasses import replace
from decimal import Decimal
from itertools import accumulate

from ringside.flow.mux.hls import MediaPlaylist, MediaSegment, Tag
from ringside.flow.mux.hls.key import Key
from ringside.flow.mux.hls.map import Map


def merged(delta: MediaPlaylist, before: MediaPlaylist) -> MediaPlaylist | None:
    """The full playlist that `delta` stands for, known `before`; None where `before` lacks what was skipped."""
    if not delta.skipped:
        return delta
    first = delta.media_sequence
    have = dict(before.numbered())
    wanted = range(first, first + delta.skipped)
    if delta.skipped > len(have) or any(number not in have for number in wanted):
        return None
    kept = [have[number] for number in wanted]
    gone = [segment for number, segment in before.numbered() if number < first]
    kept[0] = _inheriting(kept[0], _in_force(gone))
    header = tuple(tag for tag in delta.header if tag.NAME != "EXT-X-SKIP")
    listed = delta.segments
    if listed:
        listed = (_unrepeated(listed[0], set(_in_force(kept).values())), *listed[1:])
    return replace(delta, header=header, segments=(*kept, *listed))


def _in_force(segments: list[MediaSegment]) -> dict[type[Tag], Tag]:
    """The MAP and the KEY that hold after these segments."""
    return {type(tag): tag for segment in segments for tag in segment.tags if isinstance(tag, (Map, Key))}


def _inheriting(segment: MediaSegment, force: dict[type[Tag], Tag]) -> MediaSegment:
    """What becomes the first segment says for itself what the ones before it said."""
    own = {type(tag) for tag in segment.tags}
    missing = tuple(tag for kind, tag in force.items() if kind not in own)
    return replace(segment, tags=missing + segment.tags) if missing else segment


def _unrepeated(segment: MediaSegment, in_force: set[Tag]) -> MediaSegment:
    """The first segment listed, without the MAP and KEY that a delta repeats although they still hold."""
    return replace(segment, tags=tuple(tag for tag in segment.tags if tag not in in_force))


def shared(full: MediaPlaylist, before: MediaPlaylist | None) -> MediaPlaylist:
    """The same playlist, sharing with `before` the segments that did not change: many versions are kept."""
    if before is None:
        return full
    have = dict(before.numbered())
    segments = tuple(old if (old := have.get(n)) == new and old is not None else new for n, new in full.numbered())
    return replace(full, segments=segments)


def next_point(full: MediaPlaylist) -> tuple[int, int | None]:
    """(msn, part) of what comes next; part None in a playlist without parts."""
    number = full.media_sequence + full.skipped + len(full.segments)
    if full.part_target is None:
        return number, None
    last = full.segments[-1] if full.segments else None
    if last is not None and not last.uri:
        return number - 1, len(last.parts)
    return number, 0


def reached(full: MediaPlaylist) -> tuple[int, int]:
    """`next_point` as two numbers, so that any two can be compared."""
    number, part = next_point(full)
    return number, part or 0


def last_whole(full: MediaPlaylist) -> int:
    """The newest segment that is listed whole; one less than the first where none is."""
    count = sum(bool(segment.uri) for segment in full.segments)
    return full.media_sequence + full.skipped + count - 1


def duration(segment: MediaSegment) -> Decimal:
    """Seconds: EXTINF, or the parts that there are."""
    return segment.duration if segment.duration is not None else sum((p.duration for p in segment.parts), Decimal(0))


def skippable(full: MediaPlaylist, until_s: Decimal) -> int:
    """How many segments lie wholly before the skip boundary, `until_s` from the end of the last whole segment."""
    whole = [segment for segment in full.segments if segment.uri]
    from_end = list(accumulate(duration(segment) for segment in reversed(whole)))
    # the distance of a segment's end from the end of the playlist is that of the next one's start
    starts = [Decimal(0), *from_end][: len(whole)]
    return sum(distance >= until_s for distance in starts)
