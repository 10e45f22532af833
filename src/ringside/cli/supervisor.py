"""Supervisor: the parent of an event's processes. It keeps them running and ends them together.

A child is a Python process of its own session, given one end of a socket pair: its orders come in on it as JSON
lines (the first is its configuration) and its reports go out on it. When the supervisor dies, however it dies, the
pair reads end-of-file and the child ends itself. A child that exits is started again at once, and at growing
intervals of up to a second when it keeps dying; a child that reports a fault of the user's (exit status 2) ends
the event with its sentence. On Ctrl-C all end at once; on SIGTERM those that have viewers let them finish first.
"""

import asyncio
import json
import logging
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from ringside.core.clock import Astray, Clock, Wall
from ringside.core.errors import Misconfigured, RingsideError

log = logging.getLogger(__name__)

RESTART_S = (0.05, 0.2, 0.5, 1.0)
STEADY_S = 3.0
STOP_S = 1.5


@dataclass
class Child:
    """One supervised process. `config` is JSON-ready; `fds` are inherited by number."""

    name: str
    role: str
    config: dict[str, Any]
    fds: Sequence[int] = ()
    stdin: bool = False
    ends_on_order: bool = False  # its work has an end of its own, which it is ordered to come to
    drains: bool = False  # on SIGTERM it answers what is under way and then ends; on SIGINT it ends
    expendable: bool = False  # whatever is wrong with it, the event goes on
    finishing: bool = False
    served: bool = False  # has been ready at least once
    restarts: int = 0
    pid: int = 0
    started_ns: int = 0
    process: asyncio.subprocess.Process | None = None
    channel: asyncio.StreamWriter | None = None

    def __repr__(self) -> str:
        return f"<Child {self.name} pid {self.pid} restarts {self.restarts}>"


