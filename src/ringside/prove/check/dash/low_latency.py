"""Rules on low-latency DASH: what an MPD must promise, and that the chunks keep it.

Streams enter, findings leave. They apply to MPDs that claim the DASH-IF low-latency profile or make segments available
before they are complete; the clauses are those of DASH-IF IOP v5 part 4 (CR Low-Latency Live) §6.4.
"""

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

from ringside.prove.check.dash.mpd_tree import (
    Node,
    Representation,
    adaptation_sets,
    date_ns,
    integer,
    newest,
    number,
    representations,
)
from ringside.prove.check.finding import Finding, Rule
from ringside.prove.check.seen import DashStream

PROFILE = "low-latency-live"
OFFERING, ADAPTATION = "DASH-IF IOP v5 part 4 §6.4.2", "DASH-IF IOP v5 part 4 §6.4.3"
SEGMENT_AS, CHUNKED_AS = "DASH-IF IOP v5 part 4 §6.4.4", "DASH-IF IOP v5 part 4 §6.4.5"
PRECISE_CLOCKS = tuple(f"urn:mpeg:dash:utc:{it}:2014" for it in ("http-xsdate", "http-iso", "http-ntp", "http-head"))

SERVICE = Rule(
    "ll-dash.service-description", "MUST", OFFERING, "A ServiceDescription with Latency@target is in the MPD."
)
RATE = Rule("ll-dash.playback-rate", "SHOULD", OFFERING, "The ServiceDescription says which PlaybackRate may be used.")
CLOCK = Rule(
    "ll-dash.utc-timing",
    "MUST",
    f"{OFFERING}; DASH-IF restricted timing model §13.1",
    "UTCTiming names a clock over HTTP: http-xsdate, http-iso, http-ntp or http-head, of 2014.",
)
REFERENCE = Rule(
    "ll-dash.producer-reference-time",
    "MUST",
    ADAPTATION,
    "Each AdaptationSet has a ProducerReferenceTime: unique id, type encoder or captured, wallClockTime, "
    "presentationTime, and a UTCTiming that also stands in the MPD.",
)
REFERENCE_OFFSET = Rule(
    "ll-dash.reference-presentation-time",
    "MUST",
    ADAPTATION,
    "ProducerReferenceTime@presentationTime is @presentationTimeOffset, or 0 without one.",
)
REFERENCE_ID = Rule(
    "ll-dash.latency-reference",
    "SHOULD",
    "ISO/IEC 23009-1 annex K.3.2",
    "Latency@referenceId is the id of a ProducerReferenceTime.",
)
ADDRESSING = Rule(
    "ll-dash.addressing",
    "MUST",
    ADAPTATION,
    "SegmentTemplate has a duration and $Number$, or media with $Number$ and $Time$.",
)
EARLY = Rule(
    "ll-dash.early-access",
    "MUST",
    f"{SEGMENT_AS}; {CHUNKED_AS}",
    "Segments are available early (availabilityTimeOffset with availabilityTimeComplete=false), or both attributes are "
    "absent and segments last half of the target latency at most.",
)
RESYNC = Rule("ll-dash.resync", "SHOULD", CHUNKED_AS, "A chunked Representation has a Resync element.")
RESYNC_TIME = Rule(
    "ll-dash.resync-interval",
    "SHOULD",
    CHUNKED_AS,
    "A Resync@dT is half of the target latency at most.",
)


def low_latency(mpd: Node | None) -> bool:
    """Whether the MPD offers low latency: by its profile, or as segments are available before they are complete."""
    if mpd is None or mpd.get("type") != "dynamic":
        return False
    early = any((it.template or {}).get("availabilityTimeComplete") == "false" for it in representations(mpd))
    return early or PROFILE in (mpd.get("profiles") or "")


def service_description(stream: DashStream) -> Iterator[Finding]:
    """What players should aim for, and how far they may bend the rate for it."""
    mpd = live(stream)
    if mpd is None:
        return
    if target_ms(mpd) is None:
        yield SERVICE.broken("MPD", "no Latency@target", "ServiceDescription with Latency@target")
    elif not any(node.first("PlaybackRate") for node in mpd.deep("ServiceDescription")):
        yield RATE.broken("ServiceDescription", "no PlaybackRate", "PlaybackRate with min and max")


def utc_timing(stream: DashStream) -> Iterator[Finding]:
    """Latency needs clocks that agree to milliseconds."""
    mpd = live(stream)
    if mpd is not None:
        schemes = [node.get("schemeIdUri") or "" for node in mpd.all("UTCTiming")]
        if not set(PRECISE_CLOCKS) & set(schemes):
            yield CLOCK.broken("MPD", ", ".join(schemes) or "no UTCTiming", "urn:mpeg:dash:utc:http-iso:2014 or alike")


def producer_reference_time(stream: DashStream) -> Iterator[Finding]:
    """By it latency is reckoned."""
    mpd = live(stream)
    clocks = [_scheme(node) for node in mpd.all("UTCTiming")] if mpd else []
    ids = Counter(node.get("id") for node in mpd.deep("ProducerReferenceTime")) if mpd else Counter()
    for _, adaptation in adaptation_sets(mpd):
        found = list(adaptation.deep("ProducerReferenceTime"))
        faults = [_reference_fault(node, clocks, ids) for node in found]
        if not found:
            yield REFERENCE.broken(_title(adaptation), "none", "a ProducerReferenceTime")
        elif all(faults):
            yield REFERENCE.broken(_title(adaptation), faults[0], "a complete ProducerReferenceTime")


