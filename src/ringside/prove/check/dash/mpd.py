"""Rules on each MPD by itself: what must stand in it, and that it agrees with itself (ISO/IEC 23009-1 §5.3).

Streams enter, findings leave. Every version that was seen is judged; `gather` makes one finding of equal ones.
"""

from collections import Counter
from collections.abc import Iterator

from ringside.prove.check.dash.mpd_tree import (
    Node,
    Unreadable,
    adaptation_sets,
    date_ns,
    integer,
    number,
    parse,
    representations,
    seconds,
    versions,
)
from ringside.prove.check.finding import Finding, Rule
from ringside.prove.check.seen import DashStream

MPD = "ISO/IEC 23009-1 §5.3.1.2"
PERIOD = "ISO/IEC 23009-1 §5.3.2.2"
COMMON = "ISO/IEC 23009-1 §5.3.7.2"
LIVE_ONLY = ("timeShiftBufferDepth", "minimumUpdatePeriod")

READABLE = Rule("dash.mpd-readable", "MUST", "ISO/IEC 23009-1 §5.2.1", "The manifest is an XML document, an MPD.")
PROFILES = Rule("dash.profiles", "MUST", MPD, "MPD@profiles is present.")
TYPE = Rule("dash.type", "MUST", MPD, "MPD@type is static or dynamic.")
FORMATS = Rule("dash.formats", "MUST", "ISO/IEC 23009-1 annex B", "Dates and durations are xs:dateTime, xs:duration.")
START = Rule("dash.availability-start-time", "MUST", MPD, "A dynamic MPD has availabilityStartTime.")
PUBLISHED = Rule("dash.publish-time", "MUST", MPD, "A dynamic MPD has publishTime.")
BUFFER = Rule("dash.min-buffer-time", "MUST", MPD, "MPD@minBufferTime is present.")
DURATION = Rule(
    "dash.static-duration",
    "MUST",
    MPD,
    "A static MPD says how long it is: mediaPresentationDuration, or the last Period's duration.",
)
NO_UPDATES = Rule("dash.static-no-updates", "MUST", MPD, "A static MPD has no minimumUpdatePeriod.")
PERIODS = Rule("dash.periods", "MUST", MPD, "An MPD has a Period, with an AdaptationSet, with a Representation.")
PERIOD_ID = Rule("dash.period-id", "MUST", PERIOD, "In a dynamic MPD each Period has an id of its own.")
PERIOD_ORDER = Rule("dash.period-order", "MUST", PERIOD, "Periods stand in order of their start and do not overlap.")
REPRESENTATION_ID = Rule(
    "dash.representation-id",
    "MUST",
    "ISO/IEC 23009-1 §5.3.5.2",
    "Each Representation has an id without white space, unique in its Period.",
)
BANDWIDTH = Rule("dash.bandwidth", "MUST", "ISO/IEC 23009-1 §5.3.5.2", "Each Representation has a bandwidth.")
MIME_TYPE = Rule("dash.mime-type", "MUST", COMMON, "Each Representation has, or inherits, a mimeType.")
CONTENT_TYPE = Rule(
    "dash.content-type", "MUST", "ISO/IEC 23009-1 §5.3.3.2", "AdaptationSet@contentType agrees with the mimeType."
)
CODECS = Rule("dash.codecs", "SHOULD", COMMON, "Each video and audio Representation has, or inherits, codecs.")
UTC_TIMING = Rule(
    "dash.utc-timing",
    "SHOULD",
    "ISO/IEC 23009-1 §5.8.4.11; DASH-IF restricted timing model §13.1",
    "A dynamic MPD names a clock to synchronise with (UTCTiming).",
)


def mpd_readable(stream: DashStream) -> Iterator[Finding]:
    """Well-formed, of the right namespace, of sane size."""
    for fetch in stream.manifests:
        try:
            parse(fetch.body)
        except Unreadable as error:
            yield READABLE.broken("MPD", error, "an MPD")


def mpd_attributes(stream: DashStream) -> Iterator[Finding]:
    """What every MPD must say of itself."""
    for _, mpd in versions(stream):
        if not mpd.get("profiles"):
            yield PROFILES.broken("MPD@profiles", "absent", "the profiles it keeps to")
        if mpd.get("type") not in (None, "static", "dynamic"):
            yield TYPE.broken("MPD@type", mpd.get("type"), "static or dynamic")
        if mpd.get("minBufferTime") is None:
            yield BUFFER.broken("MPD@minBufferTime", "absent", "a duration")


def formats(stream: DashStream) -> Iterator[Finding]:
    """Dates are dates, durations durations."""
    spans = ("minBufferTime", "mediaPresentationDuration", "maxSegmentDuration", "suggestedPresentationDelay")
    for _, mpd in versions(stream):
        for name in ("availabilityStartTime", "availabilityEndTime", "publishTime"):
            if mpd.get(name) is not None and date_ns(mpd.get(name)) is None:
                yield FORMATS.broken(f"MPD@{name}", repr(mpd.get(name)), "a date and time")
        held = [
            ("MPD", mpd, (*spans, *LIVE_ONLY)),
            *(("Period", it, ("start", "duration")) for it in mpd.all("Period")),
        ]
        for title, node, names in held:
            for name in names:
                if node.get(name) is not None and seconds(node.get(name)) is None:
                    yield FORMATS.broken(f"{title}@{name}", repr(node.get(name)), "a duration such as PT2S")


