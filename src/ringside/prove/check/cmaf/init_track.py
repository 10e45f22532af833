"""InitTrack: what a header says of one of its tracks (ISO/IEC 14496-12 §8.3 to §8.8), as far as it can be read.

A trak enters, facts leave. Codecs that nobody here carries are named by their sample entry alone.
"""

from dataclasses import dataclass

from ringside.core.boxes import BoxError
from ringside.core.boxes.audio import read_mp4a
from ringside.core.boxes.box import Box, Reader, each, legible, only
from ringside.core.boxes.visual import CONFIGS, read_visual

COUNTED = ("stts", "stsc", "stco", "co64")  # tables whose entry count follows version and flags
MAX_EDITS = 64


@dataclass(frozen=True, slots=True)
class InitTrack:
    """One track of a header. `codec` is RFC 6381's, empty where it is not known how to tell.

    `trex` holds the defaults (duration, size, flags), None without one for this track. `edits` are (duration, media
    time) of each entry, -1 for an empty edit. `samples` counts what the sample tables claim to hold.
    """

    track_id: int
    handler: str = ""
    timescale: int = 0
    duration: int = 0
    entry: str = ""
    codec: str = ""
    width: int = 0
    height: int = 0
    nal_length: int = 4
    samples: int = 0
    edits: tuple[tuple[int, int], ...] = ()
    trex: tuple[int, int, int] | None = None

    @property
    def skipped_ticks(self) -> int:
        """Media time at which the edit list begins the presentation."""
        return next((start for _, start in self.edits if start > 0), 0)


def read_trak(trak: Box, trexes: list[Box]) -> InitTrack:
    """The facts of a trak; BoxError where it is cut short or a mandatory box is missing."""
    tkhd = Reader(only(trak, "tkhd"))
    version, _ = tkhd.full()
    tkhd.skip(16 if version else 8)
    track_id = tkhd.u(4)
    tkhd.skip(4)
    duration = tkhd.u(8 if version else 4)
    mdhd = Reader(only(trak, "mdia", "mdhd"))
    version, _ = mdhd.full()
    mdhd.skip(16 if version else 8)
    timescale = mdhd.u(4)
    hdlr = Reader(only(trak, "mdia", "hdlr"))
    hdlr.skip(8)
    handler = hdlr.bytes(4).decode("latin-1")
    table = only(trak, "mdia", "minf", "stbl")
    entry, codec, width, height, nal_length = _entry(only(table, "stsd"))
    return InitTrack(
        track_id, handler, timescale, duration, entry, codec, width, height, nal_length, _samples(table), _edits(trak),
        _trex(trexes, track_id),
    )  # fmt: skip


def _entry(stsd: Box) -> tuple[str, str, int, int, int]:
    """(sample entry, codec, width, height, bytes of a NAL length)."""
    reader = Reader(stsd)
    reader.skip(8)
    entries = list(reader.rest())
    if not entries:
        return "", "", 0, 0, 4
    entry, name = entries[0], legible(entries[0].type)
    try:
        if entry.type == "mp4a":
            return name, read_mp4a(entry)[0].codec, 0, 0, 4
        if entry.type in CONFIGS:
            codec, width, height, inside = read_visual(entry)
            return name, codec, width, height, _nal_length(inside)
    except BoxError:
        pass  # its codec stays unknown: the entry alone is told
    return name, "", 0, 0, 4


def _nal_length(inside: dict[str, Box]) -> int:
    for config, at in (("avcC", 4), ("hvcC", 21)):
        if config in inside and len(inside[config].body) > at:
            return (inside[config].body[at] & 3) + 1
    return 4


def _samples(table: Box) -> int:
    claimed = 0
    for name in COUNTED:
        for box in each(table, name):
            reader = Reader(box)
            reader.full()
            claimed += reader.u(4)
    for box in each(table, "stsz"):
        reader = Reader(box)
        reader.skip(8)
        claimed += reader.u(4)
    return claimed


def _edits(trak: Box) -> tuple[tuple[int, int], ...]:
    lists = [elst for edts in each(trak, "edts") for elst in each(edts, "elst")]
    if not lists:
        return ()
    reader = Reader(lists[0])
    version, _ = reader.full()
    width, found = 8 if version else 4, []
    for _ in range(min(reader.u(4), MAX_EDITS)):
        duration, start = reader.u(width), reader.u(width)
        reader.skip(4)
        found.append((duration, start - (1 << 8 * width) if start >> (8 * width - 1) else start))
    return tuple(found)


def _trex(trexes: list[Box], track_id: int) -> tuple[int, int, int] | None:
    for box in trexes:
        reader = Reader(box)
        reader.full()
        if reader.u(4) == track_id:
            reader.skip(4)
            return reader.u(4), reader.u(4), reader.u(4)
    return None
