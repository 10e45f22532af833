"""What a listener might hear: playback rates once settled, and whether the pitch is kept.

One page on each path, with sound, at one common target; the rate is read from the video at each frame displayed, and
the true speed of the picture (capture time gained for time passed) is set beside it.
"""

from typing import Any

from rich.table import Table

from bench.harness import quantiles
from bench.sync import figures
from bench.sync.event import event, offers
from bench.sync.machine import Machine, words
from bench.sync.options import Options
from bench.sync.room import Seen, room
from bench.sync.seats import page_url, player_figures, settle, strayed
from bench.sync.spread import FOUR, moq

SECONDS = 60.0
SETTLE_S = 30.0
TARGET_S = 1.2
GOAL = 0.03
WINDOW_MS = 2000


def speeds(seen: Seen, from_ms: float, until_ms: float) -> dict[str, float]:
    """|speed − 1| of the picture over windows of 2 s: `{p50, p95, p99, max}`."""
    frames = figures.between(seen.told.frames, from_ms, until_ms)
    found, first = [], 0
    for last in frames:
        while last.shown_ms - frames[first].shown_ms > WINDOW_MS:
            first += 1
        over_ms = last.shown_ms - frames[first].shown_ms
        if over_ms > WINDOW_MS * 0.9:
            found.append(abs((last.capture_ms - frames[first].capture_ms) / over_ms - 1))
    return {name: round(value, 4) for name, value in quantiles(each * 1000 for each in found).items()}


def run(options: Options) -> dict[str, Any]:
    """All paths in one run."""
    players = list(options.paths or FOUR)
    target_s = options.target_s or TARGET_S
    with event("rate", *moq(players), frames_per_chunk=1, target_s=target_s) as running, room(options.seed) as there:
        without = [player for player in players if player == "moq" and not offers(f"{running.url}/moq.json")]
        players = [player for player in players if player not in without]
        for number, player in enumerate(players):
            there.open(page_url(running, player, target_s, number), player)
        there.wait_playing(len(players))
        settle(there, options, SETTLE_S)
        with Machine(running.process.pid, there) as machine:
            from_ms, until_ms = there.watch(options.seconds or (8 if options.quick else SECONDS))
        seats = there.players
        each = {seen.name: player_figures(seen, from_ms, until_ms) for seen in seats}
        speed = {seen.name: speeds(seen, from_ms, until_ms) for seen in seats}
    return {
        "target_ms": target_s * 1000,
        "goal": GOAL,
        "without": without,
        "strayed": strayed(seats, players),
        "machine": machine.result,
        "players": each,
        "speed_permille": speed,
    }


def shown(result: dict[str, Any]) -> list[Table | str]:
    """A row for each path."""
    head = ("playback rate, settled", "n", "most |rate−1|", "p95", "at 1.0", "changes a minute", "largest step")
    table = Table(*head, "pitch kept", "picture's own speed, 2 s: p95 off", "latency p50", "stalls", "kept")
    for name, one in result["players"].items():
        rates = one["rates"]
        good = rates.get("most", 1) <= result["goal"] and one["preserves_pitch"]
        table.add_row(
            name,
            str(rates.get("n", 0)),
            *(f"{rates.get(key, 0):.2%}" for key in ("most", "p95", "at_one")),
            f"{rates.get('changes_per_min', 0):.0f}",
            f"{rates.get('largest_step', 0):.2%}",
            "yes" if one["preserves_pitch"] else "NO",
            f"{result['speed_permille'][name].get('p95', 0) / 1000:.2%}",
            f"{one['latency_ms'].get('p50', 0):.0f}",
            str(one["stalls"]),
            "yes" if good else "no",
        )
    said = [f"this event offers no {path}, played without" for path in result["without"]]
    return [table, words(result["machine"]) + "".join(f"; {stray}" for stray in result["strayed"]), *said]
