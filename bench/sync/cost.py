"""The edge's CPU for a push viewer against that for an LL-HLS viewer, at equal bitrate, picture and sound alike.

One event on core 0, its edge worker a process of its own; `ringside crowd` on core 1 plays as many viewers of one kind,
then of the other. Cost is what the worker uses with them less what it uses with none, by viewer. A crowd that was the
bottleneck, or that did not get its media in time, is no measurement and is refused.
"""

import time
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from bench.edge.machine import CORES, cpu_s
from bench.harness import Event, descendants
from bench.load.tool import crowd
from bench.sync.event import event
from bench.sync.options import Options

SERVER_CORE, CROWD_CORE = 0, 1
VIEWERS = 300
SECONDS = 30.0
JOIN_S, END_S = 10.0, 2.0
IDLE_S = 8.0
FULL = 0.9
ENOUGH = 0.98


@dataclass(frozen=True, slots=True)
class Case:
    """A kind of viewer."""

    name: str
    player: str
    document: str
    frames_per_chunk: int


CASES = (
    Case("LL-HLS, 200 ms parts", "hls.js", "index.m3u8", 0),
    Case("push, 200 ms parts", "push", "index.mpd", 0),
    Case("push, one frame a chunk", "push", "index.mpd", 1),
)


def worker_of(running: Event) -> list[int]:
    """The edge worker's process."""
    found = [pid for pid, name in descendants(running.process.pid).items() if name == "edge"]
    if not found:
        raise SystemExit("this event has no edge worker")
    return found


def idle_cores(running: Event) -> float:
    """What the worker uses with nobody there."""
    pids = worker_of(running)
    used_s, began_s = cpu_s(pids), time.monotonic()
    time.sleep(IDLE_S)
    return (cpu_s(pids) - used_s) / (time.monotonic() - began_s)


def play(case: Case, running: Event, viewers: int, seconds: float, idle: float) -> dict[str, Any]:
    """A crowd of one kind; `refused` says why it is no measurement."""
    pids = worker_of(running)
    options = ["--viewers", str(viewers), "--player", case.player, "--arrive", "ramp", "--over", str(JOIN_S / 2)]
    url = f"{running.url}/live/main/{case.document}"
    run = crowd([url, *options], seconds + JOIN_S, dict.fromkeys(pids, "edge"), CROWD_CORE)
    crowd_cores, server = run.steady(JOIN_S, seconds + JOIN_S - END_S)
    said = run.verdict
    edge_cores = server.get("edge", 0.0)
    row = {
        "case": case.name,
        "viewers": viewers,
        "joined": said["joined"],
        "edge_cores": round(edge_cores, 3),
        "idle_cores": round(idle, 3),
        "us_a_viewer_s": round((edge_cores - idle) / viewers * 1e6, 1),
        "crowd_cores": round(crowd_cores, 2),
        "on_time": said["on_time_ratio"],
        "stalls": said["stalls"],
        "latency_ms": said["latency_ms"],
        "bits_a_viewer_s": round(said["bytes"] * 8 / viewers / (seconds + JOIN_S * 0.75)),
        "requests_a_viewer_s": round(said["requests"] / viewers / (seconds + JOIN_S * 0.75), 2),
    }
    return {**row, "refused": refused(row, bool(said["saturated"]))}


def refused(row: dict[str, Any], saturated: bool) -> str:
    """Why a row is no measurement; empty when it is one."""
    if saturated or row["crowd_cores"] >= FULL:
        return "the crowd was the bottleneck"
    if row["edge_cores"] >= FULL:
        return "the edge was full"
    if row["joined"] < row["viewers"]:
        return f"only {row['joined']} joined"
    if (row["on_time"] or 0) < ENOUGH:
        return f"only {row['on_time'] or 0:.0%} of the media came in time"
    return ""


def run(options: Options) -> dict[str, Any]:
    """All kinds, those of one event after one another."""
    if len(CORES) < 2:
        raise SystemExit("needs two cores: the server has one, the crowd the other")
    viewers = options.players or (20 if options.quick else VIEWERS)
    seconds = options.seconds or (5 if options.quick else SECONDS)
    rows: list[dict[str, Any]] = []
    for chunks in dict.fromkeys(case.frames_per_chunk for case in CASES):
        with event("cost", core=SERVER_CORE, frames_per_chunk=chunks) as running:
            idle = idle_cores(running)
            for case in CASES:
                if case.frames_per_chunk == chunks:
                    rows.append(play(case, running, viewers, seconds, idle))
                    print(f"  {rows[-1]}", flush=True)
    return {"rows": rows, "ratios": ratios(rows), "failed": any(row["refused"] for row in rows)}


def ratios(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Each push viewer's cost as a share of the LL-HLS viewer's; only of rows that are measurements."""
    base, *rest = rows
    if base["refused"] or base["us_a_viewer_s"] <= 0:
        return {}
    return {row["case"]: round(row["us_a_viewer_s"] / base["us_a_viewer_s"], 3) for row in rest if not row["refused"]}


def shown(result: dict[str, Any]) -> list[Table | str]:
    """A row for each kind of viewer."""
    head = ("viewer", "viewers", "edge, µs CPU a viewer and second", "against LL-HLS", "edge", "with none", "crowd")
    table = Table(*head, "kb/s a viewer", "requests/s", "on time", "stalls", "latency p50")
    for row in result["rows"]:
        ratio = result["ratios"].get(row["case"])
        table.add_row(
            row["case"],
            str(row["viewers"]),
            f"REFUSED: {row['refused']}" if row["refused"] else f"{row['us_a_viewer_s']:.0f}",
            "1" if row is result["rows"][0] else "-" if ratio is None else f"{ratio:.2f}",
            f"{row['edge_cores']:.3f} cores",
            f"{row['idle_cores']:.3f}",
            f"{row['crowd_cores']:.2f} cores",
            f"{row['bits_a_viewer_s'] / 1000:.0f}",
            f"{row['requests_a_viewer_s']:.1f}",
            f"{row['on_time'] or 0:.3%}",
            str(row["stalls"]),
            f"{(row['latency_ms'] or {}).get('p50', 0):.0f} ms",
        )
    return [table]
