"""Order: turns from two sources, each published once, and never before what it needs. Pure.

What enters: turns by number, whole (as the feed tells them) or with media named (as news do), and media. What leaves:
turns that are whole, as messages. A turn touches lanes: the folders of the paths it names, and those of the blobs it
adds to. One whose media is short waits, and later turns of its lanes with it; other lanes pass. Nothing passes a turn
that nobody has told yet, for its lanes are not known. What waits is bounded; beyond, `is_full` says so.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ringside.core.feed import Appended, Message, Opened, Pulled, Ranged, Streamed
from ringside.core.feed.news import MediaRef

MAX_WAITING = 256  # turns, told in their order
MAX_AHEAD = 64  # turns told before one that is missing
MAX_BYTES = 32 << 20  # of media, in turns that wait
MAX_BLOBS = 4096  # whose lane is remembered

Key = tuple[int, int]  # of media: its blob, and the blob's size with it
Told = Sequence[Message | MediaRef]


def key_of(media: MediaRef | Appended) -> Key:
    """What media is called here, whoever tells it."""
    return media.blob, media.size


@dataclass(slots=True)
class _Waiting:
    told: list[Message | MediaRef]
    lanes: frozenset[str] = frozenset()
    short: dict[Key, int] = field(default_factory=dict)  # where in `told`


class Lanes:
    """Which folder each blob is in."""

    def __init__(self) -> None:
        self._of: dict[int, str] = {}

    def learn(self, messages: Iterable[Message | MediaRef]) -> None:
        """Blobs are opened at a path, and ranged by paths where theirs is gone."""
        for message in messages:
            match message:
                case Opened(path, blob) | Pulled(path, blob) if path:
                    self._of[blob] = _folder(path)
                case Ranged(path, blob) if blob not in self._of:
                    self._of[blob] = _folder(path)
        while len(self._of) > MAX_BLOBS:
            del self._of[next(iter(self._of))]

    def of_blob(self, blob: int) -> str:
        """The folder that the blob is in, a name of its own where that was never told."""
        return self._of.get(blob) or f"#{blob}"

    def touched(self, told: Told) -> frozenset[str]:
        """All lanes that these messages are about."""
        lanes = set()
        for message in told:
            blob, path = getattr(message, "blob", None), getattr(message, "path", "")
            if blob is not None:
                lanes.add(self.of_blob(blob))
            if path and not isinstance(message, MediaRef):
                lanes.add(_folder(path))
            if isinstance(message, Streamed):
                lanes.add(_folder(message.header))
        return frozenset(lanes)


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


class Order:
    """The turns of one epoch after `begin`. `base`: all up to it are published; `known`: all up to it are told."""

    def __init__(self) -> None:
        self.base = self.known = -1  # not begun
        self.lanes = Lanes()
        self.bytes = 0  # of media that waits
        self._queue: dict[int, _Waiting] = {}  # by number, ascending
        self._passed: set[int] = set()  # published, beyond base
        self._ahead: dict[int, list[Message | MediaRef]] = {}

    def __repr__(self) -> str:
        return f"<Order {self.base} published, {len(self._queue)} wait, {len(self._ahead)} ahead, {self.bytes} B>"

    @property
    def is_full(self) -> bool:
        """Whether more waits than may."""
        return len(self._queue) > MAX_WAITING or self.bytes > MAX_BYTES or len(self._passed) > MAX_WAITING

    @property
    def newest(self) -> int:
        """The highest turn that anyone has told; all up to `known` are."""
        return max(self.known, max(self._ahead, default=-1))

    def begin(self, number: int, exists: Iterable[Message]) -> list[tuple[int, list[Message]]]:
        """All up to turn `number` is there, whatever was before: turns that follow and were told already may come."""
        self.lanes = Lanes()
        self.lanes.learn(exists)
        self.base = self.known = number
        self._queue, self._passed, self.bytes = {}, set(), 0
        self._ahead = {at: told for at, told in self._ahead.items() if at > number}
        return self._advance()

    def suspend(self) -> None:
        """All that exists is told anew: what was published says nothing any more, what waits may come after it."""
        self._ahead |= {number: waits.told for number, waits in self._queue.items()}
        self._queue, self._passed = {}, set()
        self.base = self.known = -1
        self._drop_oldest()

    def forget(self) -> None:
        """Drop all that waits; turns already published beyond `base` stay so."""
        self._queue, self._ahead, self.bytes = {}, {}, 0
        self.known = self.base
        self._settle()

    def has(self, number: int) -> bool:
        """Whether the turn was told."""
        return number <= self.known or number in self._ahead

    def turn(self, number: int, told: Told) -> list[tuple[int, list[Message]]]:
        """A turn is told, perhaps not for the first time; the turns that can be published now."""
        if number > self.known:
            if number in self._ahead and not _is_whole(told):
                return []
            if self.base < 0:
                self._ahead[number] = list(told)
                self._drop_oldest()
                return []
            if number == self.known + 1 or len(self._ahead) < MAX_AHEAD:
                self._ahead[number] = list(told)
            return self._advance()
        waits = self._queue.get(number)
        if waits is None or not waits.short or not _is_whole(told):
            return []
        self._fill(waits, [message for message in told if isinstance(message, Appended)])
        return self._released()

    def media(self, ref: MediaRef, data: bytes) -> list[tuple[int, list[Message]]]:
        """The media that `ref` names is here: the turns that can be published now."""
        key = key_of(ref)
        for waits in self._queue.values():
            if key in waits.short:
                self._fill(waits, [Appended(ref.blob, ref.size, data)])
                return [] if waits.short else self._released()
        for ahead in self._ahead.values():
            for at, message in enumerate(ahead):
                if isinstance(message, MediaRef) and key_of(message) == key:
                    ahead[at] = Appended(ref.blob, ref.size, data)
                    self.bytes += len(data)
                    return []
        return []

    def wants(self, ref: MediaRef) -> bool:
        """Whether a turn waits for this media."""
        key = key_of(ref)
        if any(key in waits.short for waits in self._queue.values()):
            return True
        return any(isinstance(m, MediaRef) and key_of(m) == key for ahead in self._ahead.values() for m in ahead)

    def _drop_oldest(self) -> None:
        while len(self._ahead) > MAX_AHEAD:
            del self._ahead[min(self._ahead)]

    def _fill(self, waits: _Waiting, media: Iterable[Appended]) -> None:
        for message in media:
            at = waits.short.pop(key_of(message), None)
            if at is not None:
                waits.told[at] = message
                self.bytes += len(message.data)

    def _advance(self) -> list[tuple[int, list[Message]]]:
        """Turns told ahead of one that was missing join the queue when it is there."""
        while (told := self._ahead.pop(self.known + 1, None)) is not None:
            self.known += 1
            if self.known in self._passed:
                continue
            self.lanes.learn(told)
            short = {key_of(message): at for at, message in enumerate(told) if isinstance(message, MediaRef)}
            self._queue[self.known] = _Waiting(told, self.lanes.touched(told), short)
        return self._released()

    def _released(self) -> list[tuple[int, list[Message]]]:
        released: list[tuple[int, list[Message]]] = []
        blocked: set[str] = set()
        for number, waits in list(self._queue.items()):
            if waits.short or blocked & waits.lanes:
                blocked |= waits.lanes
                continue
            del self._queue[number]
            self._passed.add(number)
            released.append((number, [m for m in waits.told if not isinstance(m, MediaRef)]))
        self._settle()
        self.bytes = sum(map(_media_bytes, self._waiting()))
        return released

    def _waiting(self) -> Iterable[Told]:
        yield from (waits.told for waits in self._queue.values())
        yield from self._ahead.values()

    def _settle(self) -> None:
        while self.base + 1 in self._passed:
            self.base += 1
            self._passed.discard(self.base)
        self.known = max(self.known, self.base)


def _is_whole(told: Told) -> bool:
    return not any(isinstance(message, MediaRef) for message in told)


def _media_bytes(told: Told) -> int:
    return sum(len(message.data) for message in told if isinstance(message, Appended))
