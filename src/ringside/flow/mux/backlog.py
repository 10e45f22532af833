"""Backlog: the chunks of one track that wait for the origin, and those that it may have to be sent again. Pure.

Both are bounded, by bytes and by time. A decoder has no use for half a segment, so what gives way is always whole
segments, the oldest first, and what follows a gap begins with a segment. The chunks come with the header they need, as
an encoder may change it in mid-event.
"""

from collections import deque
from dataclasses import dataclass

from ringside.core.boxes.ftyp import SEGMENT
from ringside.core.media import Chunk

OPENS = b"styp" + SEGMENT.encode()
AGAIN = 1  # segments before the last one that are sent again


@dataclass(frozen=True, slots=True)
class Waiting:
    """A chunk and the CMAF header it needs."""

    init: bytes
    chunk: Chunk


class Backlog:
    """First in, first out; `dropped` counts the chunks that gave way, `again` those that are sent a second time.

    What was sent lately is remembered, from a segment's start on: a receiver that lost the connection may have lost
    the end of what it was sent, and is sent it again. It knows by the timeline what it has already.
    """

    def __init__(self, max_bytes: int = 16 * 1024 * 1024, max_segments: int = 5, again_bytes: int = 8 << 20) -> None:
        self.dropped = 0
        self.again = 0  # chunks that had been sent, and were put back to be sent again
        self.bytes = 0
        self._max_bytes = max_bytes
        self._max_segments = max_segments
        self._again_bytes = again_bytes
        self._queue: deque[Waiting] = deque()
        self._skipping = False  # the rest of a segment whose start was dropped
        self._sent: deque[Waiting] = deque()  # whole from a segment's start, or empty
        self._sent_bytes = 0

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
        self._make_room()
        return self.dropped - before

    def pop(self) -> Waiting | None:
        """The oldest chunk, which is sent now, or None."""
        waiting = self._take()
        if waiting is not None:
            self._remember(waiting)
        return waiting

    def restart(self) -> int:
        """The receiver starts anew, at a segment's start: how many chunks were dropped for that.

        What it was sent of the last segment, and of the one before, is sent again.
        """
        before = self.dropped
        if self._sent:
            self.again += len(self._sent)
            self._queue.extendleft(reversed(self._sent))
            self.bytes += self._sent_bytes
            self._forget()
            self._make_room()
        while self._queue and not opens_segment(self._queue[0].chunk):
            self._drop()
        self._skipping = not self._queue
        return self.dropped - before

    def _remember(self, waiting: Waiting) -> None:
        if opens_segment(waiting.chunk):
            number = waiting.chunk.number
            while self._sent and self._sent[0].chunk.number < number - AGAIN:
                self._sent_bytes -= len(self._sent.popleft().chunk.data)
        elif not self._sent:
            return  # its segment's start is not here any more
        self._sent.append(waiting)
        self._sent_bytes += len(waiting.chunk.data)
        if self._sent_bytes > self._again_bytes:
            self._forget()

    def _forget(self) -> None:
        self._sent.clear()
        self._sent_bytes = 0

    def _make_room(self) -> None:
        while self._queue and self._is_over():
            self._drop_oldest_segment()

    def _take(self) -> Waiting | None:
        if not self._queue:
            return None
        waiting = self._queue.popleft()
        self.bytes -= len(waiting.chunk.data)
        return waiting

    def _is_over(self) -> bool:
        segments = self._queue[-1].chunk.number - self._queue[0].chunk.number + 1
        return self.bytes > self._max_bytes or segments > self._max_segments

    def _drop_oldest_segment(self) -> None:
        number = self._queue[0].chunk.number
        while self._queue and self._queue[0].chunk.number == number:
            self._drop()
        self._skipping = not self._queue

    def _drop(self) -> None:
        self._take()
        self.dropped += 1


def opens_segment(chunk: Chunk) -> bool:
    """Whether a segment of the stream starts with this chunk, by its styp."""
    return chunk.data[4:12] == OPENS
