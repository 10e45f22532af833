"""Restreams: all services of an event, fed by one feed of its origin.

What enters: the origin's address and the services. What leaves: the programme to each, and rows for the status page.
"""

import asyncio
import random
import ssl
from collections.abc import Sequence
from typing import Any

from ringside.core.clock import Clock
from ringside.core.ends import first
from ringside.flow.relay.fill.reading import Changes, Exists, Step, Whole
from ringside.flow.relay.restream.config import Config
from ringside.flow.relay.restream.outlet import Tools
from ringside.flow.relay.restream.restream import Restream
from ringside.flow.relay.restream.take import Take
from ringside.flow.relay.sender.follow import Follow


class Restreams:
    """Takes the feed of `origin`, with `token`, and pushes to each of `configs`."""

    def __init__(
        self,
        origin: str,
        token: str,
        configs: Sequence[Config],
        tools: Tools,
        clock: Clock,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._take = Take()
        self._follow = Follow(origin, token, clock, random.random, self._step)
        self.all = [Restream(config, tools, clock, random.random, context) for config in configs]

    def __repr__(self) -> str:
        return f"<Restreams {self._follow!r} {self.all}>"

    async def run(self) -> None:
        """Push, for ever. Raises RingsideError where the origin refuses its feed."""
        await first(self._follow.run(), *(each.run() for each in self.all))

    def rows(self) -> list[dict[str, Any]]:
        """How each stands."""
        state = self._follow.state
        if state != "live":
            for each in self.all:
                each.waits(f"the origin is {state}")
        return [each.row() for each in self.all]

    def _step(self, step: Step) -> None:
        if isinstance(step, Whole):
            self._take.anew()
        elif isinstance(step, Exists):
            self._take.exists(step.message)
        else:
            pieces = self._take.turn(step.messages) if isinstance(step, Changes) else self._take.synced()
            for each in self.all:
                each.take(pieces)


def line(row: dict[str, Any]) -> str:
    """One service in a line for people."""
    rate, sent = row["bitrate_bps"] / 1e6, row["sent_bytes"] / 1e6
    told = f"{row['name']}: {row['state']}"
    if row["state"] == "live":
        told += f", {rate:.2f} Mb/s, {sent:.1f} MB sent"
    if row["dropped"]:
        told += f", {row['dropped']} frames dropped"
    if row["restarts"]:
        told += f", made again {row['restarts']} times"
    return f"{told} ({row['why']})" if row["why"] else told


async def watched(restreams: Restreams, tell: Any, every_s: float = 1.0) -> None:
    """Run them, and `tell` their rows once a second, for ever."""

    async def report() -> None:
        while True:
            await asyncio.sleep(every_s)
            tell(restreams.rows())

    await first(restreams.run(), report())
