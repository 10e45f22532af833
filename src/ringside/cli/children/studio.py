"""The studio process: a source through programme, encoder and mux, pushed to an origin as CMAF over HTTP."""

import asyncio
import contextlib
import gc
import json
import logging
import secrets
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

import uvloop

from ringside.cli import event as event_file
from ringside.cli.children.channel import Channel
from ringside.core.boxes import Mark, write_mark
from ringside.core.errors import Misconfigured, RingsideError
from ringside.core.media import Chunk, Frame, Grid, Track
from ringside.core.studio import Studio as Sender
from ringside.core.telemetry import Metrics
from ringside.flow import encode, mux
from ringside.flow.capture.inputs.health import FAULTS
from ringside.flow.capture.inputs.sources import Sources
from ringside.flow.capture.programme import Programme
from ringside.flow.encode.pump import Encoder, Stream
from ringside.flow.mux.aio import Pusher
from ringside.flow.mux.ingest import Refused

log = logging.getLogger(__name__)

STATUS_S = 1.0
LAST_FRAME_S = 0.5  # how long a last frame of each track is waited for


class Studio:
    """One studio, made inside the loop it sends from. Encoder threads call `take`; everything else is the loop's."""

    def __init__(self, channel: Channel) -> None:
        config = channel.config
        self._event = event_file.parse(config["event"])
        self._channel = channel
        self._clock = channel.clock()
        self._metrics = Metrics()
        self._stop = asyncio.Event()
        self._ends_event = False
        self._obeyed = 0  # the version of the newest order
        self._fault: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._trace = _open_trace(config.get("trace", ""))
        self._sources = Sources(self._event.source, self._clock, self._metrics)
        info = self._sources.info
        video = Grid.video(encode.event_fps(self._event.encode, info.fps))
        audio = Grid.audio()
        size = (info.width, info.height)
        about = self._event.event
        self._programme = Programme(
            self._event.source, self._clock, video, audio, *size, title=about.title or about.name
        )
        self._encoder = Encoder(
            self._event.encode, self._event.event.timeline, self._clock, video, audio,
            self._programme.picture, self._programme.sound, self.take, self._sources.delay_ns,
            source_size=size, on_fault=self._broke,
        )  # fmt: skip
        known_as = replace(Sender.from_header(config["studio"]), run=secrets.randbits(52)).to_header()
        self._pusher = Pusher(
            config["to"], config["token"], self._clock, self._event.event.name, self._metrics, known_as, self._answered
        )
        self._streams = {stream.name: stream for stream in self._encoder.tracks()}
        self._segmenters = {name: self._segmenter(stream) for name, stream in self._streams.items()}

    def _segmenter(self, stream: Stream) -> mux.Segmenter:
        event = self._event.event
        return mux.Segmenter(_track(stream), stream.grid, event.timeline, event.frames_per_chunk)

    def take(self, frame: Frame) -> None:
        """A frame from an encoder thread: cut, and sent in the moment its part is complete."""
        for chunk in self._segmenters[frame.track].push(frame):
            self._send(chunk)

    def _send(self, chunk: Chunk) -> None:
        """Send it, and say of it what is known to be wrong with its frames."""
        stream = self._streams[chunk.track]
        first, frames = (ticks // stream.grid.frame_ticks for ticks in (chunk.start_ticks, chunk.duration_ticks))
        mark = Mark.of(self._programme.defect(index, stream.kind) for index in range(first, first + frames))
        self._pusher.send(replace(chunk, data=write_mark(chunk.data, mark)) if mark else chunk)
        if trace := self._trace:
            self._note(trace, chunk)

    def _note(self, trace: TextIO, chunk: Chunk) -> None:
        row = {"track": chunk.track, "n": chunk.number, "p": chunk.part, "encoded_ns": chunk.encoded_ns}
        try:
            trace.write(json.dumps(row) + "\n")
        except OSError as error:  # a full disk must not touch the event
            log.error("the trace ends here: %s", error.strerror)
            self._trace = None

    def _broke(self, fault: BaseException) -> None:
        def tell() -> None:
            if not self._fault.done():
                self._fault.set_exception(fault)

        self._fault.get_loop().call_soon_threadsafe(tell)

    def order(self, order: dict[str, Any]) -> None:
        """From the supervisor: end the event properly, or put an input on the air.

        A mere SIGTERM ends this process, and the event goes on.
        """
        if order.get("end"):
            self._ends_event = True
            self._stop.set()
        if "source" in order:
            self._obey(order)

    def _answered(self, answer: str) -> None:
        """An origin's answer to the status: the operator's order, if there is one."""
        try:
            order = json.loads(answer)
        except ValueError:
            return
        if isinstance(order, dict) and "source" in order:
            self._obey(order)

    def _obey(self, order: dict[str, Any]) -> None:
        """Put an input on the air, unless a later order has come by another way."""
        version, name = order.get("version"), order["source"]
        if not isinstance(version, int) or version <= self._obeyed or not isinstance(name, str | None):
            return
        self._obeyed = version
        if not self._programme.force(name):
            log.warning("the operator wants %.40s on the air: there is no such input here", name)

    async def run(self) -> None:
        """Until told to end, refused, broken or orphaned; then end the event properly."""
        if "order" in self._channel.config:
            self._obey(self._channel.config["order"])
        self._sources.start(self._programme.sinks)
        for segmenter in self._segmenters.values():
            self._pusher.add_track(segmenter.track)
        self._encoder.start()
        self._channel.report(ready=True)
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stop.set)
        telling = asyncio.create_task(self._tell())
        listening = asyncio.create_task(self._channel.listen(self.order))
        ends: list[asyncio.Future[Any]] = [
            asyncio.create_task(self._stop.wait()),
            asyncio.create_task(self._pusher.watch()),
            self._fault,
            listening,
        ]
        try:
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            await self._end()
            for task in done:
                task.result()
        finally:
            for task in (*ends, telling):
                task.cancel()

    async def _end(self) -> None:
        """Stop at once, send what is made, mark the last chunks if the event is over, close the requests."""
        if self._ends_event:
            await self._finish()
        await asyncio.to_thread(self._encoder.stop)
        self._sources.stop()
        for segmenter in self._segmenters.values() if self._ends_event else ():
            for chunk in segmenter.end():
                self._send(chunk)
        await self._pusher.close(within_s=1.0)
        if self._trace:
            self._trace.close()

    async def _finish(self) -> None:
        """Let each track's next frame be its last; one that gets none in time ends with what it had."""
        segmenters = self._segmenters.values()
        for segmenter in segmenters:
            segmenter.finish()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_FRAME_S):
                while not all(segmenter.ended for segmenter in segmenters):  # noqa: ASYNC110 - encoders are threads
                    await asyncio.sleep(0.005)

    async def _tell(self) -> None:
        while True:
            source = self._programme.status(self._sources.stats())
            _measure(self._metrics, source)
            status = {"source": source, "encoder": self._encoder.status(), "metrics": self._metrics.snapshot()}
            self._pusher.send_status(json.dumps(status).encode())
            await asyncio.sleep(STATUS_S)


