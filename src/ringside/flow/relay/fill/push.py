"""Push: the feed of an origin of ours, over one HTTP connection for all tracks, taken into this machine's hub.

What enters: the origin's frames. What leaves: a shelf whenever the origin has told all it has, and every change after
that, to the hub; the state the origin is in. Bytes go to their memfd as they come. A feed that ends, breaks, talks
nonsense or falls silent is made anew, at growing intervals; meanwhile workers go on with what they have. An origin that
marks turns is asked for those that were missed; what one tells from the beginning is gathered aside until it is whole.
A partner that has the same turns from elsewhere decides what is published, and when the feed is to be held.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from ringside.core.clock import Clock
from ringside.core.ends import first
from ringside.core.errors import RingsideError
from ringside.core.feed import BrokenFeed, Decoder, Message, Opened, Synced, Turn
from ringside.flow.relay.feed import Shelf
from ringside.flow.relay.fill.config import Config
from ringside.flow.relay.fill.hearing import FAILING, gives_feed, listen
from ringside.flow.relay.fill.line import Line, Unanswered, get
from ringside.flow.relay.fill.reading import Changes, Exists, Reading, Step, Whole
from ringside.flow.relay.fill.standing import Standing, State, backoff_s

log = logging.getLogger(__name__)

PATIENCE_NS = 3_000_000_000  # how long an origin may answer so before it is taken at its word
STEADY_NS = 5_000_000_000  # a feed that lasted so long is no reason to wait before the next
MAX_PATHS = 150_000
SPREAD_S = 0.1  # over which those go on who were held, for many may be at once


class Partner(Protocol):
    """Whoever decides what becomes of a feed, when the hub alone does not."""

    def swapped(self, size: int) -> None:
        """All that exists was told, in `size` bytes, and is in the hub."""

    def resumed(self) -> None:
        """The feed went on after `at`, and all that was missed has been told."""

    def changes(self, turn: Turn | None, messages: Sequence[Message]) -> None:
        """A turn was told; None: the origin marks none. `publish` and `reach` take it in."""

    def ended(self) -> None:
        """The feed ended, or there was none; it is tried again."""


class Sink(Protocol):
    """Where a feed is put: a hub, or what stands for one."""

    @property
    def shelf(self) -> Shelf:
        """What is there."""

    def publish(self, messages: Sequence[Message]) -> None:
        """A turn was told. Raises ValueError for nonsense, OSError without memory."""

    def trim(self, limit_bytes: int) -> int:
        """Keep no more than so much; how many blobs had to go."""

    def swap(self, shelf: Shelf) -> None:
        """All was told anew."""


class Push:
    """Takes the feed of `config.origin` into `hub`. `on_synced` is called each time all that exists is there.

    `chance()` gives a number in [0, 1): it spreads the moments at which many edges try again.
    """

    def __init__(
        self,
        config: Config,
        hub: Sink,
        clock: Clock,
        chance: Callable[[], float],
        on_synced: Callable[[], None] = lambda: None,
    ) -> None:
        self._config = config
        self.partner: Partner | None = None
        self._hub = hub
        self._clock = clock
        self._chance = chance
        self._on_synced = on_synced
        self._standing = Standing(clock.now_ns())
        self._line: Line | None = None
        self._reading = Reading()
        self._aside: Shelf | None = None  # what a new feed has told so far
        self._wanted = asyncio.Event()  # not held
        self._wanted.set()
        self.at: Turn | None = None  # all of it is in the hub; None: it is not known up to where
        self._failures = 0  # in a row
        self._why = ""  # it was given up
        self._synced_ns = 0
        self._began_bytes = 0  # received when this feed began
        self.failures = self.resumed = self.received_bytes = self.evicted = 0

    def __repr__(self) -> str:
        return f"<Push {self._config.origin} {self._standing!r}>"

    def look(self) -> State:
        """How it stands with the origin now."""
        return self._standing.look(self._clock.now_ns())

    @property
    def since_ms(self) -> int:
        """Since when, Unix time."""
        return self._standing.since_ns // 10**6

    def describe(self) -> dict[str, Any]:
        """For the status page, JSON-ready: counts since the beginning, bytes, `since_ms` Unix time."""
        state = self._standing.look(self._clock.now_ns())
        return {
            "state": state,
            "since_ms": self._standing.since_ns // 10**6,
            "pulls": 0,
            "pulled_bytes": self.received_bytes,
            "failures": self.failures,
            "resumed": self.resumed,
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
            if line is not None and gives_feed(line):
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
            await first(self._take_feeds(), listen(self._standing, self._clock, self.renew))
        finally:
            if self._line is not None:
                self._line.abort()

    def publish(self, changes: Sequence[Message]) -> None:
        """Put changes into the hub, within the bounds of an edge. Raises ValueError, BrokenFeed and OSError."""
        if changes:
            self._hub.publish(changes)
            self.evicted += self._hub.trim(self._config.memory_bytes)
            _bound(self._hub.shelf)

    def reach(self, turn: Turn | None) -> None:
        """All up to `turn` is in the hub, whoever told it; a feed goes on after it. None: it must be told anew."""
        self.at = turn

    def hear(self) -> None:
        """While the feed is held: the origin was heard elsewhere."""
        self._standing.heard(self._clock.now_ns())

    def hold(self) -> None:
        """Hang up, and be fed no more until `go_on`; the origin is in no worse standing for it."""
        self._wanted.clear()
        self._hang_up()

    def go_on(self) -> None:
        """Be fed again, from where `reach` says."""
        self._wanted.set()

    def renew(self, why: str) -> None:
        """Leave this feed, if there is one, for another."""
        self._why = why
        self._hang_up()

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.abort()
            self._line = None

    async def _take_feeds(self) -> None:
        while True:
            if not self._wanted.is_set():
                await self._rest()
            line = self._line or await self._connect()
            self._line = line if line is not None and gives_feed(line) else None
            if not self._wanted.is_set():
                self._hang_up()
            elif self._line is not None:
                await self._follow(self._line)
            elif line is not None:
                self._fail(f"it answered {line.status}")
                line.abort()
            if self._wanted.is_set():
                await self._pause()

    async def _rest(self) -> None:
        self._standing.held()
        await self._wanted.wait()
        self._failures = 0
        await asyncio.sleep(SPREAD_S * self._chance())

    def _without_feed(self, status: int, said: str) -> str:
        config = self._config
        if status in {401, 403} and (config.feed_token or config.mode == "push"):
            raise RingsideError(f"the origin {config.origin} refuses its feed: {said or f'it answered {status}'}")
        if config.mode == "push":
            raise RingsideError(f"the origin {config.origin} gives no feed: it answered {status}")
        log.info("the origin answered %d to a request for its feed; objects are pulled", status)
        return "pull"

    async def _connect(self) -> Line | None:
        self._reading = Reading(self.at)
        try:
            return await get(self._config.origin, self._reading.path, self._config.feed_token)
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
        if self.partner is not None:
            self.partner.ended()

    async def _follow(self, line: Line) -> None:
        """Take one feed until it ends, whatever ends it."""
        decoder = Decoder()
        self._why, self._synced_ns, self._began_bytes = "", 0, self.received_bytes
        self._standing.connected(self._clock.now_ns())
        try:
            while self._line is line and (data := await line.read()):
                now_ns = self._clock.now_ns()
                self.received_bytes += len(data)
                self._standing.heard(now_ns)
                for step in self._reading.take(decoder.feed(data)):
                    self._take(step, now_ns)
                    if self._line is not line:
                        break
            reason = "the origin ended it"
        except (BrokenFeed, ValueError) as error:
            self.at = None
            reason = f"it is not to be understood: {error}"
        except Unanswered as error:
            reason = str(error)
        except OSError as error:  # of memory or descriptors
            self.at = None
            reason = f"it cannot be kept: {error.strerror or error}"
        finally:
            line.abort()
            self._line = self._aside = None
        if self._synced_ns and self._clock.now_ns() - self._synced_ns >= STEADY_NS:
            self._failures = 0
        if self._wanted.is_set():
            self._fail(self._why or reason)

    def _take(self, step: Step, now_ns: int) -> None:
        if isinstance(step, Whole):
            self._aside = Shelf()
        elif isinstance(step, Exists):
            assert self._aside is not None
            self._gather(self._aside, step.message, now_ns)
        elif isinstance(step, Changes):
            self._change(step.turn, step.messages)
        elif self._aside is not None:
            self._swap(self._aside, step)
        else:
            self._caught_up()

    def _change(self, turn: Turn | None, changes: Sequence[Message]) -> None:
        if self.partner is not None:
            self.partner.changes(turn, changes)
        else:
            self.publish(changes)
            self.at = turn

    def _gather(self, aside: Shelf, frame: Message, now_ns: int) -> None:
        if isinstance(frame, Opened):  # all of the blob before it has been named
            before = aside.blobs
            aside.trim(self._config.memory_bytes, now_ns)
            self.evicted += before - aside.blobs
        aside.put(frame, now_ns)
        _bound(aside)

    def _swap(self, aside: Shelf, synced: Synced) -> None:
        self._aside = None
        self.at = None  # until the turn is named
        aside.media_ns = synced.media_ns
        self._hub.swap(aside)
        self._synced_ns = self._clock.now_ns()
        self._standing.synced(self._synced_ns)
        log.info("the feed of %s is here: %r", self._config.origin, aside)
        self._on_synced()
        if self.partner is not None:
            self.partner.swapped(self.received_bytes - self._began_bytes)

    def _caught_up(self) -> None:
        self.resumed += 1
        self._synced_ns = self._clock.now_ns()
        self._standing.synced(self._synced_ns)
        log.info("the feed of %s goes on where it was", self._config.origin)
        if self.partner is not None:
            self.partner.resumed()


def _bound(shelf: Shelf) -> None:
    if shelf.paths > MAX_PATHS:
        raise BrokenFeed(f"more than {MAX_PATHS} paths")
