"""RaptorQ (RFC 6330) by the `raptorq` package: the only module that calls it, and only with what fti.py has checked.

What enters: an object of at most 4 MiB as one source block, symbols of exactly T bytes, each number once. What
leaves: symbols, or the object. The package panics, or takes all memory, for numbers out of bounds; its panic is a
BaseException. Whatever gets through all the same is translated here, once, by its name: the type cannot be imported.
"""

from collections.abc import Callable
from typing import Any

from raptorq import Decoder as _Decoder
from raptorq import Encoder as _Encoder

from ringside.core.alc.fti import RAPTORQ, Info
from ringside.core.alc.lct import BadPacket

_ID_BYTES = 4


def repair_symbols(data: bytes, info: Info, repair: int) -> list[tuple[int, bytes]]:
    """(ESI, symbol) of `repair` repair symbols, from ESI k on. About 1 µs a kB; holds the GIL."""
    _sound(info)
    packets = _asked(lambda: _Encoder.with_defaults(data, info.symbol).get_encoded_packets(repair))
    return [(int.from_bytes(packet[1:_ID_BYTES], "big"), packet[_ID_BYTES:]) for packet in packets[info.k :]]


class Decoder:
    """One object, from symbols of any kind; give each number once."""

    def __init__(self, info: Info) -> None:
        _sound(info)
        self._info = info
        self._decoder = _asked(lambda: _Decoder.with_defaults(info.length, info.symbol))

    def add(self, esi: int, symbol: bytes | memoryview) -> bytes | None:
        """The object, once the symbols so far suffice: mostly k of them."""
        if len(symbol) != self._info.symbol or not self._info.holds(0, esi):
            raise BadPacket("symbol")
        packet = esi.to_bytes(_ID_BYTES, "big") + symbol
        data: bytes | None = _asked(lambda: self._decoder.decode(packet))
        return data


def _sound(info: Info) -> None:
    if info.fec != RAPTORQ:
        raise BadPacket("info")
    info.checked()


def _asked(call: Callable[[], Any]) -> Any:
    """What the package answers; a panic of it is a symbol that it could not take."""
    try:
        return call()
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise BadPacket("symbol") from None
        raise
