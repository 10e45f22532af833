"""The operator moves the target from 1 s to 3 s during play: does everybody arrive together?

Four players on the push path, then one on each path; `ringside target 3` orders it. Spread at every 20 ms from the
order until the end, time until each player keeps the new latency, and the jumps on the way.
"""

import subprocess
import sys
import time
from typing import Any

from rich.table import Table

from bench.harness import Event
from bench.sync import figures
from bench.sync.event import event, offers, target_ms
from bench.sync.machine import Machine, words
from bench.sync.options import Options
from bench.sync.room import room
from bench.sync.seats import group_figures, now_ms, settle, sit, strayed
from bench.sync.spread import FOUR, moq

FROM_S, TO_S = 1.0, 3.0
BEFORE_S, AFTER_S = 8.0, 75.0
SETTLE_S = 25.0
GOAL_MS = 100.0
CASES = {"push": ("push",) * 4, "paths": FOUR}


def order(running: Event, seconds: float) -> None:
    """`ringside target SECONDS` on this event. SystemExit with its words when it is refused."""
    command = [sys.executable, "-m", "ringside", "target", str(seconds), "--port", str(running.port)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    if done.returncode:
        raise SystemExit(f"ringside target: {(done.stderr or done.stdout).strip()[-300:]}")


def play(case: str, options: Options) -> dict[str, Any]:
    """One case, in an event of its own."""
    players = list(options.paths or CASES[case])
    with event("move", *moq(players), frames_per_chunk=1, target_s=FROM_S) as running, room(options.seed) as there:
        if target_ms(running) is None:
            raise SystemExit("this event has no target.json: nothing to move")
        without = [player for player in players if player == "moq" and not offers(f"{running.url}/moq.json")]
        players = [player for player in players if player not in without]
        seats = sit(there, running, players, options, None)
        settle(there, options, SETTLE_S)
        with Machine(running.process.pid, there) as machine:
            from_ms, _ = there.watch(BEFORE_S)
            ordered_ms = now_ms()
            order(running, TO_S)
            _, until_ms = there.watch(options.seconds or AFTER_S)
        until_ms -= 200
        found = group_figures(seats, from_ms, until_ms)
        screens = {seen.name: seen.screen for seen in seats}
        spreads = figures.spread_ms(list(screens.values()), ordered_ms, until_ms)
        arrived = {name: figures.arrival_ms(screen.frames, ordered_ms, TO_S * 1000) for name, screen in screens.items()}
    return {
        "case": case,
        "without": without,
        "goal_ms": GOAL_MS,
        "moved_spread_ms": figures.summary(spread for _, spread in spreads),
        "moved_spread_by_second_ms": figures.by_second(spreads),
        "arrived_ms": arrived,
        "ordered_after_s": round((ordered_ms - from_ms) / 1000, 2),
        "strayed": strayed(seats, players),
        "machine": machine.result,
        **found,
    }


def run(options: Options) -> dict[str, Any]:
    """Both cases, or the players asked for."""
    results = {}
    for case in ["asked"] if options.paths else CASES:
        results[case] = play(case, options)
        time.sleep(1)
    return results


def shown(result: dict[str, Any]) -> list[Table | str]:
    """A row for each case, one for each player under it."""
    head = ("target 1 s → 3 s", "spread p50", "p95", "p99", "max", "arrived after", "jumps", "stalls", "most |rate−1|")
    table = Table(*head, "kept")
    said: list[Table | str] = [table]
    for case, one in result.items():
        spread = one["moved_spread_ms"]
        arrivals = list(one["arrived_ms"].values())
        all_there = all(each is not None for each in arrivals)
        good = spread.get("max", 1e9) <= one["goal_ms"] and all_there and not one["jumps"]
        table.add_row(
            f"{len(one['players'])} players, {case}",
            *(f"{spread.get(name, 0):.0f}" for name in ("p50", "p95", "p99", "max")),
            f"{max(arrivals) / 1000:.1f} s" if all_there and arrivals else "NOT ALL",
            str(one["jumps"]),
            str(one["stalls"]),
            "",
            "yes" if good else "no",
        )
        for name, each in one["players"].items():
            at = one["arrived_ms"][name]
            when = "never" if at is None else f"{at / 1000:.1f} s"
            rate = f"{each['rates'].get('most', 0):.2%}"
            table.add_row(f"  {name}", *[""] * 4, when, str(len(each["jumps_ms"])), str(each["stalls"]), rate, "")
        said.append(f"{case}: {words(one['machine'])}" + "".join(f"; {stray}" for stray in one["strayed"]))
        said += [f"{case}: this event offers no {path}, played without" for path in one["without"]]
    return said
