"""Worker: a machine that plays shares of other people's crowds, as told over NATS; `remote` is the other side.

While free it announces itself; held by a coordinator, it takes its share, says when its processes are ready, begins at
the instant it is told and writes a letter a second. It belongs to one coordinator at a time, and ends its viewers when
that one has not been heard for 10 s: nobody may be left under load that nobody watches.
"""

import asyncio
import json
import secrets
import socket
from collections.abc import Callable
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from ringside.core.clock import Clock
from ringside.core.errors import RingsideError
from ringside.prove.crowd.machines.gathering import Gathering
from ringside.prove.crowd.machines.letters import pack
from ringside.prove.crowd.machines.processes import Processes, Share
from ringside.prove.crowd.machines.remote import CALL, HERE, beat_subject, connect, letters_subject, orders_subject
from ringside.prove.crowd.plan import Plan

ANNOUNCE_S = 1.0
LETTER_S = 1.0
FORSAKEN_S = 10.0
"""A coordinator not heard for so long is gone."""
TEXT_CHARS = 16_000_000


class Job:
    """A share being played: the processes, and what they have reported since the last letter."""

    def __init__(self, run: str) -> None:
        self.run = run
        self.stop = asyncio.Event()
        self.processes: Processes | None = None
        self.beats: Subscription | None = None
        self.heard_s = asyncio.get_running_loop().time()
        """When the coordinator was last heard."""
        self._gathering = Gathering()
        self._losses: list[tuple[str, str]] = []
        self._text: list[str] = []
        self._text_chars = 0
        self.lines_dropped = 0

    def heard(self, source: str, snapshot: dict[str, Any], *, final: bool) -> None:
        """A process reports."""
        self._gathering.heard(source, snapshot, final=final)

    def lost(self, source: str, why: str) -> None:
        """A process is lost."""
        self._losses.append((source, why))

    def text(self, lines: str) -> None:
        """Lines about viewers that have left; dropped and counted when the network is slower than they come."""
        if self._text_chars + len(lines) > TEXT_CHARS:
            self.lines_dropped += lines.count("\n")
            return
        self._text.append(lines)
        self._text_chars += len(lines)

    def letter(self, *, final: bool) -> dict[str, Any]:
        """What has happened since the last letter, and the snapshot of all processes together."""
        losses, text = self._losses, "".join(self._text)
        self._losses, self._text, self._text_chars = [], [], 0
        return {"snapshot": self._gathering.snapshot(), "text": text, "losses": losses, "final": final}


