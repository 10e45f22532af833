"""Records: what was decided about an event's windows, a line each, and the checkpoint that a journal begins with.

A line is the CRC-32 of its text in hex, a space, JSON, and a newline, so that a line that was not written whole is
known by itself. `read` stops there: nobody was told of what comes after it.
"""

import base64
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ringside.core.catalog.index import track_of, track_values
from ringside.core.media import Chunk, Grid, Part, Segment, Track
from ringside.flow.origin.standing import Growing, Standing


class Torn(Exception):
    """A line is not whole, or is none of ours."""


@dataclass(frozen=True, slots=True)
class Opened:
    """Media that comes next is of `track`. `new_timing`, `discontinuity`: see Window.begin_session."""

    track: Track
    grid: Grid
    foreign: bool
    limit_ticks: int
    new_timing: bool
    discontinuity: bool


@dataclass(frozen=True, slots=True)
class Added:
    """A chunk was taken; its bytes are in its segment's file. `edges`: where segments begin, of a foreign track."""

    track: str
    number: int
    part: int
    start_ticks: int
    duration_ticks: int
    independent: bool
    last: bool
    session: int
    size: int
    crc: int
    edges: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, chunk: Chunk, session: int, edges: tuple[tuple[int, int], ...] = ()) -> "Added":
        """The record of `chunk`."""
        return cls(
            chunk.track, chunk.number, chunk.part, chunk.start_ticks, chunk.duration_ticks, chunk.independent,
            chunk.last, session, len(chunk.data), zlib.crc32(chunk.data), edges,
        )  # fmt: skip

    def chunk(self, data: bytes) -> Chunk:
        """The chunk, with its bytes."""
        return Chunk(
            self.track, self.number, self.part, self.start_ticks, self.duration_ticks, self.independent, self.last, data
        )


@dataclass(frozen=True, slots=True)
class Filled:
    """The time up to `until_ticks` was accounted for by GAP; `returning`: as the window had it then."""

    track: str
    until_ticks: int
    returning: bool
    edges: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Evicted:
    """Segments under `below` left the windows of all tracks."""

    below: int


@dataclass(frozen=True, slots=True)
class Fixed:
    """Target duration and part target stand."""

    target_s: int
    part_target_s: float


@dataclass(frozen=True, slots=True)
class Left:
    """Nothing more comes of a track, unless it is opened again."""

    track: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The event is over."""


@dataclass(frozen=True, slots=True)
class LaneState:
    """One track as it stands. `gaps`: how many there have been."""

    opened: Opened
    standing: Standing
    headers: tuple[bytes, ...]
    edges: tuple[tuple[int, int], ...] = ()
    gaps: int = 0
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """All that the records before it led to. `fixed` is None while the event is not on the air."""

    fixed: Fixed | None = None
    ended: bool = False
    lanes: tuple[LaneState, ...] = ()


Record = Opened | Added | Filled | Evicted | Fixed | Left | Ended | Checkpoint
PLAIN = {"add": Added, "fill": Filled, "evict": Evicted, "fix": Fixed, "left": Left, "end": Ended}
WORDS = {kind: word for word, kind in PLAIN.items()}


def write(record: Record) -> bytes:
    """One line."""
    text = json.dumps(_values(record), separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def read(data: bytes) -> Iterator[Record]:
    """The records in `data`, up to the first line that is not whole."""
    at = 0
    while (end := data.find(b"\n", at)) >= 0:
        try:
            yield read_line(data[at:end])
        except Torn:
            return
        at = end + 1


def read_line(line: bytes) -> Record:
    """One record. Raises Torn."""
    check, space, text = line[:8], line[8:9], line[9:]
    try:
        if space != b" " or int(check, 16) != zlib.crc32(text):
            raise Torn("a line's sum is not right")
        return _record(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise Torn("a line is no record") from None


def _values(record: Record) -> list[Any]:
    if isinstance(record, Opened):
        return ["open", _opened_values(record)]
    if isinstance(record, Checkpoint):
        fixed = record.fixed and [record.fixed.target_s, record.fixed.part_target_s]
        return ["checkpoint", fixed, record.ended, [_lane_values(lane) for lane in record.lanes]]
    return [WORDS[type(record)], *(getattr(record, name) for name in type(record).__slots__)]


def _record(values: list[Any]) -> Record:
    word, *rest = values
    if word == "open":
        return _opened(rest[0])
    if word == "checkpoint":
        return Checkpoint(rest[0] and Fixed(*rest[0]), rest[1], tuple(_lane(each) for each in rest[2]))
    if word in ("add", "fill"):
        rest[-1] = _pairs(rest[-1])
    return PLAIN[word](*rest)  # type: ignore[no-any-return]


def _pairs(values: list[list[int]]) -> tuple[tuple[int, int], ...]:
    return tuple((first, second) for first, second in values)


def _opened_values(opened: Opened) -> dict[str, Any]:
    track, grid = opened.track, opened.grid
    return {
        "name": track.name,
        "track": track_values(track),
        "init": base64.b64encode(track.init).decode(),
        "frame_ticks": grid.frame_ticks,
        "foreign": opened.foreign,
        "limit_ticks": opened.limit_ticks,
        "new_timing": opened.new_timing,
        "discontinuity": opened.discontinuity,
    }


def _opened(values: dict[str, Any]) -> Opened:
    track = track_of(values["name"], values["track"], base64.b64decode(values["init"]))
    grid = Grid(track.kind, track.timescale, values["frame_ticks"])
    flags = [values[name] for name in ("foreign", "limit_ticks", "new_timing", "discontinuity")]
    return Opened(track, grid, *flags)


def _lane_values(lane: LaneState) -> dict[str, Any]:
    standing = lane.standing
    plain = {name: getattr(standing, name) for name in Standing.__slots__[2:]}
    return {
        "opened": _opened_values(lane.opened),
        "segments": [_plain(segment) for segment in standing.segments],
        "growing": standing.growing and _plain(standing.growing),
        "window": plain,
        "headers": [base64.b64encode(header).decode() for header in lane.headers],
        "edges": lane.edges,
        "gaps": lane.gaps,
        "ended": lane.ended,
    }


def _lane(values: dict[str, Any]) -> LaneState:
    segments = tuple(_segment(each) for each in values["segments"])
    growing = values["growing"] and _growing(values["growing"])
    headers = tuple(base64.b64decode(header) for header in values["headers"])
    standing = Standing(segments, growing, **values["window"])
    return LaneState(
        _opened(values["opened"]), standing, headers, _pairs(values["edges"]), values["gaps"], values["ended"]
    )


def _plain(thing: Part | Segment | Growing) -> list[Any]:
    """The fields of a flat thing, and of the parts in it."""
    return [_field(getattr(thing, name)) for name in type(thing).__slots__]


def _field(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    return _plain(value) if isinstance(value, Part) else value


def _segment(values: list[Any]) -> Segment:
    number, start_ticks, duration_ticks, parts, *rest = values
    return Segment(number, start_ticks, duration_ticks, tuple(Part(*part) for part in parts), *rest)


def _growing(values: list[Any]) -> Growing:
    *plain, parts, gathering = values
    growing = Growing(*plain)
    growing.parts, growing.gathering = [Part(*part) for part in parts], gathering and Part(*gathering)
    return growing
