"""The backlog: what waits for the decoder, bounded.

Coded frames and the comings and goings of publishers enter in order and leave in order. When frames come faster
than they are decoded, pictures are given up a whole group at a time, up to a key frame, because what follows a lost
frame cannot be decoded; sound goes only when nothing else is left to drop. Every drop is counted. No thread is known.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass

from ringside.flow.capture.coded.unit import Config, Kind, Unit


@dataclass(frozen=True, slots=True)
class Began:
    """A publisher took the stage; `peer` is its address."""

    peer: str


@dataclass(frozen=True, slots=True)
class Ended:
    """It left, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Coded:
    """A sequence header or a coded frame, and when it arrived (Unix time)."""

    unit: Config | Unit
    pts_ns: int
    arrival_ns: int


Item = Began | Ended | Coded


class Backlog:
    """A queue of at most `max_items` coded frames and `max_bytes` of them."""

    def __init__(self, max_items: int = 256, max_bytes: int = 4 << 20) -> None:
        self.max_items = max_items
        self.max_bytes = max_bytes
        self.dropped: Counter[Kind] = Counter()
        self._items: deque[Item] = deque()
        self._bytes = 0
        self._awaiting_key = False

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        dropped = f", dropped {self.dropped['video']} video {self.dropped['audio']} audio"
        return f"<Backlog {len(self._items)} items {self._bytes} B{dropped}>"

    def put(self, item: Item) -> None:
        """Queue `item`, or drop it (and perhaps others) and count that."""
        if isinstance(item, Coded):
            self._put_coded(item)
            return
        if len(self._items) >= self.max_items:
            self._drop(lambda queued: isinstance(queued, Coded))
        if isinstance(item, Ended) and self._items and isinstance(self._items[-1], Began):
            self._items.pop()  # it came and went before anybody looked
            return
        self._awaiting_key = False
        self._items.append(item)

    def take(self) -> Item | None:
        """The oldest item, None when there is none."""
        if not self._items:
            return None
        item = self._items.popleft()
        self._bytes -= _size(item)
        return item

    def forget(self) -> None:
        """Drop every frame that waits, uncounted: nobody wants it any more."""
        self._items = deque(item for item in self._items if not isinstance(item, Coded))
        self._bytes = 0

    def _put_coded(self, item: Coded) -> None:
        unit = item.unit
        if isinstance(unit, Unit) and unit.kind == "video":
            if self._awaiting_key and not unit.key:
                self.dropped["video"] += 1
                return
            if self._full(item) and unit.key:
                self._drop(_is_picture)
            self._awaiting_key = self._full(item)
        elif self._full(item):
            self._awaiting_key |= self._drop(_is_picture) > 0
        if self._full(item):
            self.dropped[unit.kind] += 1
            return
        self._items.append(item)
        self._bytes += _size(item)

    def _full(self, item: Coded) -> bool:
        return len(self._items) >= self.max_items or self._bytes + _size(item) > self.max_bytes

    def _drop(self, is_dropped: Callable[[Item], bool]) -> int:
        """Take out and count what `is_dropped` says; how many they were."""
        kept: deque[Item] = deque()
        before = len(self._items)
        for item in self._items:
            if isinstance(item, Coded) and is_dropped(item):
                self.dropped[item.unit.kind] += 1
                self._bytes -= _size(item)
            else:
                kept.append(item)
        self._items = kept
        return before - len(kept)


def _size(item: Item) -> int:
    if not isinstance(item, Coded):
        return 0
    return len(item.unit.data if isinstance(item.unit, Unit) else item.unit.extradata)


def _is_picture(item: Item) -> bool:
    return isinstance(item, Coded) and isinstance(item.unit, Unit) and item.unit.kind == "video"
