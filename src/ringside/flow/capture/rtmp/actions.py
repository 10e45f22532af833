"""What a session asks of its shell: write, take or leave the stage, pass media on, close."""

from dataclasses import dataclass

from ringside.flow.capture.coded.unit import Config, Unit

WRAP_NS = (1 << 32) * 1_000_000  # a timestamp is 32 bits of milliseconds


@dataclass(frozen=True, slots=True)
class Send:
    """Write these bytes."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Published:
    """The key was right and the stage is this connection's: an older publisher, if any, has to go."""


@dataclass(frozen=True, slots=True)
class Media:
    """A sequence header or a coded frame. `pts_ns` is the wire's timestamp plus the frame's offset, modulo WRAP_NS."""

    unit: Config | Unit
    pts_ns: int


@dataclass(frozen=True, slots=True)
class Spoiled:
    """A media message that could not be read; the session goes on."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unpublished:
    """The publisher left the stage."""

    reason: str


@dataclass(frozen=True, slots=True)
class Close:
    """Send what is unsent, then close. `fault` says that the peer did something wrong."""

    reason: str
    fault: bool


Action = Send | Published | Media | Spoiled | Unpublished | Close
