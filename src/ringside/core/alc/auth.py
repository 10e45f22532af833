"""That a packet comes from who holds the key of the group, and only once.

EXT_AUTH of our packets stands first among the extensions, so its place is known before anything is parsed:

    16  HET 1   HEL 7   ASID 1 (4 bits), 0 (3), A = 1   0
    20  SN      64 bits: Unix microseconds at sending, strictly rising
    28  MAC     HMAC-SHA-256 truncated to 128 bits over the whole packet with these 16 bytes zero

It is laid out in the manner of RFC 6584's group MAC; the ASID is private to the session. Whoever holds the key can
forge: what a packet carries is trusted only through the signatures and digests of the news.
"""

import hashlib
import hmac

HEAD = b"\x01\x07\x11\x00"
AT = 16  # where EXT_AUTH starts, bytes
SN_AT, MAC_AT, END = AT + 4, AT + 12, AT + 28
EXTENSION_BYTES = END - AT
KEY_BYTES = 32
_BLOCK = 64  # SHA-256's block, bytes
_ZERO = bytes(END - MAC_AT)


class Mac:
    """Signs and checks packets of one group by its 32-byte key. RFC 2104, the two keyed states made once."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a group key has {KEY_BYTES} bytes, this one {len(key)}")
        padded = key.ljust(_BLOCK, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in padded))

    def sign(self, packet: bytearray) -> None:
        """Write the MAC into a packet that has EXT_AUTH first; the rest must be as it will be sent."""
        packet[MAC_AT:END] = self._digest(packet)

    def good(self, packet: bytes) -> bool:
        """Whether this packet has EXT_AUTH in its place, signed with this key."""
        if len(packet) < END or packet[AT:SN_AT] != HEAD:
            return False
        return hmac.compare_digest(self._digest(packet), packet[MAC_AT:END])

    def _digest(self, packet: bytes | bytearray) -> bytes:
        inner = self._inner.copy()
        inner.update(packet[:MAC_AT] + _ZERO + packet[END:])
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()[: END - MAC_AT]


class Window:
    """Which sequence numbers are new: each once, and none older than `span_us` before the newest.

    The numbers taken are remembered in two sets, by turns: when the newest is a span on, the older set has nothing in
    it that could be taken again and is let go whole. More than `most` in a span shorten the span; memory is bounded.
    """

    def __init__(self, span_us: int = 3_000_000, most: int = 1 << 17) -> None:
        self.newest = 0
        self._span_us = span_us
        self._most = most // 2
        self._young: set[int] = set()
        self._old: set[int] = set()
        self._turned = 0  # the newest when `_old` was young
        self._floor = 0  # all that was let go is at or below it

    def fresh(self, sn: int) -> bool:
        """Whether `sn` (of a packet whose MAC is good) is new; it is not afterwards."""
        if sn <= max(self._floor, self.newest - self._span_us) or sn in self._young or sn in self._old:
            return False
        self._young.add(sn)
        self.newest = max(sn, self.newest)
        if self.newest - self._turned >= self._span_us or len(self._young) >= self._most:
            self._floor, self._turned = self._turned, self.newest
            self._old, self._young = self._young, set()
        return True
