"""10,000 viewers who join within one second, on one worker core: errors, and time to the first frame.

One rung of 600 kb/s; a joiner takes the playlists, the header and a whole segment (150 kB). First lean viewers
(`bench.edge.joiner`), who keep their connections to themselves and so to one worker; then `ringside crowd` as hls.js.
Each of its viewers opens two connections, more than the 20,000 descriptors that a process commonly has, so two workers
share the core and the port; and it costs as much as the server: where it was the bottleneck its times are an upper
bound, and it says so. Of its time to the first frame 380 ms are hls.js's own.
"""

import json
import re
import subprocess
import sys
from itertools import pairwise
from typing import Any

from rich.table import Table

from bench.edge import ours
from bench.edge.machine import FULL, LOAD_CORE, Meter, blame, on_core
from bench.edge.peers import Server
from bench.edge.stream import Stream, stream
from bench.harness import free_port, get, quantiles
from bench.load.tool import Run, crowd

NEEDS = ()
VIEWERS, RUNG_BPS = 10_000, 600_000
GOAL_MS = 2_000
DURATION_S = 12.0
PROCESSES = 2


def lean(source: Stream, server: Server, viewers: int) -> dict[str, Any]:
    """Lean viewers on one worker."""
    folder = "/live/main/v"
    text = get(f"http://127.0.0.1:{server.port}{folder}/index.m3u8").decode()
    init = re.findall(r'EXT-X-MAP:URI="([^"]+)"', text)[-1]
    segment = re.findall(r"^(\d+\.m4s)", text, re.M)[-1]
    tell = {
        "port": server.port, "address": "127.0.0.10", "viewers": viewers, "over_s": 1.0, "seconds": 10.0,
        "paths": [source.path, f"{folder}/index.m3u8", f"{folder}/{init}", f"{folder}/{segment}"],
    }  # fmt: skip
    meter = Meter(server.pids)
    command = [*on_core(LOAD_CORE), sys.executable, "-m", "bench.edge.joiner", json.dumps(tell)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    used, said = meter.read(), json.loads(done.stdout)
    return {
        **{name: said[name] for name in ("arrived", "joined", "failed")},
        "ttff_ms": quantiles(said["ttff_ms"]),
        "generator_late_ms": quantiles(said["late_ms"]),
        "load_cores": said["cpu_s"] / said["took_s"],
        "server_cores": used["server_cpu_s"] / said["took_s"],
    }


def peak(run: Run) -> tuple[float, float]:
    """The most cores that the server and the crowd used from one sample to the next."""
    steps = [(b.at_s - a.at_s, a, b) for a, b in pairwise(run.samples)]
    server = max(((sum(b.server.values()) - sum(a.server.values())) / took for took, a, b in steps), default=0.0)
    return server, max(((b.crowd - a.crowd) / took for took, a, b in steps), default=0.0)


def felt(source: Stream, viewers: int, duration_s: float) -> dict[str, Any]:
    """`ringside crowd` on two workers of one core."""
    port = free_port()
    with ours.worker(source.feed, port=port) as one, ours.worker(source.feed, port=port) as two:
        url = f"http://127.0.0.1:{port}{source.path}"
        options = ["--viewers", str(viewers), "--player", "hls.js", "--plain", "--arrive", "flash"]
        options += ["--processes", str(PROCESSES)]
        done = crowd([url, *options], duration_s, {one.pids[0]: "one", two.pids[0]: "two"}, LOAD_CORE)
    names = (
        "joined", "failed", "failures", "statuses", "problems", "connections", "ttff_ms", "stalls", "on_time_ratio",
        "requests", "bytes", "generator_cpu", "loop_lag_ms", "saturated", "saturated_because",
    )  # fmt: skip
    server, load = peak(done)
    return {**{name: done.verdict[name] for name in names}, "server_cores": server, "load_cores": load}


def run(quick: bool) -> dict[str, Any]:
    """Both crowds."""
    viewers = 200 if quick else VIEWERS
    with stream(RUNG_BPS, 0) as source:
        with ours.worker(source.feed) as server:
            bare = lean(source, server, viewers)
        return {"viewers": viewers, "lean": bare, "crowd": felt(source, viewers, 4.0 if quick else DURATION_S)}


def shown(result: dict[str, Any]) -> list[Table | str]:
    """A row for each crowd."""
    table = Table(
        f"{result['viewers']} join in 1 s", "joined", "failed", "ttff p50", "p99", "goal p99", "server", "load"
    )
    for who, name in (("lean", "lean, one worker"), ("crowd", "ringside crowd, two workers")):
        each = result[who]
        ttff = each["ttff_ms"] or {}
        failed = each["failed"] if isinstance(each["failed"], int) else sum(each["failed"].values())
        times = [f"{ttff.get(part, 0):.0f} ms" for part in ("p50", "p99")]
        cores = f"{each['server_cores']:.2f} cores"
        table.add_row(name, str(each["joined"]), str(failed), *times, f"≤ {GOAL_MS}", cores, blame(each["load_cores"]))
    bare, crowd_row = result["lean"], result["crowd"]
    words = [f"the lean load was {bare['generator_late_ms'].get('p99', 0):.0f} ms late (p99), which is in its figures"]
    if bare["load_cores"] >= FULL:
        words.append("THE LEAN LOAD WAS THE BOTTLENECK; the server was at least this fast")
    if crowd_row["saturated"]:
        words.append(
            f"THE CROWD WAS THE BOTTLENECK: {crowd_row['saturated_because']}; the server was at least this fast"
        )
    return [table, *words]
