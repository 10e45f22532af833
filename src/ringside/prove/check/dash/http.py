"""DASH over HTTP: segments at their time, chunks as they are made, the MPD's type and lifetime, and the clocks.

What enters: a DashStream with its probes. What leaves: findings. Clauses are those of ISO/IEC 23009-1 and of DASH-IF
IOP v5.
"""

from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from statistics import median

from ringside.prove.check.dash.low_latency import live
from ringside.prove.check.dash.mpd_tree import newest, representation, seconds
from ringside.prove.check.finding import Finding, Rule
from ringside.prove.check.http_rules import answer, lifetime_s, of_kind, path
from ringside.prove.check.seen import DashStream, Fetch, Probe
from ringside.prove.check.watch.ask_dash import time_ns

IN_TIME = Rule(
    "dash.segment-in-time", "MUST", "ISO/IEC 23009-1 §5.3.9.5.3, §A.3.2",
    "A segment can be fetched from its availability time on.",
)  # fmt: skip
AS_MADE = Rule(
    "ll-dash.chunks-as-made", "MUST", "ISO/IEC 23009-1 §5.3.9.5.3; DASH-IF IOP v5 part 4 §6.4",
    "A segment that is available before it is complete (availabilityTimeComplete=false) is sent chunk by chunk.",
)  # fmt: skip
TYPE = Rule("dash.mpd-type", "SHOULD", "ISO/IEC 23009-1 Annex C.2", "An MPD is sent as application/dash+xml.")
LIFETIME = Rule(
    "dash.mpd-lifetime", "SHOULD", "RFC 9111 §4.2; ISO/IEC 23009-1 §5.3.1.2",
    "A dynamic MPD is cached no longer than its minimumUpdatePeriod.",
)  # fmt: skip
CLOCK = Rule(
    "dash.utc-timing-answers", "MUST", "ISO/IEC 23009-1 §5.8.4.11, §5.8.5.7",
    "The clocks that UTCTiming names answer with the time in the format of their scheme.",
)  # fmt: skip
CLOCK_RIGHT = Rule(
    "dash.utc-timing-right", "SHOULD", "ISO/IEC 23009-1 §5.8.4.11; RFC 9110 §6.6.1",
    "The time of a UTCTiming clock is that of its Date field.",
)  # fmt: skip

ASKED_BY = {
    IN_TIME.id: "segment", AS_MADE.id: "segment-early", TYPE.id: "mpd", LIFETIME.id: "mpd", CLOCK.id: "utc",
    CLOCK_RIGHT.id: "utc",
}  # fmt: skip
LATE_S = 0.5  # what clocks, and the way to us, may be off by
DATE_OFF_S = 2.0  # a Date has whole seconds
S = 1_000_000_000


def segment_in_time(stream: DashStream) -> Iterator[Finding]:
    """The watcher asks at the time, and again while there is nothing: the answer it was content with tells."""
    for probe in of_kind(stream, "segment"):
        late_s = (probe.fetch.asked_ns - probe.due_ns) / S
        if probe.fetch.status in (404, 425):
            seen = f"{path(probe.fetch.url)}: {answer(probe.fetch)}, {late_s:.1f} s after its time"
            yield IN_TIME.broken(f"Representation {probe.name}", seen, "200 from its availability time on")
        elif probe.fetch.status == 200 and late_s > LATE_S and _asked_before(stream, probe):
            seen = f"{path(probe.fetch.url)}: there {late_s:.1f} s after its time"
            yield IN_TIME.broken(f"Representation {probe.name}", seen, "200 from its availability time on")


def _asked_before(stream: DashStream, probe: Probe) -> bool:
    """Whether the segment was refused before it came, rather than asked for late."""
    return any(fetch.url == probe.fetch.url and fetch.status in (404, 425) for fetch in stream.fetches)


def chunks_as_made(stream: DashStream) -> Iterator[Finding]:
    """At least half as many pieces as chunks were due, spread over at least half the time the segment is made in."""
    mpd = newest(stream)
    for name in dict.fromkeys(probe.name for probe in of_kind(stream, "segment-early")) if mpd and live(stream) else ():
        found = representation(mpd, name) if mpd else None
        length_s = float(found.segment_s or 0) if found else 0.0
        asked = [probe.fetch for probe in of_kind(stream, "segment-early") if probe.name == name and _prompt(probe)]
        if len(asked) < 2 or not length_s:
            continue
        spread_s = median((fetch.done_ns - fetch.first_ns) / S for fetch in asked)
        if spread_s < length_s / 4:
            seen = f"the whole of a segment of {length_s:g} s within {spread_s:.2f} s (median of {len(asked)})"
            yield AS_MADE.broken(f"Representation {name}", seen, "its chunks, one after the other, as they are made")


def _prompt(probe: Probe) -> bool:
    """Whether the segment was asked for at its time, and came."""
    on_time = (probe.fetch.asked_ns - probe.due_ns) / S < LATE_S
    return on_time and probe.fetch.status == 200 and not probe.fetch.problem


def mpd_type(stream: DashStream) -> Iterator[Finding]:
    for probe in of_kind(stream, "mpd"):
        kind = (probe.fetch.header("content-type") or "").partition(";")[0].strip().lower()
        if kind != "application/dash+xml":
            yield TYPE.broken(path(probe.fetch.url), kind or "no Content-Type", "application/dash+xml")


def mpd_lifetime(stream: DashStream) -> Iterator[Finding]:
    mpd = newest(stream)
    period_s = seconds(mpd.get("minimumUpdatePeriod")) if mpd and mpd.get("type") == "dynamic" else None
    for probe in of_kind(stream, "mpd"):
        said = lifetime_s(probe.fetch)
        if period_s is not None and said is not None and said > max(1, float(period_s)):
            seen = f"a lifetime of {said} s with minimumUpdatePeriod={float(period_s):g} s"
            yield LIFETIME.broken(path(probe.fetch.url), seen, f"at most {max(1, float(period_s)):g} s")


def utc_timing_answers(stream: DashStream) -> Iterator[Finding]:
    for probe in of_kind(stream, "utc"):
        headed = "http-head" in probe.name
        told = probe.fetch.header("date") if headed else time_ns(probe.fetch)
        if probe.fetch.status != 200 or probe.fetch.problem:
            yield CLOCK.broken(f"{path(probe.fetch.url)} ({probe.name})", answer(probe.fetch), "200 and the time")
        elif told is None:
            seen = repr(probe.fetch.body[:60].decode("utf-8", "replace"))
            yield CLOCK.broken(f"{path(probe.fetch.url)} ({probe.name})", seen, "an xs:dateTime")


def utc_timing_right(stream: DashStream) -> Iterator[Finding]:
    for probe in of_kind(stream, "utc"):
        told_ns, date_s = time_ns(probe.fetch), _date_s(probe.fetch)
        if told_ns is not None and date_s is not None and abs(told_ns / S - date_s) > DATE_OFF_S:
            seen = f"{told_ns / S - date_s:+.1f} s from its own Date"
            yield CLOCK_RIGHT.broken(path(probe.fetch.url), seen, f"within {DATE_OFF_S:g} s")


def _date_s(fetch: Fetch) -> float | None:
    try:
        return parsedate_to_datetime(fetch.header("date") or "").timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


JUDGES = (segment_in_time, chunks_as_made, mpd_type, mpd_lifetime, utc_timing_answers, utc_timing_right)
