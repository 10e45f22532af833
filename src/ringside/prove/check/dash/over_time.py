"""Rules on successive versions of an MPD: only what may change does (ISO/IEC 23009-1 §5.4.1, DASH-IF timing §13.6).

Streams enter, findings leave. Versions are compared in the order in which they were fetched; equal bytes are no update.
"""

from collections.abc import Iterator
from itertools import pairwise

from ringside.core.media import NS_PER_S
from ringside.prove.check.dash.mpd_tree import (
    Node,
    Representation,
    date_ns,
    integer,
    representations,
    seconds,
    versions,
)
from ringside.prove.check.dash.segment_timeline import Entry, entries
from ringside.prove.check.finding import Finding, Rule
from ringside.prove.check.seen import DashStream, Fetch

UPDATES = "ISO/IEC 23009-1 §5.4.1"
TIMING = "DASH-IF restricted timing model §13.6"
FIXED = ("timescale", "presentationTimeOffset", "duration", "media", "initialization")

START = Rule("dash.availability-start-constant", "MUST", TIMING, "availabilityStartTime does not change.")
PERIOD = Rule("dash.period-stable", "MUST", f"{UPDATES}; {TIMING}", "A Period of the same id keeps its start.")
PUBLISHED = Rule(
    "dash.publish-time-monotone",
    "MUST",
    "ISO/IEC 23009-1 §5.3.1.2",
    "publishTime never goes back, and a changed MPD has a later one.",
)
REPRESENTATIONS = Rule(
    "dash.representations-stable",
    "MUST",
    f"{UPDATES}; {TIMING}",
    "The AdaptationSets and Representations of a Period do not change.",
)
BEHAVIOUR = Rule(
    "dash.representation-behaviour",
    "MUST",
    UPDATES,
    "A Representation's addressing and timing do not change: timescale, presentationTimeOffset, duration, URLs.",
)
TIMELINE = Rule(
    "dash.timeline-stable",
    "MUST",
    UPDATES,
    "A SegmentTimeline is only extended at its end and trimmed at its start.",
)
KEPT = Rule(
    "dash.time-shift-kept",
    "MUST",
    "DASH-IF restricted timing model §13.6.3",
    "A segment stays in the SegmentTimeline as long as timeShiftBufferDepth reaches back to it.",
)
UPDATED = Rule(
    "dash.updates-in-time",
    "SHOULD",
    "DASH-IF restricted timing model §13.6.1",
    "A SegmentTimeline grows before clients run out of it: within minimumUpdatePeriod and two segments.",
)
FINAL = Rule(
    "dash.no-update-promised",
    "MUST",
    "DASH-IF restricted timing model §13.6.1",
    "An MPD without minimumUpdatePeriod is not updated any more.",
)
ENDED = Rule(
    "dash.static-is-final",
    "MUST",
    f"{TIMING}.4",
    "A presentation that has become static stays so.",
)


def availability_start_constant(stream: DashStream) -> Iterator[Finding]:
    """The zero of the timeline is one instant for ever."""
    seen = [date for _, mpd in versions(stream) if (date := mpd.get("availabilityStartTime")) is not None]
    for before, after in pairwise(seen):
        if date_ns(before) != date_ns(after):
            yield START.broken("MPD@availabilityStartTime", after, before)


def period_stable(stream: DashStream) -> Iterator[Finding]:
    """Players carry on by id."""
    for (_, before), (_, after) in _updates(stream):
        starts = {id: start for id, start in _starts(before) if id}
        for id, start in _starts(after):
            known = starts.get(id or "")
            if known is not None and start is not None and start != known:
                yield PERIOD.broken(f"Period {id}", f"start {start} s", f"{known} s")


