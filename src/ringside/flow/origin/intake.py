"""Intake: from an ingest session's bytes to tracks and chunks on the event's timeline.

CMAF headers and chunks enter; calls on the Publisher leave. An encoder whose chunks say `cmfs`/`cmfl` and lie on
the timeline's own grid within a minute of now is locked to the timeline: its numbers follow from its times, and it
is one of several `studios`. Any other is foreign and gets its place from `foreign`; of those there is one to a track.
The two cannot feed one event, as they number differently.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

from ringside.core.boxes import BoxError, ChunkInfo, Header, Mark, parse_chunk, parse_init, read_mark
from ringside.core.feed import Message
from ringside.core.media import NS_PER_S, Grid, Timeline, Track
from ringside.core.studio import NOBODY, Studio
from ringside.flow.origin.foreign import Foreign, Placed, Run
from ringside.flow.origin.publish import Publisher
from ringside.flow.origin.refused import Refused
from ringside.flow.origin.select import Candidate
from ringside.flow.origin.studios import Studios

PLAUSIBLE_NS = 60 * NS_PER_S
OURS = {"cmfs", "cmfl"}


@dataclass(slots=True)
class _Session:
    name: str
    header: Header
    init: bytes
    studio: Studio
    candidate: Candidate | None = None  # of an encoder that is locked to the timeline
    run: Run | None = None  # of a foreign one


class Intake:
    """Everything that is being published to one event."""

    def __init__(self, publisher: Publisher, timeline: Timeline, select_wait_s: float = 0.0) -> None:
        self.studios = Studios(publisher, timeline, select_wait_s)
        self._publisher = publisher
        self._timeline = timeline
        self._foreign = Foreign(timeline)
        self._sessions: dict[int, _Session] = {}
        self._opened: dict[str, int] = {}  # the session that a foreign track was last opened for
        self._refused: dict[int, Refused] = {}  # foreign sessions whose track was refused once it was placed
        self._locked: bool | None = None  # once known

    def header(self, session: int, name: str, data: bytes, studio: Studio = NOBODY) -> None:
        """A session begins, with its CMAF header. Raises Refused (415) for what cannot be carried."""
        try:
            self._sessions[session] = _Session(name, parse_init(data), data, studio)
        except BoxError as error:
            raise Refused(415, f"track {name}: {error}") from None

    def close(self, session: int) -> None:
        """A session is over; its track may be continued by another."""
        state = self._sessions.pop(session, None)
        self._refused.pop(session, None)
        if state is not None and state.candidate is not None:
            self.studios.leave(state.candidate)

    def chunk(self, session: int, data: bytes, now_ns: int) -> list[Message]:
        """A chunk of a session whose header has come. Raises Refused (400, 409)."""
        state = self._sessions[session]
        if session in self._refused:
            raise self._refused[session]
        try:
            data, mark = read_mark(data)
            info = parse_chunk(data, state.header)
            if state.candidate is None and state.run is None:
                self._first(session, state, info, now_ns)
            return self._place(state, info, mark, data, now_ns)
        except BoxError as error:
            raise Refused(400, f"track {state.name}: {error}") from None

    def tick(self, now_ns: int) -> list[Message]:
        """Chunks that waited for a leader that is gone, or for a studio that did not send them."""
        return self._give(self._foreign.release(now_ns), now_ns) + self.studios.tick(now_ns)

    def _first(self, session: int, state: _Session, info: ChunkInfo, now_ns: int) -> None:
        """The first chunk tells frame duration and clock; only now is the track known whole."""
        track, grid = _described(state, info)
        locked = _is_locked(info, grid, now_ns)
        if self._locked is not None and locked != self._locked:
            kind = "locked to UTC" if self._locked else "not locked to UTC"
            raise Refused(
                409,
                f"track {state.name} is refused: the encoder that feeds this event is {kind}, this one is not alike",
            )
        if locked:
            state.candidate = self.studios.enter(state.studio, track, grid, state.header, session, now_ns)
        else:
            self._check_alone(state)
            if self._locked is None:
                self._take_up()
            state.run = Run(session, track, grid, now_ns)
        self._locked = locked

    def _take_up(self) -> None:
        """The first foreign session of all: it may go on with what an origin that is no more published."""
        lanes = [lane for lane in self._publisher.lanes.values() if lane.window.number >= 0]
        if not lanes:
            return
        led = max(lanes, key=lambda lane: (lane.window.number, lane.track.kind == "video"))
        standing = led.window.standing()
        newest = standing.growing or standing.segments[-1]
        scale = led.track.timescale
        start_s, usual_s = Fraction(newest.start_ticks, scale), Fraction(standing.regular_ticks, scale)
        self._foreign.go_on(self._publisher.lanes, newest.number, start_s, usual_s)

    def _check_alone(self, state: _Session) -> None:
        mine = state.studio.name
        others = (each for each in self._sessions.values() if each.name == state.name and each.studio.name != mine)
        if any(each.run is not None for each in others):
            raise Refused(409, f"track {state.name}: only studios that are locked to UTC can share a track")

    def _place(self, state: _Session, info: ChunkInfo, mark: Mark, data: bytes, now_ns: int) -> list[Message]:
        if state.run is not None:
            return self._give(self._foreign.take(state.run, info, data, now_ns), now_ns)
        assert state.candidate is not None
        if not _is_near(info.start_ticks, state.candidate.grid, now_ns):
            self._publisher.drop(state.name, "implausible time")
            return []
        return self.studios.take(state.candidate, info, mark, data, now_ns)

    def _give(self, placed: Iterable[Placed], now_ns: int) -> list[Message]:
        """Hand a foreign encoder's placed chunks over, opening their tracks where needed."""
        out: list[Message] = []
        for each in placed:
            run, chunk = each.run, each.chunk
            if self._opened.get(run.name) != run.session or each.new_timing:
                self._opened[run.name] = run.session
                try:
                    out += self._open(each, now_ns)
                except Refused as refused:
                    self._refused[run.session] = refused
            if run.session in self._refused:
                continue
            out += self._publisher.add(chunk, run.session, now_ns)
            if chunk.last:
                out += self._publisher.end_track(run.name, now_ns)
        return out

    def _open(self, placed: Placed, now_ns: int) -> list[Message]:
        run = placed.run
        boundary = partial(self._foreign.boundary, run.grid)
        chunk_ticks = placed.chunk.duration_ticks
        return self._publisher.open(run.track, run.grid, now_ns, boundary, placed.new_timing, chunk_ticks)


