"""Push: the feed of an origin of ours, over one HTTP connection for all tracks, taken into this machine's hub.

What enters: the origin's frames. What leaves: a shelf whenever the origin has told all it has, and every change after
that, to the hub; the state the origin is in. Bytes go to their memfd as they come. A feed that ends, breaks, talks
nonsense or falls silent is made anew, at growing intervals; meanwhile workers go on with what they have, and what a
new feed tells is gathered aside until it is whole.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, get_args

from ringside.core.clock import Clock
from ringside.core.ends import first
from ringside.core.errors import RingsideError
from ringside.core.feed import Anew, Beat, BrokenFeed, Decoder, Frame, Fresh, Message, Opened, Pulled, Synced
from ringside.flow.relay.feed import Hub, Shelf
from ringside.flow.relay.feed.remote import CONTENT_TYPE
from ringside.flow.relay.fill.config import Config
from ringside.flow.relay.fill.line import Line, Unanswered, get
from ringside.flow.relay.fill.standing import Standing, backoff_s

log = logging.getLogger(__name__)

TICK_S = 0.2
FAILING = {429, 500, 502, 503, 504}
PATIENCE_NS = 3_000_000_000  # how long an origin may answer so before it is taken at its word
STEADY_NS = 5_000_000_000  # a feed that lasted so long is no reason to wait before the next
MAX_PATHS = 150_000
TOLD = tuple(set(get_args(Message)) - {Pulled, Fresh})


class Push:
    """Takes the feed of `config.origin` into `hub`. `on_synced` is called each time all that exists is there.

    `chance()` gives a number in [0, 1): it spreads the moments at which many edges try again.
    """

    def __init__(
        self,
        config: Config,
        hub: Hub,
        clock: Clock,
        chance: Callable[[], float],
        on_synced: Callable[[], None] = lambda: None,
    ) -> None:
        self._config = config
        self._hub = hub
        self._clock = clock
        self._chance = chance
        self._on_synced = on_synced
        self._standing = Standing(clock.now_ns())
        self._line: Line | None = None
        self._aside: Shelf | None = None  # what a new feed has told so far
        self._failures = 0  # in a row
        self._why = ""  # it was given up
        self._synced_ns = 0
        self.failures = self.received_bytes = self.evicted = 0

    def __repr__(self) -> str:
        return f"<Push {self._config.origin} {self._standing!r}>"

    def describe(self) -> dict[str, Any]:
        """For the status page, JSON-ready: counts since the beginning, bytes, `since_ms` Unix time."""
        state = self._standing.look(self._clock.now_ns())
        return {
            "state": state,
            "since_ms": self._standing.since_ns // 10**6,
            "pulls": 0,
            "pulled_bytes": self.received_bytes,
            "failures": self.failures,
            "joined": 0,
            "objects": self._hub.shelf.paths,
            "bytes": self._hub.shelf.bytes,
            "evicted": self.evicted,
        }

    async def choose(self) -> str:
        """`push` or `pull`: whether the origin gives a feed, asked until it answers, or as the operator set it.

        Raises RingsideError where a feed is insisted on that the origin refuses.
        """
        config = self._config
        if config.mode == "pull":
            return "pull"
        refused_ns = 0
        while True:
            line = await self._connect()
            if line is not None and _gives_feed(line):
                self._line = line
                return "push"
            if line is not None:
                said = await line.sentence()
                line.abort()
                now_ns = self._clock.now_ns()
                refused_ns = refused_ns or now_ns
                if line.status not in FAILING or (config.mode == "auto" and now_ns - refused_ns >= PATIENCE_NS):
                    return self._without_feed(line.status, said)
            await self._pause()

    async def run(self) -> None:
        """Take the feed, again and again, for ever."""
        try:
            await first(self._take_feeds(), self._watch())
        finally:
            if self._line is not None:
                self._line.abort()

    async def _take_feeds(self) -> None:
        while True:
            line = self._line or await self._connect()
            self._line = line if line is not None and _gives_feed(line) else None
            if self._line is not None:
                await self._follow(self._line)
            elif line is not None:
                self._fail(f"it answered {line.status}")
                line.abort()
            await self._pause()

    def _without_feed(self, status: int, said: str) -> str:
        config = self._config
        if status in {401, 403} and (config.feed_token or config.mode == "push"):
            raise RingsideError(f"the origin {config.origin} refuses its feed: {said or f'it answered {status}'}")
        if config.mode == "push":
            raise RingsideError(f"the origin {config.origin} gives no feed: it answered {status}")
        log.info("the origin answered %d to a request for its feed; objects are pulled", status)
        return "pull"

    async def _connect(self) -> Line | None:
        try:
            return await get(self._config.origin, "/feed", self._config.feed_token)
        except Unanswered as error:
            self._fail(str(error))
            return None

    async def _pause(self) -> None:
        await asyncio.sleep(backoff_s(self._failures, self._chance()))
        self._failures += 1

    def _fail(self, reason: str) -> None:
        self.failures += 1
        if self._failures == 0:
            log.warning("no feed from %s: %s; trying again", self._config.origin, reason)
        self._standing.gone(self._clock.now_ns())

    async def _follow(self, line: Line) -> None:
        """Take one feed until it ends, whatever ends it."""
        decoder = Decoder()
        self._aside, self._why, self._synced_ns = Shelf(), "", 0
        self._standing.connected(self._clock.now_ns())
        try:
            while data := await line.read():
                now_ns = self._clock.now_ns()
                self.received_bytes += len(data)
                self._standing.heard(now_ns)
                self._take(decoder.feed(data), now_ns)
            reason = "the origin ended it"
        except (BrokenFeed, ValueError) as error:
            reason = f"it is not to be understood: {error}"
        except Unanswered as error:
            reason = str(error)
        except OSError as error:  # of memory or descriptors
            reason = f"it cannot be kept: {error.strerror or error}"
        finally:
            line.abort()
            self._line = self._aside = None
        if self._synced_ns and self._clock.now_ns() - self._synced_ns >= STEADY_NS:
            self._failures = 0
        self._fail(self._why or reason)

    def _take(self, frames: list[Frame], now_ns: int) -> None:
        changes: list[Message] = []
        try:
            for frame in frames:
                if not isinstance(frame, TOLD):
                    raise BrokenFeed(f"an origin does not send {type(frame).__name__}")
                if isinstance(frame, Synced):
                    self._swap(frame)
                elif isinstance(frame, Anew):
                    told, changes = changes, []
                    self._publish(told)
                    self._aside = Shelf()
                elif isinstance(frame, Beat):
                    continue
                elif self._aside is None:
                    changes.append(frame)
                else:
                    self._gather(self._aside, frame, now_ns)
        finally:
            self._publish(changes)

    def _gather(self, aside: Shelf, frame: Message, now_ns: int) -> None:
        if isinstance(frame, Opened):  # all of the blob before it has been named
            before = aside.blobs
            aside.trim(self._config.memory_bytes, now_ns)
            self.evicted += before - aside.blobs
        aside.put(frame, now_ns)
        _bound(aside)

    def _swap(self, synced: Synced) -> None:
        if self._aside is None:
            raise BrokenFeed("synced twice")
        aside, self._aside = self._aside, None
        aside.media_ns = synced.media_ns
        self._hub.swap(aside)
        self._synced_ns = self._clock.now_ns()
        self._standing.synced(self._synced_ns)
        log.info("the feed of %s is here: %r", self._config.origin, aside)
        self._on_synced()

    def _publish(self, changes: list[Message]) -> None:
        if changes:
            self._hub.publish(changes)
            self.evicted += self._hub.trim(self._config.memory_bytes)
            _bound(self._hub.shelf)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            now_ns = self._clock.now_ns()
            self._standing.look(now_ns)
            ailment = self._standing.ailment(now_ns)
            if ailment and self._line is not None:
                self._why = ailment
                self._line.abort()


def _gives_feed(line: Line) -> bool:
    return line.status == 200 and line.content_type == CONTENT_TYPE


def _bound(shelf: Shelf) -> None:
    if shelf.paths > MAX_PATHS:
        raise BrokenFeed(f"more than {MAX_PATHS} paths")
