"""Rules on the media of low-latency DASH: that its chunks keep what the MPD promises (DASH-IF IOP v5 part 4 §6.4).

Streams enter, findings leave. They apply where `dash_low_latency.live` finds an offer of low latency.
"""

from collections.abc import Iterator

from ringside.core.boxes.prft import Prft
from ringside.core.media import NS_PER_S
from ringside.prove.check.cmaf.opened import Opened, opened
from ringside.prove.check.dash.low_latency import CHUNKED_AS, early, live
from ringside.prove.check.dash.mpd_tree import Node, Representation, date_ns, integer, representation
from ringside.prove.check.finding import Finding, Rule
from ringside.prove.check.seen import DashStream

OFFSET = Rule(
    "ll-dash.availability-time-offset",
    "SHOULD",
    "ISO/IEC 23009-1 §5.3.9.5.3",
    "availabilityTimeOffset is the segment's duration less that of its first chunk.",
)
CHUNKS = Rule("ll-dash.chunks", "SHOULD", CHUNKED_AS, "A segment that is available early has more than one chunk.")
PRFT = Rule(
    "ll-dash.prft",
    "MUST",
    "ISO/IEC 23009-1 §5.12.2",
    "With ProducerReferenceTime@inband=true the segments carry prft boxes.",
)
PRFT_AGREES = Rule(
    "ll-dash.prft-agrees",
    "MUST",
    "ISO/IEC 23009-1 §5.12; DASH-IF restricted timing model §10",
    "prft boxes and ProducerReferenceTime map media time to the same dates, to within half a segment.",
)


def availability_time_offset(stream: DashStream) -> Iterator[Finding]:
    """Earlier than its first chunk a segment has nothing to give; much later, and latency is given away."""
    mpd = live(stream)
    judged: set[str] = set()
    for it in opened(stream) if mpd else ():
        found = representation(mpd, it.name) if mpd else None
        chunk_s, length_s = _chunk_s(it), it.duration_s
        if found is None or it.name in judged or not it.whole or not chunk_s or not length_s:
            continue
        offset, complete = early(found)
        judged.add(it.name)
        slack_s = max(chunk_s / 2, 2 * it.longest_sample_s)
        if complete == "false" and abs(offset - (length_s - chunk_s)) > slack_s:
            seen = f"{offset} s, with chunks of {chunk_s:.3f} s in segments of {length_s:.3f} s"
            yield OFFSET.broken(f"Representation {found.id}", seen, f"about {length_s - chunk_s:.3f} s")


def chunks(stream: DashStream) -> Iterator[Finding]:
    """Otherwise early access gains nothing."""
    mpd = live(stream)
    for it in opened(stream) if mpd else ():
        found = representation(mpd, it.name) if mpd else None
        if found and it.whole and early(found)[1] == "false" and len(it.object.fragments) == 1:
            yield CHUNKS.broken(f"Representation {found.id}", f"{it.label} has one chunk", "several")


def prft(stream: DashStream) -> Iterator[Finding]:
    """What is promised inband is inband."""
    mpd = live(stream)
    for it in opened(stream) if mpd else ():
        found = representation(mpd, it.name) if mpd else None
        promised = found and any(n.get("inband") == "true" for n in found.elements("ProducerReferenceTime"))
        if found and promised and it.object.fragments and not any(f.prfts for f in it.object.fragments):
            yield PRFT.broken(f"Representation {found.id}", f"{it.label} has no prft", "prft")


def prft_agrees(stream: DashStream) -> Iterator[Finding]:
    """One clock, whichever way it is told."""
    mpd = live(stream)
    for it in opened(stream) if mpd else ():
        found = representation(mpd, it.name) if mpd else None
        reference = next(iter(found.elements("ProducerReferenceTime")), None) if found else None
        if found is None or reference is None or not it.lead or not it.lead.timescale:
            continue
        half_s = float(found.segment_s or it.duration_s or 0) / 2
        for box in (box for fragment in it.object.fragments for box in fragment.prfts):
            apart_s = _apart_s(box, it.lead.timescale, reference, found)
            if apart_s is not None and abs(apart_s) > half_s:
                seen = f"{it.label}: prft {apart_s:+.3f} s from ProducerReferenceTime"
                yield PRFT_AGREES.broken(f"Representation {found.id}", seen, f"within {half_s:.3f} s")
                break


def _chunk_s(it: Opened) -> float | None:
    """How long the object's first chunk lasts, seconds; None where it has only one."""
    trafs = it.object.trafs(it.lead.track_id) if it.lead else []
    if len(trafs) < 2 or not it.lead or not it.lead.timescale:
        return None
    return sum(trafs[0][1].durations) / it.lead.timescale


def _apart_s(box: Prft, timescale: int, reference: Node, found: Representation) -> float | None:
    """By how much the prft's date is later than the one ProducerReferenceTime gives for its media time."""
    wall_ns = date_ns(reference.get("wallClockTime"))
    if wall_ns is None:
        return None
    media_s = box.media_ticks / timescale - integer(reference.get("presentationTime"), 0) / found.timescale
    return (box.unix_ns - wall_ns) / NS_PER_S - media_s


JUDGES = (availability_time_offset, chunks, prft, prft_agrees)
