"""What a header and a media object say of themselves, read without refusing anything.

Bytes enter, plain facts leave; whatever cannot be read becomes a `problem` in words, never an exception. The strict
readers of `core.boxes` reject a stream that breaks a rule, which is right for an origin and useless for a judge.
Nothing here knows a rule.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from ringside.core.boxes import BoxError, ftyp
from ringside.core.boxes.box import Box, Reader, boxes, each, legible
from ringside.core.boxes.moof import BASE_DATA_OFFSET, BASE_IS_MOOF
from ringside.core.boxes.prft import Prft
from ringside.core.boxes.trun import NON_SYNC_BIT, Trun
from ringside.prove.check.cmaf.init_track import InitTrack, read_trak

Kind = Literal["bmff", "ts", "other"]
TS_PACKET = 188
TOP_BOXES = {b"styp", b"ftyp", b"moof", b"moov", b"mdat", b"prft", b"emsg", b"sidx", b"free", b"skip", b"uuid"}
MAX_TOP_BOXES = 16_384
MAX_MOOF_BYTES = 4 << 20
MAX_MDATS = 16  # of one moof; more are not told apart
TFHD_FIELDS = (0x02, 0x08, 0x10, 0x20)  # description index, default duration, size and flags


@dataclass(frozen=True, slots=True)
class Init:
    """An initialization segment: its top boxes in order, its brands, its tracks."""

    top: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    tracks: tuple[InitTrack, ...] = ()
    movie_duration: int = 0
    has_mvex: bool = False
    problem: str = ""

    def track(self, track_id: int) -> InitTrack | None:
        """The track of that id."""
        return next((track for track in self.tracks if track.track_id == track_id), None)

    @property
    def lead(self) -> InitTrack | None:
        """The video track, or else the first one."""
        return next((track for track in self.tracks if track.handler == "vide"), next(iter(self.tracks), None))


@dataclass(frozen=True, slots=True)
class Traf:
    """One track's samples in a fragment. `start` is its tfdt in ticks, None without one.

    `runs` are (offset of the first byte in the object, bytes) of each trun; columns have one entry per sample.
    """

    track_id: int
    absolute: bool = False
    base_is_moof: bool = False
    tfdt_version: int = 0
    start: int | None = None
    trun_versions: tuple[int, ...] = ()
    runs: tuple[tuple[int, int], ...] = ()
    durations: tuple[int, ...] = ()
    sizes: tuple[int, ...] = ()
    flags: tuple[int, ...] = ()
    offsets: tuple[int, ...] = ()

    @property
    def end(self) -> int | None:
        """Decode time behind its last sample, ticks."""
        return None if self.start is None else self.start + sum(self.durations)

    def sync(self, index: int) -> bool:
        """Whether that sample is flagged as a sync sample."""
        return index < len(self.flags) and not self.flags[index] & NON_SYNC_BIT


@dataclass(frozen=True, slots=True)
class Fragment:
    """A moof with what stands ahead of it and the mdats behind it; spans are (first byte, byte behind the last)."""

    start: int
    ahead: tuple[str, ...]
    sequence: int | None
    trafs: tuple[Traf, ...]
    prfts: tuple[Prft, ...] = ()
    between: tuple[str, ...] = ()
    """Boxes between the moof and its first mdat."""
    mdats: tuple[tuple[int, int], ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Object:
    """A segment or part: its fragments, and the box types that stand at its top, in order."""

    top: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    """Of its styp boxes."""
    fragments: tuple[Fragment, ...] = ()
    problem: str = ""

    def trafs(self, track_id: int) -> list[tuple[Fragment, Traf]]:
        """That track's share of each fragment."""
        return [(fragment, traf) for fragment in self.fragments for traf in fragment.trafs if traf.track_id == track_id]

    def span(self, track_id: int) -> tuple[int, int] | None:
        """(start, end) of that track's samples in decode time, ticks; None where a time is missing."""
        trafs = [traf for _, traf in self.trafs(track_id) if traf.durations]
        if not trafs or trafs[0].start is None or trafs[-1].end is None:
            return None
        return trafs[0].start, trafs[-1].end


def kind(data: bytes) -> Kind:
    """What a media object looks like from its first bytes."""
    if data[:1] == b"\x47" and (len(data) == TS_PACKET or 0x47 in data[TS_PACKET : 2 * TS_PACKET + 1 : TS_PACKET]):
        return "ts"
    return "bmff" if data[4:8] in TOP_BOXES else "other"


@lru_cache(maxsize=256)
def read_init(data: bytes) -> Init:
    """The facts of an initialization segment."""
    top, problem = _tops(data)
    found = Init(tuple(legible(box.type) for box in top), problem=problem)
    try:
        found = replace(found, brands=next((ftyp.brands(box) for box in top if box.type == "ftyp"), ()))
        moov = next((box for box in top if box.type == "moov"), None)
        if moov and moov.size > MAX_MOOF_BYTES:
            raise BoxError(f"a moov of {moov.size} bytes, more than anybody needs")
        return _with_moov(found, moov) if moov else found
    except BoxError as error:
        return replace(found, problem=problem or str(error))


