"""Follow: an origin's feed, turn by turn, for as long as the sender runs.

What leaves: the steps of the feed, to `on_step`. A feed that ends or breaks is made anew, at growing intervals, and
goes on after the last turn that was taken, as long as the origin remembers it. An origin that refuses, or that marks no
turns, is an error in one sentence.
"""

import asyncio
import logging
from collections.abc import Callable

from ringside.core.clock import Clock
from ringside.core.ends import first
from ringside.core.errors import RingsideError
from ringside.core.feed import BrokenFeed, Decoder, Turn
from ringside.flow.relay.fill.hearing import FAILING, gives_feed, listen
from ringside.flow.relay.fill.line import Line, Unanswered, get
from ringside.flow.relay.fill.reading import Changes, Reading, Step, Whole
from ringside.flow.relay.fill.standing import Standing, backoff_s

log = logging.getLogger(__name__)


class Follow:
    """The feed of `origin`. `on_step` may raise BrokenFeed: it then comes anew and whole."""

    def __init__(
        self, origin: str, token: str, clock: Clock, chance: Callable[[], float], on_step: Callable[[Step], None]
    ) -> None:
        self._origin = origin
        self._token = token
        self._clock = clock
        self._chance = chance
        self._on_step = on_step
        self._standing = Standing(clock.now_ns())
        self._line: Line | None = None
        self._at: Turn | None = None
        self._why = ""
        self._failures = 0  # in a row

    def __repr__(self) -> str:
        return f"<Follow {self._origin} {self._standing!r}>"

    @property
    def state(self) -> str:
        """`live`, or how the origin cannot be heard."""
        return self._standing.look(self._clock.now_ns())

    async def run(self) -> None:
        """Take the feed, again and again, for ever. Raises RingsideError where the origin refuses it."""
        await first(self._take_feeds(), listen(self._standing, self._clock, self._give_up))

    async def _take_feeds(self) -> None:
        while True:
            reading = Reading(self._at)
            try:
                line = await get(self._origin, reading.path, self._token)
            except Unanswered as error:
                self._fail(str(error))
            else:
                if gives_feed(line):
                    await self._follow(line, reading)
                else:
                    await self._refused(line)
            await asyncio.sleep(backoff_s(self._failures, self._chance()))
            self._failures += 1

    async def _refused(self, line: Line) -> None:
        said = await line.sentence()
        line.abort()
        if line.status in {401, 403}:
            raise RingsideError(f"the origin {self._origin} refuses its feed: {said or f'it answered {line.status}'}")
        if line.status not in FAILING:
            raise RingsideError(
                f"the origin {self._origin} gives no feed (it answered {line.status}): what is sent must be Ringside's"
            )
        self._fail(f"it answered {line.status}")

    async def _follow(self, line: Line, reading: Reading) -> None:
        """Take one feed until it ends, whatever ends it."""
        decoder = Decoder()
        self._line, self._why = line, ""
        self._standing.connected(self._clock.now_ns())
        try:
            while data := await line.read():
                self._standing.heard(self._clock.now_ns())
                for step in reading.take(decoder.feed(data)):
                    self._step(step)
            reason = "the origin ended it"
        except BrokenFeed as error:
            self._at = None
            reason = f"it is not to be understood: {error}"
        except Unanswered as error:
            reason = str(error)
        finally:
            line.abort()
            self._line = None
        self._fail(self._why or reason)

    def _step(self, step: Step) -> None:
        if isinstance(step, Changes):
            if step.turn is None:
                raise RingsideError(
                    f"the origin {self._origin} does not number its turns: it is an older Ringside, and must be renewed"
                )
            self._failures = 0
            self._standing.synced(self._clock.now_ns())
        elif isinstance(step, Whole):
            self._at = None
        self._on_step(step)
        if isinstance(step, Changes):
            self._at = step.turn

    def _fail(self, reason: str) -> None:
        if self._failures == 0:
            log.warning("no feed from %s: %s; trying again", self._origin, reason)
        self._standing.gone(self._clock.now_ns())

    def _give_up(self, why: str) -> None:
        if self._line is not None:
            self._why = why
            self._line.abort()
