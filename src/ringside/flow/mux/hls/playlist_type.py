"""EXT-X-PLAYLIST-TYPE: whether a playlist may still change, and how."""

from dataclasses import dataclass
from typing import ClassVar, Self

from ringside.flow.mux.hls.tag import Malformed


@dataclass(frozen=True, slots=True)
class PlaylistType:
    """EVENT or VOD (rfc8216bis §4.4.3.5); never on a sliding window."""

    NAME: ClassVar[str] = "EXT-X-PLAYLIST-TYPE"
    value: str

    @classmethod
    def parse(cls, value: str | None) -> Self:
        """The tag. Raises Malformed when it is neither EVENT nor VOD."""
        if value not in ("EVENT", "VOD"):
            raise Malformed(f"{cls.NAME}: {value!r} is neither EVENT nor VOD")
        return cls(value)

    def write(self) -> str:
        """The whole line."""
        return f"#{self.NAME}:{self.value}"
