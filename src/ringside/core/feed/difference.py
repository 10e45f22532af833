"""What has changed in a text since a version of it that the other end has too: a few bytes, mostly.

Both are cut into pieces, and each is deflated with the same place of the old version, and a little around it, as
dictionary (RFC 1951; zlib's window is 32 kB, and a playlist may be longer). So it does not matter that lines go at the
front while others come at the end. Nothing is believed: what is restored is never larger than was said.
"""

import struct
import zlib
from itertools import pairwise

PIECE = 16 << 10  # bytes
AROUND = 4 << 10  # bytes of the old version before and behind a piece's place: what may have moved by so much is found
SIZE = struct.Struct(">H")
_RAW = -15  # a window of 32 kB, without header and checksum: what carries it is signed


class BadDifference(Exception):
    """Bytes that are no difference to this old version."""


def difference(new: bytes, old: bytes) -> bytes:
    """What `restored` makes `new` of again."""
    found = bytearray()
    for at, end in pairwise([*range(0, len(new), PIECE), len(new)]):
        packer = zlib.compressobj(6, zlib.DEFLATED, _RAW, 9, zlib.Z_DEFAULT_STRATEGY, _near(old, at))
        packed = packer.compress(new[at:end]) + packer.flush()
        found += SIZE.pack(len(packed)) + packed
    return bytes(found)


def restored(changes: bytes, old: bytes, size: int) -> bytes:
    """The new version, which has `size` bytes: the caller bounds that. Raises BadDifference."""
    new, at = bytearray(), 0
    while len(new) < size:
        if at + SIZE.size > len(changes):
            raise BadDifference
        end = at + SIZE.size + SIZE.unpack_from(changes, at)[0]
        new += _piece(changes[at + SIZE.size : end], _near(old, len(new)), min(PIECE, size - len(new)))
        at = end
    if at != len(changes):
        raise BadDifference
    return bytes(new)


def _near(old: bytes, at: int) -> bytes:
    return old[max(0, at - AROUND) : at + PIECE + AROUND]


def _piece(packed: bytes, near: bytes, size: int) -> bytes:
    unpacker = zlib.decompressobj(_RAW, near)
    try:
        piece = unpacker.decompress(packed, size + 1)
    except zlib.error:
        raise BadDifference from None
    if len(piece) != size or not unpacker.eof or unpacker.unused_data:
        raise BadDifference
    return piece
