"""ftyp and styp: the brands that say what a file or a segment keeps to (ISO/IEC 14496-12 §4.3, §8.16.2).

CMAF's brands (ISO/IEC 23000-19 §7.2): `cmfc` for a track, `cmfs` opens a segment, `cmfl` is a later chunk of it;
DASH's `lmsg` (ISO/IEC 23009-1 §6.3.4.3) marks the last segment of all.
"""

from ringside.core.boxes.box import Box, Reader, box, boxes, u32

SEGMENT, CHUNK, LAST = "cmfs", "cmfl", "lmsg"


def brands(found: Box) -> tuple[str, ...]:
    """The major brand and the compatible ones, each once."""
    reader = Reader(found)
    major = reader.bytes(4)
    reader.skip(4)
    listed = [reader.bytes(4) for _ in range(reader.left // 4)]
    return tuple(dict.fromkeys(brand.decode("latin-1") for brand in (major, *listed)))


def write(type: str, major: str, *compatible: str) -> bytes:
    """An ftyp or styp box: `major` first, and among the compatible brands as it should be."""
    names = (major, *compatible)
    return box(type, major.encode(), u32(0), *(name.encode() for name in names))


def without(chunk: bytes, brand: str) -> bytes:
    """The chunk, whose styp does not name that brand any more."""
    for found in boxes(chunk):
        if found.type == "styp" and brand in (named := brands(found)):
            styp = write("styp", *(each for each in named if each != brand))
            return chunk[: found.start] + styp + chunk[found.end :]
        if found.type == "moof":
            break
    return chunk
