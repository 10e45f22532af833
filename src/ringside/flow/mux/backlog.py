"""Backlog: the chunks of one track that wait for the origin, bounded by bytes and by time.

A decoder has no use for half a segment, so what gives way is always whole segments, the oldest first, and what follows
a gap begins with a segment. The chunks come with the header they need, as an encoder may change it in mid-event.
"""

from collections import deque
from dataclasses import dataclass

from ringside.core.boxes.ftyp import SEGMENT
from ringside.core.media import Chunk

OPENS = b"styp" + SEGMENT.encode()


@dataclass(frozen=True, slots=True)
class Waiting:
    """A chunk and the CMAF header it needs."""

    init: bytes
    chunk: Chunk


class Backlog:
    """First in, first out; `dropped` counts the chunks that gave way."""

    def __init__(self, max_bytes: int = 16 * 1024 * 1024, max_segments: int = 5) -> None:
        self.dropped = 0
        self.bytes = 0
        self._max_bytes = max_bytes
        self._max_segments = max_segments
        self._queue: deque[Waiting] = deque()
        self._skipping = False  # the rest of a segment whose start was dropped

    def __len__(self) -> int:
        return len(self._queue)

    def put(self, init: bytes, chunk: Chunk) -> int:
        """Take a chunk; how many, of any age, were dropped for it."""
        before = self.dropped
        if self._skipping and not opens_segment(chunk):
            self.dropped += 1
            return 1
        self._skipping = False
        self._queue.append(Waiting(init, chunk))
        self.bytes += len(chunk.data)
        while self._queue and self._is_over():
            self._drop_oldest_segment()
        return self.dropped - before

    def pop(self) -> Waiting | None:
        """The oldest chunk, or None."""
        if not self._queue:
            return None
        waiting = self._queue.popleft()
        self.bytes -= len(waiting.chunk.data)
        return waiting

    def restart(self) -> int:
        """The receiver starts anew: drop what stands before a segment's start; how many that were."""
        before = self.dropped
        while self._queue and not opens_segment(self._queue[0].chunk):
            self._drop()
        self._skipping = not self._queue
        return self.dropped - before

    def _is_over(self) -> bool:
        segments = self._queue[-1].chunk.number - self._queue[0].chunk.number + 1
        return self.bytes > self._max_bytes or segments > self._max_segments

    def _drop_oldest_segment(self) -> None:
        number = self._queue[0].chunk.number
        while self._queue and self._queue[0].chunk.number == number:
            self._drop()
        self._skipping = not self._queue

    def _drop(self) -> None:
        self.pop()
        self.dropped += 1


def opens_segment(chunk: Chunk) -> bool:
    """Whether a segment of the stream starts with this chunk, by its styp."""
    return chunk.data[4:12] == OPENS
