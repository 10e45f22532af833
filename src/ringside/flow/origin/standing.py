"""Standing: all there is to a window but its rules, as it is written down and taken up again."""

from dataclasses import dataclass, field

from ringside.core.media import Part, Segment


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
