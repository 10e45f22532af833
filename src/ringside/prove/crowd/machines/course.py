"""Course: a crowd from its common start to its verdict, whoever plays it: processes of ours or other machines.

Players (`Processes`, `Remote`) report here; once a second all that they have counted is added up, shown and kept as a
moment. At the end, or when it is stopped, the verdict on what was seen.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TextIO

from ringside.core.clock import Clock
from ringside.core.ends import first
from ringside.prove.crowd.machines.gathering import Gathering
from ringside.prove.crowd.plan import Plan
from ringside.prove.crowd.tally.moment import MOMENTS, Moment, Total, moment
from ringside.prove.crowd.verdict import verdict

LEAD_S = 0.4
"""From the order to begin to the beginning; the order must have arrived by then."""
LOOK_S = 0.35
"""Into each second: by then the snapshots of the second before are here."""

Show = Callable[[Total, Moment, Sequence[str]], None]


class Players(Protocol):
    """Whoever plays a crowd."""

    async def start(self) -> None:
        """Be ready to begin. Raises RingsideError."""

    async def go(self, at_unix_s: float) -> None:
        """Begin at this instant."""

    async def ended(self, stop: asyncio.Event) -> None:
        """Wait for the end; soon after `stop` is set at the latest."""

    async def close(self) -> None:
        """Leave nothing running."""


class Course:
    """One crowd. `run` plays it; then `verdict`, `total` and `moments` say what happened."""

    def __init__(self, plan: Plan, clock: Clock, show: Show, lines: TextIO | None = None) -> None:
        self._plan = plan
        self._clock = clock
        self._show = show
        self._lines = lines
        self._gathering = Gathering()
        self.total = Total(0.0)
        self.moments: list[Moment] = []
        self.began_unix_s = 0.0

    def __repr__(self) -> str:
        return f"<Course {self.total.t_s:.0f} of {self._plan.duration_s:.0f} s, {self.total.tally!r}>"

    # -- what players report

    def heard(self, source: str, snapshot: dict[str, Any], *, final: bool) -> None:
        """A snapshot."""
        self._gathering.heard(source, snapshot, final=final)

    def lost(self, source: str, why: str) -> None:
        """A part of the crowd is gone."""
        self._gathering.lost(source, why)

    def text(self, lines: str) -> None:
        """A line for each viewer that has left."""
        if self._lines is not None:
            self._lines.write(lines)

    # -- the course

    async def run(self, players: Players, stop: asyncio.Event) -> None:
        """Play to the end, or until `stop` is set. Raises RingsideError; nothing is left running in any case."""
        try:
            if not await self._ready(players, stop):
                return
            self.began_unix_s = self._clock.now_ns() / 1e9 + LEAD_S
            await players.go(self.began_unix_s)
            looking = asyncio.create_task(self._look())
            try:
                await players.ended(stop)
            finally:
                looking.cancel()
        finally:
            await players.close()
        self._add_up()
        if self.moments:
            self._show(self.total, self.moments[-1], self._gathering.losses)

    async def _ready(self, players: Players, stop: asyncio.Event) -> bool:
        """Whether they are ready before it is called off."""
        await first(players.start(), stop.wait())
        return not stop.is_set()

    def _elapsed_s(self) -> float:
        return self._clock.now_ns() / 1e9 - self.began_unix_s

    async def _look(self) -> None:
        """Once a second, a moment."""
        while True:
            elapsed_s = self._elapsed_s()
            if elapsed_s > self._plan.duration_s:
                return  # nobody is there any more; the results are on their way
            await asyncio.sleep(max(0.05, int(elapsed_s + 1 - LOOK_S) + LOOK_S - elapsed_s))
            before = self.total
            if not self._add_up():
                continue
            now = moment(before, self.total)
            if len(self.moments) < MOMENTS:
                self.moments.append(now)
            self._show(self.total, now, self._gathering.losses)

    def _add_up(self) -> bool:
        """Bring the total up to date; whether anybody has reported yet."""
        generators = self._gathering.generators()
        if generators:
            self.total = Total(self._elapsed_s(), self._gathering.tally(), generators)
        return bool(generators)

    def verdict(self) -> dict[str, Any]:
        """The verdict on all that was reported. A part of the generator that was lost makes it void."""
        losses = list(self._gathering.losses)
        lasted_s = round(min(self.total.t_s, self._plan.duration_s), 3)
        return {
            **verdict(self.total.tally, self._plan, self.total.generators, losses),
            "lost": losses,
            "lasted_s": lasted_s,
        }
