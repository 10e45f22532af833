"""Objects of a session as packets, in the order in which they are sent: source symbols, then what mends them. Pure.

An object that fits one symbol is sent without a code, at its own length, and once more for repair: a code would pad it
to a whole symbol, twice. What has no SN yet gets it from whoever sends.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ringside.core.alc import MOST_BYTES, NO_CODE, RAPTORQ, Info, Packet, encode, info_of
from ringside.core.alc.fti import MOST_RAPTORQ_K, MOST_REPAIR

Kind = Literal["media", "news", "checkpoint", "table", "carousel"]
ZLIB = 1  # EXT_CENC, RFC 6726 §3.4.3


@dataclass(frozen=True, slots=True)
class Object:
    """One object to send; `repair`: how many symbols more, `instance`: of a file table (TOI 0), which is zlib-coded;
    `half`: 0 or 1 where it is sent in two, so that no burst of losses takes both."""

    tsi: int
    toi: int
    kind: Kind
    data: bytes
    info: Info
    repair: int = 0
    instance: int | None = None
    half: int | None = None

    def __repr__(self) -> str:
        return f"<Object {self.kind} {self.tsi}.{self.toi}, {len(self.data)} B in {self.packets} packets>"

    @property
    def packets(self) -> int:
        """How many packets it is sent in, both halves together."""
        info = self.info
        if not self.repair or info.fec == NO_CODE:
            return info.k * (2 if self.repair else 1)
        if info.fec == RAPTORQ:
            return info.k + min(self.repair, MOST_REPAIR)
        blocks = [info.blocks.symbols(sbn) for sbn in range(info.blocks.number)]
        return sum(k + min(-(-self.repair * k // info.k), info.most - k) for k in blocks)


class Coding:
    """How objects are coded: `fec` an encoding ID, `overhead_percent` of repair symbols, symbols of `symbol` bytes."""

    def __init__(self, fec: int, overhead_percent: int, symbol: int) -> None:
        self.fec = fec
        self.overhead_percent = overhead_percent
        self.symbol = symbol

    def __repr__(self) -> str:
        return f"<Coding {self.fec}, {self.overhead_percent} %, {self.symbol} B>"

    def fits(self, data: bytes) -> bool:
        """Whether these bytes can be an object."""
        return 0 < len(data) <= min(MOST_BYTES, MOST_RAPTORQ_K * self.symbol)

    def object(self, tsi: int, toi: int, kind: Kind, data: bytes, repair_percent: int | None = None) -> Object:
        """The object of these bytes; `repair_percent` instead of the session's: without a code, all of it once more."""
        fec = self.fec if len(data) > self.symbol else NO_CODE
        info = info_of(fec, len(data), self.symbol)
        ours = self.overhead_percent if self.fec != NO_CODE else 0
        percent = ours if repair_percent is None else repair_percent
        return Object(tsi, toi, kind, data, info, repair_of(info.k, percent))


def repair_of(k: int, percent: int) -> int:
    """Repair symbols of an object of `k`: `percent` of them, to the nearest, but one at least."""
    return max(1, (k * percent + 50) // 100) if percent else 0


def packets(thing: Object) -> Iterator[tuple[Packet, bool]]:
    """The object's packets, each with whether it is there for repair only."""
    info = thing.info
    symbols = encode(thing.data, info, 0 if info.fec == NO_CODE else thing.repair)
    if info.fec == NO_CODE and thing.repair:
        symbols += symbols
    coding = 0 if thing.instance is None else ZLIB
    middle = -(-len(symbols) // 2)
    first, end = {None: (0, len(symbols)), 0: (0, middle), 1: (middle, len(symbols))}[thing.half]
    for index in range(first, end):
        sbn, esi, symbol = symbols[index]
        yield Packet(thing.tsi, thing.toi, info, thing.instance, coding, 0, sbn, esi, symbol), index >= info.k
