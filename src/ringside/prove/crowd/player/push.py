"""The push player: one response per track that lasts as long as the viewer stays, played a few hundred ms behind live.

Pure (see `base`). A URL that ends in `/stream` is one track; the URL of an MPD (or of a playlist with one beside it) is
all of an event: its rung by the profile's default, and its sound. The rung stays. What the bytes say is shared by all
viewers (`streammap`); a viewer's own are positions, its buffer and what it felt. Position is media time.
"""

from math import inf
from urllib.parse import urljoin, urlsplit

from ringside.core.boxes import BoxError
from ringside.prove.crowd.player.abr import Abr
from ringside.prove.crowd.player.aim import Aim, still
from ringside.prove.crowd.player.base import (
    NOTHING,
    Ask,
    Asks,
    Failure,
    Feel,
    Kind,
    Lane,
    Reply,
    Request,
    Viewer,
    World,
)
from ringside.prove.crowd.player.cmcd import Report
from ringside.prove.crowd.player.kept import keep
from ringside.prove.crowd.player.mpdxml import MpdError
from ringside.prove.crowd.player.playhead import Playhead
from ringside.prove.crowd.player.profile import Profile
from ringside.prove.crowd.player.retry import cause_of, delay_s
from ringside.prove.crowd.player.shelf import presentation
from ringside.prove.crowd.player.streammap import Run, StreamMap

WHOLE = (200, 206)
TARGET_S = 1.2
"""Behind the moment of capture, where the event does not say …"""
CHUNKS = 2
"""… and at least so many chunks, as one of them is always in the making."""
SLACK_S = 0.05
"""Tracks are cut within so much of one another; more is a hole."""


class Feed:
    """One track's response. `delta` takes a byte of this response to its place in the Run."""

    __slots__ = (
        "attempts", "bandwidth_bps", "delta", "end_s", "head", "head_at", "lane", "last_s", "map", "request", "run",
        "start_s",
    )  # fmt: skip

    def __init__(self, lane: Lane, request: Request, bandwidth_bps: int) -> None:
        self.lane = lane
        self.request = request
        self.bandwidth_bps = bandwidth_bps
        self.map: StreamMap = request.object
        self.run: Run | None = None
        self.delta = 0
        self.head: bytearray | None = bytearray()
        """First bytes, until they say where they lie; None once they have."""
        self.head_at = 0
        self.start_s = -inf
        """Where the buffer begins."""
        self.end_s = -inf
        """Where it ends."""
        self.last_s = inf
        """When bytes came last; inf while none is under way."""
        self.attempts = 0

    def anew(self) -> None:
        """Another response is about to begin."""
        self.head, self.head_at, self.last_s = bytearray(), 0, inf

    @property
    def chunk_s(self) -> float:
        """Duration of the newest chunk."""
        times = self.run.times if self.run is not None else ()
        return times[-1] - times[-2] if len(times) > 1 else 0.0


