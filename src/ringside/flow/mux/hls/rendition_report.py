"""EXT-X-RENDITION-REPORT: how far another rendition is, so that switching to it needs no guess."""

from dataclasses import dataclass
from typing import ClassVar

from ringside.flow.mux.hls.attributes import INTEGER, QUOTED, AttributeTag, Table


@dataclass(frozen=True, slots=True)
class RenditionReport(AttributeTag):
    """The newest segment and part of another rendition (rfc8216bis §4.4.5.4)."""

    NAME: ClassVar[str] = "EXT-X-RENDITION-REPORT"
    TABLE: ClassVar[Table] = {
        "URI": ("uri", QUOTED),
        "LAST-MSN": ("last_msn", INTEGER),
        "LAST-PART": ("last_part", INTEGER),
    }
    uri: str  # relative to this playlist
    last_msn: int | None = None
    last_part: int | None = None
