"""The profiles say what the installed players say: each is asked, in Node.js, for its own settings."""

import json
import shutil
import subprocess
from dataclasses import FrozenInstanceError, replace
from functools import cache
from math import inf
from pathlib import Path
from typing import Any, get_args

import pytest

from ringside.prove.crowd.plan import Plan
from ringside.prove.crowd.player.base import Kind
from ringside.prove.crowd.player.profile import Backoff, Cause, Profile, Shape, Then
from ringside.prove.crowd.player.stock import (
    DASH_JS,
    DASH_JS_PLAIN,
    HLS_JS,
    PROFILES,
    PUSH,
    RINGSIDE_DASH,
    RINGSIDE_DASH_PLAIN,
    RINGSIDE_HLS,
    SHAKA,
    SHAKA_PLAIN,
)

ROOT = Path(__file__).parents[2]
MODULES = ROOT / "node_modules"
PLAYERS = [name for name in ("hls.js", "dashjs", "shaka-player") if not (MODULES / name).exists()]
RINGSIDE = (RINGSIDE_HLS, RINGSIDE_DASH, RINGSIDE_DASH_PLAIN)
ALL = (*RINGSIDE, HLS_JS, DASH_JS, DASH_JS_PLAIN, SHAKA, SHAKA_PLAIN, PUSH)
asks_players = pytest.mark.skipif(
    shutil.which("node") is None or bool(PLAYERS), reason=f"needs node and npm's {', '.join(PLAYERS) or 'players'}"
)


@cache
def stock() -> dict[str, Any]:
    """The settings of the three, as they are installed."""
    script = Path(__file__).with_name("stock_players.cjs")
    done = subprocess.run(["node", script, MODULES], capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout, parse_constant=float)


def ms(value: float | str) -> float:
    return inf if value == "Infinity" else float(value) / 1000


def told(policy: dict[str, Any]) -> tuple[Any, ...]:
    """First byte, whole, and per cause tries and waits of an hls.js load policy."""
    again = {name: policy["default"][name] for name in ("timeoutRetry", "errorRetry")}
    waits = [
        (rule["maxNumRetry"], [min(ms(rule["retryDelayMs"]) * 2**n, ms(rule["maxRetryDelayMs"])) for n in range(4)])
        for rule in again.values()
    ]
    return ms(policy["default"]["maxTimeToFirstByteMs"]), ms(policy["default"]["maxLoadTimeMs"]), *waits


def stated(profile: Profile, kind: Kind) -> tuple[Any, ...]:
    load = profile.loads[kind]
    waits = [(load.on[cause].tries, first_waits(load.on[cause].wait)) for cause in (Cause.TIMEOUT, Cause.SERVER_ERROR)]
    return load.first_byte_s, load.whole_s, *waits


def first_waits(backoff: Backoff) -> list[float]:
    return [min(backoff.first_s * backoff.factor**n, backoff.longest_s) for n in range(4)]


@asks_players
@pytest.mark.parametrize(
    ("kind", "policy"),
    [
        (Kind.MANIFEST, "manifestLoadPolicy"),
        (Kind.PLAYLIST, "playlistLoadPolicy"),
        (Kind.INIT, "fragLoadPolicy"),
        (Kind.MEDIA, "fragLoadPolicy"),
    ],
)
def test_time_outs_and_retries_are_those_of_the_installed_hls_js(kind: Kind, policy: str) -> None:
    assert stated(HLS_JS, kind) == told(stock()["hls"][policy])


@asks_players
def test_estimates_and_safety_factors_are_those_of_the_installed_hls_js() -> None:
    theirs, ours = stock()["hls"], HLS_JS.bandwidth
    assert (ours.fast_s, ours.slow_s) == (theirs["abrEwmaFastLive"], theirs["abrEwmaSlowLive"])
    assert (ours.down, ours.up) == (theirs["abrBandWidthFactor"], theirs["abrBandWidthUpFactor"])
    assert (ours.default_bps, ours.default_most_bps) == (
        theirs["abrEwmaDefaultEstimate"],
        theirs["abrEwmaDefaultEstimateMax"],
    )


@asks_players
def test_the_live_habits_are_those_of_the_installed_hls_js() -> None:
    theirs = stock()["hls"]
    assert HLS_JS.target.durations == theirs["liveSyncDurationCount"]
    assert HLS_JS.target.rise_s == theirs["liveSyncOnStallIncrease"]
    assert HLS_JS.catch_up.fastest == theirs["maxLiveSyncPlaybackRate"] == 1
    assert theirs["liveMaxLatencyDurationCount"] == "Infinity"
    assert HLS_JS.catch_up.seek_after_s == inf
    assert HLS_JS.ahead_s == theirs["maxBufferLength"]


