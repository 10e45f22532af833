"""EXT-X-BYTERANGE, and the same `length[@offset]` inside the attributes of PART and MAP."""

from dataclasses import dataclass
from typing import ClassVar, Self

from ringside.flow.mux.hls.attributes import QUOTED, Codec
from ringside.flow.mux.hls.tag import integer


@dataclass(frozen=True, slots=True)
class ByteRange:
    """A sub-range of a resource in bytes (rfc8216bis §4.4.4.2); no offset: it follows the range before."""

    NAME: ClassVar[str] = "EXT-X-BYTERANGE"
    length: int
    offset: int | None = None

    @classmethod
    def parse(cls, value: str | None) -> Self:
        """The range written as `value`. Raises Malformed."""
        length, at, offset = (value or "").partition("@")
        return cls(integer(length, f"{cls.NAME} length"), integer(offset, f"{cls.NAME} offset") if at else None)

    @property
    def text(self) -> str:
        """`length[@offset]`."""
        return f"{self.length}" if self.offset is None else f"{self.length}@{self.offset}"

    def write(self) -> str:
        """The whole line."""
        return f"#{self.NAME}:{self.text}"


RANGE = Codec(lambda text: ByteRange.parse(QUOTED.read(text)), lambda value: QUOTED.write(value.text))
