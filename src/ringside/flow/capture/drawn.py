"""Drawn: a picture and sound made for any instant asked for, rather than received: the test card and the slate."""

from typing import Protocol

import av
import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 48_000
Samples = NDArray[np.float32]  # (2, n): stereo at SAMPLE_RATE


class Drawn(Protocol):
    """Anything that can be asked for the picture and the sound of an instant."""

    def draw(self, time_ns: int) -> av.VideoFrame:
        """The yuv420p picture at Unix time `time_ns`."""

    def sound(self, first_sample: int, samples: int) -> Samples:
        """Stereo sound; `first_sample` counts samples of 48 kHz since the Unix epoch."""


def silence(samples: int) -> Samples:
    """Nothing to hear."""
    return np.zeros((2, samples), np.float32)
