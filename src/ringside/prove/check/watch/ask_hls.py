"""Questions that a server of HLS is asked once: the delivery directives at their edges, compression, what has gone.

What enters: a rendition that is being followed. What leaves: Probes, whose kinds name the question. Only what the
playlist offers is asked for; what could not be asked is noted with the reason. It judges nothing.
"""

import asyncio
import math
from collections.abc import AsyncIterator
from itertools import pairwise

from ringside.core.clock import Clock
from ringside.flow.mux.hls import Malformed, MediaPlaylist
from ringside.prove.check.seen import Fetch, Probe
from ringside.prove.check.watch.ask_common import ABOUT_MEDIA, ORIGIN, ask_about
from ringside.prove.check.watch.fetch import Client, bodiless
from ringside.prove.check.watch.kept import Kept
from ringside.prove.check.watch.merge import last_whole, next_point, skippable
from ringside.prove.check.watch.reload import can_block, directives, target_s, with_query
from ringside.prove.check.watch.rendition import Gone, Rendition

FAR = 10  # segments or parts beyond the limit: the stream goes on while the question travels
SKIP_TRIES = 3
BLOCKING_PARTS = ("part-too-far", "part-past-end")
BLOCKING = ("part-without-msn", "msn-too-far", "past-msn", *BLOCKING_PARTS)
LAST_ASKED = 4  # of those that have gone, parts and segments each
S = 1_000_000_000


async def ask(client: Client, clock: Clock, kept: Kept, rendition: Rendition, until_ns: int) -> None:
    """Put every question that this rendition's playlist allows, until `until_ns`."""
    async for probe in _plain(client, rendition):
        kept.probe(probe)
    full = rendition.full
    assert full is not None
    if can_block(full):
        async for probe in _blocking(client, rendition):
            kept.probe(probe)
    elif full.ended and full.server_control is not None and full.server_control.can_block_reload:
        query = directives(full.media_sequence + len(full.segments) + 1000, 0)
        kept.probe(await _playlist(client, rendition, "after-the-end", query))
    if not can_block(full):
        kept.not_asked("blocking reload is not offered", *BLOCKING, "hint")
    elif not full.part_target:
        kept.not_asked("the playlist has no parts", *BLOCKING_PARTS, "hint")
    if not full.ended:
        kept.not_asked("the stream has not ended", "after-the-end")
    await _media(client, kept, rendition)
    kept.not_asked("only a stream that stops would show it", "503 after three target durations")
    kept.not_asked("it cannot be seen from outside", "identical requests joined upstream")
    await _skips(client, clock, kept, rendition, until_ns)


async def _playlist(
    client: Client, rendition: Rendition, kind: str, query: str = "", headers: tuple[tuple[str, str], ...] = ()
) -> Probe:
    known = rendition.full
    total_s = 3 * target_s(known) + 2
    fetch = await client.playlist(with_query(rendition.url, query), headers, total_s=total_s)
    return Probe(kind, rendition.name, fetch, known)


async def _plain(client: Client, rendition: Rendition) -> AsyncIterator[Probe]:
    yield await _playlist(client, rendition, "plain", "", (("Accept-Encoding", "identity"),))
    yield await _playlist(client, rendition, "gzip")
    yield await _playlist(client, rendition, "cors", "", (("Origin", ORIGIN),))


async def _blocking(client: Client, rendition: Rendition) -> AsyncIterator[Probe]:
    full = rendition.full
    assert full is not None
    yield await _playlist(client, rendition, "part-without-msn", directives(part=0))
    yield await _playlist(client, rendition, "msn-too-far", directives(last_whole(full) + 2 + FAR))
    yield await _playlist(client, rendition, "past-msn", directives(_first(rendition)))
    yield await _playlist(client, rendition, "gone-msn", directives(max(0, _first(rendition) - 3)))
    if full.part_target:
        msn, part = next_point(rendition.full or full)
        limit = math.ceil(3 / full.part_target) if full.part_target < 1 else 3
        yield await _playlist(client, rendition, "part-too-far", directives(msn, (part or 0) + limit + FAR))
        past = _past_end(rendition.full or full)
        if past is not None:
            yield await _playlist(client, rendition, "part-past-end", directives(*past))


