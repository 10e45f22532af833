"""From the name of a source to the source."""

import importlib
from collections.abc import Callable
from fractions import Fraction
from typing import cast

from ringside.core.clock import Clock
from ringside.core.telemetry import Metrics
from ringside.flow.capture.config import Config, Input
from ringside.flow.capture.file import FileSource
from ringside.flow.capture.fps import choose_fps
from ringside.flow.capture.mpegts import MpegTsSource
from ringside.flow.capture.sink import Sink
from ringside.flow.capture.source import Source, SourceInfo
from ringside.flow.capture.spec import Spec, parse

Opener = Callable[[Spec, Input, Clock, SourceInfo, Metrics | None], Source]
ROOMS = {  # found when wanted: a library that is missing costs only those who want it
    "srt": "ringside.flow.capture.srt",
    "whip": "ringside.flow.capture.whip",
}


class MadeSource:
    """The test card or the slate as a source: there is nothing to receive, for the programme draws it."""

    delay_ns = 0

    def __init__(self, spec: Spec, info: SourceInfo) -> None:
        self.kind, self.name, self.info = spec.kind, spec.name, info

    def start(self, sink: Sink) -> None:
        """It is there."""
        sink.opened(self.info.description)

    def stop(self) -> None:
        """There is nothing to end."""


class _Rtmp:
    """The RTMP server as a source, with what is configured for what cannot be known yet."""

    kind = "rtmp"

    def __init__(self, spec: Spec, config: Input, clock: Clock, info: SourceInfo, metrics: Metrics | None) -> None:
        from ringside.flow.capture.rtmp import RtmpSource

        key = config.key or spec.key
        self.name, self.info = spec.name, info
        self._server = RtmpSource(spec.host, spec.port, spec.app, key, clock, config.takeover, metrics)
        self.delay_ns = self._server.delay_ns

    def start(self, sink: Sink) -> None:
        self._server.start(sink)

    def stop(self) -> None:
        self._server.stop()


def open_source(one: Input, config: Config, clock: Clock, metrics: Metrics | None = None) -> Source:
    """The source that `one.url` names, not started. Raises Misconfigured or NotPlayable, naming it.

    `config` says what size and rate a source has that cannot be asked before it comes.
    """
    spec = parse(one.url)
    if spec.kind == "file":
        return FileSource(spec.url, spec.name, clock, bool(one.loop))
    fps = choose_fps(Fraction(config.fps).limit_denominator(1001))
    info = SourceInfo(config.width, config.height, fps, True, True, spec.name)
    if spec.kind in ("testcard", "slate"):
        return MadeSource(spec, info)
    if spec.kind == "mpegts":
        return MpegTsSource(spec, clock, info)
    if spec.kind == "rtmp":
        return _Rtmp(spec, one, clock, info, metrics)
    opener = cast(Opener, importlib.import_module(ROOMS[spec.kind]).source)
    return opener(spec, one, clock, info, metrics)
