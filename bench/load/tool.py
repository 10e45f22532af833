"""`ringside crowd` as its users run it, pinned to a core and watched from outside: its verdict, CPU and memory."""

import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from typing import Any

from bench.harness import cpu_s, descendants

CHILD = "ringside.prove.crowd.machines.process"
SAMPLE_S = 1.0
GRACE_S = 40.0


@dataclass(frozen=True, slots=True)
class Sample:
    """CPU seconds so far of the server's processes by name and of the crowd's, and the crowd's resident bytes."""

    at_s: float
    server: dict[str, float]
    crowd: float
    resident: int


@dataclass(slots=True)
class Run:
    """One run of the crowd: the verdict it wrote, its exit status, and what was seen of it from outside."""

    verdict: dict[str, Any] = field(default_factory=dict)
    exit_status: int = -1
    said: str = ""
    samples: list[Sample] = field(default_factory=list)

    def steady(self, after_s: float, until_s: float) -> tuple[float, dict[str, float]]:
        """Cores used by the crowd and by each of the server's processes between two moments of the run."""
        inside = [sample for sample in self.samples if after_s <= sample.at_s <= until_s]
        if len(inside) < 2:
            return 0.0, {}
        first, last = inside[0], inside[-1]
        took_s = last.at_s - first.at_s
        server = {name: (last.server[name] - first.server.get(name, 0.0)) / took_s for name in last.server}
        return (last.crowd - first.crowd) / took_s, server

    @property
    def most_resident(self) -> int:
        """Most memory that the playing processes had together, bytes."""
        return max((sample.resident for sample in self.samples), default=0)


def resident_bytes(pid: int) -> int:
    """Resident memory of a process that is its own (what it shares with others not counted)."""
    with contextlib.suppress(OSError, StopIteration, ValueError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(("Private_Clean", "Private_Dirty")))
    return 0


def _is_player(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return CHILD in Path(f"/proc/{pid}/cmdline").read_text()
    return False


def _sample(began_s: float, server: dict[int, str], crowd: int) -> Sample:
    used: dict[str, float] = {}
    for pid, name in server.items():
        used[name] = used.get(name, 0.0) + cpu_s(pid)
    tree = descendants(crowd)
    playing = [pid for pid in tree if _is_player(pid)]
    return Sample(time.monotonic() - began_s, used, sum(map(cpu_s, tree)), sum(map(resident_bytes, playing)))


def crowd(arguments: list[str], duration_s: float, server: dict[int, str], core: int | None = None) -> Run:
    """`ringside crowd ARGUMENTS --duration S --json FILE` to its end; `server` are processes to watch meanwhile."""
    run = Run()
    pin = [] if core is None else ["taskset", "-c", str(core)]
    with tempfile.TemporaryDirectory() as folder:
        verdict = Path(folder) / "verdict.json"
        command = [*pin, sys.executable, "-m", "ringside", "crowd", *arguments]
        command += ["--duration", str(duration_s), "--json", str(verdict)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        with _watched(run, server, process.pid):
            try:
                run.said, _ = process.communicate(timeout=duration_s + GRACE_S)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGINT)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    run.said, _ = process.communicate(timeout=10)
                process.kill()
        run.exit_status = process.wait()
        if verdict.exists():
            run.verdict = json.loads(verdict.read_text())
    if not run.verdict:
        raise SystemExit(f"ringside crowd gave no verdict:\n{run.said[-2000:]}")
    return run


@contextlib.contextmanager
def _watched(run: Run, server: dict[int, str], pid: int) -> Iterator[None]:
    done, began_s = Flag(), time.monotonic()

    def watch() -> None:
        while not done.wait(SAMPLE_S):
            run.samples.append(_sample(began_s, server, pid))

    thread = Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
