"""What every player shares with the engine that moves its bytes: requests, lanes, replies and failures.

A player never does input or output. The engine tells it what arrived and when (`received`, `grew`, `failed`, `wake`);
each call answers with asks, usually none or one. Times are seconds on the engine's monotonic clock; `now_s` is always
given. Requests are shared by all viewers of a process, so that a URL is turned into bytes once.
"""

from collections.abc import Iterable
from enum import Enum, IntEnum
from random import Random
from typing import Any, Protocol

from ringside.prove.crowd.player.cmcd import Report
from ringside.prove.crowd.player.profile import Profile


class Kind(IntEnum):
    """What a request is for; retry tables and time-outs are per kind."""

    MANIFEST = 0
    """Multivariant playlist or MPD."""
    PLAYLIST = 1
    """Media playlist."""
    INIT = 2
    MEDIA = 3
    STREAM = 4
    """The push response, which lasts as long as the viewer stays."""
    CLOCK = 5
    TARGET = 6
    """The event's target latency; held until it changes."""


class Lane(IntEnum):
    """What a player does side by side: one request at a time in each."""

    VIDEO = 0
    AUDIO = 1
    VIDEO_LIST = 2
    AUDIO_LIST = 3
    MANIFEST = 4
    CLOCK = 5
    TARGET = 6


class Failure(Enum):
    """Why a request brought no usable reply, other than by its status."""

    CONNECT = "connection refused"
    RESET = "connection closed before the reply"
    SHORT = "connection closed within the body"
    TIMEOUT = "timed out"
    MALFORMED = "reply is not HTTP"
    TOO_LARGE = "body over the limit"
    REDIRECTS = "redirected too often"
    TLS = "TLS failed"
    UNREADABLE = "reply could not be read as what it should be"


class Request:
    """A URL with its purpose; one object per URL and process, compared by identity."""

    __slots__ = ("echo", "grows", "keep", "kind", "object", "url", "wire")

    def __init__(self, url: str, kind: Kind, *, keep: bool = False, grows: bool = False, object: Any = None) -> None:
        self.url = url
        """Absolute, without the viewer's own query."""
        self.kind = kind
        self.keep = keep
        """The player wants the body, whole (`reply.body`, content decoding done)."""
        self.grows = grows
        """The player wants to see the body as it comes (`grew`, transfer decoding done)."""
        self.object = object
        """Anything the player wants to find again with the reply, shared by all viewers."""
        self.wire: Any = None
        """The engine's: where it goes and the bytes that are sent, once they are known."""
        self.echo: Any = None
        """The engine's: the latest reply that came in one read; the next viewer's is mostly the same."""

    def __repr__(self) -> str:
        return f"{self.kind.name.lower()} {self.url}"


class Ask:
    """What a player wants: `request` in `lane`, at once or at `at_s`; None abandons what the lane is doing.

    The newest ask of a lane counts: it takes the place of one under way, and of one whose time has not come.
    """

    __slots__ = ("at_s", "lane", "request")

    def __init__(self, lane: Lane, request: Request | None, at_s: float = 0.0) -> None:
        self.lane = lane
        self.request = request
        self.at_s = at_s


Asks = Iterable[Ask]
NOTHING: tuple[Ask, ...] = ()


class Reply(Protocol):
    """A finished reply. Valid during the call only: the engine uses the object again."""

    request: Request
    status: int
    url: str
    """The final URL, after redirects: what relative references resolve against."""
    body: bytes
    """Empty unless the request asked to keep it. Equal bodies are the same object within a process, mostly."""
    nbytes: int
    """Body bytes as received, before content decoding."""
    sent_s: float
    first_s: float
    """When the first byte of the body came."""


class World(Protocol):
    """What all viewers of a process share and a player may ask; the engine provides it."""

    utc_offset_s: float
    """Server's Unix time minus the engine's clock: `now_s + utc_offset_s` is what the server's clock shows."""

    def request(self, url: str, kind: Kind, *, keep: bool = False, grows: bool = False, object: Any = None) -> Request:
        """The one Request for this URL; `object` is set when it is made and kept afterwards. The table is bounded."""

    def shared(self, key: str) -> dict[Any, Any]:
        """A table by name, one per process, for what need be read once only: parsed manifests, chunk maps."""


class Player(Protocol):
    """A viewer's player. `profile` says whose habits it has."""

    profile: Profile
    feel: "Feel"
    """What the viewer felt, read by the tally once a second and at the end."""
    latency_source: str
    """What the latency is read from (`prft`, `date-time`, ...); empty as long as it is unknown."""

    def start(self, now_s: float) -> Asks:
        """The viewer opens the page."""

    def received(self, now_s: float, lane: Lane, reply: Reply) -> Asks:
        """A reply is complete, whatever its status. Errors are retried here, by the profile's table."""

    def grew(self, now_s: float, lane: Lane, request: Request, offset: int, new: memoryview) -> Asks:
        """More of a body whose request `grows`: `new` begins at byte `offset` of the body."""

    def failed(self, now_s: float, lane: Lane, request: Request, failure: Failure) -> Asks:
        """A request brought no reply."""

    def wake(self, now_s: float) -> Asks:
        """Comes about twice a second, so that a playhead moves though nothing arrives."""

    def report(self, now_s: float, lane: Lane, request: Request) -> Report:
        """What the player says of itself with a request (CMCD)."""

    def given_up(self) -> str | None:
        """Why the player shows its error screen, or None: the viewer failed, and the engine takes it away."""


class Feel:
    """What one viewer has felt so far. Plain counters, cheap to keep; the tally takes differences."""

    __slots__ = (
        "first_frame_s",
        "joined_s",
        "late",
        "latency_s",
        "on_time",
        "playing",
        "rung_bps",
        "stall_began_s",
        "stalled_s",
        "stalls",
        "switches",
        "watched_s",
    )

    def __init__(self, joined_s: float) -> None:
        self.joined_s = joined_s
        self.first_frame_s: float | None = None
        """When the first picture was shown; None so far."""
        self.playing = False
        """Pictures are moving."""
        self.stalls = 0
        self.stalled_s = 0.0
        """Time spent stalled after the first frame, the current stall not included."""
        self.stall_began_s: float | None = None
        self.watched_s = 0.0
        """Time spent playing."""
        self.latency_s: float | None = None
        """Behind the moment of capture, at the playhead; None while unknown or not playing."""
        self.rung_bps = 0
        """Bandwidth of the variant being played, as its manifest says."""
        self.switches = 0
        self.on_time = 0
        """Media objects (parts, segments, chunks) that came before the playhead needed them."""
        self.late = 0
        """Those that came after: each is the cause, or part of the cause, of a stall."""


class Viewer(Protocol):
    """Facts of the one viewer that a player may need."""

    index: int
    rng: Random
    dvr_s: float
    """Watches this far behind live by choice; 0 for the live edge."""
    leave_s: float
    """When it leaves; a player that has played the event out sets it."""
