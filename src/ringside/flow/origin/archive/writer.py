"""Writer: the thread that writes the spool, so that nobody else waits for a disk.

What enters: jobs, in order, each with its size and a ticket. What leaves: after each, `on_written(ticket)`, called in
the thread. A job that fails is tried again twice a second until it succeeds, and those behind it wait: the spool stays
a prefix of what happened. What waits is counted in bytes; whoever puts jobs bounds it, and may `clear` them.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

log = logging.getLogger(__name__)

AGAIN_S = 0.5
Job = Callable[[], None]  # raises OSError, and may then be called again


@dataclass(frozen=True, slots=True)
class _Put:
    jobs: tuple[Job, ...]
    bytes: int
    ticket: int


class Writer:
    """Runs jobs in a thread of its own. `why`: the sentence of the fault that stands in the way, empty for none."""

    def __init__(self, on_written: Callable[[int], None]) -> None:
        self._on_written = on_written
        self._queue: deque[_Put] = deque()
        self._lock = threading.Condition()
        self._closing = False
        self._now: _Put | None = None
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
        self.waiting_bytes = 0
        self.why = ""
        self.failures = 0

    def __repr__(self) -> str:
        return f"<Writer {len(self._queue)} jobs, {self.waiting_bytes} B{': ' + self.why if self.why else ''}>"

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def put(self, jobs: tuple[Job, ...], size: int, ticket: int) -> None:
        """Run `jobs`, which write about `size` bytes, after those before."""
        with self._lock:
            self._queue.append(_Put(jobs, size, ticket))
            self.waiting_bytes += size
            self._lock.notify()

    def clear(self) -> None:
        """Forget what has not begun."""
        with self._lock:
            self._queue.clear()
            self.waiting_bytes = self._now.bytes if self._now is not None else 0

    def close(self, within_s: float) -> bool:
        """Write what waits, in `within_s` at most, and end; whether all was written."""
        with self._lock:
            self._closing = True
            self._lock.notify()
        self._thread.join(within_s)
        return not self._thread.is_alive() and not self._queue

    def _run(self) -> None:
        while True:
            with self._lock:
                while not self._queue and not self._closing:
                    self._lock.wait()
                if not self._queue:
                    return
                self._now = put = self._queue.popleft()
            if not self._write(put):
                return
            with self._lock:
                self._now = None
                self.waiting_bytes -= put.bytes
            self._on_written(put.ticket)

    def _write(self, put: _Put) -> bool:
        """Whether all of it was written; False only where it cannot be and there is no more time."""
        for job in put.jobs:
            while not self._try(job):
                with self._lock:
                    if self._closing:
                        return False
                    self._lock.wait_for(lambda: self._closing, AGAIN_S)
        return True

    def _try(self, job: Job) -> bool:
        try:
            job()
        except OSError as error:
            self.failures += 1
            self.why = f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}"
            return False
        self.why = ""
        return True
