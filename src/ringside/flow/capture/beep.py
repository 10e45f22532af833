"""The beep of the test card: 1 kHz for the first 100 ms of every UTC second, -18 dBFS, with soft edges."""

import numpy as np

from ringside.flow.capture.drawn import SAMPLE_RATE, Samples, silence

LENGTH_S = 0.1
LEVEL = 10 ** (-18 / 20)
_EDGE_S = 0.004


def _tone() -> Samples:
    at = np.arange(int(LENGTH_S * SAMPLE_RATE)) / SAMPLE_RATE
    edge = np.clip(np.minimum(at, LENGTH_S - at) / _EDGE_S, 0, 1)
    mono = LEVEL * np.sin(2 * np.pi * 1000 * at) * np.sin(edge * np.pi / 2) ** 2
    return np.stack((mono, mono)).astype(np.float32)


_TONE = _tone()


def beeps(first_sample: int, samples: int) -> Samples:
    """`samples` of sound from a sample counted since the Unix epoch, with every beep that lies in them."""
    out = silence(samples)
    second = first_sample // SAMPLE_RATE
    while second * SAMPLE_RATE < first_sample + samples:
        start = second * SAMPLE_RATE - first_sample
        cut = _TONE[:, max(0, -start) : max(0, samples - start)]
        out[:, max(0, start) : max(0, start) + cut.shape[1]] = cut
        second += 1
    return out
