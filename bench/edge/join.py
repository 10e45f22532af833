"""10,000 viewers who join within one second, on one worker and one core: errors, and time to the first frame.

`ringside crowd` as HLS viewers of one 600 kb/s rung (picture only, so that a viewer's connections fit into the 20,000
that one process may have open), flash arrival. The crowd shares one core with nobody but the source; where it was the
bottleneck its times are an upper bound of the server's, and it says so.
"""

from typing import Any

from rich.table import Table

from bench.edge import ours
from bench.edge.machine import LOAD_CORE
from bench.edge.stream import stream
from bench.load.tool import crowd

NEEDS = ()
VIEWERS, RUNG_BPS = 10_000, 600_000
GOAL_MS = 2_000
DURATION_S = 12.0
PROCESSES = 2


def run(quick: bool) -> dict[str, Any]:
    """The crowd's verdict, and what the worker used."""
    viewers, duration_s = (200, 4.0) if quick else (VIEWERS, DURATION_S)
    with stream(RUNG_BPS, 0) as source, ours.worker(source.feed) as server:
        url = f"http://127.0.0.1:{server.port}{source.path}"
        options = ["--viewers", str(viewers), "--player", "hls.js", "--plain", "--arrive", "flash"]
        options += ["--processes", str(PROCESSES)]
        done = crowd([url, *options], duration_s, {server.pids[0]: "worker"}, LOAD_CORE)
        cores, used = done.steady(0, duration_s)
    names = (
        "joined", "failed", "failures", "statuses", "problems", "connections", "ttff_ms", "stalls", "on_time_ratio",
        "requests", "bytes", "generator_cpu", "loop_lag_ms", "saturated", "saturated_because",
    )  # fmt: skip
    said = {name: done.verdict[name] for name in names}
    return {"viewers": viewers, "rung_bps": RUNG_BPS, **said, "load_cores": cores, "server_cores": sum(used.values())}


def shown(result: dict[str, Any]) -> list[Table | str]:
    """One row."""
    table = Table("viewers in 1 s", "joined", "failed", "ttff p50", "p99", "goal p99", "worker", "crowd", "lag p99")
    ttff, lag = result["ttff_ms"] or {}, result["loop_lag_ms"] or {}
    table.add_row(
        *(str(result[name]) for name in ("viewers", "joined", "failed")),
        *(f"{ttff.get(name, 0):.0f} ms" for name in ("p50", "p99")),
        f"≤ {GOAL_MS} ms",
        f"{result['server_cores']:.2f} cores",
        f"{result['load_cores']:.2f} cores",
        f"{lag.get('p99', 0):.0f} ms",
    )
    words = [f"statuses {result['statuses']}, problems {result['problems'] or 0}, {result['connections']} connections"]
    if result["saturated"]:
        words.append(f"THE CROWD WAS THE BOTTLENECK: {result['saturated_because']}; the server was at least this fast")
    return [table, *words]
