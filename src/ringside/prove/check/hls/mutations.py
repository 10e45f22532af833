"""HLS: what may change from one version of a playlist to the next (draft-pantos-hls-rfc8216bis-22 §6.2.1, §6.2.2).

Segments may be appended at the end and removed from the front, parts and date ranges may go, the two sequence numbers
may rise, ENDLIST may come. All else stays as it was.
"""

from collections.abc import Iterator

from ringside.flow.mux.hls import MediaPlaylist, MediaSegment, Tag, Unknown
from ringside.flow.mux.hls.daterange import DateRange
from ringside.flow.mux.hls.define import Define
from ringside.flow.mux.hls.flags import IFramesOnly, IndependentSegments
from ringside.flow.mux.hls.key import Key
from ringside.flow.mux.hls.map import Map
from ringside.flow.mux.hls.numbers import Version as VersionTag
from ringside.flow.mux.hls.part import Part
from ringside.flow.mux.hls.part_inf import PartInf
from ringside.flow.mux.hls.server_control import ServerControl
from ringside.flow.mux.hls.start import Start
from ringside.prove.check.finding import Finding, Rule
from ringside.prove.check.hls.look import changes, complete_edge, edge, everything, first_number, last_number, place
from ringside.prove.check.seen import HlsStream, Version

SEGMENT = Rule(
    "hls.segment-unchanged", "MUST", "rfc8216bis §6.2.1", "A segment that is listed keeps its URI, duration and tags."
)
PART = Rule("ll-hls.part-unchanged", "MUST", "rfc8216bis §6.2.1", "A part that is listed stays as it is, or goes.")
HEADER = Rule("hls.header-unchanged", "MUST", "rfc8216bis §6.2.1", "The tags about the whole playlist do not change.")
APPENDED = Rule(
    "hls.only-appended", "MUST", "rfc8216bis §6.2.1", "What was added to the end of a playlist is not taken back."
)
ENDED = Rule("hls.ended-stays-ended", "MUST", "rfc8216bis §4.4.3.4", "After ENDLIST it stays, and no segment is added.")
TYPE = Rule(
    "hls.playlist-type-kept", "MUST", "rfc8216bis §6.2.1",
    "A playlist of TYPE=VOD does not change, and from one of TYPE=EVENT nothing is removed.",
)  # fmt: skip
SLIDING = Rule(
    "hls.no-type-when-sliding", "MUST", "rfc8216bis §6.2.2", "A playlist that removes segments has no PLAYLIST-TYPE."
)
SAME_TYPE = Rule(
    "hls.playlist-type-equal", "MUST", "rfc8216bis §6.2.4", "All media playlists have the same PLAYLIST-TYPE, or none."
)

_CONSTANT = (VersionTag, IndependentSegments, Start, Define, IFramesOnly, PartInf, ServerControl)


def segments_unchanged(stream: HlsStream) -> Iterator[Finding]:
    """Every segment that two successive versions have in common; the first one also for what it inherits.

    What a segment inherits is not compared across delta updates: there it stands in what was skipped.
    """
    for versions in everything(stream):
        for before, after in changes(versions):
            old, new = first_number(before.full), first_number(after.full)
            common = range(max(old, new), min(last_number(before.full), last_number(after.full)) + 1)
            whole = not before.playlist.skipped and not after.playlist.skipped
            for number in common:
                was, now = before.full.segments[number - old], after.full.segments[number - new]
                if (whole and number == common[0]) or (was is not now and was != now):
                    old_force = _in_force(before.full, number - old) if whole else ()
                    new_force = _in_force(after.full, number - new) if whole else ()
                    yield from _compare(place(after, number), (was, old_force), (now, new_force))


def _in_force(playlist: MediaPlaylist, index: int) -> tuple[Tag, ...]:
    """The MAP and the KEYs that hold for a segment, wherever they stand (§4.4.4.4, §4.4.4.5)."""
    header: Tag | None = None
    keys: dict[str, Tag] = {}
    for segment in playlist.segments[: index + 1]:
        for tag in segment.tags:
            if isinstance(tag, Map):
                header = tag
            elif isinstance(tag, Key):
                keys = {} if tag.method == "NONE" else keys | {tag.keyformat or "identity": tag}
    return tuple(tag for tag in (header, *keys.values()) if tag is not None)


