"""HLS: media and discontinuity sequence numbers, and how short a window may be (rfc8216bis §6.2.2, §6.2.4)."""

from collections import Counter
from collections.abc import Iterator
from itertools import accumulate

from ringside.flow.mux.hls import MediaPlaylist
from ringside.flow.mux.hls.byterange import ByteRange
from ringside.flow.mux.hls.numbers import DiscontinuitySequence
from ringside.prove.check.finding import Finding, Rule
from ringside.prove.check.hls.look import changes, dates, everything, first_number, place, window
from ringside.prove.check.seen import HlsStream, Version

BACK = Rule("hls.media-sequence-back", "MUST", "rfc8216bis §6.2.2", "MEDIA-SEQUENCE never goes back.")
COUNTS = Rule(
    "hls.media-sequence-counts", "MUST", "rfc8216bis §6.2.2",
    "MEDIA-SEQUENCE rises by one for every segment that is removed: a segment keeps its number.",
)  # fmt: skip
DISCONTINUITY_BACK = Rule(
    "hls.discontinuity-sequence-back", "MUST", "rfc8216bis §6.2.2", "DISCONTINUITY-SEQUENCE never goes back."
)
DISCONTINUITY_COUNTS = Rule(
    "hls.discontinuity-sequence-counts", "MUST", "rfc8216bis §6.2.2",
    "DISCONTINUITY-SEQUENCE rises when a DISCONTINUITY is removed: a segment keeps its discontinuity number.",
)  # fmt: skip
DISCONTINUITY_PRESENT = Rule(
    "hls.discontinuity-sequence-present", "MUST", "rfc8216bis §6.2.2",
    "A playlist with a DISCONTINUITY from which segments are removed has a DISCONTINUITY-SEQUENCE.",
)  # fmt: skip
MATCH = Rule(
    "hls.discontinuity-numbers-match", "MUST", "rfc8216bis §6.2.4",
    "Matching content has the same discontinuity sequence number in all renditions.",
)  # fmt: skip
WINDOW = Rule(
    "hls.window", "MUST", "rfc8216bis §6.2.2",
    "No segment is removed from a live playlist if less than three target durations would be left.",
)  # fmt: skip


def media_sequence(stream: HlsStream) -> Iterator[Finding]:
    """Never back, and one step for one segment."""
    for versions in everything(stream):
        for before, after in changes(versions):
            was, now = before.playlist.media_sequence, after.playlist.media_sequence
            if now < was:
                yield BACK.broken(after.name, now, f"at least {was}")
                continue
            if _aligned(before.full, after.full):
                continue
            numbers = _numbers(before.full)
            moved = [(n, numbers[uri]) for uri, n in _numbers(after.full).items() if numbers.get(uri, n) != n]
            if moved:
                seen = f"segment {moved[0][1]} became {moved[0][0]}"
                yield COUNTS.broken(after.name, f"{seen} ({len(moved)} moved)", "every segment keeps its number")


def _aligned(before: MediaPlaylist, after: MediaPlaylist) -> bool:
    """Whether the first and the last segment that both number alike are the same: then none has moved."""
    old, new = first_number(before), first_number(after)
    first, last = max(old, new), min(old + len(before.segments), new + len(after.segments)) - 1
    if first > last:
        return False
    ends = [(before.segments[n - old], after.segments[n - new]) for n in (first, last)]
    return all(was.uri == now.uri and _range(was.tags) == _range(now.tags) for was, now in ends if was.uri)


def _numbers(playlist: MediaPlaylist) -> dict[tuple[str, str], int]:
    """Numbers of the segments that can be told by URI and range; a URI that is used twice tells nothing."""
    found = [((segment.uri, _range(segment.tags)), number) for number, segment in playlist.numbered() if segment.uri]
    twice = Counter(uri for uri, _ in found)
    return {uri: number for uri, number in found if twice[uri] == 1}


def _range(tags: tuple[object, ...]) -> str:
    return next((tag.text for tag in tags if isinstance(tag, ByteRange)), "")


def discontinuity_sequence(stream: HlsStream) -> Iterator[Finding]:
    """Never back, and one step for each DISCONTINUITY that was removed: so segments keep their numbers."""
    for versions in everything(stream):
        for before, after in changes(versions):
            was, now = before.playlist.discontinuity_sequence, after.playlist.discontinuity_sequence
            if now < was:
                yield DISCONTINUITY_BACK.broken(after.name, now, f"at least {was}")
            removed = first_number(after.full) - first_number(before.full)
            skipped = before.full.skipped or after.full.skipped
            if now < was or skipped or not 0 <= removed <= len(before.full.segments):
                continue
            due = was + sum(segment.discontinuity for segment in before.full.segments[:removed])
            if now != due:
                where = place(after, first_number(after.full))
                yield DISCONTINUITY_COUNTS.broken(where, f"DISCONTINUITY-SEQUENCE {now}", due)
            marked = any(segment.discontinuity for segment in before.full.segments)
            if removed and marked and not _numbered(before):
                seen = "no DISCONTINUITY-SEQUENCE, a DISCONTINUITY, and segments were removed"
                yield DISCONTINUITY_PRESENT.broken(before.name, seen, "DISCONTINUITY-SEQUENCE, if only of 0")


def _numbered(version: Version) -> bool:
    return any(isinstance(tag, DiscontinuitySequence) for tag in version.full.tags)


def discontinuity_numbers(playlist: MediaPlaylist) -> dict[int, int]:
    """Discontinuity sequence number of each segment by its media sequence number (§6.2.1)."""
    steps = accumulate((segment.discontinuity for segment in playlist.segments), initial=0)
    base = playlist.discontinuity_sequence
    return {n: base + step for (n, _), step in zip(playlist.numbered(), list(steps)[1:], strict=True)}


def discontinuities_match(stream: HlsStream) -> Iterator[Finding]:
    """By date: the middle of a segment falls into a segment of the other rendition, and both have one number.

    Delta updates that could not be completed have no numbers to compare.
    """
    last = [versions[-1] for versions in everything(stream) if not versions[-1].full.skipped]
    for version in last[1:]:
        mine, theirs = discontinuity_numbers(version.full), discontinuity_numbers(last[0].full)
        spans = list(dates(last[0].full))
        for number, _, start, end in dates(version.full):
            middle = (start + end) // 2
            match = next((n for n, _, begin, until in spans if begin <= middle < until), None)
            if match is not None and theirs[match] != mine[number]:
                expected = f"{theirs[match]} as segment {match} of {last[0].name}"
                yield MATCH.broken(place(version, number), mine[number], expected)


def long_enough(stream: HlsStream) -> Iterator[Finding]:
    """Judged when segments were removed: a young playlist may be short."""
    for versions in everything(stream):
        for before, after in changes(versions):
            target = after.playlist.target_duration
            if target is None or after.playlist.ended or after.full.skipped:
                continue
            if after.playlist.media_sequence > before.playlist.media_sequence and window(after.full) < 3 * target:
                yield WINDOW.broken(after.name, f"{window(after.full)} s left", f"at least {3 * target} s")


JUDGES = (media_sequence, discontinuity_sequence, discontinuities_match, long_enough)
