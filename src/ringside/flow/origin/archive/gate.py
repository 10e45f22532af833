"""Gate: what is to be told waits here until what it follows from has been written. Pure: time is an argument.

The theory. A turn's messages go out when its write is done, in order, and what follows from nothing new waits for
those before it. A page-cache write takes microseconds; where the disk takes none, nobody shall wait for it: after
`PATIENCE_NS` all that waits is told, and the gate stands open (`behind`) until everything that was to be written has
been. While it stands open, a process that is killed may have told what it cannot tell again.
"""

from collections import deque
from collections.abc import Callable

from ringside.core.feed import Message

PATIENCE_NS = 100_000_000

Tell = Callable[[list[Message]], None]


class Gate:
    """Hands messages to `tell`. Tickets are numbers that grow."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._waiting: deque[tuple[int, int, list[Message]]] = deque()  # ticket, since when
        self._newest = 0
        self.behind = False
        self.opened = 0  # how often the disk was not waited for

    def __repr__(self) -> str:
        return f"<Gate {'open' if self.behind else len(self._waiting)}>"

    def put(self, messages: list[Message], ticket: int, now_ns: int) -> None:
        """Tell `messages` when `ticket` has been written; 0: nothing is written for them."""
        self._newest = max(self._newest, ticket)
        if self.behind or not (ticket or self._waiting):
            self._tell(messages)
        else:
            self._waiting.append((ticket, now_ns, messages))

    def written(self, ticket: int) -> None:
        """All up to `ticket` has been."""
        if self.behind:
            self.behind = ticket < self._newest
        self._pass(lambda waiting: waiting <= ticket)

    def look(self, now_ns: int) -> int:
        """Wait no longer than is good; the time at which to look again, 0 for never."""
        if self._waiting and now_ns - self._waiting[0][1] >= PATIENCE_NS:
            self.behind = True
            self.opened += 1
            self._pass(lambda waiting: True)
        return self._waiting[0][1] + PATIENCE_NS if self._waiting else 0

    def _pass(self, may: Callable[[int], bool]) -> None:
        """Tell those in front that may go, all at once."""
        out: list[Message] = []
        while self._waiting and may(self._waiting[0][0]):
            out += self._waiting.popleft()[2]
        if out:
            self._tell(out)
