"""RungWorker: the thread that encodes one rung. A shell: it decides nothing but what `gop` tells it.

Jobs (index, picture, effort) enter through a bounded queue; Frames leave through `on_frame`, on this thread. When
the queue is full the oldest job makes way, counted as skipped, so that encoding goes on at the newest picture.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import av

from ringside.core.media import Frame, Grid, Timeline
from ringside.flow.encode.effort import Effort
from ringside.flow.encode.errors import EncoderFailed
from ringside.flow.encode.gauge import Gauge
from ringside.flow.encode.gop import key_due
from ringside.flow.encode.video import VideoEncoder

QUEUE = 4
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """One picture of the rung's size, to be encoded at `effort` as frame `index`."""

    index: int
    picture: av.VideoFrame
    effort: Effort


class RungWorker:
    """Runs one VideoEncoder on a thread of its own."""

    def __init__(
        self,
        encoder: VideoEncoder,
        grid: Grid,
        timeline: Timeline,
        keyframe_s: float,
        gauge: Gauge,
        on_frame: Callable[[Frame], None],
        on_fault: Callable[[BaseException], None],
    ) -> None:
        self.encoder = encoder
        self.gauge = gauge
        self.failures_total = 0
        self._grid, self._timeline, self._keyframe_s = grid, timeline, keyframe_s
        self._on_frame, self._on_fault = on_frame, on_fault
        self._jobs: queue.Queue[Job | None] = queue.Queue(QUEUE)
        self._previous: int | None = None
        self._thread = threading.Thread(target=self._run, name=f"encode-{encoder.rung.track}", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def offer(self, job: Job) -> None:
        """Queue a picture; never blocks."""
        while True:
            try:
                self._jobs.put_nowait(job)
                return
            except queue.Full:
                self._give_up_oldest()

    def stop(self, timeout_s: float) -> None:
        """Encode what is queued and end the thread."""
        try:
            self._jobs.put(None, timeout=timeout_s)
        except queue.Full:
            return
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _give_up_oldest(self) -> None:
        try:
            self._jobs.get_nowait()
        except queue.Empty:
            return
        self.gauge.skipped()

    def _run(self) -> None:
        try:
            while (job := self._jobs.get()) is not None:
                self._encode(job)
        except BaseException as fault:  # a thread's last words: the pump reports them
            self._on_fault(fault)
            raise

    def _encode(self, job: Job) -> None:
        started = time.perf_counter_ns()
        key = key_due(self._grid, self._timeline, self._previous, job.index, self._keyframe_s)
        try:
            if job.effort is not self.encoder.effort:
                self.encoder.use(job.effort)
                key = True
            frame = self.encoder.encode(job.picture, job.index, key)
        except EncoderFailed as failure:
            self.failures_total += 1
            self._previous = None
            if self.failures_total > 100:
                raise
            log.error("%s; starting that encoder afresh", failure)
            self.encoder.use(job.effort)
            return
        self._previous = job.index
        self.gauge.encoded(frame, (time.perf_counter_ns() - started) / 1e6)
        self._on_frame(frame)
