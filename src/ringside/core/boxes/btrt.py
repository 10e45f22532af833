"""btrt: the bit rates of a sample entry (ISO/IEC 14496-12 §8.5.2)."""

from ringside.core.boxes.box import Box, Reader, box, u32


def rates(found: Box) -> tuple[int, int]:
    """(peak, average) in bits a second."""
    reader = Reader(found)
    reader.skip(4)
    return reader.u(4), reader.u(4)


def write(bandwidth_bps: int, average_bps: int) -> bytes:
    """A btrt box; the decoding buffer's size is left unsaid."""
    return box("btrt", u32(0), u32(bandwidth_bps), u32(average_bps))