_Held = tuple[MediaSegment, tuple[Tag, ...]]


def _compare(where: str, before: _Held, after: _Held) -> Iterator[Finding]:
    was, now = before[0], after[0]
    old, new = _essence(*before), _essence(*after)
    gone, come = [line for line in old if line not in new], [line for line in new if line not in old]
    if gone or (come and was.uri):
        seen = " ".join(come)[:160] or "gone"
        yield SEGMENT.broken(where, seen, " ".join(gone)[:160] or "nothing that was not there before")
    kept = min(len(was.parts), len(now.parts))
    if now.parts and was.parts[-kept:] != now.parts[:kept] and was.parts[:kept] != now.parts[:kept]:
        yield PART.broken(where, "other parts than before", "the same ones, more of them, or fewer")


def _essence(segment: MediaSegment, inherited: tuple[Tag, ...]) -> list[str]:
    """All that must stay of a segment, as lines."""
    own = (tag for tag in segment.tags if not isinstance(tag, Part | DateRange | Unknown | Map | Key))
    return [tag.write() for tag in (*inherited, *own)] + ([segment.uri] if segment.uri else [])


def header_unchanged(stream: HlsStream) -> Iterator[Finding]:
    """Compared as sets: order is free. Target duration and type have rules of their own."""
    for versions in everything(stream):
        for before, after in changes(versions):
            was, now = _header(before.playlist), _header(after.playlist)
            for line in sorted(now - was):
                yield HEADER.broken(f"{after.name} {line.partition(':')[0]}", line, "as in the version before")
            for line in sorted(was - now):
                if not any(other.partition(":")[0] == line.partition(":")[0] for other in now):
                    yield HEADER.broken(f"{after.name} {line.partition(':')[0]}", "gone", line)


def _header(playlist: MediaPlaylist) -> set[str]:
    return {tag.write() for tag in playlist.header if isinstance(tag, _CONSTANT)}


def only_appended(stream: HlsStream) -> Iterator[Finding]:
    """The newest segment and part never go back."""
    for versions in everything(stream):
        for before, after in changes(versions):
            if complete_edge(after.full) < complete_edge(before.full):
                seen = f"ends at segment {complete_edge(after.full)}"
                yield APPENDED.broken(after.name, seen, f"at least segment {complete_edge(before.full)}")
            elif edge(after.full)[0] < edge(before.full)[0]:
                yield APPENDED.broken(after.name, "the parts of the segment in progress are gone", "kept")


def ended_stays(stream: HlsStream) -> Iterator[Finding]:
    """ENDLIST is the last word."""
    for versions in everything(stream):
        for before, after in changes(versions):
            if not before.full.ended:
                continue
            if not after.full.ended:
                yield ENDED.broken(after.name, "ENDLIST is gone", "ENDLIST")
            if edge(after.full) > edge(before.full):
                yield ENDED.broken(after.name, f"segment {last_number(after.full)} was added", "nothing added")


def playlist_type(stream: HlsStream) -> Iterator[Finding]:
    """What VOD and EVENT promise, and that a sliding window promises neither."""
    first: Version | None = None
    for versions in everything(stream):
        first = first or versions[0]
        kind = versions[0].playlist.playlist_type
        if kind != first.playlist.playlist_type:
            expected = f"{first.playlist.playlist_type} as in {first.name}"
            yield SAME_TYPE.broken(versions[0].name, f"PLAYLIST-TYPE {kind}", expected)
        for before, after in changes(versions):
            kind = before.playlist.playlist_type
            if kind is None:
                continue
            if after.playlist.media_sequence > before.playlist.media_sequence:
                yield SLIDING.broken(after.name, f"TYPE={kind}, and segments were removed", "no PLAYLIST-TYPE")
            if after.playlist.playlist_type != kind:
                yield TYPE.broken(after.name, f"TYPE={after.playlist.playlist_type}", kind)
            if kind == "VOD" and edge(after.full) != edge(before.full):
                yield TYPE.broken(after.name, "a VOD playlist changed", "no change")


JUDGES = (segments_unchanged, header_unchanged, only_appended, ended_stays, playlist_type)
