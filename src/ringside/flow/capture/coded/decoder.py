"""The decoder: coded frames become pictures and sound, in one thread that alone calls the sink.

A thread shell around `Backlog`: the network thread puts, this thread takes, decodes and hands over, so that the
sink sees `opened`, media and `closed` in order and never two at a time. A frame that cannot be decoded is counted
and the stream goes on; a new sequence header rebuilds its decoder. Nothing here knows RTMP or WHIP: `name` is what
log and metrics call the protocol, and `on_loss` tells who can ask his peer for it that a key frame would help.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import cast

import av
from av.audio.codeccontext import AudioCodecContext
from av.video.codeccontext import VideoCodecContext

from ringside.core.clock import Clock
from ringside.core.telemetry import Metrics, throttled
from ringside.flow.capture.coded import aac
from ringside.flow.capture.coded.backlog import Backlog, Began, Coded, Ended, Item
from ringside.flow.capture.coded.unit import Config, Kind, Unit
from ringside.flow.capture.sink import Sink

log = logging.getLogger(__name__)

NANOSECONDS = Fraction(1, 1_000_000_000)
MAX_PIXELS = 4096 * 2304  # beyond it a small sequence header would cost gigabytes
SLICE_THREADS = 2
SOUND_ALONE_NS = 500_000_000  # without a picture's sequence header, the source is sound alone after this
PICTURE_LATE_NS = 2_000_000_000  # with one, it may take this long
JOIN_S = 2.0

DECODERS = {"av1": "libdav1d"}  # FFmpeg's own "av1" only drives graphics hardware

Context = VideoCodecContext | AudioCodecContext
Decoded = tuple[av.VideoFrame | av.AudioFrame, int, int]  # the frame, pts_ns, arrival_ns


def available(codecs: Iterable[str]) -> frozenset[str]:
    """Those of some codecs (FFmpeg's names) that can be decoded on this machine."""
    return frozenset(name for name in codecs if _decodes(name))


def _decoder(codec: str) -> str:
    return DECODERS.get(codec, codec)


def _decodes(codec: str) -> bool:
    try:
        av.Codec(_decoder(codec), "r")
    except ValueError:
        return False
    return True


class Track:
    """One kind of media of one publisher: a codec context and the sequence header it was made from."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._arrival_ns = 0
        context = cast(Context, av.CodecContext.create(_decoder(config.codec), "r"))
        context.extradata = config.extradata or None
        context.thread_type = "SLICE"  # frame threads would hold back one picture each
        context.thread_count = SLICE_THREADS
        context.flags |= av.codec.context.Flags.low_delay
        context.copy_opaque = True
        if config.kind == "video":
            context.options = {"max_pixels": str(MAX_PIXELS)}
        self.context = context

    def open(self) -> None:
        """Read the sequence header. Raises av.FFmpegError."""
        self.context.open()

    def decode(self, coded: Coded | None) -> Iterator[Decoded]:
        """What one frame brings out of the decoder (None: all that is left). Raises av.FFmpegError."""
        packet = None
        if coded is not None:
            assert isinstance(coded.unit, Unit)
            packet = av.Packet(coded.unit.data)
            packet.pts, packet.time_base = coded.pts_ns, NANOSECONDS
            packet.is_keyframe = coded.unit.key
            packet.opaque = coded.pts_ns
            self._arrival_ns = coded.arrival_ns
        for frame in self.context.decode(packet):
            if frame.opaque is None:
                continue
            if isinstance(frame, av.VideoFrame):
                frame.pict_type = av.video.frame.PictureType.NONE  # an encoder would make every I a key frame
            frame.time_base = NANOSECONDS
            # A picture that waited for others in the decoder arrives with the one that let it out: arrivals then
            # follow the order of showing, and B-frames lie no further behind them than the rest.
            yield frame, cast(int, frame.opaque), self._arrival_ns

    @property
    def aspect(self) -> Fraction:
        """The shape of its pixels."""
        context = self.context
        aspect = context.sample_aspect_ratio if isinstance(context, VideoCodecContext) else None
        return aspect if aspect and aspect > 0 else Fraction(1)

    def __str__(self) -> str:
        context, codec = self.context, self.config.codec
        if isinstance(context, VideoCodecContext):
            return f"{context.width}x{context.height} {codec}"
        rate_hz, layout = context.sample_rate, context.layout.name
        if not rate_hz:  # nothing of it has been decoded yet
            rate_hz, layout = aac.announced(self.config.extradata)
        return f"{codec} {rate_hz / 1000:g} kHz {layout}".rstrip()


class Programme:
    """One publisher's stay: its tracks, and when to tell the sink that it is there."""

    def __init__(self, peer: str) -> None:
        self.peer = peer
        self.tracks: dict[Kind, Track] = {}
        self.opened = False
        self.told: tuple[int, int, Fraction] | None = None  # the picture that the sink was told of
        self._first_ns: int | None = None

    def is_alone(self, arrival_ns: int) -> bool:
        """Whether sound that came at `arrival_ns` has waited long enough for a picture."""
        if self._first_ns is None:
            self._first_ns = arrival_ns
        patience_ns = PICTURE_LATE_NS if "video" in self.tracks else SOUND_ALONE_NS
        return arrival_ns - self._first_ns >= patience_ns

    def __str__(self) -> str:
        tracks = [str(self.tracks[kind]) for kind in ("video", "audio") if kind in self.tracks]
        return f"{', '.join(tracks)} from {self.peer}"


class Decoder:
    """The thread. `put` may be called from any other thread."""

    def __init__(
        self,
        sink: Sink,
        clock: Clock,
        metrics: Metrics,
        name: str = "rtmp",
        on_loss: Callable[[], None] | None = None,
    ) -> None:
        self._name, self._on_loss = name, on_loss
        self.backlog = Backlog()
        self.errors = 0
        self._sink = sink
        self._metrics = metrics
        self._programme: Programme | None = None
        self._wake = threading.Condition()
        self._stopping = False
        self._say_errors = throttled(log, clock)
        self._say_drops = throttled(log, clock)
        self._thread = threading.Thread(target=self._run, name=f"{name}-decoder", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def put(self, item: Item) -> None:
        """Queue `item`; never blocks."""
        with self._wake:
            before = self.backlog.dropped.copy()
            self.backlog.put(item)
            dropped = self.backlog.dropped - before
            self._wake.notify()
        for kind, n in dropped.items():
            self._metrics.count(f"{self._name}_frames_dropped_total", n, media=kind)
            self._say_drops(f"{self._name}: decoding is too slow, %d frames dropped", n)
        if dropped["video"]:
            self._want_key()

    def stop(self, reason: str) -> None:
        """End the programme, if there is one, and the thread; returns when the sink will be called no more."""
        with self._wake:
            self.backlog.forget()
            self.backlog.put(Ended(reason))
            self._stopping = True
            self._wake.notify()
        self._thread.join(JOIN_S)

    def _run(self) -> None:
        while (item := self._next()) is not None:
            if isinstance(item, Began):
                self._programme = Programme(item.peer)
            elif isinstance(item, Ended):
                self._end(item.reason)
            elif self._programme is not None:
                self._take(self._programme, item)

    def _next(self) -> Item | None:
        with self._wake:
            while (item := self.backlog.take()) is None and not self._stopping:
                self._wake.wait()
            return item

    def _take(self, programme: Programme, coded: Coded) -> None:
        try:
            if isinstance(coded.unit, Config):
                self._configure(programme, coded.unit)
            elif (track := programme.tracks.get(coded.unit.kind)) is None or track.config.codec != coded.unit.codec:
                self._count_error(f"{coded.unit.codec} came without a sequence header")
            else:
                self._hand_over(programme, track, track.decode(coded))
        except av.FFmpegError as error:
            self._count_error(str(error))

    def _configure(self, programme: Programme, config: Config) -> None:
        before = programme.tracks.get(config.kind)
        if before is not None:
            if before.config == config:
                return
            self._finish(programme, before)
            del programme.tracks[config.kind]
        track = Track(config)
        track.open()
        programme.tracks[config.kind] = track

    def _finish(self, programme: Programme, track: Track) -> None:
        try:
            self._hand_over(programme, track, track.decode(None))
        except av.FFmpegError as error:
            self._count_error(str(error))

    def _hand_over(self, programme: Programme, track: Track, decoded: Iterator[Decoded]) -> None:
        for frame, pts_ns, arrival_ns in decoded:
            if isinstance(frame, av.VideoFrame):
                self._tell(programme, (frame.width, frame.height, track.aspect))
                self._sink.video(frame, pts_ns, arrival_ns)
            elif programme.opened or programme.is_alone(arrival_ns):
                if not programme.opened:
                    self._tell(programme, None)
                self._sink.audio(frame, pts_ns, arrival_ns)

    def _tell(self, programme: Programme, picture: tuple[int, int, Fraction] | None) -> None:
        """Open the sink, or tell it that the picture is another."""
        if programme.opened and programme.told == picture:
            return
        programme.opened, programme.told = True, picture
        self._sink.opened(str(programme), picture[2] if picture else Fraction(1))

    def _end(self, reason: str) -> None:
        programme, self._programme = self._programme, None
        if programme is None:
            return
        for track in programme.tracks.values():
            self._finish(programme, track)
        if programme.opened:
            self._sink.closed(reason)

    def _count_error(self, text: str) -> None:
        self.errors += 1
        self._metrics.count(f"{self._name}_decode_errors_total")
        log.debug("%s: %s", self._name, text)
        self._say_errors(f"{self._name}: %d frames could not be decoded", 1)
        self._want_key()

    def _want_key(self) -> None:
        if self._on_loss is not None:
            self._on_loss()
