"""How many LL-HLS viewers one worker carries on one core: video 1 Mb/s and sound 128 kb/s, parts of 200 ms.

Each viewer makes 20 requests a second (`bench.edge.lean`: held playlists and hinted parts of both tracks). The crowd
grows, or shrinks, until the most is known that gets at least 99.9 % of its parts on time, which is before a player
three parts behind the newest needs them; the share there before the next part is out is shown beside it. Who was at
the limit is named. Then: where the worker's time goes with that crowd, and the
same event as `ringside crowd` feels it, with as many viewers as it can play on a core.
"""

import json
import subprocess
import sys
import time
from typing import Any

from rich.table import Table

from bench.edge import ours
from bench.edge.machine import FULL, LOAD_CORE, SERVER_CORE, Meter, blame, cpu_s, on_core, split_s
from bench.edge.profile import profile
from bench.edge.stream import ENCODE_S, Stream, stream
from bench.harness import quantiles
from bench.load.tool import crowd

NEEDS = ()
VIDEO_BPS, AUDIO_BPS, PART_S = 1_000_000, 128_000, 0.2
GOAL = 3_500
ENOUGH = 0.999
JOINING_PER_S = 1_200
STEADY_S = 4.5
PER_PROCESS = 4_500  # four connections each, 20,000 descriptors
TRACKS = ("/live/main/v", "/live/main/a")
RUNS = 4
NEARLY = 0.8  # of a core: a burst for each part, with a rest before the next, is no full core
NEITHER = "neither: was the machine quiet?"
COUNTS = ("joined", "parts", "parts_expected", "parts_late", "parts_next_late")
CROWD = 1_000


