"""MPEG-TS from UDP or standard input, decoded as it comes, for as long as it comes.

One thread receives and aligns; for each stay of a sender (and each programme of it) a second one demuxes and
decodes what it is fed through a bounded pipe. Silence closes the source; packets open it again. Garbage, loss and
truncation are counted and survived.
"""

import logging
import threading
import time

import av

from ringside.core.clock import Clock
from ringside.core.telemetry import throttled
from ringside.flow.capture.decode import Decoder, Media, choose
from ringside.flow.capture.pipe import Pipe
from ringside.flow.capture.sink import Sink
from ringside.flow.capture.source import NotPlayable, SourceInfo
from ringside.flow.capture.spec import Spec
from ringside.flow.capture.ts import Aligner
from ringside.flow.capture.udp import Receiver, Standard, Udp

log = logging.getLogger(__name__)

SILENT_S = 0.4
TICK_S = 0.1
JOIN_S = 2.0
PACED_LEAD_S = 0.2
NOT_TS_BYTES = 64 * 1024
_OPTIONS = {"analyzeduration": "500000", "probesize": "1000000"}


class _Stay:
    """One stay of a sender: a pipe, and a thread that decodes what comes through it."""

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


class MpegTsSource:
    """MPEG-TS that arrives by itself. `start` raises Misconfigured when the address cannot be had."""

    kind = "mpegts"
    delay_ns = 150_000_000

    def __init__(self, spec: Spec, clock: Clock, info: SourceInfo, receiver: Receiver | None = None) -> None:
        self.name, self.info = spec.name, info
        self._spec, self._clock, self._receiver = spec, clock, receiver
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._stay: _Stay | None = None
        self._aligner = Aligner()
        self._warn_garbage, self._warn_drops = throttled(log, clock), throttled(log, clock)
        self.garbage = 0
        self.dropped = 0

    def __repr__(self) -> str:
        return f"<MpegTsSource {self.name} garbage {self.garbage} B, dropped {self.dropped} B>"

    @property
    def port(self) -> int:
        """The UDP port it listens on, once started; 0 for standard input."""
        return self._receiver.port if isinstance(self._receiver, Udp) else 0

    def start(self, sink: Sink) -> None:
        """Begin to listen."""
        if self._receiver is None:
            self._receiver = Standard() if self._spec.url == "-" else Udp(self._spec)
        self._thread = threading.Thread(target=self._run, args=(sink, self._receiver), name="mpegts", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; the socket is closed when this returns."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(JOIN_S + TICK_S)
            self._thread = None

    def _run(self, sink: Sink, receiver: Receiver) -> None:
        heard_s = time.monotonic()
        while not self._stop.is_set():
            data = receiver.receive(TICK_S)
            if data is None:
                self._leave(sink, f"{self.name} ended", drain=True)
                break
            if data:
                heard_s = time.monotonic()
                self._take(sink, data, receiver.ends)
            elif self._stay is not None and time.monotonic() - heard_s > SILENT_S:
                self._leave(sink, f"{self.name}: nothing arrives any more", drain=False)
        if self._stay is not None:
            self._stay.finish()
        receiver.close()

    def _take(self, sink: Sink, data: bytes, waits: bool) -> None:
        garbage = self._aligner.garbage
        runs = self._aligner.feed(data)
        if self._aligner.garbage > garbage:
            self.garbage = self._aligner.garbage
            self._warn_garbage(f"{self.name}: %d bytes are not MPEG-TS", self.garbage - garbage)
            if not self._aligner.packets and garbage < NOT_TS_BYTES <= self.garbage:
                sink.closed(f"{self.name}: what arrives is not MPEG-TS")
        for number, run in enumerate(runs):
            if number and self._stay is not None:
                log.info("%s: the programme changed", self.name)
                self._stay.drain(self._stop)
                self._stay = None
            if run:
                self._pass_on(sink, run, waits)

    def _pass_on(self, sink: Sink, packets: bytes, waits: bool) -> None:
        if self._stay is not None and self._stay.is_over:
            self._leave(sink, self._stay.fault or f"{self.name} cannot be decoded", drain=False)
        if self._stay is None:
            self._stay = _Stay(self.name, self._clock, sink, paced=waits)
        if waits:
            while not self._stop.is_set() and not self._stay.is_over and not self._stay.pipe.offer(packets, TICK_S):
                pass
            return
        dropped = self._stay.pipe.dropped
        self._stay.pipe.write(packets, self._clock.now_ns())
        if lost := self._stay.pipe.dropped - dropped:
            self.dropped += lost
            self._warn_drops(f"{self.name}: decoding is too slow, %d bytes dropped", lost)

    def _leave(self, sink: Sink, reason: str, drain: bool) -> None:
        if self._stay is not None:
            if drain:
                self._stay.drain(self._stop)
            else:
                self._stay.finish()
            self._stay = None
        sink.closed(reason)
