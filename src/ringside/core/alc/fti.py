"""FEC object transmission information: how long an object is and how it is cut, by FEC encoding ID.

What enters: the body of EXT_FTI, or the numbers of an object to send. What leaves: `Info`, whose bounds are checked
before anyone allocates by them: an object is 4 MiB at most, a symbol 64 to 1500 bytes, and RaptorQ (RFC 6330) is one
source block without sub-blocks, as everything below 10 MB is. Also No-Code (RFC 5445) and Reed-Solomon over GF(2^8)
(RFC 5510).
"""

import struct
from dataclasses import dataclass, field
from functools import lru_cache

from ringside.core.alc.blocks import Blocks, partition
from ringside.core.alc.lct import FTI, BadPacket

NO_CODE, REED_SOLOMON, RAPTORQ = 0, 5, 6  # FEC encoding IDs (IANA)
MOST_BYTES = 4 << 20
LEAST_SYMBOL, MOST_SYMBOL = 64, 1500  # bytes
MOST_RAPTORQ_SYMBOL, ALIGNMENT = 1408, 8  # bytes
MOST_RAPTORQ_K = 8192
MOST_REPAIR = 256  # RaptorQ repair symbols of an object; any number could be made, no one needs more
MOST_RS_BLOCK, MOST_RS_SYMBOLS = 200, 255  # of objects sent: leaves 55 of 255 symbols for repair
MOST_NO_CODE_BLOCK = 1024

_NO_CODE = struct.Struct(">HHI")
_RAPTORQ = struct.Struct(">xHBHBxx")


@dataclass(frozen=True, slots=True)
class Info:
    """`length` of the object and size of a `symbol` in bytes; `block`: source symbols of a block at most; `most`:
    symbols of a block at most, repair and all (Reed-Solomon; 0 elsewhere); `k`: source symbols of all blocks."""

    fec: int
    length: int
    symbol: int
    block: int
    most: int = 0
    k: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "k", -(-self.length // self.symbol) if self.symbol else 0)

    @property
    def blocks(self) -> Blocks:
        """How the object is cut into blocks."""
        return partition(self.k, self.block)

    @property
    def last(self) -> int:
        """How many bytes of the last source symbol are the object's."""
        return self.length - (self.k - 1) * self.symbol

    def checked(self, most_bytes: int = MOST_BYTES) -> "Info":
        """Itself, when every number is in its bounds; raises BadPacket("info")."""
        if not 0 < self.length <= min(most_bytes, MOST_BYTES) or not LEAST_SYMBOL <= self.symbol <= MOST_SYMBOL:
            raise BadPacket("info")
        if not _FITS.get(self.fec, _never)(self):
            raise BadPacket("info")
        return self

    def holds(self, sbn: int, esi: int) -> bool:
        """Whether there can be a symbol `esi` in block `sbn`."""
        if self.fec == RAPTORQ:
            return sbn == 0 and 0 <= esi < self.k + MOST_REPAIR
        blocks = self.blocks
        if not 0 <= sbn < blocks.number:
            return False
        return 0 <= esi < (self.most if self.fec == REED_SOLOMON else blocks.symbols(sbn))

    def fits(self, sbn: int, esi: int, size: int) -> bool:
        """Whether a symbol there has `size` bytes: all are whole, but No-Code's last one may be short."""
        if size == self.symbol:
            return True
        return self.fec == NO_CODE and size == self.last and self.blocks.first(sbn) + esi == self.k - 1


def _never(_: Info) -> bool:
    return False


def _no_code(info: Info) -> bool:
    return info.block > 0 and info.most == 0 and info.blocks.number <= 1 << 16 and min(info.block, info.k) <= 1 << 16


def _reed_solomon(info: Info) -> bool:
    return 0 < info.block <= info.most <= MOST_RS_SYMBOLS


def _raptorq(info: Info) -> bool:
    whole = info.symbol % ALIGNMENT == 0 and info.symbol <= MOST_RAPTORQ_SYMBOL
    return whole and info.block == info.k <= MOST_RAPTORQ_K and info.most == 0


_FITS = {NO_CODE: _no_code, REED_SOLOMON: _reed_solomon, RAPTORQ: _raptorq}


def info_of(fec: int, length: int, symbol: int) -> Info:
    """How an object of `length` bytes is sent with this FEC and symbols of `symbol` bytes; raises BadPacket("info")."""
    k = max(1, -(-length // max(1, symbol)))
    block, most = {
        REED_SOLOMON: (min(k, MOST_RS_BLOCK), MOST_RS_SYMBOLS),
        RAPTORQ: (k, 0),
    }.get(fec, (min(k, MOST_NO_CODE_BLOCK), 0))
    return Info(fec, length, symbol, block, most).checked()


@lru_cache(maxsize=256)
def read_info(fec: int, body: bytes) -> Info:
    """EXT_FTI's body (behind HET and HEL); raises BadPacket("info"). All packets of an object bring the same."""
    need = {NO_CODE: 14, REED_SOLOMON: 10, RAPTORQ: 14}.get(fec)
    if need is None or len(body) != need:
        raise BadPacket("info")
    if fec == RAPTORQ:
        symbol, blocks, sub_blocks, alignment = _RAPTORQ.unpack_from(body, 5)
        length = int.from_bytes(body[:5], "big")
        if (blocks, sub_blocks, alignment) != (1, 1, ALIGNMENT) or not symbol:
            raise BadPacket("info")
        return Info(fec, length, symbol, -(-length // symbol)).checked()
    length = int.from_bytes(body[:6], "big")
    if fec == REED_SOLOMON:
        return Info(fec, length, int.from_bytes(body[6:8], "big"), body[8], body[9]).checked()
    _, symbol, block = _NO_CODE.unpack_from(body, 6)
    return Info(fec, length, symbol, block).checked()


def write_info(info: Info) -> bytes:
    """EXT_FTI as it stands on the wire."""
    if info.fec == RAPTORQ:
        return bytes((FTI, 4)) + info.length.to_bytes(5, "big") + _RAPTORQ.pack(info.symbol, 1, 1, ALIGNMENT)
    length = info.length.to_bytes(6, "big")
    if info.fec == REED_SOLOMON:
        return bytes((FTI, 3)) + length + info.symbol.to_bytes(2, "big") + bytes((info.block, info.most))
    return bytes((FTI, 4)) + length + _NO_CODE.pack(0, info.symbol, info.block)
