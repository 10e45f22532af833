"""Strand: what one of several origins has told, whole, whether its media is on the air or not.

What enters: its feed, by way of a Push that takes this for its hub. What leaves: each change to whoever braids the
strands. Complete segments that are in the hub too share its memory, so a strand costs what only it has. No sockets.
"""

from collections import deque
from collections.abc import Callable, Sequence, Set

from ringside.core.clock import Clock
from ringside.core.feed import Appended, Document, Message, Opened, Playlist, Removed, Turn
from ringside.flow.relay.feed import Shelf
from ringside.flow.relay.feed.shelf import Memory
from ringside.flow.relay.fill.choice import WHOLE, At
from ringside.flow.relay.fill.joint import Grown, grown
from ringside.flow.relay.fill.push import Push

MAX_CHUNKED = 64  # blobs, the newest, of which it is known where each chunk ends
COMPARE_BYTES = 4 << 20  # at once


class Strand:
    """The world of origin `index`. `push` has to be set before it runs.

    `on_changes(strand, messages, withdrawn)` hears what changed, and which of the paths Removed were only expected;
    `on_swap(strand)` that all was told anew; `on_gone(strand)` that the feed ended.
    """

    def __init__(
        self,
        index: int,
        clock: Clock,
        on_changes: Callable[["Strand", Sequence[Message], Set[str]], None],
        on_swap: Callable[["Strand"], None],
        on_gone: Callable[["Strand"], None],
    ) -> None:
        self.index = index
        self.push: Push
        self.shelf = Shelf()
        self.told_ns: dict[str, int] = {}  # when each document was told
        self._clock = clock
        self._on_changes = on_changes
        self._on_swap = on_swap
        self._on_gone = on_gone
        self._chunks: dict[int, list[int]] = {}  # sizes after each chunk
        self._apart: deque[int] = deque()  # blobs not compared yet

    def __repr__(self) -> str:
        return f"<Strand {self.index} {self.shelf!r}>"

    def turns(self) -> dict[str, At]:
        """The newest turn of each track, by the path of its playlist."""
        return {each.path: turn_of(each) for each in self.shelf.exists.playlists()}

    def chunks(self, blob: int) -> Sequence[int]:
        """The sizes that a blob had after each of its chunks, as far as they are known."""
        return self._chunks.get(blob, ())

    def grown(self, blob: int) -> Grown:
        """A blob as it stands. Raises KeyError."""
        held = self.shelf.exists.held(blob)
        return grown(held.size, held.ranges, self.chunks(blob))

    # what a Push takes for its hub

    def publish(self, messages: Sequence[Message]) -> None:
        """A turn was told. Raises ValueError for nonsense."""
        now_ns = self._clock.now_ns()
        withdrawn: set[str] = set()
        for message in messages:
            if isinstance(message, Removed) and self.shelf.exists.expects(message.path):
                withdrawn.add(message.path)
            self.shelf.put(message, now_ns)
            self._note(message, now_ns)
        self._on_changes(self, messages, withdrawn)

    def trim(self, limit_bytes: int) -> int:
        """Keep no more than so much; how many blobs had to go."""
        had = self.shelf.blobs
        self.shelf.trim(limit_bytes, self._clock.now_ns())
        return had - self.shelf.blobs

    def swap(self, shelf: Shelf) -> None:
        """All was told anew."""
        now_ns = self._clock.now_ns()
        self.shelf = shelf
        self._chunks.clear()
        self._apart = deque(shelf.exists.fed())
        self.told_ns = {m.path: now_ns for m in shelf.exists.messages() if isinstance(m, Document)}
        self._on_swap(self)

    # what a Push takes for its partner

    def swapped(self, size: int) -> None:
        """All that exists was told: `swap` has said so."""

    def resumed(self) -> None:
        """The feed went on, and all that was missed has been told."""
        self._on_changes(self, (), set())

    def changes(self, turn: Turn | None, messages: Sequence[Message]) -> None:
        """A turn was told."""
        self.push.publish(messages)
        self.push.reach(turn)

    def ended(self) -> None:
        """The feed ended, or there was none."""
        self._on_gone(self)

    # memory

    def share(self, hub: Shelf) -> None:
        """Let go of bytes that `hub` has too, some at a time."""
        left = COMPARE_BYTES
        for _ in range(len(self._apart)):
            if left <= 0:
                return
            blob = self._apart.popleft()
            if not self._has(blob):
                continue
            held = self.shelf.exists.held(blob)
            theirs = hub.exists.find(held.path)
            if not held.closed:
                self._apart.append(blob)
            elif isinstance(theirs, Opened) and hub.exists.held(theirs.blob).closed:
                left -= held.size
                if same(self.shelf.memory(blob), hub.memory(theirs.blob)):
                    self.shelf.share(blob, hub.memory(theirs.blob))

    def _has(self, blob: int) -> bool:
        try:
            self.shelf.memory(blob)
        except KeyError:
            return False
        return True

    def _note(self, message: Message, now_ns: int) -> None:
        match message:
            case Opened(_, blob):
                self._chunks[blob] = []
                self._apart.append(blob)
                while len(self._chunks) > MAX_CHUNKED:
                    del self._chunks[next(iter(self._chunks))]
            case Appended(blob, size) if blob in self._chunks:
                self._chunks[blob].append(size)
            case Document(path):
                self.told_ns[path] = now_ns
            case Removed(path):
                self.told_ns.pop(path, None)
            case _:
                pass


def turn_of(playlist: Playlist) -> At:
    """The turn that a playlist stands for."""
    return playlist.number, WHOLE if playlist.part < 0 or playlist.ended else playlist.part


def same(one: Memory, other: Memory) -> bool:
    """Whether both hold the same bytes."""
    return one is other or (one.size == other.size and one.read(0, one.size) == other.read(0, other.size))
