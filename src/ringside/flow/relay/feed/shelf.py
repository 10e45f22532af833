"""Shelf: one feed's world as a process holds it: the snapshot, and the memory (memfd) of every blob in it.

What enters: messages, with the bytes that were added. What leaves: the same messages as others are to be told them,
each with the memory that it speaks of; bytes stay where they were written. A hub holds one shelf, and can be given
another whole. It knows no sockets, and no time but what it is told.
"""

import fcntl
import os
from typing import NamedTuple

from ringside.core.feed import PULLED, Appended, Closed, Message, Opened, Pulled, Removed
from ringside.flow.relay.feed.snapshot import Snapshot

# A worker may not cut off what others send. (Sealing writes would fail while sendfile has pages under way.)
SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW


class Memory:
    """A blob's bytes behind `fd`, which is closed with the last reference to it. Raises OSError without room."""

    __slots__ = ("__weakref__", "fd", "size")

    def __init__(self, name: str) -> None:
        self.fd = -1  # so that a Memory that could not be had is dropped in peace
        self.size = 0
        self.fd = os.memfd_create(f"ringside {name[-60:]}", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)

    def __repr__(self) -> str:
        return f"<Memory {self.size} B>"

    def __del__(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)

    def read(self, first: int, end: int) -> bytes:
        """Bytes [first, end) of those that are there."""
        data = os.pread(self.fd, max(0, min(end, self.size) - first), first)
        while len(data) < min(end, self.size) - first:
            data += os.pread(self.fd, min(end, self.size) - first - len(data), first + len(data))
        return data

    def append(self, data: bytes) -> None:
        """Add bytes at the end."""
        view = memoryview(data)
        while view:
            written = os.pwrite(self.fd, view, self.size)
            view, self.size = view[written:], self.size + written

    def seal(self) -> None:
        """Its size is final."""
        fcntl.fcntl(self.fd, fcntl.F_ADD_SEALS, SEALS)


class Told(NamedTuple):
    """A message as those who share the memory are told it; what an Appended added lies in `memory` from `first` on."""

    message: Message
    memory: Memory | None = None
    first: int = 0


class Shelf:
    """All that one feed has told. `bytes`: of media held; `media_ns`: Unix time of the newest media, 0 for none.

    What was pulled beside the feed is bounded by whoever pulls it, and counts for neither.
    """

    def __init__(self) -> None:
        self._snapshot = Snapshot()
        self._memories: dict[int, Memory] = {}
        self.bytes = 0
        self.media_ns = 0

    def __repr__(self) -> str:
        return f"<Shelf {self.bytes} B {self._snapshot!r}>"

    @property
    def paths(self) -> int:
        """How many paths there are, or are expected."""
        return len(self._snapshot)

    @property
    def blobs(self) -> int:
        """How many blobs, each of them a descriptor."""
        return len(self._memories)

    def put(self, message: Message, now_ns: int) -> Told:
        """Take one message in. Raises ValueError for what contradicts the rest, OSError without memory for it."""
        if isinstance(message, Opened | Pulled):
            memory = Memory(message.path)
            self._drop(self._snapshot.apply(message))
            self._memories[message.blob] = memory
            return Told(message, memory)
        if isinstance(message, Appended):
            return self._append(message, now_ns)
        self._drop(self._snapshot.apply(message))
        if isinstance(message, Closed):
            self._memories[message.blob].seal()
        return Told(message)

    def bring(self, opened: Opened, memory: Memory, now_ns: int) -> list[Told]:
        """Take in a whole blob whose bytes are in `memory` already: nothing is copied. What others are to be told."""
        told = [Told(opened, memory)]
        self._drop(self._snapshot.apply(opened))
        self._memories[opened.blob] = memory
        for message in (Appended(opened.blob, memory.size), Closed(opened.blob)):
            self._snapshot.apply(message)
            told.append(Told(message, memory if isinstance(message, Appended) else None))
        self.bytes += memory.size
        self.media_ns = now_ns
        return told

    def share(self, blob: int, memory: Memory) -> None:
        """`memory` has the bytes of this complete blob too: they are kept once. Raises KeyError."""
        self.bytes += memory.size - self._memories[blob].size
        self._memories[blob] = memory

    def memory(self, blob: int) -> Memory:
        """Where the bytes of a blob are. Raises KeyError."""
        return self._memories[blob]

    @property
    def exists(self) -> Snapshot:
        """All that exists, to be looked at."""
        return self._snapshot

    def has_gone(self, message: Message) -> bool:
        """Whether this adds to what was pulled, and has had to go since."""
        return isinstance(message, Appended | Closed) and message.blob >= PULLED and message.blob not in self._memories

    def adopt(self, old: "Shelf") -> None:
        """Take over from `old`, which is of no more use, what was pulled beside its feed."""
        for blob in self._snapshot.adopt(old._snapshot):
            self._memories[blob] = old._memories[blob]

    def told(self) -> list[Told]:
        """All that a newcomer must be told."""
        return [self._again(message) for message in self._snapshot.messages()]

    def trim(self, limit_bytes: int, now_ns: int) -> list[Told]:
        """Let the oldest complete blobs go until no more than `limit_bytes` are held; what others are to be told."""
        told: list[Told] = []
        while self.bytes > limit_bytes and (paths := self._snapshot.oldest()):
            told += [self.put(Removed(path), now_ns) for path in paths]
        return told

    def _again(self, message: Message) -> Told:
        if isinstance(message, Opened | Pulled | Appended):
            return Told(message, self._memories[message.blob])
        return Told(message)

    def _append(self, message: Appended, now_ns: int) -> Told:
        number, data = message.blob, message.data
        had = self._snapshot.size(number)
        if had + len(data) != message.size:
            raise ValueError(f"{len(data)} bytes do not make blob {number} {message.size} bytes")
        memory = self._memories[number]
        memory.append(data)
        if number < PULLED:
            self.bytes += len(data)
            self.media_ns = now_ns
        grown = Appended(number, message.size)
        self._snapshot.apply(grown)
        return Told(grown, memory, had)

    def _drop(self, blobs: list[int]) -> None:
        for blob in blobs:
            memory = self._memories.pop(blob)
            if blob < PULLED:
                self.bytes -= memory.size
