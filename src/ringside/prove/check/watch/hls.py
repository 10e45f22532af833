"""Watching HLS: every rendition followed as a player would, its parts, segments and hinted parts fetched, for a while.

What enters: the reply to the URL, and until when to watch. What leaves: an HlsStream. Each rendition has one task
that reloads and a few that fetch; a hinted part is asked for ahead, as it will be by every player. It judges nothing.
"""

import asyncio
from dataclasses import dataclass, field

from ringside.core.clock import Clock
from ringside.flow.mux.hls import Malformed, MediaPlaylist, Multivariant
from ringside.prove.check.seen import Fetch, HlsStream, Media, Probe, Version
from ringside.prove.check.watch.ask_hls import ask, ask_last
from ringside.prove.check.watch.fetch import Client, bodiless
from ringside.prove.check.watch.kept import Kept
from ringside.prove.check.watch.reload import Job, can_block, reload, resolve, target_s, with_query
from ringside.prove.check.watch.rendition import Rendition

MAX_RENDITIONS = 32
AT_ONCE = 4  # media fetches of one rendition
MAX_WAITING = 64  # of one rendition, fetched or waiting to be
GRACE_S = 2.0  # for what is under way when the time is up
MAX_INIT = 1 << 20
S = 1_000_000_000


@dataclass
class _Lane:
    """A rendition with its tasks."""

    rendition: Rendition
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    hints: dict[str, asyncio.Task[Fetch]] = field(default_factory=dict)
    inits: dict[tuple[str, tuple[int, int] | None], asyncio.Task[Fetch]] = field(default_factory=dict)


