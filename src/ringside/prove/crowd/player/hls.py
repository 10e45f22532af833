"""The HLS player: choosing a rung, joining at the live edge, blocking reload and parts, plain reload, retries.

Pure (see `base`). The habits are hls.js's; numbers stand in its Profile. What is read from playlists is shared by all
viewers (`hlslist`); what stands here is one viewer's own: where it is, what it waits for, what it felt.
"""

from urllib.parse import urljoin

from ringside.flow.mux.hls import Malformed
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
from ringside.prove.crowd.player.hlslist import Listing, Piece, Rendition
from ringside.prove.crowd.player.hlsstream import Stream
from ringside.prove.crowd.player.kept import keep
from ringside.prove.crowd.player.ladder import Ladder, read
from ringside.prove.crowd.player.playhead import Playhead
from ringside.prove.crowd.player.profile import Profile
from ringside.prove.crowd.player.retry import cause_of, delay_s

ON_MEDIA = (200, 206)
MEDIA, PLAYLIST = Kind.MEDIA, Kind.PLAYLIST
VIDEO, AUDIO, AUDIO_LIST = Lane.VIDEO, Lane.AUDIO, Lane.AUDIO_LIST
TOLERANCE_S = 0.05


class HlsPlayer:
    """One viewer of an HLS stream, low-latency where the stream and `low_latency` allow."""

    __slots__ = (
        "_audio", "_began", "_failure", "_gap", "_ladder", "_low_latency", "_manifest", "_manifest_attempts",
        "_playhead", "_video", "_viewer", "_world", "feel", "latency_source", "profile",
    )  # fmt: skip

    def __init__(
        self, url: str, profile: Profile, world: World, viewer: Viewer, now_s: float, low_latency: bool
    ) -> None:
        self.profile = profile
        self.feel = Feel(now_s)
        self.latency_source = ""
        self._world = world
        self._viewer = viewer
        self._low_latency = low_latency
        self._manifest = world.request(url, Kind.MANIFEST, keep=True)
        self._manifest_attempts = 0
        self._playhead = Playhead(profile, self.feel)
        self._ladder: Ladder | None = None
        self._video: Stream | None = None
        self._audio: Stream | None = None
        self._began = False
        self._failure: str | None = None
        self._gap = False
        """The rung being played has nothing to play next."""

    def given_up(self) -> str | None:
        """Why the error screen is shown."""
        return self._failure

    # -- joining

    def start(self, now_s: float) -> Asks:
        """Ask for the playlist of the URL, whichever it is."""
        return (Ask(Lane.MANIFEST, self._manifest),)

    def _on_manifest(self, now_s: float, reply: Reply) -> Asks:
        if reply.status != 200:
            return self._again(now_s, Lane.MANIFEST, self._manifest, f"status {reply.status}")
        try:
            self._ladder = ladder = Ladder(self.profile, read(self._world, reply))
        except (Malformed, ValueError):
            return self.failed(now_s, Lane.MANIFEST, self._manifest, Failure.UNREADABLE)
        rung = ladder.rung
        self.feel.rung_bps = rung.bandwidth_bps
        self._video = Stream(self._rendition(rung.video, Lane.VIDEO))
        if rung.video == reply.url:
            return self._on_listing(now_s, self._video, Lane.VIDEO_LIST, reply)
        asks = [*self._video.rendition.plain]
        if rung.audio:
            self._audio = Stream(self._rendition(rung.audio, Lane.AUDIO))
            asks += self._audio.rendition.plain
        return asks

    def _rendition(self, url: str, lane: Lane) -> Rendition:
        known = self._world.shared("hls.renditions")
        key = (url, self._low_latency)
        found: Rendition | None = known.get(key)
        if found is None:
            found = keep(known, key, Rendition(self._world, url, lane, self._low_latency))
        return found

    # -- what arrives

    def received(self, now_s: float, lane: Lane, reply: Reply) -> Asks:
        """A reply is complete."""
        kind = reply.request.kind
        if kind is Kind.MANIFEST:
            return self._on_manifest(now_s, reply)
        stream = self._audio if lane is AUDIO or lane is AUDIO_LIST else self._video
        if stream is None:
            return NOTHING
        if kind is MEDIA:
            return self._on_media(now_s, stream, lane, reply)
        if kind is PLAYLIST:
            return self._on_listing(now_s, stream, lane, reply)
        return self._on_init(now_s, stream, lane, reply)

    def _stream(self, lane: Lane) -> Stream | None:
        return self._audio if lane is AUDIO or lane is AUDIO_LIST else self._video

    def _on_media(self, now_s: float, stream: Stream, lane: Lane, reply: Reply) -> Asks:
        piece = stream.asking
        if piece is None:
            return NOTHING
        if reply.status not in ON_MEDIA:
            return self._again(now_s, lane, reply.request, f"status {reply.status}")
        stream.asking = None
        stream.attempts = 0
        if lane is VIDEO and self._ladder.choice:  # type: ignore[union-attr]
            self._ladder.sample(now_s, reply)  # type: ignore[union-attr]
        self._buffer(now_s, stream, piece)
        return self._next(stream)

    def _buffer(self, now_s: float, stream: Stream, piece: Piece) -> None:
        """A piece has come (or is a gap, which has nothing to bring)."""
        feel, stalls, waiting = self.feel, self.feel.stalls, self.feel.stall_began_s is not None
        stream.piece = piece
        if piece.end_s > stream.end_s:  # after a switch the buffer holds the beginning of the segment already
            stream.end_s = piece.end_s
        self._playhead.advance(now_s, self._end_s())
        if waiting or feel.stalls != stalls:
            feel.late += 1
        elif feel.playing:
            feel.on_time += 1

    def _end_s(self) -> float:
        video, audio = self._video, self._audio
        if audio is None:
            return video.end_s  # type: ignore[union-attr]
        return min(video.end_s, audio.end_s)  # type: ignore[union-attr]

    def _next(self, stream: Stream) -> Asks:
        """What to fetch next for a stream, if it is listed and wanted."""
        piece = stream.piece
        if stream.asking is not None or piece is None or stream.init_asked is not None:
            return NOTHING
        if stream.end_s - self._playhead.position_s > self.profile.ahead_s:
            return NOTHING
        follower = stream.rendition.after(piece)
        if follower is not None and follower.gap:
            if stream is self._video and len(self._ladder.rungs) > 1:  # type: ignore[union-attr]
                self._gap = True  # another rung may have it: `wake` changes over
                return NOTHING
            follower = self._pass(stream, follower)
        if follower is None and self.profile.preload_hints and stream.listing is not None and stream.piece is not None:
            follower = stream.rendition.hinted(stream.listing, stream.piece)
        return NOTHING if follower is None else stream.fetch(follower)

    def _pass(self, stream: Stream, piece: Piece | None) -> Piece | None:
        """Go over what is listed as GAP: the picture jumps, and each piece counts as one that did not come in time."""
        while piece is not None and piece.gap:
            stream.piece, stream.end_s = piece, piece.end_s
            self.feel.late += self.feel.first_frame_s is not None
            piece = stream.rendition.after(piece)
        return piece

    def _on_init(self, now_s: float, stream: Stream, lane: Lane, reply: Reply) -> Asks:
        if reply.status not in ON_MEDIA:
            return self._again(now_s, lane, reply.request, f"status {reply.status}")
        return stream.initialised() or self._next(stream)

    # -- playlists

    def _on_listing(self, now_s: float, stream: Stream, lane: Lane, reply: Reply) -> Asks:
        if reply.status != 200:
            return self._again(now_s, lane, stream.plain, f"status {reply.status}")
        try:
            listing = stream.rendition.read(reply.body, reply.url, now_s)
        except (Malformed, ValueError, OverflowError):
            return self.failed(now_s, lane, reply.request, Failure.UNREADABLE)
        changed = listing is not stream.listing
        stream.listing = listing
        stream.list_attempts = 0
        reload = stream.reload(now_s, self.profile, reply, changed)
        if not self._began:
            return (*reload, *self._begin(now_s))
        if stream.piece is None and stream.asking is None:
            return (*reload, *self._enter(stream))
        fetch = self._next(stream)
        if not fetch:
            return reload
        return (*reload, *fetch)

    def _target_s(self, listing: Listing) -> float:
        """Distance from the live edge to play at."""
        if self._viewer.dvr_s:
            return self._viewer.dvr_s
        low = listing.part_hold_back_s if self._low_latency and listing.part_target_s else None
        target = self.profile.target
        rise_s = min(self.feel.stalls * target.rise_s, listing.target_s)
        return (low or listing.hold_back_s or target.durations * listing.target_s) + rise_s

    def _begin(self, now_s: float) -> Asks:
        """Both playlists are there: choose where to play, and fetch what is there."""
        video, audio = self._video, self._audio
        if video is None or video.listing is None or (audio is not None and audio.listing is None):
            return NOTHING
        if not video.listing.edge_s:
            return NOTHING
        edge_s = video.listing.edge_s if audio is None else min(video.listing.edge_s, audio.listing.edge_s)  # type: ignore[union-attr]
        oldest_s = video.listing.start_s
        start_s = oldest_s if video.listing.ended else max(oldest_s, edge_s - self._target_s(video.listing))
        self._began = True
        self._playhead.begin(now_s, start_s)
        asks = [*self._enter(video)]
        if audio is not None:
            asks += self._enter(audio)
        return asks

    def _enter(self, stream: Stream) -> Asks:
        """Fetch from the piece in which the end of the buffer lies, or the playhead where nothing is buffered."""
        piece = stream.rendition.locate(max(self._playhead.position_s, stream.end_s) + TOLERANCE_S)
        if piece is None:
            return NOTHING
        stream.end_s = max(stream.end_s, piece.start_s)
        if piece.gap:
            following = self._pass(stream, piece)
            return NOTHING if following is None else stream.fetch(following)
        return stream.fetch(piece)

    # -- time passes

    def wake(self, now_s: float) -> Asks:
        """Move the playhead, steer it, and look for what should be fetched."""
        video = self._video
        if not self._began or video is None or video.listing is None:
            return NOTHING
        playhead, feel = self._playhead, self.feel
        playhead.advance(now_s, self._end_s())
        self._feel_latency(now_s, video)
        if video.listing.ended:
            return self._finishing(now_s, video)
        edge_latency_s = video.listing.edge_s - playhead.position_s
        if not self._viewer.dvr_s and feel.playing:
            buffer_s, target_s = self._end_s() - playhead.position_s, self._target_s(video.listing)
            seek_s = playhead.steer(now_s, edge_latency_s, target_s, buffer_s, video.listing.target_s)
            if seek_s is not None:
                return self._seek(now_s, seek_s)
        if not feel.playing and playhead.position_s < video.listing.start_s - TOLERANCE_S:
            return self._seek(now_s, max(video.listing.start_s, video.listing.edge_s - self._target_s(video.listing)))
        return (*self._switch(now_s, video), *self._fill())

    def _fill(self) -> Asks:
        """Fetch again where a full buffer had stopped it."""
        video, audio = self._video, self._audio
        first = self._next(video) if video is not None else NOTHING
        second = self._next(audio) if audio is not None else NOTHING
        return (*first, *second) if first or second else NOTHING

    def _finishing(self, now_s: float, video: Stream) -> Asks:
        """The event is over: what is still to come is fetched, and when that has played out the viewer leaves."""
        asks = self._fill()
        if video.complete and (self._audio is None or self._audio.complete):
            self._playhead.ended(now_s)
            if not self.feel.playing:
                self._viewer.leave_s = now_s
        return asks

    def _feel_latency(self, now_s: float, video: Stream) -> None:
        listing: Listing = video.listing  # type: ignore[assignment]
        if not self.feel.playing or listing.ended:
            self.feel.latency_s = None
        elif listing.dated:
            self.feel.latency_s = now_s + self._world.utc_offset_s - self._playhead.position_s
            self.latency_source = "date-time"
        elif video.rendition.first_seen_s is not None:
            self.feel.latency_s = now_s - video.rendition.first_seen_s - self._playhead.position_s
            self.latency_source = "playlist"

    def _seek(self, now_s: float, position_s: float) -> Asks:
        """Jump: what is under way is dropped."""
        self._playhead.seek(now_s, position_s)
        asks: list[Ask] = []
        for stream in (self._video, self._audio):
            if stream is not None:
                asks += (*stream.forget(), *self._enter(stream))
        return asks

    def _switch(self, now_s: float, video: Stream) -> Asks:
        """Another rung, if the bandwidth says so; its playlist is fetched first."""
        ladder: Ladder = self._ladder  # type: ignore[assignment]
        if video.piece is None:
            return NOTHING
        if self._gap:
            self._gap = False
            chosen = ladder.around(now_s)
        else:
            chosen = ladder.other(now_s, video.end_s - self._playhead.position_s)
        return NOTHING if chosen is None else self._change(chosen, video)

    def _change(self, chosen: int, video: Stream) -> Asks:
        ladder: Ladder = self._ladder  # type: ignore[assignment]
        ladder.current = chosen
        rung = ladder.rung
        fresh = Stream(self._rendition(rung.video, Lane.VIDEO))
        fresh.end_s = video.end_s
        self._video = fresh
        self.feel.rung_bps = rung.bandwidth_bps
        self.feel.switches += 1
        fresh.listing = video.listing
        asks = [Ask(Lane.VIDEO_LIST, None), Ask(Lane.VIDEO_LIST, self._reported(fresh, video))]
        if video.asking is not None or video.init_asked is not None:
            asks.append(Ask(Lane.VIDEO, None))
        return asks

    def _reported(self, fresh: Stream, old: Stream) -> Request | None:
        """The other rendition's playlist, asked for with what the old one reported of it."""
        plain = fresh.plain
        if old.listing is None or not old.listing.can_block:
            return plain
        for uri, (msn, part) in old.listing.reports.items():
            if msn is not None and urljoin(old.rendition.url, uri) == fresh.rendition.url:
                query = f"_HLS_msn={msn}" + ("" if part is None else f"&_HLS_part={part}")
                return self._world.request(f"{fresh.rendition.url}?{query}", Kind.PLAYLIST, keep=True)
        return plain

    def report(self, now_s: float, lane: Lane, request: Request) -> Report:
        """What CMCD says with a request."""
        feel, playhead = self.feel, self._playhead
        report = Report("m", live=True, started=feel.first_frame_s is not None, buffering=not feel.playing)
        report.low_latency = self._low_latency
        report.estimate_bps = self._ladder.estimate_bps if self._ladder else None
        report.state = "p" if feel.playing else ("r" if report.started else "s")
        report.rate = playhead.rate
        stream = self._stream(lane)
        if stream is None or request.kind not in (Kind.MEDIA, Kind.INIT):
            return report
        muxed = self._audio is None
        report.object = "i" if request.kind is Kind.INIT else "a" if lane is AUDIO else "av" if muxed else "v"
        report.bitrate_bps = report.played_bps = float(feel.rung_bps)
        bandwidths_bps = self._ladder.bandwidths_bps if self._ladder else [0]
        report.lowest_bps, report.top_bps = float(bandwidths_bps[0]), float(bandwidths_bps[-1])
        if stream.asking is not None:
            report.duration_s = stream.asking.end_s - stream.asking.start_s
        report.buffer_s = max(0.0, stream.end_s - playhead.position_s)
        report.latency_s = feel.latency_s
        report.starved = feel.stall_began_s is not None
        return report

    # -- what goes wrong

    def grew(self, now_s: float, lane: Lane, request: Request, offset: int, new: memoryview) -> Asks:
        """HLS pieces count when they are whole."""
        return NOTHING

    def failed(self, now_s: float, lane: Lane, request: Request, failure: Failure) -> Asks:
        """A request brought no reply that can be used."""
        stream = self._stream(lane)
        if stream is not None and request.kind is Kind.PLAYLIST:
            request = stream.plain
        return self._again(now_s, lane, request, failure)

    def _again(self, now_s: float, lane: Lane, request: Request | None, why: Failure | str) -> Asks:
        """Once more by the table, another rung, or the error screen."""
        if request is None:
            return NOTHING
        video = self._video
        rung = self._ladder.current if self._ladder and lane in (Lane.VIDEO, Lane.VIDEO_LIST) else 0
        wait_s = delay_s(
            self.profile, request.kind, cause_of(why), self._attempt(lane), self._viewer.rng, alone=not rung
        )
        if wait_s is not None:
            return (Ask(lane, request, now_s + wait_s),)
        if rung and video is not None:
            return self._change(rung - 1, video)
        words = why.value if isinstance(why, Failure) else why
        self._failure = f"{request.kind.name.lower()}: {words}"
        return NOTHING

    def _attempt(self, lane: Lane) -> int:
        stream = self._stream(lane)
        if lane is Lane.MANIFEST or stream is None:
            self._manifest_attempts += 1
            return self._manifest_attempts
        if lane in (Lane.VIDEO_LIST, Lane.AUDIO_LIST):
            stream.list_attempts += 1
            return stream.list_attempts
        stream.attempts += 1
        return stream.attempts
