"""What there is to say about a player: the vocabulary in which `stock` states what each really does.

Nothing enters and nothing is decided here; a player module, `playhead`, `abr` and `retry` act on it. A profile is
shared by all viewers of a process and never changes; `dataclasses.replace` makes another, as for an MPD whose
ServiceDescription sets other rates.
"""

from dataclasses import dataclass
from enum import Enum, IntEnum
from math import inf


class Cause(IntEnum):
    """Why a request has to be made again."""

    CLIENT_ERROR = 0
    """A status of 400 to 499."""
    SERVER_ERROR = 1
    """Any other status outside 200 to 299."""
    TIMEOUT = 2
    NETWORK = 3
    """Connection refused, reset or closed within the body: a script sees status 0."""


class Then(Enum):
    """What a player does once its tries are used up."""

    FAIL = "shows its error screen"
    SWITCH = "goes to another rung that has not failed yet; with none left it starts over, or fails"
    AGAIN = "starts over, for ever"


class Shape(Enum):
    """How the playback rate follows from the distance to the target latency."""

    NONE = "always 1"
    LOGISTIC = "an S through 1 at the target"
    STEP = "one of three rates"


class Wait(Enum):
    """What the wait for the first byte means to a bandwidth sample."""

    LEFT_OUT = "nothing: only the time on the wire counts"
    BEYOND_AVERAGE = "what exceeds the average wait counts as time on the wire"
    COUNTED = "all of it counts as time on the wire"


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays `first_s`, then `factor` times the last, up to `longest_s`."""

    first_s: float = 0.0
    factor: float = 1.0
    longest_s: float = inf
    jitter: float = 0.0
    """Half-width of a uniform factor around 1, drawn for each delay."""


@dataclass(frozen=True, slots=True)
class Retries:
    """How a request is made again. Retry-After is read by none of them."""

    tries: int
    """How often it is made again before `then`."""
    wait: Backoff = Backoff()
    then: Then = Then.FAIL
    again: Backoff | None = None
    """Waits before it starts over, where `then` says so or no rung is left to switch to; None: the player fails."""


@dataclass(frozen=True, slots=True)
class Load:
    """How one kind of request is made."""

    first_byte_s: float
    """Given up when no response head has come by then."""
    whole_s: float
    """Given up when the body is not complete by then, counted from the start."""
    on: tuple[Retries, Retries, Retries, Retries]
    """By Cause."""
    idle_s: float = inf
    """Given up when no byte has come for so long within a body."""


@dataclass(frozen=True, slots=True)
class CatchUp:
    """How the playback rate holds the latency."""

    shape: Shape = Shape.NONE
    slowest: float = 1.0
    fastest: float = 1.0
    steepness: float = 0.0
    """Of the S, per second of distance from the target."""
    reach: float = 0.0
    """Half-height of the S; 0: `fastest - 1` above the target, `1 - slowest` below."""
    grain: float = 0.0
    """The rate is rounded to multiples of this; 0: not rounded."""
    least_change: float = 0.0
    """A change smaller than this is not made, except back to 1."""
    tolerance_s: float = 0.0
    """Distance from the target within which the rate is 1."""
    least_buffer_s: float = 0.0
    """With less media ahead than this the rate is 1."""
    starved_s: float = 0.0
    """With no more media ahead than this the player counts as starved, and its rate is 1 …"""
    recovered: float = 0.0
    """… until it has more ahead than this share of the target latency."""
    seek_after_s: float = inf
    """Farther behind the target than this it seeks to it."""
    seek_held_s: float = 0.0
    """The distance must have lasted so long."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where live playback is held. The first of `sources` that the manifest has wins."""

    sources: tuple[str, ...]
    """Attribute and element names of the manifest; the last is multiplied by `durations`."""
    durations: float
    rise_s: float = 0.0
    """The target moves away by so much with each stall, by one target duration at most."""


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """How the bandwidth is estimated, and the rung chosen by it. The lesser of a fast and a slow average counts."""

    default_bps: float
    """The estimate before there is one: it chooses the first rung, without a safety factor."""
    default_most_bps: float = 0.0
    """The default rises to the bandwidth of the variant listed first, up to this; 0: it does not."""
    fast_s: float = 3.0
    slow_s: float = 9.0
    """Half-lives, in seconds of transfer time times `weight`."""
    weight: float = 1.0
    down: float = 1.0
    """A rung at or below the current one may need this share of the estimate."""
    up: float = 1.0
    """A rung above the current one may need this share."""
    least_total_bytes: int = 0
    """Until so much has been sampled the default counts."""
    least_bytes: int = 0
    """A smaller transfer is no sample."""
    least_s: float = 0.0
    """A quicker transfer is taken to come from a cache (Shaka), or counts as no time at all (dash.js): no sample."""
    least_weight_s: float = 0.0
    """Until so much transfer time has been sampled the default counts."""
    floor_s: float = 0.0
    """A transfer counts as lasting at least this …"""
    floor_byte_s: float = 0.0
    """… or this per byte, whichever is less."""
    wait: Wait = Wait.LEFT_OUT
    """What the wait for the first byte means to a sample."""
    between_s: float = 0.0
    """Time between two choices, the first excepted."""
    danger: float = 0.0
    """With a buffer shorter than a segment, a rung may need only this share of estimate times buffer per segment; 0: no
    such rule."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of player in a Chromium browser."""

    name: str
    loads: tuple[Load, ...]
    """By Kind."""
    target: Target
    catch_up: CatchUp
    bandwidth: Bandwidth
    connections: int = 6
    """Chromium's limit per host over HTTP/1.1."""
    opening_s: float = 0.0
    """From there being enough media to the first picture on the screen: the player's timers, opening the MediaSource,
    demuxing and decoding, which a crowd does not do. As seen in Chromium on two cores (`python -m bench reality`)."""
    startup_s: float = 0.2
    """Media ahead of the playhead before the first picture moves: Chromium decodes 0.2 s of sound first. None of the
    three asks for more (hls.js: first fragment or part; dash.js: initialBufferLevel; Shaka: rebufferingGoal 0)."""
    resume_s: float = 0.4
    """Media ahead before playing goes on after the first stall …"""
    resume_growth: float = 2.0
    """… so many times as much after each further one …"""
    resume_most_s: float = 3.0
    """… up to this; a seek starts again. These are Chromium's for media with sound; without, a frame or two will do."""
    ahead_s: float = 30.0
    """No further media is asked for while so much is buffered."""
    poll_s: float = 0.0
    """DASH: how often it looks whether the next segment is available by now; 0: at once."""
    resends: bool = True
    """A connection that was used before and closes without a byte of reply is no failure: Chromium itself sends the
    request once more, on a fresh one."""
    preload_hints: bool = False
    """Asks for the part named by EXT-X-PRELOAD-HINT before it is listed."""
    blocking_reload: bool = False
    """Sends `_HLS_msn` and `_HLS_part` where CAN-BLOCK-RELOAD says so, and `_HLS_skip` where CAN-SKIP-UNTIL does."""
    reload_changed: float = 1.0
    """Live reload without blocking: target durations from one request to the next after a playlist that had news
    (the last segment's duration instead, where that is shorter)."""
    reload_unchanged: float = 0.5
    """The same after a playlist without news."""
    headers: tuple[tuple[str, str], ...] = (
        ("Connection", "keep-alive"),
        (
            "User-Agent",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
        ),
        ("Accept", "*/*"),
        ("Accept-Encoding", "gzip, deflate"),
        ("Accept-Language", "en-US,en;q=0.9"),
    )
    """As Chromium sends them with a script's request over plain HTTP, Host excepted."""
