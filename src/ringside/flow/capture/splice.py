"""Splicer: lays blocks of sound end to end, and bends them by what no one hears when a clock drifts.

A block's time says where it should lie; the end of the block before says where it would. Up to DEAD the
difference is rounding and ignored. Beyond, blocks are stretched or shrunk by at most 0.2 % (3.5 cents) until
they lie right again. Beyond HARD it is no drift but a loss or a jump, and the block goes where its time says.
"""

import numpy as np

from ringside.flow.capture.drawn import SAMPLE_RATE, Samples

DEAD = 96  # samples: 2 ms
HARD = 480  # samples: 10 ms
_BEND = 500


class Splicer:
    """Gives each block of one source its first sample; `splices` counts the hard ones."""

    def __init__(self) -> None:
        self.splices = 0
        self._next: int | None = None
        self._bending = False

    def place(self, time_ns: int, block: Samples) -> tuple[int, Samples]:
        """Where a block whose Unix time is `time_ns` begins, in samples since the epoch, and the block to put there."""
        wanted = (time_ns * SAMPLE_RATE + 500_000_000) // 1_000_000_000
        if self._next is None or abs(wanted - self._next) > HARD:
            self.splices += self._next is not None
            self._next, self._bending = wanted, False
        error = wanted - self._next
        self._bending = abs(error) > DEAD or (self._bending and abs(error) > 8)
        if self._bending:
            most = max(1, block.shape[1] // _BEND)
            block = stretched(block, block.shape[1] + max(-most, min(most, error)))
        first = self._next
        self._next += block.shape[1]
        return first, block


def stretched(block: Samples, samples: int) -> Samples:
    """The same sound in a few samples more or less."""
    have = block.shape[1]
    if samples <= 0 or have < 2:
        return block
    at = np.linspace(0, have - 1, samples)
    return np.stack([np.interp(at, np.arange(have), channel) for channel in block]).astype(np.float32)
