"""What an idle held viewer costs in memory: 5,000 connections, each waiting for an object that is about to exist.

Private resident memory of the server's processes, before the first connection and when all are held; the kernel's
socket buffers are nobody's here. Ours is fed by a hub, and pulls; Varnish and nginx with its lock hold the same crowd
before an origin that takes its time.
"""

import contextlib
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.table import Table

from bench.edge import ours, peers
from bench.edge.burst import burst
from bench.edge.machine import rss_bytes
from bench.edge.origin import origin
from bench.edge.peers import Server
from ringside.core.feed import Expected

NEEDS = ("nginx", "varnishd")
VIEWERS = 5_000
GOAL_KB = 12
HOLD_MS = 20_000
SETTLE_S = 2.0


def grown(server: Server, path: str, viewers: int) -> dict[str, float]:
    """Bytes a viewer while `viewers` are held on `path`."""
    before = rss_bytes(server.pids)
    with burst(server.port, path, viewers, timeout_s=HOLD_MS / 1000) as bursts:
        bursts.go()
        time.sleep(SETTLE_S)
        after = rss_bytes(server.pids)
        open_now = bursts.waiting()
    return {"viewers": viewers, "held": open_now, "before": before, "after": after, "bytes": (after - before) / viewers}


def run(quick: bool) -> dict[str, Any]:
    """By server."""
    viewers = 500 if quick else VIEWERS
    path = f"/hold/{HOLD_MS}/1000/"
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder, origin() as source:
        root = Path(folder)
        with ours.fed() as hub, ours.worker(hub.path) as worker:
            hub.publish([Expected(path + "fed")])
            found["ours, fed"] = grown(worker, path + "fed", viewers)
        others: list[contextlib.AbstractContextManager[Server]] = [ours.edge(source.port)] if ours.has_edge() else []
        others += [peers.varnish(root / "varnish", source.port), peers.nginx_cache(root / "nginx", source.port, True)]
        for number, other in enumerate(others):
            with other as server:
                found[server.name] = grown(server, f"{path}{number}", viewers)
    return found


def shown(result: dict[str, Any]) -> list[Table | str]:
    """A row for each server."""
    table = Table("server", "held viewers", "before", "after", "kB a viewer", "goal")
    for who, each in result.items():
        megabytes = [f"{each[name] / 1e6:.1f} MB" for name in ("before", "after")]
        goal = f"≤ {GOAL_KB}" if who.startswith("ours") else ""
        table.add_row(who, f"{each['held']} of {each['viewers']}", *megabytes, f"{each['bytes'] / 1000:.1f}", goal)
    return [table]
