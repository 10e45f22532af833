"""Feed: what the hub tells, taken to the edge. While there is no hub the edge goes on with what it has.

When it is back, everything is told anew (see store).
"""

import asyncio
import contextlib
from pathlib import Path

from ringside.core.feed import Anew, Beat
from ringside.flow.relay.edge.aio import Edge
from ringside.flow.relay.feed.end import End, Told
from ringside.flow.relay.feed.link import Link


class Feed:
    """Keeps `edge` fed from the hub at `path`."""

    def __init__(self, edge: Edge, path: str | Path) -> None:
        self._edge = edge
        self._end = End(path, self)
        self._connected = asyncio.Event()

    @property
    def connects(self) -> int:
        """How often there was a hub."""
        return self._end.connects

    async def wait(self, seconds: float) -> None:
        """Until there has been a hub, for `seconds` at most."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._connected.wait(), seconds)

    def start(self) -> None:
        """Connect, now or as soon as there is a hub."""
        self._end.start()

    def stop(self) -> None:
        """Be fed no more."""
        self._end.stop()
        self._edge.feed = None

    def begin(self, link: Link) -> None:
        """There is a hub."""
        self._connected.set()
        self._edge.store.begin()
        self._edge.feed = link

    def lose(self) -> None:
        """It is gone."""
        self._edge.feed = None
        self._edge.store.give_up()

    def take(self, told: Told) -> None:
        """What it tells, and then a word to those who waited for it."""
        edge = self._edge
        edge.read_time()
        try:
            for message, fd in told:
                if isinstance(message, Anew):
                    edge.store.begin()
                elif not isinstance(message, Beat):
                    edge.store.apply(message, edge.now_ns, fd)
        finally:
            edge.wake()
