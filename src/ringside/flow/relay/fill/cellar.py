"""Cellar: what is kept of all that was pulled: bounded in bytes and in number, least recently wanted out first. Pure.

What enters: what is kept, as it grows and is wanted. What leaves: the keys that have to go. What still grows or is
being asked for never goes. Memory is counted in pages, for that is how a memfd takes it.
"""

from collections.abc import Container
from dataclasses import dataclass

from ringside.flow.relay.fill.lifetime import NO_CONTENT, STILL, Answer, Pace, Times, grace_end_ns, times
from ringside.flow.relay.fill.policy import Policy

PAGE = 4096


@dataclass(slots=True)
class Kept:
    """An answer at `key`: the origin's, or our own where it failed. `failures`: in a row, since it last was asked."""

    key: str
    blob: int
    answer: Answer
    times: Times
    grace_end_ns: int
    size: int = 0
    closed: bool = False
    beat: Pace = STILL
    digest: bytes = b""  # of a body that was told whole
    failures: int = 0

    def confirm(self, answer: Answer, now_ns: int, policy: Policy) -> None:
        """`answer` says that this is still so: it lives as that says, or else as before (RFC 9111 §4.3.4)."""
        self.answer = self.answer._replace(
            cache_control=answer.cache_control or self.answer.cache_control,
            expires=answer.expires or self.answer.expires,
            date=answer.date,
            age=answer.age,
        )
        self.times = times(self.key, self.answer, self.beat, now_ns, policy)
        self.grace_end_ns = grace_end_ns(self.key, self.answer, self.times, policy)
        self.failures = 0

    @property
    def good(self) -> bool:
        """Whether it is worth serving on when the origin fails or thinks: complete, no refusal, and not nothing."""
        return self.closed and 200 <= self.answer.status < 300 and self.answer.status != NO_CONTENT

    @property
    def cost_bytes(self) -> int:
        """What it takes of memory."""
        return (-(-self.size // PAGE) + 1) * PAGE


class Cellar:
    """Answers by key, in the order in which they were last wanted."""

    def __init__(self, max_bytes: int, max_objects: int) -> None:
        self._max_bytes = max_bytes
        self._max_objects = max_objects
        self._kept: dict[str, Kept] = {}
        self.bytes = 0

    def __repr__(self) -> str:
        return f"<Cellar {len(self)} objects {self.bytes} B>"

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, key: str) -> Kept | None:
        """What is kept at `key`."""
        return self._kept.get(key)

    def touch(self, key: str) -> None:
        """`key` is wanted: it is the last to go."""
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._kept[key] = kept

    def put(self, kept: Kept) -> None:
        """Keep this, in the place of what was at its key."""
        self.forget(kept.key)
        self._kept[kept.key] = kept
        self.bytes += kept.cost_bytes

    def grow(self, kept: Kept, size: int) -> None:
        """`kept` has `size` bytes now."""
        self.bytes -= kept.cost_bytes
        kept.size = size
        self.bytes += kept.cost_bytes

    def forget(self, key: str) -> None:
        """Keep nothing at `key`."""
        kept = self._kept.pop(key, None)
        if kept is not None:
            self.bytes -= kept.cost_bytes

    @property
    def overfull(self) -> bool:
        """Whether there is more than there may be."""
        return self.bytes > self._max_bytes or len(self._kept) > self._max_objects

    def evict(self, busy: Container[str]) -> list[str]:
        """Forget as much as has to go; returns the keys."""
        gone: list[str] = []
        bytes_over, objects_over = self.bytes - self._max_bytes, len(self) - self._max_objects
        for key, kept in self._kept.items():
            if bytes_over <= 0 and objects_over <= 0:
                break
            if kept.closed and key not in busy:
                gone.append(key)
                bytes_over, objects_over = bytes_over - kept.cost_bytes, objects_over - 1
        for key in gone:
            self.forget(key)
        return gone

    def expire(self, now_ns: int, busy: Container[str]) -> list[str]:
        """Forget what is of no more use, even if the origin fails; returns the keys."""
        over = [k for k, kept in self._kept.items() if kept.closed and kept.grace_end_ns <= now_ns and k not in busy]
        for key in over:
            self.forget(key)
        return over
