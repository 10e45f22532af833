"""XML elements and the attribute formats of an MPD (ISO/IEC 23009-1 Annex B): dates, durations, numbers.

Attributes given as None are left out. Nothing here knows any single element.
"""

from datetime import UTC, datetime
from fractions import Fraction
from xml.etree import ElementTree

NAMESPACE = "urn:mpeg:dash:schema:mpd:2011"


def element(
    name: str, attributes: dict[str, str | int | None] | None = None, *children: ElementTree.Element
) -> ElementTree.Element:
    """An element of the MPD with its attributes in order."""
    made = ElementTree.Element(name, {key: str(v) for key, v in (attributes or {}).items() if v is not None})
    made.extend(children)
    return made


def document(root: ElementTree.Element) -> bytes:
    """The element as a UTF-8 document, indented."""
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def duration(seconds: Fraction) -> str:
    """xs:duration, down to the millisecond: PT1.787S."""
    whole, ms = divmod(seconds.numerator * 1000 // seconds.denominator, 1000)
    return f"PT{whole}.{ms:03}S" if ms else f"PT{whole}S"


def date(unix_ns: int) -> str:
    """xs:dateTime in UTC, down to the millisecond."""
    seconds, ms = divmod(unix_ns // 1_000_000, 1000)
    fraction = f".{ms:03}" if ms else ""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}{fraction}Z"


def decimal(value: Fraction) -> str:
    """A decimal number down to 10 µs, without idle zeros."""
    whole, rest = divmod(value.numerator * 100_000 // value.denominator, 100_000)
    return f"{whole}.{rest:05}".rstrip("0").rstrip(".")


def rate(value: Fraction) -> str:
    """A frame rate as the MPD writes it: 30 or 30000/1001."""
    return str(value)
