"""Programme: the one picture and the one sound of an event, frame by frame, whatever its source does.

It is the sink of its source. Asked for frame k of a grid, it gives the source's newest picture that is not later
than that frame's time, fitted to the canvas; or the slate while there is none. It never blocks on a source, never
fails a frame, and knows nothing of encoders.
"""

import logging
from fractions import Fraction
from typing import Any

import av
import numpy as np

from ringside.core.clock import Clock
from ringside.core.media import Grid
from ringside.core.telemetry import throttled
from ringside.flow.capture import strip
from ringside.flow.capture.choose import Chooser, Evidence, Shot
from ringside.flow.capture.config import Config
from ringside.flow.capture.drawn import Drawn, Samples, silence
from ringside.flow.capture.feed import Feed
from ringside.flow.capture.fit import Fitter
from ringside.flow.capture.paint import blank, planes
from ringside.flow.capture.slate import SOUND_ONLY, Slate
from ringside.flow.capture.spec import parse
from ringside.flow.capture.testcard import TestCard

log = logging.getLogger(__name__)

NS_PER_MS = 1_000_000


class Programme:
    """What viewers get: `picture(k)` and `sound(k)` on the event's grids. A Sink for its source.

    `picture` and `sound` may be called from two threads. A picture may be the very object of an earlier frame: it
    is to be read, not drawn on.
    """

    def __init__(
        self, config: Config, clock: Clock, video: Grid, audio: Grid, width: int, height: int, title: str = "main"
    ) -> None:
        spec = parse(config.url)
        fps = 1 / video.frame_s
        self.name, self.kind = spec.name, spec.kind
        self._clock, self._video, self._audio = clock, video, audio
        self._size, self._fps, self._burns = (width, height), fps, config.burn_strip
        self._slate: Drawn = Slate(width, height, title)
        self._card: Drawn | None = None
        self._title = title
        self._drawn: Drawn | None = TestCard(width, height, fps, title) if spec.kind == "testcard" else None
        self._feed = Feed(clock, round(video.frame_s * 10**9))
        self._chooser, self._fitter = Chooser(at_once=spec.kind in {"testcard", "file"}), Fitter(width, height)
        self._fitted: tuple[av.VideoFrame | None, av.VideoFrame | None] = (None, None)
        self._repeats = 0
        self._heard = False
        self._said = throttled(log, clock)

    def __repr__(self) -> str:
        return f"<Programme {self.name} {self._chooser.state} {self._size[0]}x{self._size[1]}@{float(self._fps):.4g}>"

    def opened(self, description: str, aspect: Fraction = Fraction(1)) -> None:
        """The source is there."""
        self._feed.opened(description, aspect)

    def closed(self, reason: str) -> None:
        """The source is gone for now."""
        self._feed.closed(reason)

    def video(self, picture: av.VideoFrame, pts_ns: int, arrival_ns: int) -> None:
        """A picture from the source."""
        self._feed.video(picture, pts_ns, arrival_ns)

    def audio(self, sound: av.AudioFrame, pts_ns: int, arrival_ns: int) -> None:
        """A block of sound from the source."""
        if self._card is None and not self._feed.pictured:
            self._card = Slate(*self._size, self._title, SOUND_ONLY)
        self._feed.audio(sound, pts_ns, arrival_ns)

    def picture(self, index: int) -> av.VideoFrame:
        """Frame `index` of the video grid: yuv420p of the programme's size, BT.709."""
        time_ns = self._video.start_ns(index)
        if self._drawn is not None:
            self._chooser.choose(time_ns, Evidence(picture_ns=time_ns))
            return self._drawn.draw(time_ns)
        shot, found = self._look(time_ns)
        if shot == "source" and found is not None:
            picture = self._fit(*found)
        else:
            self._fitted = (None, None)
            drawn = self._card if shot == "card" and self._card else self._slate
            picture = drawn.draw(time_ns)
        return self._burn(picture, time_ns) if self._burns else picture

    def sound(self, index: int) -> Samples:
        """Block `index` of the audio grid: float32, (2, 1024) at 48 kHz."""
        samples = self._audio.frame_ticks
        first = index * samples
        if self._drawn is not None:
            return self._drawn.sound(first, samples)
        on_air = self._chooser.state == "live"
        out = self._feed.read(first, samples)
        if on_air != self._heard:
            fade = np.linspace(0, 1, samples, dtype=np.float32)
            out *= fade if on_air else fade[::-1]
            self._heard = on_air
            return out
        return out if on_air else silence(samples)

    def status(self) -> dict[str, Any]:
        """What the engineer's page says of the source: plain values, ready for JSON."""
        counts = self._feed.counts()
        since_ns = self._chooser.since_ns
        return {
            "name": self.name,
            "kind": self.kind,
            "state": self._chooser.state,
            "detail": self._detail(),
            "width": self._size[0],
            "height": self._size[1],
            "fps": round(float(self._fps), 3),
            "since_ms": (since_ns if since_ns is not None else self._clock.now_ns()) // NS_PER_MS,
            "repeats": self._repeats,
            "switches": self._chooser.switches,
            **counts,
        }

    def _detail(self) -> str:
        if self._drawn is not None:
            return f"{self._size[0]}x{self._size[1]} drawn for each frame, 1 kHz beep"
        return self._feed.reason or self._feed.description or f"waiting for {self.name}"

    def _look(self, time_ns: int) -> tuple[Shot, tuple[av.VideoFrame, Fraction] | None]:
        evidence, found = self._feed.look(time_ns, self._clock.now_ns())
        before = self._chooser.state
        shot = self._chooser.choose(time_ns, evidence)
        if self._chooser.state != before:
            log.info("programme: %s (was %s), %s", self._chooser.state, before, self._detail())
        return shot, found

    def _fit(self, picture: av.VideoFrame, aspect: Fraction) -> av.VideoFrame:
        """The source's picture on the canvas, fitted once however often it is shown."""
        source, fitted = self._fitted
        if source is picture and fitted is not None:
            self._repeats += 1
            return fitted
        try:
            out = self._fitter.fit(picture, aspect)
        except (av.FFmpegError, ValueError) as error:
            self._said(f"programme: %d pictures could not be fitted ({error})", 1)
            return fitted or self._slate.draw(self._clock.now_ns())
        self._fitted = (picture, out)
        return out

    def _burn(self, picture: av.VideoFrame, time_ns: int) -> av.VideoFrame:
        """A copy with the strip on it: what the source gave is never drawn on."""
        out = blank(*self._size)
        for plane, own in zip(planes(picture), planes(out), strict=True):
            own[:] = plane
        strip.draw(planes(out), time_ns // NS_PER_MS)
        return out
