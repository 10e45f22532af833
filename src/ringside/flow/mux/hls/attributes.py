"""Attribute lists (rfc8216bis §4.2): comma-separated NAME=VALUE with quoted strings, and tags made of one.

A tag lists its attributes in a table: name, field, codec. Parsing and writing both walk that table; attributes that
are not in it are kept as they were in `extra`. Nothing here knows any single tag.
"""

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Self

from ringside.flow.mux.hls.tag import Malformed, integer

_PAIR = re.compile(r'\s*([A-Z0-9-]+)=("[^"\r\n]*"|[^",\s]+)\s*(?:,|$)')
_DECIMAL = re.compile(r"\d{1,20}(?:\.\d{1,20})?", re.ASCII)
_HEX = re.compile(r"0[xX][0-9A-Fa-f]+", re.ASCII)
_ENUMERATED = re.compile(r'[^",\s]+')
_UNQUOTABLE = re.compile(r'["\r\n]')


@dataclass(frozen=True, slots=True)
class Codec:
    """One attribute value type: text to value, raising Malformed, and back."""

    read: Callable[[str], Any]
    write: Callable[[Any], str]


Table = Mapping[str, tuple[str, Codec]]


def read(text: str) -> list[tuple[str, str]]:
    """The (NAME, VALUE) pairs of an attribute list, quotes kept. Raises Malformed."""
    pairs: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        match = _PAIR.match(text, at)
        if match is None:
            raise Malformed(f"not an attribute list from {text[at : at + 24]!r} on")
        pairs.append((match[1], match[2]))
        at = match.end()
    if len({name for name, _ in pairs}) != len(pairs):
        raise Malformed("an attribute appears more than once")
    return pairs


def _unquote(text: str) -> str:
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        raise Malformed(f"{text!r} is not a quoted-string")
    return text[1:-1]


def _quote(value: str) -> str:
    if _UNQUOTABLE.search(value):
        raise Malformed(f"{value!r} cannot stand in a quoted-string")
    return f'"{value}"'


def _decimal(text: str) -> Decimal:
    if not _DECIMAL.fullmatch(text):
        raise Malformed(f"{text!r} is not a decimal-floating-point number")
    return Decimal(text)


def _signed(text: str) -> Decimal:
    return -_decimal(text[1:]) if text.startswith("-") else _decimal(text)


def _plain(value: Decimal) -> str:
    return format(value, "f")


def _matching(pattern: re.Pattern[str], kind: str) -> Codec:
    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise Malformed(f"{text!r} is not {kind}")
        return text

    return Codec(check, check)


def _yes(text: str) -> bool:
    if text not in ("YES", "NO"):
        raise Malformed(f"{text!r} is neither YES nor NO")
    return text == "YES"


def _resolution(text: str) -> tuple[int, int]:
    width, cross, height = text.partition("x")
    if not cross:
        raise Malformed(f"{text!r} is not a decimal-resolution")
    return integer(width, "width"), integer(height, "height")


QUOTED = Codec(_unquote, _quote)
INTEGER = Codec(lambda text: integer(text, "value"), str)
DECIMAL = Codec(_decimal, _plain)
SIGNED = Codec(_signed, _plain)
YES = Codec(_yes, lambda value: "YES" if value else "NO")
HEX = _matching(_HEX, "a hexadecimal-sequence")
ENUMERATED = _matching(_ENUMERATED, "an enumerated-string")
RESOLUTION = Codec(_resolution, lambda value: f"{value[0]}x{value[1]}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeTag:
    """A tag that is an attribute list: `TABLE` maps its attributes to its fields; None and False are not written."""

    NAME: ClassVar[str] = ""
    TABLE: ClassVar[Table] = {}
    extra: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, value: str | None) -> Self:
        """The tag with these attributes. Raises Malformed naming the tag and the attribute."""
        fields: dict[str, Any] = {}
        extra: list[tuple[str, str]] = []
        name = ""
        try:
            for name, text in read(value or ""):
                if name in cls.TABLE:
                    field, codec = cls.TABLE[name]
                    fields[field] = codec.read(text)
                else:
                    extra.append((name, text))
        except Malformed as fault:
            raise Malformed(f"{cls.NAME}: {name + ': ' if name else ''}{fault}") from None
        required = {field.name for field in dataclasses.fields(cls) if field.default is dataclasses.MISSING}
        for name, (field, _) in cls.TABLE.items():
            if field in required and field not in fields:
                raise Malformed(f"{cls.NAME}: {name} is missing")
        return cls(**fields, extra=tuple(extra))

    def write(self) -> str:
        """The whole line, known attributes in the table's order."""
        pairs = []
        for name, (field, codec) in self.TABLE.items():
            value = getattr(self, field)
            if value is not None and value is not False:
                pairs.append(f"{name}={codec.write(value)}")
        pairs += [f"{name}={text}" for name, text in self.extra]
        return f"#{self.NAME}:{','.join(pairs)}"