def publish_time_monotone(stream: DashStream) -> Iterator[Finding]:
    """By it a client tells which of two versions is newer."""
    for (_, before), (_, after) in _updates(stream):
        old, new = date_ns(before.get("publishTime")), date_ns(after.get("publishTime"))
        if old is None or new is None:
            continue
        if new < old:
            yield PUBLISHED.broken("MPD@publishTime", f"{after.get('publishTime')}, earlier than before", "later")
        elif new == old and _plain(before) != _plain(after):
            seen = f"{after.get('publishTime')} for two different versions"
            yield PUBLISHED.broken("MPD@publishTime", seen, "a later one for the newer version")


def representations_stable(stream: DashStream) -> Iterator[Finding]:
    """Nothing to choose from appears or vanishes within a Period."""
    for (_, before), (_, after) in _updates(stream):
        known = {period.get("id"): _members(period) for period in before.all("Period") if period.get("id")}
        for period in after.all("Period"):
            expected = known.get(period.get("id"))
            if expected is not None and _members(period) != expected:
                where = f"Period {period.get('id')}"
                yield REPRESENTATIONS.broken(where, _listing(_members(period)), _listing(expected))


def representation_behaviour(stream: DashStream) -> Iterator[Finding]:
    """What a player has learnt of a Representation stays true."""
    for before, after in _same(stream):
        old, new = before.template or {}, after.template or {}
        for name in FIXED:
            if old.get(name) != new.get(name):
                where = f"Representation {after.id}"
                yield BEHAVIOUR.broken(where, f"{name} {new.get(name)}", f"{name} {old.get(name)}")


def timeline_stable(stream: DashStream) -> Iterator[Finding]:
    """The past is not rewritten: neither times nor, where segments are addressed by them, numbers."""
    for before, after in _same(stream):
        old, new = entries(before), entries(after)
        if not old or not new:
            continue
        numbered = "$Number" in (after.template or {}).get("media", "")
        known = {entry.start: entry for entry in new}
        overlap = [entry for entry in old if new[0].start <= entry.start < new[-1].end]
        for entry in overlap:
            match = known.get(entry.start)
            moved = match is not None and numbered and match.number != entry.number
            if match is None or match.duration != entry.duration or moved:
                yield TIMELINE.broken(f"Representation {after.id}", _told(match), _told(entry))
                break
        else:
            if new[-1].end < old[-1].end and new[0].start <= old[-1].start:
                yield TIMELINE.broken(f"Representation {after.id}", f"ends at {new[-1].end}", f"{old[-1].end} or later")


def time_shift_kept(stream: DashStream) -> Iterator[Finding]:
    """Reckoned by availabilityStartTime and when the MPD was asked for; one segment and a second of grace."""
    oldest: dict[str, float] = {}
    for fetch, mpd in versions(stream):
        depth, zero_ns = seconds(mpd.get("timeShiftBufferDepth")), date_ns(mpd.get("availabilityStartTime"))
        if mpd.get("type") != "dynamic" or depth is None or zero_ns is None:
            continue
        reach_s = (fetch.asked_ns - zero_ns) / NS_PER_S - float(depth)
        for it in representations(mpd):
            line = entries(it)
            first_s = _presented_s(it, mpd, line[0].start) if line else None
            if first_s is None:
                continue
            wanted_s = max(reach_s, oldest.setdefault(it.id, first_s))
            if first_s > wanted_s + 1 + line[0].duration / it.timescale:
                yield KEPT.broken(f"Representation {it.id}", f"begins at {first_s:.1f} s", f"{wanted_s:.1f} s")


def updates_in_time(stream: DashStream) -> Iterator[Finding]:
    """From one growth of a timeline to the next, by when the MPDs were asked for."""
    grown: dict[str, tuple[int, int]] = {}
    for fetch, mpd in versions(stream):
        period = seconds(mpd.get("minimumUpdatePeriod"))
        for it in representations(mpd) if mpd.get("type") == "dynamic" and period is not None else ():
            line = entries(it)
            if not line:
                continue
            end, since_ns = grown.get(it.id, (line[-1].end, fetch.asked_ns))
            allowed_s = float(period or 0) + 2 * line[-1].duration / it.timescale
            waited_s = (fetch.asked_ns - since_ns) / NS_PER_S
            if waited_s > allowed_s + 1:
                where = f"Representation {it.id}"
                yield UPDATED.broken(where, f"no new segment for {waited_s:.1f} s", f"one within {allowed_s:.1f} s")
            grown[it.id] = (line[-1].end, fetch.asked_ns) if line[-1].end != end else (end, since_ns)


