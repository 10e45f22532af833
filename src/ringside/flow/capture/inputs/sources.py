"""Sources: all inputs of an event, opened together, each for its own sink.

The first says what the event's picture is like: its size and rate. A backup that is fetched over the network and cannot
be had yet keeps nobody waiting: it is tried again until it comes. Everything else that is wrong with an input is said
before the event begins.
"""

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from ringside.core.clock import Clock
from ringside.core.telemetry import Metrics
from ringside.flow.capture.config import Config, Input
from ringside.flow.capture.file import is_web
from ringside.flow.capture.fps import choose_fps
from ringside.flow.capture.open import open_source
from ringside.flow.capture.sink import Sink
from ringside.flow.capture.source import NotPlayable, Source, SourceInfo, Telling
from ringside.flow.capture.spec import parse

log = logging.getLogger(__name__)

AGAIN_S = 2.0
JOIN_S = 0.5


@dataclass
class Awaited:
    """A source that could not be opened: tried every AGAIN_S until it can, then started."""

    one: Input
    config: Config
    clock: Clock
    info: SourceInfo
    kind: str = "file"
    delay_ns: int = 0
    _source: Source | None = None
    _thread: threading.Thread | None = None
    _stop: threading.Event = field(default_factory=threading.Event)

    @property
    def name(self) -> str:
        """Its address."""
        return parse(self.one.url).name

    def start(self, sink: Sink) -> None:
        """Begin to try."""
        self._thread = threading.Thread(target=self._run, args=(sink,), name="awaited", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; what came is ended too. One that is just being opened is left to its time limit."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(JOIN_S)
        if self._source is not None:
            self._source.stop()

    def _run(self, sink: Sink) -> None:
        said = ""
        while not self._stop.is_set():
            try:
                source = open_source(self.one, self.config, self.clock)
            except NotPlayable as error:
                if str(error) != said:
                    sink.closed(said := str(error))
                self._stop.wait(AGAIN_S)
                continue
            if not self._stop.is_set():
                self._source = source
                source.start(sink)
            return


class Sources:
    """Every input of an event, in order of preference. Raises RingsideError for one that can never be."""

    def __init__(self, config: Config, clock: Clock, metrics: Metrics | None = None) -> None:
        self._sources = [_open(one, config, clock, metrics) for one in config.inputs]

    def __repr__(self) -> str:
        return f"<Sources {', '.join(source.name for source in self._sources)}>"

    @property
    def info(self) -> SourceInfo:
        """Of the first: what the event is made for."""
        return self._sources[0].info

    @property
    def delay_ns(self) -> int:
        """How far behind real time pictures may be asked for, so that the jitter of every input is absorbed."""
        return max(source.delay_ns for source in self._sources)

    def start(self, sinks: Sequence[Sink]) -> None:
        """Begin, each for its own sink. Raises RingsideError, and nothing goes on, when one cannot."""
        started = list[Source]()
        try:
            for source, sink in zip(self._sources, sinks, strict=True):
                source.start(sink)
                started.append(source)
        except BaseException:
            _stop(started)
            raise

    def stop(self) -> None:
        """End; no sink is called any more once this returns."""
        _stop(self._sources)

    def stats(self) -> list[dict[str, Any]]:
        """What each source tells of itself, in order; empty of one that tells nothing."""
        return [source.status() if isinstance(source, Telling) else {} for source in self._sources]


def _stop(sources: Sequence[Source]) -> None:
    """All at once: each waits for threads of its own."""
    if sources:
        with ThreadPoolExecutor(len(sources)) as pool:
            for ending in [pool.submit(source.stop) for source in sources]:
                ending.result()


def _open(one: Input, config: Config, clock: Clock, metrics: Metrics | None) -> Source:
    try:
        return open_source(one, config, clock, metrics)
    except NotPlayable as error:
        if not config.backup or not is_web(one.url):
            raise
        log.warning("%s; it is tried again", error)
        fps = choose_fps(Fraction(config.fps).limit_denominator(1001))
        return Awaited(one, config, clock, SourceInfo(config.width, config.height, fps, True, True, str(error)))
