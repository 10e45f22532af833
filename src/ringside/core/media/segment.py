"""Part, Segment and View: what an origin's window holds, as manifest writers see it."""

from dataclasses import dataclass

from ringside.core.media.track import Track


@dataclass(frozen=True, slots=True)
class Part:
    """Part `index` of a segment: a byte range of it. A `gap` part has no media."""

    index: int
    start_ticks: int
    duration_ticks: int
    independent: bool
    offset: int = 0
    size: int = 0
    gap: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """Segment `number` of a track, with the parts it has so far; `complete` once nothing can be added.

    `init_name` is the CMAF header it needs. `discontinuity`: its timing or parameters do not continue the
    segment before. A `gap` segment has no media (no parts either, or gap parts only).
    """

    number: int
    start_ticks: int
    duration_ticks: int  # of the parts so far
    parts: tuple[Part, ...]
    complete: bool
    init_name: str
    size: int = 0
    gap: bool = False
    discontinuity: bool = False

    def __repr__(self) -> str:
        state = "gap" if self.gap else "complete" if self.complete else f"{len(self.parts)} parts"
        return f"<Segment {self.number} {state} {self.size} B>"


@dataclass(frozen=True, slots=True)
class View:
    """One track's window at one moment, oldest segment first; only the last segment may be incomplete.

    `next` is the (segment, part) that will be published next. `target_s` and `part_target_s` never change
    during an event; `part_target_s` of 0 means that the track has no parts (a foreign encoder's whole segments).
    `chunk_s`: the longest chunk, where a part is made of several; 0 where each is a part.
    """

    track: Track
    segments: tuple[Segment, ...]
    next: tuple[int, int]
    target_s: int
    part_target_s: float
    discontinuity_sequence: int = 0
    ended: bool = False
    chunk_s: float = 0.0

    @property
    def last(self) -> tuple[int, int]:
        """(number, part) of the newest part published; part -1 when the segment is listed whole without parts."""
        if not self.segments:
            return (-1, -1)
        segment = self.segments[-1]
        return (segment.number, segment.parts[-1].index if segment.parts else -1)
