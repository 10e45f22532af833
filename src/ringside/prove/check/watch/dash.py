"""Watching DASH: the MPD asked for on its schedule, every Representation's segments as their time comes, for a while.

What enters: the reply to the URL, and until when to watch. What leaves: a DashStream. A segment is asked for at its
availability time by the server's own clock, as players do, and the time of each piece of it is kept. A segment that
is listed in a timeline is there when it is listed. It judges nothing.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from ringside.core.clock import Clock
from ringside.prove.check.seen import DashStream, Fetch, Media, Probe
from ringside.prove.check.watch.ask_dash import ask, clock_offset_ns
from ringside.prove.check.watch.fetch import MEDIA_BYTES, Client, bodiless
from ringside.prove.check.watch.kept import Kept
from ringside.prove.check.watch.schedule import Place, due_s, live_edge, place_of, places, update_s
from ringside.prove.crowd.player.mpd import read
from ringside.prove.crowd.player.mpdxml import MpdError
from ringside.prove.crowd.player.presentation import Presentation
from ringside.prove.crowd.player.segments import Segment

MAX_REPRESENTATIONS = 32
MAX_MANIFESTS = 2000
LATE_S = 0.05  # behind a segment's time: less than any clock is trusted to
AGAIN_S = 0.2
GRACE_S = 2.0
BACK = 2  # segments behind the live edge with which a Representation begins
MAX_INIT = 1 << 20
S = 1_000_000_000


@dataclass
class _Watched:
    """What is known while watching; the newest MPD that can be read counts."""

    presentation: Presentation | None = None
    manifests: deque[Fetch] = field(default_factory=lambda: deque(maxlen=MAX_MANIFESTS))
    offset_ns: int = 0
    """How far the server's clock is ahead of ours."""


