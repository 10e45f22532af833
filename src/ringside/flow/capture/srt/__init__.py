"""SRT as a way in: an encoder calls us, or we call it; what it carries is MPEG-TS.

`door` decides who may come in, before keys are exchanged and anything is received; `receiver` gives the bytes.
"""

from ringside.core.clock import Clock
from ringside.core.errors import Misconfigured
from ringside.core.srt import Options
from ringside.core.srt.socket import Srt
from ringside.core.telemetry import Metrics
from ringside.flow.capture.config import Input
from ringside.flow.capture.mpegts import MpegTsSource
from ringside.flow.capture.receiver import Receiver
from ringside.flow.capture.source import SourceInfo
from ringside.flow.capture.spec import Spec
from ringside.flow.capture.srt.door import Door
from ringside.flow.capture.srt.receiver import Calling, Listening

__all__ = ["source"]


def source(spec: Spec, config: Input, clock: Clock, info: SourceInfo, metrics: Metrics | None) -> MpegTsSource:
    """The source that `spec` names. Raises Misconfigured where there is no libsrt, or a passphrase is none."""
    srt = Srt.load()
    options = Options(
        latency_ms=int(spec.options["latency"]),
        stream_id=spec.options["streamid"],
        passphrase=config.passphrase or spec.options["passphrase"],
    )
    if options.fault:
        raise Misconfigured(f"source {spec.name}: {options.fault}")

    def opening() -> Receiver:
        if spec.options["mode"] == "caller":
            return Calling(srt, spec.host, spec.port, options)
        door = Door(options.stream_id, options.passphrase)
        return Listening(srt, spec.host, spec.port, options, door, clock, config.takeover)

    return MpegTsSource(spec, clock, info, opening)
