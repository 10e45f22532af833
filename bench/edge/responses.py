"""What a response costs: CPU on the server for a 1 kB playlist and a 166 kB part, asked alike and asked differently.

nginx as a file server, opening each file anew (as it must where a playlist changes) and keeping them open (as it may
where they never do), Varnish with everything in its cache, our worker with everything in its memory: in turn, three
rounds, the best of each. The load's speed does not matter, since CPU is counted and not time.
"""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.table import Table

from bench.edge import ours, peers
from bench.edge.load import best, measure
from bench.edge.peers import Server

NEEDS = ("nginx", "varnishd")
KEPT = "nginx, kept open"
PLAYLIST_BYTES, PART_BYTES = 1_000, 166_000
CASES = (
    ("1 kB playlist", "/index.m3u8", 64, True, 0.70),
    ("1 kB playlist, no two requests alike", "/index.m3u8", 64, False, None),
    ("166 kB part", "/1.0.m4s", 32, True, 0.85),
    ("166 kB part, no two requests alike", "/1.0.m4s", 32, False, None),
)


@contextlib.contextmanager
def servers() -> Iterator[list[Server]]:
    """All four, with the same two objects."""
    objects = ours.objects(PLAYLIST_BYTES, PART_BYTES)
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder, ours.fed() as source:
        root = Path(folder)
        root.chmod(0o755)
        source.publish(objects)
        with (
            peers.nginx_files(root / "nginx", ours.files(objects)) as nginx,
            peers.nginx_files(root / "kept", ours.files(objects), more=peers.KEPT_OPEN, name=KEPT) as kept,
            peers.varnish(root / "varnish", nginx.port) as varnish,
            ours.worker(source.path) as worker,
        ):
            yield [nginx, kept, varnish, worker]


def run(quick: bool) -> dict[str, Any]:
    """By case and server."""
    rounds, run_s = (1, 0.1) if quick else (3, 0.8)
    results: dict[str, dict[str, list[dict[str, float]]]] = {}
    with servers() as all_servers:
        for _ in range(rounds):
            for name, path, connections, same, _goal in CASES:
                for server in all_servers:
                    figures = measure(server, path, connections, same, run_s)
                    results.setdefault(name, {}).setdefault(server.name, []).append(figures)
    return {name: {who: best(runs) for who, runs in row.items()} for name, row in results.items()}


def shown(result: dict[str, Any]) -> list[Table | str]:
    """A row for each case."""
    heads = ("response", "nginx µs", "kept open", "Varnish", "ours", "ours / nginx", "/ kept open", "goal")
    table = Table(*heads, "a second", "load")
    for name, *_, goal in CASES:
        row = result[name]
        who = [row["nginx"], row[KEPT], row["Varnish"], row["ours"]]
        ratios = [row["ours"]["cpu_us"] / row[peer]["cpu_us"] for peer in ("nginx", KEPT)]
        table.add_row(
            name,
            *(f"{each['cpu_us']:.1f}" for each in who),
            *(f"{ratio:.2f}" for ratio in ratios),
            f"≤ {goal:.2f}" if goal else "",
            " ".join(f"{each['per_s']:.0f}" for each in who),
            " ".join(f"{each['load_cores']:.2f}" for each in who),
        )
    return [table, "CPU of the server per response; the load's core is shown, but does not enter the figures"]