def no_update_promised(stream: DashStream) -> Iterator[Finding]:
    """Clients that believe it never ask again."""
    for (_, before), (_, after) in _updates(stream):
        final = before.get("type") == "dynamic" and before.get("minimumUpdatePeriod") is None
        if final and _plain(before) != _plain(after):
            yield FINAL.broken("MPD", "another version", "none, as minimumUpdatePeriod was absent")


def static_is_final(stream: DashStream) -> Iterator[Finding]:
    """The end is the end."""
    for (_, before), (_, after) in _updates(stream):
        if before.get("type") != "dynamic" and after.get("type") == "dynamic":
            yield ENDED.broken("MPD@type", "dynamic again", "static")


def _updates(stream: DashStream) -> Iterator[tuple[tuple[Fetch, Node], tuple[Fetch, Node]]]:
    """Successive versions that differ."""
    for before, after in pairwise(versions(stream)):
        if before[0].body != after[0].body:
            yield before, after


def _starts(mpd: Node) -> Iterator[tuple[str | None, float | None]]:
    """(id, start in seconds) of each Period; a start left out follows from the Period before (§5.3.2.1)."""
    after: float | None = 0.0 if mpd.get("type") != "dynamic" else None
    for period in mpd.all("Period"):
        stated, duration = seconds(period.get("start")), seconds(period.get("duration"))
        start = float(stated) if stated is not None else after
        after = start + float(duration) if start is not None and duration is not None else None
        yield period.get("id"), start


def _members(period: Node) -> list[tuple[str | None, tuple[str, ...]]]:
    return [
        (adaptation.get("id"), tuple(sorted(node.get("id") or "" for node in adaptation.all("Representation"))))
        for adaptation in period.all("AdaptationSet")
    ]


def _listing(members: list[tuple[str | None, tuple[str, ...]]]) -> str:
    return "; ".join(" ".join(names) for _, names in members) or "nothing"


def _same(stream: DashStream) -> Iterator[tuple[Representation, Representation]]:
    """Representations of the same id in Periods of the same id, from one version to the next."""
    for (_, before), (_, after) in _updates(stream):
        if before.get("type") != after.get("type"):
            continue
        known = {(it.period.get("id"), it.id): it for it in representations(before)}
        for it in representations(after):
            found = known.get((it.period.get("id"), it.id))
            if found is not None:
                yield found, it


def _presented_s(it: Representation, mpd: Node, ticks: int) -> float | None:
    """Media time as seconds since availabilityStartTime."""
    starts = [start for period, (_, start) in zip(mpd.all("Period"), _starts(mpd), strict=True) if period is it.period]
    if not starts or starts[0] is None:
        return None
    return starts[0] + (ticks - integer((it.template or {}).get("presentationTimeOffset"), 0)) / it.timescale


def _plain(node: Node) -> tuple[object, ...]:
    """The element as a value, less the time of the answer itself that a UTCTiming may tell directly."""
    if node.name == "UTCTiming" and "utc:direct" in (node.get("schemeIdUri") or ""):
        return ("UTCTiming",)
    return node.name, tuple(sorted(node.attributes.items())), node.text.strip(), tuple(map(_plain, node.children))


def _told(entry: Entry | None) -> str:
    return f"segment {entry.number} at {entry.start} for {entry.duration}" if entry else "gone"


JUDGES = (
    availability_start_constant,
    period_stable,
    publish_time_monotone,
    representations_stable,
    representation_behaviour,
    timeline_stable,
    time_shift_kept,
    updates_in_time,
    no_update_promised,
    static_is_final,
)
