"""What stock players really do, as data: hls.js 1.7.4, dash.js 5.2.1, Shaka 5.2.12, and Ringside's own watch page.

Nothing enters and nothing is decided here. Each field names the setting (or the habit in the code) it states; a player
module, `playhead`, `abr` and `retry` act on it. A profile is shared by all viewers of a process and never changes;
`dataclasses.replace` makes another, as for an MPD whose ServiceDescription sets other rates.
"""

from dataclasses import dataclass, replace
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
    startup_s: float = 0.2
    """Media ahead of the playhead before the first picture moves: Chromium decodes 0.2 s of sound first. None of the
    three asks for more (hls.js: first fragment or part; dash.js: initialBufferLevel; Shaka: rebufferingGoal 0)."""
    resume_s: float = 0.4
    """Media ahead before playing goes on after a stall: Chromium doubles the above when it has run dry."""
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
    """Sends `_HLS_msn` and `_HLS_part` where CAN-BLOCK-RELOAD says so."""
    delta_updates: bool = False
    """Sends `_HLS_skip` where CAN-SKIP-UNTIL says so."""
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


def _by_kind(manifest: Load, playlist: Load, media: Load, *, stream: Load | None = None) -> tuple[Load, ...]:
    """MANIFEST, PLAYLIST, INIT, MEDIA, STREAM, CLOCK: an init section is loaded as media is, a clock as a manifest."""
    return (manifest, playlist, media, media, stream or media, manifest)


# hls.js: config.ts, *LoadPolicy. utils/error-helper.ts never asks again after 4xx, nor after status 0 while the browser
# is online; error-controller.ts then takes a rung whose loadError is 0, and without one the error is fatal.


def _hls(first_byte_s: float, whole_s: float, timeout: Retries, error: Retries) -> Load:
    hopeless = replace(error, tries=0)
    return Load(first_byte_s, whole_s, (hopeless, error, timeout, hopeless))


_DOUBLING = Backoff(1.0, 2.0, 8.0)

HLS_JS = Profile(
    name="hls.js",
    loads=_by_kind(
        manifest=_hls(inf, 20.0, Retries(2), Retries(1, _DOUBLING)),
        playlist=_hls(10.0, 20.0, Retries(2, then=Then.SWITCH), Retries(2, _DOUBLING, Then.SWITCH)),
        media=_hls(10.0, 120.0, Retries(4, then=Then.SWITCH), Retries(6, _DOUBLING, Then.SWITCH)),
    ),
    target=Target(("PART-HOLD-BACK", "HOLD-BACK", "TARGETDURATION"), durations=3, rise_s=1.0),
    catch_up=CatchUp(),  # maxLiveSyncPlaybackRate 1, liveMaxLatencyDurationCount Infinity
    bandwidth=Bandwidth(
        default_bps=500_000,
        default_most_bps=5_000_000,
        fast_s=3.0,
        slow_s=9.0,
        down=0.95,
        up=0.7,
        floor_s=0.05,
        floor_byte_s=1e-8,
        least_weight_s=0.001,
        wait=Wait.BEYOND_AVERAGE,
    ),
    blocking_reload=True,
    delta_updates=True,
)
"""Out of the box. It reads preload hints but does not ask for them: it blocks on the playlist instead."""

_PAGE = Backoff(0.375, 2.0, 3.75, jitter=1 / 3)


def _page(tries: int, then: Then = Then.SWITCH) -> tuple[Retries, Retries]:
    timeout = Retries(tries, Backoff(0.2, 2.0, 5.0, jitter=0.5), then, _PAGE)
    return timeout, replace(timeout, wait=replace(timeout.wait, first_s=0.4))


RINGSIDE_HLS = replace(
    HLS_JS,
    name="ringside hls",
    loads=_by_kind(
        manifest=_hls(8.0, 10.0, *_page(0, Then.AGAIN)),
        playlist=_hls(10.0, 12.0, *_page(3)),
        media=_hls(10.0, 30.0, *_page(4)),
    ),
    catch_up=CatchUp(
        Shape.LOGISTIC,
        fastest=1.1,
        steepness=0.75,
        reach=1.0,
        grain=0.05,
        tolerance_s=0.05,
        least_buffer_s=1.0,
        seek_after_s=3.5,
        seek_held_s=1.5,
    ),
    bandwidth=replace(HLS_JS.bandwidth, default_bps=3_000_000, default_most_bps=0.0),
    ahead_s=20.0,
)
"""hls.js as the watch page sets it (flow/watch/player/hls.js); the page draws one jitter factor per viewer, not one per
delay. It never gives up: after a fatal error it asks again, doubling from half a second to five, halved by chance
(flow/watch/stage/session.js), and it seeks when behind by more than 3.5 s for 1.5 s."""


# dash.js: Settings.js. In low-latency mode the intervals are a tenth and the attempts five times as many. Every status
# but 2xx, time-outs and network errors are one to it. A segment that has failed blacklists its BaseURL; with no other,
# nothing more is asked for.


def _dash_loads(times: int, divisor: float, jitter: float = 0.0) -> tuple[Load, ...]:
    mpd = Retries(3 * times, Backoff(0.5 / divisor, jitter=jitter))
    media = Retries(3 * times, Backoff(1.0 / divisor, jitter=jitter))
    manifest = Load(10.0, 10.0, (mpd,) * 4)
    return _by_kind(manifest, manifest, Load(20.0, 20.0, (media,) * 4))


