"""ChunkInfo: what one CMAF chunk says of itself (ISO/IEC 23000-19 §7.3.2.3): [styp] [prft] [emsg] moof mdat.

Bytes and the track's Header enter, facts leave. The samples' own bytes are not looked at, only that they are there.
"""

from dataclasses import dataclass
from typing import Any

from ringside.core.boxes import ftyp, moof
from ringside.core.boxes.box import Box, BoxError, boxes, each, only
from ringside.core.boxes.header import Header
from ringside.core.boxes.prft import Prft
from ringside.core.boxes.trun import NON_SYNC_BIT, Trun


@dataclass(frozen=True, slots=True)
class ChunkInfo:
    """One chunk's facts; times are ticks of its track.

    `start_ticks` is decode time (tfdt), `offsets` lead from it to presentation. `prft` is (Unix ns, media ticks).
    `independent`: decoding can start here, as its first sample is a sync sample.
    """

    brands: tuple[str, ...]
    sequence: int
    start_ticks: int
    duration_ticks: int
    sample_count: int
    durations: tuple[int, ...]
    sizes: tuple[int, ...]
    flags: tuple[int, ...]
    offsets: tuple[int, ...]
    independent: bool
    prft: tuple[int, int] | None

    @property
    def opens_segment(self) -> bool:
        """Its styp says that a segment starts here."""
        return ftyp.SEGMENT in self.brands

    @property
    def ends_stream(self) -> bool:
        """Its styp says that nothing comes after it."""
        return ftyp.LAST in self.brands

    @property
    def presentation_ticks(self) -> int:
        """The earliest presentation time of its samples."""
        at, earliest = self.start_ticks, []
        for duration, offset in zip(self.durations, self.offsets, strict=True):
            earliest.append(at + offset)
            at += duration
        return min(earliest)


def parse_chunk(data: bytes, header: Header) -> ChunkInfo:
    """The facts of the chunk in `data`; BoxError when it contradicts itself or its header."""
    brands: tuple[str, ...] = ()
    reference: tuple[int, int] | None = None
    media: dict[str, Box] = {}
    for found in boxes(data):
        if found.type in ("moof", "mdat"):
            if found.type in media:
                raise BoxError(f"two {found.type} boxes in one chunk")
            media[found.type] = found
        elif found.type == "styp":
            brands = ftyp.brands(found)
        elif found.type == "prft":
            prft = Prft.from_box(found)
            reference = (prft.unix_ns, prft.media_ticks)
    for type in ("moof", "mdat"):
        if type not in media:
            raise BoxError(f"the chunk has no {type}")
    return ChunkInfo(brands=brands, prft=reference, **_samples(media["moof"], media["mdat"], header))


def _samples(fragment: Box, mdat: Box, header: Header) -> dict[str, Any]:
    trafs = each(fragment, "traf")
    if len(trafs) != 1:
        raise BoxError(f"{len(trafs)} tracks in one moof; send one track per request")
    traf = trafs[0]
    tfhd = moof.Tfhd.from_box(only(traf, "tfhd"))
    if tfhd.track_id != header.track_id:
        raise BoxError(f"the chunk is of track {tfhd.track_id}, its header of track {header.track_id}")
    runs = [Trun.from_box(found) for found in each(traf, "trun")]
    table = [_columns(run, tfhd, header) for run in runs]
    durations, sizes, flags, offsets = (tuple(v for columns in table for v in columns[i]) for i in range(4))
    if not sizes:
        raise BoxError("the chunk has no samples")
    if not sum(durations):
        raise BoxError("the chunk's samples have no duration")
    _check_data(runs, [sum(columns[1]) for columns in table], fragment, mdat)
    return {
        "sequence": moof.sequence(only(fragment, "mfhd")),
        "start_ticks": moof.decode_ticks(only(traf, "tfdt")),
        "duration_ticks": sum(durations),
        "sample_count": len(sizes),
        "durations": durations,
        "sizes": sizes,
        "flags": flags,
        "offsets": offsets,
        "independent": not flags[0] & NON_SYNC_BIT,
    }


def _columns(run: Trun, tfhd: moof.Tfhd, header: Header) -> tuple[tuple[int, ...], ...]:
    """Durations, sizes, flags and offsets of a run's samples: its own, else the tfhd's, else the trex's."""

    def filled(own: tuple[int, ...] | None, fragment: int | None, track: int) -> tuple[int, ...]:
        return own if own is not None else (track if fragment is None else fragment,) * run.count

    flags = filled(run.flags, tfhd.default_flags, header.default_flags)
    if run.first_flags is not None:
        flags = (run.first_flags, *flags[1:])
    return (
        filled(run.durations, tfhd.default_duration, header.default_duration),
        filled(run.sizes, tfhd.default_size, header.default_size),
        flags,
        run.offsets or (0,) * run.count,
    )


def _check_data(runs: list[Trun], lengths: list[int], fragment: Box, mdat: Box) -> None:
    """Every run's bytes lie in the mdat; a run without an offset goes on where the one before it ended."""
    at = mdat.body_start
    for run, length in zip(runs, lengths, strict=True):
        if run.data_offset is not None:
            at = fragment.start + run.data_offset
        elif run is runs[0]:
            at = fragment.start
        if at < mdat.body_start:
            raise BoxError(f"trun's data offset points {mdat.body_start - at} bytes before the mdat's contents")
        if at + length > mdat.end:
            raise BoxError(f"the samples claim {at + length - mdat.end} bytes more than the mdat holds")
        at += length
