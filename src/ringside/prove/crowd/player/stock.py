"""What stock players really do, as data: hls.js 1.7.4, dash.js 5.2.1, Shaka 5.2.12, and Ringside's own watch page.

Each value is the player's own setting of like name, or a habit of its code that the comments name. The tests ask the
installed players for theirs and compare.
"""

from dataclasses import replace
from math import inf

from ringside.prove.crowd.player.profile import (
    Backoff,
    Bandwidth,
    CatchUp,
    Load,
    Profile,
    Retries,
    Shape,
    Target,
    Then,
    Wait,
)

HELD_S = 25.0
"""How long the watch page waits for the next target."""


def _by_kind(manifest: Load, playlist: Load, media: Load, *, stream: Load | None = None) -> tuple[Load, ...]:
    """By Kind: an init section is loaded as media is, a clock as a manifest; a target is held for 15 s."""
    held = replace(manifest, first_byte_s=HELD_S, whole_s=HELD_S)
    return (manifest, playlist, media, media, stream or media, manifest, held)


# hls.js: config.ts, *LoadPolicy. utils/error-helper.ts never asks again after 4xx, nor after status 0 while the browser
# is online; error-controller.ts then takes a rung whose loadError is 0, and without one the error is fatal.


def _hls(first_byte_s: float, whole_s: float, timeout: Retries, error: Retries) -> Load:
    hopeless = replace(error, tries=0)
    return Load(first_byte_s, whole_s, (hopeless, error, timeout, hopeless))


_DOUBLING = Backoff(1.0, 2.0, 8.0)

HLS_JS = Profile(
    name="hls.js",
    opening_s=0.385,
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
)
"""Out of the box. It reads preload hints but does not ask for them: it blocks on the playlist instead."""

_PAGE = Backoff(0.375, 2.0, 3.75, jitter=1 / 3)


def _page(tries: int, then: Then = Then.SWITCH) -> tuple[Retries, Retries]:
    timeout = Retries(tries, Backoff(0.2, 2.0, 5.0, jitter=0.5), then, _PAGE)
    return timeout, replace(timeout, wait=replace(timeout.wait, first_s=0.4))


STEERED = CatchUp(
    Shape.LOGISTIC,
    slowest=0.95,
    fastest=1.05,
    steepness=27.0,
    grain=0.0025,
    tolerance_s=0.004,
    least_buffer_s=0.03,
    seek_after_s=1.0,
    seek_held_s=0.4,
)
"""How the page holds the event's target, whatever it plays by (flow/watch/sync/steer.js)."""

RINGSIDE_HLS = replace(
    HLS_JS,
    name="ringside hls",
    loads=_by_kind(
        manifest=_hls(8.0, 10.0, *_page(0, Then.AGAIN)),
        playlist=_hls(10.0, 12.0, *_page(3)),
        media=_hls(10.0, 30.0, *_page(4)),
    ),
    catch_up=STEERED,
    bandwidth=replace(HLS_JS.bandwidth, default_bps=3_000_000, default_most_bps=0.0),
    ahead_s=20.0,
)
"""hls.js as the watch page sets it (flow/watch/player/hls.js); the page draws one jitter factor per viewer, not one per
delay. It never gives up: after a fatal error it asks again, doubling from half a second to five, halved by chance
(flow/watch/embed/session.js)."""


# dash.js: Settings.js. In low-latency mode the intervals are a tenth and the attempts five times as many. Every status
# but 2xx, time-outs and network errors are one to it. A segment that has failed blacklists its BaseURL; with no other,
# nothing more is asked for.


def _dash_loads(times: int, divisor: float, jitter: float = 0.0, again: Backoff | None = None) -> tuple[Load, ...]:
    then = Then.FAIL if again is None else Then.AGAIN
    mpd = Retries(3 * times, Backoff(0.5 / divisor, jitter=jitter), then, again)
    media = replace(mpd, wait=replace(mpd.wait, first_s=1.0 / divisor))
    manifest = Load(10.0, 10.0, (mpd,) * 4)
    return _by_kind(manifest, manifest, Load(20.0, 20.0, (media,) * 4))


DASH_JS = Profile(
    name="dash.js",
    opening_s=0.14,
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
    loads=_dash_loads(1, 8 / 3, jitter=1 / 3, again=_PAGE),
    catch_up=STEERED,
    bandwidth=replace(DASH_JS.bandwidth, default_bps=2_500_000),
)
"""dash.js as the watch page sets it (flow/watch/player/dash.js): a reduction factor drawn from 2 to 4 per viewer, and
after a fatal error the page asks again, as it does with hls.js."""

RINGSIDE_DASH_PLAIN = replace(
    DASH_JS_PLAIN,
    name="ringside dash plain",
    loads=_dash_loads(1, 1.0, again=_PAGE),
    catch_up=RINGSIDE_DASH.catch_up,
    bandwidth=replace(DASH_JS_PLAIN.bandwidth, default_bps=2_500_000),
)
"""The same on any other live MPD: dash.js reduces no interval there, and catches up since the page says so."""


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
        default_bps=1_450_000,
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
    preload_hints=True,
)
"""With lowLatencyMode on a low-latency stream. The rates apply where the MPD has a ServiceDescription; `up` is 0.95,
not bandwidthUpgradeTarget's 0.85, since of two rungs whose ranges overlap it takes the higher. Instead of its own
default estimate (1 Mb/s) it takes what the browser says of its connection: Chromium's first word is 1.45 Mb/s."""

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
    catch_up=STEERED,
    bandwidth=replace(RINGSIDE_HLS.bandwidth, up=0.7),
)
"""Ringside's one long response per track: opened anew, with the page's back-off, when it ends or falls silent. The
target is the event's (see `aim`)."""

PROFILES: dict[str, tuple[Profile, Profile]] = {
    "hls.js": (HLS_JS, HLS_JS),
    "dash.js": (DASH_JS_PLAIN, DASH_JS),
    "shaka": (SHAKA_PLAIN, SHAKA),
    "push": (PUSH, PUSH),
}
"""By the plan's name of a player: on a plain and on a low-latency stream."""

WATCH_PAGE: dict[str, tuple[Profile, Profile]] = {
    "hls.js": (RINGSIDE_HLS, RINGSIDE_HLS),
    "dash.js": (RINGSIDE_DASH_PLAIN, RINGSIDE_DASH),
    "push": (PUSH, PUSH),
}
"""Ringside's own page, `ringside` in a plan: by the player that it has for a URL, plain and low-latency."""

PAIRS = (*PROFILES.values(), *WATCH_PAGE.values())
"""Of every player, plain and low-latency."""
