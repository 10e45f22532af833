"""When: an instant of a recording, as a person writes it. Pure.

    2026-11-23T20:15:00Z    a date and a time (ISO 8601); without an offset it is UTC
    20:15  20:15:30.5       a time of day, UTC, while the event was on
    90  +1:30  +1:02:03.5   seconds, or minutes and hours, from the beginning
    -30  -1:30              from the end

What has colons and no sign is a time of day.
"""

import re
from datetime import UTC, datetime
from fractions import Fraction

from ringside.core.errors import Misconfigured

DAY_S = 86_400
PLAIN = re.compile(r"(\d{1,9})(\.\d{1,9})?", re.ASCII)
COLONS = re.compile(r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2}(?:\.\d{1,9})?)", re.ASCII)
SPAN = "20:15:30 (UTC), 2026-11-23T20:15:30Z, 90 or +1:30 (from the beginning) or -30 (from the end)"


def instant(text: str, option: str, start_s: Fraction, end_s: Fraction) -> Fraction:
    """The Unix time, in seconds, that `text` means of a recording from `start_s` to `end_s`.

    Raises Misconfigured naming the `option`.
    """
    text = text.strip()
    sign, rest = (text[0], text[1:]) if text[:1] in ("+", "-") else ("", text)
    if PLAIN.fullmatch(rest):
        length = Fraction(rest)
        return end_s - length if sign == "-" else start_s + length
    colons = COLONS.fullmatch(rest)
    if colons is not None and all(float(part) < 60 for part in colons.groups()[1:]):
        hours, minutes, seconds = (Fraction(part or 0) for part in colons.groups())
        length = hours * 3600 + minutes * 60 + seconds
        if sign:
            return end_s - length if sign == "-" else start_s + length
        if colons[1] is None:
            length *= 60  # 20:15 is a quarter past eight
        return _of_day(length, text, option, start_s, end_s)
    try:
        at = datetime.fromisoformat(text)
        if "T" not in text and " " not in text:
            raise ValueError
    except ValueError:
        raise Misconfigured(f"{option}: {text!r} is no time; write it as {SPAN}") from None
    since = (at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
    return Fraction(since.days * DAY_S + since.seconds) + Fraction(since.microseconds, 10**6)


def _of_day(length: Fraction, text: str, option: str, start_s: Fraction, end_s: Fraction) -> Fraction:
    """A time of day in the recording; before or behind it where it is only a little so."""
    if length >= DAY_S:
        raise Misconfigured(f"{option}: {text!r} is no time of day; write it as {SPAN}")
    midnight = start_s // DAY_S * DAY_S
    days = [midnight + n * DAY_S + length for n in range(-1, int((end_s - start_s) // DAY_S) + 3)]
    inside = [at for at in days if start_s <= at <= end_s]
    if len(inside) > 1:
        raise Misconfigured(f"{option}: {text} was more than once; write the date too")
    return inside[0] if inside else min(days, key=lambda at: max(start_s - at, at - end_s))


def shown(unix_s: Fraction) -> str:
    """An instant, to the millisecond, UTC."""
    at = datetime.fromtimestamp(int(unix_s), UTC)
    return f"{at:%Y-%m-%d %H:%M:%S}.{int(unix_s % 1 * 1000):03} UTC"


def lasting(seconds: Fraction | float) -> str:
    """A duration for people: 4.2 s, 3 min 20 s, 2 h 05 min."""
    if seconds < 60:
        return f"{float(seconds):.3f}".rstrip("0").rstrip(".") + " s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
