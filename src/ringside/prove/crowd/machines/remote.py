"""Remote: a crowd on many machines. The coordinator's side of what is agreed over NATS; `worker` is the other.

Workers announce themselves on `ringside.crowd.here` when called, and once a second while free. The coordinator holds
as many as it wants, tells each its share of the plan, and when all are ready the instant to begin, by each one's own
clock (measured against ours as it is held). Then it is sent a letter a second by each. A worker silent for 5 s is lost,
and what it had reported is kept. A worker ends its viewers when it no longer hears the coordinator.
"""

import asyncio
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from pydantic import BaseModel, Field, ValidationError

from ringside.core.clock import Clock
from ringside.core.errors import Misconfigured, RingsideError
from ringside.prove.crowd.machines.letters import Inbox
from ringside.prove.crowd.machines.processes import ENDING_S, READY_S, Hear
from ringside.prove.crowd.plan import Plan

HERE = "ringside.crowd.here"
CALL = "ringside.crowd.call"
ANNOUNCED = 10_000
"""Workers remembered between two looks at who has come."""
CONNECT_S = 5.0
ANSWER_S = 3.0
BEAT_S = 1.0
SILENT_S = 5.0
"""A worker from whom no letter came for so long is lost."""
CLOCK_OFF_S = 0.05
"""A difference of clocks worth telling the user."""


def orders_subject(worker: str) -> str:
    """Where a worker takes orders, as requests."""
    return f"ringside.crowd.worker.{worker}"


def beat_subject(run: str) -> str:
    """Where the coordinator of a run shows that it is there."""
    return f"ringside.crowd.run.{run}.beat"


def letters_subject(run: str, worker: str) -> str:
    """Where a worker's letters go."""
    return f"ringside.crowd.run.{run}.letters.{worker}"


async def connect(url: str) -> Client:
    """A connection that mends itself for a while. Raises Misconfigured naming what is wrong with `url`."""
    said = ["nobody answers"]

    async def note(error: Exception) -> None:
        said.append(str(error) or type(error).__name__)

    try:
        connecting = nats.connect(
            url, error_cb=note, connect_timeout=2, max_reconnect_attempts=30, name="ringside crowd"
        )
        return await asyncio.wait_for(connecting, CONNECT_S)
    except (NatsError, OSError, ValueError, TimeoutError) as error:
        where = url.rpartition("@")[2]
        reason = next((each for each in said if "uthorization" in each), str(error) or said[-1])
        raise Misconfigured(f"--nats {where} cannot be reached: {reason}") from None


class Announcement(BaseModel):
    """What a free worker says of itself once a second."""

    worker: str = Field(pattern=r"^[0-9a-f]{1,32}$")
    host: str = Field(max_length=255)
    processes: int = Field(ge=1, le=1024)


class Letter(BaseModel):
    """What a worker reports once a second."""

    snapshot: dict[str, Any] | None
    text: str
    losses: list[tuple[str, str]] = Field(max_length=1024)
    final: bool


@dataclass(eq=False)
class Held:
    """A worker that plays for us. `ahead_s` is its clock minus ours."""

    id: str
    host: str
    processes: int
    ahead_s: float = 0.0
    heard_s: float = 0.0
    ended: bool = False
    inbox: Inbox = field(default_factory=Inbox)

    @property
    def name(self) -> str:
        """As the user reads it."""
        return f"worker {self.host}/{self.id}"


