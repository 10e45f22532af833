"""Rules on initialization segments: CMAF headers, and the fMP4 headers of HLS and DASH.

Streams enter, findings leave. What only CMAF demands is asked only of headers that claim to be CMAF by their brand.
"""

from collections.abc import Iterator

from ringside.prove.check.cmaf.opened import Stream, headers
from ringside.prove.check.finding import Finding, Rule
from ringside.prove.check.seen import HlsStream

ISO6_OR_HIGHER = {"iso6", "iso7", "iso8", "iso9", "isoa", "isob", "isoc", "cmfc", "cmf2"}
CMAF_HEADER = "ISO/IEC 23000-19 §7.3.2.1"

READABLE = Rule(
    "cmaf.header-boxes",
    "MUST",
    f"{CMAF_HEADER}; ISO/IEC 14496-12 §4.2; rfc8216bis §3.1.2",
    "A header is whole boxes: ftyp first, then exactly one moov.",
)
BRAND = Rule(
    "cmaf.header-brand",
    "MUST",
    "rfc8216bis §3.1.2",
    "The ftyp of an HLS header names a brand compatible with iso6 or higher.",
)
ONE_TRACK = Rule("cmaf.one-track", "MUST", CMAF_HEADER, "A CMAF header describes exactly one track.")
MVEX = Rule(
    "cmaf.mvex",
    "MUST",
    f"{CMAF_HEADER}; ISO/IEC 14496-12 §8.8.3; rfc8216bis §3.1.2",
    "The moov has an mvex with a trex for each track.",
)
NO_SAMPLES = Rule(
    "cmaf.no-samples",
    "MUST",
    "ISO/IEC 23000-19 §7.5.12; rfc8216bis §3.1.2",
    "The sample tables of a header are empty.",
)
DURATION = Rule(
    "cmaf.header-duration",
    "MUST",
    "rfc8216bis §3.1.2",
    "The durations in mvhd and tkhd of an HLS header are zero.",
)
TIMESCALE = Rule("cmaf.timescale", "MUST", "ISO/IEC 14496-12 §8.4.2", "The mdhd's timescale is not zero.")
NO_META = Rule("cmaf.no-meta", "MUST", CMAF_HEADER, "A CMAF header has neither meta nor udta at file level.")
EDIT_LIST = Rule(
    "cmaf.edit-list", "MUST", "ISO/IEC 23000-19 §7.5.13", "An edit list is one entry, which only skips media."
)


def header_boxes(stream: Stream) -> Iterator[Finding]:
    """The header can be read from its first byte to its last."""
    for (name, _), init in headers(stream).items():
        order = [box for box in init.top if box in ("ftyp", "moov")]
        if init.problem:
            yield READABLE.broken(name, init.problem, "whole boxes, with all that a track needs")
        elif order != ["ftyp", "moov"] or init.top[0] != "ftyp":
            yield READABLE.broken(name, " ".join(init.top) or "no boxes", "ftyp moov")


def header_brand(stream: Stream) -> Iterator[Finding]:
    """HLS players may refuse older brands."""
    if isinstance(stream, HlsStream):
        for (name, _), init in headers(stream).items():
            if init.brands and not ISO6_OR_HIGHER & set(init.brands):
                yield BRAND.broken(name, " ".join(init.brands), "iso6, a later one, or cmfc")


def one_track(stream: Stream) -> Iterator[Finding]:
    """One track for each CMAF header."""
    for (name, _), init in headers(stream).items():
        if _claims_cmaf(init.brands) and not init.problem and len(init.tracks) != 1:
            yield ONE_TRACK.broken(name, f"{len(init.tracks)} tracks", "1")


def mvex(stream: Stream) -> Iterator[Finding]:
    """Without mvex there are no fragments."""
    for (name, _), init in headers(stream).items():
        without = [track.track_id for track in init.tracks if track.trex is None]
        if init.tracks and not init.has_mvex:
            yield MVEX.broken(name, "no mvex", "mvex with a trex for each track")
        elif without:
            yield MVEX.broken(name, f"no trex for track {without[0]}", "a trex for each track")


def no_samples(stream: Stream) -> Iterator[Finding]:
    """All samples are in fragments."""
    for (name, _), init in headers(stream).items():
        for track in init.tracks:
            if track.samples:
                yield NO_SAMPLES.broken(name, f"{track.samples} entries in track {track.track_id}", "none")


def header_duration(stream: Stream) -> Iterator[Finding]:
    """A live event has no duration yet; 2^32-1 and 2^64-1 say just that (ISO/IEC 14496-12 §8.2.2)."""
    if isinstance(stream, HlsStream):
        unknown = (0, (1 << 32) - 1, (1 << 64) - 1)
        for (name, _), init in headers(stream).items():
            claimed = [d for d in (init.movie_duration, *(t.duration for t in init.tracks)) if d not in unknown]
            if claimed:
                yield DURATION.broken(name, f"a duration of {claimed[0]} ticks", "0")


def timescale(stream: Stream) -> Iterator[Finding]:
    """Every track can tell time."""
    for (name, _), init in headers(stream).items():
        for track in init.tracks:
            if not track.timescale:
                yield TIMESCALE.broken(name, f"0 in track {track.track_id}", "ticks per second")


def no_meta(stream: Stream) -> Iterator[Finding]:
    """What describes a track stands inside it."""
    for (name, _), init in headers(stream).items():
        found = [box for box in init.top if box in ("meta", "udta")]
        if found and _claims_cmaf(init.brands):
            yield NO_META.broken(name, f"{found[0]} at file level", "ftyp and moov")


def edit_list(stream: Stream) -> Iterator[Finding]:
    """Only an offset edit list is allowed: one entry, not an empty edit."""
    for (name, _), init in headers(stream).items():
        for track in init.tracks if _claims_cmaf(init.brands) else ():
            if len(track.edits) > 1 or any(start < 0 for _, start in track.edits):
                yield EDIT_LIST.broken(name, f"{len(track.edits)} edits: {track.edits[:3]}", "one, that skips media")


def _claims_cmaf(brands: tuple[str, ...]) -> bool:
    return any(brand in ("cmfc", "cmf2") for brand in brands)


JUDGES = (
    header_boxes,
    header_brand,
    one_track,
    mvex,
    no_samples,
    header_duration,
    timescale,
    no_meta,
    edit_list,
)
