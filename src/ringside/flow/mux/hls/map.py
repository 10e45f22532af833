"""EXT-X-MAP: the CMAF header that the segments after it need."""

from dataclasses import dataclass
from typing import ClassVar

from ringside.flow.mux.hls.attributes import QUOTED, AttributeTag, Table
from ringside.flow.mux.hls.byterange import RANGE, ByteRange


@dataclass(frozen=True, slots=True)
class Map(AttributeTag):
    """Media initialization section of every segment up to the next MAP (rfc8216bis §4.4.4.5)."""

    NAME: ClassVar[str] = "EXT-X-MAP"
    TABLE: ClassVar[Table] = {"URI": ("uri", QUOTED), "BYTERANGE": ("byterange", RANGE)}
    uri: str
    byterange: ByteRange | None = None
