"""One CMAF chunk as bytes: styp prft moof mdat (ISO/IEC 23000-19 §7.3.2.3).

Samples on a grid enter, bytes leave. All of it follows from the samples and their place on the grid, so that two
encoders write the same chunk bit by bit. The moof's sequence number is the first frame's index, modulo 2^32.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ringside.core.boxes import ftyp
from ringside.core.boxes.box import box, boxes
from ringside.core.boxes.moof import Tfhd, write_moof
from ringside.core.boxes.moov import TRACK_ID
from ringside.core.boxes.prft import Prft
from ringside.core.boxes.trun import NON_SYNC, SYNC, Trun
from ringside.core.media import Grid


@dataclass(frozen=True, slots=True)
class Sample:
    """What a frame is inside an mdat: length-prefixed H.264, or raw AAC. It lasts for `frames` of its grid."""

    key: bool
    data: bytes
    frames: int = 1


def write_chunk(grid: Grid, index: int, samples: Sequence[Sample], opens_segment: bool) -> bytes:
    """The chunk of `samples`, the first of which is frame `index` of `grid`."""
    ticks = index * grid.frame_ticks
    styp = ftyp.write("styp", ftyp.SEGMENT if opens_segment else ftyp.CHUNK)
    prft = Prft(TRACK_ID, grid.start_ns(index), ticks).to_bytes()
    default, run = _run(grid, samples)
    tfhd = Tfhd(TRACK_ID, default_duration=grid.frame_ticks, default_flags=default)
    moof = write_moof(index & 0xFFFF_FFFF, tfhd, ticks, run)
    return b"".join((styp, prft, moof, box("mdat", *(sample.data for sample in samples))))


def mark_last(chunk: bytes) -> bytes:
    """The same chunk, with the brand that says nothing follows it (`lmsg`, ISO/IEC 23009-1 §6.3.4.3)."""
    styp = next(boxes(chunk))
    return ftyp.write("styp", *ftyp.brands(styp), ftyp.LAST) + chunk[styp.end :]


def _run(grid: Grid, samples: Sequence[Sample]) -> tuple[int, Trun]:
    """(flags most samples have, trun that says how the others differ)."""
    default = NON_SYNC if grid.kind == "video" else SYNC
    flags = tuple(SYNC if sample.key else NON_SYNC for sample in samples) if grid.kind == "video" else ()
    sizes = tuple(len(sample.data) for sample in samples)
    uneven = any(sample.frames != 1 for sample in samples)
    durations = tuple(sample.frames * grid.frame_ticks for sample in samples) if uneven else None
    if any(flag != default for flag in flags[1:]):
        return default, Trun(len(samples), durations=durations, sizes=sizes, flags=flags)
    first = flags[0] if flags and flags[0] != default else None
    return default, Trun(len(samples), first_flags=first, durations=durations, sizes=sizes)
