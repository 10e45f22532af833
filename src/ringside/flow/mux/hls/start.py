"""EXT-X-START: where a player should begin."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from ringside.flow.mux.hls.attributes import SIGNED, YES, AttributeTag, Table


@dataclass(frozen=True, slots=True)
class Start(AttributeTag):
    """Preferred start in seconds, negative from the end (rfc8216bis §4.4.2.2)."""

    NAME: ClassVar[str] = "EXT-X-START"
    TABLE: ClassVar[Table] = {"TIME-OFFSET": ("time_offset", SIGNED), "PRECISE": ("precise", YES)}
    time_offset: Decimal
    precise: bool = False
