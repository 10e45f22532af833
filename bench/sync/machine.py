"""Who used the machine while something was measured: server, browsers, everything; and whether that spoilt it."""

import os
import threading
import time
from types import TracebackType

from bench.edge.machine import cpu_s
from bench.harness import descendants
from bench.sync.figures import summary
from bench.sync.room import Room

SAMPLE_S = 1.0
FULL = 0.92
"""Of all cores, at the median second: nothing could be on time then."""
CROWDED = 0.98
"""Of all cores, in every twentieth second."""


def idle_s() -> float:
    """Seconds that the machine's cores have idled so far, together."""
    with open("/proc/stat") as file:
        fields = file.readline().split()
    return (int(fields[4]) + int(fields[5])) / os.sysconf("SC_CLK_TCK")


class Machine:
    """Samples each second, as long as it is entered: cores of the server, of the browsers, of everything."""

    def __init__(self, server: int, browsers: Room) -> None:
        self._server, self._browsers = server, browsers
        self._done = threading.Event()
        self._busy: list[float] = []
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> "Machine":
        self._pids = tuple(descendants(self._server)), tuple(self._browsers.pids())
        self._began = time.monotonic(), cpu_s(self._pids[0]), cpu_s(self._pids[1]), time.process_time()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._done.set()
        self._thread.join()
        took_s = time.monotonic() - self._began[0]
        self.server_cores = (cpu_s(self._pids[0]) - self._began[1]) / took_s
        self.browser_cores = (cpu_s(self._pids[1]) - self._began[2]) / took_s
        self.own_cores = (time.process_time() - self._began[3]) / took_s

    def _sample(self) -> None:
        idle, at_s = idle_s(), time.monotonic()
        while not self._done.wait(SAMPLE_S):
            now_idle, now_s = idle_s(), time.monotonic()
            self._busy.append((os.cpu_count() or 1) - (now_idle - idle) / (now_s - at_s))
            idle, at_s = now_idle, now_s

    @property
    def result(self) -> dict[str, object]:
        """`{server_cores, browser_cores, own_cores, busy_cores, bottleneck, clock_error_ms}`, once left."""
        busy, cores = summary(self._busy), os.cpu_count() or 1
        full = busy.get("p50", 0) >= FULL * cores or busy.get("p95", 0) >= CROWDED * cores
        return {
            "server_cores": round(self.server_cores, 2),
            "browser_cores": round(self.browser_cores, 2),
            "own_cores": round(self.own_cores, 2),
            "busy_cores": busy,
            "bottleneck": full,
            "clock_error_ms": round(max((abs(each.clock_error_ms) for each in self._browsers.windows), default=0.0), 1),
        }


def words(result: dict[str, object]) -> str:
    """A line on it."""
    busy = result["busy_cores"]
    assert isinstance(busy, dict)
    line = (
        f"server {result['server_cores']:.2f} cores, Chromium {result['browser_cores']:.2f}, this script"
        f" {result['own_cores']:.2f}; all busy {busy.get('p50', 0):.2f} of {os.cpu_count()} at the median,"
        f" {busy.get('p95', 0):.2f} at p95; the pages' clocks within {result['clock_error_ms']} ms of this machine's"
    )
    return line + ("; THE MACHINE WAS THE BOTTLENECK" if result["bottleneck"] else "")
