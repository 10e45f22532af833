"""HLS over HTTP: delivery directives at their edges, the hold, what has gone, types and lifetimes in caches.

What enters: an HlsStream with its probes. What leaves: findings. Clauses are those of rfc8216bis, §6.2.5 (delivery
directives), §6.2.6 (hints), §6.2.2 (what has been removed) and Appendix B.1 (lifetimes).
"""

from collections.abc import Iterator
from statistics import median
from urllib.parse import parse_qs, urlsplit

from ringside.flow.mux.hls import Malformed, MediaPlaylist
from ringside.prove.check.finding import Finding, Rule
from ringside.prove.check.http_rules import answer, of_kind, path, took_s
from ringside.prove.check.seen import Fetch, HlsStream, Probe, Version
from ringside.prove.check.watch.merge import merged, next_point, reached, skippable
from ringside.prove.check.watch.reload import target_s

PART_ALONE = Rule(
    "ll-hls.part-without-msn", "MUST", "rfc8216bis §6.2.5.2", "_HLS_part without _HLS_msn is answered with 400."
)
MSN_FAR = Rule(
    "ll-hls.msn-too-far", "SHOULD", "rfc8216bis §6.2.5.2",
    "An _HLS_msn more than two beyond the last segment is answered with 400, at once.",
)  # fmt: skip
PART_FAR = Rule(
    "ll-hls.part-too-far", "SHOULD", "rfc8216bis §6.2.5.2",
    "An _HLS_part beyond the last part by more than the advance part limit is answered with 400, at once.",
)  # fmt: skip
PAST = Rule(
    "ll-hls.past-msn", "MUST", "rfc8216bis §6.2.5.2",
    "An _HLS_msn that has passed, listed or no longer, is answered at once with the whole playlist.",
)  # fmt: skip
PAST_END = Rule(
    "ll-hls.part-past-end", "MUST", "rfc8216bis §6.2.5.2",
    "A part past the end of its segment means the first part of the next.",
)  # fmt: skip
HOLDS = Rule(
    "ll-hls.holds", "MUST", "rfc8216bis §6.2.5.2",
    "A blocking request is answered when the playlist holds what was asked for, not before.",
)  # fmt: skip
RELOAD = Rule(
    "ll-hls.blocking-reload", "MUST", "rfc8216bis §4.4.3.8, §6.2.5.2",
    "Where CAN-BLOCK-RELOAD stands, a request for what comes next is answered with it.",
)  # fmt: skip
AFTER_END = Rule(
    "ll-hls.after-endlist", "MUST", "rfc8216bis §6.2.5.2", "After ENDLIST, _HLS_msn and _HLS_part are ignored."
)
SKIP = Rule(
    "hls.delta-update", "MUST", "rfc8216bis §6.2.5.1, §4.4.5.2",
    "_HLS_skip=YES or v2 is answered with a playlist that has exactly one SKIP in place of the segments it leaves out.",
)  # fmt: skip
SKIP_SAME = Rule(
    "hls.delta-is-the-playlist", "MUST", "rfc8216bis §6.2.5.1",
    "A delta update, with what it skips put back, is the playlist; nothing within the skip boundary is skipped.",
)  # fmt: skip
SKIP_UNASKED = Rule(
    "hls.skip-not-offered", "MUST", "rfc8216bis §6.2.5.1",
    "_HLS_skip is ignored where CAN-SKIP-UNTIL is not offered, or after ENDLIST.",
)  # fmt: skip
HINTED = Rule(
    "ll-hls.hint-is-there", "MUST", "rfc8216bis §6.2.6", "What a PRELOAD-HINT names can be asked for, and comes."
)
LINE_RATE = Rule(
    "ll-hls.whole-parts", "MUST", "rfc8216bis §6.2.6",
    "No byte of a part is sent before all of it can be sent at the full speed of the link.",
)  # fmt: skip
GONE_PART = Rule(
    "ll-hls.removed-part-stays", "MUST", "rfc8216bis §6.2.2",
    "A part can be fetched for three target durations after its tag was removed.",
)  # fmt: skip
GONE_SEGMENT = Rule(
    "hls.removed-segment-stays", "MUST", "rfc8216bis §6.2.2",
    "A removed segment can be fetched for its duration and that of the longest playlist that named it.",
)  # fmt: skip
TYPE = Rule(
    "hls.playlist-type-known", "MUST", "rfc8216bis §4",
    "A playlist is known by a path that ends in .m3u8 or .m3u, or by its type: application/vnd.apple.mpegurl or "
    "audio/mpegurl.",
)  # fmt: skip
GZIP = Rule("ll-hls.gzip", "SHOULD", "rfc8216bis App. B.1", "Playlists are sent as gzip to whoever accepts it.")

