"""Hedge: asks several origins for one object: the one that has done well, and the next where it is late or fails.

What enters: a key, and by what a copy is known. What leaves: the first good answer, and its body as it comes; nobody
waits for an origin that hangs. Whoever answers in the place of one that failed, or was late again and again, is asked
first from then on. An answer is late when it takes longer than such answers do (patience); with all origins well few
questions are asked twice.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from ringside.core.clock import Clock
from ringside.flow.relay.answer.census import kind_of
from ringside.flow.relay.fill.fetch import Unanswered
from ringside.flow.relay.fill.lifetime import Answer, failed
from ringside.flow.relay.fill.patience import Patience
from ringside.flow.relay.fill.pull import Asks

MOST_S = 2.0
LATE_TIMES = 3  # in a row: then another is asked first; playlists of two origins are never quite the same
PIECES = 16  # of a body that wait to be taken
ELSEWHERE = {404, 410}  # what one origin has not, another may have


class _Source:
    """One origin, and how it does."""

    def __init__(self, url: str, asks: Asks, now_ns: int) -> None:
        self.url = url
        self.asks = asks
        self.state, self.since_ns = "live", now_ns
        self.wait_s = 0.0  # smoothed, of what it answered
        self.asked = self.failures = 0
        self.late = 0  # answers in a row that another gave in its place

    def is_(self, state: str, now_ns: int) -> None:
        """Its state from now on."""
        if state != self.state:
            self.state, self.since_ns = state, now_ns


class _Attempt:
    """One question to one origin, in a task of its own: the answer's head, then its body piece by piece."""

    def __init__(self, source: _Source, key: str, known: Answer | None, now_ns: int) -> None:
        self.source = source
        self.began_ns = now_ns
        self.head: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._pieces: asyncio.Queue[bytes | Unanswered | None] = asyncio.Queue(PIECES)
        self._task = asyncio.ensure_future(self._run(key, known))
        source.asked += 1

    async def body(self) -> AsyncGenerator[bytes, None]:
        """What follows the head. Raises Unanswered where it breaks off."""
        while (piece := await self._pieces.get()) is not None:
            if isinstance(piece, Unanswered):
                raise piece
            yield piece

    async def stop(self) -> None:
        """Nothing more is wanted of it."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self.head.done() and not self.head.cancelled():
            self.head.exception()  # it may have failed unheard

    async def _run(self, key: str, known: Answer | None) -> None:
        try:
            async with self.source.asks.ask(key, known) as (answer, body):
                self.head.set_result(answer)
                async for piece in body:
                    await self._pieces.put(piece)
            await self._pieces.put(None)
        except Unanswered as failure:
            if self.head.done():
                await self._pieces.put(failure)
            else:
                self.head.set_exception(failure)


class Hedge:
    """Asks `sources`, each a URL and where it is asked; `leader` is the number of the one asked first."""

    def __init__(self, sources: Sequence[tuple[str, Asks]], clock: Clock, late_s: float) -> None:
        self._clock = clock
        self._sources = [_Source(url, asks, clock.now_ns()) for url, asks in sources]
        self.patience = Patience(late_s, MOST_S)
        self.leader = self.switches = self.hedged = 0
        self._why = ""

    def __repr__(self) -> str:
        return f"<Hedge {self._sources[self.leader].url} of {len(self._sources)}, {self.hedged} asked twice>"

    def describe(self) -> dict[str, Any]:
        """For the status page, JSON-ready; `hedged`: questions asked a second time, elsewhere."""
        told = [
            {
                "url": source.url,
                "state": source.state,
                "on_air": number == self.leader,
                "since_ms": source.since_ns // 10**6,
                "lateness_ms": round(source.wait_s * 1000),
                "asked": source.asked,
                "failures": source.failures,
            }
            for number, source in enumerate(self._sources)
        ]
        return {"switches": self.switches, "hedged": self.hedged, "why": self._why, "origins": told}

    @asynccontextmanager
    async def ask(self, key: str, known: Answer | None) -> AsyncIterator[tuple[Answer, AsyncGenerator[bytes, None]]]:
        """The first good answer to `key`, and its body; see Fetch. Raises Unanswered when no origin has one."""
        attempts: list[_Attempt] = []
        try:
            won = await self._race(key, known, attempts)
            for attempt in attempts:
                if attempt is not won:
                    await attempt.stop()
            yield won.head.result(), won.body()
        finally:
            for attempt in attempts:
                await attempt.stop()

    async def _race(self, key: str, known: Answer | None, attempts: list[_Attempt]) -> _Attempt:
        kind = _kind(key)
        left = [self.leader, *(number for number in range(len(self._sources)) if number != self.leader)]
        waiting: dict[asyncio.Future[Answer], _Attempt] = {}
        while left or waiting:
            if left:
                self.hedged += bool(attempts)
                attempt = _Attempt(self._sources[left.pop(0)], key, known, self._clock.now_ns())
                attempts.append(attempt)
                waiting[attempt.head] = attempt
            patience_s = self.patience.wait_s(kind) if left else None
            done, _ = await asyncio.wait(waiting, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
            for attempt in [waiting.pop(head) for head in done]:
                if self._is_good(attempt):
                    self._won(attempt, kind, attempts)
                    return attempt
        return next((attempt for attempt in attempts if attempt.head.exception() is None), attempts[0])

    def _is_good(self, attempt: _Attempt) -> bool:
        """Whether an answer will do; what its origin has shown of itself is noted."""
        source, failure, now_ns = attempt.source, attempt.head.exception(), self._clock.now_ns()
        if failure is None:
            status = attempt.head.result().status
            source.is_("live", now_ns)
            source.failures += failed(status)
            return not failed(status) and status not in ELSEWHERE
        source.failures += 1
        source.is_(failure.state if isinstance(failure, Unanswered) else "unreachable", now_ns)
        return False

    def _won(self, won: _Attempt, kind: str, attempts: Sequence[_Attempt]) -> None:
        now_ns = self._clock.now_ns()
        wait_s = (now_ns - won.began_ns) / 1e9
        self.patience.took(kind, wait_s)
        won.source.wait_s += (wait_s - won.source.wait_s) / 8
        won.source.late = 0
        first = attempts[0]
        if first is won or first.source is not self._sources[self.leader]:
            return
        if first.head.done() and first.head.exception() is None and first.head.result().status in ELSEWHERE:
            return  # it answers well, and has not got it
        late_ms = (now_ns - first.began_ns) // 10**6
        first.source.wait_s += (late_ms / 1000 - first.source.wait_s) / 8
        first.source.late += 1
        if not first.head.done() and first.source.late < LATE_TIMES:
            return
        self._why = f"{first.source.url}: it failed" if first.head.done() else f"{first.source.url}: {late_ms} ms late"
        first.source.late = 0
        self.leader = self._sources.index(won.source)
        self.switches += 1


def _kind(key: str) -> str:
    return "held" if "_HLS_msn=" in key else kind_of(key)