class Remote:
    """Plays `plan` on `workers` machines. First `start`, then `go`, then `ended`; `close` in any case."""

    def __init__(
        self,
        plan: Plan,
        url: str,
        workers: int,
        hear: Hear,
        clock: Clock,
        say: Callable[[str], None],
        *,
        viewers: bool = False,
        wait_s: float = 120.0,
        silent_s: float = SILENT_S,
        dismiss: bool = False,
    ) -> None:
        """`dismiss`: this NATS ends with the run, and so shall the workers."""
        self._plan = plan.model_dump(mode="json")
        self._url = url
        self._wanted = workers
        self._hear = hear
        self._clock = clock
        self._say = say
        self._viewers = viewers
        self._wait_s = wait_s
        self._silent_s = silent_s
        self._run = secrets.token_hex(6)
        self._dismiss = dismiss
        self._announced: dict[str, Announcement] = {}
        self._news = asyncio.Event()
        self._held: dict[str, Held] = {}
        self._client: Client | None = None
        self._beating: asyncio.Task[None] | None = None
        self.strangers = 0
        """Messages that were no letters."""

    def __repr__(self) -> str:
        on = sum(not worker.ended for worker in self._held.values())
        return f"<Remote {on} of {self._wanted} workers on>"

    @property
    def _nats(self) -> Client:
        assert self._client is not None
        return self._client

    async def start(self) -> None:
        """Find the workers, give each its share and wait until all are ready. Raises RingsideError."""
        self._client = await connect(self._url)
        await self._nats.subscribe(HERE, cb=self._here)
        await self._nats.subscribe(letters_subject(self._run, "*"), cb=self._letter)
        self._beating = asyncio.create_task(self._beat())
        await self._hold_enough()
        of, first, taking = sum(worker.processes for worker in self._held.values()), 0, []
        for worker in self._held.values():
            share = {"first": first, "count": worker.processes, "of": of}
            order = {"take": share, "plan": self._plan, "viewers": self._viewers}
            taking.append(self._order(worker.id, order, READY_S))
            first += worker.processes
        for worker, answer in zip(self._held.values(), await asyncio.gather(*taking), strict=True):
            if "ok" not in answer:
                fault = Misconfigured if answer.get("status") == Misconfigured.exit_status else RingsideError
                raise fault(f"{worker.name}: {answer['refused']}")

    async def _hold_enough(self) -> None:
        """Hold workers as they announce themselves, until there are as many as wanted."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + self._wait_s
        await self._nats.publish(CALL, b"")
        self._say(f"waiting for {self._wanted} workers, {self._wait_s:g} s at most")
        while len(self._held) < self._wanted:
            self._news.clear()
            for announced in list(self._announced.values()):
                if announced.worker not in self._held and len(self._held) < self._wanted:
                    await self._hold(announced)
            self._announced.clear()
            if len(self._held) < self._wanted:
                try:
                    await asyncio.wait_for(self._news.wait(), max(0.0, until_s - loop.time()))
                except TimeoutError:
                    there = f"{len(self._held)} of {self._wanted} workers"
                    raise RingsideError(f"{there} came within {self._wait_s:g} s; see --workers") from None

    async def _hold(self, announced: Announcement) -> None:
        """Hold one worker for this run and measure its clock; another coordinator may have been quicker."""
        worker = Held(announced.worker, announced.host, announced.processes)
        best_s = float("inf")
        for _ in range(3):
            sent_ns = self._clock.now_ns()
            answer = await self._order(worker.id, {"hold": True}, ANSWER_S)
            back_ns = self._clock.now_ns()
            if "ok" not in answer:
                return
            if back_ns - sent_ns < best_s * 1e9:
                best_s = (back_ns - sent_ns) / 1e9
                worker.ahead_s = answer["unix_s"] - (sent_ns + back_ns) / 2e9
        self._held[worker.id] = worker
        self._say(f"{worker.name} is here with {worker.processes} processes ({len(self._held)} of {self._wanted})")
        if abs(worker.ahead_s) > max(CLOCK_OFF_S, best_s):
            self._say(f"{worker.name}: its clock is {worker.ahead_s * 1000:+.0f} ms off; its start is corrected")

    async def go(self, at_unix_s: float) -> None:
        """Begin, all at this instant of our clock."""
        ahead_s = max(0.0, at_unix_s - self._clock.now_ns() / 1e9)
        for worker in self._held.values():
            worker.heard_s = asyncio.get_running_loop().time() + ahead_s
            await self._tell(worker, {"go": at_unix_s + worker.ahead_s})

    async def ended(self, stop: asyncio.Event) -> None:
        """Wait until every worker has finished or is lost; once `stop` is set, no longer than its children have."""
        loop = asyncio.get_running_loop()
        stopped_s: float | None = None
        try:
            while not all(worker.ended for worker in self._held.values()):
                await asyncio.sleep(0.1)
                await self._lose_the_silent(loop.time(), self._silent_s)
                if stop.is_set() and stopped_s is None:
                    stopped_s = loop.time()
                    await self._tell_all({"stop": True})
                if stopped_s is not None and loop.time() - stopped_s > ENDING_S + ANSWER_S:
                    await self._lose_the_silent(float("inf"), ENDING_S + ANSWER_S)
        finally:
            await self.close()

    async def _lose_the_silent(self, now_s: float, silent_s: float) -> None:
        for worker in self._held.values():
            if not worker.ended and now_s - worker.heard_s > silent_s:
                worker.ended = True
                await self._tell(worker, {"stop": True})
                self._hear.lost(worker.name, f"was silent for {silent_s:g} s")

    async def close(self) -> None:
        """Let the workers go and close the connection."""
        if self._beating is not None:
            self._beating.cancel()
        if self._client is None:
            return
        try:
            await self._tell_all({"free": True, "dismissed": self._dismiss})
            await asyncio.wait_for(self._client.close(), ANSWER_S)
        except (NatsError, OSError, TimeoutError):
            self._say("the connection to NATS was not closed in order")
        self._client = None

    # -- messages

    async def _order(self, worker: str, order: dict[str, Any], within_s: float) -> dict[str, Any]:
        """A worker's answer to an order: `{"ok"}` or `{"refused": why}`."""
        data = json.dumps({"run": self._run, **order}).encode()
        try:
            answer = await self._nats.request(orders_subject(worker), data, timeout=within_s)
            found: dict[str, Any] = json.loads(answer.data)
        except (NatsError, TimeoutError, ValueError) as error:
            return {"refused": f"it gave no answer ({error})"}
        return found

    async def _tell(self, worker: Held, order: dict[str, Any]) -> None:
        await self._nats.publish(orders_subject(worker.id), json.dumps({"run": self._run, **order}).encode())

    async def _tell_all(self, order: dict[str, Any]) -> None:
        for worker in self._held.values():
            await self._tell(worker, order)

    async def _beat(self) -> None:
        while True:
            await self._nats.publish(beat_subject(self._run), b"")
            await asyncio.sleep(BEAT_S)

    async def _here(self, message: Msg) -> None:
        """A worker announces itself."""
        try:
            here = Announcement.model_validate_json(message.data)
        except ValidationError:
            self.strangers += 1
            return
        if len(self._announced) < ANNOUNCED:
            self._announced[here.worker] = here
            self._news.set()

    async def _letter(self, message: Msg) -> None:
        """A worker reports."""
        worker = self._held.get(message.subject.rpartition(".")[2])
        if worker is None or worker.ended:
            return
        worker.heard_s = max(worker.heard_s, asyncio.get_running_loop().time())
        try:
            if (read := worker.inbox.take(message.data)) is not None:
                self._read(worker, Letter.model_validate(read))
        except (ValueError, KeyError, TypeError):
            self.strangers += 1

    def _read(self, worker: Held, letter: Letter) -> None:
        if letter.snapshot is not None:
            self._hear.heard(worker.name, letter.snapshot, final=letter.final)
        if letter.text:
            self._hear.text(letter.text)
        for source, why in letter.losses:
            self._hear.lost(f"{worker.name}, {source}", why)
        worker.ended = worker.ended or letter.final
