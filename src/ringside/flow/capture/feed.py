"""Feed: the sink of one source: retimes and looks at what it delivers, and keeps it until the programme asks.

Sources call in from their threads, the programme from its own; a lock stands between them, held only for
bookkeeping: sound is converted and pictures are looked at outside it, and these are kept as they came.
"""

import logging
import threading
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np

from ringside.core.clock import Clock
from ringside.core.telemetry import throttled
from ringside.flow.capture.buffers import Pictures, Sound
from ringside.flow.capture.cadence import Cadence
from ringside.flow.capture.drawn import SAMPLE_RATE, Samples
from ringside.flow.capture.inputs.look import Eye, Sight, is_silent
from ringside.flow.capture.inputs.presence import STEADY_NS, Evidence
from ringside.flow.capture.retime import Retimer
from ringside.flow.capture.splice import Splicer

log = logging.getLogger(__name__)

PICTURE_BYTES = 192 * 2**20  # that waiting pictures may take together
FEWEST, MOST = 8, 150


def pictures_within_budget(width: int, height: int, bytes_per_pixel: float = 1.5) -> int:
    """How many decoded pictures of a size may wait."""
    return max(FEWEST, min(MOST, int(PICTURE_BYTES / max(1.0, width * height * bytes_per_pixel))))


@dataclass(frozen=True, slots=True)
class Kept:
    """A picture as it came, the shape of its pixels, and what had been seen by then."""

    picture: av.VideoFrame
    aspect: Fraction
    sight: Sight


class Resampler:
    """Sound of any rate, format and layout to float32 stereo at 48 kHz."""

    def __init__(self) -> None:
        self._shape: tuple[str, str, int] | None = None
        self._resampler = av.AudioResampler(format="fltp", layout="stereo", rate=SAMPLE_RATE)
        self._owed_s = Fraction(0)  # taken in and not given out yet

    def convert(self, sound: av.AudioFrame, time_ns: int) -> tuple[int, Samples] | None:
        """What comes out for one block, with its Unix time; None while nothing does. Raises av.FFmpegError."""
        shape = (sound.format.name, sound.layout.name, sound.sample_rate)
        if shape != self._shape:
            self._shape, self._owed_s = shape, Fraction(0)
            self._resampler = av.AudioResampler(format="fltp", layout="stereo", rate=SAMPLE_RATE)
        length_s = Fraction(sound.samples, sound.sample_rate)
        sound.pts = None
        parts = [part.to_ndarray().astype(np.float32, copy=False) for part in self._resampler.resample(sound)]
        start_ns = time_ns - round(self._owed_s * 10**9)
        self._owed_s += length_s - Fraction(sum(part.shape[1] for part in parts), SAMPLE_RATE)
        if not parts:
            return None
        return start_ns, parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)


class Feed:
    """One source's media on the programme's timeline. A Sink. `name` is the input's, for the log."""

    def __init__(self, clock: Clock, frame_ns: int, name: str = "source", black_level: int = 24) -> None:
        self._lock = threading.Lock()
        self._name = name
        self._retimer, self._splicer, self._resampler = Retimer(), Splicer(), Resampler()
        self._pictures: Pictures[Kept] = Pictures()
        self._sound = Sound()
        self._cadence = Cadence(frame_ns)
        self._eye = Eye(black_level)
        self._arrived_ns: int | None = None
        self.pictured = False
        self._sound_since_ns: int | None = None
        self._loud_ns: int | None = None
        self._closed, self._aspect = False, Fraction(1)
        self._shown: tuple[int, Kept] | None = None
        self._warn = throttled(log, clock)
        self.description, self.reason = "", ""
        self.failures = 0

    @property
    def loud_ns(self) -> int | None:
        """Until when there was something to hear; None: there has been nothing since it was opened."""
        return self._loud_ns

    def opened(self, description: str, aspect: Fraction = Fraction(1)) -> None:
        """The source is there."""
        with self._lock:
            if self._closed:
                self._eye.reset()
                self._loud_ns = None
            self.description, self.reason = description, ""
            self._aspect, self._closed = aspect, False
            self.pictured, self._sound_since_ns = False, None
        log.info("%s: %s", self._name, description)

    def closed(self, reason: str) -> None:
        """The source is gone for now."""
        with self._lock:
            self._closed, self.reason = True, reason
        log.warning("%s: %s", self._name, reason)

    def video(self, picture: av.VideoFrame, pts_ns: int, arrival_ns: int) -> None:
        """Keep a picture for its time."""
        picture.pict_type = 0  # what the source's encoder chose is not ours to repeat
        with self._lock:
            self._arrived(arrival_ns)
            self.pictured = True
            self._pictures.limit = pictures_within_budget(picture.width, picture.height)
            time_ns = self._retimer.map(pts_ns, arrival_ns, "video")
        sight = self._eye.see(picture, time_ns)
        with self._lock:
            self._pictures.add(time_ns, Kept(picture, self._aspect, sight))

    def audio(self, sound: av.AudioFrame, pts_ns: int, arrival_ns: int) -> None:
        """Keep a block of sound for its time."""
        with self._lock:
            self._arrived(arrival_ns)
            time_ns = self._retimer.map(pts_ns, arrival_ns, "audio")
            if self._sound_since_ns is None:
                self._sound_since_ns = time_ns
        try:
            converted = self._resampler.convert(sound, time_ns)
        except (av.FFmpegError, ValueError) as error:
            self.failures += 1
            self._warn(f"{self._name}: %d blocks of sound could not be converted ({error})", 1)
            return
        if converted is not None:
            with self._lock:
                if not is_silent(converted[1]):
                    self._loud_ns = time_ns
                self._sound.write(*self._splicer.place(*converted))

    def _arrived(self, arrival_ns: int) -> None:
        self._arrived_ns = arrival_ns if self._arrived_ns is None else max(self._arrived_ns, arrival_ns)

    def look(self, time_ns: int, now_ns: int) -> tuple[Evidence, Kept | None]:
        """At the programme's instant `time_ns`: what is known of the source, and its picture if it has one."""
        with self._lock:
            point_ns = time_ns + self._cadence.lead_ns
            self._cadence.update(time_ns, *self._pictures.around(point_ns))
            point_ns = time_ns + self._cadence.lead_ns
            self._shown = self._pictures.at(point_ns) or self._shown
            _, after_ns = self._pictures.around(point_ns)
            evidence = Evidence(
                picture_ns=self._shown[0] if self._shown and (self.pictured or self._closed) else None,
                more=after_ns is not None,
                sound_ns=None if self.pictured else self._sound_since_ns,
                silent_ns=now_ns - self._arrived_ns if self._arrived_ns is not None else now_ns,
                closed=self._closed,
                settling=self._retimer.stepped_ns is not None and now_ns - self._retimer.stepped_ns < STEADY_NS,
            )
            return evidence, self._shown[1] if self._shown else None

    def read(self, first_sample: int, samples: int) -> Samples:
        """Sound on the programme's timeline; silence where there is none."""
        with self._lock:
            return self._sound.read(first_sample, samples)

    def counts(self) -> dict[str, int]:
        """What was lost and what was mended so far."""
        with self._lock:
            return {
                "drops": self._pictures.dropped,
                "discontinuities": self._retimer.discontinuities,
                "splices": self._splicer.splices,
                "late_samples": self._sound.late,
                "failures": self.failures,
            }
