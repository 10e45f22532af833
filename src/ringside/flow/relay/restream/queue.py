"""Queue: packets on their way to one far end, bounded in bytes and in time. Pure.

While nobody takes them only the newest group is kept, so that who connects begins at once, and with a picture. When the
far end is too slow, whole groups are given up, as what follows a lost picture cannot be decoded, and counted.
"""

from collections import deque
from typing import Generic, Protocol, TypeVar

MOST_BYTES = 32 << 20
MOST_NS = 6_000_000_000


class Packet(Protocol):
    """A frame; `opens`: a decoder that knows nothing yet can begin with it."""

    @property
    def opens(self) -> bool: ...

    @property
    def decode_ns(self) -> int: ...

    @property
    def data(self) -> bytes: ...


P = TypeVar("P", bound=Packet)


class Queue(Generic[P]):
    """`taken`: whether there is somebody who takes what is put in."""

    def __init__(self, most_bytes: int = MOST_BYTES, most_ns: int = MOST_NS) -> None:
        self.taken = False
        self.dropped = 0  # packets that were to be sent
        self.groups = 0  # at how many places
        self.bytes = 0
        self._most_bytes, self._most_ns = most_bytes, most_ns
        self._packets: deque[P] = deque()
        self._awaits = True  # nothing can be put in before the next that opens

    def __len__(self) -> int:
        return len(self._packets)

    def __repr__(self) -> str:
        return f"<Queue {len(self._packets)} packets {self.bytes} B, dropped {self.dropped}>"

    @property
    def newest_ns(self) -> int:
        """Of the last packet in it; 0 when it is empty."""
        return self._packets[-1].decode_ns if self._packets else 0

    def put(self, packet: P) -> None:
        """Take a packet in, or give up it and others."""
        if self._awaits and not packet.opens:
            self.dropped += self.taken
            return
        if packet.opens and not self.taken:
            self._clear()
        self._awaits = False
        self._packets.append(packet)
        self.bytes += len(packet.data)
        if self.bytes > self._most_bytes or packet.decode_ns - self._packets[0].decode_ns > self._most_ns:
            self._shorten()

    def first(self) -> P | None:
        """The oldest packet, which stays."""
        return self._packets[0] if self._packets else None

    def pop(self) -> P | None:
        """The oldest packet."""
        if not self._packets:
            return None
        packet = self._packets.popleft()
        self.bytes -= len(packet.data)
        return packet

    def leave(self) -> None:
        """Nobody takes any more: what cannot be begun with is of no use to the next."""
        self.taken = False
        while self._packets and not self._packets[0].opens:
            self.pop()
        self._awaits = not self._packets

    def _shorten(self) -> None:
        """Give up all before the newest that opens; where that is the first, everything."""
        newest = max((n for n, packet in enumerate(self._packets) if packet.opens), default=0)
        before = len(self._packets)
        if newest:
            for _ in range(newest):
                self.pop()
        else:
            self._clear()
            self._awaits = True
        if self.taken:
            self.dropped += before - len(self._packets)
            self.groups += 1

    def _clear(self) -> None:
        self._packets.clear()
        self.bytes = 0
