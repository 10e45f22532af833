"""Encoder: the running encoder of one event, on threads. The shell around everything else in this stage.

Two tickers ask the programme for picture k and sound block k when they are due; the picture's ticker scales it for
each rung and hands it to that rung's worker, the sound's encodes by itself. Frames leave through `on_frame`, on the
threads that made them, so one track's frames come in order and two tracks' do not. What is due when is `pace`'s to
say, what is a key frame `gop`'s, what is given up under load `shed`'s. Knows nothing of boxes or segments' names.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import av

from ringside.core.clock import Clock
from ringside.core.media import NS_PER_S, Frame, Grid, Kind, Timeline
from ringside.core.telemetry import throttled
from ringside.flow.encode.audio import AudioEncoder, Block
from ringside.flow.encode.config import AUDIO, Config, Rung
from ringside.flow.encode.effort import choose, threads
from ringside.flow.encode.gauge import Gauge
from ringside.flow.encode.ladder import fit, too_large
from ringside.flow.encode.pace import every_frame, first_index, next_tick, one_a_part
from ringside.flow.encode.scale import Scaler
from ringside.flow.encode.shedding import Shedder
from ringside.flow.encode.video import VideoEncoder
from ringside.flow.encode.worker import Job, RungWorker

STOP_S = 1.0
AUDIO_PEAK = 1.15  # of its bitrate, over a segment: FFmpeg's AAC keeps within 1.02 on average
log = logging.getLogger(__name__)


class Stream(NamedTuple):
    """A track as the muxer needs it. `extradata`: Annex B SPS and PPS, or an AudioSpecificConfig."""

    name: str
    kind: Kind
    extradata: bytes
    width: int
    height: int
    grid: Grid
    average_bps: int
    bandwidth_bps: int


class Encoder:
    """Encodes an event from `start()` to `stop()`: the ladder of `config` fitted to `source_size`, and sound.

    `pull_picture(k)` gives the programme's picture for frame k and is asked `delay_ns` after the frame's time on
    `video_grid`; nobody may draw on that picture afterwards, but it may be given again; its pts and type are
    overwritten. `pull_sound(k)` gives float32 (2, 1024) and is asked `delay_ns` after the block's end. Both are
    called on threads of the encoder, and must not block. `on_fault` is told when a thread has died: the event is
    then broken, and its process should end.
    """

    def __init__(
        self,
        config: Config,
        timeline: Timeline,
        clock: Clock,
        video_grid: Grid,
        audio_grid: Grid,
        pull_picture: Callable[[int], av.VideoFrame],
        pull_sound: Callable[[int], Block],
        on_frame: Callable[[Frame], None],
        delay_ns: int,
        source_size: tuple[int, int] = (1280, 720),
        on_fault: Callable[[BaseException], None] | None = None,
    ) -> None:
        self._config, self._timeline, self._clock, self._delay_ns = config, timeline, clock, delay_ns
        self._grids = {"video": video_grid, "audio": audio_grid}
        self._pull_picture, self._pull_sound, self._on_frame = pull_picture, pull_sound, on_frame
        self._told_fault = on_fault
        self._stop = threading.Event()
        self.fault: BaseException | None = None
        self._jumped = {"video": 0, "audio": 0}
        self._cpu = (0.0, 0.0, 0.0)  # monotonic seconds, CPU seconds, cores
        self.rungs = fit(config, *source_size)
        for track in too_large(config, self.rungs):
            log.warning("%s is larger than the source (%dx%d) and is not made", track, *source_size)
        cores, fps = os.cpu_count() or 1, 1 / video_grid.frame_s
        effort = choose(config.effort, self.rungs, fps, cores)
        self._scaler = Scaler(self.rungs)
        self._shedder = Shedder(effort, self.rungs, fps, cores, clock)
        self._workers = {
            rung.track: self._worker(rung, VideoEncoder(rung, fps, effort, config, clock, threads(rung, fps, cores)))
            for rung in self.rungs
        }
        self._audio = AudioEncoder(AUDIO, config.audio_bps, clock, audio_grid.timescale)
        self._audio_gauge = Gauge(audio_grid, delay_ns)
        self._tickers = [
            threading.Thread(target=self._guarded, args=args, name=f"encode-{args[0]}", daemon=True)
            for args in (("video", self._picture), ("audio", self._sound))
        ]

    def _worker(self, rung: Rung, encoder: VideoEncoder) -> RungWorker:
        grid = self._grids["video"]
        gauge = Gauge(grid, self._delay_ns)
        return RungWorker(
            encoder, grid, self._timeline, self._config.keyframe_s, gauge, self._on_frame, self._broke
        )  # fmt: skip

    def __repr__(self) -> str:
        rungs = " ".join(f"{r.track} {r.width}x{r.height}@{r.bitrate_bps // 1000}k" for r in self.rungs)
        return f"<Encoder {rungs}, effort {self._shedder.now.effort.name}>"

    def tracks(self) -> list[Stream]:
        """Every track that will be made, largest picture first, sound last; known before the first frame."""
        grid, config = self._grids["video"], self._config
        streams = [
            Stream(
                r.track, "video", self._workers[r.track].encoder.extradata, r.width, r.height, grid,
                r.bitrate_bps, config.bandwidth_bps(r.bitrate_bps, self._timeline.segment_s),
            )
            for r in self.rungs
        ]  # fmt: skip
        sound_bps = config.audio_bps
        peak_bps = int(sound_bps * AUDIO_PEAK)
        return [
            *streams,
            Stream(AUDIO, "audio", self._audio.extradata, 0, 0, self._grids["audio"], sound_bps, peak_bps),
        ]

    def start(self) -> None:
        """Begin with the first frame that starts now or later."""
        log.info("encoding %r", self)
        for worker in self._workers.values():
            worker.start()
        for ticker in self._tickers:
            ticker.start()

    def stop(self) -> None:
        """Ask for nothing more, hand out what is still inside, and end all threads."""
        self._stop.set()
        for ticker in self._tickers:
            if ticker.is_alive():
                ticker.join(STOP_S)
        for worker in self._workers.values():
            worker.stop(STOP_S)

    def status(self) -> dict[str, Any]:
        """JSON-ready, over the last two seconds: fps speed lag_ms effort shed skipped jumped rungs audio cpu_cores."""
        now_ns, level = self._clock.now_ns(), self._shedder.now
        active = {rung.track for rung in level.rungs}
        rungs = [self._rung_status(rung, rung.track in active, now_ns) for rung in self.rungs]
        running = [row for row in rungs if row["active"]]
        fps = min(row["fps"] for row in running)
        return {
            "fps": fps,
            "speed": round(fps * float(self._grids["video"].frame_s), 3),
            "lag_ms": max(row["lag_ms"] for row in running),
            "effort": level.effort.name,
            "shed": self._shedder.shed(),
            "skipped": sum(row["skipped"] for row in rungs),
            "jumped": dict(self._jumped),
            "rungs": rungs,
            "audio": {"target_bps": self._config.audio_bps, **self._audio_gauge.status(now_ns)},
            "cpu_cores": self._cpu_cores(),
        }

    def _rung_status(self, rung: Rung, active: bool, now_ns: int) -> dict[str, Any]:
        worker = self._workers[rung.track]
        return {
            "name": rung.track,
            "width": rung.width,
            "height": rung.height,
            "target_bps": rung.bitrate_bps,
            "active": active,
            "failures": worker.failures_total,
            **worker.gauge.status(now_ns),
        }

    def _cpu_cores(self) -> float:
        """Cores that this process used since it was last asked, at least half a second ago."""
        at, spent, cores = self._cpu
        now, used = time.monotonic(), time.process_time()
        if now - at >= 0.5:
            cores = round((used - spent) / (now - at), 3) if at else 0.0
            self._cpu = (now, used, cores)
        return cores

    def _guarded(self, kind: Kind, act: Callable[[int], None]) -> None:
        try:
            self._tick(kind, act)
        except BaseException as fault:  # a thread's last words: whoever runs the encoder is told
            self._broke(fault)
            raise

    def _broke(self, fault: BaseException) -> None:
        self.fault = self.fault or fault
        self._stop.set()
        if self._told_fault:
            self._told_fault(fault)

    def _tick(self, kind: Kind, act: Callable[[int], None]) -> None:
        """Call `act(k)` for every frame k in turn, when it is due; sound is due at its block's end."""
        grid = self._grids[kind]
        delay_ns = self._delay_ns + (int(grid.frame_s * NS_PER_S) if kind == "audio" else 0)
        said = throttled(log, self._clock)
        stride = one_a_part(grid, self._timeline) if kind == "video" else every_frame
        index = first_index(grid, self._clock.now_ns())
        while not self._stop.is_set():
            tick = next_tick(grid, index, self._clock.now_ns(), delay_ns, stride)
            if tick.wait_ns:
                self._stop.wait(tick.wait_ns / NS_PER_S)
                continue
            if tick.skipped:
                self._jumped[kind] += tick.skipped
                said(f"{kind}: %d frames passed over to be on time again", tick.skipped)
            act(tick.index)
            index = tick.index + 1
        if kind == "audio":
            self._finish_sound()

    def _picture(self, index: int) -> None:
        workers = self._workers
        opens = self._timeline.place(self._grids["video"], index).first_in_segment
        level = self._shedder.look(workers.values(), index, opens)
        pictures = self._scaler.scale(self._pull_picture(index), {rung.track for rung in level.rungs})
        for track, picture in pictures.items():
            workers[track].offer(Job(index, picture, level.effort))

    def _sound(self, index: int) -> None:
        started = time.perf_counter_ns()
        frames = self._audio.encode(self._pull_sound(index), index)
        spent_ms = (time.perf_counter_ns() - started) / 1e6
        for frame in frames:
            self._audio_gauge.encoded(frame, spent_ms)
            self._on_frame(frame)

    def _finish_sound(self) -> None:
        for frame in self._audio.flush():
            self._on_frame(frame)
