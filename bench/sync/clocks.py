"""A device clock that is wrong by +5 s, and by −3 h: does it show on the screens?

Those two players and three with a right clock, on one path. The pages believe the wrong clock: Date and
performance.timeOrigin are overridden before anything of theirs runs, which is proved; what watches the screens is not
misled.
"""

from typing import Any

from rich.table import Table

from bench.sync import figures
from bench.sync.event import event
from bench.sync.machine import Machine, words
from bench.sync.options import Options
from bench.sync.room import room
from bench.sync.seats import group_figures, now_ms, page_url, settle, strayed
from bench.sync.spread import moq

SECONDS = 30.0
SETTLE_S = 20.0
TARGET_S = 0.3
GOAL_MS = 34.0
MORE_MS = 34.0
"""With those whose clock is wrong the spread may be larger by a frame, of which it is a multiple."""
SKEWS_MS = {"+5 s": 5_000, "−3 h": -3 * 3_600_000, "right 1": 0, "right 2": 0, "right 3": 0}


def run(options: Options) -> dict[str, Any]:
    """All players in one run; the spread of the right ones, and with the wrong ones."""
    path = (options.paths or ["push"])[0]
    target_s = options.target_s or TARGET_S
    with event("clocks", *moq([path]), frames_per_chunk=1, target_s=target_s) as running, room(options.seed) as there:
        believed = {}
        for number, (name, skew_ms) in enumerate(SKEWS_MS.items()):
            window = there.open(page_url(running, path, target_s, number), name, skew_ms=skew_ms)
            said_ms = window.page.evaluate("[Date.now(), performance.timeOrigin + performance.now()]")
            believed[name] = [round(each - now_ms()) for each in said_ms]
        for name, skew_ms in SKEWS_MS.items():
            if any(abs(off - skew_ms) > 1000 for off in believed[name]):
                raise SystemExit(f"the clock of {name} was not wrong: it is off by {believed[name]} ms")
        there.wait_playing(len(SKEWS_MS))
        settle(there, options, SETTLE_S)
        with Machine(running.process.pid, there) as machine:
            from_ms, until_ms = there.watch(options.seconds or (8 if options.quick else SECONDS))
        seats = there.players
        found = group_figures(seats, from_ms, until_ms)
        right = [seen.screen for seen in seats if not SKEWS_MS[seen.name]]
        without = figures.summary(spread for _, spread in figures.spread_ms(right, from_ms, until_ms))
    return {
        "path": path,
        "target_ms": target_s * 1000,
        "goal_ms": GOAL_MS,
        "believed_ms": believed,
        "right_spread_ms": without,
        "strayed": strayed(seats, [path] * len(seats)),
        "machine": machine.result,
        **found,
    }


def shown(result: dict[str, Any]) -> list[Table | str]:
    """The spread with and without them; each player's latency."""
    table = Table("clock", "device clock off by", "latency p50, ms", "p95", "stalls")
    for name, one in result["players"].items():
        latency = one["latency_ms"]
        off = f"{result['believed_ms'][name][0] / 1000:+.1f} s"
        table.add_row(name, off, *(f"{latency.get(key, 0):.0f}" for key in ("p50", "p95")), str(one["stalls"]))
    spreads = Table("spread, ms", "n", "min", "p50", "p95", "p99", "max")
    for name, key in (("all five", "spread_ms"), ("the three that are right", "right_spread_ms")):
        spread = result[key]
        spreads.add_row(name, *(f"{spread.get(each, 0):.0f}" for each in ("n", "min", "p50", "p95", "p99", "max")))
    worse = result["spread_ms"].get("p95", 1e9) - result["right_spread_ms"].get("p95", 0)
    verdict = "no effect on the spread" if worse <= MORE_MS else f"THE SPREAD IS LARGER BY {worse:.0f} ms"
    return [table, spreads, f"{verdict}; {words(result['machine'])}", *result["strayed"]]
