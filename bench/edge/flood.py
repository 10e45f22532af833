"""Twelve times the requests, all for objects nobody has yet, while the origin is frozen for ten seconds.

Twenty tracks make a new segment every two seconds, so that a cache has ten to fetch in a second, however many ask.
The origin (one for each cache) is stopped by SIGSTOP as the flood begins and let go after ten seconds, under the flood.
What counts: requests that reach the origin for each object asked for, beside normal times, and how long after the thaw
it takes until every request is answered well within half a second. Ours, Varnish and nginx with its lock, all at once.
"""

import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.table import Table

from bench.edge import ours, peers
from bench.edge.machine import LOAD_CORE, blame, on_core
from bench.edge.origin import Origin, origin
from bench.edge.peers import Server

NEEDS = ("nginx", "varnishd")
PER_S, FACTOR, TRACKS, SEGMENT_S = 50, 12, 20, 2
PHASES_S = (8.0, 10.0, 6.0)
TIME_OUT_S = 4.0
GOAL, GOAL_S = 1.1, SEGMENT_S


class Trial:
    """One cache, its origin and its flood."""

    def __init__(self, server: Server, source: Origin, phases_s: tuple[float, ...]) -> None:
        tell = {
            "port": server.port, "per_s": PER_S, "factor": FACTOR, "tracks": TRACKS, "segment_s": SEGMENT_S,
            "phases": phases_s, "time_out_s": TIME_OUT_S,
        }  # fmt: skip
        self.name = server.name
        self._source = source
        self._phases_s = phases_s
        command = [*on_core(LOAD_CORE), sys.executable, "-m", "bench.edge.flooder", json.dumps(tell)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self._said = self.process.stdout

    def freeze(self) -> None:
        """Once the flood begins, stop the origin."""
        self._said.readline()
        self._normal = self._source.count("live")
        self._source.process.send_signal(signal.SIGSTOP)
        self._frozen_s = time.monotonic()

    def thaw(self) -> None:
        """Let the origin go on."""
        self._said.readline()
        state = Path(f"/proc/{self._source.process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        self.was_frozen = state == "T"
        self._source.process.send_signal(signal.SIGCONT)

    def result(self) -> dict[str, Any]:
        """What came of it."""
        said = json.loads(self._said.readline())
        flooded = self._source.count("live") - self._normal
        objects = [phase["objects"] for phase in said["phases"]]
        normal, flood = self._normal / max(objects[0], 1), flooded / max(objects[1] + objects[2], 1)
        return {
            **said,
            "was_frozen": self.was_frozen,
            "upstream_normal": normal,
            "upstream_flood": flood,
            "ratio": flood / max(normal, 1e-9),
        }


def run(quick: bool) -> dict[str, Any]:
    """By server."""
    phases_s = (2.0, 2.0, 2.0) if quick else PHASES_S
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder, contextlib.ExitStack() as stack:
        root, trials = Path(folder), []
        sources = [stack.enter_context(origin()) for _ in range(3)]
        servers = [
            stack.enter_context(peers.varnish(root / "varnish", sources[0].port)),
            stack.enter_context(peers.nginx_cache(root / "nginx", sources[1].port, lock=True)),
        ]
        if ours.has_edge():
            servers.append(stack.enter_context(ours.edge(sources[2].port)))
        trials = [Trial(server, source, phases_s) for server, source in zip(servers, sources, strict=False)]
        for trial in trials:
            stack.callback(trial.process.kill)
        for step in (Trial.freeze, Trial.thaw):
            for trial in trials:
                step(trial)
        return {trial.name: trial.result() for trial in trials}


def shown(result: dict[str, Any]) -> list[Table | str]:
    """A row for each server."""
    head = (
        "server",
        "upstream an object",
        "in the flood",
        "ratio",
        "goal",
        "recovery",
        "goal",
        "answered in the freeze",
    )
    table = Table(*head, "load")
    for who, each in result.items():
        table.add_row(
            who,
            f"{each['upstream_normal']:.2f}",
            f"{each['upstream_flood']:.2f}",
            f"{each['ratio']:.2f}",
            f"≤ {GOAL}" if who.startswith("ours") else "",
            f"{each['recovery_s']:.1f} s",
            f"≤ {GOAL_S} s" if who.startswith("ours") else "",
            str(each["phases"][1]["statuses"]),
            blame(each["load_cores"]),
        )
    fired = all(each["was_frozen"] for each in result.values())
    return [
        table,
        f"the origins were{'' if fired else ' NOT'} frozen; status 0: hung up, -1: given up after {TIME_OUT_S:.0f} s",
    ]
