"""Foreign: places the chunks of encoders that know nothing of our timeline (stock ffmpeg, a cloud encoder).

Chunks of several tracks enter as they arrive, on the encoder's own time; they leave on the event's, cut into
segments together. A track that follows is held until the leader has passed the same instant, as only then is it
known where the segment ends.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from ringside.core.boxes import ChunkInfo, retime
from ringside.core.media import NS_PER_S, Chunk, Grid, Timeline, Track, rescale
from ringside.flow.origin.cut import Cuts
from ringside.flow.origin.rebase import Epoch, Epochs

SILENT_NS = NS_PER_S  # a leader that sends nothing for so long leads no more
FIRST_NS = NS_PER_S * 3 // 2  # a picture may come so long after the sound
MOST_WAITING = 512


@dataclass(frozen=True, slots=True)
class Placed:
    """A chunk on the event's timeline. `new_timing`: it does not continue its track's timing."""

    run: "Run"
    chunk: Chunk
    new_timing: bool


@dataclass(slots=True)
class _Waiting:
    start_ticks: int
    info: ChunkInfo
    data: bytes
    new_timing: bool


@dataclass(slots=True)
class Run:
    """One session of a foreign track."""

    session: int
    track: Track
    grid: Grid
    began_ns: int
    heard_ns: int = 0
    epoch: Epoch | None = None
    waiting: deque[_Waiting] = field(default_factory=deque)
    fresh: bool = False  # its timing is new, and no segment has begun since

    @property
    def name(self) -> str:
        """The track's."""
        return self.track.name

    def seconds(self, ticks: int) -> Fraction:
        """Ticks of this track as seconds."""
        return Fraction(ticks, self.grid.timescale)


class Foreign:
    """All foreign tracks of an event."""

    def __init__(self, timeline: Timeline) -> None:
        self._cuts = Cuts(timeline.segment_s)
        self._epochs = Epochs()
        self._runs: dict[str, Run] = {}
        self._last_epoch: dict[str, Epoch] = {}
        self._of_before: set[str] = set()
        self.dropped = 0

    def go_on(self, tracks: Iterable[str], number: int, start_s: Fraction, usual_s: Fraction) -> None:
        """An origin that is no more had these tracks: what comes does not continue them. The rest: see Cuts."""
        self._of_before |= set(tracks)
        self._cuts.go_on(number, start_s, usual_s)

    def boundary(self, grid: Grid, number: int) -> int | None:
        """The tick of `grid` at which segment `number` begins, once it is known."""
        cut = self._cuts.boundary(number)
        return None if cut is None else rescale(cut.numerator, cut.denominator, grid.timescale)

    def take(self, run: Run, info: ChunkInfo, data: bytes, now_ns: int) -> Iterator[Placed]:
        """One chunk of a session as it arrived; whatever can be placed now."""
        self._runs[run.name] = run
        run.heard_ns = now_ns
        scale = run.grid.timescale
        start_ns, end_ns = (t * NS_PER_S // scale for t in (info.start_ticks, info.start_ticks + info.duration_ticks))
        if run.epoch is None or not run.epoch.continues(run.name, start_ns):
            run.epoch = self._epochs.of(run.name, start_ns, end_ns, _prft_offset_ns(info, scale), now_ns)
        run.epoch.advance(run.name, end_ns)
        new_timing = self._last_epoch.get(run.name, run.epoch) is not run.epoch or run.name in self._of_before
        self._of_before.discard(run.name)
        self._last_epoch[run.name] = run.epoch
        delta = rescale(run.epoch.offset_ns, NS_PER_S, scale)
        run.waiting.append(_Waiting(info.start_ticks + delta, info, retime(data, delta, scale), new_timing))
        if len(run.waiting) > MOST_WAITING:
            run.waiting.popleft()
            self.dropped += 1
        yield from self.release(now_ns)

    def release(self, now_ns: int) -> Iterator[Placed]:
        """What can be placed now: all of the leader's chunks, and the others' up to where it is."""
        leader = self._leader(now_ns)
        if leader is None:
            return
        runs = sorted(self._runs.values(), key=lambda run: run is not leader)
        for run in runs:
            yield from self._drain(run, leads=run is leader)

    def _leader(self, now_ns: int) -> Run | None:
        alive = [run for run in self._runs.values() if now_ns - run.heard_ns <= SILENT_NS]
        pictures = [run for run in alive if run.track.kind == "video"]
        if pictures:
            return pictures[0]
        patient = [run for run in alive if now_ns - run.began_ns >= FIRST_NS]
        return patient[0] if patient else None

    def _drain(self, run: Run, leads: bool) -> Iterator[Placed]:
        while run.waiting:
            first = run.waiting[0]
            number = self._number(run, first, leads)
            if number is None and not leads:
                return
            run.waiting.popleft()
            run.fresh |= first.new_timing
            if number is None or number < 0:
                self.dropped += 1
                continue
            info = first.info
            chunk = Chunk(
                run.name,
                number,
                0,
                first.start_ticks,
                info.duration_ticks,
                info.independent,
                info.ends_stream,
                first.data,
            )
            yield Placed(run, chunk, run.fresh)
            run.fresh = False

    def _number(self, run: Run, first: _Waiting, leads: bool) -> int | None:
        start_s = run.seconds(first.start_ticks)
        if not leads:
            return self._cuts.follow(start_s, run.grid.frame_s / 2)
        end_s = run.seconds(first.start_ticks + first.info.duration_ticks)
        return self._cuts.lead(start_s, end_s, first.info.independent, run.fresh or first.new_timing)


def _prft_offset_ns(info: ChunkInfo, timescale: int) -> int | None:
    """Unix time minus media time, as the producer says."""
    if info.prft is None:
        return None
    unix_ns, ticks = info.prft
    if ticks >> 63:
        ticks -= 1 << 64  # ffmpeg: sound that begins before zero (encoder delay)
    return unix_ns - ticks * NS_PER_S // timescale
