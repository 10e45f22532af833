"""EXT-X-SESSION-DATA: a word about the presentation, for whoever knows its name."""

from dataclasses import dataclass
from typing import ClassVar

from ringside.flow.mux.hls.attributes import QUOTED, AttributeTag, Table


@dataclass(frozen=True, slots=True)
class SessionData(AttributeTag):
    """A named value (rfc8216bis §4.4.6.4); a quoted string holds no line break and no double quote."""

    NAME: ClassVar[str] = "EXT-X-SESSION-DATA"
    TABLE: ClassVar[Table] = {
        "DATA-ID": ("data_id", QUOTED),
        "VALUE": ("value", QUOTED),
        "URI": ("uri", QUOTED),
        "LANGUAGE": ("language", QUOTED),
    }
    data_id: str
    value: str | None = None
    uri: str | None = None
    language: str | None = None
