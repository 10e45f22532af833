"""Source: what every way into Ringside looks like to the studio, and what is known of one beforehand."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol, runtime_checkable

from ringside.core.errors import RingsideError
from ringside.flow.capture.sink import Sink


class NotPlayable(RingsideError):
    """A source cannot be read: the sentence names it and says why."""


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """A source's picture as it is shown (square pixels, even, upright), and the frame rate an event takes for it."""

    width: int
    height: int
    fps: Fraction
    has_audio: bool
    has_video: bool
    description: str


class Source(Protocol):
    """A way in. `delay_ns` is how far behind real time its pictures may be asked for, so that jitter is absorbed."""

    @property
    def kind(self) -> str:
        """testcard, slate, file, mpegts, rtmp, srt or whip."""

    @property
    def name(self) -> str:
        """For people: a file's name or an address, without a key."""

    @property
    def delay_ns(self) -> int:
        """Nanoseconds."""

    @property
    def info(self) -> SourceInfo:
        """What is known of it; what was configured where nothing can be known yet."""

    def start(self, sink: Sink) -> None:
        """Begin to hand media to `sink`, from threads of its own. Raises RingsideError."""

    def stop(self) -> None:
        """End; the sink is called no more once this returns."""


@runtime_checkable
class Telling(Protocol):
    """A source that has more to tell of itself than its feed knows."""

    def status(self) -> dict[str, Any]:
        """Plain values, ready for JSON, without a key; e.g. rtt_ms of SRT."""
