"""One door to forward error correction: an object becomes symbols, and symbols become the object again.

What enters: an object and its Info; on the other side symbols in any order, some lost, some twice. What leaves:
symbols with their numbers; the object. A Gather keeps at most the object's source symbols and as many repair symbols
as its code can use, so its memory is bounded by what the Info's bounds allow. It knows no session, no address and no
time.
"""

from ringside.core.alc import raptor, rs28
from ringside.core.alc.fti import MOST_REPAIR, NO_CODE, RAPTORQ, Info
from ringside.core.alc.lct import BadPacket

MOST_SURPLUS = 64  # RaptorQ symbols kept beyond k; two are enough but once in a million objects

Symbol = bytes | memoryview


def encode(data: bytes, info: Info, repair: int) -> list[tuple[int, int, bytes]]:
    """(SBN, ESI, symbol): all source symbols in order, then `repair` repair symbols (Reed-Solomon: shared among the
    blocks by size, rounded up), or as many as the code has: 256 of RaptorQ. Raises BadPacket("info")."""
    info.checked()
    if len(data) != info.length:
        raise ValueError(f"an object of {len(data)} bytes cannot be sent as one of {info.length}")
    size, place = info.symbol, info.blocks.place
    source = [(*place(i), data[i * size : (i + 1) * size]) for i in range(info.k)]
    if info.fec == NO_CODE:
        return source
    source[-1] = (*source[-1][:2], source[-1][2].ljust(size, b"\0"))
    if not repair:
        return source
    if info.fec == RAPTORQ:
        return source + [
            (0, esi, symbol) for esi, symbol in raptor.repair_symbols(data, info, min(repair, MOST_REPAIR))
        ]
    return source + _parity(source, info, repair)


