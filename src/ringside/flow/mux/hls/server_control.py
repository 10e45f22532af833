"""EXT-X-SERVER-CONTROL: which delivery directives the server understands, and how far back to play."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from ringside.flow.mux.hls.attributes import DECIMAL, YES, AttributeTag, Table


@dataclass(frozen=True, slots=True)
class ServerControl(AttributeTag):
    """Delivery directives (rfc8216bis §4.4.3.8); all values in seconds."""

    NAME: ClassVar[str] = "EXT-X-SERVER-CONTROL"
    TABLE: ClassVar[Table] = {
        "CAN-BLOCK-RELOAD": ("can_block_reload", YES),
        "CAN-SKIP-UNTIL": ("can_skip_until", DECIMAL),
        "CAN-SKIP-DATERANGES": ("can_skip_dateranges", YES),
        "HOLD-BACK": ("hold_back", DECIMAL),
        "PART-HOLD-BACK": ("part_hold_back", DECIMAL),
    }
    can_block_reload: bool = False
    can_skip_until: Decimal | None = None  # MUST be at least six target durations
    can_skip_dateranges: bool = False
    hold_back: Decimal | None = None  # MUST be at least three target durations
    part_hold_back: Decimal | None = None  # MUST be at least two part targets, SHOULD be three
