"""Sample: one frame of a chunk with its bytes and times, and what a decoder has to be told before the first one.

Bytes of a chunk and its Header enter, samples leave, found where each run says they are (ISO/IEC 14496-12 §8.8.8).
"""

from dataclasses import dataclass

from ringside.core.boxes.audio import read_mp4a, read_specific_info
from ringside.core.boxes.box import BoxError, Reader, boxes, each, only
from ringside.core.boxes.chunk import parse_chunk
from ringside.core.boxes.header import Header
from ringside.core.boxes.trun import NON_SYNC_BIT, Trun
from ringside.core.boxes.visual import CONFIGS, read_visual


@dataclass(frozen=True, slots=True)
class Sample:
    """Times are ticks of its track: when it is decoded, and how much later it is shown."""

    decode_ticks: int
    offset_ticks: int
    duration_ticks: int
    key: bool
    data: bytes


def samples(data: bytes, header: Header) -> list[Sample]:
    """The samples of one chunk, in decoding order; BoxError when it contradicts itself or its header."""
    info = parse_chunk(data, header)
    found, at = [], info.start_ticks
    rows = zip(_places(data, info.sizes), info.sizes, info.durations, info.offsets, info.flags, strict=True)
    for where, size, duration, offset, flags in rows:
        found.append(Sample(at, offset, duration, not flags & NON_SYNC_BIT, data[where : where + size]))
        at += duration
    return found


def _places(data: bytes, sizes: tuple[int, ...]) -> list[int]:
    """Where each sample begins; that they lie in the mdat has been checked."""
    moof = next(found for found in boxes(data) if found.type == "moof")
    places: list[int] = []
    at = moof.start
    for found in each(only(moof, "traf"), "trun"):
        run = Trun.from_box(found)
        at = at if run.data_offset is None else moof.start + run.data_offset
        for size in sizes[len(places) : len(places) + run.count]:
            places.append(at)
            at += size
    return places


def chunks(data: bytes) -> list[bytes]:
    """Each chunk of several that stand one behind the other, as they do in a segment."""
    found, at = [], 0
    for each_box in boxes(data):
        if each_box.type == "mdat":
            found.append(data[at : each_box.end])
            at = each_box.end
    return found


def decoder_config(init: bytes) -> bytes:
    """From a CMAF header: the body of avcC, hvcC or av1C, or the AudioSpecificConfig. BoxError where there is none."""
    top = {found.type: found for found in boxes(init)}
    if "moov" not in top:
        raise BoxError("the header has no moov")
    reader = Reader(only(top["moov"], "trak", "mdia", "minf", "stbl", "stsd"))
    reader.skip(8)
    entry = next(reader.rest(), None)
    if entry is not None and entry.type in CONFIGS:
        return bytes(read_visual(entry)[3][CONFIGS[entry.type][0]].body)
    if entry is not None and entry.type == "mp4a":
        return read_specific_info(read_mp4a(entry)[2]["esds"])
    raise BoxError("there is nothing that a decoder can be set up with")
