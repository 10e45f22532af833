"""A whole ALC/FLUTE packet: read with the receiver's rules, cheapest check first, and written.

What enters: a datagram, anyone's. What leaves: a Packet whose numbers are within bounds, or BadPacket with the reason
to count. Where the session has a MAC nothing behind the session number is looked at before the MAC is good. Whether a
packet is new (its SN) and comes from the right address is the receiver's to say: it knows what came before.
"""

import struct
from typing import NamedTuple

from ringside.core.alc import auth, lct
from ringside.core.alc.auth import Mac
from ringside.core.alc.fti import NO_CODE, RAPTORQ, REED_SOLOMON, Info, read_info, write_info
from ringside.core.alc.lct import BadPacket

LEAST_OWN_BYTES, LEAST_BYTES, MOST_BYTES = 64, 8, 1500  # of a datagram
CODINGS = {0: "", 1: "zlib", 2: "deflate", 3: "gzip"}  # EXT_CENC, RFC 6726 §3.4.3
FDT_VERSION = 2
_ID = struct.Struct(">I")
_ESI_BITS = {NO_CODE: 16, REED_SOLOMON: 8, RAPTORQ: 24}  # of the 32-bit FEC payload ID; the rest is SBN
_TSI = struct.Struct(">8xI")
_SN = struct.Struct(">Q")


class Packet(NamedTuple):
    """One symbol of an object. `fdt`: instance of the FDT this is of (TOI 0); `coding`: of the FDT, a key of CODINGS;
    `sn`: Unix µs, 0 without MAC; `closes`: the object's last packet; `fec`: for packets without info; `ends`: the
    session's last; `symbol` is empty in a packet that only closes."""

    tsi: int
    toi: int
    info: Info | None
    fdt: int | None
    coding: int
    sn: int
    sbn: int
    esi: int
    symbol: memoryview | bytes
    closes: bool = False
    fec: int = NO_CODE
    ends: bool = False


class Rules(NamedTuple):
    """What a receiver takes: `tsis` (empty: any), size of a RaptorQ `symbol` (None: any), `most_bytes` of an object;
    without `mac` it is a foreign session, whose packets may bring no info."""

    tsis: frozenset[int]
    symbol: int | None
    most_bytes: int
    mac: Mac | None


def read(data: bytes, rules: Rules) -> Packet:
    """The packet in this datagram; `symbol` is a view of `data`. Raises BadPacket."""
    mac = rules.mac
    if not (LEAST_OWN_BYTES if mac else LEAST_BYTES) <= len(data) <= MOST_BYTES:
        raise BadPacket("length")
    if mac is not None:
        _authentic(data, rules.tsis, mac)
    header = lct.read_header(data)
    if rules.tsis and header.tsi not in rules.tsis:
        raise BadPacket("tsi")
    fec = header.code_point
    bits = _ESI_BITS.get(fec)
    if bits is None:
        raise BadPacket("header")
    extensions = header.extensions
    body = extensions.get(lct.FTI)
    info = None if body is None else read_info(fec, body)
    if info is None:
        if mac is not None:
            raise BadPacket("info")
    elif info.length > rules.most_bytes or (rules.symbol and fec == RAPTORQ and info.symbol != rules.symbol):
        raise BadPacket("info")
    sn = _SN.unpack_from(data, auth.SN_AT)[0] if mac is not None else 0
    sbn, esi, symbol = _payload(data, header, bits, info)
    fdt, coding = _instance(extensions) if lct.FDT in extensions or header.toi == 0 else (None, 0)
    if symbol and (fdt is None) == (header.toi == 0):
        raise BadPacket("header")
    return Packet(header.tsi, header.toi, info, fdt, coding, sn, sbn, esi, symbol, header.closes, fec, header.ends)


def _authentic(data: bytes, tsis: frozenset[int], mac: Mac) -> None:
    """Raises BadPacket unless the packet has our form, our session number and a good MAC."""
    if data[0] != lct.VERSION_1 or data[1] & 0xFC != lct.WIDE:
        raise BadPacket("header")
    if tsis and _TSI.unpack_from(data)[0] not in tsis:
        raise BadPacket("tsi")
    if not mac.good(data):
        raise BadPacket("forged")


def _payload(data: bytes, header: lct.Header, bits: int, info: Info | None) -> tuple[int, int, memoryview]:
    """SBN, ESI and symbol, checked against the info where there is one."""
    if len(data) == header.size and (header.closes or header.ends):
        return 0, 0, memoryview(b"")
    at = header.size + _ID.size
    if len(data) <= at:
        raise BadPacket("symbol")
    number = _ID.unpack_from(data, header.size)[0]
    sbn, esi = number >> bits, number & (1 << bits) - 1
    if info is not None and (not info.holds(sbn, esi) or not info.fits(sbn, esi, len(data) - at)):
        raise BadPacket("symbol")
    return sbn, esi, memoryview(data)[at:]


def _instance(extensions: dict[int, bytes]) -> tuple[int | None, int]:
    """Instance and content coding of an FDT packet (RFC 6726 §3.4.1, §3.4.3)."""
    body = extensions.get(lct.FDT)
    if body is None:
        return None, 0
    if body[0] >> 4 not in (1, FDT_VERSION):
        raise BadPacket("header")
    coding = extensions.get(lct.CENC, b"\0")[0]
    if coding not in CODINGS:
        raise BadPacket("header")
    return int.from_bytes(body, "big") & 0xFFFFF, coding


def write(packet: Packet, mac: Mac | None) -> bytes:
    """The datagram. With `mac`: EXT_AUTH first, signed, so that the numbers of `packet.sn` must rise."""
    info, fec = packet.info, packet.fec if packet.info is None else packet.info.fec
    extensions = b"" if mac is None else auth.HEAD + _SN.pack(packet.sn) + bytes(auth.END - auth.MAC_AT)
    if packet.fdt is not None:
        extensions += _ID.pack(lct.FDT << 24 | FDT_VERSION << 20 | packet.fdt & 0xFFFFF)
        extensions += bytes((lct.CENC, packet.coding, 0, 0)) if packet.coding else b""
    if info is not None:
        extensions += write_info(info)
    head = lct.write_header(packet.tsi, packet.toi, fec, extensions, packet.closes, packet.ends)
    if packet.symbol:
        head += _ID.pack(packet.sbn << _ESI_BITS[fec] | packet.esi)
    if mac is None:
        return head + packet.symbol
    whole = bytearray(head)
    whole += packet.symbol
    mac.sign(whole)
    return bytes(whole)
