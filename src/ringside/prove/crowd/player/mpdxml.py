"""Attributes and children of an MPD's elements: numbers, durations and dates read, or refused in one sentence."""

import re
from datetime import UTC, datetime
from math import inf, isfinite
from xml.etree.ElementTree import Element

from ringside.core.errors import RingsideError

DURATION = re.compile(
    r"(-?)P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d*)?|\.\d+)S)?)?", re.ASCII
)
UNITS_S = (365 * 86_400, 30 * 86_400, 86_400, 3600, 60, 1)


class MpdError(RingsideError):
    """The document is no MPD that can be played; the sentence says why."""


def name_of(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def children(element: Element, name: str) -> list[Element]:
    return [child for child in element if isinstance(child.tag, str) and name_of(child) == name]


def child(element: Element, name: str) -> Element | None:
    return next(iter(children(element, name)), None)


def whole(element: Element, name: str, default: int) -> int:
    text = element.get(name)
    if text is None:
        return default
    if len(text) < 25 and re.fullmatch(r"\s*-?\d+\s*", text, re.ASCII):
        return int(text)
    raise MpdError(f"{name_of(element)}@{name} is {text[:40]!r}, not a whole number")


def real(element: Element, name: str, default: float) -> float:
    text = element.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = inf
    if not isfinite(value):
        raise MpdError(f"{name_of(element)}@{name} is {text[:40]!r}, not a number")
    return value


def offset(text: str | None) -> float:
    if text is None:
        return 0.0
    try:
        value = float(text)
    except ValueError:
        raise MpdError(f"availabilityTimeOffset is {text[:40]!r}, not a number") from None
    if value != value:
        raise MpdError("availabilityTimeOffset is not a number")
    return value


def seconds(element: Element, name: str) -> float | None:
    text = element.get(name)
    if text is None:
        return None
    found = DURATION.fullmatch(text.strip()) if len(text) < 100 else None
    if found is None or text.strip()[-1:] in ("P", "T"):
        raise MpdError(f"{name_of(element)}@{name} is {text[:40]!r}, not a duration")
    sign, *amounts = found.groups()
    amount_s = sum(float(amount) * unit for amount, unit in zip(amounts, UNITS_S, strict=True) if amount)
    return -amount_s if sign else amount_s


def unix_s(element: Element, name: str) -> float:
    text = element.get(name, "").strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise MpdError(f"{name_of(element)}@{name} is {text[:40]!r}, not a date and time") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
