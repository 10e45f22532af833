"""Rules on how an MPD addresses segments, and on fetched segments against that (ISO/IEC 23009-1 §5.3.9, §7.2.1).

Streams enter, findings leave. SegmentBase and SegmentList are left to others: live events use templates.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from urllib.parse import unquote, urlsplit

from ringside.prove.check.cmaf.opened import Opened, opened
from ringside.prove.check.dash.mpd_tree import (
    Node,
    Representation,
    integer,
    newest,
    representation,
    representations,
    seconds,
    versions,
)
from ringside.prove.check.dash.segment_timeline import address, entries
from ringside.prove.check.finding import Finding, Rule
from ringside.prove.check.seen import DashStream

TIMELINE = "ISO/IEC 23009-1 §5.3.9.6"
CMAF_PROFILE = "urn:mpeg:dash:profile:cmaf:2019"

IDENTIFIER = Rule(
    "dash.segment-template",
    "MUST",
    "ISO/IEC 23009-1 §5.3.9.4.4",
    "SegmentTemplate@media contains $Number$, or $Time$ with a SegmentTimeline.",
)
KNOWN_DURATION = Rule(
    "dash.segment-duration",
    "MUST",
    "ISO/IEC 23009-1 §5.3.9.2",
    "A SegmentTemplate for several segments has a duration or a SegmentTimeline, not both.",
)
OVERLAP = Rule("dash.timeline-overlap", "MUST", TIMELINE, "S@t is not before the end of the S ahead of it, S@d is > 0.")
GAP = Rule(
    "dash.timeline-gap",
    "MUST",
    "DASH-IF restricted timing model §9.2",
    "Segment references leave no gaps between segments.",
)
LONGEST = Rule(
    "dash.max-segment-duration",
    "MUST",
    "ISO/IEC 23009-1 §5.3.1.2",
    "No segment is longer than MPD@maxSegmentDuration.",
)
DRIFT = Rule(
    "dash.segment-drift",
    "MUST",
    "ISO/IEC 23009-1 §7.2.1; DASH-IF restricted timing model §10",
    "A segment begins within half a segment duration of where its number or @t puts it.",
)
TIMELINE_MEDIA = Rule(
    "dash.timeline-media", "MUST", TIMELINE, "S@t and S@d are the start and duration of the segment's media."
)
TIMESCALE = Rule(
    "dash.cmaf-timescale",
    "MUST",
    "ISO/IEC 23009-1 §8.12.4",
    "In the profile for CMAF content, @timescale is that of the mdhd.",
)
PEAK = Rule(
    "dash.bandwidth-kept",
    "MUST",
    "ISO/IEC 23009-1 §5.3.5.2",
    "Delivered at @bandwidth, with minBufferTime of it ahead, every segment arrives before it is due.",
)


def segment_template(stream: DashStream) -> Iterator[Finding]:
    """Each segment has an address of its own."""
    for _, mpd in versions(stream):
        for it in representations(mpd):
            template = it.template
            if template is None or "media" not in template:
                continue
            media = template["media"]
            several = it.timeline is not None or it.segment_s is not None
            if several and "$Number" not in media and "$Time" not in media:
                yield IDENTIFIER.broken(f"Representation {it.id}", media[:80], "$Number$ or $Time$")
            elif "$Time" in media and it.timeline is None:
                yield IDENTIFIER.broken(f"Representation {it.id}", f"{media[:80]} without timeline", "SegmentTimeline")


def segment_duration(stream: DashStream) -> Iterator[Finding]:
    """A player can reckon where segments begin, in one way only."""
    for _, mpd in versions(stream):
        for it in representations(mpd):
            template = it.template
            if template is None or not any(name in template.get("media", "") for name in ("$Number", "$Time")):
                continue
            if it.timeline is None and it.segment_s is None:
                yield KNOWN_DURATION.broken(f"Representation {it.id}", "neither", "@duration or SegmentTimeline")
            elif it.timeline is not None and template.get("duration") is not None:
                yield KNOWN_DURATION.broken(f"Representation {it.id}", "both", "@duration or SegmentTimeline")


def timeline_overlap(stream: DashStream) -> Iterator[Finding]:
    """No instant is in two segments."""
    for it in _with_timeline(stream):
        for row in it.timeline.all("S") if it.timeline else ():
            if integer(row.get("d"), 0) <= 0:
                yield OVERLAP.broken(f"Representation {it.id}", f"S@d {row.get('d')}", "a duration above 0")
        for before, after in pairwise(entries(it)):
            if after.stated and after.start < before.end:
                yield OVERLAP.broken(f"Representation {it.id}", f"S@t {after.start}", f"{before.end} or later")


def timeline_gap(stream: DashStream) -> Iterator[Finding]:
    """No instant is in none."""
    for it in _with_timeline(stream):
        for before, after in pairwise(entries(it)):
            if after.stated and after.start > before.end:
                yield GAP.broken(f"Representation {it.id}", f"S@t {after.start}", f"{before.end}")


def max_segment_duration(stream: DashStream) -> Iterator[Finding]:
    """Players size their patience by it."""
    for _, mpd in versions(stream):
        longest = seconds(mpd.get("maxSegmentDuration"))
        for it in representations(mpd) if longest is not None else ():
            made = max([*(Fraction(e.duration, it.timescale) for e in entries(it)), it.segment_s or 0], default=0)
            if longest is not None and made > longest + Fraction(1, 1000):
                yield LONGEST.broken(f"Representation {it.id}", f"{float(made):.3f} s", f"{float(longest)} s at most")


def segment_drift(stream: DashStream) -> Iterator[Finding]:
    """The media's clock and the manifest's are one."""
    for it, found, due_s, length_s in _due(stream):
        assert it.start_s is not None
        apart_s = it.start_s - due_s
        if abs(apart_s) > length_s / 2 + 0.001:
            seen = f"{it.label} starts {apart_s:+.3f} s from its place"
            yield DRIFT.broken(f"Representation {found.id}", seen, f"within {length_s / 2:.3f} s")


def timeline_media(stream: DashStream) -> Iterator[Finding]:
    """A timeline is exact, to within a sample."""
    for it, found, due_s, length_s in _due(stream):
        if found.timeline is None or not it.whole or it.start_s is None or it.duration_s is None:
            continue
        slack_s = it.longest_sample_s + 0.001
        if abs(it.start_s - due_s) > slack_s:
            seen = f"{it.label} starts at {it.start_s:.3f} s"
            yield TIMELINE_MEDIA.broken(f"Representation {found.id}", seen, f"{due_s:.3f} s, by S@t")
        elif abs(it.duration_s - length_s) > slack_s:
            seen = f"{it.label} lasts {it.duration_s:.3f} s"
            yield TIMELINE_MEDIA.broken(f"Representation {found.id}", seen, f"{length_s:.3f} s, by S@d")


def cmaf_timescale(stream: DashStream) -> Iterator[Finding]:
    """Only where the MPD claims the profile for CMAF content."""
    mpd = newest(stream)
    if mpd is None or CMAF_PROFILE not in (mpd.get("profiles") or ""):
        return
    for it in opened(stream):
        found = representation(mpd, it.name)
        if found and found.template and it.lead and it.lead.timescale not in (0, found.timescale):
            yield TIMESCALE.broken(f"Representation {found.id}", found.timescale, f"{it.lead.timescale}, as in mdhd")


def bandwidth_kept(stream: DashStream) -> Iterator[Finding]:
    """From any segment on: all bits up to the end of a later one are there when that end is due."""
    mpd = newest(stream)
    buffer_s = float(seconds(mpd.get("minBufferTime")) or 0) if mpd else 0.0
    for found, run in _runs(stream, mpd):
        bandwidth = integer(found.node.get("bandwidth"), 0)
        spare = 0.0  # bits by which the worst run that ends here is behind
        for it in run:
            bits, length_s = 8 * len(it.media.fetch.body), it.duration_s or 0.0
            spare = max(spare, 0.0) + bits - bandwidth * length_s
            if bandwidth > 0 and spare > bandwidth * buffer_s:
                seen = f"{spare / 1000:.0f} kb behind at {it.label} ({bits / max(length_s, 0.001) / 1000:.0f} kb/s)"
                expected = f"{bandwidth / 1000:.0f} kb/s and {buffer_s} s of buffer"
                yield PEAK.broken(f"Representation {found.id}", seen, expected)
                break


def _with_timeline(stream: DashStream) -> Iterator[Representation]:
    for _, mpd in versions(stream):
        yield from (it for it in representations(mpd) if it.timeline is not None)


def _due(stream: DashStream) -> Iterator[tuple[Opened, Representation, float, float]]:
    """(object, Representation, when its media should begin in seconds of media time, for how long).

    Where a timeline says so, an object is known by its address: numbers may mean another segment in every version.
    """
    places: dict[tuple[str, str], tuple[Representation, float, float]] = {}
    templates: dict[str, Representation] = {}
    for _, mpd in versions(stream):
        for found in representations(mpd):
            templates[found.id] = found
            for entry in entries(found):
                start, length = entry.start / found.timescale, entry.duration / found.timescale
                places[found.id, address(found, entry.number, entry.start)] = (found, start, length)
    for it in opened(stream):
        template = templates.get(it.name)
        if template is None or it.start_s is None or not it.media.starts_segment:
            continue
        if template.timeline is not None:
            place = places.get((it.name, _tail(it.media.fetch.url, template)))
            if place is not None:
                yield it, *place
        elif template.segment_s is not None:
            yield it, template, float(_nominal(template, it.number)), float(template.segment_s)


def _tail(url: str, template: Representation) -> str:
    """As much of a URL's end as the template's address has steps."""
    steps = (template.template or {}).get("media", "").count("/") + 1
    return "/".join(unquote(urlsplit(url).path).split("/")[-steps:])


def _nominal(found: Representation, number: int) -> Fraction:
    """Media time at which segment `number` begins, seconds (§5.3.9.5.3)."""
    template = found.template or {}
    first = integer(template.get("startNumber"), 1)
    offset = Fraction(integer(template.get("presentationTimeOffset"), 0), found.timescale)
    return offset + (number - first) * (found.segment_s or 0)


def _runs(stream: DashStream, mpd: Node | None) -> Iterator[tuple[Representation, list[Opened]]]:
    """Whole segments that follow one another without a gap, by Representation."""
    runs: list[tuple[Representation, list[Opened]]] = []
    for it in opened(stream):
        found = representation(mpd, it.name) if mpd and it.whole and it.span else None
        if found is None:
            continue
        last = runs[-1][1][-1] if runs else None
        if last and last.name == it.name and last.span and it.span and last.span[1] == it.span[0]:
            runs[-1][1].append(it)
        else:
            runs.append((found, [it]))
    yield from runs


JUDGES = (
    segment_template,
    segment_duration,
    timeline_overlap,
    timeline_gap,
    max_segment_duration,
    segment_drift,
    timeline_media,
    cmaf_timescale,
    bandwidth_kept,
)