def _described(state: _Session, info: ChunkInfo) -> tuple[Track, Grid]:
    """The track as manifests will have it, and its grid, from header and first chunk."""
    header = state.header
    frame_ticks = frame_ticks_of(info, header)
    fps = Fraction(header.timescale, frame_ticks) if header.kind == "video" else Fraction(0)
    track = Track(
        state.name, header.kind, header.codec, header.timescale, state.init, header.bandwidth_bps, header.average_bps,
        header.width, header.height, fps, header.sample_rate, header.channels, header.language,
    )  # fmt: skip
    return track, Grid(header.kind, header.timescale, frame_ticks)


def frame_ticks_of(info: ChunkInfo, header: Header) -> int:
    """Ticks of a frame, from a header and a first chunk.

    On our own grid a frame passed over lengthens the one before it, and that may befall every frame of a chunk: there
    the header says what a frame is, or else the shortest is one. A foreign encoder's durations may jitter by their
    rounding: there the mean is.
    """
    if not OURS & set(info.brands):
        return max(1, round(info.duration_ticks / info.sample_count))
    said = header.default_duration
    if said and all(duration % said == 0 for duration in info.durations):
        return said
    return max(1, min(info.durations))


def _is_near(ticks: int, grid: Grid, now_ns: int) -> bool:
    return abs(ticks * NS_PER_S // grid.timescale - now_ns) <= PLAUSIBLE_NS


def _is_locked(info: ChunkInfo, grid: Grid, now_ns: int) -> bool:
    aligned = info.start_ticks % grid.frame_ticks == 0
    return bool(OURS & set(info.brands)) and aligned and _is_near(info.start_ticks, grid, now_ns)
