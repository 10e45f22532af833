"""Publisher: the event as the origin holds it: all its tracks, the one part target, and what the edge is told.

Tracks and chunks enter, already on the event's timeline; feed messages leave, always media before the playlist that
names it. Pure: time is an argument. It knows no boxes (`intake` does) and no manifest syntax (a Renderer is given).

Manifests wait until the tracks that have announced themselves have sent media, or `settle_s` since the first one:
target duration and part target are then fixed for the whole event (rfc8216bis §4.4.3.1, §4.4.3.7).
"""

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from ringside.core.feed import Cache, Document, Expected, Message, Playlist
from ringside.core.media import NS_PER_S, Chunk, Grid, Timeline, Track, View
from ringside.core.telemetry import Metrics
from ringside.flow.origin.alike import check_same, shape, with_rates_of
from ringside.flow.origin.changes import Change, Dropped, Finished, Parted
from ringside.flow.origin.config import Config
from ringside.flow.origin.lane import Lane
from ringside.flow.origin.overdue import overdue
from ringside.flow.origin.reach import Reach
from ringside.flow.origin.recorder import Recorder, Unrecorded
from ringside.flow.origin.refused import Refused
from ringside.flow.origin.renderer import Renderer
from ringside.flow.origin.retire import Retirement
from ringside.flow.origin.targets import Targets
from ringside.flow.origin.window import Rules, Window

Boundary = Callable[[int], int | None]
ROUNDING = 1e-6  # ticks by which a product of floats may be too large


