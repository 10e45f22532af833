"""Pictures and Sound: what a source has delivered and the programme has not used yet. Pure and bounded."""

from collections import deque
from typing import Generic, TypeVar

import numpy as np

from ringside.flow.capture.drawn import SAMPLE_RATE, Samples

Picture = TypeVar("Picture")


class Pictures(Generic[Picture]):
    """The newest `limit` pictures by time; `dropped` counts those that left without having been asked for."""

    def __init__(self, limit: int = 120) -> None:
        self.limit = limit
        self.dropped = 0
        self._kept: deque[tuple[int, Picture]] = deque()
        self._asked_ns: int | None = None

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, time_ns: int, picture: Picture) -> None:
        """Take a picture; those that a time base gone back has made later than it are dropped."""
        while self._kept and self._kept[-1][0] >= time_ns:
            self._kept.pop()
            self.dropped += 1
        self._kept.append((time_ns, picture))
        while len(self._kept) > self.limit:
            self._kept.popleft()
            self.dropped += 1

    def around(self, time_ns: int) -> tuple[int | None, int | None]:
        """Times of the newest picture not later than `time_ns`, and of the one after it."""
        before = None
        for at_ns, _ in self._kept:
            if at_ns > time_ns:
                return before, at_ns
            before = at_ns
        return before, None

    def at(self, time_ns: int) -> tuple[int, Picture] | None:
        """The newest picture not later than `time_ns`; older ones leave, it stays until a newer one is due."""
        while len(self._kept) > 1 and self._kept[1][0] <= time_ns:
            self._kept.popleft()
        if self._kept and self._kept[0][0] <= time_ns:
            return self._kept[0]
        return None

    def clear(self) -> None:
        """Forget everything; nothing of it counts as dropped."""
        self._kept.clear()


class Sound:
    """A stretch of stereo sound at 48 kHz, addressed by samples since the Unix epoch.

    What was never written reads as silence. What overlaps earlier sound is trimmed. `late` counts samples that
    came after their time had been read, `dropped` those too far ahead to hold.
    """

    def __init__(self, seconds: int = 10) -> None:
        self._ring = np.zeros((2, seconds * SAMPLE_RATE), np.float32)
        self._start = self._end = 0
        self._read_to = 0
        self.late = 0
        self.dropped = 0

    @property
    def end(self) -> int:
        """The sample after the last one written; 0 when there is none."""
        return self._end

    def write(self, first_sample: int, samples: Samples) -> None:
        """Put `samples` where they belong; a gap before them becomes silence."""
        size = self._ring.shape[1]
        if self._end == self._start or first_sample > self._end + size:
            self._start = self._end = first_sample
        last = first_sample + samples.shape[1]
        room = max(self._read_to, self._start) + size
        if last > room:
            self.dropped += last - max(room, first_sample)
            last = max(room, first_sample)
        self.late += max(0, min(self._read_to, last) - max(first_sample, self._end))
        begin = max(first_sample, self._end)
        if begin > self._end:
            self._put(self._end, np.zeros((2, min(begin - self._end, size)), np.float32))
        if last > begin:
            self._put(begin, samples[:, begin - first_sample : last - first_sample])
            self._end = last
        self._start = max(self._start, self._end - size)

    def read(self, first_sample: int, count: int = 1024) -> Samples:
        """`count` samples from `first_sample` on, (2, count) float32; silence where there are none."""
        out = np.zeros((2, count), np.float32)
        begin, end = max(first_sample, self._start), min(first_sample + count, self._end)
        if end > begin:
            at = np.arange(begin, end) % self._ring.shape[1]
            out[:, begin - first_sample : end - first_sample] = self._ring[:, at]
        self._read_to = max(self._read_to, first_sample + count)
        return out

    def _put(self, first_sample: int, samples: Samples) -> None:
        size = self._ring.shape[1]
        samples = samples[:, -size:]
        self._ring[:, np.arange(first_sample, first_sample + samples.shape[1]) % size] = samples