ASKED_BY = {
    PART_ALONE.id: "part-without-msn", MSN_FAR.id: "msn-too-far", PART_FAR.id: "part-too-far", PAST.id: "past-msn",
    PAST_END.id: "part-past-end", AFTER_END.id: "after-the-end", SKIP.id: "skip", SKIP_SAME.id: "skip",
    SKIP_UNASKED.id: "skip-not-offered", HINTED.id: "hint", LINE_RATE.id: "hint", GONE_PART.id: "gone-part",
    GONE_SEGMENT.id: "gone-segment", GZIP.id: "gzip",
}  # fmt: skip
TYPES = {"application/vnd.apple.mpegurl", "audio/mpegurl"}
SMALL = 1000  # bytes of a playlist below which compression gains little
TRICKLE_S = 0.05  # a part that takes less than this from first to last byte was sent whole
ROUND_TRIP_S = 1.0


def low_latency(stream: HlsStream) -> bool:
    """Whether the stream has parts: Appendix B.1 is about such streams."""
    newest = [held[-1].full for held in stream.versions.values() if held]
    return any(full.part_target is not None for full in newest)


def playlist_in(fetch: Fetch | None) -> MediaPlaylist | None:
    """The media playlist in a reply; None where there is none."""
    try:
        return MediaPlaylist.parse(fetch.body.decode("utf-8", "replace")) if fetch is not None else None
    except Malformed:
        return None


def _refused(stream: HlsStream, kind: str, rule: Rule) -> Iterator[Finding]:
    for probe in of_kind(stream, kind):
        if _come_meanwhile(probe.fetch):
            continue
        late = took_s(probe.fetch) > ROUND_TRIP_S + target_s(probe.known)
        if probe.fetch.status != 400 or late:
            after = f" after {took_s(probe.fetch):.1f} s" if late else ""
            yield rule.broken(probe.name, f"{answer(probe.fetch)}{after} to ?{_query(probe.fetch)}", "400")


def _come_meanwhile(fetch: Fetch) -> bool:
    """Whether the stream, while the question travelled, has gone past what was too far ahead."""
    asked, got = asked_point(fetch), playlist_in(fetch) if fetch.status == 200 else None
    return asked is not None and got is not None and reached(got) > (asked[0], asked[1] or 0)


def _query(fetch: Fetch) -> str:
    return urlsplit(fetch.url).query


def part_without_msn(stream: HlsStream) -> Iterator[Finding]:
    yield from _refused(stream, "part-without-msn", PART_ALONE)


def msn_too_far(stream: HlsStream) -> Iterator[Finding]:
    yield from _refused(stream, "msn-too-far", MSN_FAR)


def part_too_far(stream: HlsStream) -> Iterator[Finding]:
    yield from _refused(stream, "part-too-far", PART_FAR)


def past_msn(stream: HlsStream) -> Iterator[Finding]:
    for probe in of_kind(stream, "past-msn", "gone-msn"):
        fetch, known = probe.fetch, probe.known
        got = playlist_in(fetch)
        where = f"{probe.name}, a segment {'listed' if probe.kind == 'past-msn' else 'no longer listed'}"
        if fetch.status != 200 or fetch.problem or got is None:
            yield PAST.broken(where, f"{answer(fetch)} to ?{_query(fetch)}", "200 and the whole playlist")
        elif took_s(fetch) > ROUND_TRIP_S + target_s(known) / 2:
            yield PAST.broken(where, f"an answer after {took_s(fetch):.1f} s", "one at once")
        elif got.skipped or (known is not None and reached(got) < reached(known)):
            yield PAST.broken(where, f"a playlist that ends with segment {next_point(got)[0]}", "the whole playlist")


def part_past_end(stream: HlsStream) -> Iterator[Finding]:
    for probe in of_kind(stream, "part-past-end"):
        fetch = probe.fetch
        slow = took_s(fetch) > ROUND_TRIP_S + target_s(probe.known) / 2
        if fetch.status != 200 or fetch.problem or slow or playlist_in(fetch) is None:
            seen = f"{answer(fetch)} after {took_s(fetch):.1f} s to ?{_query(fetch)}"
            yield PAST_END.broken(probe.name, seen, "200 at once: that part is there")


