"""Gather: the objects of all sessions of a group, coming together from packets. Pure: no clock, no socket.

What enters: packets that are authentic and new, and what the news say an object is. What leaves: objects as they become
whole. Whoever holds the group's key could send anything, so what is open is bounded by number and by bytes, the oldest
out first, those that the news name last; and what the news say of an object beats what its packets say.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ringside.core.alc import BadPacket, Gather, Info, Packet, info_of
from ringside.core.feed.news import MediaRef

MAX_OPEN = 64  # objects of one session
MAX_REMEMBERED = 256  # objects of one session, done ones included
MAX_BYTES = 64 << 20
UNNAMED_NS = 5_000_000_000  # how long an object waits for news of it


@dataclass(slots=True, eq=False)
class Object:
    """One object. `seen`: packets received; `first_sn`: the lowest, Unix µs; `late`: had otherwise, packets are not
    needed; `gather` is None when nothing is to be gathered (any more)."""

    opened_ns: int
    gather: Gather | None = None
    ref: MediaRef | None = None
    seen: int = 0
    first_sn: int = 0
    late: bool = False
    is_news: bool = False

    @property
    def size(self) -> int:
        """Bytes held."""
        gather = self.gather
        return 0 if gather is None else gather.kept_bytes + len(gather.data or b"")

    @property
    def data(self) -> bytes | None:
        """The object, if it is whole and not let go."""
        return None if self.gather is None else self.gather.data

    @property
    def received(self) -> int:
        """Symbols that count, no more than are needed."""
        gather = self.gather
        return (
            0 if gather is None else gather.info.k if gather.data is not None else min(gather.received, gather.info.k)
        )


class Objects:
    """The objects of the sessions `tsis`. `bytes`: held in all; `dropped` counts packets of what had to go."""

    def __init__(self, tsis: Iterable[int], fec: int, symbol: int, dropped: Counter[str]) -> None:
        self._fec, self._symbol = fec, symbol
        self._of: dict[int, dict[int, Object]] = {tsi: {} for tsi in tsis}
        self.bytes = 0
        self.dropped = dropped

    def __repr__(self) -> str:
        return f"<Objects {self.open} open, {self.bytes} B>"

    @property
    def open(self) -> int:
        """How many objects are being gathered, or are whole and not yet named."""
        return sum(one.gather is not None for of in self._of.values() for one in of.values())

    def put(self, packet: Packet, now_ns: int) -> tuple[Object, bytes | None]:
        """The packet's object, and its bytes once, when they are whole. Raises BadPacket for what it cannot have."""
        assert packet.info is not None
        of = self._of[packet.tsi]
        one = of.get(packet.toi)
        if one is None:
            one = self._remember(of, packet.toi, Object(now_ns, Gather(packet.info)))
            self._bound(of, one)
        one.seen += 1
        if not one.first_sn or packet.sn < one.first_sn:
            one.first_sn = packet.sn
        gather = self._fitting(one, packet.info)
        if gather is None:
            if one.late:
                self.dropped["late"] += 1
            return one, None
        before = one.size
        data = gather.put(packet.sbn, packet.esi, packet.symbol)
        self.bytes += one.size - before
        if self.bytes > MAX_BYTES:
            self._shrink(one)
        return one, data

    def want(self, ref: MediaRef, now_ns: int) -> Object:
        """The object that the news name so; it is open now, empty where nothing of it has come."""
        of = self._of.get(ref.tsi)
        if of is None:
            return Object(now_ns, None, ref)
        one = of.get(ref.toi) or self._remember(of, ref.toi, Object(now_ns))
        one.ref = ref
        gather = one.gather
        if gather is not None and gather.info.length != ref.n:
            self.dropped["info"] += one.seen
            self._close(one)
        if one.gather is None:
            one.gather = self._empty(ref)
            self._bound(of, one)
        return one

    def again(self, one: Object) -> None:
        """What was gathered is not what the news say: nothing of it is kept."""
        assert one.ref is not None
        self.dropped["forged"] += one.seen
        self._close(one)
        one.gather = self._empty(one.ref)

    def mend(self, one: Object, offset: int, data: bytes) -> bytes | None:
        """Bytes of the object from elsewhere; the object, once, when it is whole by them."""
        if one.gather is None:
            return None
        before = one.size
        whole = one.gather.mend(offset, data)
        self.bytes += one.size - before
        return whole

    def close(self, one: Object, *, late: bool = False) -> None:
        """It is not needed any more; `late`: because it was had otherwise."""
        one.late = one.late or late
        self._close(one)

    def tick(self, now_ns: int) -> None:
        """Let go of what no news have named in time."""
        for of in self._of.values():
            for one in of.values():
                if one.gather is not None and one.ref is None and now_ns - one.opened_ns > UNNAMED_NS:
                    self._drop(one, "late")

    def _empty(self, ref: MediaRef) -> Gather | None:
        try:
            return Gather(info_of(self._fec, ref.n, self._symbol))
        except BadPacket:  # nothing that could be sent: it can be had by unicast
            return None

    def _fitting(self, one: Object, info: Info) -> Gather | None:
        gather = one.gather
        if gather is None or gather.info == info:
            return gather
        if gather.received == 0 and gather.info.length == info.length:
            one.gather = Gather(info)
            return one.gather
        raise BadPacket("info")

    def _remember(self, of: dict[int, Object], toi: int, one: Object) -> Object:
        of[toi] = one
        if len(of) > MAX_REMEMBERED:
            oldest = next(iter(of))
            if of[oldest].gather is not None:
                self._drop(of[oldest], "full")
            del of[oldest]
        return one

    def _bound(self, of: dict[int, Object], newest: Object) -> None:
        opened = [one for one in of.values() if one.gather is not None]
        if len(opened) > MAX_OPEN:
            self._drop(_least(opened, newest), "full")

    def _shrink(self, newest: Object) -> None:
        opened = [one for of in self._of.values() for one in of.values() if one.gather is not None]
        opened.sort(key=lambda one: one.opened_ns)
        while self.bytes > MAX_BYTES and len(opened) > 1:
            least = _least(opened, newest)
            opened.remove(least)
            self._drop(least, "full")

    def _drop(self, one: Object, reason: str) -> None:
        self.dropped[reason] += one.seen
        self._close(one)

    def _close(self, one: Object) -> None:
        self.bytes -= one.size
        one.gather = None


def _least(opened: list[Object], newest: Object) -> Object:
    """Who has to go first: the oldest that no news name, else the oldest."""
    others = [one for one in opened if one is not newest]
    return next((one for one in others if one.ref is None), others[0])