class HlsWatch:
    """One watch of one stream, until `until_ns`."""

    def __init__(self, client: Client, clock: Clock, kept: Kept, until_ns: int) -> None:
        self._client, self._clock, self._kept, self._until_ns = client, clock, kept, until_ns

    async def run(self, opening: Fetch) -> HlsStream:
        """Watch what `opening` (the reply to the URL, which is a playlist) leads to. Raises Malformed."""
        multivariant, renditions = self._renditions(opening)
        lanes = [_Lane(rendition) for rendition in renditions]
        followers = [asyncio.create_task(self._follow(lane)) for lane in lanes]
        asking = asyncio.create_task(self._ask(renditions))
        try:
            await asyncio.wait(followers, timeout=max(0.0, self._left_s() + GRACE_S))
            await asyncio.wait([asking], timeout=max(GRACE_S, self._left_s()))
        finally:
            await self._stop(lanes, [*followers, asking])
        await ask_last(self._client, self._clock, self._kept, renditions)
        kept = self._kept
        versions = {name: tuple(held) for name, held in kept.versions.items()}
        return HlsStream(
            opening.url, multivariant, versions, tuple(kept.media), tuple(kept.fetches), tuple(kept.probes)
        )

    def _renditions(self, opening: Fetch) -> tuple[Multivariant | None, list[Rendition]]:
        text = opening.body.decode("utf-8-sig", "replace")
        if "#EXT-X-STREAM-INF" not in text and "#EXT-X-MEDIA:" not in text:
            MediaPlaylist.parse(text)
            return None, [Rendition(opening.url.rpartition("/")[2] or opening.url, opening.url)]
        multivariant = Multivariant.parse(text)
        kinds = {media.uri: media.type.lower() for media in multivariant.media if media.uri}
        uris = dict.fromkeys([variant.uri for variant in multivariant.variants] + list(kinds))
        if not uris:
            raise Malformed("the multivariant playlist names no playlist")
        if len(uris) > MAX_RENDITIONS:
            self._kept.not_asked(f"only the first {MAX_RENDITIONS} are watched", f"{len(uris)} renditions")
        chosen = list(uris)[:MAX_RENDITIONS]
        return multivariant, [Rendition(uri, resolve(opening.url, uri), kinds.get(uri, "video")) for uri in chosen]

    def _left_s(self) -> float:
        return (self._until_ns - self._clock.now_ns()) / S

    async def _stop(self, lanes: list[_Lane], tasks: list[asyncio.Task[None]]) -> None:
        """Let what is under way end, for a little; then end it."""
        under_way = [task for lane in lanes for task in lane.tasks]
        if under_way:
            await asyncio.wait(under_way, timeout=GRACE_S)
        left: list[asyncio.Task[None] | asyncio.Task[Fetch]] = [*tasks, *under_way]
        left += [task for lane in lanes for task in (*lane.hints.values(), *lane.inits.values())]
        for task in left:
            task.cancel()
        for result in await asyncio.gather(*left, return_exceptions=True):
            if isinstance(result, Exception):
                raise result

    # Following a playlist

    async def _follow(self, lane: _Lane) -> None:
        rendition = lane.rendition
        while self._left_s() > 0:
            before = rendition.full
            if before is not None and before.ended:
                return
            ahead = reload(before, rendition.turn, rendition.want_full)
            if before is not None or rendition.turn:
                await asyncio.sleep(min(ahead.wait_s, max(0.0, self._left_s())))
                if self._left_s() <= 0:
                    return
            fetch = await self._client.playlist(with_query(rendition.url, ahead.query), total_s=ahead.total_s)
            version = self._take(rendition, fetch)
            if version is not None:
                self._start(lane, version)
            if version is None or (ahead.query and not rendition.advanced(before)):
                await asyncio.sleep(self._pause_s(rendition, rendition.want_full))

    def _pause_s(self, rendition: Rendition, lost: bool) -> float:
        """After a reply that brought nothing: not at once again, however the server likes it."""
        full = rendition.full
        part_s = float(full.part_target or 0) if full is not None else 0.0
        return min(max(part_s or target_s(full) / 2, 0.1), 1.0 if lost else 5.0)

    def _take(self, rendition: Rendition, fetch: Fetch) -> Version | None:
        kept, known = self._kept, rendition.full
        if fetch.problem or fetch.status != 200:
            rendition.turn += 1
            rendition.want_full = True
            kept.probe(Probe("playlist-failed", rendition.name, bodiless(fetch), known))
            return None
        version = rendition.take(fetch)
        if version is not None:
            kept.playlists += 1
            kept.version(version)
        elif rendition.fault:
            kept.probe(Probe("playlist-unreadable", rendition.name, fetch, known))
        else:
            kept.probe(Probe("delta-unmergeable", rendition.name, fetch, known))
        return version

    # Fetching media

    def _start(self, lane: _Lane, version: Version) -> None:
        """Tasks for all that a version brings."""
        base = version.fetch.url
        for job in lane.rendition.work():
            if len(lane.tasks) >= MAX_WAITING:
                self._kept.dropped["media not fetched"] += 1
                continue
            task = asyncio.create_task(self._media(lane, job, base))
            lane.tasks.add(task)
            task.add_done_callback(lane.tasks.discard)
        self._hint(lane, version)

    def _hint(self, lane: _Lane, version: Version) -> None:
        """Ask ahead for the part that is hinted, whole resources only."""
        full = version.full
        if not can_block(full):
            return
        for hint in full.hints:
            url = resolve(version.fetch.url, hint.uri)
            plain = hint.byterange_start in (None, 0) and hint.byterange_length is None
            if hint.type == "PART" and plain and url not in lane.hints and not self._ranged(full):
                lane.hints[url] = asyncio.create_task(self._hinted(lane, url, full))
        while len(lane.hints) > MAX_WAITING:
            lane.hints.pop(next(iter(lane.hints))).cancel()

    def _ranged(self, full: MediaPlaylist) -> bool:
        return any(part.byterange is not None for segment in full.segments[-2:] for part in segment.parts)

    async def _hinted(self, lane: _Lane, url: str, full: MediaPlaylist) -> Fetch:
        fetch = await self._client.get(url, total_s=3 * target_s(full) + 2)
        self._kept.probe(Probe("hint", lane.rendition.name, bodiless(fetch), full))
        return fetch

    async def _media(self, lane: _Lane, job: Job, base: str) -> None:
        url = resolve(base, job.uri)
        known = lane.rendition.full
        fetch = await self._fetch(lane, job, url)
        if fetch.problem or fetch.status not in (200, 206):
            self._kept.probe(Probe("media-failed", lane.rendition.name, bodiless(fetch), known))
        if job.encrypted:
            self._kept.not_asked("what is encrypted cannot be looked into", "the boxes of encrypted media")
            return
        init = await self._init(lane, job, base)
        name = lane.rendition.name
        self._kept.medium(Media(name, job.number, job.part, fetch, init, job.starts_segment))

    async def _fetch(self, lane: _Lane, job: Job, url: str) -> Fetch:
        hinted = lane.hints.get(url) if job.part is not None else None
        if hinted is not None:
            fetch = await asyncio.shield(hinted)
            if fetch.status == 200 and not fetch.problem:
                return fetch
        async with lane.room:
            return await self._client.get(url, _range(job.span))

    async def _init(self, lane: _Lane, job: Job, base: str) -> bytes:
        if job.map is None:
            return b""
        span = job.map.byterange
        ends = (span.offset or 0, (span.offset or 0) + span.length - 1) if span is not None else None
        key = (resolve(base, job.map.uri), ends)
        if key not in lane.inits:
            if len(lane.inits) >= MAX_WAITING:
                lane.inits.pop(next(iter(lane.inits)))
            lane.inits[key] = asyncio.create_task(self._client.get(key[0], _range(ends), limit=MAX_INIT))
            lane.inits[key].add_done_callback(lambda task: self._init_came(lane, task))
        fetch = await asyncio.shield(lane.inits[key])
        return fetch.body if fetch.status in (200, 206) and not fetch.problem else b""

    def _init_came(self, lane: _Lane, task: asyncio.Task[Fetch]) -> None:
        if not task.cancelled() and (task.result().problem or task.result().status not in (200, 206)):
            name, known = lane.rendition.name, lane.rendition.full
            self._kept.probe(Probe("media-failed", name, bodiless(task.result()), known))

    # Asking on purpose

    async def _ask(self, renditions: list[Rendition]) -> None:
        """Put the questions to the first rendition, and to the first of sound; others answer alike."""
        kinds = {rendition.kind: rendition for rendition in reversed(renditions)}
        await asyncio.gather(*(self._ask_one(rendition) for rendition in kinds.values()))

    async def _ask_one(self, rendition: Rendition) -> None:
        while not rendition.full and self._left_s() > 0:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        if rendition.full:
            await ask(self._client, self._clock, self._kept, rendition, self._until_ns)


def _range(span: tuple[int, int] | None) -> list[tuple[str, str]]:
    return [("Range", f"bytes={span[0]}-{span[1]}")] if span is not None else []
