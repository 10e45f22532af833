"""The gateway's shell: it hands on what comes from the group, the feed and repair, and does what the gateway wants.

What enters: a session's description, and the feed of an origin beside which this stands (relay/fill). What leaves: the
hub is told each turn once, whoever gave it; the feed is held while the group flows, and gone on with when it does not.
A group that cannot be joined is tried again every five seconds; meanwhile the edge is what it would be without.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from typing import Any

from ringside.core.clock import Clock
from ringside.core.errors import Misconfigured
from ringside.core.feed import BrokenFeed, Message, Turn
from ringside.flow.relay.feed import Hub
from ringside.flow.relay.fill.aio import MakeBeside
from ringside.flow.relay.fill.apart import Apart
from ringside.flow.relay.fill.push import Push
from ringside.flow.relay.gateway.actions import Action, Ask, CloseFeed, OpenFeed, Publish
from ringside.flow.relay.gateway.config import Config
from ringside.flow.relay.gateway.gateway import TICK_S, Gateway
from ringside.flow.relay.gateway.repair import Repair, open_session
from ringside.flow.relay.gateway.socket import ENOUGH_BYTES, Reception, joined

log = logging.getLogger(__name__)

REJOIN_S = 5.0
CLOCKS_TICKS = 50  # between looks at how far the clocks are apart
MAX_REPAIRS = 64  # under way; the gateway asks for fewer


def beside(config: Config, origin: str) -> MakeBeside:
    """What `run_filler` is to be given so that an edge of `origin` is a gateway."""

    def make(push: Push, hub: Hub, clock: Clock, apart: Apart) -> Station:
        return Station(config, origin, push, hub, clock, apart)

    return make


class Station:
    """One gateway at work beside a push feed, as its partner."""

    def __init__(self, config: Config, origin: str, push: Push, hub: Hub, clock: Clock, apart: Apart) -> None:
        self._config = config
        self._push = push
        self._hub = hub
        self._clock = clock
        self._apart = apart
        self._bases = config.bases(origin)
        self._reception: Reception | None = None
        self._repair: Repair | None = None
        self._repairs: set[asyncio.Task[None]] = set()
        self._unread = 0
        self._starved = False
        self._held = False  # the feed: all comes from the group
        self._why = ""  # the group is not joined
        self._wanted: deque[Action] = deque()
        self._doing = False
        self.gateway = Gateway(config.description, clock.now_ns())

    def __repr__(self) -> str:
        return f"<Station {self.gateway!r} {self._reception!r}>"

    def describe(self) -> dict[str, Any]:
        """The group's health: JSON-ready. `why`: what keeps the gateway from it, or took it away."""
        reception = self._reception
        unread, buffer_bytes = (reception.unread, reception.buffer_bytes) if reception is not None else (0, 0)
        told = self.gateway.describe(unread, buffer_bytes)
        return {**told, "why": self._why} if self._why else told  # not even joined

    async def run(self) -> None:
        """Be a gateway, for ever."""
        async with open_session() as session:
            self._repair = Repair(session, self._bases)
            try:
                await self._join()
                await self._go_on()
            finally:
                for task in self._repairs:
                    task.cancel()
                await asyncio.gather(*self._repairs, return_exceptions=True)
                if self._reception is not None:
                    self._reception.close()

    async def _join(self) -> None:
        while self._reception is None:
            try:
                sockets = joined(self._config.description, self._config.interface, self._config.buffer_bytes)
            except Misconfigured as error:
                if str(error) != self._why:
                    log.warning("%s; trying again", error)
                self._why = str(error)
                await asyncio.sleep(REJOIN_S)
            else:
                self._why = ""
                self._reception = Reception(sockets, self._datagram)
                self._warn(self._reception.buffer_bytes // len(sockets))

    def _warn(self, given_bytes: int) -> None:
        if given_bytes < ENOUGH_BYTES:
            log.warning(
                "the kernel gives %d kB for datagrams that wait; with sysctl net.core.rmem_max=%d it gives more",
                given_bytes >> 10,
                self._config.buffer_bytes,
            )

    async def _go_on(self) -> None:
        ticks = 0
        while True:
            await asyncio.sleep(TICK_S)
            if ticks % CLOCKS_TICKS == 0:
                self._look()
                self.gateway.clock(int(-self._apart.describe().get("clock_ahead_ms", 0.0) * 1e6))
            ticks += 1
            if self._held:
                self._push.hear()
            if self._reception is not None:
                self._reception.drain()  # what has come already is not late
            self._do(self.gateway.tick(self._clock.now_ns()))

    def _look(self) -> None:
        """Say so, once until it stops, when the kernel drops what nobody reads in time."""
        if self._reception is None:
            return
        before, self._unread = self._unread, self._reception.unread
        if self._unread > before and not self._starved:
            log.warning("%d packets came and were not read in time: this machine is too busy", self._unread - before)
        self._starved = self._unread > before

    def _datagram(self, data: bytes, source: str) -> None:
        if actions := self.gateway.packet(data, source, self._clock.now_ns()):
            self._do(actions)

    # the feed's partner

    def swapped(self, size: int) -> None:
        """All that exists was told, in `size` bytes, and is in the hub."""
        self._do(self.gateway.swapped((told.message for told in self._hub.shelf.told()), size, self._clock.now_ns()))

    def resumed(self) -> None:
        """The feed went on after where we are, and all that was missed has been told."""
        self._do(self.gateway.resumed(self._clock.now_ns()))

    def changes(self, turn: Turn | None, messages: Sequence[Message]) -> None:
        """A turn was told; None: the origin marks none."""
        self._do(self.gateway.fed(turn, messages, self._clock.now_ns()))

    def ended(self) -> None:
        """The feed ended, or there was none; it is tried again."""
        self._do(self.gateway.feed_ended(self._clock.now_ns()))

    # what the gateway wants

    def _do(self, actions: Sequence[Action]) -> None:
        self._wanted.extend(actions)
        if self._doing:
            return  # whoever is at it does these too, after those before
        self._doing = True
        try:
            while self._wanted:
                self._act(self._wanted.popleft())
        finally:
            self._doing = False
            self._push.reach(self.gateway.at)

    def _act(self, action: Action) -> None:
        match action:
            case Publish():
                self._publish(action)
            case OpenFeed(why):
                self._open(why)
            case CloseFeed():
                log.info("the group gives everything: the feed of the origin is closed")
                self._held = True
                self._push.hold()
            case Ask():
                self._ask(action)

    def _publish(self, action: Publish) -> None:
        try:
            self._push.publish(action.messages)
        except (ValueError, BrokenFeed, OSError) as error:
            log.warning("a turn cannot be kept (%s): all is taken anew", error)
            later = [each for each in self._wanted if not isinstance(each, Publish)]
            self._wanted = deque([*self.gateway.refused(self._clock.now_ns()), *later])

    def _open(self, why: str) -> None:
        log.info("the feed of the origin is wanted: %s", why)
        self._push.reach(self.gateway.at)
        if not self._held and self.gateway.at is None:
            self._push.renew(why)
        self._held = False
        self._push.go_on()

    def _ask(self, ask: Ask) -> None:
        if self._repair is None or len(self._repairs) >= MAX_REPAIRS:
            self._wanted.extend(self.gateway.repaired(ask.number, [], self._clock.now_ns()))
            return
        task = asyncio.get_running_loop().create_task(self._mend(self._repair, ask))
        self._repairs.add(task)
        task.add_done_callback(self._repairs.discard)

    async def _mend(self, repair: Repair, ask: Ask) -> None:
        pieces = await repair.fetch(ask)
        self._do(self.gateway.repaired(ask.number, pieces, self._clock.now_ns()))
