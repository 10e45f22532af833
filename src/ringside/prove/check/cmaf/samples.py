"""Rules on where decoding can start: sync samples at segment starts, true IDR pictures, honest INDEPENDENT parts.

Streams enter, findings leave. Pictures are judged by their NAL units where the codec is H.264 or HEVC and the samples
are not encrypted; elsewhere by the flags alone.
"""

from collections.abc import Iterator

from ringside.prove.check.cmaf.box_tree import Traf, samples
from ringside.prove.check.cmaf.opened import Opened, Stream, listed, opened, promised_independent
from ringside.prove.check.cmaf.pictures import family, independent, length_prefixed
from ringside.prove.check.dash.mpd_tree import integer, newest, representations
from ringside.prove.check.finding import Finding, Rule
from ringside.prove.check.seen import DashStream, HlsStream

STARTS = Rule(
    "cmaf.segment-starts-independent",
    "MUST",
    "ISO/IEC 23000-19 §7.3.2.4; rfc8216bis §4.4.2.1; ISO/IEC 23009-1 §5.3.7.2",
    "A video segment that is CMAF, or promised to be independent, starts with a sync sample.",
)
TRUE_SYNC = Rule(
    "cmaf.sync-is-idr",
    "MUST",
    "ISO/IEC 14496-15 §5.4.2, §8.4.3",
    "A sample flagged as a sync sample is an IDR picture (HEVC: IDR, BLA or CRA).",
)
INDEPENDENT = Rule(
    "cmaf.independent-part",
    "MUST",
    "rfc8216bis §4.4.4.9",
    "A PART with INDEPENDENT=YES contains an independent frame.",
)
UNMARKED = Rule(
    "cmaf.independent-part-unmarked",
    "SHOULD",
    "rfc8216bis §4.4.4.9",
    "A PART of a video rendition that contains an independent frame says INDEPENDENT=YES.",
)
HAS_KEY = Rule(
    "cmaf.segment-has-independent-frame",
    "SHOULD",
    "rfc8216bis §3",
    "A segment with video contains an independent frame.",
)


def segment_starts_independent(stream: Stream) -> Iterator[Finding]:
    """The first picture of a segment needs no other."""
    promised = _promised(stream)
    for it in opened(stream):
        traf = _video(it)
        if traf is None or not it.media.starts_segment or not (it.cmaf or it.name in promised):
            continue
        if not traf.sync(0):
            yield STARTS.broken(it.name, f"{it.label} starts with a non-sync sample", "a sync sample")


def sync_is_idr(stream: Stream) -> Iterator[Finding]:
    """What the flags promise, the picture keeps; looked at where fragments start."""
    for it in opened(stream):
        for fragment in it.object.fragments:
            for traf in fragment.trafs:
                at, size = next(samples(traf), (0, 0))
                if traf.sync(0) and not traf.absolute and _picture(it, traf.track_id, at, size) is False:
                    yield TRUE_SYNC.broken(it.name, f"{it.label}: another picture, flagged as sync", "an IDR picture")


def independent_part(stream: Stream) -> Iterator[Finding]:
    """INDEPENDENT=YES is where players start and switch."""
    for it, marked, has in _parts(stream):
        if marked and not has:
            yield INDEPENDENT.broken(it.name, f"{it.label} has no independent frame", "one, as INDEPENDENT=YES says")


def independent_part_unmarked(stream: Stream) -> Iterator[Finding]:
    """An independent part that nobody is told of is no use."""
    for it, marked, has in _parts(stream):
        if has and not marked:
            yield UNMARKED.broken(it.name, f"{it.label} has an independent frame", "INDEPENDENT=YES")


def segment_has_independent_frame(stream: Stream) -> Iterator[Finding]:
    """Otherwise nobody can join within the segment."""
    for it in opened(stream):
        if isinstance(stream, HlsStream) and it.whole and _video(it) is not None and not _has_independent(it):
            yield HAS_KEY.broken(it.name, f"{it.label} has none", "an independent frame")


def _parts(stream: Stream) -> Iterator[tuple[Opened, bool, bool]]:
    """(part, marked INDEPENDENT, has an independent frame) of each video part that was fetched and is listed."""
    said = listed(stream)
    for it in opened(stream):
        segment, part = said.get((it.name, it.number)), it.media.part
        if segment and part is not None and part < len(segment.parts) and _video(it) is not None:
            yield it, segment.parts[part].independent, _has_independent(it)


def _has_independent(it: Opened) -> bool:
    assert it.lead
    for _, traf in it.object.trafs(it.lead.track_id):
        for index, (at, size) in enumerate(samples(traf)):
            if traf.sync(index) and _picture(it, traf.track_id, at, size) is not False:
                return True
    return False


def _video(it: Opened) -> Traf | None:
    """The first video samples of the object; None where there are none, or they cannot be read."""
    if it.lead is None or it.lead.handler != "vide":
        return None
    return next((traf for _, traf in it.object.trafs(it.lead.track_id) if traf.sizes), None)


def _picture(it: Opened, track_id: int, at: int, size: int) -> bool | None:
    """Whether the sample at `at` is independent by its NAL units; None where it cannot be told."""
    track = it.init.track(track_id)
    codec = family(track.entry) if track else ""
    if not codec or track is None or at < 0 or not size:
        return None
    return independent(codec, length_prefixed(it.media.fetch.body[at : at + size], track.nal_length))


def _promised(stream: Stream) -> set[str]:
    """Renditions whose manifest promises that each segment can be decoded without another."""
    if not isinstance(stream, DashStream):
        return promised_independent(stream)
    mpd = newest(stream)
    return {it.id for it in representations(mpd) if integer(it.get("startWithSAP"), 0) in (1, 2)} if mpd else set()


JUDGES = (
    segment_starts_independent,
    sync_is_idr,
    independent_part,
    independent_part_unmarked,
    segment_has_independent_frame,
)
