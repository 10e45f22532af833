"""Behind the source: strip written to frame displayed, four players at once, on each path; stalls and lost frames.

Each case has an event and a browser of its own, the target at what the path is to hold. `each` has one player of every
path in one run, the target at what the fastest holds: each path then plays as close as it steadily can.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from bench.edge import measured
from bench.sync.event import event, offers
from bench.sync.machine import Machine, words
from bench.sync.options import Options
from bench.sync.room import room
from bench.sync.seats import group_figures, settle, sit, strayed

SECONDS = 180.0
PLAYERS = 4


@dataclass(frozen=True, slots=True)
class Case:
    """A way of playing, the target it is given and the p95 it is to keep."""

    name: str
    players: Sequence[str]
    target_s: float
    goal_ms: float | None
    frames_per_chunk: int = 0
    options: Sequence[str] = ()


CASES = {
    "push": Case("push, one frame a chunk", ("push",), 0.15, 180, 1),
    "parts": Case("push, 200 ms parts", ("push",), 0.40, 450),
    "moq": Case("MoQ, one frame a chunk", ("moq",), 0.25, 300, 1, ("--moq",)),
    "dash": Case("LL-DASH", ("dash",), 0.80, 900),
    "hls": Case("LL-HLS", ("hls",), 1.10, 1200),
    "each": Case("one of each at once", ("push", "moq", "dash", "hls"), 0.15, None, 1, ("--moq",)),
}


def play(case: Case, options: Options) -> dict[str, Any]:
    """One case, in an event of its own."""
    count = max(len(case.players), options.players or PLAYERS)
    players = [case.players[number % len(case.players)] for number in range(count)]
    target_s = options.target_s or case.target_s
    chunks = case.frames_per_chunk
    with (
        event("latency", *case.options, frames_per_chunk=chunks, target_s=target_s) as running,
        room(options.seed) as there,
    ):
        if "moq" in players and not offers(f"{running.url}/moq.json"):
            raise SystemExit("this event offers no MoQ")
        seats = sit(there, running, players, options, target_s)
        settle(there, options)
        with Machine(running.process.pid, there) as machine:
            from_ms, until_ms = there.watch(options.seconds or (8 if options.quick else SECONDS))
        found = group_figures(seats, from_ms, until_ms)
        errors = [error for window in there.windows for error in window.errors]
    by_path = _by_path(found["players"])
    return {
        "case": case.name, "players_asked": players, "target_ms": target_s * 1000, "goal_ms": case.goal_ms, **found,
        "by_path": by_path, "strayed": strayed(seats, players), "machine": machine.result, "errors": errors,
        "commit": measured()["commit"],
    }  # fmt: skip


def _by_path(players: dict[str, Any]) -> dict[str, Any]:
    return {name: one["latency_ms"] for name, one in players.items()}


def run(options: Options) -> dict[str, Any]:
    """Every case asked for; one that cannot be played says why."""
    wanted = options.paths or list(CASES)
    if unknown := [name for name in wanted if name not in CASES]:
        raise SystemExit(f"latency has no case called {unknown[0]}; there are {', '.join(CASES)}")
    results: dict[str, Any] = {}
    for name in wanted:
        try:
            results[name] = play(CASES[name], options)
        except SystemExit as error:
            results[name] = {"case": CASES[name].name, "not_played": str(error)}
            print(f"  {CASES[name].name}: not played: {error}", flush=True)
            continue
        one = results[name]
        print(f"  {one['case']}: p95 {one['latency_ms'].get('p95')} ms, {one['stalls']} stalls", flush=True)
    return results


def shown(result: dict[str, Any]) -> list[Table | str]:
    """A row for each case, and who was with it at fault."""
    head = ("behind the source, ms", "n", "min", "p50", "p95", "p99", "max", "goal p95")
    table = Table(*head, "stalls", "unseen", "jumps", "spread p95", "kept")
    said: list[Table | str] = [table]
    for one in result.values():
        if "not_played" in one:
            table.add_row(one["case"], *["-"] * 10, "not played")
            continue
        latency = one["latency_ms"]
        cells = [f"{latency.get(name, 0):.0f}" for name in ("n", "min", "p50", "p95", "p99", "max")]
        goal = one["goal_ms"]
        table.add_row(
            f"{one['case']}, target {one['target_ms']:.0f}", *cells, "-" if goal is None else f"{goal:.0f}",
            str(one["stalls"]), f"{one['unseen']} of {one['unseen'] + one['frames']}", str(one["jumps"]),
            f"{one['spread_ms'].get('p95', 0):.0f}", kept(one),
        )  # fmt: skip
        for name, each in one["by_path"].items():
            table.add_row(f"  {name}", *(f"{each.get(key, 0):.0f}" for key in ("n", "min", "p50", "p95", "p99", "max")))
        said.append(f"{one['case']}: {words(one['machine'])}" + "".join(f"; {stray}" for stray in one["strayed"]))
    return said


def kept(one: dict[str, Any]) -> str:
    """Whether a case kept what it is to keep."""
    if one["strayed"]:
        return "another path played"
    if one["goal_ms"] is None:
        return "-"
    good = one["latency_ms"].get("p95", 1e9) <= one["goal_ms"] and not one["stalls"]
    return "yes" if good else "no"
