"""Bytes that leave the sender's interface with 1, 5 and 20 gateways, beside the same edges fed by unicast.

One event and one sender all the time; gateways are added, one after another, each on a host of its own. The
interfaces count: what leaves the sender is also compared with what reaches the first of them in the same seconds, for
an event's rate is never quite constant. By unicast 1 and 5 edges are measured in the same way at the origin, and 20 are
reckoned from them.
"""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table
from tests.small_event import SMALL

from bench.multicast.account import rose, together, totals
from bench.multicast.chain import Chain, Running, chain
from bench.multicast.options import Options

NUMBERS = (1, 5, 20)
BY_UNICAST = (1, 5)
SECONDS = 30.0
SETTLE_S = 4.0
GOAL = 0.02


def look(made: Chain, gateways: Sequence[Running]) -> dict[str, Any]:
    """All counters now."""
    assert made.sender is not None
    return {
        "at_s": time.monotonic(),
        "sender": made.sender.host.bytes_out(),
        "came": gateways[0].host.bytes_in(),
        "origin": made.origin.host.bytes_out(),
        "cpu": [made.origin.cpu_s(), made.sender.cpu_s(), sum(each.cpu_s() for each in gateways)],
        "health": [totals(made.health(each)) for each in gateways],
    }


def measure(made: Chain, seconds: float) -> dict[str, Any]:
    """One row: what left which interface in so many seconds, with the gateways there are."""
    time.sleep(SETTLE_S)
    before = look(made, made.gateways)
    time.sleep(seconds)
    after = look(made, made.gateways)
    took_s = after["at_s"] - before["at_s"]
    counted = [rose(b, a) for b, a in zip(before["health"], after["health"], strict=True)]
    cpu = [(a - b) / took_s for b, a in zip(before["cpu"], after["cpu"], strict=True)]
    sender_bps, came_bps, origin_bps = (
        (after[what] - before[what]) * 8 / took_s for what in ("sender", "came", "origin")
    )
    return {
        "sender_bps": sender_bps, "came_bps": came_bps, "origin_bps": origin_bps,
        "out_per_in": sender_bps / came_bps,
        "gateways": together(counted),
        "joined": len(made.lab.joined(_group(made))),
        "origin_cores": cpu[0], "sender_cores": cpu[1], "gateway_cores": cpu[2] / len(made.gateways),
    }  # fmt: skip


def _group(made: Chain) -> str:
    return str(made.health(made.gateways[0])["group"]).rpartition(":")[0]


def by_unicast(made: Chain, number: int, seconds: float) -> dict[str, Any]:
    """The same edges, fed as ever."""
    while len(made.edges) < number:
        made.edges.append(made.edge())
    time.sleep(SETTLE_S)
    before, began_s = made.origin.host.bytes_out(), time.monotonic()
    time.sleep(seconds)
    took_s = time.monotonic() - began_s
    return {"origin_bps": (made.origin.host.bytes_out() - before) * 8 / took_s}


def run(options: Options) -> dict[str, Any]:
    """Gateways first, edges after."""
    numbers = options.gateways or ([1, 2] if options.quick else list(NUMBERS))
    seconds = options.lasting(SECONDS)
    rows: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, chain(Path(folder), 0, encode=SMALL, sending=options.sending) as made:
        for number in numbers:
            while len(made.gateways) < number:
                made.gateway()
            made.wait_for_group()
            rows[str(number)] = measure(made, seconds)
            print(
                f"  {number} gateways: {rows[str(number)]['sender_bps'] / 1000:.0f} kb/s leave the sender", flush=True
            )
        for each in (*made.gateways, made.sender):
            each.end()  # the sender too: it is fed by unicast
        unicast = {str(n): by_unicast(made, n, seconds) for n in BY_UNICAST if n <= max(numbers)}
        how = made.lab.how
    return {"network": how, "seconds": seconds, "multicast": rows, "unicast": unicast, **judged(rows, unicast)}


def judged(rows: dict[str, Any], unicast: dict[str, Any]) -> dict[str, Any]:
    """How far the rows are apart, and what an edge costs by unicast."""
    spread = apart([row["out_per_in"] for row in rows.values()])
    most = max(unicast, key=int)
    return {
        "spread": spread,
        "spread_of_rates": apart([row["sender_bps"] for row in rows.values()]),
        "edge_bps": unicast[most]["origin_bps"] / int(most),
        "failed": spread > GOAL,
    }


def apart(values: Sequence[float]) -> float:
    """How much greater the greatest is than the least."""
    return max(values) / min(values) - 1


def shown(result: dict[str, Any]) -> list[Table | str]:
    """A row for each number of gateways."""
    table = Table(
        "gateways", "leave the sender", "for a byte at one edge", "leave the origin", "by unicast from the origin",
        "offload", "mended FEC/unicast", "missing", "origin, sender, each gateway (cores)",
    )  # fmt: skip
    first = next(iter(result["multicast"].values()))["out_per_in"]
    for number, row in result["multicast"].items():
        measured = result["unicast"].get(number)
        alone = measured["origin_bps"] if measured else result["edge_bps"] * int(number)
        sums = row["gateways"]
        table.add_row(
            number, f"{row['sender_bps'] / 1000:.0f} kb/s",
            f"{row['out_per_in']:.3f} ({100 * (row['out_per_in'] / first - 1):+.2f} %)",
            f"{row['origin_bps'] / 1000:.0f} kb/s", f"{alone / 1000:.0f} kb/s{'' if measured else ' (reckoned)'}",
            f"{100 * sums['offload']:.2f} %", f"{sums['mended_by_fec']}/{sums['mended_by_unicast']}",
            str(sums["missing"]),
            f"{row['origin_cores']:.2f}, {row['sender_cores']:.2f}, {row['gateway_cores']:.3f}",
        )  # fmt: skip
    unread = sum(row["gateways"]["unread"] for row in result["multicast"].values())
    words = (
        f"{result['network']}; what leaves the sender for each byte that reaches one edge is constant within"
        f" {100 * result['spread']:.2f} % (goal 2 %); the rates are {100 * result['spread_of_rates']:.1f} % apart, for"
        " the event is a live one"
    )
    return [
        table,
        words + (f"; {unread} PACKETS WERE NOT READ IN TIME: the machine was the bottleneck" if unread else ""),
    ]
