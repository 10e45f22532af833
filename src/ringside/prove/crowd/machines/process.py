"""The child's side of a crowd's process: `python -m ringside.prove.crowd.machines.process`, started by `processes`.

Orders come in on standard input, one JSON object a line: first the share (`{"plan", "index", "of", "viewers"}`), then
`{"go": unix_s}`, perhaps `{"stop": true}`. Its end means that the parent is gone, and the process ends itself, whatever
it is doing. Reports leave on standard output: `{"ready"}`, then `{"snapshot", "text"}` each second, then `{"result"}`
or `{"fault", "status"}`. A thread writes them, so that a parent who is slow to read never holds up a viewer.
"""

import io
import json
import os
import queue
import resource
import signal
import sys
import threading
import time
from typing import Any, BinaryIO

from ringside.core.clock import Wall
from ringside.core.errors import RingsideError
from ringside.prove.crowd.arrive.tickets import tickets
from ringside.prove.crowd.plan import Plan
from ringside.prove.crowd.run import run_share

QUEUED = 8
"""Reports that may wait for a slow parent; a snapshot that finds no room is dropped, the next one holds all it held."""
ORPHAN_S = 3.0
"""How long an orphan may take to end by itself."""
HELD_CHARS = 16_000_000
"""Lines of viewers that may wait for a slow parent; what does not fit is dropped and counted."""


class Orders:
    """Standard input, read by a thread of its own from the second line on."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._heard = threading.Event()
        self.stop = threading.Event()
        self.go_unix_s: float | None = None
        line = source.readline()
        if not line:
            raise SystemExit(0)
        self.share: dict[str, Any] = json.loads(line)
        threading.Thread(target=self._listen, daemon=True, name="orders").start()

    def _listen(self) -> None:
        for line in self._source:
            order = json.loads(line)
            if "go" in order:
                self.go_unix_s = float(order["go"])
            else:
                self.stop.set()
            self._heard.set()
        self.stop.set()
        self._heard.set()
        time.sleep(ORPHAN_S)
        os._exit(1)

    def wait_for_go(self) -> float | None:
        """The common start, Unix seconds; None when it is called off."""
        self._heard.wait()
        return self.go_unix_s


class Reports:
    """Standard output, written by a thread of its own."""

    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink
        self._queue: queue.Queue[dict[str, Any] | None] = queue.Queue(QUEUED)
        self._thread = threading.Thread(target=self._write, daemon=True, name="reports")
        self._thread.start()
        self.dropped = 0
        self.text = io.StringIO()
        """Where the engine writes a line per viewer; it leaves with the next snapshot."""
        self.lines_dropped = 0

    def _write(self) -> None:
        while (report := self._queue.get()) is not None:
            try:
                self._sink.write(json.dumps(report, separators=(",", ":")).encode() + b"\n")
                self._sink.flush()
            except OSError:
                return

    def say(self, **report: Any) -> None:
        """Report, waiting for room."""
        self._queue.put(report)

    def snapshot(self, snapshot: dict[str, Any]) -> None:
        """Report if there is room, with the lines written since; never waits."""
        try:
            self._queue.put_nowait({"snapshot": snapshot, "text": self.text.getvalue()})
        except queue.Full:
            self.dropped += 1
            if self.text.tell() < HELD_CHARS:
                return
            self.lines_dropped += self.text.getvalue().count("\n")
        self._empty()

    def _empty(self) -> None:
        self.text.seek(0)
        self.text.truncate()

    def close(self, **last: Any) -> None:
        """Report for the last time and wait until it is written."""
        self.say(**last, text=self.text.getvalue(), dropped=self.dropped, lines_dropped=self.lines_dropped)
        self._queue.put(None)
        self._thread.join()


def take_descriptors() -> None:
    """A viewer is a connection or several: take as many descriptors as the system lets us have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def play(orders: Orders, reports: Reports) -> dict[str, Any] | None:
    """Play this process's share of the crowd from the common start; its result, or None when it is called off."""
    plan = Plan.model_validate(orders.share["plan"])
    mine = tickets(plan, orders.share["index"], orders.share["of"])
    reports.say(ready=len(mine))
    go_unix_s = orders.wait_for_go()
    if go_unix_s is None:
        return None
    start_s = time.monotonic() + go_unix_s - Wall().now_ns() / 1e9
    text = reports.text if orders.share["viewers"] else None
    return run_share(plan, mine, reports.snapshot, orders.stop, start_s, text)


def main() -> int:
    """Take orders, play, report."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when it is over
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a stray print must not land among the reports
    # unbuffered: a thread that waits within a buffered reader makes Python abort where it should only end
    orders = Orders(os.fdopen(os.dup(0), "rb", buffering=0))
    reports = Reports(sink)
    take_descriptors()
    try:
        reports.close(result=play(orders, reports))
    except RingsideError as error:
        reports.close(fault=str(error), status=error.exit_status)
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main())
