"""HLS: date ranges (draft-pantos-hls-rfc8216bis-22 §4.4.5.1, §6.2.1, §6.2.4).

Tags of the same ID, in one version or over many, are one range: each may add attributes, none may change one. A range
whose duration is unknown is taken for the instant at which it starts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ringside.flow.mux.hls import Malformed
from ringside.flow.mux.hls.daterange import DateRange
from ringside.flow.mux.hls.program_date_time import ProgramDateTime
from ringside.prove.check.finding import Finding, Rule
from ringside.prove.check.hls.look import NS_PER_S, changes, dates, everything
from ringside.prove.check.seen import HlsStream, Version

DATED = Rule(
    "hls.daterange-needs-date", "MUST", "rfc8216bis §4.4.5.1",
    "A playlist with a DATERANGE has a PROGRAM-DATE-TIME.",
)  # fmt: skip
ATTRIBUTES = Rule(
    "hls.daterange-attributes", "MUST", "rfc8216bis §4.4.5.1",
    "A range starts before it ends, its duration fits its dates, and END-ON-NEXT has a CLASS and no end of its own.",
)  # fmt: skip
ID = Rule(
    "hls.daterange-id", "MUST", "rfc8216bis §6.2.1",
    "An ID is never used again for another range: what one tag said of it, no later tag changes.",
)  # fmt: skip
STAYS = Rule(
    "hls.daterange-stays", "MUST", "rfc8216bis §6.2.1",
    "A DATERANGE stays while any date of it maps to a segment of the playlist.",
)  # fmt: skip
SAME = Rule(
    "hls.dateranges-equal", "MUST", "rfc8216bis §6.2.4",
    "All playlists that have date ranges have the same ones.",
)  # fmt: skip


@dataclass(slots=True)
class _Range:
    """All that was said of one ID."""

    said: dict[str, object] = field(default_factory=dict)

    def add(self, tag: DateRange) -> list[tuple[str, object, object]]:
        """Take in a tag; (attribute, before, now) of each attribute that it changes."""
        changed = []
        for name, value in _attributes(tag).items():
            if self.said.setdefault(name, value) != value:
                changed.append((name, self.said[name], value))
        return changed

    @property
    def span_ns(self) -> tuple[int, int] | None:
        """(start, end); None where it has no readable start."""
        start = _ns(self.said.get("START-DATE"))
        if start is None:
            return None
        end = _ns(self.said.get("END-DATE"))
        duration = self.said.get("DURATION")
        if end is None and duration is not None:
            end = start + round(float(str(duration)) * NS_PER_S)
        return start, end if end is not None else start


def _attributes(tag: DateRange) -> dict[str, object]:
    known = {name: getattr(tag, attribute) for name, (attribute, _) in tag.TABLE.items() if name != "ID"}
    return {name: value for name, value in (known | dict(tag.extra)).items() if value not in (None, False)}


def _ns(date: object) -> int | None:
    try:
        return ProgramDateTime.parse(str(date)).ns if date else None
    except Malformed:
        return None


def _tags(version: Version) -> list[DateRange]:
    return [tag for tag in version.full.tags if isinstance(tag, DateRange)]


def _ranges(versions: Sequence[Version]) -> dict[str, _Range]:
    found: dict[str, _Range] = {}
    for version in versions:
        for tag in _tags(version):
            found.setdefault(tag.id, _Range()).add(tag)
    return found


def well_formed(stream: HlsStream) -> Iterator[Finding]:
    """Each range on its own, and the date that it needs beside it."""
    for versions in everything(stream):
        for version in (version for version in versions if _tags(version)):
            if not any(segment.program_date_time for segment in version.full.segments):
                yield DATED.broken(version.name, "DATERANGE without PROGRAM-DATE-TIME", "one at least")
        for id, found in _ranges(versions).items():
            for fault in _faults(found.said):
                yield ATTRIBUTES.broken(f"{versions[0].name} DATERANGE {id}", fault, "what §4.4.5.1 says")


def _faults(said: dict[str, object]) -> Iterator[str]:
    start, end = _ns(said.get("START-DATE")), _ns(said.get("END-DATE"))
    if start is None:
        yield f"START-DATE is {said.get('START-DATE', 'missing')}"
    elif end is not None:
        if end < start:
            yield "END-DATE before START-DATE"
        duration = said.get("DURATION")
        if duration is not None and abs(end - start - float(str(duration)) * NS_PER_S) > NS_PER_S // 1000:
            yield f"DURATION {duration}, END-DATE {(end - start) / NS_PER_S:.3f} s after START-DATE"
    if said.get("END-ON-NEXT") and "CLASS" not in said:
        yield "END-ON-NEXT without CLASS"
    if said.get("END-ON-NEXT") and ("DURATION" in said or "END-DATE" in said):
        yield "END-ON-NEXT with DURATION or END-DATE"


def never_reused(stream: HlsStream) -> Iterator[Finding]:
    """What is said of an ID over all versions agrees."""
    for versions in everything(stream):
        found: dict[str, _Range] = {}
        for version in versions:
            for tag in _tags(version):
                for name, before, now in found.setdefault(tag.id, _Range()).add(tag):
                    yield ID.broken(f"{version.name} DATERANGE {tag.id} {name}", now, before)


def stays(stream: HlsStream) -> Iterator[Finding]:
    """What a version has and the next one lacks must lie before or behind everything that is listed."""
    for versions in everything(stream):
        ranges = _ranges(versions)
        if not ranges:
            continue
        for before, after in changes(versions):
            gone = {tag.id for tag in _tags(before)} - {tag.id for tag in _tags(after)}
            spans = [(start, end) for _, _, start, end in dates(after.full)] if gone else []
            for id in sorted(gone):
                span = ranges[id].span_ns
                if span and any(span[0] < end and span[1] >= start for start, end in spans):
                    yield STAYS.broken(f"{after.name} DATERANGE {id}", "removed", "kept while a segment has its date")


def same_everywhere(stream: HlsStream) -> Iterator[Finding]:
    """IDs of every rendition that has any; what one saw in its last two target durations may yet come to the others."""
    seen = [(versions, _ranges(versions)) for versions in everything(stream)]
    seen = [(versions, ranges) for versions, ranges in seen if ranges]
    for mine, ranges in seen:
        grace = 2 * (mine[-1].playlist.target_duration or 6) * NS_PER_S
        until = min(versions[-1].fetch.done_ns for versions, _ in seen) - grace
        settled = {tag.id for version in mine if version.fetch.done_ns <= until for tag in _tags(version)}
        since = max(versions[0].fetch.done_ns for versions, _ in seen)
        settled &= {tag.id for version in mine if version.fetch.done_ns >= since for tag in _tags(version)}
        for theirs, others in seen:
            for id in sorted(settled - set(others)):
                where = f"{theirs[0].name} DATERANGE {id}"
                yield SAME.broken(where, "missing", f"the range that {mine[0].name} has")
            for id in sorted(set(ranges) & set(others)) if mine[0].name < theirs[0].name else ():
                for name in sorted(set(ranges[id].said) & set(others[id].said)):
                    if ranges[id].said[name] != others[id].said[name]:
                        where = f"{theirs[0].name} DATERANGE {id} {name}"
                        yield SAME.broken(where, others[id].said[name], f"{ranges[id].said[name]} as in {mine[0].name}")


JUDGES = (well_formed, never_reused, stays, same_everywhere)
