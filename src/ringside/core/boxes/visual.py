"""Video sample entries: avc1, avc3, hvc1, hev1 and av01, and the codec string each one means.

Read: H.264 (ISO/IEC 14496-15 §5), HEVC (§8) and AV1 (the AV1 binding to ISO BMFF). Written: avc1 alone, with its
parameter sets in avcC, as that is what the encoder makes. Codec strings follow RFC 6381 and the bindings' annexes.
"""

from collections.abc import Sequence

from ringside.core.boxes.box import Box, BoxError, Reader, box, u8, u16, u32
from ringside.core.boxes.sps import HIGH_PROFILES, Sps

FIELDS_BYTES = 78  # VisualSampleEntry ahead of its boxes, §12.1.3


def avc_codec(type: str, config: Box) -> str:
    """From avcC, e.g. `avc1.64001F`."""
    reader = Reader(config)
    reader.skip(1)
    return f"{type}.{reader.bytes(3).hex().upper()}"


def hevc_codec(type: str, config: Box) -> str:
    """From hvcC, e.g. `hvc1.1.6.L93.B0` (ISO/IEC 14496-15 annex E.3)."""
    reader = Reader(config)
    reader.skip(1)
    profile, compatibility = reader.u(1), reader.u(4)
    constraints, level = reader.bytes(6).rstrip(b"\0"), reader.u(1)
    space, tier = ("", "A", "B", "C")[profile >> 6], "H" if profile & 0x20 else "L"
    mirrored = int(f"{compatibility:032b}"[::-1], 2)
    fields = [type, f"{space}{profile & 0x1F}", f"{mirrored:X}", f"{tier}{level}", *(f"{b:X}" for b in constraints)]
    return ".".join(fields)


def av1_codec(type: str, config: Box) -> str:
    """From av1C, e.g. `av01.0.04M.08`."""
    reader = Reader(config)
    reader.skip(1)
    first, second = reader.u(1), reader.u(1)
    depth = 8 if not second & 0x40 else 12 if second & 0x20 else 10
    return f"{type}.{first >> 5}.{first & 0x1F:02d}{'H' if second & 0x80 else 'M'}.{depth:02d}"


CONFIGS = {
    "avc1": ("avcC", avc_codec),
    "avc3": ("avcC", avc_codec),
    "hvc1": ("hvcC", hevc_codec),
    "hev1": ("hvcC", hevc_codec),
    "av01": ("av1C", av1_codec),
}


def read_visual(entry: Box) -> tuple[str, int, int, dict[str, Box]]:
    """(codec, width, height, boxes inside) of a video sample entry of one of the `CONFIGS`."""
    reader = Reader(entry)
    reader.skip(24)
    width, height = reader.u(2), reader.u(2)
    reader.skip(FIELDS_BYTES - 28)
    inside = {child.type: child for child in reader.rest()}
    name, codec = CONFIGS[entry.type]
    if name not in inside:
        raise BoxError(f"{entry.type} has no {name}")
    return codec(entry.type, inside[name]), width, height, inside


def write_avcc(sps: Sequence[bytes], pps: Sequence[bytes]) -> bytes:
    """avcC from whole NAL units; the codec's facts are those of the first SPS (ISO/IEC 14496-15 §5.3.3.1)."""
    facts = Sps.from_nal(sps[0])
    sets = [u8(0xE0 | len(sps)), *(u16(len(n)) + n for n in sps), u8(len(pps)), *(u16(len(n)) + n for n in pps)]
    if facts.profile in HIGH_PROFILES:
        sets.append(bytes([0xFC | facts.chroma, 0xF8 | facts.luma_bits - 8, 0xF8 | facts.chroma_bits - 8, 0]))
    return box("avcC", u8(1), sps[0][1:4], u8(0xFF), *sets)


def write_avc1(width: int, height: int, avcc: bytes, *more: bytes) -> bytes:
    """avc1 for pictures of `width` by `height`, with avcC and `more` boxes."""
    density = u32(72 << 16) * 2
    fields = (bytes(6), u16(1), bytes(16), u16(width), u16(height), density, u32(0), u16(1), bytes(32), u16(24))
    return box("avc1", *fields, u16(0xFFFF), avcc, *more)


def write_pasp(across: int, down: int) -> bytes:
    """pasp: the shape of a pixel (ISO/IEC 14496-12 §12.1.4)."""
    return box("pasp", u32(across), u32(down))


def write_colr(primaries: int, transfer: int, matrix: int, full_range: bool) -> bytes:
    """colr, of type nclx: what the numbers of a pixel mean (§12.1.5)."""
    return box("colr", b"nclx", u16(primaries), u16(transfer), u16(matrix), u8(0x80 if full_range else 0))
