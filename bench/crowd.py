"""How many viewers one core of `ringside crowd` carries, at no saturation, for each way of watching.

One event (a rung and its sound, 600 kb/s together) and all of its server on core 0, the crowd on core 1, on the
loopback. For each way the crowd is made larger until it, or the server, has reached its limit, or the time is up; the
bottleneck is named. For comparison, in the same run: viewers written in thirty lines of asyncio and aiohttp, and wrk.
The event's encoder shares core 0 with its edge: where it says "server", the crowd could have been larger.
"""

import contextlib
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.harness import OUT, Event, descendants, free_port, live, write
from bench.load.tool import Run, crowd

SERVER_CORE, CROWD_CORE = 0, 1
BUDGET_S = float(os.environ.get("RINGSIDE_BENCH_S", "255"))
STEADY_S = 8.0
STARTING_S = 3.0  # processes, tickets, manifests
JOINING_PER_S = 1500
PER_PROCESS = 3500  # viewers: each may hold four connections, and a process 20,000 descriptors
ENOUGH = 0.99  # of viewers joined and of media on time
FULL = 0.9  # of a core
GROWTH, SHRINK = (1.08, 2.0), (0.5, 0.85)  # least and most, from one crowd to the next
AIM = 0.86  # of a core: where the next crowd should come to lie
MEMORY_GOAL_KB = 12
EVENT = """
[event]
part_s = {part_s}
[source]
width = 640
height = 360
[encode]
audio_bps = 128_000
[[encode.ladder]]
height = 360
bitrate_bps = 472_000
[origin]
dvr_s = 30
[edge]
workers = 4
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A way of watching, and how many such viewers a core is to carry."""

    name: str
    goal: int
    part_s: float
    path: str
    player: str
    low_latency: bool = True


CASES = (
    Case("LL-HLS, 200 ms parts", 3_000, 0.2, "/live/main/index.m3u8", "hls.js"),
    Case("HLS", 10_000, 0.2, "/live/main/index.m3u8", "hls.js", low_latency=False),
    Case("LL-DASH", 3_000, 0.2, "/live/main/index.mpd", "dash.js"),
    Case("DASH", 10_000, 0.2, "/live/main/index.mpd", "dash.js", low_latency=False),
    Case("push, picture only", 8_000, 0.2, "", "push"),
    Case("LL-HLS, 500 ms parts", 6_000, 0.5, "/live/main/index.m3u8", "hls.js"),
)


