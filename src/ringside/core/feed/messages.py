"""The messages of the feed, in the order in which an object lives through them.

A segment is a blob that grows: Opened, then Appended with each chunk's bytes, then Closed. A part is a Ranged
path: a byte range of a blob. Small things (init, manifests without a hold, `/status.json`) are Documents, replaced
whole; a media playlist with blocking reload is a Playlist, published anew with every part. A stream is an endless
response from blob to blob; Streamed says where who joins it begins. Expected announces what will come, so that a
request for it is held; Removed takes a path away again. Nothing here knows what the bytes mean.

What is pulled on demand, from a foreign origin or out of an archive, is Pulled, and kept Fresh; Kept says what of
ours may be asked for in this way.

Paths are absolute URL paths without a query, e.g. `/live/main/v720/895000000.3.m4s`.
"""

from dataclasses import dataclass
from enum import StrEnum

PULLED = 1 << 62
"""Blobs from here on are pulled on demand beside a feed that numbers its own from 1."""


class Cache(StrEnum):
    """How long an answer may be cached (rfc8216bis appendix on caching; TD is the target duration)."""

    IMMUTABLE = "immutable"  # media and headers: the name is never reused
    PLAYLIST = "playlist"  # plain ½ TD, blocking 6 TD
    SHORT = "short"  # one second: manifests of a live event that are polled
    NONE = "none"  # never: clock, status
    ASSET = "asset"  # the page and its modules: revalidated


@dataclass(frozen=True, slots=True)
class Opened:
    """A growing object begins at `path`, in the blob called `blob` (unique for the life of the feed)."""

    path: str
    blob: int
    content_type: str
    cache: Cache = Cache.IMMUTABLE


@dataclass(frozen=True, slots=True)
class Appended:
    """`data` was added to the end of `blob`. Towards a worker that shares the memory only `size` travels."""

    blob: int
    size: int  # of the blob after the addition
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Closed:
    """Nothing more will be added to `blob`."""

    blob: int


@dataclass(frozen=True, slots=True)
class Ranged:
    """`path` is bytes [offset, offset + size) of `blob`, which exist."""

    path: str
    blob: int
    offset: int
    size: int
    content_type: str
    cache: Cache = Cache.IMMUTABLE


@dataclass(frozen=True, slots=True)
class Document:
    """`path` is `body`, replacing what it was."""

    path: str
    body: bytes
    content_type: str
    cache: Cache


@dataclass(frozen=True, slots=True)
class Playlist:
    """A media playlist at `path`, whose newest part is (`number`, `part`).

    `delta` answers `_HLS_skip=YES`; empty when nothing can be skipped. `part` is -1 when segment `number` is
    listed whole. `next` is the (number, part) that comes next. `part_target_s` 0: no parts.
    """

    path: str
    body: bytes
    delta: bytes
    number: int
    part: int
    next: tuple[int, int]
    target_s: int
    part_target_s: float
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Streamed:
    """Whoever joins the endless response `path` now begins with the document at `header`, then `blob` from `offset`.

    Told for each independent chunk, when its bytes have been. With another `blob` or `header` than before, those who
    are there already go on with these when they have all of the blob before. The stream ends when `path` is Removed.
    """

    path: str
    header: str
    blob: int
    offset: int
    content_type: str


@dataclass(frozen=True, slots=True)
class Expected:
    """`path` will exist soon: hold requests for it, for three target durations.

    With `hold_s`, 1 to 255 s, nobody knows how soon: they are held for so long, and that it is not there is no error.
    """

    path: str
    hold_s: int = 0


@dataclass(frozen=True, slots=True)
class Removed:
    """`path` is gone, or will not come after all; whoever is held on it is told 404."""

    path: str


@dataclass(frozen=True, slots=True)
class Anew:
    """What is told from here up to Synced takes the place of all that was told before."""


@dataclass(frozen=True, slots=True)
class Synced:
    """All that existed has been told; from here on, changes. `media_ns`: Unix time of the newest media, 0 for none."""

    media_ns: int = 0


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a foreign origin or an archive answers for `path` (its canonical query included), in the blob `blob`.

    It is the affair of one machine, and told to no other. Bytes follow as Appended, the end as Closed. `length` is what
    was announced, -1 where it was not. `caching` is the Cache-Control value for viewers, `etag` and `location` are the
    origin's fields, empty without. Times are Unix time: until `fresh_ns` it is served without a question, until
    `stale_ns` while it is asked for again.
    """

    path: str
    blob: int
    status: int
    content_type: str
    length: int
    caching: str
    etag: str
    location: str
    made_ns: int
    fresh_ns: int
    stale_ns: int


@dataclass(frozen=True, slots=True)
class Fresh:
    """The answer at `path` is good for longer: the origin said so, or cannot be asked."""

    path: str
    made_ns: int
    fresh_ns: int
    stale_ns: int


@dataclass(frozen=True, slots=True)
class Kept:
    """`{folder}/{n}.m4s` for first ≤ n ≤ last, and `{folder}/{name}` of `names`, are not here but may be asked for.

    They are Pulled when somebody wants them, as often as they are wanted. Takes the place of what was Kept in `folder`
    before; with `last` below `first` and no names, nothing is any more. `names` are plain, without a slash.
    """

    folder: str
    first: int
    last: int
    names: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to be asked for."""
        return self.first <= self.last or bool(self.names)

    def has(self, name: str) -> bool:
        """Whether `{folder}/{name}` may be asked for."""
        if name in self.names:
            return True
        stem, dot, ending = name.partition(".")
        if not dot or ending != "m4s" or not stem.isdigit() or not stem.isascii() or len(stem) > 18:
            return False
        return self.first <= int(stem) <= self.last and stem == str(int(stem))


@dataclass(frozen=True, slots=True)
class Beat:
    """The feed is alive, at `now_ns` of the sender's Unix time; once a second where nothing else is to be told."""

    now_ns: int


@dataclass(frozen=True, slots=True)
class Turn:
    """What came before, since the turn before, was told at once; after Synced, that all of it is told up to this turn.

    Turns are numbered without gaps for the life of the hub, which is `epoch`, the Unix time at which it began, in ns.
    """

    epoch: int
    number: int


Message = (
    Opened
    | Appended
    | Closed
    | Ranged
    | Document
    | Playlist
    | Streamed
    | Expected
    | Removed
    | Anew
    | Synced
    | Pulled
    | Fresh
    | Kept
    | Beat
    | Turn
)
