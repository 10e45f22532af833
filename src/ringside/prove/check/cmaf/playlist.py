"""Rules on media against its HLS playlist: EXTINF against the samples, dates against decode times.

Streams enter, findings leave. Only segments that are listed and were fetched are judged.
"""

from collections.abc import Iterator

from ringside.core.media import NS_PER_S
from ringside.prove.check.cmaf.opened import Stream, listed, opened, torn
from ringside.prove.check.finding import Finding, Rule

EXTINF = Rule(
    "cmaf.segment-duration",
    "SHOULD",
    "rfc8216bis §4.4.4.1",
    "EXTINF is the duration of the segment's media, accurately enough that players do not see the error add up.",
)
DATE = Rule(
    "cmaf.date-mapping",
    "MUST",
    "rfc8216bis §6.2.4",
    "PROGRAM-DATE-TIME maps decode times to dates by one constant offset, in all renditions.",
)
DATE_TOLERANCE_S = 0.05
EXTINF_TOLERANCE_S = 0.05


def segment_duration(stream: Stream) -> Iterator[Finding]:
    """EXTINF against the samples, to within a sample; to half a second where it is a whole number.

    A segment that lacks parts is as long as the time that it stands for.
    """
    said, holed = listed(stream), torn(stream)
    for it in opened(stream):
        if (it.name, it.number) in holed:
            continue
        segment = said.get((it.name, it.number))
        duration = segment.duration if segment else None
        if duration is None or not it.whole or it.duration_s is None:
            continue
        whole = duration == duration.to_integral_value()
        tolerance_s = max(EXTINF_TOLERANCE_S, it.longest_sample_s, 0.5 if whole else 0)
        if abs(float(duration) - it.duration_s) > tolerance_s:
            yield EXTINF.broken(it.name, f"{it.label}: {duration} s", f"{it.duration_s:.3f} s of media")


def date_mapping(stream: Stream) -> Iterator[Finding]:
    """The date of media time zero, from every dated segment; it may change at a discontinuity only."""
    said = listed(stream)
    domain: dict[str, int] = {}
    zero: dict[int, tuple[str, float]] = {}
    for it in opened(stream):
        segment = said.get((it.name, it.number))
        if segment is None or not it.media.starts_segment or it.start_s is None:
            continue
        if segment.discontinuity:
            domain[it.name] = it.number
        dated = segment.program_date_time
        if dated is None or segment.gap:
            continue
        date_s = dated.ns / NS_PER_S - it.start_s
        first, first_s = zero.setdefault(domain.get(it.name, -1), (f"{it.name} {it.label}", date_s))
        if abs(date_s - first_s) > max(DATE_TOLERANCE_S, it.longest_sample_s):
            seen = f"{it.label}: {(date_s - first_s) * 1000:+.0f} ms from the mapping of {first}"
            yield DATE.broken(it.name, seen, "the same offset between media time and date")


JUDGES = (segment_duration, date_mapping)