class Worker:
    """Serves coordinators on one NATS until stopped or dismissed."""

    def __init__(
        self, processes: int, clock: Clock, say: Callable[[str], None], *, forsaken_s: float = FORSAKEN_S
    ) -> None:
        self.id = secrets.token_hex(3)
        self.host = socket.gethostname()
        self._processes = processes
        self._here = json.dumps({"worker": self.id, "host": self.host, "processes": processes}).encode()
        self._clock = clock
        self._say = say
        self._forsaken_s = forsaken_s
        self._client: Client | None = None
        self._job: Job | None = None
        self._playing: asyncio.Task[None] | None = None
        self._over = asyncio.Event()
        self._held_by = ""
        self.runs = 0

    def __repr__(self) -> str:
        doing = f"plays {self._job.run}" if self._job else "is free"
        return f"<Worker {self.host}/{self.id} {doing}>"

    @property
    def _nats(self) -> Client:
        assert self._client is not None
        return self._client

    async def serve(self, url: str, stop: asyncio.Event) -> None:
        """Announce and play until `stop` is set or the coordinator says it is over. Raises Misconfigured for `url`."""
        self._client = await connect(url)
        await self._nats.subscribe(orders_subject(self.id), cb=self._ordered)
        await self._nats.subscribe(CALL, cb=self._called)
        self._say(f"worker {self.host}/{self.id} is ready with {self._processes} processes; Ctrl-C ends it")
        waits = [asyncio.create_task(event.wait()) for event in (stop, self._over)]
        announcing = asyncio.create_task(self._announce())
        try:
            await asyncio.wait([*waits, announcing], return_when=asyncio.FIRST_COMPLETED)
            if announcing.done():
                announcing.result()
            await self._finish()
        finally:
            for task in (*waits, announcing):
                task.cancel()
            await self._nats.close()

    async def _called(self, _: Msg) -> None:
        """A coordinator asks who is there; those who are free say so."""
        if self._job is None:
            await self._nats.publish(HERE, self._here)

    async def _announce(self) -> None:
        """Say that we are here while free; look after the coordinator while not. Raises RingsideError when cut off."""
        while True:
            if self._nats.is_closed:
                raise RingsideError("the connection to NATS is lost")
            if self._playing is not None and self._playing.done():
                self._playing.result()
            if self._job is None:
                await self._nats.publish(HERE, self._here)
            else:
                await self._look_after(self._job)
            await asyncio.sleep(ANNOUNCE_S)

    async def _look_after(self, job: Job) -> None:
        """End a run whose coordinator is gone."""
        if asyncio.get_running_loop().time() - job.heard_s > self._forsaken_s and not job.stop.is_set():
            self._say(f"the coordinator has not been heard for {self._forsaken_s:g} s: the run is ended")
            job.stop.set()
            if self._playing is None:
                await self._end()

    async def _finish(self) -> None:
        """End what is being played and hand it in."""
        if self._job is not None:
            self._job.stop.set()
        if self._playing is not None:
            await self._playing

    # -- orders

    async def _ordered(self, message: Msg) -> None:
        """An order; those that are requests are answered `{"ok"}` or `{"refused": why}`."""
        try:
            order = json.loads(message.data)
            run = order["run"]
        except (ValueError, KeyError, TypeError):
            await self._answer(message, {"refused": "not an order"})
            return
        if "hold" in order:
            await self._answer(message, await self._hold(run))
        elif "free" in order and run == self._held_by:
            await self._free(dismissed=bool(order.get("dismissed")))
        elif self._job is None or self._job.run != run:
            await self._answer(message, {"refused": "it is not held by this coordinator"})
        elif "take" in order:
            self._playing = self._playing or asyncio.create_task(self._play(self._job, order, message))
        elif "go" in order and self._job.processes is not None:
            await self._job.processes.go(order["go"])
        elif "stop" in order:
            self._job.stop.set()

    async def _answer(self, message: Msg, answer: dict[str, Any]) -> None:
        if message.reply:
            await self._nats.publish(message.reply, json.dumps(answer).encode())

    async def _hold(self, run: str) -> dict[str, Any]:
        if self._job is not None and self._job.run != run:
            return {"refused": "it plays for another coordinator"}
        if self._job is None:
            job = Job(run)
            self._job, self._held_by = job, run

            async def beat(_: Msg) -> None:
                job.heard_s = asyncio.get_running_loop().time()

            job.beats = await self._nats.subscribe(beat_subject(run), cb=beat)
        return {"ok": True, "unix_s": self._clock.now_ns() / 1e9}

    async def _free(self, *, dismissed: bool) -> None:
        await self._finish()
        await self._end()
        if dismissed:
            self._say("the coordinator is done, and its NATS ends with it")
            self._over.set()

    # -- playing

    async def _play(self, job: Job, order: dict[str, Any], message: Msg) -> None:
        """Take a share, play it and hand it in."""
        try:
            plan = Plan.model_validate(order["plan"])
            job.processes = Processes(plan, Share(**order["take"]), job, viewers=order["viewers"])
            await job.processes.start()
        except (RingsideError, ValueError, TypeError, KeyError) as error:
            await self._refuse(job, message, error)
            return
        self._say(f"playing {order['take']['count']} of {order['take']['of']} shares of {plan.url}")
        await self._answer(message, {"ok": True})
        writing = asyncio.create_task(self._write(job))
        try:
            await job.processes.ended(job.stop)
        except RingsideError as error:
            job.lost("its processes", f"gave up: {error}")
        finally:
            writing.cancel()
        await self._send(job, final=True)
        self.runs += 1
        self._say("the share is played")
        await self._end()

    async def _refuse(self, job: Job, message: Msg, error: Exception) -> None:
        if job.processes is not None:
            await job.processes.close()
        status = error.exit_status if isinstance(error, RingsideError) else RingsideError.exit_status
        await self._answer(message, {"refused": str(error), "status": status})
        await self._end()

    async def _end(self) -> None:
        """Be free again."""
        job, self._job, self._playing = self._job, None, None
        if job is not None and job.beats is not None and not self._nats.is_closed:
            await job.beats.unsubscribe()

    async def _write(self, job: Job) -> None:
        while True:
            await asyncio.sleep(LETTER_S)
            await self._send(job, final=False)

    async def _send(self, job: Job, *, final: bool) -> None:
        try:
            for piece in pack(job.letter(final=final)):
                await self._nats.publish(letters_subject(job.run, self.id), piece)
            await self._nats.flush()
        except (NatsError, OSError, TimeoutError, ValueError) as error:
            self._say(f"a letter to the coordinator is lost: {error}")
