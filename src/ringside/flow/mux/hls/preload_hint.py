"""EXT-X-PRELOAD-HINT: what will be published next, so that it can be asked for already."""

from dataclasses import dataclass
from typing import ClassVar

from ringside.flow.mux.hls.attributes import ENUMERATED, INTEGER, QUOTED, AttributeTag, Table


@dataclass(frozen=True, slots=True)
class PreloadHint(AttributeTag):
    """A PART or MAP to come (rfc8216bis §4.4.5.3)."""

    NAME: ClassVar[str] = "EXT-X-PRELOAD-HINT"
    TABLE: ClassVar[Table] = {
        "TYPE": ("type", ENUMERATED),
        "URI": ("uri", QUOTED),
        "BYTERANGE-START": ("byterange_start", INTEGER),
        "BYTERANGE-LENGTH": ("byterange_length", INTEGER),
    }
    type: str
    uri: str
    byterange_start: int | None = None
    byterange_length: int | None = None
