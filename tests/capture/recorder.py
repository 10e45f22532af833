"""A programme played out on simulated or real time, and what was seen and heard."""

import time

import av
import numpy as np

from ringside.flow.capture import strip
from ringside.flow.capture.paint import planes


class Recorder:
    """A Sink that keeps what it is handed."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.pictures: list[tuple[int, int, av.VideoFrame]] = []
        self.sounds: list[tuple[int, int, av.AudioFrame]] = []

    def opened(self, description, aspect=1):
        self.events.append(f"opened {description}")
        self.aspect = aspect

    def closed(self, reason):
        self.events.append(f"closed {reason}")

    def video(self, picture, pts_ns, arrival_ns):
        self.pictures.append((pts_ns, arrival_ns, picture))

    def audio(self, sound, pts_ns, arrival_ns):
        self.sounds.append((pts_ns, arrival_ns, sound))


def read_strip(picture: av.VideoFrame) -> int | None:
    """What the strip of a picture says, in milliseconds."""
    return strip.decode(planes(picture)[0])


def first_beep(samples: np.ndarray) -> int | None:
    """Sample at which the first beep is loud enough to be one; None where there is none."""
    loud = np.flatnonzero(np.abs(samples[0]) > 0.05)
    return int(loud[0]) if loud.size else None


def wait_for(condition, within_s: float = 5.0) -> bool:
    """Wait for threads to bring something about."""
    end = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True
