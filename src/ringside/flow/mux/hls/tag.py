"""Tag: one `#EXT` line of a playlist, and the two shapes without an attribute list.

Every tag is a frozen value that parses the text behind its colon and writes its whole line. Numbers with a decimal
point stay `Decimal`, so that what was printed is what is compared. Nothing here knows which tags exist.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

from ringside.core.errors import RingsideError


class Malformed(RingsideError):
    """A playlist, or one of its tags, does not follow rfc8216bis §4; the sentence names the tag and the fault."""


class Tag(Protocol):
    """What every tag can do."""

    NAME: ClassVar[str]

    @classmethod
    def parse(cls, value: str | None) -> Self:
        """The tag whose text behind the colon is `value` (None: no colon). Raises Malformed."""
        ...

    def write(self) -> str:
        """The whole line, without a line end."""
        ...


@dataclass(frozen=True, slots=True)
class Flag:
    """A tag that says all by being there."""

    NAME: ClassVar[str] = ""

    @classmethod
    def parse(cls, value: str | None) -> Self:
        """The tag. Raises Malformed when a value follows it."""
        if value is not None:
            raise Malformed(f"{cls.NAME}: takes no value, has {value!r}")
        return cls()

    def write(self) -> str:
        """The whole line."""
        return f"#{self.NAME}"


@dataclass(frozen=True, slots=True)
class Number:
    """A tag with one decimal-integer (rfc8216bis §4.2)."""

    NAME: ClassVar[str] = ""
    value: int

    @classmethod
    def parse(cls, value: str | None) -> Self:
        """The tag. Raises Malformed when `value` is not a decimal-integer."""
        return cls(integer(value or "", cls.NAME))

    def write(self) -> str:
        """The whole line."""
        return f"#{self.NAME}:{self.value}"


@dataclass(frozen=True, slots=True)
class Unknown:
    """A tag kept as it was: not one of ours, or one of ours that could not be read (`reason` says why)."""

    NAME: ClassVar[str] = ""
    name: str
    value: str | None = None
    reason: str = ""

    @classmethod
    def parse(cls, value: str | None) -> Self:
        """Unknown tags have no name to parse under: always raises Malformed."""
        raise Malformed(f"a tag without a name has the value {value!r}")

    def write(self) -> str:
        """The whole line."""
        return f"#{self.name}" if self.value is None else f"#{self.name}:{self.value}"


def integer(text: str, what: str) -> int:
    """`text` as a decimal-integer of 0 to 2^64-1 (rfc8216bis §4.2). Raises Malformed naming `what`."""
    if not (text.isascii() and text.isdigit() and len(text) <= 20 and int(text) < 2**64):
        raise Malformed(f"{what}: {text!r} is not a decimal-integer")
    return int(text)