def play(source: Stream, viewers: int, steady_s: float, look_s: float = 0) -> dict[str, Any]:
    """One crowd of lean viewers on a fresh worker; with `look_s` the worker is profiled for so long."""
    join_s = max(1.0, viewers / JOINING_PER_S)
    after_s = join_s + 1.5
    processes = -(-viewers // PER_PROCESS)
    with ours.worker(source.feed) as server:
        running = []
        for number in range(processes):
            tell = {
                "port": server.port, "address": f"127.0.0.{10 + number}", "tracks": TRACKS, "part_s": PART_S,
                "viewers": viewers // processes + (number < viewers % processes), "join_s": join_s,
                "seconds": after_s + steady_s, "count_after_s": after_s, "publish_s": ENCODE_S,
            }  # fmt: skip
            command = [*on_core(LOAD_CORE), sys.executable, "-m", "bench.edge.lean", json.dumps(tell)]
            running.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        time.sleep(after_s + 0.3)
        pids = [process.pid for process in running] + [source.pid]
        meter, load_s, split = Meter(server.pids), cpu_s(pids), split_s(server.pids)
        looked = profile(server.pids[0], look_s) if look_s else {}
        time.sleep(max(0.0, steady_s - look_s - 0.6))
        used, load_s, after = meter.read(), cpu_s(pids) - load_s, split_s(server.pids)
        results = [json.loads(process.communicate(timeout=30)[0]) for process in running]
    row = summary(viewers, results, used, load_s)
    user_s, system_s = after[0] - split[0], after[1] - split[1]
    return {**row, "system_share": system_s / max(user_s + system_s, 0.01), "profile": looked}


def summary(viewers: int, results: list[dict[str, Any]], used: dict[str, float], load_s: float) -> dict[str, Any]:
    """What the processes saw, as one row, and who was at the limit."""
    total = {key: sum(each[key] for each in results) for key in COUNTS}
    due = max(total["parts"], total["parts_expected"], 1)
    on_time = (total["parts"] - total["parts_late"]) / due
    failed = sum(sum(each["failed"].values()) for each in results)
    load_cores = load_s / used["took_s"]
    good = on_time >= ENOUGH and total["joined"] == viewers and not failed
    limit = ""
    if load_cores >= FULL:
        limit = "load"
    elif used["server_cores"] >= NEARLY:
        limit = "server"
    elif not good:
        limit = NEITHER
    return {
        "viewers": viewers,
        **total,
        "failed": failed,
        "why": {why: n for each in results for why, n in each["failed"].items()},
        "on_time": on_time,
        "before_the_next": (total["parts"] - total["parts_next_late"]) / due,
        "late_ms": quantiles(ms for each in results for ms in each["late_ms"]),
        "requests_per_s": sum(each["responses"] / each["took_s"] for each in results),
        "bits_per_s": sum(each["bytes"] * 8 / each["took_s"] for each in results),
        "server_cores": used["server_cores"],
        "load_cores": load_cores,
        "good": good,
        "limit": limit,
    }


def climb(source: Stream, first: int, steady_s: float, runs: int) -> list[dict[str, Any]]:
    """Larger crowds while they are carried, smaller ones while they are not; the last steps are halves."""
    rows: list[dict[str, Any]] = []
    carried, refused, viewers = 0, 0, first
    for _ in range(runs):
        rows.append(play(source, viewers, steady_s))
        told(rows[-1])
        if rows[-1]["good"]:
            carried = max(carried, viewers)
        else:
            refused = min(refused or viewers, viewers)
        between = refused and carried
        viewers = (carried + refused) // 2 if between else int(viewers * (1.15 if carried else 0.8))
    return rows


def told(row: dict[str, Any]) -> None:
    """A line for a run, as soon as it is over."""
    late = row["late_ms"]
    print(
        f"  {row['viewers']} viewers: on time {row['on_time']:.4%}, p99 {late.get('p99', 0):.0f} ms after publication,"
        f" worker {row['server_cores']:.2f} cores, load {row['load_cores']:.2f};"
        f" {row['failed']} failed; {row['limit'] or 'nobody'} at the limit",
        flush=True,
    )


def felt(source: Stream, viewers: int, duration_s: float) -> dict[str, Any]:
    """The same event, as true players feel it."""
    with ours.worker(source.feed) as server:
        url = f"http://127.0.0.1:{server.port}{source.path}"
        options = ["--viewers", str(viewers), "--player", "hls.js", "--arrive", "ramp", "--over", "2"]
        said = crowd([url, *options], duration_s, {server.pids[0]: "worker"}, LOAD_CORE).verdict
    names = ("joined", "failed", "on_time_ratio", "stalls", "ttff_ms", "latency_ms", "generator_cpu", "saturated")
    return {"viewers": viewers, **{name: said[name] for name in names}}


def run(quick: bool) -> dict[str, Any]:
    """Every crowd tried, the profile with the most that was carried, and the crowd's word."""
    with stream(VIDEO_BPS, AUDIO_BPS, PART_S) as source:
        rows = climb(source, 300 if quick else GOAL, 1.5 if quick else STEADY_S, 1 if quick else RUNS)
        carried = max((row["viewers"] for row in rows if row["good"]), default=min(row["viewers"] for row in rows))
        looked = play(source, carried, 2 if quick else 4.5, 1 if quick else 3.5)
        crowd_row = felt(source, 50 if quick else CROWD, 4 if quick else 7)
    return {"rows": rows, "profile": {**looked.pop("profile"), "with": looked}, "crowd": crowd_row}


def shown(result: dict[str, Any]) -> list[Table | str]:
    """A row for each crowd, the profile, the crowd's word."""
    head = (
        "viewers",
        "on time",
        "before the next",
        "p50",
        "p99",
        "max",
        "requests/s",
        "Gb/s",
        f"worker, core {SERVER_CORE}",
    )
    table = Table(*head, "in the kernel", "load", "at the limit")
    for row in sorted(result["rows"], key=lambda each: int(each["viewers"])):
        table.add_row(
            str(row["viewers"]),
            f"{row['on_time']:.3%}",
            f"{row['before_the_next']:.1%}",
            *(f"{row['late_ms'].get(name, 0):.0f} ms" for name in ("p50", "p99", "max")),
            f"{row['requests_per_s']:.0f}",
            f"{row['bits_per_s'] / 1e9:.2f}",
            f"{row['server_cores']:.2f} cores",
            f"{row['system_share']:.0%}",
            blame(row["load_cores"]),
            row["limit"] or "nobody",
        )
    good = [row["viewers"] for row in result["rows"] if row["good"]]
    words = f"carried with 99.9 % on time: {max(good, default=0)} (goal {GOAL})"
    return [table, words, *_where(result["profile"]), f"ringside crowd on the same event: {result['crowd']}"]


def _where(looked: dict[str, Any]) -> list[str]:
    if "error" in looked:
        return [f"no profile: {looked['error']}"]
    lines = []
    for kind in ("syscalls", "libraries"):
        shares = ", ".join(f"{name} {share:.0%}" for name, share in list(looked.get(kind, {}).items())[:8])
        lines.append(f"where the worker's time goes, by {kind}: {shares}")
    return lines