@lru_cache(maxsize=4096)
def read_object(data: bytes, init: bytes) -> Object:
    """The facts of a media object whose samples may take defaults from `init`."""
    top, problem = _tops(data)
    brands: list[str] = []
    fragments: list[Fragment] = []
    ahead: list[Box] = []
    header = read_init(init)
    room = len(data)  # a sample has a byte at least: nothing is allocated by what a stranger claims
    for box in top:
        if box.type == "moof":
            fragments.append(_fragment(box, ahead, header, room))
            room -= sum(len(traf.sizes) for traf in fragments[-1].trafs)
            ahead = []
        elif box.type == "mdat" and fragments:
            fragments[-1] = _with_mdat(fragments[-1], box, ahead)
            ahead = []
        else:
            ahead.append(box)
            if box.type == "styp":
                brands += _brands(box)
    return Object(tuple(legible(box.type) for box in top), tuple(dict.fromkeys(brands)), tuple(fragments), problem)


def _tops(data: bytes) -> tuple[list[Box], str]:
    """The boxes at the top, as far as they can be told apart, and what stopped the reading."""
    found: list[Box] = []
    try:
        for box in boxes(data):
            if len(found) >= MAX_TOP_BOXES:
                return found, f"more than {MAX_TOP_BOXES} boxes"
            found.append(box)
    except BoxError as error:
        return found, str(error)
    return found, ""


def _brands(box: Box) -> tuple[str, ...]:
    try:
        return ftyp.brands(box)
    except BoxError:
        return ()


def _with_moov(found: Init, moov: Box) -> Init:
    mvhd = each(moov, "mvhd")
    duration = 0
    if mvhd:
        reader = Reader(mvhd[0])
        version, _ = reader.full()
        reader.skip(20 if version else 12)
        duration = reader.u(8 if version else 4)
    mvex = each(moov, "mvex")
    trexes = each(mvex[0], "trex") if mvex else []
    tracks = tuple(read_trak(trak, trexes) for trak in each(moov, "trak"))
    return replace(found, tracks=tracks, movie_duration=duration, has_mvex=bool(mvex))


def _with_mdat(fragment: Fragment, mdat: Box, ahead: list[Box]) -> Fragment:
    if len(fragment.mdats) >= MAX_MDATS:
        return fragment
    between = fragment.between if fragment.mdats else tuple(legible(box.type) for box in ahead)
    return replace(fragment, mdats=(*fragment.mdats, (mdat.body_start, mdat.end)), between=between)


def _fragment(moof: Box, ahead: list[Box], header: Init, room: int) -> Fragment:
    types = tuple(legible(box.type) for box in ahead)
    try:
        if moof.size > MAX_MOOF_BYTES:
            raise BoxError(f"a moof of {moof.size} bytes, more than anybody needs")
        prfts = tuple(Prft.from_box(box) for box in ahead if box.type == "prft")
        mfhd = each(moof, "mfhd")
        sequence = int.from_bytes(mfhd[0].body[4:8], "big") if mfhd and len(mfhd[0].body) >= 8 else None
        trafs: list[Traf] = []
        for box in each(moof, "traf"):
            trafs.append(_traf(box, moof.start, header, room))
            room -= len(trafs[-1].sizes)
        return Fragment(moof.start, types, sequence, tuple(trafs), prfts)
    except BoxError as error:
        return Fragment(moof.start, types, None, (), problem=str(error))


def _traf(box: Box, moof_start: int, header: Init, room: int) -> Traf:
    tfhds = each(box, "tfhd")
    if not tfhds:
        raise BoxError("a traf has no tfhd")
    reader = Reader(tfhds[0])
    _, flags = reader.full()
    track_id = reader.u(4)
    absolute = bool(flags & BASE_DATA_OFFSET)
    base = reader.u(8) if absolute else moof_start
    given = {mask: reader.u(4) for mask in TFHD_FIELDS if flags & mask}
    track = header.track(track_id)
    trex = (track and track.trex) or (0, 0, 0)
    defaults = tuple(given.get(mask, own) for mask, own in zip(TFHD_FIELDS[1:], trex, strict=True))
    found = Traf(track_id, absolute, bool(flags & BASE_IS_MOOF))
    tfdts = each(box, "tfdt")
    if tfdts:
        time = Reader(tfdts[0])
        version, _ = time.full()
        found = replace(found, tfdt_version=version, start=time.u(8 if version else 4))
    truns = each(box, "trun")
    if sum(int.from_bytes(trun.body[4:8], "big") for trun in truns) > room:
        raise BoxError("trun claims more samples than the object has bytes")
    return _with_runs(found, truns, base, defaults)


def _with_runs(found: Traf, truns: list[Box], base: int, defaults: tuple[int, ...]) -> Traf:
    """Each sample's facts: the run's own, or else the defaults (duration, size, flags)."""
    durations, sizes, flags, offsets = [list[int]() for _ in range(4)]
    runs: list[tuple[int, int]] = []
    at = base
    for run in (Trun.from_box(box) for box in truns):
        own = run.sizes or (defaults[1],) * run.count
        marks = run.flags or (defaults[2],) * run.count
        if run.first_flags is not None and marks:
            marks = (run.first_flags, *marks[1:])
        durations += run.durations or (defaults[0],) * run.count
        sizes += own
        flags += marks
        offsets += run.offsets or (0,) * run.count
        at = base + run.data_offset if run.data_offset is not None else at
        runs.append((at, sum(own)))
        at += sum(own)
    versions = tuple(box.body[0] for box in truns)
    return replace(
        found, trun_versions=versions, runs=tuple(runs), durations=tuple(durations), sizes=tuple(sizes),
        flags=tuple(flags), offsets=tuple(offsets),
    )  # fmt: skip


def samples(traf: Traf) -> Iterator[tuple[int, int]]:
    """(offset in the object, bytes) of each sample."""
    sizes = iter(traf.sizes)
    for at, length in traf.runs:
        end = at + length
        while at < end:
            size = next(sizes, 0)
            yield at, size
            at += size or 1
