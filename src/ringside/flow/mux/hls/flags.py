"""The tags without a value: INDEPENDENT-SEGMENTS, I-FRAMES-ONLY, GAP, DISCONTINUITY, ENDLIST."""

from dataclasses import dataclass
from typing import ClassVar

from ringside.flow.mux.hls.tag import Flag


@dataclass(frozen=True, slots=True)
class IndependentSegments(Flag):
    """Every segment can be decoded without another (rfc8216bis §4.4.2.1)."""

    NAME: ClassVar[str] = "EXT-X-INDEPENDENT-SEGMENTS"


@dataclass(frozen=True, slots=True)
class IFramesOnly(Flag):
    """Each segment describes a single I-frame (rfc8216bis §4.4.3.6)."""

    NAME: ClassVar[str] = "EXT-X-I-FRAMES-ONLY"


@dataclass(frozen=True, slots=True)
class Gap(Flag):
    """The segment has no media and should not be loaded (rfc8216bis §4.4.4.7)."""

    NAME: ClassVar[str] = "EXT-X-GAP"


@dataclass(frozen=True, slots=True)
class Discontinuity(Flag):
    """Timing or parameters do not continue the segment before (rfc8216bis §4.4.4.3)."""

    NAME: ClassVar[str] = "EXT-X-DISCONTINUITY"


@dataclass(frozen=True, slots=True)
class EndList(Flag):
    """No more segments will be added (rfc8216bis §4.4.3.4)."""

    NAME: ClassVar[str] = "EXT-X-ENDLIST"
