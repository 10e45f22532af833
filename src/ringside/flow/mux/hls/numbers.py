"""The tags with one whole number: VERSION, TARGETDURATION, MEDIA-SEQUENCE, DISCONTINUITY-SEQUENCE."""

from dataclasses import dataclass
from typing import ClassVar

from ringside.flow.mux.hls.tag import Number


@dataclass(frozen=True, slots=True)
class Version(Number):
    """Compatibility version of the playlist (rfc8216bis §4.4.1.2, §8)."""

    NAME: ClassVar[str] = "EXT-X-VERSION"


@dataclass(frozen=True, slots=True)
class TargetDuration(Number):
    """Longest segment in seconds, rounded (rfc8216bis §4.4.3.1)."""

    NAME: ClassVar[str] = "EXT-X-TARGETDURATION"


@dataclass(frozen=True, slots=True)
class MediaSequence(Number):
    """Media sequence number of the first segment (rfc8216bis §4.4.3.2)."""

    NAME: ClassVar[str] = "EXT-X-MEDIA-SEQUENCE"


@dataclass(frozen=True, slots=True)
class DiscontinuitySequence(Number):
    """How many DISCONTINUITY tags have left the playlist (rfc8216bis §4.4.3.3)."""

    NAME: ClassVar[str] = "EXT-X-DISCONTINUITY-SEQUENCE"
