"""From the name of a source to the source."""

from fractions import Fraction

from ringside.core.clock import Clock
from ringside.core.telemetry import Metrics
from ringside.flow.capture.config import Config
from ringside.flow.capture.file import FileSource
from ringside.flow.capture.fps import choose_fps
from ringside.flow.capture.mpegts import MpegTsSource
from ringside.flow.capture.sink import Sink
from ringside.flow.capture.source import Source, SourceInfo
from ringside.flow.capture.spec import Spec, parse


class TestCardSource:
    """The test card as a source: there is nothing to receive, for the programme draws it."""

    __test__ = False  # its name is no test's
    kind = "testcard"
    name = "test card"
    delay_ns = 0

    def __init__(self, info: SourceInfo) -> None:
        self.info = info

    def start(self, sink: Sink) -> None:
        """It is there."""
        sink.opened(self.info.description)

    def stop(self) -> None:
        """There is nothing to end."""


class _Rtmp:
    """The RTMP server as a source, with what is configured for what cannot be known yet."""

    kind = "rtmp"

    def __init__(self, spec: Spec, config: Config, clock: Clock, info: SourceInfo, metrics: Metrics | None) -> None:
        from ringside.flow.capture.rtmp import RtmpSource

        key = config.key or spec.key
        self.name, self.info = spec.name, info
        self._server = RtmpSource(spec.host, spec.port, spec.app, key, clock, config.takeover, metrics)
        self.delay_ns = self._server.delay_ns

    def start(self, sink: Sink) -> None:
        self._server.start(sink)

    def stop(self) -> None:
        self._server.stop()


def open_source(config: Config, clock: Clock, metrics: Metrics | None = None) -> Source:
    """The source that `config.url` names, not started. Raises Misconfigured or NotPlayable, naming it."""
    spec = parse(config.url)
    if spec.kind == "file":
        return FileSource(spec.url, spec.name, clock, config.loop)
    fps = choose_fps(Fraction(config.fps).limit_denominator(1001))
    info = SourceInfo(config.width, config.height, fps, True, True, spec.name)
    if spec.kind == "testcard":
        return TestCardSource(info)
    if spec.kind == "mpegts":
        return MpegTsSource(spec, clock, info)
    return _Rtmp(spec, config, clock, info, metrics)
