"""LL-HLS: partial segments as they are listed (draft-pantos-hls-rfc8216bis-22 §3.2, §4.4.4.9, §6.2.1).

Parts are judged when their segment is first seen complete, or last seen growing: later the server may take them away.
"""

from collections.abc import Iterator
from decimal import Decimal

from ringside.flow.mux.hls.flags import Discontinuity, IndependentSegments
from ringside.flow.mux.hls.key import Key
from ringside.flow.mux.hls.map import Map
from ringside.flow.mux.hls.part import Part
from ringside.flow.mux.hls.program_date_time import ProgramDateTime
from ringside.prove.check.finding import Finding, Rule
from ringside.prove.check.hls.look import Listed, everything, place, segments, whole_parts
from ringside.prove.check.seen import HlsStream

WITHIN = Rule("ll-hls.part-within-target", "MUST", "rfc8216bis §4.4.4.9", "A part is at most the part target long.")
LONG_ENOUGH = Rule(
    "ll-hls.part-85-percent", "MUST", "rfc8216bis §4.4.4.9",
    "A part is at least 85 % of the part target, unless INDEPENDENT, GAP, before a GAP or the last of its segment.",
)  # fmt: skip
ADD_UP = Rule(
    "ll-hls.parts-are-the-segment", "MUST", "rfc8216bis §3.2", "A segment and all its parts hold the same samples."
)
TAGS_FIRST = Rule(
    "ll-hls.tags-before-parts", "MUST", "rfc8216bis §4.4.4.9",
    "DISCONTINUITY, KEY, MAP and PROGRAM-DATE-TIME stand before the first PART of their segment.",
)  # fmt: skip
GAP = Rule("ll-hls.gap-parts", "MUST", "rfc8216bis §6.2.1", "The parts of a segment that is a GAP are marked GAP=YES.")
INDEPENDENT = Rule(
    "ll-hls.independent-part", "SHOULD", "rfc8216bis §4.4.4.9",
    "A part that holds an independent frame says INDEPENDENT=YES: in every segment some part does.",
)  # fmt: skip

_LEAST = Decimal("0.85")


def with_parts(stream: HlsStream) -> Iterator[tuple[Listed, list[Part]]]:
    """Every segment that was seen with parts."""
    for versions in everything(stream):
        for one in segments(versions):
            if one.segment.parts:
                yield one, one.segment.parts


def part_lengths(stream: HlsStream) -> Iterator[Finding]:
    """The upper bound holds for every part, the lower one for those in mid-segment."""
    for one, parts in with_parts(stream):
        target = one.version.playlist.part_target
        if target is None:
            continue
        for index, part in enumerate(parts):
            where = place(one.version, one.number, index)
            if part.duration > target:
                yield WITHIN.broken(where, part.duration, f"at most {target}")
            after = parts[index + 1] if index + 1 < len(parts) else None
            excused = part.independent or part.gap or after is None or after.gap
            if part.duration < _LEAST * target and not excused:
                yield LONG_ENOUGH.broken(where, part.duration, f"at least {_LEAST * target}")


def parts_add_up(stream: HlsStream) -> Iterator[Finding]:
    """Durations agree to within the rounding of what was printed; a segment seen only later may have lost parts."""
    for one, parts in with_parts(stream):
        whole = one.segment.duration
        if whole is None or one.segment.gap:
            continue
        total = whole_parts(parts)
        slack = _printed_to([part.duration for part in parts] + [whole]) * (len(parts) + 1)
        short = one.watched and total < whole - slack
        if total > whole + slack or short:
            yield ADD_UP.broken(one.where, f"{len(parts)} parts of {total} s together", f"EXTINF {whole}")


def _printed_to(values: list[Decimal]) -> Decimal:
    """The last decimal place that any of the values is printed to, in seconds."""
    exponents = [int(value.as_tuple().exponent) for value in values]
    return Decimal(1).scaleb(max(-6, min(exponents)))


def tags_before_parts(stream: HlsStream) -> Iterator[Finding]:
    """What holds for a segment holds for its first part."""
    for one, _ in with_parts(stream):
        seen = False
        for tag in one.segment.tags:
            seen = seen or isinstance(tag, Part)
            if seen and isinstance(tag, Discontinuity | Key | Map | ProgramDateTime):
                yield TAGS_FIRST.broken(one.where, f"{tag.NAME} behind a part", "before the first part")


def gap_parts(stream: HlsStream) -> Iterator[Finding]:
    """Missing media is missing in its parts too."""
    for one, parts in with_parts(stream):
        for index, part in enumerate(parts):
            if one.segment.gap and not part.gap:
                yield GAP.broken(place(one.version, one.number, index), "no GAP=YES", "GAP=YES")


def independent_part(stream: HlsStream) -> Iterator[Finding]:
    """Judged where the playlist says that every segment is independent, on segments whose parts are all there."""
    declared = bool(stream.multivariant and stream.multivariant.independent_segments)
    for one, parts in with_parts(stream):
        said = declared or any(isinstance(tag, IndependentSegments) for tag in one.version.playlist.header)
        whole = said and one.watched and one.segment.duration is not None
        if whole and not any(part.independent or part.gap for part in parts):
            yield INDEPENDENT.broken(one.where, "no part with INDEPENDENT=YES", "one that holds the key frame")


JUDGES = (part_lengths, parts_add_up, tags_before_parts, gap_parts, independent_part)
