"""Rules on the timeline that objects make together: decode times that add up, parts that are their segment.

Streams enter, findings leave. Objects are compared within one rendition and one header; a DISCONTINUITY or GAP in a
playlist excuses what it announces. Whatever was not fetched is not judged.
"""

from collections.abc import Iterator
from itertools import groupby, pairwise

from ringside.prove.check.cmaf.opened import Opened, Stream, breaks, opened
from ringside.prove.check.finding import Finding, Rule

CONTINUOUS = Rule(
    "cmaf.continuity",
    "MUST",
    "ISO/IEC 23000-19 §7.3.2.2; ISO/IEC 14496-12 §8.8.12",
    "A fragment's tfdt is the sum of the durations of all samples before it.",
)
SEQUENCE = Rule(
    "cmaf.sequence-number",
    "SHOULD",
    "ISO/IEC 14496-12 §8.8.5",
    "The mfhd sequence number grows from fragment to fragment.",
)
SAME_SAMPLES = Rule(
    "cmaf.parts-are-their-segment",
    "MUST",
    "rfc8216bis §6.2.2",
    "The parts of a segment carry the same samples as the segment.",
)
WRAP = 1 << 31  # a step back by more than half the range is a sequence number that has wrapped


def continuity(stream: Stream) -> Iterator[Finding]:
    """Inside an object, from part to part, and from segment to segment."""
    excused = breaks(stream)
    for it in opened(stream):
        for track in it.init.tracks if (it.name, it.number) not in excused else ():
            for (_, before), (_, after) in pairwise(it.object.trafs(track.track_id)):
                if before.end is not None and after.start is not None and after.start != before.end:
                    yield _jump(it, f"inside {it.label}", before.end, after.start, track.timescale)
    for before_it, it in _successive(stream):
        if (it.name, it.number) in excused:
            continue
        for track in it.init.tracks:
            before_span, span = before_it.object.span(track.track_id), it.object.span(track.track_id)
            if before_span and span and span[0] != before_span[1]:
                yield _jump(it, f"{before_it.label} to {it.label}", before_span[1], span[0], track.timescale)


def sequence_number(stream: Stream) -> Iterator[Finding]:
    """A safety check against fragments in the wrong order; the chunks of a segment may share one."""
    excused = breaks(stream)
    for it in opened(stream):
        numbers = [f.sequence for f in it.object.fragments if f.sequence is not None]
        for before, after in pairwise(numbers):
            if 0 < before - after < WRAP:
                yield SEQUENCE.broken(it.name, f"inside {it.label}: {after} after {before}", "a larger number")
    for before_it, it in _successive(stream):
        old, new = _last_sequence(before_it), _first_sequence(it)
        if old is None or new is None or (it.name, it.number) in excused:
            continue
        shared = it.number == before_it.number
        if 0 <= old - new < WRAP and not (shared and old == new):
            seen = f"{before_it.label} to {it.label}: {new} after {old}"
            yield SEQUENCE.broken(it.name, seen, "a larger number")


def parts_are_their_segment(stream: Stream) -> Iterator[Finding]:
    """The same sample sizes and durations in the same order, from the same instant, as far as parts were fetched."""
    for (name, number), group in groupby(opened(stream), key=lambda it: (it.name, it.number)):
        objects = list(group)
        parts, whole = [it for it in objects if not it.whole], objects[-1]
        if not parts or not whole.whole or whole.lead is None:
            continue
        held = {row[0]: row for row in _rows(whole)}
        for row, label in ((row, part.label) for part in parts for row in _rows(part)):
            if held.get(row[0]) != row:
                seen = f"{label}: a sample of {row[2]} bytes at {row[0]}"
                known = held.get(row[0])
                expected = f"the {known[2]} bytes of segment {number}" if known else f"a sample of segment {number}"
                yield SAME_SAMPLES.broken(name, seen, expected)
                break


def _rows(it: Opened) -> list[tuple[int, int, int]]:
    """(decode time, duration, bytes) of each sample of the lead track."""
    rows: list[tuple[int, int, int]] = []
    for _, traf in it.object.trafs(it.lead.track_id) if it.lead else ():
        at = traf.start or 0
        for duration, size in zip(traf.durations, traf.sizes, strict=True):
            rows.append((at, duration, size))
            at += duration
    return rows


def _successive(stream: Stream) -> Iterator[tuple[Opened, Opened]]:
    """Segments that follow one another, and parts of one segment that do, under one header."""
    objects = list(opened(stream))
    for before, after in pairwise(it for it in objects if it.whole):
        if before.name == after.name and after.number == before.number + 1 and _same_header(before, after):
            yield before, after
    for before, after in pairwise(it for it in objects if not it.whole):
        known = before.media.part is not None and after.media.part == before.media.part + 1
        if known and (before.name, before.number) == (after.name, after.number) and _same_header(before, after):
            yield before, after


def _same_header(before: Opened, after: Opened) -> bool:
    return before.media.init == after.media.init


def _jump(it: Opened, place: str, end: int, start: int, timescale: int) -> Finding:
    ms = f" ({(start - end) * 1000 / timescale:+.0f} ms)" if timescale else ""
    return CONTINUOUS.broken(it.name, f"{place}: tfdt {start}{ms}", f"{end}")


def _first_sequence(it: Opened) -> int | None:
    return next((f.sequence for f in it.object.fragments if f.sequence is not None), None)


def _last_sequence(it: Opened) -> int | None:
    return next((f.sequence for f in reversed(it.object.fragments) if f.sequence is not None), None)


JUDGES = (continuity, sequence_number, parts_are_their_segment)
