"""The machine under the edge's benches: which core is whose, CPU and memory of processes, and who was the bottleneck.

The server has core 0, the load core 1. CPU is the kernel's own account of a process (the sum over
`/proc/PID/task/*/schedstat`, threads that have ended included), so it does not matter how fast the load is: that only
matters where time is measured, and there the load's own CPU is printed beside the figure.
"""

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

SERVER_CORE, LOAD_CORE = 0, 1
FULL = 0.9  # of a core: whoever used more was the bottleneck
CORES = os.sched_getaffinity(0)  # before this process keeps to the load's
_SCHED = 2  # clock of what the scheduler has given (CPUCLOCK_SCHED)


def missing(*programs: str) -> str | None:
    """Why a bench cannot be run here, in one sentence; None where it can."""
    if len(CORES) < 2 or shutil.which("taskset") is None:
        return "needs two cores and taskset (apt-get install util-linux)"
    for program in programs:
        if shutil.which(program) is None:
            return f"needs {program} (apt-get install {program.replace('varnishd', 'varnish')})"
    return None


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the lock at `path`, so that two runs do not spoil each other. Raises SystemExit when another one is on."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit("another bench of the edge is running on this machine: wait for its end") from None
        yield


def busy_cores(look_s: float = 0.5) -> float:
    """Cores that other processes use, looked at for so long."""
    idle, began_s = _idle_s(), time.monotonic()
    time.sleep(look_s)
    return max(0.0, (os.cpu_count() or 1) - (_idle_s() - idle) / (time.monotonic() - began_s))


def _idle_s() -> float:
    fields = Path("/proc/stat").read_text().split(maxsplit=6)
    return (int(fields[4]) + int(fields[5])) / os.sysconf("SC_CLK_TCK")


def on_core(core: int | str) -> list[str]:
    """The words before a command that keep it on a core, or on several (`0,1`)."""
    return ["taskset", "-c", str(core)]


def cpu_s(pids: Sequence[int]) -> float:
    """CPU seconds that processes have used so far, all their threads; 0 for one that is gone."""
    total = 0.0
    for pid in pids:
        try:
            total += time.clock_gettime(~pid * 8 | _SCHED)
        except OSError:
            continue
    return total


def rss_bytes(pids: Sequence[int]) -> int:
    """Private resident memory of processes, bytes."""
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(("Private_", "Swap:")))
    return total


def split_s(pids: Sequence[int]) -> tuple[float, float]:
    """User and system CPU seconds so far, to a hundredth."""
    user = system = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        user, system = user + int(fields[11]), system + int(fields[12])
    ticks = os.sysconf("SC_CLK_TCK")
    return user / ticks, system / ticks


class Meter:
    """Cores used by the server's processes and by this one, from its making until `read`."""

    def __init__(self, server: Sequence[int]) -> None:
        self._server = server
        self._began_s = time.monotonic()
        self._server_s = cpu_s(server)
        self._own_s = time.process_time()

    def read(self) -> dict[str, float]:
        """`{took_s, server_cpu_s, server_cores, load_cores}`."""
        took_s = time.monotonic() - self._began_s
        server_s, own_s = cpu_s(self._server) - self._server_s, time.process_time() - self._own_s
        return {
            "took_s": took_s,
            "server_cpu_s": server_s,
            "server_cores": server_s / took_s,
            "load_cores": own_s / took_s,
        }


def blame(load_cores: float, cores: int = 1) -> str:
    """Whether the load was the bottleneck, in a word for a table."""
    return f"{load_cores:.2f} cores" + (": THE BOTTLENECK" if load_cores >= FULL * cores else "")
