"""The LCT header (RFC 5651) and its extensions, read and written.

What enters: a datagram's bytes, anyone's. What leaves: session and object numbers, the code point (for ALC the FEC
encoding ID, RFC 5775 §2.1) and the extensions' bodies by type, or BadPacket. Reads every form of the header; writes
one: 32-bit TSI and TOI, no congestion control. Nothing is allocated by what a field promises: a header is 1020 bytes
at most.
"""

import struct
from typing import Literal, NamedTuple

NOP, AUTH, TIME, FTI, FDT, CENC = 0, 1, 2, 64, 192, 193  # header extension types (IANA, LCT)
VERSION_1 = 0x10  # V = 1, C = 0, PSI = 0
WIDE = 0xA0  # S = 1, O = 01, H = 0: TSI and TOI of 32 bits each
CLOSES_SESSION, CLOSES_OBJECT = 0x02, 0x01
FIXED_BYTES = 16  # a header as written here, without extensions
MOST_HEADER_BYTES = 1020

Reason = Literal["length", "header", "tsi", "forged", "replayed", "info", "symbol"]

_WIDE = struct.Struct(">BBBBIII")


class BadPacket(Exception):
    """A datagram that is not taken; `reason` is the name under which it is counted."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


class Header(NamedTuple):
    """A header's fields; `size` in bytes, extensions by type: the body after HET (and HEL, where there is one)."""

    tsi: int
    toi: int
    code_point: int
    size: int
    closes: bool
    ends: bool
    extensions: dict[int, bytes]


def read_header(data: bytes) -> Header:
    """The header at the start of `data`; raises BadPacket("header") (RFC 5651 §5.1)."""
    if len(data) < 8 or data[0] >> 4 != 1:
        raise BadPacket("header")
    flags = data[1]
    size = data[2] * 4
    if flags & 0xFC == WIDE and data[0] & 0x0C == 0:
        if not FIXED_BYTES <= size <= len(data):
            raise BadPacket("header")
        _, _, _, code_point, _, tsi, toi = _WIDE.unpack_from(data)
        at = FIXED_BYTES
    else:
        code_point = data[3]
        tsi, toi, at = _numbers(data, size)
    extensions = _extensions(data, at, size) if at < size else {}
    return Header(tsi, toi, code_point, size, bool(flags & CLOSES_OBJECT), bool(flags & CLOSES_SESSION), extensions)


def _numbers(data: bytes, size: int) -> tuple[int, int, int]:
    """TSI, TOI and where the extensions start, for a header whose numbers have any width."""
    flags = data[1]
    half = 2 if flags & 0x10 else 0
    tsi_bytes = (4 if flags & 0x80 else 0) + half
    toi_bytes = (flags >> 5 & 3) * 4 + half
    tsi_at = 8 + (data[0] >> 2 & 3) * 4
    toi_at = tsi_at + tsi_bytes
    end = toi_at + toi_bytes
    if not end <= size <= len(data):
        raise BadPacket("header")
    return int.from_bytes(data[tsi_at:toi_at], "big"), int.from_bytes(data[toi_at:end], "big"), end


def _extensions(data: bytes, at: int, end: int) -> dict[int, bytes]:
    """Types below 128 tell their length in words, the others are one word (RFC 5651 §5.2); none may come twice."""
    found: dict[int, bytes] = {}
    while at < end:
        het = data[at]
        if het < 128:
            after, body = at + data[at + 1] * 4, at + 2
        else:
            after, body = at + 4, at + 1
        if not body < after <= end or (het in found and het != NOP):
            raise BadPacket("header")
        found[het] = data[body:after]
        at = after
    return found


def write_header(
    tsi: int, toi: int, code_point: int, extensions: bytes = b"", closes: bool = False, ends: bool = False
) -> bytes:
    """A header with `extensions` (whole words, as they stand on the wire) behind its fixed part."""
    size = FIXED_BYTES + len(extensions)
    if size % 4 or size > MOST_HEADER_BYTES:
        raise ValueError(f"header extensions of {len(extensions)} bytes: whole words are needed, 1004 bytes at most")
    flags = WIDE | (CLOSES_OBJECT if closes else 0) | (CLOSES_SESSION if ends else 0)
    return _WIDE.pack(VERSION_1, flags, size // 4, code_point, 0, tsi, toi) + extensions
