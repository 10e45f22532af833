"""What happened to a track's window: the words between `window`, which decides, and `lane`, which publishes."""

from dataclasses import dataclass

from ringside.core.media import Part, Segment


@dataclass(frozen=True, slots=True)
class Began:
    """The media of segment `number` begins."""

    number: int


@dataclass(frozen=True, slots=True)
class Grew:
    """`data`, a chunk that starts at `start_ticks`, was added to segment `number`, which now has `size` bytes.

    `independent`: it can be decoded with nothing but the header `init_name`.
    """

    number: int
    data: bytes
    size: int
    start_ticks: int
    independent: bool
    init_name: str


@dataclass(frozen=True, slots=True)
class Parted:
    """A part of segment `number` is complete, or is known to be missing (`part.gap`)."""

    number: int
    part: Part


@dataclass(frozen=True, slots=True)
class Finished:
    """Nothing more will be added to `segment`."""

    segment: Segment


@dataclass(frozen=True, slots=True)
class Dropped:
    """A chunk was not used; `reason` is a word or two for a metric's label."""

    reason: str


Change = Began | Grew | Parted | Finished | Dropped
