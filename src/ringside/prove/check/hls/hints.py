"""LL-HLS: preload hints, and whether they come true (draft-pantos-hls-rfc8216bis-22 §4.4.5.3, §6.2.6)."""

from collections import Counter
from collections.abc import Iterator, Sequence

from ringside.flow.mux.hls import MediaSegment
from ringside.flow.mux.hls.map import Map
from ringside.flow.mux.hls.part import Part
from ringside.flow.mux.hls.preload_hint import PreloadHint
from ringside.prove.check.finding import Finding, Rule
from ringside.prove.check.hls.look import WHOLE, changes, edge, everything, first_number, low_latency, place
from ringside.prove.check.seen import HlsStream, Version

ONE = Rule("ll-hls.one-hint-per-type", "SHOULD", "rfc8216bis §6.2.6", "There is one PRELOAD-HINT of each TYPE at most.")
ENDED = Rule("ll-hls.hint-after-end", "MUST", "rfc8216bis §4.4.5.3", "A playlist with ENDLIST has no PRELOAD-HINT.")
TRUE = Rule(
    "ll-hls.hint-comes-true", "MUST", "rfc8216bis §4.4.5.3",
    "A hint's URI is that of the part, or of the header, which is added to the playlist next.",
)  # fmt: skip
HINTED = Rule("ll-hls.next-part-hinted", "SHOULD", "rfc8216bis App. B.1", "The next part is hinted.")


def counted(stream: HlsStream) -> Iterator[Finding]:
    """How many hints stand in one version."""
    for versions in everything(stream):
        for version in versions:
            hints = _hints(version)
            for kind, count in Counter(hint.type for hint in hints).items():
                if count > 1:
                    yield ONE.broken(f"{version.name} TYPE={kind}", f"{count} hints", "one")
            if hints and version.playlist.ended:
                yield ENDED.broken(version.name, f"{len(hints)} hints beside ENDLIST", "none")


def _hints(version: Version) -> list[PreloadHint]:
    """They stand behind the segments, or where there is none behind the header."""
    playlist = version.playlist
    return [tag for tag in (*playlist.header, *playlist.trailer) if isinstance(tag, PreloadHint)]


def next_part_hinted(stream: HlsStream) -> Iterator[Finding]:
    """In every version of a live low-latency playlist."""
    for versions in everything(stream):
        if not low_latency(versions):
            continue
        for version in versions:
            hinted = any(hint.type == "PART" for hint in _hints(version))
            if not hinted and not version.playlist.ended and edge(version.full)[1] != WHOLE:
                yield HINTED.broken(version.name, "no PRELOAD-HINT with TYPE=PART", "one for the next part")


def hints_come_true(stream: HlsStream) -> Iterator[Finding]:
    """Hints of each version against what the next one added.

    A server may drop a hint when the plan of its segments changes (§6.2.6): what was added then begins with a
    discontinuity, or is a gap.
    """
    for versions in everything(stream):
        for before, after in changes(versions):
            added = _first_added(before, after)
            if added is None:
                continue
            number, index, segment = added
            part = segment.parts[index]
            if part.gap or segment.gap or (index == 0 and segment.discontinuity):
                continue
            where = place(after, number, index)
            hint = next((tag for tag in _hints(before) if tag.type == "PART"), None)
            if hint and not _same(hint, segment.parts, index):
                yield TRUE.broken(where, f"{part.uri} was added after a hint of {hint.uri}", "the same")
        yield from _headers_come_true(versions)


def _first_added(before: Version, after: Version) -> tuple[int, int, MediaSegment] | None:
    """(segment, part, its segment) of the first part that `after` has and `before` had not."""
    number, part = edge(before.full)
    number, part = (number + 1, 0) if part == WHOLE else (number, part + 1)
    first = first_number(after.full)
    if number < first or number - first >= len(after.full.segments):
        return None
    segment = after.full.segments[number - first]
    if part >= len(segment.parts):  # the segment ended there: the next part opens the next one
        if segment.duration is None or number + 1 - first >= len(after.full.segments):
            return None
        number, part, segment = number + 1, 0, after.full.segments[number + 1 - first]
    return (number, part, segment) if part < len(segment.parts) else None


def _same(hint: PreloadHint, parts: Sequence[Part], index: int) -> bool:
    part = parts[index]
    if hint.uri != part.uri:
        return False
    if part.byterange is None:
        return True
    offset = part.byterange.offset
    if offset is None:  # it follows the range before, in the same resource
        before = [one.byterange.length for one in parts[:index] if one.byterange and one.uri == part.uri]
        offset = sum(before)
    return (hint.byterange_start or 0) == offset


def _headers_come_true(versions: Sequence[Version]) -> Iterator[Finding]:
    """A hinted header must be the next new one; nothing is said while no new one was seen."""
    for at, version in enumerate(versions):
        hint = next((tag for tag in _hints(version) if tag.type == "MAP"), None)
        if hint is None:
            continue
        known = _maps(version)
        new = next((uri for later in versions[at + 1 :] for uri in _maps(later) if uri not in known), None)
        if new is not None and new != hint.uri and hint.uri not in known:
            yield TRUE.broken(f"{version.name} MAP", f"{new} was added after a hint of {hint.uri}", "the same")


def _maps(version: Version) -> list[str]:
    return [tag.uri for segment in version.full.segments[-4:] for tag in segment.tags if isinstance(tag, Map)]


JUDGES = (counted, next_part_hinted, hints_come_true)
