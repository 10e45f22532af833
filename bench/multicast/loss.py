"""Loss: 5 % at random, bursts of 50 ms, 20 %: what crowds behind the gateways felt, and what mended it at which cost.

Random loss is nftables' at each gateway, of the group's packets (`all5`: of TCP too, the repair's included); bursts are
our relay's, from the seed: nothing passes for 50 ms about each 10 s. At 20 % the players keep 2 s.
"""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table
from tests.lab import Weather

from bench.multicast.account import rose, together, totals
from bench.multicast.chain import Chain, chain
from bench.multicast.crowds import Crowd, felt, load
from bench.multicast.options import Options

SECONDS = 60.0
GATEWAYS, VIEWERS = 2, 25
MOST_REPAIR, MOST_OVERHEAD, MOST_PER_LOSS = 0.01, 0.15, 1.1
LEAD_S = 2.0


@dataclass(frozen=True, slots=True)
class Case:
    """A network, and who plays in it; `strict`: repair and overhead have the small limits."""

    title: str
    loss: float = 0
    everything: bool = False
    weather: Weather | None = None
    target_s: float = 1.2
    player: str = "hls.js"
    strict: bool = True


CASES = {
    "none": Case("no loss"),
    "random5": Case("5 % at random", loss=5),
    "bursts": Case("bursts of 50 ms, one in 10 s", weather=Weather(burst_ms=50, burst_every_s=10)),
    "random20": Case("20 % at random, 2 s behind", loss=20, target_s=2.0, player="ringside", strict=False),
    "all5": Case("5 % of TCP as well", loss=5, everything=True, strict=False),
    "rough": Case(
        "2 % lost, 20 ± 15 ms, some passed",
        weather=Weather(delay_ms=20, jitter_ms=15, reorder=2, duplicate=1, loss=2),
    ),
}


def play(case: Case, options: Options) -> dict[str, Any]:
    """One case, in a chain of its own."""
    seconds, viewers = options.lasting(SECONDS), options.viewers or (4 if options.quick else VIEWERS)
    gateways = (options.gateways or [1 if options.quick else GATEWAYS])[0]
    with (
        tempfile.TemporaryDirectory() as folder,
        chain(Path(folder), gateways, case.weather, options.seed, case.target_s, sending=options.sending) as made,
    ):
        for each in made.gateways if case.loss else []:
            each.host.loss(case.loss, case.everything)
        time.sleep(LEAD_S)
        player = options.player or case.player
        found = _watched(made, case, player, viewers, seconds)
        return {"case": case.title, "viewers": viewers, "player": player, "gateways": gateways, **found}


def _watched(made: Chain, case: Case, player: str, viewers: int, seconds: float) -> dict[str, Any]:
    before = [totals(made.health(each)) for each in made.gateways]
    crowds = [Crowd(each, viewers, seconds, made.folder, "--player", player) for each in made.gateways]
    verdicts = [crowd.verdict() for crowd in crowds]
    after = [totals(made.health(each)) for each in made.gateways]
    sums = together([rose(b, a) for b, a in zip(before, after, strict=True)])
    dice = [each.host.lost() for each in made.gateways] if case.loss else []
    said = made.sender_says()
    found = {
        "crowd": felt(verdicts), "verdicts": verdicts, "counted": sums, "overhead": said.get("fec", 0.0) / 100,
        "other": said.get("other", 0.0) / 100,
        "dice": {"looked_at": sum(d[0] for d in dice), "dropped": sum(d[1] for d in dice)},
        "wire": made.wire.counts() if made.wire else None,
        "states": [made.health(each).get("state") for each in made.gateways],
    }  # fmt: skip
    return {**found, "kept": kept(case, found)}


def kept(case: Case, found: dict[str, Any]) -> list[str]:
    """What was not as it is to be; empty when all was."""
    crowd, sums = found["crowd"], found["counted"]
    wrong = [
        (crowd["stalls"] > 0, f"{crowd['stalls']} stalls"),
        (crowd["failed"] > 0, f"{crowd['failed']} viewers failed"),
        (bool(crowd["refused"]), f"answers {crowd['refused']}"),
        (sums["missing"] > 0, f"{sums['missing']} objects missing"),
        (case.strict and sums["repair_share"] > MOST_REPAIR, f"repair {100 * sums['repair_share']:.2f} %"),
        (case.strict and found["overhead"] > MOST_OVERHEAD, f"overhead {100 * found['overhead']:.1f} %"),
        (sums["repair_per_loss"] > MOST_PER_LOSS, f"repair {sums['repair_per_loss']:.2f} times the loss"),
        (bool(crowd["saturated"]), "the crowd was the bottleneck"),
        (sums["unread"] > 0, f"{sums['unread']} packets not read in time"),
    ]
    return [words for is_wrong, words in wrong if is_wrong]


def run(options: Options) -> dict[str, Any]:
    """Every case asked for."""
    wanted = options.cases or (["random5"] if options.quick else list(CASES))
    if unknown := [name for name in wanted if name not in CASES]:
        raise SystemExit(f"loss has no case called {unknown[0]}; there are {', '.join(CASES)}")
    cases: dict[str, Any] = {}
    for name in wanted:
        cases[name] = play(CASES[name], options)
        print(f"  {cases[name]['case']}: {', '.join(cases[name]['kept']) or 'as it is to be'}", flush=True)
    required = ("random5", "bursts", "random20")
    return {"cases": cases, "failed": any(cases[name]["kept"] for name in required if name in cases)}


def shown(result: dict[str, Any]) -> list[Table | str]:
    """A row for each case."""
    table = Table(
        "loss", "viewers", "stalls", "missing", "refused", "packets lost", "mended FEC/unicast of objects",
        "FEC overhead", "news and tables", "by unicast", "per loss", "behind p50", "crowd's cores", "kept",
    )  # fmt: skip
    for one in result["cases"].values():
        crowd, sums = one["crowd"], one["counted"]
        table.add_row(
            one["case"], f"{one['gateways']} × {one['viewers']}", str(crowd["stalls"]), str(sums["missing"]),
            str(sum(crowd["refused"].values())), f"{100 * sums['lost_share']:.1f} %",
            f"{sums['mended_by_fec']}/{sums['mended_by_unicast']} of {sums['objects']}",
            f"{100 * one['overhead']:.1f} %", f"{100 * one['other']:.1f} %",
            f"{100 * sums['repair_share']:.2f} %", f"{sums['repair_per_loss']:.2f}",
            f"{crowd['latency_p50_ms'] / 1000:.2f} s", load(crowd), ", ".join(one["kept"]) or "yes",
        )  # fmt: skip
    return [table, "by unicast alone every edge would take 100 % of the bytes; goals: repair ≤ 1 %, overhead ≤ 15 %"]
