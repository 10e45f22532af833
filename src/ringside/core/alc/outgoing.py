"""Files as the packets of a plain FLUTE session, for any FLUTE receiver: no MAC, the FDT first.

What enters: files with their objects. What leaves: datagrams, in the order in which they are to be sent; pace and
address are whoever's sends them. Each packet brings its object's information, so a receiver may join anywhere.
"""

import zlib
from collections.abc import Iterator, Sequence

from ringside.core.alc.fdt import File, write_fdt
from ringside.core.alc.fec import encode
from ringside.core.alc.fti import NO_CODE, info_of
from ringside.core.alc.packet import Packet, write


def table(tsi: int, files: Sequence[File], instance: int, expires_ntp: int, symbol: int = 1280) -> list[bytes]:
    """An FDT instance as datagrams, zlib-coded: one for half a dozen files."""
    data = zlib.compress(write_fdt(files, expires_ntp), 9)
    info = info_of(NO_CODE, len(data), symbol)
    blank = Packet(tsi, 0, info, instance, 1, 0, 0, 0, b"")
    return [write(blank._replace(sbn=sbn, esi=esi, symbol=piece), None) for sbn, esi, piece in encode(data, info, 0)]


def packets(
    tsi: int, objects: Sequence[tuple[File, bytes]], repair_percent: int, tables: list[bytes]
) -> Iterator[bytes]:
    """`tables`, then each object (its File must have its info) with repair symbols, then `tables` again."""
    yield from tables
    for file, data in objects:
        if file.info is None:
            raise ValueError(f"{file.location} has no FEC information: info_of() makes it")
        repair = -(-file.info.k * repair_percent // 100)
        for sbn, esi, symbol in encode(data, file.info, repair):
            yield write(Packet(tsi, file.toi, file.info, None, 0, 0, sbn, esi, symbol), None)
    yield from tables
