"""Is a coded picture truly independent? Judged by its NAL units, not by what the container flags claim.

A sample's bytes enter, a verdict leaves: True, False, or None where it cannot be told (another codec, encrypted, no
picture in it). ITU-T H.264 table 7-1 and H.265 table 7-1; ISO/IEC 14496-15 §5.3 and §8.3.
"""

from collections.abc import Iterator

MAX_UNITS = 256  # enough for any access unit; a hostile one is not followed further
AVC_SLICES, AVC_IDR = range(1, 6), 5
HEVC_PICTURES, HEVC_RANDOM_ACCESS = range(32), range(16, 22)  # BLA, IDR and CRA


def length_prefixed(sample: bytes | memoryview, length_bytes: int) -> Iterator[memoryview]:
    """The NAL units of a sample as ISO/IEC 14496-15 stores them; ends where a length leads outside."""
    view, at = memoryview(sample), 0
    for _ in range(MAX_UNITS):
        size = int.from_bytes(view[at : at + length_bytes], "big")
        at += length_bytes
        if not size or at + size > len(view):
            return
        yield view[at : at + size]
        at += size


def independent(codec: str, units: Iterator[memoryview]) -> bool | None:
    """Whether decoding can start at this access unit, by the type of its first picture."""
    for unit in units:
        if codec == "avc" and unit[0] & 0x1F in AVC_SLICES:
            return unit[0] & 0x1F == AVC_IDR
        if codec == "hevc" and unit[0] >> 1 & 0x3F in HEVC_PICTURES:
            return unit[0] >> 1 & 0x3F in HEVC_RANDOM_ACCESS
    return None


def family(entry: str) -> str:
    """`avc`, `hevc` or nothing, by the name of the sample entry."""
    return {"avc1": "avc", "avc3": "avc", "hvc1": "hevc", "hev1": "hevc"}.get(entry, "")