def _first(rendition: Rendition) -> int:
    assert rendition.full is not None
    return rendition.full.media_sequence


def _past_end(full: MediaPlaylist) -> tuple[int, int] | None:
    """(msn, part) one past the last part of a segment that has another with parts behind it."""
    numbered = list(full.numbered())
    for (number, segment), (_, after) in reversed(list(pairwise(numbered))):
        if segment.uri and segment.parts and after.parts:
            return number, len(segment.parts)
    return None


async def _skips(client: Client, clock: Clock, kept: Kept, rendition: Rendition, until_ns: int) -> None:
    """A delta update and the full playlist of the same version, for each value of _HLS_skip."""
    full = rendition.full
    assert full is not None
    control = full.server_control
    if full.ended or control is None or control.can_skip_until is None:
        kind = "skip-not-offered"
        kept.probe(await _playlist(client, rendition, kind, directives(skip="YES")))
        kept.not_asked("delta updates are not offered", "skip")
        return
    kept.not_asked("delta updates are offered", "skip-not-offered")
    until_s = control.can_skip_until
    while not skippable(rendition.full or full, until_s) and clock.now_ns() < until_ns:  # noqa: ASYNC110
        await asyncio.sleep(0.5)  # a young event: segments will come
    if not skippable(rendition.full or full, until_s):
        kept.not_asked("the playlist is not long enough for anything to be skipped", "skip")
        return
    for value in ("YES", "v2"):
        for _ in range(SKIP_TRIES):
            pair = await _pair(client, rendition, value)
            if pair is not None:
                kept.probe(pair)
                break


async def _pair(client: Client, rendition: Rendition, value: str) -> Probe | None:
    """Both of one version, as far as both end with the same part; None where they do not."""
    known = rendition.full
    assert known is not None
    msn, part = next_point(known) if can_block(known) else (None, None)
    urls = [with_query(rendition.url, directives(msn, part, skip)) for skip in ("", value)]
    whole, delta = await asyncio.gather(*(client.playlist(url, total_s=3 * target_s(known) + 2) for url in urls))
    same = _point(whole) == _point(delta)
    failed = whole.status == 200 and _point(delta) is None
    return Probe("skip", rendition.name, delta, known, beside=whole) if same or failed else None


def _point(fetch: Fetch) -> tuple[int, int | None] | None:
    """Where the playlist in a reply ends; None where there is none."""
    try:
        return next_point(MediaPlaylist.parse(fetch.body.decode("utf-8", "replace")))
    except Malformed:
        return None


async def _media(client: Client, kept: Kept, rendition: Rendition) -> None:
    """Questions about the newest whole segment that was fetched."""
    for _ in range(100):
        found = [m for m in kept.media if m.name == rendition.name and m.part is None and m.fetch.status == 200]
        if found:
            async for probe in ask_about(client, rendition.name, found[-1].fetch):
                kept.probe(probe)
            return
        await asyncio.sleep(0.05)
    kept.not_asked("no whole segment could be fetched", *ABOUT_MEDIA)


async def ask_last(client: Client, clock: Clock, kept: Kept, renditions: list[Rendition]) -> None:
    """Ask for what has left the playlists, and must still be there (§6.2.2)."""
    for rendition in renditions:
        known = rendition.full
        if known is None:
            continue
        now_ns = clock.now_ns()
        for kind, part in (("gone-part", True), ("gone-segment", False)):
            due = [gone for gone in rendition.gone if gone.part == part and _still_due(gone, target_s(known), now_ns)]
            for gone in due[:LAST_ASKED]:
                headers = [("Range", f"bytes={gone.span[0]}-{gone.span[1]}")] if gone.span else []
                kept.probe(Probe(kind, rendition.name, bodiless(await client.get(gone.url, headers)), known))


def _still_due(gone: Gone, target_duration_s: float, now_ns: int) -> bool:
    """Whether `gone` must be there for another second, for the question takes its time."""
    stay_s = 3 * target_duration_s if gone.part else gone.duration_s + gone.listed_s
    return now_ns + S < gone.gone_ns + stay_s * S