def _parity(source: list[tuple[int, int, bytes]], info: Info, repair: int) -> list[tuple[int, int, bytes]]:
    blocks = info.blocks
    made: list[tuple[int, int, bytes]] = []
    for sbn in range(blocks.number):
        first, k = blocks.first(sbn), blocks.symbols(sbn)
        share = min(-(-repair * k // info.k), info.most - k)
        known = {esi: symbol for _, esi, symbol in source[first : first + k]}
        wanted = range(k, k + share)
        made += [(sbn, esi, symbol) for esi, symbol in zip(wanted, rs28.symbols(known, wanted), strict=True)]
    return made


class Gather:
    """One object coming together. `received`: symbols kept so far; `fed_by_fec`: whether it took repair symbols."""

    def __init__(self, info: Info) -> None:
        self.info = info.checked()
        self.received = 0
        self.fed_by_fec = False
        self.data: bytes | None = None
        self._k = info.k
        self._source: dict[int, Symbol] = {}  # by index in the object
        self._repair: dict[int, dict[int, Symbol]] = {}  # by SBN, by ESI
        self._have: dict[int, int] = {}  # symbols here of each block, both kinds
        self._kept = 0  # symbols in memory
        self._done: set[int] = set()  # blocks of Reed-Solomon that are whole
        self._decoder: raptor.Decoder | None = None

    def __repr__(self) -> str:
        state = "whole" if self.data is not None else f"{self.short} short"
        return f"<Gather {self.info.length} bytes: {self.received} of {self._k} symbols, {state}>"

    @property
    def short(self) -> int:
        """How many symbols more are needed, if they are the right ones; 0 once the object is whole."""
        if self.data is not None:
            return 0
        if self.info.fec == RAPTORQ:
            return max(1, self._k - self.received)
        if self.info.fec == NO_CODE:
            return self._k - len(self._source)
        blocks = self.info.blocks
        return sum(max(0, blocks.symbols(sbn) - self._have.get(sbn, 0)) for sbn in range(blocks.number))

    @property
    def kept_bytes(self) -> int:
        """Memory that symbols take here, without the object once it is whole."""
        return self._kept * self.info.symbol

    def missing(self) -> list[int]:
        """Which source symbols are not here, by their index in the object, ascending."""
        if self.data is not None:
            return []
        return [index for index in range(self._k) if index not in self._source]

    def put(self, sbn: int, esi: int, symbol: Symbol) -> bytes | None:
        """The object, once and as soon as it is whole. Duplicates change nothing; raises BadPacket("symbol") for one
        that this object cannot have. `symbol` is kept as it is and must not change afterwards."""
        info = self.info
        if not info.holds(sbn, esi) or not info.fits(sbn, esi, len(symbol)):
            raise BadPacket("symbol")
        if self.data is not None:
            return None
        first, k = (0, self._k) if info.fec == RAPTORQ else (info.blocks.first(sbn), info.blocks.symbols(sbn))
        if not (self._put_source(first + esi, symbol) if esi < k else self._put_repair(sbn, esi, symbol)):
            return None
        self.received += 1
        self._kept += 1
        self._have[sbn] = self._have.get(sbn, 0) + 1
        if len(self._source) == self._k:
            return self._joined()
        if info.fec == NO_CODE or self._have[sbn] < k or sbn in self._done:
            return None
        return self._raptorq(esi, symbol) if info.fec == RAPTORQ else self._reed_solomon(sbn, first, k)

    def mend(self, offset: int, data: bytes) -> bytes | None:
        """The same for a piece of the object from elsewhere: every source symbol that lies whole in these bytes."""
        info, size = self.info, self.info.symbol
        end = offset + len(data)
        for index in range(-(-offset // size), self._k):
            stop = min((index + 1) * size, info.length)
            if stop > end:
                break
            piece = data[index * size - offset : stop - offset]
            whole = self.put(*info.blocks.place(index), piece if info.fec == NO_CODE else piece.ljust(size, b"\0"))
            if whole is not None:
                return whole
        return None

    def _joined(self) -> bytes:
        return self._whole(b"".join([self._source[index] for index in range(self._k)])[: self.info.length])

    def _whole(self, data: bytes) -> bytes:
        self.data = data
        self._source, self._repair, self._decoder, self._kept = {}, {}, None, 0
        return data

    def _put_source(self, index: int, symbol: Symbol) -> bool:
        if index in self._source:
            return False
        self._source[index] = symbol
        return True

    def _put_repair(self, sbn: int, esi: int, symbol: Symbol) -> bool:
        """Repair symbols beyond use are dropped: RaptorQ's after k + 64, Reed-Solomon's when a block is done."""
        if sbn in self._done:
            return False
        kept = self._repair.setdefault(sbn, {})
        if esi in kept or (self.info.fec == RAPTORQ and self.received >= self._k + MOST_SURPLUS):
            return False
        kept[esi] = symbol
        return True

    def _raptorq(self, esi: int, symbol: Symbol) -> bytes | None:
        """The decoder is made when k symbols are here; each further one is a further chance."""
        fresh: list[tuple[int, Symbol]] = [(esi, symbol)]
        if self._decoder is None:
            self._decoder = raptor.Decoder(self.info)
            fresh = [*self._source.items(), *self._repair.get(0, {}).items()]
        for number, kept in fresh:
            data = self._decoder.add(number, kept)
            if data is not None:
                self.fed_by_fec = True
                return self._whole(data)
        return None

    def _reed_solomon(self, sbn: int, first: int, k: int) -> bytes | None:
        """A block with k symbols is mended at once; the object is whole when its last block is."""
        repair = self._repair.pop(sbn, {})
        known = {esi: self._source[first + esi] for esi in range(k) if first + esi in self._source}
        missing = [esi for esi in range(k) if esi not in known]
        known |= repair  # exactly k: this is called with the symbol that makes it so
        for esi, symbol in zip(missing, rs28.symbols(known, missing), strict=True):
            self._source[first + esi] = symbol
        self._done.add(sbn)
        self._kept += len(missing) - len(repair)
        self.fed_by_fec |= bool(repair)
        return self._joined() if len(self._source) == self._k else None
