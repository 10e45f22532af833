"""Viewers who only join, for next to nothing: `python -m bench.edge.joiner TELL`, one process.

TELL is JSON: {port, address, viewers, over_s, seconds, paths}. They arrive evenly over `over_s`, connect, ask for each
of `paths` in turn on the one connection, as a player opens (multivariant playlist, media playlist, header, a segment),
and have their first picture when the last of them is there whole. Time runs from when a viewer was due, so a generator
that is late counts against the server. A JSON line leaves at the end.
"""

import json
import resource
import select
import socket
import sys
import time
from collections import Counter
from typing import Any

from bench.edge.dial import dial
from bench.edge.lean import FIELDS, FIRST_BYTES, SCRATCH


class Joiners:
    """All viewers of a process: by descriptor, (socket, when it was due, how many paths it has, bytes left)."""

    def __init__(self, tell: dict[str, Any]) -> None:
        self._tell = tell
        self._poll = select.epoll()
        self._there: dict[int, list[Any]] = {}
        self._requests = [f"GET {path} HTTP/1.1\r\n".encode() + FIELDS for path in tell["paths"]]
        self.ttff_ms: list[float] = []
        self.late_ms: list[float] = []  # how late this generator was
        self.failed: Counter[str] = Counter()
        self.arrived = 0

    def play(self) -> None:
        """Until all have their picture or the time is up."""
        tell, began_s = self._tell, time.monotonic()
        while (now_s := time.monotonic() - began_s) < tell["seconds"]:
            due = min(tell["viewers"], 1 + int(tell["viewers"] * now_s / tell["over_s"]))
            for _ in range(min(due - self.arrived, 20)):
                self._arrive(began_s + self.arrived * tell["over_s"] / tell["viewers"])
            if self.arrived == tell["viewers"] and not self._there:
                return
            for fd, _ in self._poll.poll(0.0 if due > self.arrived else 0.005, 256):
                self._read(fd)
        self.failed["no picture in time"] += len(self._there)

    def _arrive(self, due_s: float) -> None:
        tell = self._tell
        self.arrived += 1
        self.late_ms.append((time.monotonic() - due_s) * 1000)
        try:
            connection = dial(tell["port"], tell["address"])
            connection.send(self._requests[0])
        except OSError as error:
            self.failed[str(error)] += 1
            return
        self._there[connection.fileno()] = [connection, due_s, 0, 0]
        self._poll.register(connection.fileno(), select.EPOLLIN)

    def _read(self, fd: int) -> None:
        viewer = self._there[fd]
        connection = viewer[0]
        try:
            if not viewer[3]:
                data = connection.recv(FIRST_BYTES)
                end, at = data.find(b"\r\n\r\n"), data.find(b"Content-Length: ")
                if end < 0 or at < 0 or data[9:12] != b"200":
                    raise ConnectionAbortedError(f"answer {data[:15].decode(errors='replace') or 'none: hung up'}")
                viewer[3] = int(data[at + 16 : data.find(b"\r", at)]) - (len(data) - end - 4)
            while viewer[3]:
                got = connection.recv_into(SCRATCH, viewer[3], socket.MSG_TRUNC)
                if not got:
                    raise ConnectionResetError("the server hung up")
                viewer[3] -= got
            viewer[2] += 1
            if viewer[2] < len(self._requests):
                connection.send(self._requests[viewer[2]])
                return
            self.ttff_ms.append((time.monotonic() - viewer[1]) * 1000)
        except BlockingIOError:
            return
        except OSError as error:
            self.failed[str(error)] += 1
        self._poll.unregister(fd)
        self._there.pop(fd)[0].close()


def main() -> None:
    """The process."""
    tell = json.loads(sys.argv[1])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, hard), hard))
    joiners = Joiners(tell)
    used_s, began_s = time.process_time(), time.monotonic()
    joiners.play()
    figures = {
        "arrived": joiners.arrived,
        "joined": len(joiners.ttff_ms),
        "ttff_ms": sorted(joiners.ttff_ms),
        "late_ms": sorted(joiners.late_ms)[:: max(1, len(joiners.late_ms) // 1000)],
        "failed": dict(joiners.failed),
        "took_s": time.monotonic() - began_s,
        "cpu_s": time.process_time() - used_s,
    }
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
