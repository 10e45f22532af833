"""Ledger: what a gateway has on its books: media that is short, objects to be counted up, turns sent and when. Pure."""

from collections import deque
from collections.abc import Callable, Iterator

from ringside.core.feed.news import MediaRef
from ringside.flow.relay.gateway.gather import Object
from ringside.flow.relay.gateway.order import Key, key_of

MAX_DUE = 2048
MAX_SENT = 512
SWEEP_NS = 1_000_000_000


class Ledger:
    """`short`: objects that turns wait for; `sent_ns`: when each waiting turn was sent, by the sender's clock.

    Packets of an object are counted up `settle_ns` after the news of it, when stragglers have come.
    """

    def __init__(self, settle_ns: int) -> None:
        self._settle_ns = settle_ns
        self.short: dict[Key, Object] = {}
        self.sent_ns: dict[int, int] = {}
        self._due: deque[tuple[int, Object, MediaRef]] = deque()
        self._swept_ns = 0

    def expect(self, one: Object, ref: MediaRef, now_ns: int) -> None:
        """News name this object for the first time."""
        self._due.append((now_ns + self._settle_ns, one, ref))

    def settled(self, now_ns: int) -> Iterator[tuple[Object, MediaRef]]:
        """Whose packets are to be counted up now."""
        while self._due and (self._due[0][0] <= now_ns or len(self._due) > MAX_DUE):
            _, one, ref = self._due.popleft()
            yield one, ref

    def sent(self, number: int, sent_ns: int) -> None:
        """Turn `number` was sent then."""
        self.sent_ns[number] = sent_ns
        while len(self.sent_ns) > MAX_SENT:
            del self.sent_ns[next(iter(self.sent_ns))]

    def idle(self, wants: Callable[[MediaRef], bool], now_ns: int) -> list[Key]:
        """Once a second: what is on the books as short, and no turn waits for."""
        if now_ns - self._swept_ns < SWEEP_NS:
            return []
        self._swept_ns = now_ns
        refs = [one.ref for one in self.short.values() if one.ref is not None]
        return [key_of(ref) for ref in refs if not wants(ref)]
