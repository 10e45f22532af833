"""The DASH player: MPD, clock, live edge, segments whole or as they are produced, rungs, retries, the end.

Pure (see `base`). The habits are dash.js's or Shaka's; numbers stand in the Profile. What manifests and media say is
shared by all viewers (`shelf`, `chunkmap`); what stands here is one viewer's own. A position is presentation time.
"""

from bisect import bisect_right

from ringside.prove.crowd.player.abr import Abr
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
from ringside.prove.crowd.player.chunkmap import ChunkMap
from ringside.prove.crowd.player.cmcd import Report
from ringside.prove.crowd.player.kept import keep
from ringside.prove.crowd.player.live import Live, clocks_of, fitted, is_chunked, plain
from ringside.prove.crowd.player.mpdxml import MpdError
from ringside.prove.crowd.player.playhead import Playhead
from ringside.prove.crowd.player.presentation import Presentation
from ringside.prove.crowd.player.profile import Profile, Then
from ringside.prove.crowd.player.retry import cause_of, delay_s, then_of
from ringside.prove.crowd.player.segments import EDGE_S
from ringside.prove.crowd.player.shelf import presentation
from ringside.prove.crowd.player.track import Track, choose, listed_s

WHOLE = (200, 206)
LEAST_UPDATE_S = 1.0
"""dash.js asks for an MPD no more often."""


