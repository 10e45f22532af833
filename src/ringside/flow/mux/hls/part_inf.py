"""EXT-X-PART-INF: the longest part of the playlist."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from ringside.flow.mux.hls.attributes import DECIMAL, AttributeTag, Table


@dataclass(frozen=True, slots=True)
class PartInf(AttributeTag):
    """Part target duration in seconds (rfc8216bis §4.4.3.7)."""

    NAME: ClassVar[str] = "EXT-X-PART-INF"
    TABLE: ClassVar[Table] = {"PART-TARGET": ("part_target", DECIMAL)}
    part_target: Decimal
