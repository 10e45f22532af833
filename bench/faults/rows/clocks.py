"""A viewer's device clock is wrong by 5 s: the pictures on its screen are those on a screen whose clock is right.

Both play in a real Chromium, whose Date and performance.timeOrigin are overridden in one of them. The control: what
/clock answers is wrong by 5 s too, which nobody can know. The server's own clock is this machine's, and is left alone.
"""

from bench.faults.options import Options
from bench.faults.screens import url
from bench.faults.stage import stage
from bench.faults.verdict import Bound, Fired, Row, Trial
from bench.sync import figures
from bench.sync.room import room
from bench.sync.seats import now_ms

OFF_MS = 5000.0
SETTLE_S, SECONDS = 12.0, 8.0
TARGET_S = 2.0
LATENCY_MS = 50.0


def run(options: Options) -> Trial:
    """The device's clock is wrong."""
    return play(options, skew_ms=OFF_MS)


def control(options: Options) -> Trial:
    """The server's answer is."""
    return play(options, server_ms=OFF_MS)


def play(options: Options, skew_ms: float = 0.0, server_ms: float = 0.0) -> Trial:
    """Two players, one of which is misled."""
    with stage(TARGET_S) as there, room(options.seed) as screens:
        live = there.live()
        right = screens.open(url(live.url, "push", TARGET_S), "right")
        wrong = screens.open(url(live.url, "push", TARGET_S), "wrong",
                             skew_ms=skew_ms, server_ms=server_ms)  # fmt: skip
        screens.wait_playing(2)
        believed_ms = wrong.page.evaluate("Date.now()") - now_ms()
        screens.watch(SETTLE_S)
        from_ms, until_ms = screens.watch(SECONDS)
        seen = [window.players[0].screen for window in (right, wrong)]
    latencies = [figures.summary(figures.latencies_ms(figures.between(one.frames, from_ms, until_ms))) for one in seen]
    apart = figures.summary(spread for _, spread in figures.spread_ms(seen, from_ms, until_ms))
    error = abs(latencies[1].get("p50", 1e9) - TARGET_S * 1000)
    so = abs(believed_ms - skew_ms) < 500 and bool(skew_ms or server_ms)
    said = f"its Date is off by {believed_ms:+.0f} ms" + (f", /clock by {server_ms:+.0f} ms" if server_ms else "")
    return Trial(
        [Fired("clock off by 5 s", said, so)],
        [
            Bound("latency off its target, p50", error, LATENCY_MS, "ms"),
            Bound("pictures apart from the right one's, p95", apart.get("p95"), LATENCY_MS, "ms"),
        ],
        {"latency_ms": latencies, "apart_ms": apart},
    )


ROW = Row(
    "a viewer's clock off by 5 s",
    "latency within 50 ms of its target once the clock is synced",
    run,
    "/clock itself is wrong",
    control,
)
