"""File: anything FFmpeg reads, played in real time onto UTC, once or in a seamless loop; a live stream on the web too.

A thread decodes a little ahead and says of each frame when it is due: the sink's `pts_ns` and `arrival_ns` are
both that Unix time. Only files and http(s) URLs that the operator named are opened, and what they refer to may
not leave those protocols.
"""

import logging
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer

from ringside.core.clock import Clock
from ringside.core.telemetry import throttled
from ringside.flow.capture.decode import Decoder, Media, Streams, choose
from ringside.flow.capture.feed import pictures_within_budget
from ringside.flow.capture.fps import choose_fps
from ringside.flow.capture.sink import Sink
from ringside.flow.capture.source import NotPlayable, SourceInfo

log = logging.getLogger(__name__)

AHEAD_NS = 1_000_000_000
LEAD_NS = 60_000_000  # from the first picture being there to its being due: what belongs beside it comes too
LATE_NS = 300_000_000  # a decoder further behind than this does not catch up: the film is moved instead
NAP_S = 0.05
RETRY_S = 1.0
OPEN_TIMEOUT_S, READ_TIMEOUT_S = 10.0, 5.0
JOIN_S = 3.0
MOST_HELD = 500

Decoded = tuple[Media, int, int]  # frame, pts_ns, duration_ns


def is_web(url: str) -> bool:
    """Whether `url` is to be fetched over HTTP."""
    return url.lower().startswith(("http://", "https://"))


def open_media(url: str) -> InputContainer:
    """Open a file or an http(s) URL. Raises NotPlayable with one sentence that names it."""
    allowed = "http,https,tcp,tls,crypto,data" if is_web(url) else "file,crypto,data"
    if not is_web(url):
        path = Path(url).expanduser()
        if path.is_dir():
            raise NotPlayable(f"{url} is a folder, not a file")
        if not path.exists():
            raise NotPlayable(f"{url}: there is no such file")
        url = str(path.resolve())
    try:
        return av.open(url, options={"protocol_whitelist": allowed}, timeout=(OPEN_TIMEOUT_S, READ_TIMEOUT_S))
    except av.FFmpegError as error:
        raise NotPlayable(_why(url, error)) from None


def _why(url: str, error: av.FFmpegError) -> str:
    name = url if is_web(url) else Path(url).name
    if isinstance(error, av.InvalidDataError | av.EOFError):
        return f"{name} is not media that FFmpeg can read"
    if isinstance(error, PermissionError):
        return f"{name} may not be read: permission denied"
    return f"{name} cannot be opened: {error.strerror or error}"


def probe(url: str) -> SourceInfo:
    """What a file or an http(s) URL holds. Raises NotPlayable."""
    with open_media(url) as container:
        streams = choose(container, url)
        if streams.video is None:
            return SourceInfo(1280, 720, choose_fps(None), streams.audio is not None, False, str(streams))
        rotation = _first_picture(container, streams, url).rotation
        width, height = upright(streams, rotation)
        rate = streams.video.average_rate or streams.video.guessed_rate
        return SourceInfo(width, height, choose_fps(rate), streams.audio is not None, True, str(streams))


def upright(streams: Streams, rotation: int) -> tuple[int, int]:
    """Width and height, even, as the picture is to be seen: square pixels, turned the right way."""
    assert streams.video is not None
    context = streams.video.codec_context
    width, height = context.width * max(streams.aspect, Fraction(1)), context.height / min(streams.aspect, Fraction(1))
    size = (max(2, round(width / 2) * 2), max(2, round(height / 2) * 2))
    return (size[1], size[0]) if rotation % 180 else size


def _first_picture(container: InputContainer, streams: Streams, url: str) -> av.VideoFrame:
    try:
        for frame, _, _ in Decoder(container, Streams(streams.video, None)):
            if isinstance(frame, av.VideoFrame):
                return frame
    except av.FFmpegError as error:
        raise NotPlayable(f"{url}: reading failed: {error.strerror}") from None
    raise NotPlayable(f"{url}: not one picture of it can be decoded")


