"""When and how a playlist is asked for again (rfc8216bis §6.3.4, §6.2.5), and what of it is to be fetched. Pure.

What enters: the newest version known. What leaves: a Reload, and the jobs that a new version brings: media objects
with the byte range and the header that belong to them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit, urlunsplit

from ringside.flow.mux.hls import MediaPlaylist, MediaSegment
from ringside.flow.mux.hls.byterange import ByteRange
from ringside.flow.mux.hls.key import Key
from ringside.flow.mux.hls.map import Map
from ringside.prove.check.watch.merge import next_point

FULL_EVERY = 8  # reloads: the others may be delta updates
LONGEST_WAIT_S = 5.0
FIRST_SEGMENTS = 3  # whole segments fetched of the first version


@dataclass(frozen=True, slots=True)
class Reload:
    """The next request for a playlist: its delivery directives, how long to wait before it, and to give it."""

    query: str
    wait_s: float
    total_s: float


@dataclass(frozen=True, slots=True)
class Job:
    """A media object to fetch: segment `number`, or its part; `span` is a byte range in full, (first, last)."""

    number: int
    part: int | None
    uri: str
    span: tuple[int, int] | None
    map: Map | None
    encrypted: bool

    @property
    def starts_segment(self) -> bool:
        """Whether the object begins a segment."""
        return not self.part


def target_s(playlist: MediaPlaylist | None) -> float:
    """The target duration in seconds, made usable where a playlist has none or nonsense."""
    target = playlist.target_duration if playlist is not None else None
    return float(min(max(target or 2, 1), 60))


def can_block(playlist: MediaPlaylist) -> bool:
    """Whether blocking playlist reload is offered, and still means something."""
    control = playlist.server_control
    return control is not None and control.can_block_reload and not playlist.ended


def directives(msn: int | None = None, part: int | None = None, skip: str = "") -> str:
    """Delivery directives as a query, in the order of their names (§6.2.5)."""
    given = {"_HLS_msn": msn, "_HLS_part": part, "_HLS_skip": skip or None}
    return "&".join(f"{name}={value}" for name, value in given.items() if value is not None)


def with_query(url: str, query: str) -> str:
    """`url` with `query` behind what it has."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, query))), fragment=""))


def resolve(base: str, uri: str) -> str:
    """`uri` as found at `base`; itself where it is no URI (the fetch will say so)."""
    try:
        return urljoin(base, uri)
    except ValueError:
        return uri


def reload(full: MediaPlaylist | None, turn: int, want_full: bool) -> Reload:
    """How to ask for the version after `full`; `turn` counts the reloads."""
    target = target_s(full)
    if full is None or not can_block(full):
        return Reload("", min(target / 2, LONGEST_WAIT_S), max(10.0, 3 * target))
    msn, part = next_point(full)
    control = full.server_control
    delta = control is not None and control.can_skip_until is not None and turn % FULL_EVERY and not want_full
    return Reload(directives(msn, part, "YES" if delta else ""), 0.0, 4 * target + 2)


def jobs(full: MediaPlaylist, after: int | None) -> Iterator[Job]:
    """Parts and whole segments behind segment `after` (None: the newest few), oldest first; gaps are left out."""
    numbers = [number for number, segment in full.numbered() if segment.uri]
    if after is None:
        after = numbers[-FIRST_SEGMENTS] - 1 if len(numbers) >= FIRST_SEGMENTS else full.media_sequence - 1
    current: Map | None = None
    encrypted = False
    ranges: dict[str, int] = {}
    for number, segment in full.numbered():
        for tag in segment.tags:
            current = tag if isinstance(tag, Map) else current
            encrypted = tag.method != "NONE" if isinstance(tag, Key) else encrypted
        for job in _of_segment(number, segment, current, encrypted, ranges):
            if number > after:
                yield job


def _of_segment(
    number: int, segment: MediaSegment, current: Map | None, encrypted: bool, ranges: dict[str, int]
) -> Iterator[Job]:
    for index, part in enumerate(segment.parts):
        span = _span(part.byterange, f"part {part.uri}", ranges)
        if not part.gap and not segment.gap:
            yield Job(number, index, part.uri, span, current, encrypted)
    if segment.uri:
        own = next((tag for tag in segment.tags if isinstance(tag, ByteRange)), None)
        span = _span(own, segment.uri, ranges)
        if not segment.gap:
            yield Job(number, None, segment.uri, span, current, encrypted)


def _span(asked: ByteRange | None, key: str, ranges: dict[str, int]) -> tuple[int, int] | None:
    """A byte range in full: without an offset it follows the one before of the same resource (§4.4.4.2)."""
    if asked is None:
        return None
    first = asked.offset if asked.offset is not None else ranges.get(key, 0)
    ranges[key] = first + asked.length
    return (first, first + asked.length - 1) if asked.length else None