@asks_players
@pytest.mark.parametrize(("profile", "low"), [(DASH_JS, True), (DASH_JS_PLAIN, False)])
def test_time_outs_and_retries_are_those_of_the_installed_dash_js(profile: Profile, low: bool) -> None:
    theirs = stock()["dash"]
    tries, waits = theirs["retryAttempts"], theirs["retryIntervals"]
    times = tries["lowLatencyMultiplyFactor"] if low else 1
    divisor = waits["lowLatencyReductionFactor"] if low else 1
    for kind, name, limit in (
        (Kind.MANIFEST, "MPD", "manifestRequestTimeout"),
        (Kind.INIT, "InitializationSegment", "fragmentRequestTimeout"),
        (Kind.MEDIA, "MediaSegment", "fragmentRequestTimeout"),
    ):
        load = profile.loads[kind]
        assert load.whole_s == ms(theirs[limit])
        for cause in Cause:
            assert load.on[cause].tries == tries[name] * times
            assert first_waits(load.on[cause].wait) == [pytest.approx(ms(waits[name]) / divisor)] * 4


@asks_players
def test_estimates_and_safety_factors_are_those_of_the_installed_dash_js() -> None:
    theirs, ours = stock()["dash"]["abr"]["throughput"], DASH_JS.bandwidth
    assert ours.fast_s == theirs["ewma"]["throughputFastHalfLifeSeconds"]
    assert ours.slow_s == theirs["ewma"]["throughputSlowHalfLifeSeconds"]
    assert ours.weight == 1000 * theirs["ewma"]["weightDownloadTimeMultiplicationFactor"]
    assert ours.down == ours.up == theirs["bandwidthSafetyFactor"]
    rule = stock()["dash"]["abr"]["rules"]["insufficientBufferRule"]
    assert DASH_JS_PLAIN.bandwidth.danger == rule["parameters"]["throughputSafetyFactor"]
    assert DASH_JS.ahead_s == stock()["dash"]["buffer"]["bufferTimeDefault"]
    assert DASH_JS.catch_up.starved_s == stock()["dash"]["buffer"]["lowLatencyStallThreshold"]


@asks_players
@pytest.mark.parametrize(("profile", "low"), [(SHAKA, True), (SHAKA_PLAIN, False)])
def test_time_outs_and_retries_are_those_of_the_installed_shaka(profile: Profile, low: bool) -> None:
    theirs = stock()["shaka"]["streaming"]["retryParameters"]
    if low:
        theirs = theirs | stock()["shaka"]["low"]["streaming"]["retryParameters"]
    load = profile.loads[Kind.MEDIA]
    assert (load.first_byte_s, load.idle_s, load.whole_s) == (
        ms(theirs["connectionTimeout"]),
        ms(theirs["stallTimeout"]),
        ms(theirs["timeout"]),
    )
    for cause in Cause:
        again = load.on[cause]
        assert again.tries == theirs["maxAttempts"] - 1
        assert again.wait == Backoff(ms(theirs["baseDelay"]), theirs["backoffFactor"], jitter=theirs["fuzzFactor"])


@asks_players
def test_estimates_and_rates_are_those_of_the_installed_shaka() -> None:
    theirs, ours = stock()["shaka"]["abr"], SHAKA.bandwidth
    assert (ours.fast_s, ours.slow_s) == (theirs["advanced"]["fastHalfLife"], theirs["advanced"]["slowHalfLife"])
    assert (ours.least_bytes, ours.least_total_bytes) == (
        theirs["advanced"]["minBytes"],
        theirs["advanced"]["minTotalBytes"],
    )
    assert ours.down == theirs["bandwidthDowngradeTarget"]
    assert ours.between_s == theirs["switchInterval"]
    assert ours.least_s == ms(theirs["cacheLoadThreshold"])
    assert theirs["useNetworkInformation"] is True
    sync, rates = stock()["shaka"]["streaming"]["liveSync"], SHAKA.catch_up
    assert (rates.fastest, rates.slowest) == (sync["maxPlaybackRate"], sync["minPlaybackRate"])
    assert rates.tolerance_s == sync["targetLatencyTolerance"]
    assert SHAKA.ahead_s == stock()["shaka"]["streaming"]["bufferingGoal"]