DASH_JS = Profile(
    name="dash.js",
    loads=_dash_loads(5, 10.0),
    target=Target(("ServiceDescription", "suggestedPresentationDelay", "segment duration"), durations=4),
    catch_up=CatchUp(
        Shape.LOGISTIC,
        slowest=0.5,
        fastest=1.5,
        steepness=5.0,
        least_change=0.02,
        starved_s=0.3,
        recovered=0.5,
        seek_after_s=12.0,
    ),
    bandwidth=Bandwidth(
        default_bps=1_000_000,
        fast_s=3.0,
        slow_s=8.0,
        weight=1.5,
        down=0.9,
        up=0.9,
        least_s=0.001,
    ),
    ahead_s=18.0,
)
"""In low-latency mode, which it enters where availabilityTimeComplete is false. The rates are its defaults; those of
PlaybackRate in the ServiceDescription go before them. `least_change` is 0.04 of `fastest - 1`."""

DASH_JS_PLAIN = replace(
    DASH_JS,
    name="dash.js plain",
    poll_s=0.5,
    loads=_dash_loads(1, 1.0),
    catch_up=CatchUp(),
    bandwidth=replace(DASH_JS.bandwidth, danger=0.7),
)
"""On any other live MPD: three tries, a second apart, no catching up, and the insufficient-buffer rule."""

RINGSIDE_DASH = replace(
    DASH_JS,
    name="ringside dash",
    loads=_dash_loads(1, 8 / 3, jitter=1 / 3),
    catch_up=replace(DASH_JS.catch_up, slowest=0.9, fastest=1.1, least_change=0.004, seek_after_s=3.5),
    bandwidth=replace(DASH_JS.bandwidth, default_bps=2_500_000),
)
"""dash.js as the watch page sets it (flow/watch/player/dash.js): a reduction factor drawn from 2 to 4 per viewer."""


# Shaka: player_configuration.js, createDefault and createDefaultForLL. Two attempts, the delay fuzzed by half. For live
# the playlist timer and the streaming engine begin anew after 0.1 s, and after their own back-off, for ever; a rung
# that failed other than by a time-out is left alone meanwhile.


def _shaka_loads(delay_s: float) -> tuple[Load, ...]:
    once = Retries(1, Backoff(delay_s, 2.0, jitter=0.5))
    updates = replace(once, then=Then.AGAIN, again=Backoff(0.1))
    media = replace(once, then=Then.SWITCH, again=Backoff(delay_s + 0.1, jitter=0.5 * delay_s / (delay_s + 0.1)))
    late = replace(media, then=Then.AGAIN)
    times = (10.0, 30.0)
    return _by_kind(
        Load(*times, (once, once, once, once), 5.0),
        Load(*times, (updates, updates, updates, updates), 5.0),
        Load(*times, (media, media, late, media), 5.0),
    )


SHAKA = Profile(
    name="shaka",
    loads=_shaka_loads(0.1),
    target=Target(
        ("PART-HOLD-BACK", "HOLD-BACK", "ServiceDescription", "suggestedPresentationDelay", "TARGETDURATION"),
        durations=3,
    ),
    catch_up=CatchUp(Shape.STEP, slowest=0.95, fastest=1.1, tolerance_s=0.5),
    bandwidth=Bandwidth(
        default_bps=1_000_000,
        fast_s=2.0,
        slow_s=5.0,
        down=0.95,
        up=0.95,
        least_total_bytes=128_000,
        least_bytes=16_000,
        least_s=0.005,
        wait=Wait.COUNTED,
        between_s=8.0,
    ),
    ahead_s=10.0,
    poll_s=0.1,
    blocking_reload=True,
    delta_updates=True,
    preload_hints=True,
)
"""With lowLatencyMode on a low-latency stream. The rates apply where the MPD has a ServiceDescription; `up` is 0.95,
not bandwidthUpgradeTarget's 0.85, since of two rungs whose ranges overlap it takes the higher."""

SHAKA_PLAIN = replace(
    SHAKA, name="shaka plain", poll_s=1.0, loads=_shaka_loads(1.0), catch_up=CatchUp(), preload_hints=False
)
"""On any other live stream."""


_PUSH_AGAIN = Retries(0, then=Then.AGAIN, again=_PAGE)

PUSH = Profile(
    name="push",
    loads=_by_kind(
        Load(8.0, 10.0, (_PUSH_AGAIN,) * 4),
        Load(8.0, 10.0, (_PUSH_AGAIN,) * 4),
        Load(8.0, 30.0, (_PUSH_AGAIN,) * 4),
        stream=Load(8.0, inf, (_PUSH_AGAIN,) * 4, 3.0),
    ),
    target=Target(("PART-HOLD-BACK", "HOLD-BACK", "TARGETDURATION"), durations=3),
    catch_up=CatchUp(
        Shape.LOGISTIC, slowest=0.95, fastest=1.1, steepness=5.0, tolerance_s=0.05, seek_after_s=1.5, seek_held_s=0.5
    ),
    bandwidth=replace(RINGSIDE_HLS.bandwidth, up=0.7),
)
"""Ringside's one long response per track: opened anew, with the page's back-off, when it ends or falls silent."""

PROFILES: dict[str, tuple[Profile, Profile]] = {
    "hls.js": (HLS_JS, HLS_JS),
    "dash.js": (DASH_JS_PLAIN, DASH_JS),
    "shaka": (SHAKA_PLAIN, SHAKA),
    "push": (PUSH, PUSH),
    "ringside": (RINGSIDE_HLS, RINGSIDE_HLS),
}
"""By the plan's name of a player: on a plain and on a low-latency stream."""
