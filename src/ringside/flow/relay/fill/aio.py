"""Filler: the shell of the process that fills an edge: one hub for the machine's workers, origins to take from.

What enters: the origin's feed, or what workers want pulled. What leaves: the hub's feed to the workers, and once a
second an account of how the origin does. Whether objects are pushed or pulled is decided once, by what the origin
answers to a request for its feed; until then workers hold their viewers. What a feed says is kept is pulled beside it.
"""

import asyncio
import random
import socket
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import uvloop

from ringside.core.clock import Clock
from ringside.core.ends import first, signalled
from ringside.core.feed import PULLED, Message
from ringside.flow.relay.feed import Hub, Shelf, asks_for_feed, refuse
from ringside.flow.relay.fill.apart import Apart
from ringside.flow.relay.fill.comparing import compare
from ringside.flow.relay.fill.config import Config
from ringside.flow.relay.fill.fetch import Fetch, open_session
from ringside.flow.relay.fill.hedge import Hedge
from ringside.flow.relay.fill.pull import Asks, Pull
from ringside.flow.relay.fill.push import Partner, Push
from ringside.flow.relay.fill.several import Several

TELL_S = 1.0
KEPT_SHARE = 4  # of the memory, that part is for what is pulled beside a feed
OnReady = Callable[[str], None]
Tell = Callable[[dict[str, Any]], None]
Documents = Callable[[], Sequence[Message]]


class Beside(Partner, Protocol):
    """A second source of what the origin tells: it decides when the feed is needed."""

    async def run(self) -> None:
        """Be a source, for ever."""

    def describe(self) -> dict[str, Any]:
        """How that goes: JSON-ready."""


MakeBeside = Callable[[Push, Hub, Clock, Apart], Beside]


def run_filler(
    config: Config,
    feed_path: str | Path,
    clock: Clock,
    *,
    on_ready: OnReady,
    alongside: Callable[[], Awaitable[None]],
    tell: Tell,
    on_report: Tell | None = None,
    documents: Documents | None = None,
    beside: MakeBeside | None = None,
) -> None:
    """Fill the workers that connect to `feed_path` until `alongside()` ends, or SIGTERM.

    `on_ready("push" or "pull")` is called when workers can be fed; `tell({"origin": ...})` once a second, with
    "multicast" where there is a source `beside`; `on_report(report)` with each worker's own. What `documents()`
    returns each second is put out beside what the origin has. Raises RingsideError where the origin refuses the feed
    that `config.mode` insists on.
    """
    filler = Filler(config, feed_path, clock, on_ready, tell, on_report, documents, beside)
    uvloop.run(filler.serve(alongside))


