"""trun: the samples of a fragment: durations, sizes, flags, composition offsets (ISO/IEC 14496-12 §8.8.8).

Whatever a trun leaves out comes from the tfhd, or from the trex; here it is None.
"""

import struct
from dataclasses import dataclass

from ringside.core.boxes.box import Box, BoxError, Reader, full_box, u32

DATA_OFFSET = 0x0001
FIRST_FLAGS = 0x0004
DURATION = 0x0100
SIZE = 0x0200
FLAGS = 0x0400
COMPOSITION = 0x0800

SYNC = 0x0200_0000  # sample_depends_on = 2: on no other
NON_SYNC = 0x0101_0000  # depends on another, and is no sync sample
NON_SYNC_BIT = 0x0001_0000

MAX_SAMPLES = 65_536  # a trun without per-sample fields could claim 2^32 of them in 16 bytes

Column = tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Trun:
    """A run of `count` samples; `data_offset` counts from the moof's first byte."""

    count: int
    data_offset: int | None = None
    first_flags: int | None = None
    durations: Column = None
    sizes: Column = None
    flags: Column = None
    offsets: Column = None  # composition offsets, ticks

    @classmethod
    def from_box(cls, found: Box) -> "Trun":
        """Versions 0 (offsets unsigned) and 1 (signed)."""
        reader = Reader(found)
        version, flags = reader.full()
        count = reader.u(4)
        if count > MAX_SAMPLES:
            raise BoxError(f"trun claims {count} samples; {MAX_SAMPLES} is the most in one chunk")
        data_offset = _signed(reader.u(4)) if flags & DATA_OFFSET else None
        first_flags = reader.u(4) if flags & FIRST_FLAGS else None
        present = [mask for mask in (DURATION, SIZE, FLAGS, COMPOSITION) if flags & mask]
        rows = struct.unpack(f">{count * len(present)}I", reader.bytes(4 * count * len(present)))
        columns = {mask: rows[at :: len(present)] for at, mask in enumerate(present)}
        offsets = columns.get(COMPOSITION)
        if offsets is not None and version:
            offsets = tuple(_signed(offset) for offset in offsets)
        sizes, sample_flags = columns.get(SIZE), columns.get(FLAGS)
        return cls(count, data_offset, first_flags, columns.get(DURATION), sizes, sample_flags, offsets)

    def to_bytes(self) -> bytes:
        """The box, version 1."""
        columns = ((DURATION, self.durations), (SIZE, self.sizes), (FLAGS, self.flags), (COMPOSITION, self.offsets))
        present = [(mask, column) for mask, column in columns if column is not None]
        flags, head = sum(mask for mask, _ in present), b""
        if self.data_offset is not None:
            flags, head = flags | DATA_OFFSET, head + u32(self.data_offset & 0xFFFF_FFFF)
        if self.first_flags is not None:
            flags, head = flags | FIRST_FLAGS, head + u32(self.first_flags)
        rows = [value & 0xFFFF_FFFF for row in zip(*(column for _, column in present), strict=True) for value in row]
        return full_box("trun", 1, flags, u32(self.count), head, struct.pack(f">{len(rows)}I", *rows))


def _signed(value: int) -> int:
    return value - (1 << 32) if value >> 31 else value
