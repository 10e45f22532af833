"""Track: one elementary stream of an event, and the grid its frames lie on.

A grid is anchored to the Unix epoch: frame `k` starts at `k · frame_ticks` ticks. Every encoder of a
track, started at any moment on any machine, therefore makes frames with the same indices.
"""

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Kind = Literal["video", "audio"]


@dataclass(frozen=True, slots=True)
class Grid:
    """Frames of constant duration from the epoch on: `frame_ticks` each, at `timescale` ticks a second."""

    kind: Kind
    timescale: int
    frame_ticks: int

    @classmethod
    def video(cls, fps: Fraction) -> "Grid":
        """The grid of `fps` frames a second, e.g. 30000/1001, exact to the tick."""
        scale = 1 if fps.numerator >= 10_000 else 1000
        return cls("video", fps.numerator * scale, fps.denominator * scale)

    @classmethod
    def audio(cls, sample_rate: int = 48_000, samples: int = 1024) -> "Grid":
        """The grid of AAC frames: `samples` at `sample_rate` Hz."""
        return cls("audio", sample_rate, samples)

    @property
    def frame_s(self) -> Fraction:
        """Duration of one frame in seconds."""
        return Fraction(self.frame_ticks, self.timescale)

    def index(self, ticks: int) -> int:
        """The frame that starts nearest to `ticks`."""
        return (2 * ticks + self.frame_ticks) // (2 * self.frame_ticks)

    def start_ns(self, index: int) -> int:
        """Unix time in nanoseconds at which frame `index` starts (rounded to the nearest)."""
        return (2 * index * self.frame_ticks * 10**9 + self.timescale) // (2 * self.timescale)

    def index_at(self, ns: int) -> int:
        """The frame that is running at `ns` nanoseconds of Unix time."""
        return ns * self.timescale // (self.frame_ticks * 10**9)


@dataclass(frozen=True, slots=True)
class Track:
    """One track as manifests and players see it. `init` is its CMAF header (ftyp + moov)."""

    name: str
    kind: Kind
    codec: str  # RFC 6381, e.g. avc1.64001F
    timescale: int
    init: bytes
    bandwidth_bps: int  # peak, media only
    average_bps: int
    width: int = 0
    height: int = 0
    fps: Fraction = Fraction(0)
    sample_rate: int = 0
    channels: int = 0
    language: str = "und"

    @property
    def init_name(self) -> str:
        """File name of the CMAF header: it carries its own hash, so that it may be cached for ever."""
        return f"init-{hashlib.sha256(self.init).hexdigest()[:12]}.mp4"

    def __repr__(self) -> str:
        shape = (
            f"{self.width}x{self.height}@{float(self.fps):.4g}" if self.kind == "video" else f"{self.sample_rate} Hz"
        )
        return f"<Track {self.name} {self.codec} {shape} {self.average_bps // 1000} kb/s>"
