"""HLS: whether media is published in time, and in all renditions alike (rfc8216bis §6.2.1, App. B.1).

A watcher sees the server's work through replies. Something new was published between an `earliest` and a `latest`
instant: at the latest when the first reply that has it began; at the earliest when the last request was asked whose
reply had it not, or, for a reply that the server held, `SLACK_NS` before it began. Only a gap that is too long between
the latest instant of one thing and the earliest of the next is a finding, so neither a slow poller nor a slow network
makes one.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ringside.flow.mux.hls import MediaPlaylist
from ringside.prove.check.finding import Finding, Rule
from ringside.prove.check.hls.look import NS_PER_S, bare, complete_edge, edge, everything, length, low_latency
from ringside.prove.check.seen import Fetch, HlsStream, Version

SEGMENT = Rule(
    "hls.segment-in-time", "MUST", "rfc8216bis §6.2.1",
    "A live playlist gets a new segment within 1.5 target durations of the one before.",
)  # fmt: skip
PART = Rule(
    "ll-hls.part-in-time", "MUST", "rfc8216bis §6.2.1",
    "A live playlist with parts gets a new part within one part target of the one before.",
)  # fmt: skip
IN_STEP = Rule(
    "ll-hls.renditions-in-step", "MUST", "rfc8216bis App. B.1",
    "All renditions of a low-latency stream are updated within one part target of one another.",
)  # fmt: skip

SLACK_NS = NS_PER_S // 4
"""What network and scheduling may add to a held reply, on a machine that is also watched by a crowd."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """When something new in `version` was published: within these two instants."""

    version: Version
    earliest_ns: int
    latest_ns: int


def sightings(stream: HlsStream, versions: Sequence[Version]) -> list[Sighting]:
    """Every version with the bounds of its publication."""
    asked = _asked(stream, versions)
    found = []
    for version in versions:
        fetch = version.fetch
        if "_HLS_msn=" in fetch.url and fetch.first_ns - fetch.asked_ns > SLACK_NS:
            earliest = fetch.first_ns - SLACK_NS
        else:
            at = bisect_left(asked, (fetch.asked_ns, 0)) - 1
            while at >= 0 and asked[at][1] > fetch.first_ns:
                at -= 1
            earliest = asked[at][0] if at >= 0 else 0
        found.append(Sighting(version, earliest - _age_ns(fetch), fetch.first_ns))
    return found


def _asked(stream: HlsStream, versions: Sequence[Version]) -> list[tuple[int, int]]:
    """(asked, done) of every good reply to a request for this playlist, in order."""
    url = bare(versions[0].fetch.url)
    return sorted(
        (fetch.asked_ns - _age_ns(fetch), fetch.done_ns)
        for fetch in stream.fetches
        if fetch.status == 200 and bare(fetch.url) == url
    )


def _age_ns(fetch: Fetch) -> int:
    """How old a cache says that its reply is."""
    age = fetch.header("age") or "0"
    return int(age) * NS_PER_S if age.isascii() and age.isdigit() and len(age) < 9 else 0


def segments_in_time(stream: HlsStream) -> Iterator[Finding]:
    """1.5 TD between new complete segments."""
    for versions in everything(stream):
        target = versions[0].playlist.target_duration
        if target:
            limit = target * NS_PER_S * 3 // 2
            yield from _late(stream, versions, lambda p: (complete_edge(p), 0), limit, SEGMENT, "segment")


def parts_in_time(stream: HlsStream) -> Iterator[Finding]:
    """One PT between new parts; several at once count as one."""
    for versions in everything(stream):
        target = versions[-1].playlist.part_target
        if target and low_latency(versions):
            yield from _late(stream, versions, edge, round(target * NS_PER_S), PART, "part")


def _late(
    stream: HlsStream, versions: Sequence[Version], newest: Callable[[MediaPlaylist], tuple[int, int]],
    limit_ns: int, rule: Rule, what: str,
) -> Iterator[Finding]:  # fmt: skip
    seen = sightings(stream, versions)
    best, since = newest(versions[0].full), seen[0].latest_ns
    for sighting in seen[1:]:
        now = newest(sighting.version.full)
        if now <= best:
            continue
        if sighting.earliest_ns - since > limit_ns:
            yield _too_late(rule, versions[0].name, what, sighting.earliest_ns - since, limit_ns)
        best, since = now, sighting.latest_ns
    if not versions[-1].full.ended:
        waited = max(_waited(stream, versions, since), default=since) - since
        if waited > limit_ns:
            yield _too_late(rule, versions[0].name, what, waited, limit_ns)


def _too_late(rule: Rule, name: str, what: str, gap_ns: int, limit_ns: int) -> Finding:
    seen = f"no new {what} for at least {gap_ns / NS_PER_S:.3f} s"
    return rule.broken(name, seen, f"one within {limit_ns / NS_PER_S:.3f} s")


def _waited(stream: HlsStream, versions: Sequence[Version], since_ns: int) -> Iterator[int]:
    """Instants after the last news at which there was still none: polls that brought nothing, holds that ran out."""
    url = bare(versions[0].fetch.url)
    for fetch in stream.fetches:
        if bare(fetch.url) != url or fetch.asked_ns <= since_ns:
            continue
        if fetch.status == 200 and "_HLS_msn=" not in fetch.url:
            yield fetch.asked_ns - _age_ns(fetch)
        elif fetch.status == 503 and "_HLS_msn=" in fetch.url:
            yield fetch.first_ns - SLACK_NS


def in_step(stream: HlsStream) -> Iterator[Finding]:
    """By date: what one rendition has, all others have a part target later, but for the part they have not begun."""
    live = [versions for versions in everything(stream) if low_latency(versions)]
    tracks = [(versions, _ends(sightings(stream, versions))) for versions in live]
    for mine, ends in tracks:
        for theirs, others in tracks:
            if theirs is not mine and ends and others:
                yield from _behind(mine, ends, theirs, others)


def _ends(seen: Sequence[Sighting]) -> list[tuple[int, Sighting]]:
    """(date of the end, sighting) of each version that goes further than all before it."""
    found: list[tuple[int, Sighting]] = []
    for sighting in seen:
        end = end_date_ns(sighting.version.full)
        if end is not None and (not found or end > found[-1][0]):
            found.append((end, sighting))
    return found


def end_date_ns(playlist: MediaPlaylist) -> int | None:
    """Date at which its newest media ends; None without dates."""
    rest = 0
    for segment in reversed(playlist.segments):
        rest += round(length(segment) * NS_PER_S)
        if segment.program_date_time:
            return segment.program_date_time.ns + rest
        if segment.discontinuity:
            return None
    return None


def _behind(
    mine: Sequence[Version], ends: list[tuple[int, Sighting]],
    theirs: Sequence[Version], others: list[tuple[int, Sighting]],
) -> Iterator[Finding]:  # fmt: skip
    target_ns = round(max(mine[-1].playlist.part_target or 0, theirs[-1].playlist.part_target or 0) * NS_PER_S)
    dates = [end for end, _ in others]
    for end, sighting in ends:
        at = bisect_left(dates, end - target_ns)
        if at == len(dates):
            break
        behind = others[at][1].earliest_ns - sighting.latest_ns
        if behind > target_ns:
            seen = f"{behind / NS_PER_S:.3f} s behind {mine[0].name}"
            yield IN_STEP.broken(theirs[0].name, seen, f"at most {target_ns / NS_PER_S:.3f} s")


JUDGES = (segments_in_time, parts_in_time, in_step)