class Filler:
    """A filler's hub, and what fills it."""

    def __init__(
        self,
        config: Config,
        feed_path: str | Path,
        clock: Clock,
        on_ready: OnReady,
        tell: Tell,
        on_report: Tell | None = None,
        documents: Documents | None = None,
        beside: MakeBeside | None = None,
    ) -> None:
        self._config = config
        self._clock = clock
        self._on_ready = on_ready
        self._tell = tell
        self._documents = documents
        self._own: Sequence[Message] = ()  # what the origin does not tell
        self.mode = ""  # not known yet
        self.hub = Hub(
            feed_path,
            clock,
            self._adopt,
            on_report or (lambda _: None),
            self._wanted,
            feed_token=config.feed_token,
            waits=True,
        )
        self.pull: Pull | None = None
        self.hedge: Hedge | None = None
        self.aparts = [Apart() for _ in config.origins]
        self.push: Push | Several
        self.beside: Beside | None = None
        if len(config.origins) > 1:
            self.push = Several(config, self.hub, clock, random.random, self._synced)
        else:
            self.push = Push(config, self.hub, clock, random.random, self._synced)
            if beside is not None:
                self.push.partner = self.beside = beside(self.push, self.hub, clock, self.apart)
        self._fed = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Filler {self.mode or 'undecided'} {self.hub!r}>"

    @property
    def on_air(self) -> int:
        """The number of the origin that is taken from."""
        if self.mode == "pull":
            return self.hedge.leader if self.hedge is not None else 0
        return (self.push.on_air or 0) if isinstance(self.push, Several) else 0

    @property
    def apart(self) -> Apart:
        """Our clock beside that of the origin that is taken from."""
        return self.aparts[self.on_air]

    def describe(self) -> dict[str, Any]:
        """How the origin does: JSON-ready."""
        about = {"url": self._config.origins[self.on_air], "mode": self.mode or self._config.mode}
        return {**about, **self._taken(), **self.apart.describe(), "feed": self.hub.describe()}

    def _taken(self) -> dict[str, Any]:
        if self.pull is None:
            return self.push.describe()
        pulled = {**self.pull.describe(), **(self.hedge.describe() if self.hedge is not None else {})}
        return pulled if self.mode == "pull" else {**self.push.describe(), "kept": pulled}

    async def serve(self, alongside: Callable[[], Awaitable[None]]) -> None:
        """Fill until `alongside()` ends, or SIGTERM."""
        asked = signalled()
        await self.hub.start()
        try:
            await first(self._fill(), self._account(), self._compare(), alongside(), asked)
        finally:
            self.hub.close()

    async def _fill(self) -> None:
        config = self._config
        mode = await self.push.choose()
        async with open_session(config) as client:
            fetch = self._asks(client)
            if mode == "push":
                local = partial(self.hub.publish, elsewhere=False)
                share = config.memory_bytes // KEPT_SHARE
                self.pull = Pull(fetch, config.pull, share, self._clock, local, count(PULLED))
                beside = [self.beside.run()] if self.beside is not None else []
                await first(self.push.run(), self.pull.run(), *beside)
                return
            self.pull = Pull(fetch, config.pull, config.memory_bytes, self._clock, self.hub.publish)
            self.hub.swap(Shelf())
            self.hub.publish(self._own)
            self._ready(mode)
            await self.pull.run()

    def _asks(self, client: aiohttp.ClientSession) -> Asks:
        """Where objects are asked for."""
        config = self._config
        each = [(origin, Fetch(origin, client, config.pull.longest_s)) for origin in config.origins]
        if len(each) == 1:
            return each[0][1]
        self.hedge = Hedge(each, self._clock, config.late_s)
        return self.hedge

    async def _compare(self) -> None:
        """Our clock with the origin's, where that is one of ours, or may be for all that the operator says."""
        if self._config.mode != "pull":
            await self._fed.wait()
        async with open_session(self._config) as client:
            each = zip(self.aparts, self._config.origins, strict=True)
            await asyncio.gather(*(compare(apart, origin, self._clock, client) for apart, origin in each))

    def _synced(self) -> None:
        self._fed.set()
        self.hub.publish(self._own)
        self._ready("push")

    def _ready(self, mode: str) -> None:
        if not self.mode:
            self.mode = mode
            self._on_ready(mode)

    async def _account(self) -> None:
        while True:
            self._tell({"origin": self.describe(), **self._multicast()})
            if self._documents is not None:
                self._own = self._documents()
                self.hub.publish(self._own)
            await asyncio.sleep(TELL_S)

    def _multicast(self) -> dict[str, Any]:
        return {"multicast": self.beside.describe()} if self.beside is not None and self.mode != "pull" else {}

    def _wanted(self, path: str) -> None:
        if self.pull is not None:
            self.pull.wanted(path)

    def _adopt(self, connection: socket.socket, data: bytes) -> None:
        """A worker gave a connection away: an edge that wants to be fed from here, or a publisher gone astray."""
        if not asks_for_feed(data):
            refuse(connection, 403, "this is an edge: publish to its origin")
        elif self.mode == "pull":
            refuse(connection, 404, "there is no feed here: this edge pulls from its origin")
        else:
            self.hub.adopt(connection, data)
