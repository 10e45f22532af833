"""Bridge: chunks of one studio rewritten as a single one that goes on, in mid-GOP, where another's media ended.

The theory. Two encoders with equal settings write the same header, but not the same pictures: what follows one's
pictures cannot be decoded on the other's. So who takes over sends all it has since its last independent sample, as one
chunk. Samples whose time is over (it ends no later than `at_ticks`) are there to be decoded, not to be seen: each
lasts a single tick, which the first samples that are seen give up. The chunk begins exactly at `at_ticks` and ends
where the last one given ended, so that nothing around it moves; the picture before it is seen a millisecond longer.

Sound needs no bridge, as each of its samples can be decoded alone: samples whose time is over are left out.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from ringside.core.boxes import ftyp
from ringside.core.boxes.box import BoxError, box, boxes
from ringside.core.boxes.chunk import ChunkInfo, parse_chunk
from ringside.core.boxes.header import Header
from ringside.core.boxes.moof import Tfhd, write_moof
from ringside.core.boxes.prft import NS_PER_S, Prft
from ringside.core.boxes.trun import Trun

MOST_SAMPLES = 4096


@dataclass(frozen=True, slots=True)
class _Sample:
    start: int
    duration: int
    flags: int
    data: bytes

    @property
    def end(self) -> int:
        return self.start + self.duration


def bridge(chunks: Sequence[bytes], header: Header, at_ticks: int) -> bytes:
    """One chunk from `at_ticks` to the end of the last of `chunks`, which follow on one another.

    BoxError where it cannot be: the first sample is not independent, there is a hole between chunks, pictures are
    shown in another order than they are decoded in, or there are more of them than the time can hold.
    """
    infos = [parse_chunk(data, header) for data in chunks]
    _check(infos, at_ticks)
    samples = [s for data, info in zip(chunks, infos, strict=True) for s in _samples(data, info, header)]
    if header.kind == "audio":
        samples = [sample for sample in samples if sample.end > at_ticks]
    if len(samples) > MOST_SAMPLES:
        raise BoxError(f"a bridge of {len(samples)} samples; {MOST_SAMPLES} is the most")
    return _written(infos[-1], samples, _durations(samples, at_ticks), header, at_ticks)


def _check(infos: Sequence[ChunkInfo], at_ticks: int) -> None:
    if not infos or not infos[0].independent:
        raise BoxError("a bridge begins with an independent sample")
    for before, after in itertools.pairwise(infos):
        if before.start_ticks + before.duration_ticks != after.start_ticks:
            raise BoxError("there is a hole between the chunks of a bridge")
    last = infos[-1]
    if not infos[0].start_ticks <= at_ticks < last.start_ticks + last.duration_ticks:
        raise BoxError("a bridge ends behind the place where it begins, and has its samples from before it")
    if any(any(info.offsets) for info in infos):
        raise BoxError("pictures that are shown in another order than they are decoded in cannot be bridged")


def _samples(data: bytes, info: ChunkInfo, header: Header) -> list[_Sample]:
    """The samples of a chunk, where its runs say they are."""
    out, at = [], info.start_ticks
    for duration, size, flags, where in zip(info.durations, info.sizes, info.flags, places(data, info), strict=True):
        out.append(_Sample(at, duration, flags, data[where : where + size]))
        at += duration
    return out


def places(data: bytes, info: ChunkInfo) -> list[int]:
    """The offset of each sample in `data`, a chunk whose samples fill its mdat from its beginning on."""
    mdat = next(found for found in boxes(data) if found.type == "mdat")
    if sum(info.sizes) != len(mdat.body):
        raise BoxError("the samples do not fill their mdat")
    return list(itertools.accumulate(info.sizes[:-1], initial=mdat.body_start))


def _durations(samples: Sequence[_Sample], at_ticks: int) -> list[int]:
    """How long each sample lasts: a tick where its time is over, else what is left of it, less what those took."""
    owed = 0
    out = []
    for sample in samples:
        seen = sample.end - max(sample.start, at_ticks)
        if seen <= 0:
            out.append(1)
            owed += 1
            continue
        gives = min(owed, seen - 1)
        out.append(seen - gives)
        owed -= gives
    if owed:
        raise BoxError("the time of a bridge cannot hold the samples that it needs")
    return out


def _written(
    last: ChunkInfo, samples: Sequence[_Sample], durations: Sequence[int], header: Header, at_ticks: int
) -> bytes:
    brands = [brand for brand in last.brands if brand != ftyp.SEGMENT] or [ftyp.CHUNK]
    if ftyp.CHUNK not in brands:
        brands.insert(0, ftyp.CHUNK)
    reference = b""
    if last.prft is not None:
        unix_ns, ticks = last.prft
        ns = unix_ns + (at_ticks - ticks) * NS_PER_S // header.timescale
        reference = Prft(header.track_id, ns, at_ticks).to_bytes()
    run = Trun(
        len(samples),
        durations=tuple(durations),
        sizes=tuple(len(sample.data) for sample in samples),
        flags=tuple(sample.flags for sample in samples),
    )
    moof = write_moof(last.sequence, Tfhd(header.track_id), at_ticks, run)
    return b"".join((ftyp.write("styp", *brands), reference, moof, box("mdat", *(s.data for s in samples))))