class Supervisor:
    """Runs children until told to stop. `on_report(child, report)` receives every line a child sends."""

    def __init__(self, clock: Clock, on_report: Callable[[Child, dict[str, Any]], None], verbose: bool = False) -> None:
        self._clock = clock
        self._on_report = on_report
        self._verbose = verbose
        self._interrupted = asyncio.Event()
        self._draining = asyncio.Event()
        self._reason = ""
        self.drain_s = 10.0
        self.on_drain: Callable[[str], None] = lambda reason: None
        self._stopping = False
        self._astray = Astray()
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._fatal: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.children: list[Child] = []

    def start(self, child: Child) -> None:
        """Run `child` from now on."""
        self.children.append(child)
        self._keepers[child.name] = asyncio.create_task(self._keep(child), name=child.name)

    def order(self, child: Child, order: dict[str, Any]) -> None:
        """Send one order; lost if the child is just being restarted (its configuration is not)."""
        if child.channel is not None and not child.channel.is_closing():
            child.channel.write(json.dumps(order).encode() + b"\n")

    async def finish(self, child: Child, within_s: float) -> None:
        """Order a child to end its work for good, and wait until it has."""
        child.finishing = True
        self.order(child, {"end": True})
        keeper = self._keepers[child.name]
        await asyncio.wait([keeper], timeout=within_s)

    async def dismiss(self, child: Child, within_s: float) -> None:
        """Have a child that is not needed any more end its work, by force if it does not in time, and forget it."""
        await self.finish(child, within_s)
        if child.process and child.process.returncode is None:
            child.process.kill()
        if child in self.children and not self._stopping:
            self.children.remove(child)

    async def until(self, course: Coroutine[Any, Any, None], tell: Child) -> None:
        """Keep going until `course` ends, a signal comes or a child is beyond mending (raised); then stop everything.

        SIGTERM lets viewers finish first (see `drain`), SIGINT does not. `tell` is informed of all processes once a
        second.
        """
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self._interrupted.set)
        loop.add_signal_handler(signal.SIGTERM, self.drain, "SIGTERM")
        ends: list[asyncio.Future[Any]] = [
            asyncio.create_task(course),
            asyncio.create_task(self._interrupted.wait()),
            asyncio.create_task(self._draining.wait()),
            asyncio.shield(self._fatal),
        ]
        telling = asyncio.create_task(self._tell(tell))
        try:
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            if self._draining.is_set() and not self._interrupted.is_set():
                await self._drain()
        finally:
            await self.stop()
            for task in (*ends, telling):
                task.cancel()
            await asyncio.gather(*ends, telling, return_exceptions=True)

    def drain(self, reason: str) -> None:
        """Let viewers finish, for `drain_s` at most, then stop everything. Told so twice, stop at once."""
        if self._draining.is_set():
            self._interrupted.set()
            return
        self._reason = reason
        self._draining.set()

    async def _drain(self) -> None:
        keepers = []
        for child in self.children:
            if child.drains:
                child.finishing = True
                keepers.append(self._keepers[child.name])
                if child.process and child.process.returncode is None:
                    child.process.terminate()
        self.on_drain(self._reason)
        gone: asyncio.Future[Any] = asyncio.gather(*keepers, return_exceptions=True)
        interrupted = asyncio.create_task(self._interrupted.wait())
        await asyncio.wait([gone, interrupted], timeout=self.drain_s + STOP_S, return_when=asyncio.FIRST_COMPLETED)
        interrupted.cancel()

    async def _tell(self, child: Child) -> None:
        while True:
            self.order(child, {"processes": self.processes()})
            self._look_at_clock(child)
            await asyncio.sleep(1)

    def _look_at_clock(self, child: Child) -> None:
        """Say so when the system clock has been set, which none of the processes follows at once."""
        if note := self._astray.look(self._clock.error_ns() if isinstance(self._clock, Wall) else 0):
            log.warning("%s", note)
            self.order(child, {"note": note})

    def processes(self) -> list[dict[str, Any]]:
        """Rows for the status page."""
        now_ns = self._clock.now_ns()
        return [
            {"name": c.name, "pid": c.pid, "restarts": c.restarts, "uptime_s": (now_ns - c.started_ns) // 10**9}
            for c in self.children
        ]

    async def stop(self) -> None:
        """Ask every child to end, those with work to finish first, then workers; end those that have not in time."""
        self._stopping = True
        for wave in (
            [child for child in self.children if child.ends_on_order],
            [child for child in self.children if child.drains],
            [child for child in self.children if not (child.ends_on_order or child.drains)],
        ):
            await self._stop_together([child for child in wave if child.process and child.process.returncode is None])
        for task in self._keepers.values():
            task.cancel()
        await asyncio.gather(*self._keepers.values(), return_exceptions=True)
        if not self._fatal.done():
            self._fatal.cancel()

    async def _stop_together(self, children: Sequence[Child]) -> None:
        ends = []
        for child in children:
            assert child.process is not None
            if child.ends_on_order:
                self.order(child, {"end": True})
            else:
                child.process.send_signal(signal.SIGINT if child.drains else signal.SIGTERM)
            ends.append(asyncio.create_task(child.process.wait()))
        if ends:
            await asyncio.wait(ends, timeout=STOP_S)
        for child in children:
            if child.process and child.process.returncode is None:
                log.warning("%s did not end in %.1f s and was killed", child.name, STOP_S)
                child.process.kill()

    async def _keep(self, child: Child) -> None:
        failures = 0
        while not (self._stopping or child.finishing):
            began_ns = self._clock.now_ns()
            status = await self._run(child)
            if self._stopping or child.finishing or self._fatal.done():
                return
            failures = failures + 1 if self._clock.now_ns() - began_ns < STEADY_S * 1e9 else 0
            delay_s = RESTART_S[min(failures, len(RESTART_S) - 1)]
            child.restarts += 1
            log.warning("%s ended with status %s; starting it again in %.2g s", child.name, status, delay_s)
            self._on_report(child, {"note": f"ended with status {status} and is started again"})
            await asyncio.sleep(delay_s)

    async def _run(self, child: Child) -> int:
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "ringside.cli.children", child.role, child.name, str(theirs.fileno())]
        child.process = await asyncio.create_subprocess_exec(
            *command,
            stdin=None if child.stdin else asyncio.subprocess.DEVNULL,
            pass_fds=(theirs.fileno(), *child.fds),
            start_new_session=True,
        )
        theirs.close()
        child.pid, child.started_ns = child.process.pid, self._clock.now_ns()
        reader, child.channel = await asyncio.open_connection(sock=ours)
        clock = {"clock_offset_ns": self._clock.offset_ns} if isinstance(self._clock, Wall) else {}
        self.order(child, {**child.config, **clock, "name": child.name, "verbose": self._verbose})
        try:
            while line := await reader.readline():
                self._take(child, json.loads(line))
        except ConnectionError as error:
            log.debug("%s: channel lost: %s", child.name, error)
        child.channel.close()
        return await child.process.wait()

    def _take(self, child: Child, report: dict[str, Any]) -> None:
        if report.get("ready"):
            child.served = True
        if "fatal" in report and not self._fatal.done():
            misconfigured = report.get("status") == Misconfigured.exit_status
            if not child.expendable and (misconfigured or not child.served):  # an event on the air stays on the air
                self._fatal.set_exception((Misconfigured if misconfigured else RingsideError)(report["fatal"]))
            else:
                log.error("%s: %s", child.name, report["fatal"])
        self._on_report(child, report)