class Publisher:
    """One event's tracks, and the messages that carry them to the edge."""

    def __init__(
        self,
        config: Config,
        event: str,
        timeline: Timeline,
        renderer: Renderer,
        metrics: Metrics | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        self.config = config
        self.event = event
        self.timeline = timeline
        self.metrics = metrics or Metrics()
        self.targets = Targets(timeline, config.settle_s)
        self.lanes: dict[str, Lane] = {}
        self.ended = False
        self.recorder = recorder or Unrecorded()
        self._folder = f"/live/{event}"
        self._renderer = renderer
        self._retirement = Retirement()
        self._blobs = itertools.count(1)
        self._listed: tuple[Track, ...] = ()  # as the multivariant playlist has them
        self._newest_number = -1
        self._longest_s = 0.0

    def __repr__(self) -> str:
        state = "ended" if self.ended else "on the air" if self.on_air else "waiting"
        return f"<Publisher {self.event} {state} {list(self.lanes.values())}>"

    @property
    def on_air(self) -> bool:
        """Whether manifests are out."""
        return self.targets.fixed

    def begin(self) -> list[Message]:
        """To be sent first: whoever comes before the event waits for its manifests."""
        return [] if self._listed else [Expected(f"{self._folder}/index.m3u8"), Expected(f"{self._folder}/index.mpd")]

    def announce(self, name: str, now_ns: int) -> None:
        """A publisher of track `name` has connected: manifests wait for it. Raises Refused when there are too many."""
        if name not in self.lanes and len(self.lanes.keys() | self.targets.announced) >= self.config.max_tracks:
            raise Refused(
                409, f"event {self.event} already has {self.config.max_tracks} tracks; {name} is one too many"
            )
        if not self.on_air:
            self.targets.announce(name, now_ns)

    def attend(self, name: str, somebody: bool) -> None:
        """Whether anybody is connected who could send track `name`; manifests wait for none that has had no media."""
        if lane := self.lanes.get(name):
            lane.reach.deserted = not somebody and lane.window.rules.foreseen  # of others some still waits
        elif not somebody:
            self.targets.withdraw(name)

    def expect(self, name: str) -> None:
        """A studio sends track `name`, used or not: GAP in its place stops short of the next segment's start."""
        if lane := self.lanes.get(name):
            lane.window.returning |= lane.window.lost

    def check(self, track: Track) -> None:
        """Raises Refused 409 where it cannot stand in for what its name was so far."""
        if lane := self.lanes.get(track.name):
            check_same(lane.track, track)

    def open(
        self, track: Track, grid: Grid, now_ns: int, boundary: Boundary | None = None, new_timing: bool = False,
        chunk_ticks: int = 0,
    ) -> list[Message]:  # fmt: skip
        """A session of `track` begins. `boundary` is given for an encoder that is not locked to the event's timeline.

        `chunk_ticks` is the length of its first chunk. Raises Refused when it cannot take the place of what the
        track of that name was so far.
        """
        lane = self.lanes.get(track.name)
        if lane is None:
            lane = self._new_lane(track, grid, boundary, chunk_ticks)
            self.targets.opened(track, grid, foreign=boundary is not None, parts=lane.window.has_parts, now_ns=now_ns)
            out: list[Message] = [Expected(lane.playlist_path), Expected(lane.stream_path)]
        else:
            check_same(lane.track, track)
            out = []
        old = lane.track
        lane.track, lane.ended, self.ended = with_rates_of(old, track), False, False
        lane.changed()
        if boundary is not None:
            lane.window.rules = replace(lane.window.rules, boundary=boundary)
        other = shape(old) != shape(track)
        lane.window.begin_session(track.init_name, other, new_timing)
        self.recorder.opened(track, grid, boundary is not None, lane.window.rules.limit_ticks, new_timing, other)
        return out + lane.header()

    def _new_lane(self, track: Track, grid: Grid, boundary: Boundary | None, chunk_ticks: int) -> Lane:
        longest = self.timeline.longest_part_s(grid)
        limit = math.ceil(longest * track.timescale - ROUNDING)
        if (self.on_air and longest > self.targets.part_target_s) or chunk_ticks > limit:
            limit = 0
        locked = lambda number: self.timeline.first_frame(grid, number) * grid.frame_ticks  # noqa: E731
        rules = Rules(limit, grid.frame_ticks // 2 + 1, boundary or locked, foreseen=boundary is None)
        return self._lane(track, grid, Window(rules))

    def _lane(self, track: Track, grid: Grid, window: Window) -> Lane:
        reach = Reach(int(self.config.lag_s * NS_PER_S))
        lane = self.lanes[track.name] = Lane(self._folder, track, grid, window, reach, self._blobs)
        return lane

    def take_up(self, track: Track, grid: Grid, window: Window, now_ns: int) -> Lane:
        """A track of an origin that is no more, with all that it had published."""
        lane = self._lane(track, grid, window)
        self.targets.opened(track, grid, not window.rules.foreseen, window.has_parts, now_ns)
        lane.reach.heard(now_ns, 0, max(0, now_ns - lane.end_ns))  # late for as long as there was no origin
        return lane

    def go_on(self, ended: bool, now_ns: int) -> list[Message]:
        """All tracks have been taken up: the manifests, as they were."""
        self.ended = ended
        self._newest_number = max((lane.window.number for lane in self.lanes.values()), default=-1)
        self._longest_s = max((lane.listed_s for lane in self.lanes.values()), default=0.0)
        out = [message for lane in self.lanes.values() for message in self._playlist(lane)]
        return out + self._multivariant() + self._mpd(now_ns)

    def add(self, chunk: Chunk, session: int, now_ns: int) -> list[Message]:
        """One chunk of an opened track."""
        lane = self.lanes[chunk.track]
        changes = lane.window.add(chunk, session)
        self._measure(lane, chunk, changes, now_ns)
        out = lane.messages(changes)
        if not isinstance(changes[0], Dropped):
            self.recorder.added(chunk, session)
            length_ns = chunk.duration_ticks * NS_PER_S // lane.track.timescale
            lane.reach.heard(now_ns, length_ns, now_ns - lane.end_ns)
            listed = any(isinstance(change, Parted | Finished) for change in changes)
            out += self._settle(now_ns) or (self._playlist(lane) if listed else [])
        return out + self._keep_up(now_ns)

    def tick(self, now_ns: int) -> list[Message]:
        """Many times a second: fill what is missing, let go of what is over."""
        out = self._settle(now_ns) + self._keep_up(now_ns)
        held = sum(lane.held_bytes for lane in self.lanes.values())
        return out + self._retirement.due(now_ns, held, self.config.dvr_bytes)

    def drop(self, name: str, reason: str) -> None:
        """A chunk of track `name` could not be placed on the timeline."""
        self.metrics.count("chunks_dropped_total", track=name, reason=reason)

    def end_track(self, name: str, now_ns: int) -> list[Message]:
        """A track's last chunk has come (brand lmsg); the event ends with the last of its tracks."""
        lane = self.lanes.get(name)
        if lane is not None:
            lane.ended = True
            self.recorder.left(name)
        if all(each.ended or each.window.lost for each in self.lanes.values()):
            return self.end(now_ns)
        return [] if lane is None else lane.end_stream()

    def end(self, now_ns: int) -> list[Message]:
        """The event is over: ENDLIST, a static MPD; what is in the window stays."""
        if self.ended or not self.lanes:
            return []
        self.ended = True
        out: list[Message] = []
        for lane in self.lanes.values():
            lane.ended = True
            changes = lane.window.close()
            lane.changed()
            out += (lane.messages(changes) or lane.expectations()) + lane.end_stream()
        self.recorder.ended()
        self._fix()
        for lane in self.lanes.values():
            out += self._playlist(lane)
        return out + self._multivariant() + self._mpd(now_ns)

    def views(self) -> list[View]:
        """Every track with something to show, as manifest writers see it."""
        return [view for lane in self.lanes.values() if (view := self._view(lane)).segments]

    def describe(self) -> dict[str, Any]:
        """For the status page: JSON-ready."""
        return {
            "on_air": self.on_air,
            "ended": self.ended,
            "held_bytes": sum(lane.held_bytes for lane in self.lanes.values()),
            "cut_short": self._retirement.cut_short,
            "part_target_s": self.targets.part_target_s,
            "target_s": self.targets.target_s,
            "tracks": {name: _described(lane) for name, lane in self.lanes.items()},
        }

    def _view(self, lane: Lane) -> View:
        return lane.view(self.targets.target_s, self.targets.part_target_s, self.ended)

    def _measure(self, lane: Lane, chunk: Chunk, changes: list[Change], now_ns: int) -> None:
        name = chunk.track
        self.metrics.count("chunks_total", track=name)
        self.metrics.count("ingest_media_bytes_total", len(chunk.data), track=name)
        for change in changes:
            if isinstance(change, Dropped):
                self.metrics.count("chunks_dropped_total", track=name, reason=change.reason)
        taken = chunk.duration_ticks - (lane.grid.frame_ticks if lane.track.kind == "video" else 0)
        last_ns = (chunk.start_ticks + taken) * 10**9 // lane.track.timescale  # when its last picture was taken
        self.metrics.sample("part_lateness_ms", (now_ns - last_ns) / 1e6, track=name)

    def _complete_durations(self) -> dict[str, float]:
        """Duration of each track's first complete segment."""
        whole = {n: lane.window.segments[0] for n, lane in self.lanes.items() if lane.window.segments}
        return {n: segment.duration_ticks / self.lanes[n].track.timescale for n, segment in whole.items()}

    def _is_ready(self, now_ns: int) -> bool:
        with_media = {name for name, lane in self.lanes.items() if lane.window.number >= 0}
        return self.targets.ready(with_media, self._complete_durations(), now_ns)

    def _settle(self, now_ns: int) -> list[Message]:
        """Put the manifests out once it is known what they must say for the whole event."""
        if self.on_air or self.ended or not self.lanes or not self._is_ready(now_ns):
            return []
        self._fix()
        for lane in self.lanes.values():
            lane.changed()
        out = [message for lane in self.lanes.values() for message in self._playlist(lane)]
        return out + self._multivariant() + self._mpd(now_ns)

    def _fix(self) -> None:
        if not self.on_air:
            self.targets.fix(self._complete_durations())
            self.recorder.fixed(self.targets.target_s, self.targets.part_target_s)

    def _playlist(self, lane: Lane) -> list[Message]:
        view = self._view(lane)
        if not self.on_air or not view.segments:
            return []
        siblings = [each for other in self.lanes.values() if other is not lane and (each := self._view(other)).segments]
        body, delta = self._renderer.media(view, siblings)
        number, part = view.last
        return [
            Playlist(
                lane.playlist_path, body, delta, number, part, view.next, view.target_s, view.part_target_s, view.ended
            )
        ]

    def _multivariant(self) -> list[Message]:
        """The multivariant playlist, when the tracks that are there have changed."""
        present = [lane for lane in self.lanes.values() if lane.window.number >= 0]
        there = [lane for lane in present if not lane.window.lost] or present
        for lane in there:
            _estimate_rates(lane)
        tracks = tuple(lane.track for lane in there)
        if not self.on_air or not tracks or tracks == self._listed:
            return []
        self._listed = tracks
        body = self._renderer.multivariant(tracks)
        return [Document(f"{self._folder}/index.m3u8", body, "application/vnd.apple.mpegurl", Cache.SHORT)]

    def _mpd(self, now_ns: int) -> list[Message]:
        views = [self._view(lane) for lane in self.lanes.values() if lane.track in self._listed]
        views = [view for view in views if view.segments]
        if not self.on_air or not views:
            return []
        body = self._renderer.mpd(views, now_ns)
        return [Document(f"{self._folder}/index.mpd", body, "application/dash+xml", Cache.SHORT)]

    def _keep_up(self, now_ns: int) -> list[Message]:
        """What is missing is accounted for; whatever goes with a new segment."""
        out = self._fill(now_ns)
        newest = max((lane.window.number for lane in self.lanes.values()), default=-1)
        if newest > self._newest_number:
            self._newest_number = newest
            out += self._turn(now_ns)
        return out

    def _fill(self, now_ns: int) -> list[Message]:
        """GAP for what will not come in time."""
        out: list[Message] = []
        lost = 0
        for lane, until_ticks in [] if self.ended else self._overdue(now_ns):
            lost += not lane.window.lost
            out += self._fill_lane(lane, until_ticks)
        return out + (self._multivariant() + self._mpd(now_ns) if lost else [])

    def _overdue(self, now_ns: int) -> Iterator[tuple[Lane, int]]:
        silent_ns = int(self.config.silent_s * NS_PER_S)
        return overdue(self.lanes.values(), self.timeline, silent_ns, now_ns)

    def _fill_lane(self, lane: Lane, until_ticks: int) -> list[Message]:
        gaps = lane.gaps
        changes = lane.window.fill(until_ticks)
        out = lane.messages(changes)
        if changes:
            self.recorder.filled(lane.track.name, lane.window.end_ticks)
            self.metrics.count("gaps_total", lane.gaps - gaps, track=lane.track.name)
            out += self._playlist(lane)
        return out

    def _turn(self, now_ns: int) -> list[Message]:
        """A segment is complete: let the window slide, renew what is renewed once a segment."""
        listed_s = max((lane.listed_s for lane in self.lanes.values()), default=0.0)
        self._longest_s = max(self._longest_s, listed_s)
        self._evict(now_ns)
        if not self.on_air:
            return []
        for lane in self.lanes.values():
            self._retirement.unshown(lane, self.targets.target_s, now_ns)
        return self._multivariant() + self._mpd(now_ns)

    def _evict(self, now_ns: int) -> None:
        """All tracks let go of their oldest segment together, while enough of them remains."""
        while windows := [lane.window for lane in self.lanes.values() if lane.window.segments]:
            oldest = min(window.segments[0].number for window in windows)
            if not self._may_leave(oldest):
                return
            self.recorder.evicted(oldest + 1)
            for lane in self.lanes.values():
                gone = lane.window.evict(oldest + 1)
                self._retirement.evicted(lane, gone, self._longest_s, now_ns)
                lane.changed()

    def _may_leave(self, number: int) -> bool:
        """Whether every track that has segment `number` keeps enough without it: the DVR depth, or what memory allows.

        Media stays in memory about as long again as it is listed, so the playlists may name half of what fits.
        """
        holders = [
            lane for lane in self.lanes.values() if lane.window.segments and lane.window.segments[0].number == number
        ]
        left_s = min(lane.listed_s - lane.window.segments[0].duration_ticks / lane.track.timescale for lane in holders)
        crowded = sum(lane.window.listed_bytes for lane in self.lanes.values()) * 2 > self.config.dvr_bytes
        shortest_s = 3 * self.targets.target_s
        return left_s >= (shortest_s if crowded else max(self.config.dvr_s, shortest_s))


def _estimate_rates(lane: Lane) -> None:
    """Where the header says nothing of bit rates, take them from the media so far, once."""
    seconds = (lane.window.end_ticks - lane.window.first_ticks) / lane.track.timescale
    if lane.track.bandwidth_bps or seconds <= 0:
        return
    average = int(max(lane.held_bytes, 1) * 8 / seconds)
    lane.track = replace(lane.track, bandwidth_bps=int(average * 1.25), average_bps=average)
    lane.changed()


def _described(lane: Lane) -> dict[str, Any]:
    window, track = lane.window, lane.track
    return {
        "kind": track.kind,
        "codec": track.codec,
        "width": track.width,
        "height": track.height,
        "average_bps": track.average_bps,
        "next": list(window.next),
        "segments": len(window.segments),
        "listed_s": round(lane.listed_s, 3),
        "lost": window.lost,
        "gaps": lane.gaps,
    }
