"""What waits to be sent: turns in order, no more than a second of them. Pure.

A sender that falls behind (its origin was away and tells all at once, or the rate is too low) would make all gateways
late. Media that cannot leave in time is cut, the oldest first and whole turns at a time; their news still go, and name
it as to be had by unicast.
"""

from collections import deque

from ringside.flow.relay.sender.plan import Job

MOST_TURNS = 2_000  # without media they are small, but not nothing


class Backlog:
    """`most_bytes` of media on the wire may wait; what is over is cut down to half of that. `cut` counts turns."""

    def __init__(self, most_bytes: int = 1 << 20) -> None:
        self.most_bytes = most_bytes
        self._jobs: deque[Job] = deque()
        self._sizes: deque[int] = deque()
        self.bytes = 0
        self.cut = 0
        self.dropped = 0  # turns of which not even the news will go

    def __repr__(self) -> str:
        return f"<Backlog {len(self._jobs)} turns, {self.bytes} B>"

    def __len__(self) -> int:
        return len(self._jobs)

    def put(self, job: Job) -> None:
        """Take a turn in, behind the others."""
        self._jobs.append(job)
        self._sizes.append(job.wire_bytes)
        self.bytes += self._sizes[-1]
        if self.bytes > self.most_bytes:
            self._cut()
        while len(self._jobs) > MOST_TURNS:
            self.pop()
            self.dropped += 1

    def pop(self) -> Job | None:
        """The next turn; None when nothing waits."""
        if not self._jobs:
            return None
        self.bytes -= self._sizes.popleft()
        return self._jobs.popleft()

    def clear(self) -> None:
        """Nothing waits any more: an epoch has ended."""
        self._jobs.clear()
        self._sizes.clear()
        self.bytes = 0

    def _cut(self) -> None:
        """The newest turn stays as it is, however large."""
        for index in range(len(self._jobs) - 1):
            if self.bytes <= self.most_bytes // 2:
                return
            if self._sizes[index]:
                self._jobs[index].cut()
                self.bytes -= self._sizes[index]
                self._sizes[index] = 0
                self.cut += 1
