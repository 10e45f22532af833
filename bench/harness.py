"""What the benches share: an event under measurement, its processes' CPU, quantiles, and a place for results."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

OUT = Path(__file__).parent / "out"
TICKS = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(url: str, timeout_s: float = 5) -> bytes:
    """The body at `url`."""
    with urllib.request.urlopen(url, timeout=timeout_s) as response:
        return bytes(response.read())


def quantiles(values: Iterable[float]) -> dict[str, float]:
    """`{p50, p95, p99, max}` of the values."""
    ordered = sorted(values)
    if not ordered:
        return {}
    pick = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {name: round(ordered[min(len(ordered) - 1, int(q * len(ordered)))], 2) for name, q in pick.items()}


def descendants(pid: int) -> dict[int, str]:
    """The process tree under `pid`, with each command's tail."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
    tree, frontier = {pid}, {pid}
    while frontier:
        frontier = {child for child, parent in parents.items() if parent in frontier} - tree
        tree |= frontier
    return {p: _command(p) for p in tree}


def _command(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return "?"
    return words[3] if "ringside.cli.children" in words else "supervisor"


def cpu_s(pid: int) -> float:
    """CPU seconds, user and system, a process has used so far."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def rss_bytes(pid: int) -> int:
    """Private and shared-anonymous resident memory of a process (memfd pages a worker maps are not counted twice)."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        return 0
    return 0


class Event:
    """A running `ringside live`."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, began_s: float) -> None:
        self.process, self.port, self.began_s = process, port, began_s
        self.url = f"http://127.0.0.1:{port}"

    def wait_playable(self, limit_s: float = 20) -> float:
        """Seconds from the start of the command until a part of a rung's first segment could be fetched."""
        while time.monotonic() - self.began_s < limit_s:
            try:
                master = get(f"{self.url}/live/main/index.m3u8").decode()
                uri = next(line for line in master.splitlines() if line and not line.startswith("#"))
                media = get(f"{self.url}/live/main/{uri}").decode()
                part = next(line for line in media.splitlines() if line.startswith("#EXT-X-PART:"))
                get(f"{self.url}/live/main/{uri.rsplit('/', 1)[0]}/{part.split('URI=')[1].split(chr(34))[1]}")
                return time.monotonic() - self.began_s
            except (OSError, StopIteration):
                time.sleep(0.02)
        raise SystemExit(f"the event was not playable within {limit_s} s")

    def status(self) -> dict[str, Any]:
        """The newest `/status.json`."""
        result: dict[str, Any] = json.loads(get(f"{self.url}/status.json"))
        return result

    def cpu(self) -> dict[str, float]:
        """CPU seconds so far, by process."""
        usage: dict[str, float] = {}
        for pid, name in descendants(self.process.pid).items():
            usage[name] = usage.get(name, 0) + cpu_s(pid)
        return usage


@contextmanager
def live(*arguments: str, core: int | None = None, host: str = "127.0.0.1") -> Iterator[Event]:
    """`ringside live ARGUMENTS` on a free port of `host`, all of it on `core` if one is given; ended afterwards."""
    port, began_s = free_port(), time.monotonic()
    pin = [] if core is None else ["taskset", "-c", str(core)]
    command = [*pin, sys.executable, "-m", "ringside", "live", *arguments, "--port", str(port), "--host", host]
    OUT.mkdir(exist_ok=True)
    with (OUT / "live.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        yield Event(process, port, began_s)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()


def write(name: str, result: Any) -> None:
    """Keep a result under bench/out, with what it was measured on."""
    OUT.mkdir(exist_ok=True)
    machine = {"cores": os.cpu_count(), "kernel": os.uname().release, "python": sys.version.split()[0]}
    (OUT / f"{name}.json").write_text(json.dumps({"machine": machine, "result": result}, indent=1) + "\n")
