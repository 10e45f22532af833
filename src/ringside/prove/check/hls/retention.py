"""LL-HLS: how long parts stay in the playlist (draft-pantos-hls-rfc8216bis-22 §6.2.2).

Whether what has left the playlist can still be fetched takes requests, and is judged by the rules over HTTP.
"""

from collections.abc import Iterator
from decimal import Decimal

from ringside.prove.check.finding import Finding, Rule
from ringside.prove.check.hls.look import changes, everything, first_number, last_number, length, place
from ringside.prove.check.seen import HlsStream

REMOVED = Rule(
    "ll-hls.parts-removed", "SHOULD", "rfc8216bis §6.2.2",
    "PART tags go once they are more than three target durations from the end of the playlist.",
)  # fmt: skip
ORDER = Rule(
    "ll-hls.parts-removed-in-order", "MUST", "rfc8216bis §6.2.2",
    "PART tags are removed in the order in which they appear.",
)  # fmt: skip


def parts_removed(stream: HlsStream) -> Iterator[Finding]:
    """A part counts as too old when even its end is too far from the playlist's end."""
    for versions in everything(stream):
        for version in versions:
            target = version.playlist.target_duration
            if target is None or version.playlist.ended:
                continue
            behind = Decimal(0)
            for back, segment in enumerate(reversed(version.playlist.segments)):
                if behind > 3 * target:
                    if segment.parts:
                        number = last_number(version.playlist) - back
                        seen = f"{len(segment.parts)} parts, {behind} s from the end (segment {number})"
                        yield REMOVED.broken(version.name, seen, f"none beyond {3 * target} s")
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


JUDGES = (parts_removed, removed_in_order)
