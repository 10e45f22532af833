"""Wording: a segment as the lines of a playlist: what stands before its media, and what closes it.

Times are rounded to the microsecond, not durations: whatever is printed lasts from its rounded start to its rounded
end, so that parts add up to their segment and segments to the playlist, exactly.
"""

from decimal import Decimal

from ringside.core.media import NS_PER_S, Segment, rescale
from ringside.flow.mux.hls.extinf import ExtInf
from ringside.flow.mux.hls.flags import Discontinuity, Gap
from ringside.flow.mux.hls.map import Map
from ringside.flow.mux.hls.program_date_time import ProgramDateTime
from ringside.flow.mux.hls.tag import Tag

US_PER_S = 1_000_000


def lasting(start_ticks: int, duration_ticks: int, timescale: int) -> int:
    """A duration to print, in microseconds: from the rounded start to the rounded end."""
    return rescale(start_ticks + duration_ticks, timescale, US_PER_S) - rescale(start_ticks, timescale, US_PER_S)


def seconds(start_ticks: int, duration_ticks: int, timescale: int) -> Decimal:
    """The same in seconds."""
    return Decimal(lasting(start_ticks, duration_ticks, timescale)).scaleb(-6)


def block(*tags: Tag) -> str:
    """Lines of tags."""
    return "".join(f"{tag.write()}\n" for tag in tags)


def opening(segment: Segment, before: Segment | None, timescale: int, dated: bool = True) -> str:
    """All that must precede a segment's first part (§4.4.4.9); `dated`: its date too."""
    tags: list[Tag] = [Discontinuity()] if segment.discontinuity else []
    if segment.discontinuity or (before and before.init_name != segment.init_name):
        tags.append(Map(segment.init_name))
    if dated:
        tags.append(date(segment, timescale))
    if segment.gap:
        tags.append(Gap())
    return block(*tags)


def date(segment: Segment, timescale: int) -> ProgramDateTime:
    """When a segment's first sample was captured."""
    return ProgramDateTime.from_ns(rescale(segment.start_ticks, timescale, NS_PER_S))


def closing(segment: Segment, timescale: int) -> str:
    """How long a segment is, and its name."""
    extinf = ExtInf(seconds(segment.start_ticks, segment.duration_ticks, timescale))
    return f"{extinf.write()}\n{segment.number}.m4s\n"
