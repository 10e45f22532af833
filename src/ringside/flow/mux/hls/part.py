"""EXT-X-PART: a piece of a segment that can be had before the segment is whole."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from ringside.flow.mux.hls.attributes import DECIMAL, QUOTED, YES, AttributeTag, Table
from ringside.flow.mux.hls.byterange import RANGE, ByteRange


@dataclass(frozen=True, slots=True)
class Part(AttributeTag):
    """A partial segment (rfc8216bis §4.4.4.9); `duration` in seconds, at most the part target."""

    NAME: ClassVar[str] = "EXT-X-PART"
    TABLE: ClassVar[Table] = {
        "DURATION": ("duration", DECIMAL),
        "URI": ("uri", QUOTED),
        "INDEPENDENT": ("independent", YES),
        "BYTERANGE": ("byterange", RANGE),
        "GAP": ("gap", YES),
    }
    duration: Decimal
    uri: str
    independent: bool = False
    byterange: ByteRange | None = None
    gap: bool = False
