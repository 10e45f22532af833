"""EXTINF: how long a segment is."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, Self

from ringside.flow.mux.hls.attributes import DECIMAL
from ringside.flow.mux.hls.tag import Malformed


@dataclass(frozen=True, slots=True)
class ExtInf:
    """Duration of a segment in seconds, and a title for people (rfc8216bis §4.4.4.1)."""

    NAME: ClassVar[str] = "EXTINF"
    duration: Decimal
    title: str = ""

    @classmethod
    def parse(cls, value: str | None) -> Self:
        """The tag. Raises Malformed. A missing comma is let pass, as every player does."""
        duration, _, title = (value or "").partition(",")
        try:
            return cls(DECIMAL.read(duration.strip()), title)
        except Malformed as fault:
            raise Malformed(f"{cls.NAME}: {fault}") from None

    def write(self) -> str:
        """The whole line."""
        return f"#{self.NAME}:{DECIMAL.write(self.duration)},{self.title}"
