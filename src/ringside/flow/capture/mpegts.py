"""MPEG-TS from UDP, SRT or standard input, decoded as it comes, for as long as it comes.

One thread receives and aligns; for each stay of a sender (and each programme of it) a second one demuxes and
decodes what it is fed through a bounded pipe. Silence closes the source; packets open it again. Garbage, loss and
truncation are counted and survived.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from ringside.core.clock import Clock
from ringside.core.telemetry import throttled
from ringside.flow.capture.receiver import Receiver
from ringside.flow.capture.sink import Sink
from ringside.flow.capture.source import SourceInfo
from ringside.flow.capture.spec import Spec
from ringside.flow.capture.stay import JOIN_S, TICK_S, Stay
from ringside.flow.capture.ts import Aligner
from ringside.flow.capture.udp import Standard, Udp

log = logging.getLogger(__name__)

SILENT_S = 0.4
NOT_TS_BYTES = 64 * 1024


class MpegTsSource:
    """MPEG-TS that arrives by itself. `start` raises Misconfigured when the address cannot be had.

    `opening` makes the receiver when it starts; without it, `spec` says what to receive from.
    """

    delay_ns = 150_000_000

    def __init__(
        self, spec: Spec, clock: Clock, info: SourceInfo, opening: Callable[[], Receiver] | None = None
    ) -> None:
        self.kind, self.name, self.info = spec.kind, spec.name, info
        self._spec, self._clock, self._opening = spec, clock, opening
        self._receiver: Receiver | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._stay: Stay | None = None
        self._aligner = Aligner()
        self._warn_garbage, self._warn_drops = throttled(log, clock), throttled(log, clock)
        self.garbage = 0
        self.dropped = 0

    def __repr__(self) -> str:
        return f"<MpegTsSource {self.name} garbage {self.garbage} B, dropped {self.dropped} B>"

    @property
    def port(self) -> int:
        """The port it is bound to, once started; 0 for standard input."""
        return self._receiver.port if self._receiver is not None else 0

    def status(self) -> dict[str, Any]:
        """How it goes, for the status page."""
        told = self._receiver.status() if self._receiver is not None else {}
        return {"garbage_bytes": self.garbage, "dropped_bytes": self.dropped, **told}

    def start(self, sink: Sink) -> None:
        """Begin to listen."""
        self._receiver = self._opening() if self._opening is not None else _receiver(self._spec)
        self._thread = threading.Thread(target=self._run, args=(sink, self._receiver), name="mpegts", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; the socket is closed when this returns."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(JOIN_S + TICK_S)
            self._thread = None

    def _run(self, sink: Sink, receiver: Receiver) -> None:
        heard_s, sender, trouble = time.monotonic(), receiver.sender, ""
        while not self._stop.is_set():
            data = receiver.receive(TICK_S)
            if data is None:
                self._leave(sink, f"{self.name} ended", drain=True)
                break
            if receiver.sender != sender:
                sender = receiver.sender
                self._begin_anew()
            if data:
                heard_s, trouble = time.monotonic(), ""
                self._take(sink, data, receiver.ends)
            elif self._stay is not None and time.monotonic() - heard_s > SILENT_S:
                self._leave(sink, f"{self.name}: {receiver.trouble or 'nothing arrives any more'}", drain=False)
            elif self._stay is None and receiver.trouble not in ("", trouble):
                trouble = receiver.trouble
                sink.closed(f"{self.name}: {trouble}")
        if self._stay is not None:
            self._stay.finish()
        receiver.close()

    def _begin_anew(self) -> None:
        """Somebody else sends from here on: nothing of what was half here belongs to it."""
        self._aligner.cut()
        if self._stay is not None:
            self._stay.finish()
            self._stay = None

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
            self._stay = Stay(self.name, self._clock, sink, paced=waits)
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


def _receiver(spec: Spec) -> Receiver:
    return Standard() if spec.url == "-" else Udp(spec)
