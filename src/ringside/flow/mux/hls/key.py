"""EXT-X-KEY: how the segments after it are encrypted."""

from dataclasses import dataclass
from typing import ClassVar

from ringside.flow.mux.hls.attributes import ENUMERATED, HEX, QUOTED, AttributeTag, Table


@dataclass(frozen=True, slots=True)
class Key(AttributeTag):
    """Encryption of every segment up to the next KEY of its KEYFORMAT (rfc8216bis §4.4.4.4)."""

    NAME: ClassVar[str] = "EXT-X-KEY"
    TABLE: ClassVar[Table] = {
        "METHOD": ("method", ENUMERATED),
        "URI": ("uri", QUOTED),
        "IV": ("iv", HEX),
        "KEYFORMAT": ("keyformat", QUOTED),
        "KEYFORMATVERSIONS": ("keyformatversions", QUOTED),
    }
    method: str
    uri: str | None = None
    iv: str | None = None
    keyformat: str | None = None
    keyformatversions: str | None = None