def _measure(metrics: Metrics, source: dict[str, Any]) -> None:
    """How the inputs are, as metrics."""
    metrics.values[metrics.key("input_switches_total")] = source["switches"]
    for row in source["inputs"]:
        metrics.gauge("input_here", row["state"] != "waiting", input=row["name"])
        metrics.gauge("input_on_air", row["state"] == "on_air", input=row["name"])
        for fault in FAULTS:
            metrics.gauge("input_fault", fault in row["faults"], input=row["name"], fault=fault)


def _open_trace(path: str) -> TextIO | None:
    if not path:
        return None
    try:
        return Path(path).open("a", buffering=1)
    except OSError as error:
        raise Misconfigured(f"--trace {path} cannot be written: {error.strerror}") from None


def _track(stream: Stream) -> Track:
    """A stream of the encoder as a track with its CMAF header."""
    rates = (stream.average_bps, stream.bandwidth_bps)
    if stream.kind == "audio":
        return mux.audio_track(stream.name, stream.extradata, stream.grid, 2, *rates)
    fps = 1 / stream.grid.frame_s
    return mux.video_track(
        stream.name, stream.extradata, stream.grid, stream.width, stream.height, fps, *rates
    )  # fmt: skip


async def _serve(channel: Channel) -> None:
    studio = Studio(channel)
    gc.collect()
    gc.freeze()  # what is here stays: to look through it again and again would hold up pictures, most on a busy machine
    await studio.run()


def run(channel: Channel) -> None:
    """Entry point. Raises RingsideError for what a restart cannot mend."""
    try:
        uvloop.run(_serve(channel))
    except Refused as error:
        raise Misconfigured(str(error)) from None
    except OSError as error:
        raise RingsideError(f"the studio cannot go on: {error}") from None
