"""Header: what a CMAF header (ftyp + moov) says of its one track (ISO/IEC 23000-19 §7.3.2.1).

Bytes enter, a Header leaves; anything that is not one track of a codec we carry is refused in one sentence.
"""

from dataclasses import dataclass

from ringside.core.boxes import btrt
from ringside.core.boxes.audio import read_mp4a
from ringside.core.boxes.box import Box, BoxError, Reader, boxes, each, legible, only
from ringside.core.boxes.moov import unpack
from ringside.core.boxes.visual import CONFIGS, read_visual
from ringside.core.media import Kind

HANDLERS: dict[str, Kind] = {"vide": "video", "soun": "audio"}


@dataclass(frozen=True, slots=True)
class Header:
    """One track as its header describes it. Rates are 0 where the header leaves them unsaid.

    `edit_ticks` is the media time at which an edit list starts the presentation (encoder delay), 0 without one.
    The defaults are the trex's, for samples whose fragment does not say.
    """

    kind: Kind
    codec: str
    timescale: int
    track_id: int
    width: int
    height: int
    sample_rate: int
    channels: int
    language: str
    bandwidth_bps: int
    average_bps: int
    default_duration: int
    default_size: int
    default_flags: int
    edit_ticks: int = 0


def parse_init(data: bytes) -> Header:
    """The header in `data`, an ftyp and a moov; BoxError says what is wrong with it."""
    top = {found.type: found for found in boxes(data)}
    if "moov" not in top:
        raise BoxError("the header has no moov")
    moov = top["moov"]
    traks = each(moov, "trak")
    if len(traks) != 1:
        raise BoxError(f"{len(traks)} tracks in one header; send one track per request")
    trak = traks[0]
    timescale, language = _mdhd(only(trak, "mdia", "mdhd"))
    kind = _kind(only(trak, "mdia", "hdlr"))
    track_id = _track_id(only(trak, "tkhd"))
    entry = _entry(only(trak, "mdia", "minf", "stbl", "stsd"))
    codec, width, height, sample_rate, channels, rates = _describe(kind, entry)
    return Header(
        kind, codec, timescale, track_id, width, height, sample_rate, channels, language, *rates,
        *_trex(moov, track_id), _edit_ticks(trak),
    )  # fmt: skip


def _track_id(tkhd: Box) -> int:
    reader = Reader(tkhd)
    version, _ = reader.full()
    reader.skip(16 if version else 8)
    return reader.u(4)


def _mdhd(mdhd: Box) -> tuple[int, str]:
    reader = Reader(mdhd)
    version, _ = reader.full()
    reader.skip(16 if version else 8)
    timescale = reader.u(4)
    if not timescale:
        raise BoxError("mdhd has a timescale of 0")
    reader.skip(8 if version else 4)
    return timescale, unpack(reader.u(2))


def _kind(hdlr: Box) -> Kind:
    reader = Reader(hdlr)
    reader.skip(8)
    handler = reader.bytes(4).decode("latin-1")
    if handler not in HANDLERS:
        raise BoxError(f"a {legible(handler)} track is neither video nor audio")
    return HANDLERS[handler]


def _entry(stsd: Box) -> Box:
    reader = Reader(stsd)
    reader.skip(8)
    entries = list(reader.rest())
    if len(entries) != 1:
        raise BoxError(f"stsd has {len(entries)} sample entries instead of one")
    return entries[0]


def _describe(kind: Kind, entry: Box) -> tuple[str, int, int, int, int, tuple[int, int]]:
    if kind == "audio" and entry.type == "mp4a":
        config, rates, inside = read_mp4a(entry)
        rates = btrt.rates(inside["btrt"]) if "btrt" in inside else rates
        return config.codec, 0, 0, config.sample_rate, config.channels, rates
    if kind == "video" and entry.type in CONFIGS:
        codec, width, height, inside = read_visual(entry)
        return codec, width, height, 0, 0, btrt.rates(inside["btrt"]) if "btrt" in inside else (0, 0)
    raise BoxError(f"{kind} codec {legible(entry.type)} is not supported; send H.264, HEVC or AV1, and AAC")


def _trex(moov: Box, track_id: int) -> tuple[int, int, int]:
    if not each(moov, "mvex"):
        raise BoxError("the moov has no mvex: this is a plain MP4, not a fragmented one")
    for trex in each(only(moov, "mvex"), "trex"):
        reader = Reader(trex)
        reader.full()
        if reader.u(4) == track_id:
            reader.skip(4)
            return reader.u(4), reader.u(4), reader.u(4)
    raise BoxError(f"mvex has no trex for track {track_id}")


def _edit_ticks(trak: Box) -> int:
    if not each(trak, "edts") or not each(only(trak, "edts"), "elst"):
        return 0
    reader = Reader(only(trak, "edts", "elst"))
    version, _ = reader.full()
    width = 8 if version else 4
    for _ in range(min(reader.u(4), 16)):
        reader.skip(width)
        start = reader.u(width)
        reader.skip(4)
        if start >> (8 * width - 1) == 0:  # otherwise -1: an empty edit
            return start
    return 0
