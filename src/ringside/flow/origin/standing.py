"""Standing: all there is to a window but its rules, as it is written down and taken up again."""

from collections.abc import Callable
from dataclasses import dataclass, field

from ringside.core.media import Part, Segment
from ringside.flow.origin.changes import Began, Change, Finished, Grew, Parted


@dataclass(slots=True)
class Growing:
    """The segment in the making. `session`: whose media it has, -1 without any so far."""

    number: int
    start_ticks: int
    init_name: str
    discontinuity: bool
    session: int = -1
    size: int = 0
    parts: list[Part] = field(default_factory=list)
    gathering: Part | None = None  # chunks that do not make a whole part yet


@dataclass(frozen=True, slots=True)
class Standing:
    """A window's state; each field is what the window calls by its name."""

    segments: tuple[Segment, ...] = ()
    growing: Growing | None = None
    number: int = -1
    first_ticks: int = 0
    end_ticks: int = 0
    lost: bool = False
    returning: bool = False
    discontinuity_sequence: int = 0
    init_name: str = ""
    new_timing: bool = False
    discontinuity: bool = False
    regular_ticks: int = 0
    chunk_ticks: int = 0


def changes_of(standing: Standing, media: Callable[[int], bytes]) -> list[Change]:
    """What happens to an empty window until it is this one; `media(n)`: the bytes of segment n.

    The newest media comes in two pieces, the second of which a viewer of the stream can begin with.
    """
    out: list[Change] = []
    growing = standing.growing
    newest = (
        growing.number if growing and growing.size else max((s.number for s in standing.segments if s.size), default=-1)
    )
    for segment in standing.segments:
        if not segment.gap:
            out += _media_of(segment, media(segment.number), list(segment.parts), segment.number == newest)
        out.append(Finished(segment))
    if growing is not None and growing.size:
        gathering = [growing.gathering] if growing.gathering else []
        out += _media_of(growing, media(growing.number), [*growing.parts, *gathering], True)[: -len(gathering) or None]
    elif growing is not None:
        out += [Parted(growing.number, part) for part in growing.parts]
    return out


def _media_of(segment: Segment | Growing, data: bytes, parts: list[Part], joins: bool) -> list[Change]:
    number, name = segment.number, segment.init_name
    start = next((p for p in reversed(parts) if p.independent and not p.gap), None) if joins else None
    at = start.offset if start is not None else 0
    out: list[Change] = [Began(number)]
    if at or start is None:
        first = data[: at or None]
        out.append(Grew(number, first, len(first), segment.start_ticks, False, name))
    if start is not None:
        out.append(Grew(number, data[at:], len(data), start.start_ticks, True, name))
    return out + [Parted(number, part) for part in parts]