class FileSource:
    """Plays `url`. Construction probes it and raises NotPlayable."""

    kind = "file"
    delay_ns = 0

    def __init__(self, url: str, name: str, clock: Clock, loop: bool = False) -> None:
        self.name, self.info = name, probe(url)
        self._url, self._clock, self._loop = url, clock, loop
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._shift_ns: int | None = None  # from the file's times to Unix time
        self._end_ns = 0
        self._endless = False  # a live stream, which has no length
        rate = max(1, round(float(self.info.fps)))
        room = pictures_within_budget(self.info.width, self.info.height, 3.0)
        self._ahead_ns = min(AHEAD_NS, (room - 4) * 1_000_000_000 // rate)
        self._warn = throttled(log, clock)

    def start(self, sink: Sink) -> None:
        """Begin to play, now."""
        self._thread = threading.Thread(target=self._run, args=(sink,), name="file", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop playing; returns when the thread has gone."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(JOIN_S)
            self._thread = None

    def _run(self, sink: Sink) -> None:
        """Again when it loops; when it is on the web, also after it failed, or ended and never had a length."""
        while not self._stop.is_set():
            reason, again = f"{self.name} ended", self._loop or self._endless
            try:
                played = self._play(sink)
            except (NotPlayable, av.FFmpegError) as error:
                played, reason = False, str(error) if isinstance(error, NotPlayable) else _why(self._url, error)
                again = again or is_web(self._url)
            if played and self._loop:
                continue
            self._wait_until(self._end_ns)
            if not self._stop.is_set():
                sink.closed(reason)
            if not again:
                return
            self._shift_ns = None
            self._stop.wait(RETRY_S)

    def _play(self, sink: Sink) -> bool:
        """Play it through once; whether there was anything in it. Raises NotPlayable or av.FFmpegError."""
        played = False
        with open_media(self._url) as container:
            streams = choose(container, self.name)
            self._endless = is_web(self._url) and container.duration is None
            if self._shift_ns is None:
                sink.opened(str(streams), streams.aspect)
            begun_ns = self._end_ns if self._shift_ns is not None else None
            for frame, pts_ns, duration_ns in _from_first_picture(Decoder(container, streams), streams):
                if not played:
                    self._shift_ns = (self._clock.now_ns() + LEAD_NS if begun_ns is None else begun_ns) - pts_ns
                    played = True
                due_ns = self._due(pts_ns)
                if not self._wait_until(due_ns - self._ahead_ns):
                    return False
                if isinstance(frame, av.VideoFrame):
                    sink.video(frame, due_ns, due_ns)
                else:
                    sink.audio(frame, due_ns, due_ns)
                self._end_ns = max(self._end_ns, due_ns + duration_ns)
        return played

    def _due(self, pts_ns: int) -> int:
        assert self._shift_ns is not None
        late_ns = self._clock.now_ns() - pts_ns - self._shift_ns
        if late_ns > LATE_NS:
            self._shift_ns += late_ns
            self._warn(f"{self.name}: decoding fell %d ms behind real time", late_ns // 1_000_000)
        return pts_ns + self._shift_ns

    def _wait_until(self, time_ns: int) -> bool:
        """Sleep until then; False when told to stop."""
        while (left_ns := time_ns - self._clock.now_ns()) > 0 and not self._stop.is_set():
            self._stop.wait(min(NAP_S, left_ns / 1e9))
        return not self._stop.is_set()


def _from_first_picture(frames: Iterable[Decoded], streams: Streams) -> Iterator[Decoded]:
    """The same frames, none before the first picture is there too: its decoder may take a while to begin."""
    waiting: deque[Decoded] = deque()
    held = streams.video is not None
    for entry in frames:
        waiting.append(entry)
        held = held and not isinstance(entry[0], av.VideoFrame) and len(waiting) < MOST_HELD
        if not held:
            yield from waiting
            waiting.clear()
    yield from waiting