def holds(stream: HlsStream) -> Iterator[Finding]:
    for version in (version for held in stream.versions.values() for version in held):
        asked = asked_point(version.fetch)
        if asked is None or version.full.ended:
            continue
        has = reached(version.full)
        if has <= (asked[0], asked[1] or 0) if asked[1] is not None else has[0] <= asked[0]:
            seen = f"a playlist that lacks what ?{_query(version.fetch)} asks for, after {took_s(version.fetch):.2f} s"
            yield HOLDS.broken(version.name, seen, "an answer when it is there")


def _digits(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None


def asked_point(fetch: Fetch) -> tuple[int, int | None] | None:
    """(msn, part) of a blocking request; None where it is none."""
    given = parse_qs(_query(fetch))
    msn, part = (_digits(given.get(name, [""])[0]) for name in ("_HLS_msn", "_HLS_part"))
    return (msn, part) if msn is not None else None


def blocking_reload(stream: HlsStream) -> Iterator[Finding]:
    for probe in of_kind(stream, "playlist-failed"):
        if "_HLS_msn" in _query(probe.fetch):
            yield RELOAD.broken(probe.name, f"{answer(probe.fetch)} to ?{_query(probe.fetch)}", "200 and what is new")


def after_endlist(stream: HlsStream) -> Iterator[Finding]:
    for probe in of_kind(stream, "after-the-end"):
        if probe.fetch.status != 200 or probe.fetch.problem:
            yield AFTER_END.broken(probe.name, f"{answer(probe.fetch)} to ?{_query(probe.fetch)}", "200")


def delta_update(stream: HlsStream) -> Iterator[Finding]:
    for probe in of_kind(stream, "skip"):
        got, whole = playlist_in(probe.fetch), playlist_in(probe.beside)
        if whole is None or whole.server_control is None or whole.server_control.can_skip_until is None:
            continue
        where = f"{probe.name} {_query(probe.fetch).rpartition('&')[2]}"
        if got is None:
            yield SKIP.broken(where, answer(probe.fetch), "a delta update")
            continue
        skips = sum(tag.NAME == "EXT-X-SKIP" for tag in got.tags)
        margin = whole.server_control.can_skip_until + (whole.target_duration or 0)
        if skips > 1 or (not skips and skippable(whole, margin)):
            yield SKIP.broken(where, f"{skips} SKIP tags", "one")


def delta_is_the_playlist(stream: HlsStream) -> Iterator[Finding]:
    for probe in of_kind(stream, "skip"):
        got, whole = playlist_in(probe.fetch), playlist_in(probe.beside)
        if got is None or whole is None or whole.server_control is None or not got.skipped:
            continue
        if next_point(got) != next_point(whole):
            continue
        full, until = merged(got, whole), whole.server_control.can_skip_until
        if full is None or full.segments != whole.segments:
            seen = f"{got.skipped} skipped and {len(got.segments)} listed, which is not the playlist"
            yield SKIP_SAME.broken(probe.name, seen, f"the {len(whole.segments)} segments of the playlist")
        elif until is not None and got.skipped > _may_skip(whole):
            yield SKIP_SAME.broken(probe.name, f"{got.skipped} skipped", f"at most {_may_skip(whole)}")
    for probe in of_kind(stream, "delta-unmergeable"):
        yield SKIP_SAME.broken(probe.name, "segments skipped that no playlist before had", "a delta of the playlist")


def _may_skip(whole: MediaPlaylist) -> int:
    """Segments that begin before the skip boundary, however its distance is measured."""
    assert whole.server_control is not None
    assert whole.server_control.can_skip_until is not None
    return skippable(whole, whole.server_control.can_skip_until - (whole.target_duration or 0))


def skip_not_offered(stream: HlsStream) -> Iterator[Finding]:
    for probe in of_kind(stream, "skip-not-offered"):
        got = playlist_in(probe.fetch)
        if probe.fetch.status != 200 or got is None or got.skipped:
            seen = f"a playlist with {got.skipped} skipped" if got is not None else answer(probe.fetch)
            yield SKIP_UNASKED.broken(probe.name, seen, "the whole playlist")


def hint_is_there(stream: HlsStream) -> Iterator[Finding]:
    for probe in of_kind(stream, "hint"):
        if probe.fetch.status != 200 and not _never_made(stream, probe):
            yield HINTED.broken(probe.name, f"{path(probe.fetch.url)}: {answer(probe.fetch)}", "200 when it is made")


def _never_made(stream: HlsStream, probe: Probe) -> bool:
    """Whether what was hinted never came, or is a gap: the playlist ended, or took another course (§6.2.6)."""
    held = stream.versions.get(probe.name, ())
    uri = urlsplit(probe.fetch.url).path.rpartition("/")[2]
    parts = [part for v in held for segment in v.full.segments[-3:] for part in segment.parts if not part.gap]
    return not any(uri == part.uri.rpartition("/")[2] for part in parts)


def whole_parts(stream: HlsStream) -> Iterator[Finding]:
    rate = _link_rate(stream)
    for name, held in stream.versions.items():
        spans = [(f.done_ns - f.first_ns) / 1e9 for f in _good_hints(stream, name)]
        sizes = [sum(size for _, size in f.arrivals) for f in _good_hints(stream, name)]
        part_s = float(held[-1].full.part_target or 0) if held else 0.0
        if len(spans) < 3 or not part_s:
            continue
        due_s = max(TRICKLE_S, part_s / 3, 4 * median(sizes) / rate if rate else 0)
        if median(spans) > due_s:
            seen = f"{median(spans) * 1000:.0f} ms from first to last byte of a part (median of {len(spans)})"
            yield LINE_RATE.broken(name, seen, f"the whole part at once, within {due_s * 1000:.0f} ms")


def _good_hints(stream: HlsStream, name: str) -> list[Fetch]:
    found = [probe.fetch for probe in of_kind(stream, "hint") if probe.name == name]
    return [fetch for fetch in found if fetch.status == 200 and not fetch.problem]


def _link_rate(stream: HlsStream) -> float:
    """Bytes per second of whole segments, which nothing holds back: the median; 0 where none is known."""
    whole = [m.fetch for m in stream.media if m.part is None and m.fetch.status == 200]
    rates = [len(f.body) / max(1e-4, (f.done_ns - f.first_ns) / 1e9) for f in whole]
    return median(rates) if rates else 0.0


def removed_part_stays(stream: HlsStream) -> Iterator[Finding]:
    yield from _stays(stream, "gone-part", GONE_PART)


def removed_segment_stays(stream: HlsStream) -> Iterator[Finding]:
    yield from _stays(stream, "gone-segment", GONE_SEGMENT)


def _stays(stream: HlsStream, kind: str, rule: Rule) -> Iterator[Finding]:
    for probe in of_kind(stream, kind):
        if probe.fetch.status not in (200, 206):
            yield rule.broken(probe.name, f"{path(probe.fetch.url)}: {answer(probe.fetch)}", "200")


def playlist_type_known(stream: HlsStream) -> Iterator[Finding]:
    for fetch in _first_playlists(stream):
        named = urlsplit(fetch.url).path.endswith((".m3u8", ".m3u"))
        kind = (fetch.header("content-type") or "").partition(";")[0].strip().lower()
        if not named and kind not in TYPES:
            yield TYPE.broken(path(fetch.url), kind or "no Content-Type", " or ".join(sorted(TYPES)))


def _first_playlists(stream: HlsStream) -> Iterator[Fetch]:
    first: list[Version] = [held[0] for held in stream.versions.values() if held]
    return (version.fetch for version in first)


def gzip(stream: HlsStream) -> Iterator[Finding]:
    if not low_latency(stream):
        return
    for probe in of_kind(stream, "gzip"):
        plain = len(probe.fetch.body)
        if (
            probe.fetch.status == 200
            and plain >= SMALL
            and "gzip" not in (probe.fetch.header("content-encoding") or "")
        ):
            yield GZIP.broken(probe.name, f"{plain} bytes uncompressed", "Content-Encoding: gzip")


JUDGES = (
    part_without_msn, msn_too_far, part_too_far, past_msn, part_past_end, holds, blocking_reload, after_endlist,
    delta_update, delta_is_the_playlist, skip_not_offered, hint_is_there, whole_parts, removed_part_stays,
    removed_segment_stays, playlist_type_known, gzip,
)  # fmt: skip
