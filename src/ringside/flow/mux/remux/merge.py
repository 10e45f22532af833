"""Merge: frames of picture and sound, which come a chunk at a time, in the order in which they are decoded. Pure.

A frame leaves when nothing older can come any more: the other kind has come as far, or has been waited for long enough
in media time. What comes too late to be put in order is dropped and counted.
"""

from collections import deque
from collections.abc import Iterable

from ringside.core.media import Kind
from ringside.flow.mux.remux.packet import Packet

HOLD_NS = 500_000_000


class Merge:
    """`awaited`: the kinds that are waited for."""

    def __init__(self, awaited: Iterable[Kind] = (), hold_ns: int = HOLD_NS) -> None:
        self.late = 0
        self.awaited = set(awaited)
        self._hold_ns = hold_ns
        self._waiting: dict[Kind, deque[Packet]] = {"video": deque(), "audio": deque()}
        self._out_ns = -1
        self._newest_ns = 0

    def __repr__(self) -> str:
        return f"<Merge {sum(map(len, self._waiting.values()))} waiting, {self.late} late>"

    def put(self, packets: Iterable[Packet]) -> list[Packet]:
        """Take packets of one kind, each after the one before; what can leave now."""
        for packet in packets:
            queue = self._waiting[packet.kind]
            newest_ns = queue[-1].decode_ns if queue else self._out_ns
            if packet.decode_ns < newest_ns:
                self.late += 1
                continue
            queue.append(packet)
            self._newest_ns = max(self._newest_ns, packet.decode_ns)
        out: list[Packet] = []
        while (ready := self._next()) is not None:
            out.append(ready)
        return out

    def _next(self) -> Packet | None:
        heads = [queue for queue in self._waiting.values() if queue]
        if not heads:
            return None
        first = min(heads, key=lambda queue: queue[0].decode_ns)
        waits = any(not self._waiting[kind] for kind in self.awaited)
        if waits and self._newest_ns - first[0].decode_ns < self._hold_ns:
            return None
        self._out_ns = first[0].decode_ns
        return first.popleft()
