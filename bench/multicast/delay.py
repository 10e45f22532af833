"""Added delay: when a gateway has a part, against when an edge fed by HTTP has it; without loss and with 5 % lost.

One process on a host of its own holds each next part at an edge, at another edge and at a gateway, and notes when it
has it whole, by one clock. The second edge says how far two edges are apart anyway.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.table import Table

from bench.harness import quantiles
from bench.multicast.chain import Chain, Running, chain
from bench.multicast.options import Options

SECONDS = 60.0
GRACE_S = 30.0
SETTLE_S = 3.0
PARTS = 10  # a segment of 2 s has parts of 200 ms
GOAL_MS = 150
LOSSES = (0, 5)
TREE = Path(__file__).parents[2]


def probe(made: Chain, servers: dict[str, Running], track: str, seconds: float) -> dict[str, Any]:
    """When each server had each part."""
    host = made.lab.add()
    told = {
        "urls": {name: each.url for name, each in servers.items()},
        "track": track,
        "seconds": seconds,
        "parts": PARTS,
    }
    command = [sys.executable, "-m", "bench.multicast.prober", json.dumps(told)]
    process = host.start(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=TREE)
    said, trouble = process.communicate(timeout=seconds + GRACE_S)
    if process.returncode:
        raise SystemExit(f"the prober failed: {trouble[-500:]}")
    found: dict[str, Any] = json.loads(said)
    return found


def later_ms(seen: dict[str, dict[str, float]], name: str, than: str) -> list[float]:
    """How much later `name` had each part."""
    return [seen[name][part] - at_ms for part, at_ms in seen[than].items() if part in seen[name]]


def run(options: Options) -> dict[str, Any]:
    """One chain, one loss after another."""
    rows: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, chain(Path(folder), 1, sending=options.sending) as made:
        servers = {"edge": made.edge(), "other edge": made.edge(), "gateway": made.gateways[0], "origin": made.origin}
        for loss in (0,) if options.quick else LOSSES:
            if made.lab.real:
                made.gateways[0].host.loss(loss)
            elif loss:
                continue
            time.sleep(SETTLE_S)
            found = probe(made, servers, "v540", options.lasting(SECONDS))
            seen = found["seen"]
            rows[str(loss)] = {
                "parts": len(seen["gateway"]), "of": len(seen["edge"]), "prober_cores": found["cores"],
                "added_ms": quantiles(later_ms(seen, "gateway", "edge")),
                "edges_apart_ms": quantiles(later_ms(seen, "other edge", "edge")),
                "edge_after_origin_ms": quantiles(later_ms(seen, "edge", "origin")),
                "gateway_s_own_ms": made.health(made.gateways[0]).get("delay_ms"),
            }  # fmt: skip
    return {"losses": rows, "failed": any(row["added_ms"].get("p95", 1e9) > GOAL_MS for row in rows.values())}


def shown(result: dict[str, Any]) -> list[Table | str]:
    """A row for each loss."""
    table = Table(
        "loss", "parts", "a gateway after an edge: p50", "p95", "p99", "max", "goal p95", "two edges apart: p50", "p95",
        "an edge after the origin: p50", "prober's cores",
    )  # fmt: skip
    for loss, row in result["losses"].items():
        added, apart, after = row["added_ms"], row["edges_apart_ms"], row["edge_after_origin_ms"]
        table.add_row(
            f"{loss} %", f"{row['parts']} of {row['of']}",
            *(f"{added.get(q, 0):.1f} ms" for q in ("p50", "p95", "p99", "max")), f"≤ {GOAL_MS} ms",
            *(f"{apart.get(q, 0):.1f} ms" for q in ("p50", "p95")), f"{after.get('p50', 0):.1f} ms",
            f"{row['prober_cores']:.2f}",
        )  # fmt: skip
    return [table]
