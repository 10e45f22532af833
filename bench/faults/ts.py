"""MPEG-TS packets with other times in them (ISO/IEC 13818-1): what a camera's clock may do, done to a film. Pure.

Packets of 188 bytes enter and leave; PCR, PTS and DTS are moved by 90 kHz ticks and wrap at 33 bits, as they must.
"""

from collections.abc import Iterator

SIZE = 188
WRAP = 2**33
PICTURES = range(0xE0, 0xF0)
SOUND = range(0xC0, 0xE0)


def packets(data: bytes) -> Iterator[bytes]:
    """The packets of a transport stream that is nothing but packets."""
    for at in range(0, len(data), SIZE):
        yield data[at : at + SIZE]


def pid(packet: bytes) -> int:
    """Packet identifier (§2.4.3.2)."""
    return int.from_bytes(packet[1:3]) & 0x1FFF


def has_payload(packet: bytes) -> bool:
    """Whether its continuity counter counts (§2.4.3.3)."""
    return bool(packet[3] & 0x10)


def pes(packet: bytes) -> int | None:
    """Where in the packet a PES header with times begins; None where there is none (§2.4.3.7)."""
    if not packet[1] & 0x40 or not has_payload(packet):
        return None
    at = 4 + (1 + packet[4] if packet[3] & 0x20 else 0)
    if at + 14 > SIZE or packet[at : at + 3] != b"\0\0\1" or packet[at + 3] not in (*PICTURES, *SOUND):
        return None
    return at if packet[at + 7] & 0x80 else None


def read(packet: bytes, at: int) -> int:
    """A PTS or DTS, 90 kHz."""
    b = packet[at : at + 5]
    return (b[0] >> 1 & 7) << 30 | b[1] << 22 | b[2] >> 1 << 15 | b[3] << 7 | b[4] >> 1


def written(prefix: int, ticks: int) -> bytes:
    """A PTS or DTS field with its four bits before."""
    ticks %= WRAP
    return bytes(
        [prefix << 4 | (ticks >> 30 & 7) << 1 | 1, ticks >> 22 & 255, (ticks >> 15 & 127) << 1 | 1, ticks >> 7 & 255,
         (ticks & 127) << 1 | 1]
    )  # fmt: skip


def moved(packet: bytes, ticks: int, sound_ticks: int = 0) -> bytes:
    """The packet with all its times later by `ticks`; those of sound by `sound_ticks` more."""
    out = bytearray(packet)
    if packet[3] & 0x20 and packet[4] and packet[5] & 0x10:  # PCR (§2.4.3.5): 33 bits, 6 reserved, 9 of extension
        value = (int.from_bytes(packet[6:11]) >> 7) + ticks
        out[6:11] = ((value % WRAP) << 7 | int.from_bytes(packet[6:11]) & 0x7F).to_bytes(5)
    if (at := pes(packet)) is not None:
        ticks += sound_ticks if packet[at + 3] in SOUND else 0
        both = packet[at + 7] & 0x40
        out[at + 9 : at + 14] = written(3 if both else 2, read(packet, at + 9) + ticks)
        if both:
            out[at + 14 : at + 19] = written(1, read(packet, at + 14) + ticks)
    return bytes(out)


def due(data: bytes, lead_ticks: int) -> Iterator[tuple[int, bytes]]:
    """Each packet with when it is due: when its unit is to be decoded, less what all times begin with."""
    at_ticks = 0
    for packet in packets(data):
        if (at := pes(packet)) is not None:
            at_ticks = max(at_ticks, read(packet, at + (14 if packet[at + 7] & 0x40 else 9)) - lead_ticks)
        yield max(0, at_ticks), packet
