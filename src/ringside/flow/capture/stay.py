"""Stay: one stay of a sender of MPEG-TS: a bounded pipe, and a thread that decodes what comes through it."""

import threading
import time

import av

from ringside.core.clock import Clock
from ringside.flow.capture.decode import Decoder, Media, choose
from ringside.flow.capture.pipe import Pipe
from ringside.flow.capture.sink import Sink
from ringside.flow.capture.source import NotPlayable

TICK_S = 0.1
JOIN_S = 2.0
PACED_LEAD_S = 0.2
_OPTIONS = {"analyzeduration": "500000", "probesize": "1000000"}


class Stay:
    """One stay. `paced`: what comes faster than real time is held back."""

    def __init__(self, name: str, clock: Clock, sink: Sink, paced: bool) -> None:
        self.pipe = Pipe()
        self.fault = ""
        self._name, self._clock, self._sink = name, clock, sink
        self._pace = _Pace() if paced else None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mpegts-decode", daemon=True)
        self._thread.start()

    @property
    def is_over(self) -> bool:
        """Whether the decoder has given up."""
        return not self._thread.is_alive()

    def finish(self) -> None:
        """End it at once; the sink is called no more afterwards."""
        self._ending.set()
        self.pipe.abandon()
        self._thread.join(JOIN_S)

    def drain(self, stop: threading.Event) -> None:
        """End it when what is inside has been played, or when told to stop."""
        self.pipe.close()
        while self._thread.is_alive() and not stop.is_set():
            self._thread.join(TICK_S)
        self.finish()

    def _run(self) -> None:
        try:
            self._decode()
        except NotPlayable as error:
            self.fault = str(error)
        except av.FFmpegError as error:
            self.fault = f"{self._name}: no programme can be read from what arrives ({error.strerror})"
        finally:
            self.pipe.abandon()

    def _decode(self) -> None:
        with av.open(self.pipe, "r", format="mpegts", options=_OPTIONS) as container:
            streams = choose(container, self._name, threads="SLICE")
            told = (str(streams), streams.aspect)
            self._sink.opened(*told)
            for frame, pts_ns, _ in Decoder(container, streams):
                if self._pace is not None:
                    self._pace.wait(pts_ns, self._ending)
                if self._ending.is_set():
                    return
                if isinstance(frame, av.VideoFrame) and told != (now := (str(streams), streams.aspect)):
                    told = now
                    self._sink.opened(*told)
                self._give(frame, pts_ns)

    def _arrival_ns(self) -> int:
        """When the bytes arrived that brought out this frame: how busy this machine is does not enter."""
        return self.pipe.arrival_ns or self._clock.now_ns()

    def _give(self, frame: Media, pts_ns: int) -> None:
        if isinstance(frame, av.VideoFrame):
            self._sink.video(frame, pts_ns, self._arrival_ns())
        else:
            self._sink.audio(frame, pts_ns, self._arrival_ns())


class _Pace:
    """Holds back a sender that is faster than real time, as a file sent through a shell pipe is."""

    def __init__(self) -> None:
        self._begun: tuple[float, int] | None = None

    def wait(self, pts_ns: int, ending: threading.Event) -> None:
        """Return when `pts_ns` is at most PACED_LEAD_S ahead of the time since the first one."""
        now_s = time.monotonic()
        if self._begun is None:
            self._begun = (now_s, pts_ns)
        lead_s = (pts_ns - self._begun[1]) / 1e9 - (now_s - self._begun[0])
        if not -1 < lead_s < 10:
            self._begun = (now_s, pts_ns)
        elif lead_s > PACED_LEAD_S:
            ending.wait(lead_s - PACED_LEAD_S)