def test_the_watch_page_sets_what_its_profile_says() -> None:
    page = (ROOT / "src/ringside/flow/watch/player/hls.js").read_text()
    for setting in (
        "maxLiveSyncPlaybackRate: 1,",
        f"maxBufferLength: {RINGSIDE_HLS.ahead_s:.0f}",
        f"abrEwmaDefaultEstimate: {RINGSIDE_HLS.bandwidth.default_bps:_}",
        "playlistLoadPolicy: policy(10_000, 12_000, 3)",
        "fragLoadPolicy: policy(10_000, 30_000, 4)",
        "manifestLoadPolicy: policy(8000, 10_000, 0)",
        "timeoutRetry: again(200), errorRetry: again(400)",
    ):
        assert setting in page
    assert stated(RINGSIDE_HLS, Kind.PLAYLIST)[:2] == (10.0, 12.0)
    assert stated(RINGSIDE_HLS, Kind.MEDIA) == (10.0, 30.0, (4, [0.2, 0.4, 0.8, 1.6]), (4, [0.4, 0.8, 1.6, 3.2]))


def test_the_watch_page_sets_what_its_profiles_say_of_dash_js() -> None:
    page = (ROOT / "src/ringside/flow/watch/player/dash.js").read_text()
    for profile in (RINGSIDE_DASH, RINGSIDE_DASH_PLAIN):
        assert "liveCatchup: { enabled: false }" in page
        assert f"initialBitrate: {{ video: {profile.bandwidth.default_bps / 1000:.0f} }}" in page
        assert all(again.tries == 3 for again in profile.loads[Kind.MEDIA].on)
    assert "retryAttempts: { lowLatencyMultiplyFactor: 1 }" in page
    assert "lowLatencyReductionFactor: 2 + Math.random() * 2" in page
    (wait,) = {again.wait for again in RINGSIDE_DASH.loads[Kind.MEDIA].on}
    assert (wait.first_s * (1 - wait.jitter), wait.first_s * (1 + wait.jitter)) == pytest.approx((1 / 4, 1 / 2))


def test_the_watch_page_steers_as_the_profiles_say_whatever_it_plays_by() -> None:
    steer = (ROOT / "src/ringside/flow/watch/sync/steer.js").read_text()
    for profile in (RINGSIDE_HLS, RINGSIDE_DASH, RINGSIDE_DASH_PLAIN, PUSH):
        rates = profile.catch_up
        for setting in (
            f"RUSHED = {rates.fastest - 1:.2f}",
            f"GRAIN = {rates.grain}",
            f"leave_ms: {rates.tolerance_s * 1000:.0f} }}",
            f"FAR_MS = {rates.seek_after_s * 1000:.0f}",
            f"FAR_FOR_MS = {rates.seek_held_s * 1000:.0f}",
            f"THIN_MS = {rates.least_buffer_s * 1000:.0f}",
        ):
            assert setting in steer
        assert rates.slowest == pytest.approx(2 - rates.fastest)


def test_hls_js_never_asks_again_after_4xx_or_a_refused_connection() -> None:
    for kind in (Kind.MANIFEST, Kind.PLAYLIST, Kind.INIT, Kind.MEDIA):
        for cause in (Cause.CLIENT_ERROR, Cause.NETWORK):
            assert HLS_JS.loads[kind].on[cause].tries == 0


def test_only_the_watch_page_and_push_come_back_from_every_failure() -> None:
    for profile in ALL:
        endless = all(
            again.then is Then.AGAIN or again.again is not None for load in profile.loads for again in load.on
        )
        assert endless == (profile in (*RINGSIDE, PUSH))


@pytest.mark.parametrize("profile", ALL, ids=lambda profile: profile.name)
def test_every_profile_covers_every_kind_and_cause(profile: Profile) -> None:
    assert len(profile.loads) == len(Kind)
    for load in profile.loads:
        assert len(load.on) == len(Cause)
        assert load.first_byte_s > 0
        assert load.whole_s > 0
        assert all(again.tries >= 0 and (again.then is not Then.AGAIN or again.again) for again in load.on)
    assert profile.connections == 6
    assert profile.catch_up.slowest <= 1 <= profile.catch_up.fastest
    assert (profile.catch_up.shape is Shape.NONE) == (profile.catch_up.fastest == 1)


def test_a_profile_does_not_change_but_can_be_remade() -> None:
    with pytest.raises(FrozenInstanceError):
        HLS_JS.ahead_s = 1.0  # type: ignore[misc]
    slower = replace(DASH_JS, catch_up=replace(DASH_JS.catch_up, fastest=1.02))
    assert slower.catch_up.fastest == 1.02
    assert DASH_JS.catch_up.fastest == 1.5


def test_a_plan_finds_a_profile_for_each_of_its_players() -> None:
    assert {*PROFILES, "auto", "ringside"} == set(get_args(Plan.model_fields["player"].annotation))
    assert PROFILES["dash.js"][True] is DASH_JS
    assert PROFILES["dash.js"][False] is DASH_JS_PLAIN