def play(case: Case, url: str, viewers: int, server: dict[int, str]) -> dict[str, Any]:
    """One crowd of `viewers`, as a row of the table."""
    joining_s = max(2.0, viewers / JOINING_PER_S)
    duration_s = joining_s + STEADY_S
    options = ["--viewers", str(viewers), "--player", case.player, "--arrive", "ramp", "--over", str(joining_s)]
    options += ["--processes", str(-(-viewers // PER_PROCESS))]
    options += [] if case.low_latency else ["--plain"]
    run = crowd([url, *options], duration_s, server, CROWD_CORE)
    return row(case, viewers, run, joining_s, duration_s)


def row(case: Case, viewers: int, run: Run, joining_s: float, duration_s: float) -> dict[str, Any]:
    """What a run showed, and who was at the limit."""
    # From outside the start is not known to the second: the steady part is what is left without both ends.
    cores, server = run.steady(STARTING_S + joining_s, duration_s + STARTING_S - 2)
    said = run.verdict
    joined, on_time = int(said["joined"]), float(said["on_time_ratio"] or 0.0)
    kept = joined >= ENOUGH * viewers and on_time >= ENOUGH and not said["failed"]
    limit = "" if kept else "server"
    if said["saturated"] or cores >= FULL:
        limit = "generator"
    elif sum(server.values()) >= FULL:
        limit = "server"
    return {
        "case": case.name,
        "viewers": viewers,
        "joined": joined,
        "failed": said["failed"],
        "good": kept and limit != "generator",
        "limit": limit,
        "generator_cores": round(cores, 2),
        "server_cores": {name: round(used, 2) for name, used in server.items()},
        "loop_lag_ms": said["loop_lag_ms"],
        "on_time_ratio": on_time,
        "stall_ratio": said["stall_ratio"],
        "latency_ms": said["latency_ms"],
        "requests_per_s": round(said["requests"] / duration_s),
        "bytes_per_s": round(said["bytes"] / duration_s),
        "resident": run.most_resident,
        "statuses": said["statuses"],
    }


def climb(case: Case, url: str, server: dict[int, str], until_s: float) -> list[dict[str, Any]]:
    """Larger crowds while they are carried; smaller ones until one is. Always at least one run."""
    rows: list[dict[str, Any]] = []
    viewers = case.goal
    while True:
        rows.append(play(case, url, viewers, server))
        told(rows[-1])
        good, was_good = rows[-1]["good"], any(row["good"] for row in rows[:-1])
        if (was_good and not good) or (good and len(rows) > 1 and not was_good):
            return rows  # the limit lies between these two
        factor = AIM / max(rows[-1]["generator_cores"], sum(rows[-1]["server_cores"].values()), 0.01)
        if good and factor < GROWTH[0]:
            return rows  # as good as at the limit
        least, most = GROWTH if good else SHRINK
        viewers = int(viewers * min(max(factor, least), most))
        needs_s = viewers / JOINING_PER_S + STEADY_S + STARTING_S + 2
        if time.monotonic() + needs_s > until_s:
            return rows


def told(row: dict[str, Any]) -> None:
    """A line for a run, as soon as it is over."""
    lag = row["loop_lag_ms"] or {}
    print(
        f"  {row['case']}: {row['viewers']} viewers, {row['joined']} joined,"
        f" generator {row['generator_cores']:.2f} cores, lag p99 {lag.get('p99', 0):.0f} ms,"
        f" on time {row['on_time_ratio']:.4f},"
        f" server {sum(row['server_cores'].values()):.2f} cores; {row['limit'] or 'nobody'} at the limit",
        flush=True,
    )


@contextlib.contextmanager
def event(part_s: float) -> Iterator[Event]:
    """The event, with all that serves it on core 0, old enough to be joined."""
    OUT.mkdir(exist_ok=True)
    file = OUT / f"crowd-{int(part_s * 1000)}.toml"
    file.write_text(EVENT.format(part_s=part_s))
    with live("--event", str(file), core=SERVER_CORE) as running:
        running.wait_playable()
        time.sleep(8)
        yield running


@contextlib.contextmanager
def pushing(running: Event) -> Iterator[tuple[str, dict[int, str]]]:
    """The push source, on core 0 too: the URL to watch and its process."""
    port = free_port()
    command = ["taskset", "-c", str(SERVER_CORE), sys.executable, "-m", "bench.load.push", running.url, str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        words = process.stdout.readline().split()
        if not words:
            raise SystemExit("the push source has nothing to push")
        path = next(word for word in words[1:] if "/v" in word)
        yield f"http://127.0.0.1:{port}{path}", {process.pid: "push"}
    finally:
        process.terminate()
        process.wait()


def climb_all(until_s: float) -> list[dict[str, Any]]:
    """All cases, each with its share of the time that is left."""
    rows: list[dict[str, Any]] = []
    left = list(CASES)
    for part_s in dict.fromkeys(case.part_s for case in CASES):
        with event(part_s) as running:
            server = descendants(running.process.pid)
            for case in (case for case in CASES if case.part_s == part_s):
                share_s = time.monotonic() + (until_s - time.monotonic()) / len(left)
                left.remove(case)
                if case.player == "push":
                    with pushing(running) as (url, pusher):
                        rows += climb(case, url, server | pusher, share_s)
                else:
                    rows += climb(case, running.url + case.path, server, share_s)
    return rows


def bytes_per_viewer(rows: list[dict[str, Any]], alone: int) -> dict[str, float]:
    """Growth of the crowd's own memory for each viewer, by case, over that of a process with one viewer (`alone`)."""
    figures = {}
    for case in CASES:
        largest = max((row for row in rows if row["case"] == case.name), key=lambda row: int(row["viewers"]))
        processes = -(-largest["viewers"] // PER_PROCESS)
        figures[case.name] = (largest["resident"] - alone * processes) / largest["viewers"]
    return figures


def thirty_lines(url: str) -> dict[str, Any]:
    """How many viewers of asyncio and aiohttp a core carries before it is full or late."""
    best: dict[str, Any] = {"viewers": 0}
    viewers = 50
    for _ in range(6):
        command = ["taskset", "-c", str(CROWD_CORE), sys.executable, "-m", "bench.load.viewers", url, str(viewers), "6"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        seen = {"viewers": viewers, **json.loads(done.stdout)}
        print(f"  asyncio + aiohttp: {seen}", flush=True)
        if seen["cpu"] >= FULL or seen["lag_p99_ms"] > 50 or seen["parts_per_s"] < 5 * 0.95:
            break
        best, viewers = seen, int(viewers * 1.4)
    return best


def wrk(url: str) -> dict[str, float] | None:
    """Requests for a playlist that wrk makes in a second of its CPU, one thread."""
    if shutil.which("wrk") is None:
        return None
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = ["taskset", "-c", str(CROWD_CORE), "wrk", "-t1", "-c100", "-d5s", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    per_s = float(re.findall(r"Requests/sec:\s*([\d.]+)", done.stdout)[0])
    requests = float(re.findall(r"(\d+) requests in", done.stdout)[0])
    return {"per_s": per_s, "per_cpu_s": requests / used_s, "cores": used_s / 5}


def nearer(row: dict[str, Any]) -> str:
    """Who would have been at the limit first."""
    return "generator, nearer" if row["generator_cores"] > sum(row["server_cores"].values()) else "server, nearer"


def per_cpu_s(rows: list[dict[str, Any]]) -> float:
    """Requests in a second of the generator's CPU, in the largest crowd of the first case."""
    mine = [row for row in rows if row["case"] == CASES[0].name]
    largest = max(mine, key=lambda row: int(row["viewers"]))
    return float(largest["requests_per_s"] / max(largest["generator_cores"], 0.01))


def table(rows: list[dict[str, Any]], memory: dict[str, float]) -> Table:
    """The largest crowd carried for each way of watching, or the smallest tried where none was."""
    head = ("viewers on one core", "goal", "carried", "generator", "lag p99 ms", "on time", "server", "limit")
    shown = Table(*head, "kB a viewer", "requests/s")
    for case in CASES:
        mine = [row for row in rows if row["case"] == case.name]
        carried = [row for row in mine if row["good"]]
        best = (
            max(carried, key=lambda row: int(row["viewers"])) if carried else min(mine, key=lambda r: int(r["viewers"]))
        )
        beyond = next((row for row in mine if not row["good"]), None)
        count = str(best["viewers"]) if carried else f"under {best['viewers']}"
        lag = (best["loop_lag_ms"] or {}).get("p99", 0)
        shown.add_row(
            case.name,
            str(case.goal),
            count + ("" if beyond else " or more"),
            f"{best['generator_cores']:.2f} cores",
            f"{lag:.0f}",
            f"{best['on_time_ratio']:.4f}",
            f"{sum(best['server_cores'].values()):.2f} cores",
            beyond["limit"] if beyond else nearer(best),
            f"{memory[case.name] / 1000:.1f}",
            str(best["requests_per_s"]),
        )
    return shown


def main() -> None:
    """Climb, compare, print."""
    if len(os.sched_getaffinity(0)) < 2 or shutil.which("taskset") is None:
        print("skipped: needs two cores and taskset (apt-get install util-linux)")
        return
    began_s = time.monotonic()
    os.sched_setaffinity(0, {SERVER_CORE})
    with event(0.2) as running:
        master = f"{running.url}/live/main/index.m3u8"
        peer = thirty_lines(master)
        tool = wrk(f"{running.url}/live/main/v360/index.m3u8")
        alone = crowd([master, "--viewers", "1", "--player", "hls.js"], 4, {}, CROWD_CORE).most_resident
    rows = climb_all(began_s + BUDGET_S)
    memory = bytes_per_viewer(rows, alone)
    Console(width=140).print(table(rows, memory))
    largest = max(memory.values()) / 1000
    print(f"memory beyond that of a process with one viewer: at most {largest:.1f} kB a viewer (goal {MEMORY_GOAL_KB})")
    print(f"asyncio + aiohttp in thirty lines, LL-HLS at 200 ms, one core: {peer}")
    print(f"wrk, one thread, a 1 kB playlist: {tool or 'skipped: apt-get install wrk'}")
    print(
        f"the crowd, as players of {CASES[0].name}: {per_cpu_s(rows):.0f} requests in a second of CPU, media included"
    )
    print("each player keeps up to four connections and reads every byte; the server's encoder is among its cores")
    write("crowd", {"rows": rows, "bytes_per_viewer": memory, "aiohttp": peer, "wrk": tool})


if __name__ == "__main__":
    main()
