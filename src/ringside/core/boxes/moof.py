"""moof: a movie fragment, and mfhd, tfhd and tfdt inside it (ISO/IEC 14496-12 §8.8.4 to 8.8.7, §8.8.12).

CMAF (ISO/IEC 23000-19 §7.5.15) wants one traf, and data offsets counted from the moof itself.
"""

from dataclasses import dataclass, replace

from ringside.core.boxes.box import HEADER_BYTES, Box, BoxError, Reader, box, full_box, u32, u64
from ringside.core.boxes.trun import Trun

BASE_DATA_OFFSET = 0x01
DESCRIPTION_INDEX = 0x02
DEFAULT_DURATION = 0x08
DEFAULT_SIZE = 0x10
DEFAULT_FLAGS = 0x20
BASE_IS_MOOF = 0x020000


@dataclass(frozen=True, slots=True)
class Tfhd:
    """A fragment's defaults for its samples; None where it has none and the trex's hold."""

    track_id: int
    default_duration: int | None = None
    default_size: int | None = None
    default_flags: int | None = None

    @classmethod
    def from_box(cls, found: Box) -> "Tfhd":
        """Refuses an absolute base data offset: a live stream has no absolute positions."""
        reader = Reader(found)
        _, flags = reader.full()
        track_id = reader.u(4)
        if flags & BASE_DATA_OFFSET:
            raise BoxError("tfhd has an absolute data offset; a live stream needs default-base-is-moof")
        if flags & DESCRIPTION_INDEX:
            reader.skip(4)
        masks = (DEFAULT_DURATION, DEFAULT_SIZE, DEFAULT_FLAGS)
        return cls(track_id, *(reader.u(4) if flags & mask else None for mask in masks))

    def to_bytes(self) -> bytes:
        """The box, with default-base-is-moof."""
        fields = (
            (DEFAULT_DURATION, self.default_duration),
            (DEFAULT_SIZE, self.default_size),
            (DEFAULT_FLAGS, self.default_flags),
        )
        present = [(mask, value) for mask, value in fields if value is not None]
        flags = BASE_IS_MOOF | sum(mask for mask, _ in present)
        return full_box("tfhd", 0, flags, u32(self.track_id), *(u32(value) for _, value in present))


def sequence(mfhd: Box) -> int:
    """The fragment's sequence number."""
    reader = Reader(mfhd)
    reader.full()
    return reader.u(4)


def decode_ticks(tfdt: Box) -> int:
    """Decode time of the fragment's first sample, in ticks of its track."""
    reader = Reader(tfdt)
    version, _ = reader.full()
    return reader.u(8 if version else 4)


def write_tfdt(ticks: int) -> bytes:
    """tfdt, always version 1: 64 bits."""
    return full_box("tfdt", 1, 0, u64(ticks))


def write_moof(sequence: int, tfhd: Tfhd, start_ticks: int, trun: Trun) -> bytes:
    """The moof of one chunk, whose trun points just behind the header of an mdat that follows at once."""
    mfhd = full_box("mfhd", 0, 0, u32(sequence))
    head = tfhd.to_bytes() + write_tfdt(start_ticks)
    run = replace(trun, data_offset=0).to_bytes()
    size = 2 * HEADER_BYTES + len(mfhd) + len(head) + len(run)
    run = replace(trun, data_offset=size + HEADER_BYTES).to_bytes()
    return box("moof", mfhd, box("traf", head, run))
