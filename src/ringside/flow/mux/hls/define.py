"""EXT-X-DEFINE: a variable for the rest of the playlist."""

from dataclasses import dataclass
from typing import ClassVar

from ringside.flow.mux.hls.attributes import QUOTED, AttributeTag, Table


@dataclass(frozen=True, slots=True)
class Define(AttributeTag):
    """A variable by name and value, imported, or from the query (rfc8216bis §4.4.2.3)."""

    NAME: ClassVar[str] = "EXT-X-DEFINE"
    TABLE: ClassVar[Table] = {
        "NAME": ("name", QUOTED),
        "VALUE": ("value", QUOTED),
        "IMPORT": ("import_", QUOTED),
        "QUERYPARAM": ("queryparam", QUOTED),
    }
    name: str | None = None
    value: str | None = None
    import_: str | None = None
    queryparam: str | None = None
