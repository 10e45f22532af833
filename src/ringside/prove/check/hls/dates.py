"""HLS: program dates (draft-pantos-hls-rfc8216bis-22 §4.4.4.6, §6.2.1, §6.2.4, App. B.1)."""

import re
from collections.abc import Iterator

from ringside.prove.check.finding import Finding, Rule
from ringside.prove.check.hls.look import NS_PER_S, dates, everything, low_latency, place, segments
from ringside.prove.check.seen import HlsStream, Version

EVERYWHERE = Rule(
    "hls.date-in-every-playlist", "MUST", "rfc8216bis §6.2.4",
    "When one media playlist has PROGRAM-DATE-TIME, all of the presentation have it.",
)  # fmt: skip
LOW_LATENCY = Rule("ll-hls.date", "MUST", "rfc8216bis App. B.1", "A low-latency playlist has PROGRAM-DATE-TIME.")
UNAMBIGUOUS = Rule(
    "hls.date-unambiguous", "MUST", "rfc8216bis §6.2.1",
    "Dates of successive segments do not overlap by a second or more, nor by a whole segment.",
)  # fmt: skip
AT_DISCONTINUITY = Rule(
    "hls.date-at-discontinuity", "SHOULD", "rfc8216bis §6.2.1",
    "Where there are dates, every segment with a DISCONTINUITY has one.",
)  # fmt: skip
PRECISE = Rule("hls.date-precise", "SHOULD", "rfc8216bis §4.4.4.6", "A date has a time zone and milliseconds at least.")

_PRECISE = re.compile(r"T\d\d:?\d\d:?\d\d[.,]\d{3,}(?:Z|[+-]\d\d(?::?\d\d)?)$", re.IGNORECASE)


def _dated(version: Version) -> bool:
    return any(segment.program_date_time for segment in version.full.segments)


def in_every_playlist(stream: HlsStream) -> Iterator[Finding]:
    """Judged on the last version of each, once it has a segment."""
    last = [versions[-1] for versions in everything(stream) if versions[-1].full.segments]
    with_dates = next((version for version in last if _dated(version)), None)
    for version in last:
        if with_dates and not _dated(version):
            yield EVERYWHERE.broken(version.name, "no dates", f"dates as in {with_dates.name}")
    for versions in everything(stream):
        if low_latency(versions) and versions[-1].full.segments and not _dated(versions[-1]):
            yield LOW_LATENCY.broken(versions[-1].name, "no dates", "dates")


def unambiguous(stream: HlsStream) -> Iterator[Finding]:
    """A date is compared with the end of the segment before; sub-second overlaps are a drifting clock's right."""
    for versions in everything(stream):
        for version in (versions[0], versions[-1])[: len(versions)]:
            before: tuple[int, int] | None = None
            for number, _, start, end in dates(version.full):
                if before and (start <= before[0] or start <= before[1] - NS_PER_S):
                    over = (before[1] - start) / NS_PER_S
                    seen = f"begins {over:.3f} s before the segment before ends"
                    yield UNAMBIGUOUS.broken(place(version, number), seen, "less than 1 s, and after it begins")
                before = (start, end)


def at_discontinuity(stream: HlsStream) -> Iterator[Finding]:
    """Only in playlists that have dates at all."""
    for versions in everything(stream):
        listed = segments(versions)
        if not any(one.segment.program_date_time for one in listed):
            continue
        for one in listed:
            if one.segment.discontinuity and not one.segment.program_date_time:
                yield AT_DISCONTINUITY.broken(one.where, "DISCONTINUITY without a date", "a PROGRAM-DATE-TIME")


def precise(stream: HlsStream) -> Iterator[Finding]:
    """The text, as printed."""
    for versions in everything(stream):
        for one in segments(versions):
            stamp = one.segment.program_date_time
            if stamp and not _PRECISE.search(stamp.text):
                yield PRECISE.broken(one.version.name, stamp.text, "a time zone and milliseconds")


JUDGES = (in_every_playlist, unambiguous, at_discontinuity, precise)