class DashWatch:
    """One watch of one stream, until `until_ns`."""

    def __init__(self, client: Client, clock: Clock, kept: Kept, until_ns: int) -> None:
        self._client, self._clock, self._kept, self._until_ns = client, clock, kept, until_ns
        self._seen = _Watched()
        self._followers: dict[str, asyncio.Task[None]] = {}

    async def run(self, opening: Fetch) -> DashStream:
        """Watch what `opening`, the reply to the URL, describes."""
        seen = self._seen
        self._take(opening)
        asking: asyncio.Task[None] | None = None
        try:
            if seen.presentation is not None:
                seen.offset_ns = await clock_offset_ns(self._client, self._clock, self._kept, seen.presentation)
                asking = asyncio.create_task(self._ask(seen.presentation))
                self._begin()
            await self._updates(opening.url)
            await self._finish(asking)
        finally:
            await self._stop([*self._followers.values(), *([asking] if asking else [])])
        kept = self._kept
        return DashStream(
            opening.url, tuple(seen.manifests), tuple(kept.media), tuple(kept.fetches), tuple(kept.probes)
        )

    def _left_s(self) -> float:
        return (self._until_ns - self._clock.now_ns()) / S

    def _now_s(self) -> float:
        """Unix time by the server's clock."""
        return (self._clock.now_ns() + self._seen.offset_ns) / S

    # The MPD

    def _take(self, fetch: Fetch) -> None:
        if fetch.problem or fetch.status != 200:
            self._kept.probe(Probe("playlist-failed", "", bodiless(fetch)))
            return
        self._kept.playlists += 1
        self._seen.manifests.append(fetch)
        try:
            self._seen.presentation = read(fetch.body, fetch.url)
        except MpdError as error:
            self._kept.not_asked(str(error), "media of an MPD that cannot be followed")

    async def _updates(self, url: str) -> None:
        """Ask for the MPD as often as it says, until the time is up or nothing is left to see."""
        while self._left_s() > 0:
            wait_s = update_s(self._seen.presentation)
            if wait_s is None:
                if self._seen.presentation is None:
                    return
                pending = [task for task in self._followers.values() if not task.done()]
                if pending:
                    await asyncio.wait(pending, timeout=self._left_s())
                return
            await asyncio.sleep(min(wait_s, max(0.0, self._left_s())))
            if self._left_s() > 0:
                self._take(await self._client.playlist(url))
                self._begin()

    # Segments

    def _begin(self) -> None:
        """A follower for each Representation that has none."""
        presentation = self._seen.presentation
        if presentation is None:
            return
        for place in places(presentation, self._now_s()):
            if place.key in self._followers:
                continue
            if len(self._followers) >= MAX_REPRESENTATIONS:
                self._kept.not_asked(f"the first {MAX_REPRESENTATIONS} are watched", "further Representations")
                return
            self._followers[place.key] = asyncio.create_task(self._follow(place))

    async def _follow(self, place: Place) -> None:
        init = await self._init(place)
        segment: Segment | None = None
        while self._left_s() > 0:
            presentation = self._seen.presentation
            now = place_of(presentation, place) if presentation is not None else None
            if presentation is None or now is None:
                return  # the Representation has gone with its period
            addressing = now.representation.segments
            following = addressing.after(segment) if segment else live_edge(presentation, now, self._now_s(), BACK)
            if following is None:
                if update_s(presentation) is None:
                    return
                await asyncio.sleep(min(AGAIN_S, max(0.01, self._left_s())))
                continue
            segment = following
            began_s = self._now_s()
            await self._segment(presentation, now, segment, init)
            pace_s = min(max(segment.end_s - segment.start_s, 0.1), 1.0) / 2
            await asyncio.sleep(max(0.0, min(began_s + pace_s - self._now_s(), self._left_s())))

    async def _segment(self, presentation: Presentation, place: Place, segment: Segment, init: bytes) -> None:
        """Fetch one segment at its time; asked again for a while where it is late."""
        due = due_s(presentation, place, segment)
        if due is not None:
            wait_s = due + LATE_S - self._now_s()
            if wait_s > self._left_s():
                await asyncio.sleep(max(0.0, self._left_s()))
                return
            await asyncio.sleep(max(0.0, wait_s))
        due_ns = round(due * S) - self._seen.offset_ns if due is not None else 0
        length_s = min(max(segment.end_s - segment.start_s, 0.1), 60.0)
        fetch = await self._get(segment.url, length_s, due_ns)
        name = place.representation.id
        if due is not None and self._now_s() - due < presentation.depth_s:
            for kind in ("segment", "segment-early") if place.representation.chunked else ("segment",):
                self._kept.probe(Probe(kind, name, bodiless(fetch), due_ns=due_ns))
        if fetch.status != 200 or fetch.problem:
            self._kept.probe(Probe("media-failed", name, bodiless(fetch)))
        self._kept.medium(Media(name, segment.number, None, fetch, init))

    async def _get(self, url: str, length_s: float, due_ns: int) -> Fetch:
        total_s = 3 * length_s + 5
        while True:
            fetch = await self._client.get(url, total_s=total_s, limit=MEDIA_BYTES)
            late_s = (self._clock.now_ns() - due_ns) / S if due_ns else length_s
            if fetch.status not in (404, 425) or late_s >= length_s or self._left_s() <= 0:
                return fetch
            await asyncio.sleep(AGAIN_S)

    async def _init(self, place: Place) -> bytes:
        url = place.representation.init_url
        if url is None:
            return b""
        fetch = await self._client.get(url, limit=MAX_INIT)
        if fetch.status != 200 or fetch.problem:
            self._kept.probe(Probe("media-failed", place.representation.id, bodiless(fetch)))
            return b""
        return fetch.body

    # Asking, and the end

    async def _ask(self, presentation: Presentation) -> None:
        await ask(self._client, self._kept, presentation, self._seen.manifests[0])

    async def _finish(self, asking: asyncio.Task[None] | None) -> None:
        under_way = [task for task in (*self._followers.values(), asking) if task is not None]
        if under_way:
            await asyncio.wait(under_way, timeout=max(0.0, self._left_s()) + GRACE_S)

    async def _stop(self, tasks: list[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result
