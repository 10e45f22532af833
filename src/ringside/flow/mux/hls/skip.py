"""EXT-X-SKIP: the segments that a delta update leaves out."""

from dataclasses import dataclass
from typing import ClassVar

from ringside.flow.mux.hls.attributes import INTEGER, QUOTED, AttributeTag, Table


@dataclass(frozen=True, slots=True)
class Skip(AttributeTag):
    """How many segments are not repeated (rfc8216bis §4.4.5.2)."""

    NAME: ClassVar[str] = "EXT-X-SKIP"
    TABLE: ClassVar[Table] = {
        "SKIPPED-SEGMENTS": ("skipped_segments", INTEGER),
        "RECENTLY-REMOVED-DATERANGES": ("recently_removed_dateranges", QUOTED),
    }
    skipped_segments: int
    recently_removed_dateranges: str | None = None  # IDs, separated by tabs