class DashPlayer:
    """One viewer of a DASH stream, low-latency where the stream and `low_latency` allow."""

    __slots__ = (
        "_abr", "_all", "_attempts", "_began", "_clocks", "_failure", "_finished", "_live", "_low_latency",
        "_manifest", "_playhead", "_tracks", "_viewer", "_world", "feel", "latency_source", "profile",
    )  # fmt: skip

    def __init__(
        self, url: str, profile: Profile, world: World, viewer: Viewer, now_s: float, low_latency: bool = True
    ) -> None:
        self.profile = profile
        self.feel = Feel(now_s)
        self.latency_source = ""
        self._world = world
        self._viewer = viewer
        self._low_latency = low_latency
        self._manifest = world.request(url, Kind.MANIFEST, keep=True)
        self._attempts = 0
        """Failures in a row of the manifest or the clock."""
        self._live: Live | None = None
        self._clocks: list[str] = []
        self._abr = Abr(self.profile)
        self._playhead = Playhead(self.profile, self.feel)
        self._tracks: list[Track | None] = [None, None]
        """By lane: VIDEO, AUDIO."""
        self._all: list[Track] = []
        """Those that there are."""
        self._began = False
        self._finished = False
        self._failure: str | None = None

    def given_up(self) -> str | None:
        """Why the error screen is shown."""
        return self._failure

    # -- manifest and clock

    def start(self, now_s: float) -> Asks:
        """Ask for the MPD."""
        return (Ask(Lane.MANIFEST, self._manifest),)

    def received(self, now_s: float, lane: Lane, reply: Reply) -> Asks:
        """A reply is complete."""
        if lane is Lane.MANIFEST:
            return self._on_manifest(now_s, reply)
        if lane is Lane.CLOCK:
            return self._on_clock(now_s, reply.status in WHOLE)
        track = self._tracks[lane]
        if track is None or reply.request is not track.asked:
            return self._stray(lane)
        if reply.status not in WHOLE:
            return self._again(now_s, lane, reply.request, f"status {reply.status}")
        track.attempts = 0
        track.asked = None
        if reply.request.kind is Kind.INIT:
            track.shelf.shape.learn(reply.body)
            track.inits.append(reply.request)
        else:
            self._on_segment(now_s, track, reply)
        return self._next(now_s, track)

    def _stray(self, lane: Lane) -> Asks:
        """Something once planned has taken the lane from what is wanted now."""
        track = self._tracks[lane] if lane < len(self._tracks) else None
        return NOTHING if track is None or track.asked is None else (Ask(lane, track.asked),)

    def _on_manifest(self, now_s: float, reply: Reply) -> Asks:
        if reply.status not in WHOLE:
            return self._again(now_s, Lane.MANIFEST, reply.request, f"status {reply.status}")
        try:
            found = presentation(self._world, reply.body, reply.url)
        except MpdError:
            return self._again(now_s, Lane.MANIFEST, reply.request, Failure.UNREADABLE)
        self._attempts = 0
        if (live := self._live) is None:
            return (*self._refresh(now_s, found), *self._open(now_s, found))
        if found is live.presentation or not live.dynamic:
            return self._refresh(now_s, found)
        return (*self._refresh(now_s, found), *self._renew(live, found))

    def _refresh(self, now_s: float, found: Presentation) -> Asks:
        if found.update_s is None:
            return NOTHING
        return (Ask(Lane.MANIFEST, self._manifest, now_s + max(found.update_s, LEAST_UPDATE_S)),)

    def _open(self, now_s: float, found: Presentation) -> Asks:
        """The first MPD: the habits that fit it, and the clock it names."""
        chunked = is_chunked(found)
        low = self._low_latency = self._low_latency and chunked
        self.profile = self._fitted(self.profile if low else plain(self.profile), found)
        self._live = Live(found, self.profile, self._world, self._viewer, chunked and not low)
        self._playhead.profile = self.profile
        self._abr = Abr(self.profile)
        if not found.dynamic:
            return self._begin(now_s)
        self._clocks = clocks_of(found)
        return self._next_clock(now_s)

    def _fitted(self, profile: Profile, found: Presentation) -> Profile:
        known = self._world.shared("dash.profiles")
        key = (profile.name, found.rates, found.latency)
        fitting: Profile | None = known.get(key)
        return keep(known, key, fitted(profile, found)) if fitting is None else fitting

    def _next_clock(self, now_s: float) -> Asks:
        if not self._clocks:
            return self._begin(now_s)
        return (Ask(Lane.CLOCK, self._world.request(self._clocks[0], Kind.CLOCK)),)

    def _on_clock(self, now_s: float, good: bool) -> Asks:
        """dash.js takes the first clock that answers, and goes on without where none does."""
        if self._began:
            return NOTHING
        self._clocks = [] if good else self._clocks[1:]
        return self._next_clock(now_s)

    # -- joining

    def _begin(self, now_s: float) -> Asks:
        live: Live = self._live  # type: ignore[assignment]
        self._began = True
        position_s = live.join_s(now_s + self.profile.opening_s)  # where live will be when the picture is shown
        tracks = self._tracks = choose(
            self._world, live.presentation.period_at(position_s), self._low_latency, self._abr
        )
        self._all = [track for track in tracks if track is not None]
        self.feel.rung_bps = self._all[0].representation.bandwidth_bps
        position_s = listed_s(self._all, position_s)
        self._playhead.begin(now_s, position_s)
        asks: list[Ask] = []
        for track in self._all:
            track.enter(position_s)
            asks += self._next(now_s, track)
        return asks

    # -- media

    def _next(self, now_s: float, track: Track) -> Asks:
        """What to ask for next, now or later; nothing while enough is buffered or nothing is there."""
        if track.asked is not None or track.done:
            return NOTHING
        if track.end_s - self._playhead.position_s > self._ahead_s(track):
            return NOTHING
        if track.lane is Lane.VIDEO:
            self._choose(track)
        live: Live = self._live  # type: ignore[assignment]
        segment = track.following(live.presentation)
        init = track.shelf.init
        if init is not None and init not in track.inits:
            track.asked = init
            return (Ask(track.lane, init),)
        if segment is None:
            track.done = not live.dynamic
            return NOTHING
        return (Ask(track.lane, track.fetch(segment), live.asks_s(now_s, segment, track.representation)),)

    def _ahead_s(self, track: Track) -> float:
        """How much to buffer; sound is kept a second ahead of the pictures, as dash.js does."""
        video = self._tracks[Lane.VIDEO]
        if track.lane is Lane.AUDIO and video is not None:
            return max(0.0, video.end_s - self._playhead.position_s) + 1.0
        return self.profile.ahead_s

    def _choose(self, track: Track) -> None:
        """Another rung, if the bandwidth says so."""
        rates_bps = track.rates_bps
        if len(rates_bps) < 2:
            return
        buffer_s = max(0.0, track.end_s - self._playhead.position_s)
        chosen = self._abr.choose(rates_bps, track.rung, buffer_s, track.representation.segments.duration_s)
        if chosen != track.rung:
            track.take(chosen)
            track.rungs.append((track.from_s, rates_bps[chosen]))

    def grew(self, now_s: float, lane: Lane, request: Request, offset: int, new: memoryview) -> Asks:
        """More of a segment that is watched as it comes: its whole chunks can be played."""
        map: ChunkMap = request.object
        reached = offset + len(new)
        if reached > map.seen:
            map.feed(offset, new)
        track = self._tracks[lane]
        if track is None or request is not track.asked:
            return NOTHING
        if offset != track.edge:
            track.busy_s += now_s - track.last_s
            track.busy_bytes += reached - offset
        track.last_s = now_s
        chunks = bisect_right(map.ends, reached)
        if chunks > track.chunks:
            track.chunks = chunks
            track.edge = map.ends[chunks - 1]
            self._buffered(now_s, track, map.times[chunks - 1])
        return NOTHING

    def _on_segment(self, now_s: float, track: Track, reply: Reply) -> None:
        map: ChunkMap = reply.request.object
        if track.lane is Lane.VIDEO:
            took_s, nbytes = track.measured(now_s - reply.first_s, reply.nbytes)
            self._abr.sample(now_s, took_s, nbytes, reply.first_s - reply.sent_s)
        if not track.grows or map.nominal or track.chunks < len(map.ends) or not map.ends:
            self._buffered(now_s, track, map.end_s)

    def _buffered(self, now_s: float, track: Track, end_s: float) -> None:
        """The track's buffer reaches to `end_s` now."""
        if end_s <= track.end_s:
            return
        track.end_s = end_s
        feel = self.feel
        was_playing, stalls = feel.playing, feel.stalls
        started = feel.first_frame_s is not None
        self._playhead.advance(now_s, self._end_s())
        if started:
            if was_playing and feel.stalls == stalls:
                feel.on_time += 1
            else:
                feel.late += 1

    def _end_s(self) -> float:
        video, audio = self._tracks
        if video is None or audio is None:
            return (video or audio).end_s  # type: ignore[union-attr]
        return video.end_s if video.end_s < audio.end_s else audio.end_s

    # -- time passes

    def wake(self, now_s: float) -> Asks:
        """Move the playhead, steer it, and look for what should be fetched."""
        live = self._live
        if live is None or not self._began or self._finished:
            return NOTHING
        end_s = self._end_s()
        self._playhead.advance(now_s, end_s)
        rung_bps = self._all[0].shown(self._playhead.position_s)
        if rung_bps:
            self.feel.rung_bps = rung_bps
            self.feel.switches += 1
        if live.dynamic:
            seek_s = self._steer(now_s, end_s, live)
            if seek_s is not None:
                return self._seek(now_s, seek_s, end_s)
        asks = NOTHING
        for track in self._all:
            if track.asked is None and not track.done:
                asks = (*asks, *self._next(now_s, track))
        if not live.dynamic and all(track.done for track in self._all):
            self._end(now_s)
        return asks

    def _steer(self, now_s: float, end_s: float, live: Live) -> float | None:
        """Note the latency and hold it; a position to seek to, where that is how the player comes back."""
        playhead = self._playhead
        position_s = playhead.position_s
        behind_s = live.edge_s(now_s) - position_s
        if behind_s > live.presentation.depth_s and position_s >= end_s - EDGE_S:
            return position_s + behind_s - live.presentation.depth_s
        if not playhead.playing:
            self.feel.latency_s = None
            return None
        anchor_s = self._all[0].shelf.shape.anchor_s
        self.latency_source = "manifest" if anchor_s is None else "prft"
        self.feel.latency_s = live.latency_s(now_s, position_s, anchor_s)
        if self._viewer.dvr_s:
            return None
        return playhead.steer(now_s, behind_s, live.target_s, end_s - position_s)

    def _seek(self, now_s: float, position_s: float, end_s: float) -> Asks:
        """Jump; within what is buffered nothing is fetched anew."""
        if position_s <= end_s:
            self._playhead.seek(now_s, position_s, end_s)
            return NOTHING
        position_s = listed_s(self._all, position_s)
        self._playhead.seek(now_s, position_s, position_s)
        asks: list[Ask] = []
        for track in self._all:
            if track.asked is not None:
                asks.append(Ask(track.lane, None))
                if track.lane is Lane.VIDEO and track.busy_s:  # dash.js counts what an abandoned request has brought
                    self._abr.sample(now_s, track.busy_s, track.busy_bytes)
            track.enter(position_s)
            asks += self._next(now_s, track)
        return asks

    # -- the manifest changes, the event ends

    def _renew(self, live: Live, found: Presentation) -> Asks:
        """A later MPD: more segments, another period, or the end, beyond which nothing need be asked for."""
        live.presentation = found
        asks: list[Ask] = []
        for track in self._all:
            if found.dynamic:
                track.renew(found)
            elif track.close(found):
                asks.append(Ask(track.lane, None))
        if not found.dynamic:
            self.feel.latency_s = None
        return asks

    def _end(self, now_s: float) -> None:
        """All is buffered: what there is plays out."""
        self._playhead.ended(now_s)
        self.feel.latency_s = None
        if not self.feel.playing:
            self._finished = True
            self._viewer.leave_s = now_s

    def report(self, now_s: float, lane: Lane, request: Request) -> Report:
        """What the player says of itself with a request (CMCD)."""
        feel, live = self.feel, self._live
        report = Report("m", started=feel.first_frame_s is not None, buffering=not feel.playing)
        report.live = live is None or live.dynamic
        report.low_latency = self._low_latency
        report.estimate_bps = self._abr.estimate_bps
        report.state = "e" if self._finished else "p" if feel.playing else "r" if report.started else "s"
        report.rate = self._playhead.rate
        report.latency_s = feel.latency_s
        report.starved = feel.stall_began_s is not None
        if feel.first_frame_s is not None:
            report.start_delay_s = feel.first_frame_s - feel.joined_s
        track = self._tracks[lane] if lane < len(self._tracks) else None
        if track is not None:
            track.tell(report, request.kind, self._playhead.position_s)
        return report

    # -- what goes wrong

    def failed(self, now_s: float, lane: Lane, request: Request, failure: Failure) -> Asks:
        """A request brought no reply that can be used."""
        if lane is Lane.CLOCK:
            return self._on_clock(now_s, False)
        track = self._tracks[lane] if lane < len(self._tracks) else None
        if track is not None and request is not track.asked:
            return self._stray(lane)
        return self._again(now_s, lane, request, failure)

    def _again(self, now_s: float, lane: Lane, request: Request, why: Failure | str) -> Asks:
        """Once more by the table, another rung, or the error screen."""
        track = self._tracks[lane] if lane < len(self._tracks) else None
        if track is None:
            attempt = self._attempts = self._attempts + 1
        else:
            attempt = track.attempts = track.attempts + 1
        cause = cause_of(why)
        alone = track is None or track.rung == 0
        wait_s = delay_s(self.profile, request.kind, cause, attempt, self._viewer.rng, alone=alone)
        if wait_s is not None:
            return (Ask(lane, request, now_s + wait_s),)
        if track is not None and not alone and then_of(self.profile, request.kind, cause) is Then.SWITCH:
            return self._lower(now_s, track)
        if track is None and self._live is not None:
            return NOTHING  # dash.js plays on by the MPD it has
        words = why.value if isinstance(why, Failure) else why
        self._failure = f"{request.kind.name.lower()}: {words}"
        return NOTHING

    def _lower(self, now_s: float, track: Track) -> Asks:
        """The rung below, for the segment that failed."""
        track.lower()
        return self._next(now_s, track)