class PushPlayer:
    """One viewer of a push stream."""

    __slots__ = (
        "_abr", "_aim", "_attempts", "_failure", "_feeds", "_finished", "_manifest", "_playhead", "_schedule",
        "_settled", "_viewer", "_world", "feel", "latency_source", "profile",
    )  # fmt: skip

    def __init__(
        self, url: str, profile: Profile, world: World, viewer: Viewer, now_s: float, target_s: float | None = None
    ) -> None:
        """`target_s`: behind the moment of capture; None: as the event says."""
        self.profile = profile
        self.feel = Feel(now_s)
        self.latency_source = ""
        self._world = world
        self._viewer = viewer
        self._playhead = Playhead(profile, self.feel)
        self._abr = Abr(profile)
        self._feeds: list[Feed | None] = [None, None]
        """By lane: VIDEO, AUDIO."""
        self._manifest: Request | None = None
        self._attempts = 0
        self._settled = self._finished = False
        self._failure: str | None = None
        one_track = urlsplit(url).path.endswith("/stream")
        base = urljoin(url, "..") if one_track else url
        self._aim = Aim(world, base, viewer.rng, TARGET_S) if target_s is None else None
        self._schedule = still(TARGET_S if target_s is None else target_s)
        if one_track:
            self._follow(Lane.VIDEO, url, 0)
        else:
            url = url if urlsplit(url).path.endswith(".mpd") else urljoin(url, "index.mpd")
            self._manifest = world.request(url, Kind.MANIFEST, keep=True)

    def given_up(self) -> str | None:
        """Why the error screen is shown."""
        return self._failure

    def start(self, now_s: float) -> Asks:
        """Ask for the stream, or first for what streams there are."""
        aiming = () if self._aim is None else self._aim.start()
        if self._manifest is not None:
            return (*aiming, Ask(Lane.MANIFEST, self._manifest))
        return (*aiming, *self._ask_all())

    def _follow(self, lane: Lane, url: str, bandwidth_bps: int) -> None:
        maps = self._world.shared("push.maps")
        map: StreamMap | None = maps.get(url)
        if map is None:
            map = keep(maps, url, StreamMap())
        request = self._world.request(url, Kind.STREAM, grows=True, object=map)
        self._feeds[lane] = Feed(lane, request, bandwidth_bps)

    def _ask_all(self) -> Asks:
        return tuple(Ask(feed.lane, feed.request) for feed in self._feeds if feed is not None)

    # -- what arrives

    def received(self, now_s: float, lane: Lane, reply: Reply) -> Asks:
        """The manifest, or the end of a response that should have none."""
        if lane is Lane.MANIFEST:
            return self._on_manifest(now_s, reply)
        if self._aim is not None and lane is Lane.TARGET:
            asks = self._aim.received(now_s, reply)
            self._schedule = self._aim.schedule
            return NOTHING if self._finished else asks
        feed = self._feeds[lane]
        if feed is None:
            return NOTHING
        if feed.run is not None and feed.run.ended and reply.status in WHOLE:
            return self._on_end(now_s)
        why = Failure.SHORT if reply.status in WHOLE else f"status {reply.status}"
        return self._again(now_s, lane, reply.request, why)

    def _on_manifest(self, now_s: float, reply: Reply) -> Asks:
        if reply.status not in WHOLE:
            return self._again(now_s, Lane.MANIFEST, reply.request, f"status {reply.status}")
        try:
            period = presentation(self._world, reply.body, reply.url).periods[-1]
        except MpdError:
            return self._again(now_s, Lane.MANIFEST, reply.request, Failure.UNREADABLE)
        for lane, kind in ((Lane.VIDEO, "video"), (Lane.AUDIO, "audio")):
            chosen = period.of(kind)
            if chosen is not None:
                rates_bps = [one.bandwidth_bps for one in chosen.representations]
                one = chosen.representations[self._abr.first(rates_bps)]
                self._follow(lane, urljoin(reply.url, f"{one.id}/stream"), one.bandwidth_bps)
        return self._ask_all()

    def grew(self, now_s: float, lane: Lane, request: Request, offset: int, new: memoryview) -> Asks:
        """More of a response."""
        feed = self._feeds[lane]
        if feed is None or request is not feed.request:
            return NOTHING
        feed.last_s = now_s
        run = feed.run
        if run is None or feed.head is not None:
            return self._locate(now_s, feed, offset, new)
        return self._place(now_s, feed, run, offset + feed.delta, offset, new)

    def _place(self, now_s: float, feed: Feed, run: Run, at: int, offset: int, new: memoryview) -> Asks:
        """Bytes `new`, at `offset` of the response, belong at `at` of the Run, up to where another chunk begins."""
        stray = run.strays(at, new) if at < run.seen else None
        if stray is not None:  # or it cannot be told yet: what came before is heard, the rest placed when it can
            self._heard(now_s, feed, run.time_at(at + stray), at + stray)
            feed.head = bytearray()
            return self._locate(now_s, feed, offset + stray, new[stray:])
        reached = at + len(new)
        if reached > run.seen:
            run.feed(at, new)
            if run.broken:
                return self._unreadable(now_s, feed)
        self._heard(now_s, feed, run.time_at(reached), reached)
        return NOTHING

    def _locate(self, now_s: float, feed: Feed, offset: int, new: memoryview) -> Asks:
        """Find out which chunks these are."""
        head: bytearray = feed.head  # type: ignore[assignment]
        if not head:
            feed.head_at = offset
        head += new
        try:
            found = feed.map.join(head, feed.run)
        except BoxError:
            return self._unreadable(now_s, feed)
        if found is None:
            return NOTHING
        run, place, begins, starts_s = found
        feed.run, feed.head = run, None
        feed.delta = place - feed.head_at
        feed.attempts = 0
        if starts_s > feed.end_s + SLACK_S:
            feed.start_s = starts_s
        sure = begins + 1  # the first chunk is the one it says it is; those behind it may stray
        run.feed(place, head[:sure])
        return self._place(now_s, feed, run, place + sure, feed.head_at + sure, memoryview(head)[sure:])

    def _heard(self, now_s: float, feed: Feed, end_s: float | None, reached: int) -> None:
        """The response has come to byte `reached` of its Run."""
        run: Run = feed.run  # type: ignore[assignment]
        if end_s is None or end_s <= feed.end_s:
            return
        feed.end_s = end_s
        if run is not feed.map.run and reached == run.ends[-1]:
            feed.head = bytearray()  # others are in a newer Run: join it with the next chunk
        feel = self.feel
        if feel.first_frame_s is None:
            self._play(now_s)
            return
        was_playing, stalls = feel.playing, feel.stalls
        self._playhead.advance(now_s, self._end_s())
        if was_playing and feel.stalls == stalls:
            feel.on_time += 1
        else:
            feel.late += 1

    def _play(self, now_s: float) -> None:
        """Nothing moves yet: begin where the target stands, or wait for it where what there is begins later."""
        end_s, start_s = self._end_s(), self._start_s()
        latency_s = self._latency_s(now_s, start_s)
        if start_s == -inf or end_s <= start_s:
            return
        behind_s = self._behind_s(now_s)
        late_s = end_s - start_s - behind_s if latency_s is None else latency_s - behind_s
        if late_s >= -SLACK_S:
            self._playhead.begin(now_s, min(start_s + max(0.0, late_s), end_s))
            self._playhead.advance(now_s, end_s)

    def _latency_s(self, now_s: float, position_s: float) -> float | None:
        """How long ago what is at `position_s` was captured; None where the stream does not say."""
        lead = next(feed for feed in self._feeds if feed is not None)
        anchor_s = None if lead.run is None else lead.run.anchor_s
        return None if anchor_s is None else now_s + self._world.utc_offset_s - position_s - anchor_s

    def _end_s(self) -> float:
        video, audio = self._feeds
        if video is None or audio is None:
            return (video or audio).end_s  # type: ignore[union-attr]
        return video.end_s if video.end_s < audio.end_s else audio.end_s

    def _start_s(self) -> float:
        return max(feed.start_s for feed in self._feeds if feed is not None)

    def _behind_s(self, now_s: float) -> float:
        """How far behind live to play."""
        chunk_s = max(feed.chunk_s for feed in self._feeds if feed is not None)
        return max(self._schedule.at(now_s + self._world.utc_offset_s), CHUNKS * chunk_s)

    def _on_end(self, now_s: float) -> Asks:
        """The event has ended: what there is plays out."""
        if not self._finished:
            self._finished = True
            self._playhead.ended(now_s)
            self.feel.latency_s = None
        return NOTHING

    # -- time passes

    def wake(self, now_s: float) -> Asks:
        """Move the playhead and steer it."""
        feel, playhead = self.feel, self._playhead
        if feel.first_frame_s is not None:
            end_s = self._end_s()
            playhead.advance(now_s, end_s)
            if not self._finished:
                self._steer(now_s, end_s)
            elif not feel.playing:
                self._viewer.leave_s = min(self._viewer.leave_s, now_s)
        return NOTHING if self._finished else self._listen(now_s)

    def _steer(self, now_s: float, end_s: float) -> None:
        playhead = self._playhead
        start_s, target_s = self._start_s(), self._behind_s(now_s)
        if playhead.position_s < start_s < end_s:  # a hole: the buffer begins anew behind it
            playhead.seek(now_s, max(start_s, end_s - target_s), end_s)
        latency_s = self._latency_s(now_s, playhead.position_s)
        if latency_s is None or not playhead.playing:
            self.feel.latency_s = None
            return
        self.feel.latency_s = latency_s
        self.latency_source = "prft"
        ahead_s = end_s - playhead.position_s
        seek_s = None
        if not self._settled:  # the first bytes come as a burst, longer than what is played of it
            self._settled = True
            seek_s = end_s - target_s if ahead_s > target_s else None
        elif not self._viewer.dvr_s:
            seek_s = playhead.steer(now_s, latency_s, target_s, ahead_s)
        if seek_s is not None and seek_s <= end_s:
            playhead.seek(now_s, seek_s, end_s)

    def _listen(self, now_s: float) -> Asks:
        """A response that has fallen silent is given up."""
        asks: Asks = NOTHING
        for feed in self._feeds:
            if feed is not None and now_s - feed.last_s > self.profile.loads[Kind.STREAM].idle_s:
                again = self._again(now_s, feed.lane, feed.request, Failure.TIMEOUT)
                asks = (*asks, Ask(feed.lane, None), *again)
        return asks

    def report(self, now_s: float, lane: Lane, request: Request) -> Report:
        """What the player says of itself with a request (CMCD)."""
        feel, feed = self.feel, self._feeds[lane] if lane < len(self._feeds) else None
        report = Report("m", started=feel.first_frame_s is not None, buffering=not feel.playing, low_latency=True)
        report.state = "e" if self._finished else "p" if feel.playing else "r" if report.started else "s"
        report.rate, report.latency_s = self._playhead.rate, feel.latency_s
        report.starved = feel.stall_began_s is not None
        if feed is not None:
            report.object = "a" if lane is Lane.AUDIO else "v" if self._feeds[Lane.AUDIO] is not None else "av"
            report.bitrate_bps = report.played_bps = float(feed.bandwidth_bps)
            report.buffer_s = max(0.0, feed.end_s - self._playhead.position_s)
        return report

    # -- what goes wrong

    def failed(self, now_s: float, lane: Lane, request: Request, failure: Failure) -> Asks:
        """A response broke, or did not begin."""
        if self._aim is not None and lane is Lane.TARGET:
            return NOTHING if self._finished else self._aim.failed(now_s)
        return self._again(now_s, lane, request, failure)

    def _unreadable(self, now_s: float, feed: Feed) -> Asks:
        """The bytes are not CMAF: leave them, and ask anew."""
        feed.map.run = None if feed.map.run is feed.run else feed.map.run
        feed.run = None
        return (Ask(feed.lane, None), *self._again(now_s, feed.lane, feed.request, Failure.UNREADABLE))

    def _again(self, now_s: float, lane: Lane, request: Request, why: Failure | str) -> Asks:
        """Once more by the table, or the error screen."""
        feed = self._feeds[lane] if lane < len(self._feeds) else None
        if feed is None:
            attempt = self._attempts = self._attempts + 1
        else:
            feed.anew()
            attempt = feed.attempts = feed.attempts + 1
        wait_s = delay_s(self.profile, request.kind, cause_of(why), attempt, self._viewer.rng, alone=True)
        if wait_s is not None:
            return (Ask(lane, request, now_s + wait_s),)
        words = why.value if isinstance(why, Failure) else why
        self._failure = f"{request.kind.name.lower()}: {words}"
        return NOTHING
