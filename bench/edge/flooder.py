"""A flood on objects that no cache can have yet: `python -m bench.edge.flooder TELL`, one process a server.

TELL is JSON: {port, per_s, factor, tracks, segment_s, phases: [normal_s, frozen_s, after_s], time_out_s}. Requests come
at a fixed rate whether or not they are answered, each on a connection of its own, each for the newest segment of a
track; from the end of the first phase on at `factor` times the rate. It writes "flood" and "thaw" when it expects the
origin to be frozen and let go again, and ends with a JSON line of what became of each phase's requests.
"""

import asyncio
import itertools
import json
import sys
import time
from typing import Any

import uvloop

SLOW_S = 0.5


class Request(asyncio.Protocol):
    """One connection, one request: the status of its answer, or none."""

    def __init__(self, path: str, done: "asyncio.Future[int]") -> None:
        self._path, self._done = path, done

    def connection_made(self, transport: Any) -> None:
        """Ask."""
        self._transport = transport
        transport.write(f"GET {self._path} HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        """The beginning of the answer; the rest is not waited for."""
        if not self._done.done():
            self._done.set_result(int(data[9:12]))
        self._transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        """Hung up."""
        if not self._done.done():
            self._done.set_result(0)


class Flood:
    """All requests, as (begun, took, status) in seconds from the start; status 0: hung up, -1: given up."""

    def __init__(self, tell: dict[str, Any]) -> None:
        self._tell = tell
        self.seen: list[tuple[float, float, int]] = []
        self.paths: dict[str, float] = {}  # when each was first asked for
        self._running: set[asyncio.Task[None]] = set()

    async def ask(self, number: int, began_s: float) -> None:
        """One request."""
        tell = self._tell
        path = f"/live/{number % tell['tracks']}/{int(time.time() / tell['segment_s'])}"
        loop = asyncio.get_running_loop()
        self.paths.setdefault(path, time.monotonic() - began_s)
        at_s, done = time.monotonic(), loop.create_future()
        transport = None
        try:
            async with asyncio.timeout(tell["time_out_s"]):
                transport, _ = await loop.create_connection(lambda: Request(path, done), "127.0.0.1", tell["port"])
                status = await done
        except TimeoutError:
            status = -1
        except OSError:
            status = 0
        if transport is not None:
            transport.abort()
        self.seen.append((at_s - began_s, time.monotonic() - at_s, status))

    async def run(self) -> None:
        """All phases."""
        tell, began_s, number = self._tell, time.monotonic(), 0
        ends_s = [sum(tell["phases"][: phase + 1]) for phase in range(3)]
        phase, due_s = 0, 0.0
        while phase < 3:
            now_s = time.monotonic() - began_s
            while due_s <= now_s:
                task = asyncio.create_task(self.ask(number, began_s))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
                number += 1
                due_s += 1 / (tell["per_s"] * (tell["factor"] if phase else 1))
            await asyncio.sleep(0.005)
            if now_s >= ends_s[phase]:
                phase += 1
                if phase < 3:
                    print("flood" if phase == 1 else "thaw", flush=True)
        await asyncio.gather(*self._running)

    def summary(self) -> dict[str, Any]:
        """By phase: how many were answered how; seconds from the thaw until nothing was refused or slow any more."""
        starts_s = [0.0, self._tell["phases"][0], sum(self._tell["phases"][:2]), 1e9]
        phases = []
        for first_s, end_s in itertools.pairwise(starts_s):
            rows = [row for row in self.seen if first_s <= row[0] < end_s]
            statuses = {str(status): sum(row[2] == status for row in rows) for status in {row[2] for row in rows}}
            objects = sum(first_s <= at_s < end_s for at_s in self.paths.values())
            phases.append({"requests": len(rows), "objects": objects, "statuses": statuses})
        thaw_s = starts_s[2]
        bad = [at + took for at, took, status in self.seen if at > thaw_s and (status != 200 or took > SLOW_S)]
        waited = [at + took for at, took, status in self.seen if at <= thaw_s < at + took and status != 200]
        return {
            "phases": phases,
            "recovery_s": max([0.0, *(each - thaw_s for each in bad)]),
            "lost_at_thaw": len(waited),
        }


def main() -> None:
    """The process."""
    flood = Flood(json.loads(sys.argv[1]))
    began_s, used_s = time.monotonic(), time.process_time()
    uvloop.run(flood.run())
    cores = (time.process_time() - used_s) / (time.monotonic() - began_s)
    print(json.dumps({**flood.summary(), "load_cores": cores}), flush=True)


if __name__ == "__main__":
    main()
