"""15,000 viewers held on one worker's playlist, released at once: how long until the last byte is written, and read.

The viewers are two processes of plain sockets, held by a blocking reload; the hub publishes the next 1 kB playlist, and
time runs from then. "Written" is the time stamp that the kernel put on the last packet of each answer as it left the
server, "read" is when the viewers, all on one core, had it. Three rounds, the middle one is reported.
"""

import time
from typing import Any

from rich.table import Table

from bench.edge import ours
from bench.edge.burst import burst
from bench.edge.machine import Meter
from bench.harness import quantiles
from ringside.core.feed import Playlist

NEEDS = ()
VIEWERS, PROCESSES = 15_000, 2
GOAL_MS = 150
BODY_BYTES = 1_000
PATH = "/live/main/v/index.m3u8"


def playlist(part: int) -> Playlist:
    """A playlist whose newest part is `part` of segment 1."""
    body = (b"#EXTM3U\n#part %d\n" % part).ljust(BODY_BYTES, b"\n")
    return Playlist(PATH, body, b"", 1, part, (1, part + 1), 2, 0.2)


def held(source: ours.Source, viewers: int, limit_s: float = 4) -> int:
    """How many the workers say they hold, once that is all of them or the time is up."""
    until_s = time.monotonic() + limit_s
    while source.total("held") < viewers and time.monotonic() < until_s:
        time.sleep(0.05)
    return source.total("held")


def one(part: int, viewers: int) -> dict[str, Any]:
    """A round, with a worker of its own."""
    with ours.fed() as source, ours.worker(source.path) as server:
        source.publish([playlist(part)])
        path = f"{PATH}?_HLS_msn=1&_HLS_part={part + 1}"
        with burst(server.port, path, viewers, PROCESSES, 20) as bursts:
            bursts.go()
            waiting = held(source, viewers)
            meter, began_ns = Meter(server.pids), time.time_ns()
            source.publish([playlist(part + 1)])
            result = bursts.results()
            used = meter.read()
    written = [(at - began_ns) / 1e6 for at in result["written_ns"]]
    return {
        "viewers": viewers,
        "held": waiting,
        "answered": len(written),
        "failed": result["failed"],
        "early": sum(ms < 0 for ms in written),
        "written_ms": quantiles(written),
        "read_ms": quantiles((at - began_ns) / 1e6 for at in result["read_ns"]),
        "server_cpu_us": used["server_cpu_s"] / max(viewers, 1) * 1e6,
    }


def run(quick: bool) -> dict[str, Any]:
    """The middle round."""
    viewers, rounds = (1_000, 1) if quick else (VIEWERS, 3)
    done = sorted((one(part, viewers) for part in range(rounds)), key=lambda each: each["written_ms"].get("max", 1e9))
    return {**done[len(done) // 2], "last_written_ms": [each["written_ms"].get("max") for each in done]}


def shown(result: dict[str, Any]) -> list[Table | str]:
    """One row."""
    table = Table("viewers", "held", "answered", "written p50", "last written", "goal", "last read", "CPU a viewer")
    written, read = result["written_ms"], result["read_ms"]
    table.add_row(
        *(str(result[name]) for name in ("viewers", "held", "answered")),
        f"{written['p50']:.0f} ms",
        f"{written['max']:.0f} ms",
        f"≤ {GOAL_MS} ms",
        f"{read['max']:.0f} ms",
        f"{result['server_cpu_us']:.1f} µs",
    )
    words = f"rounds, last byte written: {result['last_written_ms']} ms; failed {result['failed'] or 0}"
    early = f"; {result['early']} were answered before the release" if result["early"] else ""
    slow = (
        "; the viewers' core was the slower: only “written” is the server's"
        if read["max"] > 1.3 * written["max"]
        else ""
    )
    return [table, words + early + slow]