def dynamic_attributes(stream: DashStream) -> Iterator[Finding]:
    """What a live MPD must say besides."""
    for _, mpd in versions(stream):
        if mpd.get("type") == "dynamic":
            if mpd.get("availabilityStartTime") is None:
                yield START.broken("MPD@availabilityStartTime", "absent", "the instant of the timeline's zero")
            if mpd.get("publishTime") is None:
                yield PUBLISHED.broken("MPD@publishTime", "absent", "when this version was made")
            if mpd.first("UTCTiming") is None:
                yield UTC_TIMING.broken("MPD", "no UTCTiming", "UTCTiming")


def static_attributes(stream: DashStream) -> Iterator[Finding]:
    """What a recording must and must not say."""
    for _, mpd in versions(stream):
        if mpd.get("type") == "dynamic":
            continue
        periods = mpd.all("Period")
        if mpd.get("mediaPresentationDuration") is None and not (periods and periods[-1].get("duration")):
            yield DURATION.broken("MPD@mediaPresentationDuration", "absent", "a duration")
        if mpd.get("minimumUpdatePeriod") is not None:
            yield NO_UPDATES.broken("MPD@minimumUpdatePeriod", mpd.get("minimumUpdatePeriod"), "none when static")


def periods(stream: DashStream) -> Iterator[Finding]:
    """Something to play. A Period of no duration, or one fetched from elsewhere (XLink), may be empty."""
    for _, mpd in versions(stream):
        if not mpd.all("Period"):
            yield PERIODS.broken("MPD", "no Period", "at least one")
        for index, period in enumerate(mpd.all("Period")):
            remote = any("xlink" in name for name in period.attributes)
            if not period.all("AdaptationSet") and not remote and seconds(period.get("duration")) != 0:
                yield PERIODS.broken(_name(period, index), "no AdaptationSet", "at least one")
        for period, adaptation in adaptation_sets(mpd):
            remote = any("xlink" in name for name in adaptation.attributes)
            if not adaptation.all("Representation") and not remote:
                yield PERIODS.broken(_name(period, 0), "an AdaptationSet without Representation", "at least one")


def period_ids(stream: DashStream) -> Iterator[Finding]:
    """Clients recognise a Period in the next version by its id."""
    for _, mpd in versions(stream):
        if mpd.get("type") != "dynamic":
            continue
        for index, period in enumerate(mpd.all("Period")):
            if not period.get("id"):
                yield PERIOD_ID.broken(f"Period {index + 1}", "no id", "an id")
        for id, times in Counter(period.get("id") for period in mpd.all("Period")).items():
            if id and times > 1:
                yield PERIOD_ID.broken(f"Period {id}", f"{times} of that id", "one")


def period_order(stream: DashStream) -> Iterator[Finding]:
    """Each starts where the one before ends, or later."""
    for _, mpd in versions(stream):
        after = None
        for index, period in enumerate(mpd.all("Period")):
            start, duration = seconds(period.get("start")), seconds(period.get("duration"))
            start = after if start is None else start
            if start is not None and after is not None and start < after:
                yield PERIOD_ORDER.broken(_name(period, index), f"starts at {float(start)} s", f"{float(after)} s")
            after = start + (duration or 0) if start is not None else None


def representation_ids(stream: DashStream) -> Iterator[Finding]:
    """A player asks for media by this name."""
    for _, mpd in versions(stream):
        ids = Counter((id(it.period), it.id) for it in representations(mpd))
        for (_, name), times in ids.items():
            if not name or any(letter.isspace() for letter in name):
                yield REPRESENTATION_ID.broken(f"Representation {name!r}", "no usable id", "an id without white space")
            elif times > 1:
                yield REPRESENTATION_ID.broken(f"Representation {name}", f"{times} of that id", "one in a Period")


def representation_attributes(stream: DashStream) -> Iterator[Finding]:
    """What a player needs to choose among them."""
    for _, mpd in versions(stream):
        for it in representations(mpd):
            where = f"Representation {it.id}"
            if integer(it.node.get("bandwidth"), 0) <= 0:
                yield BANDWIDTH.broken(where, f"bandwidth {it.node.get('bandwidth')}", "bits per second")
            mime = it.get("mimeType") or ""
            if not mime:
                yield MIME_TYPE.broken(where, "no mimeType", "a mimeType")
            if it.get("codecs") is None and mime.split("/")[0] in ("video", "audio"):
                yield CODECS.broken(where, "no codecs", "codecs, as in RFC 6381")


def content_type(stream: DashStream) -> Iterator[Finding]:
    """contentType video goes with video/mp4; application/mp4 may be anything."""
    for _, mpd in versions(stream):
        for it in representations(mpd):
            said, mime = it.adaptation.get("contentType"), (it.get("mimeType") or "").split("/")[0]
            if said and mime in ("video", "audio", "image") and said != mime:
                yield CONTENT_TYPE.broken(f"Representation {it.id}", f"{said} and {it.get('mimeType')}", "one kind")


def frame_rates(stream: DashStream) -> Iterator[Finding]:
    """Numbers are numbers: frameRate 30 or 30000/1001, width and height whole."""
    for _, mpd in versions(stream):
        for it in representations(mpd):
            rate = it.get("frameRate")
            parts = rate.split("/") if rate else []
            if rate and not (len(parts) <= 2 and all((number(part) or 0) > 0 for part in parts)):
                yield FORMATS.broken(f"Representation {it.id}@frameRate", repr(rate), "30 or 30000/1001")


def _name(period: Node, index: int) -> str:
    return f"Period {period.get('id') or index + 1}"


JUDGES = (
    mpd_readable,
    mpd_attributes,
    formats,
    dynamic_attributes,
    static_attributes,
    periods,
    period_ids,
    period_order,
    representation_ids,
    representation_attributes,
    content_type,
    frame_rates,
)