def reference_presentation_time(stream: DashStream) -> Iterator[Finding]:
    """The reference is for the start of the Period."""
    for it in representations(mpd) if (mpd := live(stream)) else ():
        expected = integer((it.template or {}).get("presentationTimeOffset"), 0)
        for node in it.elements("ProducerReferenceTime"):
            if integer(node.get("presentationTime"), -1) != expected:
                seen = f"presentationTime {node.get('presentationTime')}"
                yield REFERENCE_OFFSET.broken(f"Representation {it.id}", seen, expected)


def latency_reference(stream: DashStream) -> Iterator[Finding]:
    """The target is measured against a reference that exists."""
    mpd = live(stream)
    ids = {node.get("id") for node in mpd.deep("ProducerReferenceTime")} if mpd else set()
    for node in mpd.deep("Latency") if mpd else ():
        wanted = node.get("referenceId")
        if wanted is not None and ids and wanted not in ids:
            yield REFERENCE_ID.broken("Latency@referenceId", wanted, ", ".join(sorted(filter(None, ids))))


def addressing(stream: DashStream) -> Iterator[Finding]:
    """Players know the next segment's address without a new MPD."""
    for it in representations(mpd) if (mpd := live(stream)) else ():
        media = (it.template or {}).get("media", "")
        if it.segment_s is None and not ("$Number" in media and "$Time" in media):
            yield ADDRESSING.broken(f"Representation {it.id}", media[:80] or "no SegmentTemplate", "@duration")


def early_access(stream: DashStream) -> Iterator[Finding]:
    """Chunked, or short segments."""
    mpd = live(stream)
    aim_ms = target_ms(mpd) if mpd else None
    for it in representations(mpd) if mpd else ():
        offset, complete = early(it)
        if (offset > 0) != (complete == "false"):
            seen = f"availabilityTimeOffset {offset}, availabilityTimeComplete {complete}"
            yield EARLY.broken(f"Representation {it.id}", seen, "both, or neither")
        elif complete is None and it.segment_s and aim_ms and 1000 * it.segment_s > Fraction(aim_ms, 2):
            seen = f"segments of {float(it.segment_s)} s, only available when complete"
            yield EARLY.broken(f"Representation {it.id}", seen, f"half of {aim_ms} ms at most, or early access")


def resync(stream: DashStream) -> Iterator[Finding]:
    """Where a player can enter a segment that is still being made."""
    mpd = live(stream)
    aim_ms = target_ms(mpd) if mpd else None
    for it in representations(mpd) if mpd else ():
        if early(it)[1] != "false":
            continue
        marks = it.elements("Resync")
        if not marks:
            yield RESYNC.broken(f"Representation {it.id}", "no Resync", "Resync")
        intervals = [Fraction(integer(node.get("dT"), 0), it.timescale) for node in marks if node.get("dT")]
        if aim_ms and intervals and min(intervals) * 1000 > Fraction(aim_ms, 2):
            seen = f"{float(min(intervals)):.3f} s"
            yield RESYNC_TIME.broken(f"Representation {it.id}", seen, f"{aim_ms / 2000:.3f} s at most")


def live(stream: DashStream) -> Node | None:
    """The newest MPD, when it offers low latency."""
    mpd = newest(stream)
    return mpd if low_latency(mpd) else None


def target_ms(mpd: Node) -> int | None:
    targets = (integer(node.get("target"), 0) for it in mpd.all("ServiceDescription") for node in it.all("Latency"))
    return next((target for target in targets if target > 0), None)


def early(it: Representation) -> tuple[float, str | None]:
    """(availabilityTimeOffset in seconds, availabilityTimeComplete); BaseURL may carry them too (§5.6.2)."""
    bases = [node for level in (it.node, it.adaptation, it.period) for node in level.all("BaseURL")]
    held = [it.template or {}, *(base.attributes for base in bases)]
    text = next((a["availabilityTimeOffset"] for a in held if "availabilityTimeOffset" in a), None)
    complete = next((a["availabilityTimeComplete"] for a in held if "availabilityTimeComplete" in a), None)
    return (float("inf") if (text or "").strip() == "INF" else float(number(text) or 0)), complete


def _reference_fault(node: Node, clocks: list[tuple[str | None, str | None]], ids: Counter[str | None]) -> str:
    """What is wrong with a ProducerReferenceTime; empty when nothing is."""
    timing = node.first("UTCTiming")
    if not node.get("id") or ids[node.get("id")] > 1:
        return f"id {node.get('id')} is not unique"
    if node.get(
        "type",
    ) not in (None, "encoder", "captured"):
        return f"type {node.get('type')}"
    if date_ns(node.get("wallClockTime")) is None:
        return f"wallClockTime {node.get('wallClockTime')}"
    if node.get("presentationTime") is None:
        return "no presentationTime"
    if timing is None or _scheme(timing) not in clocks:
        return "no UTCTiming that is also the MPD's"
    return ""


def _scheme(timing: Node) -> tuple[str | None, str | None]:
    return timing.get("schemeIdUri"), timing.get("value")


def _title(adaptation: Node) -> str:
    return f"AdaptationSet {adaptation.get('id') or adaptation.get('contentType') or ''}".strip()


JUDGES = (
    service_description,
    utc_timing,
    producer_reference_time,
    reference_presentation_time,
    latency_reference,
    addressing,
    early_access,
    resync,
)
