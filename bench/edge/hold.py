"""One cold URL that the origin holds for 200 ms, asked by N clients at once: how long after the hold all have it.

The object is a 25 kB part (200 ms at 1 Mb/s). The clients are connected beforehand, as players are. Ours stands before
the origin by pulling (`ringside edge`), and is fed the part when it is made, as behind our own origin; Varnish and
nginx, with its lock and without, pull from the same origin. Times run from before the first client asked to the last
byte read, less the 200 ms. In turn, three rounds, a new URL each time; the round in the middle is reported.
"""

import contextlib
import itertools
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.table import Table

from bench.edge import ours, peers
from bench.edge.burst import burst
from bench.edge.machine import blame
from bench.edge.origin import Origin, origin
from bench.edge.peers import Server
from bench.harness import quantiles
from ringside.core.feed import Expected

NEEDS = ("nginx", "varnishd")
HOLD_MS, SIZE_BYTES = 200, 25_000
CROWDS = (50, 500, 2000)
GOALS_MS = {50: 8, 500: 25, 2000: 90}
OF_VARNISH = 0.6  # at 2,000
FED = "ours, fed"


@contextlib.contextmanager
def caches(root: Path, port: int) -> Iterator[list[Server]]:
    """Everything that pulls from the origin on `port`."""
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(ours.edge(port))] if ours.has_edge() else []
        servers.append(stack.enter_context(peers.varnish(root / "varnish", port)))
        for lock in (True, False):
            servers.append(stack.enter_context(peers.nginx_cache(root / f"nginx-{lock}", port, lock)))
        yield servers


def summary(result: dict[str, Any], began_ns: int, clients: int, upstream: int) -> dict[str, Any]:
    """A round in figures: milliseconds over the hold."""
    over = [(at - began_ns) / 1e6 - HOLD_MS for at in result["read_ns"]]
    busy_s = max((max(result["read_ns"], default=began_ns) - began_ns) / 1e9 - HOLD_MS / 1000, 1e-3)
    return {
        "clients": clients,
        "over_ms": quantiles(over),
        "upstream": upstream,
        "failed": sum(result["failed"].values()),
        "why": result["failed"],
        "asking_ms": (result["asked_ns"] - began_ns) / 1e6,
        "load_cores": min(result["cpu_s"] / (busy_s + (result["asked_ns"] - began_ns) / 1e9), 1.0),
    }


def pulled(server: Server, source: Origin, path: str, clients: int) -> dict[str, Any]:
    """All ask a cache for a URL that it does not have."""
    before = source.count("hold")
    with burst(server.port, path, clients) as bursts:
        began_ns = bursts.go()
        result = bursts.results()
    return summary(result, began_ns, clients, source.count("hold") - before)


def pushed(server: Server, source: ours.Source, path: str, clients: int) -> dict[str, Any]:
    """All ask a worker for a part that is told 200 ms later."""
    source.publish([Expected(path)])
    made = ours.document(path, bytes(SIZE_BYTES))
    with burst(server.port, path, clients) as bursts:
        began_ns = bursts.go()
        time.sleep(max(0.0, HOLD_MS / 1000 - (time.time_ns() - began_ns) / 1e9))
        source.publish([made])
        result = bursts.results()
    return summary(result, began_ns, clients, 0)


def middle(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """The round with the middle p95; failures and upstream requests are the most of any."""
    ordered = sorted(rounds, key=lambda each: each["over_ms"].get("p95", float("inf")))
    most = {key: max(each[key] for each in rounds) for key in ("failed", "upstream")}
    return {**ordered[len(ordered) // 2], **most, "p95_ms": [each["over_ms"].get("p95") for each in ordered]}


def run(quick: bool) -> dict[str, Any]:
    """By server and crowd."""
    numbers = itertools.count()
    rounds: dict[str, dict[int, list[dict[str, Any]]]] = {}
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder, origin() as source, ours.fed() as hub:
        with caches(Path(folder), source.port) as servers, ours.worker(hub.path) as worker:
            for clients in CROWDS[:1] if quick else CROWDS:
                for _ in range(1 if quick else 3):
                    path = f"/hold/{HOLD_MS}/{SIZE_BYTES}/{next(numbers)}"
                    of = rounds.setdefault(FED, {}).setdefault(clients, [])
                    of.append(pushed(worker, hub, path, clients))
                    for server in servers:
                        of = rounds.setdefault(server.name, {}).setdefault(clients, [])
                        of.append(pulled(server, source, path, clients))
    return {who: {str(n): middle(each) for n, each in row.items()} for who, row in rounds.items()}


def shown(result: dict[str, Any]) -> list[Table | str]:
    """A row for each server and crowd."""
    table = Table("held 200 ms", "clients", "p50 over", "p95 over", "max", "goal p95", "upstream", "failed", "load")
    for who, row in result.items():
        for clients, each in row.items():
            over = each["over_ms"]
            goal = f"≤ {GOALS_MS[int(clients)]}" if who.startswith("ours") else ""
            times = [f"{over[name]:.0f} ms" if over else "-" for name in ("p50", "p95", "max")]
            table.add_row(
                who, clients, *times, goal, str(each["upstream"]), str(each["failed"]), blame(each["load_cores"])
            )
    return [table, *_against_varnish(result)]


def _against_varnish(result: dict[str, Any]) -> list[str]:
    """At 2,000 clients, ours over Varnish's."""
    found = []
    peer = result.get("Varnish", {}).get("2000", {}).get("over_ms", {}).get("p95")
    for who in result:
        mine = result[who].get("2000", {}).get("over_ms", {}).get("p95")
        if who.startswith("ours") and mine and peer:
            found.append(f"{who}, 2,000 clients: {mine / peer:.2f} of Varnish's p95 (goal ≤ {OF_VARNISH})")
    return found
