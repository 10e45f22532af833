"""Processes: a crowd, or a machine's share of it, played by child processes of this one.

Enters a plan and which shares of it are ours; leave, through `Hear`, each child's snapshots once a second and its
result. All children begin at one instant, given by the clock. One that dies or falls silent is reported as lost and
the rest go on. Children never outlive this process: their standard input ends with it.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ringside.core.errors import Misconfigured, RingsideError
from ringside.prove.crowd.plan import Plan

READY_S = 60.0
"""Within which a child must have worked out its tickets."""
SILENT_S = 15.0
"""A child from whom nothing is heard for so long is hung, and is ended."""
ENDING_S = 6.0
"""Within which a child told to stop must hand in its result."""
LINE_LIMIT = 256 * 1024 * 1024
COMMAND = (sys.executable, "-m", "ringside.prove.crowd.machines.process")


class Hear(Protocol):
    """Who is told what the players of a crowd report."""

    def heard(self, source: str, snapshot: dict[str, Any], *, final: bool) -> None:
        """A snapshot: all that `source` has counted since it began."""

    def lost(self, source: str, why: str) -> None:
        """`source` will report no more, and has not finished."""

    def text(self, lines: str) -> None:
        """Lines of JSON, one per viewer that has left."""


@dataclass(frozen=True, slots=True)
class Share:
    """Of `of` equal shares, `count` from `first` on: one per process."""

    first: int = 0
    count: int = 1
    of: int = 1


@dataclass(eq=False)
class _Child:
    name: str
    process: asyncio.subprocess.Process
    ready: "asyncio.Future[None]"
    finished: bool = False
    silent: bool = False
    heard_s: float = 0.0
    last_words: list[str] = field(default_factory=list)

    def order(self, **order: Any) -> None:
        pipe = self.process.stdin
        if pipe is not None and not pipe.is_closing():
            pipe.write(json.dumps(order).encode() + b"\n")

    def why(self) -> str:
        """How it ended, in words."""
        status = self.process.returncode
        if self.silent:
            return "had fallen silent and was ended"
        if status is not None and status < 0:
            return f"was killed ({signal.Signals(-status).name})"
        return f"died (exit status {status}{': ' + self.last_words[-1] if self.last_words else ''})"


class Processes:
    """Plays `share` of `plan`. First `start`, then `go`, then `ended`; `close` in any case."""

    def __init__(
        self,
        plan: Plan,
        share: Share,
        hear: Hear,
        *,
        viewers: bool = False,
        silent_s: float = SILENT_S,
        ending_s: float = ENDING_S,
    ) -> None:
        self._plan = plan.model_dump(mode="json")
        self._share = share
        self._hear = hear
        self._viewers = viewers
        self._silent_s = silent_s
        self._ending_s = ending_s
        self._children: list[_Child] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._going = False
        self._closing = False
        self.fault: RingsideError | None = None
        """The user's fault that a child found, such as a URL nobody can play."""
        self.lines_dropped = 0

    def __repr__(self) -> str:
        on = sum(child.process.returncode is None for child in self._children)
        return f"<Processes {on} of {self._share.count} running>"

    @property
    def pids(self) -> Sequence[int]:
        """Process ids, in the order of their shares."""
        return [child.process.pid for child in self._children]

    async def start(self) -> None:
        """Start all and wait until each is ready to begin. Raises RingsideError when one is not."""
        for i in range(self._share.count):
            child = await self._spawn(f"process {i + 1}")
            self._children.append(child)
            child.order(plan=self._plan, index=self._share.first + i, of=self._share.of, viewers=self._viewers)
            self._tasks += [asyncio.create_task(self._read(child)), asyncio.create_task(self._read_words(child))]
        await asyncio.wait([child.ready for child in self._children], timeout=READY_S)
        for child in self._children:
            if not child.ready.done():
                raise RingsideError(f"{child.name} of the crowd was not ready within {READY_S:.0f} s")
            child.ready.result()

    async def _spawn(self, name: str) -> _Child:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            limit=LINE_LIMIT,
            start_new_session=True,  # Ctrl-C is for the parent, who wants a verdict
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        return _Child(name, process, asyncio.get_running_loop().create_future())

    async def go(self, at_unix_s: float) -> None:
        """Begin, all at this instant."""
        self._going = True
        for child in self._children:
            child.heard_s = asyncio.get_running_loop().time()
            child.order(go=at_unix_s)

    def _stop(self) -> None:
        for child in self._children:
            child.order(stop=True)

    async def ended(self, stop: asyncio.Event) -> None:
        """Wait until every child has finished or is lost; once `stop` is set, no longer than 6 s.

        Raises the fault of the user's that a child found.
        """
        finished: asyncio.Future[Any] = asyncio.gather(*self._tasks)
        stopping: asyncio.Future[Any] = asyncio.create_task(stop.wait())
        watching = asyncio.create_task(self._watch())
        try:
            await asyncio.wait([finished, stopping], return_when=asyncio.FIRST_COMPLETED)
            if not finished.done():
                self._stop()
                await asyncio.wait([finished], timeout=self._ending_s)
        finally:
            for waiting in (stopping, watching, finished):
                waiting.cancel()
            await self.close()
        if self.fault is not None:
            raise self.fault

    async def close(self) -> None:
        """End every child that still runs."""
        self._closing = True
        for child in self._children:
            if child.process.returncode is None:
                child.process.kill()
            await child.process.wait()
            self._lose(child)
            if child.ready.done():
                child.ready.exception()  # seen: whoever waited for it has gone
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _watch(self) -> None:
        """End children that have fallen silent."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(1)
            for child in self._children:
                if not child.finished and loop.time() - child.heard_s > self._silent_s:
                    child.silent = True
                    child.process.kill()

    async def _read(self, child: _Child) -> None:
        """All that one child reports, until it ends."""
        assert child.process.stdout is not None
        while line := await child.process.stdout.readline():
            child.heard_s = asyncio.get_running_loop().time()
            self._report(child, json.loads(line))
        await child.process.wait()
        self._lose(child)

    def _report(self, child: _Child, report: dict[str, Any]) -> None:
        if report.get("text"):
            self._hear.text(report["text"])
        self.lines_dropped += report.get("lines_dropped", 0)
        if "ready" in report:
            child.ready.set_result(None)
        elif "snapshot" in report:
            self._hear.heard(child.name, report["snapshot"], final=False)
        elif report.get("result"):
            child.finished = True
            self._hear.heard(child.name, report["result"], final=True)
        elif "fault" in report:
            child.finished = True
            kind = Misconfigured if report["status"] == Misconfigured.exit_status else RingsideError
            self.fault = kind(report["fault"])
            if not child.ready.done():
                child.ready.set_exception(self.fault)
            self._stop()
        else:  # called off before it began
            child.finished = True

    def _lose(self, child: _Child) -> None:
        if child.finished:
            return
        child.finished = True
        if not child.ready.done():
            child.ready.set_exception(RingsideError(f"{child.name} of the crowd {child.why()} before it began"))
        elif not self._going:
            return
        elif not self._closing:
            self._hear.lost(child.name, child.why())
        else:
            self._hear.lost(child.name, f"did not hand in its result within {self._ending_s:g} s")

    async def _read_words(self, child: _Child) -> None:
        """Its standard error: kept for the reason it died of."""
        assert child.process.stderr is not None
        async for line in child.process.stderr:
            words = line.decode(errors="replace").strip()
            if words:
                child.last_words = [*child.last_words[-19:], words]
