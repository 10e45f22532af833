"""HLS: how long parts and segments stay, in the playlist and on the server (rfc8216bis §6.2.1, §6.2.2).

What must be fetchable is judged on the fetches that were made, by the instants that are certain: a segment is on the
list from the first version that has it to the last one, and a part may go three target durations after that.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ringside.prove.check.finding import Finding, Rule
from ringside.prove.check.hls_look import NS_PER_S, absolute, changes, everything, first_number, length, place, window
from ringside.prove.check.hls_publication import sightings
from ringside.prove.check.seen import Fetch, HlsStream, Version

REMOVED = Rule(
    "ll-hls.parts-removed", "SHOULD", "rfc8216bis §6.2.2",
    "PART tags go once they are more than three target durations from the end of the playlist.",
)  # fmt: skip
ORDER = Rule(
    "ll-hls.parts-removed-in-order", "MUST", "rfc8216bis §6.2.2",
    "PART tags are removed in the order in which they appear.",
)  # fmt: skip
AVAILABLE = Rule(
    "hls.media-available", "MUST", "rfc8216bis §6.2.1",
    "What a playlist lists can be fetched, unless it is marked as a GAP.",
)  # fmt: skip
PART_KEPT = Rule(
    "ll-hls.part-kept", "MUST", "rfc8216bis §6.2.2",
    "A part can be fetched for three target durations after it has left the playlist.",
)  # fmt: skip
SEGMENT_KEPT = Rule(
    "hls.segment-kept", "MUST", "rfc8216bis §6.2.2",
    "A segment can be fetched for its own duration and that of the longest playlist that listed it.",
)  # fmt: skip


def parts_removed(stream: HlsStream) -> Iterator[Finding]:
    """A part counts as too old when even its end is too far from the playlist's end."""
    for versions in everything(stream):
        for version in versions:
            target = version.playlist.target_duration
            if target is None or version.playlist.ended:
                continue
            behind = Decimal(0)
            for number, segment in reversed(list(version.playlist.numbered())):
                if behind > 3 * target and segment.parts:
                    seen = f"{len(segment.parts)} parts, {behind} s from the end"
                    yield REMOVED.broken(version.name, f"{seen} (segment {number})", f"none beyond {3 * target} s")
                    break
                behind += length(segment)


def removed_in_order(stream: HlsStream) -> Iterator[Finding]:
    """A segment loses its parts only after the one before it has."""
    for versions in everything(stream):
        for before, after in changes(versions):
            old, new = first_number(before.full), first_number(after.full)
            older: int | None = None
            for number in range(max(old, new), old + len(before.full.segments)):
                if number - new >= len(after.full.segments):
                    break
                was, now = before.full.segments[number - old].parts, after.full.segments[number - new].parts
                lost = bool(was) and (not now or now[0] != was[0])
                if lost and older is not None:
                    yield ORDER.broken(place(after, number), "parts removed", f"those of segment {older} first")
                    break
                if was and now and now[0] == was[0]:
                    older = number


@dataclass(slots=True)
class _Listed:
    """A URL of media: from when to when it was on a list, and until when it must be there beyond that."""

    name: str
    what: str
    first_ns: int
    last_ns: int
    keep_ns: int


def fetchable(stream: HlsStream) -> Iterator[Finding]:
    """Every fetch that was refused, against what the playlists had promised by then."""
    refused = [fetch for fetch in stream.fetches if fetch.status in (403, 404, 410) or 500 <= fetch.status < 600]
    if not refused:
        return
    promised: dict[str, _Listed] = {}
    for versions in everything(stream):
        _promise(stream, versions, promised)
    for fetch in refused:
        if fetch.url in promised:
            yield from _judge(fetch, promised[fetch.url])


def _promise(stream: HlsStream, versions: Sequence[Version], promised: dict[str, _Listed]) -> None:
    target_ns = (versions[0].playlist.target_duration or 0) * NS_PER_S
    for index, sighting in enumerate(sightings(stream, versions)):
        version = sighting.version
        whole_ns = round(window(version.full) * NS_PER_S)
        for number, segment in version.full.numbered():
            if segment.gap:
                continue
            for part in (part for part in segment.parts if not part.gap):
                keep = version.fetch.asked_ns + 3 * target_ns
                _list(promised, absolute(version, part.uri), version, f"part of segment {number}", keep)
            if segment.uri:
                known = promised.get(absolute(version, segment.uri))
                since = known.first_ns if known else sighting.earliest_ns if index else 0
                keep = since + round(length(segment) * NS_PER_S) + whole_ns
                _list(promised, absolute(version, segment.uri), version, f"segment {number}", keep)


def _list(promised: dict[str, _Listed], url: str, version: Version, what: str, keep_ns: int) -> None:
    one = promised.setdefault(url, _Listed(version.name, what, version.fetch.done_ns, 0, 0))
    one.last_ns = max(one.last_ns, version.fetch.asked_ns)
    one.keep_ns = max(one.keep_ns, keep_ns)


def _judge(fetch: Fetch, listed: _Listed) -> Iterator[Finding]:
    where = f"{listed.name} {listed.what}"
    if listed.first_ns <= fetch.asked_ns and fetch.done_ns <= listed.last_ns:
        yield AVAILABLE.broken(where, f"status {fetch.status}", "the media, as the playlist lists it")
    elif listed.last_ns < fetch.done_ns <= listed.keep_ns:
        late = (fetch.done_ns - listed.last_ns) / NS_PER_S
        rule = PART_KEPT if listed.what.startswith("part") else SEGMENT_KEPT
        more = (listed.keep_ns - listed.last_ns) / NS_PER_S
        seen = f"status {fetch.status}, {late:.1f} s after it was last listed"
        yield rule.broken(where, seen, f"the media for {more:.1f} s")


JUDGES = (parts_removed, removed_in_order, fetchable)
