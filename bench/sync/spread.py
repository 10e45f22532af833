"""How far apart the pictures on the screens are: eight players on one path, and four paths at one common target.

At every 20 ms the newest minus the oldest frame then on the screens; one that stands still counts with its old frame.
"""

from collections.abc import Sequence
from typing import Any

from rich.table import Table

from bench.sync.event import event, offers
from bench.sync.machine import Machine, words
from bench.sync.options import Options
from bench.sync.room import room
from bench.sync.seats import group_figures, settle, sit, strayed

SECONDS = 60.0
SETTLE_S = 25.0
SAME, FOUR = 8, ("push", "moq", "dash", "hls")
CASES = {"same": (0.3, 34.0), "paths": (1.2, 50.0)}
"""The common target, seconds, and the p95 to keep, milliseconds."""


def players_of(case: str, options: Options) -> list[str]:
    """Who plays in a case: `same` is many on the first path asked for, `paths` one on each."""
    if case == "same":
        return [(options.paths or ["push"])[0]] * (options.players or SAME)
    return list(options.paths or FOUR)


def play(case: str, options: Options) -> dict[str, Any]:
    """One case, in an event of its own."""
    target_s, goal_ms = CASES[case]
    target_s = options.target_s or target_s
    players = players_of(case, options)
    with event("spread", *moq(players), frames_per_chunk=1, target_s=target_s) as running, room(options.seed) as there:
        without = [player for player in players if player == "moq" and not offers(f"{running.url}/moq.json")]
        players = [player for player in players if player not in without]
        seats = sit(there, running, players, options, target_s)
        settle(there, options, SETTLE_S)
        with Machine(running.process.pid, there) as machine:
            from_ms, until_ms = there.watch(options.seconds or (8 if options.quick else SECONDS))
        found = group_figures(seats, from_ms, until_ms)
    return {
        "case": case,
        "target_ms": target_s * 1000,
        "goal_ms": goal_ms,
        "without": without,
        "strayed": strayed(seats, players),
        "machine": machine.result,
        **found,
    }


def moq(players: Sequence[str]) -> tuple[str, ...]:
    """The option that an event needs for such players."""
    return ("--moq",) if "moq" in players else ()


def run(options: Options) -> dict[str, Any]:
    """Both cases; with one path asked for only `same`."""
    cases = ["same"] if len(options.paths) == 1 else ["paths"] if options.paths else list(CASES)
    return {case: play(case, options) for case in cases}


def shown(result: dict[str, Any]) -> list[Table | str]:
    """A row for each case, one for each player under it."""
    head = ("frames on the screens, ms apart", "n", "min", "p50", "p95", "p99", "max", "goal p95")
    table = Table(*head, "stalls", "latency p50", "p95", "kept")
    said: list[Table | str] = [table]
    for case, one in result.items():
        spread, latency = one["spread_ms"], one["latency_ms"]
        good = spread.get("p95", 1e9) <= one["goal_ms"] and not one["strayed"]
        table.add_row(
            f"{len(one['players'])} players, {case}, target {one['target_ms']:.0f}",
            *(f"{spread.get(name, 0):.0f}" for name in ("n", "min", "p50", "p95", "p99", "max")),
            f"{one['goal_ms']:.0f}",
            str(one["stalls"]),
            *(f"{latency.get(name, 0):.0f}" for name in ("p50", "p95")),
            "yes" if good else "no",
        )
        for name, each in one["players"].items():
            latency = each["latency_ms"]
            cells = [f"{latency.get(key, 0):.0f}" for key in ("p50", "p95")]
            table.add_row(f"  {name} ({', '.join(each['path'])})", *[""] * 7, str(each["stalls"]), *cells, "")
        said.append(f"{case}: {words(one['machine'])}" + "".join(f"; {stray}" for stray in one["strayed"]))
        said += [f"{case}: this event offers no {path}, played without" for path in one["without"]]
    return said
