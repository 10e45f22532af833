"""Several: an edge that is fed by more than one origin: each is followed, and one of them is on the air.

What enters: their feeds, each over a connection of its own (push), kept whole as a strand. What leaves: one feed into
the hub, from the origin that `choice` names by how late media comes, joined by `braid`; how each of them does.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence, Set
from typing import Any

from ringside.core.clock import Clock
from ringside.core.ends import first
from ringside.core.feed import Message, Playlist, Removed
from ringside.flow.relay.feed import Hub
from ringside.flow.relay.fill.braid import Braid
from ringside.flow.relay.fill.choice import Choice, Move
from ringside.flow.relay.fill.config import Config
from ringside.flow.relay.fill.push import Push
from ringside.flow.relay.fill.strand import Strand, turn_of

log = logging.getLogger(__name__)

TICK_S = 0.02
TORN_NS = 1_000_000_000  # for so long media may be late before a segment is left unfinished for it
AGREE_S = 1.0  # for how long others may say that there is a feed after all
COUNTED = ("pulled_bytes", "failures", "resumed")


class Several:
    """Feeds `hub` from all of `config.origins`. `on_synced` is called when all that exists is there; see Push."""

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
        self._on_synced = on_synced
        self._since_ns = clock.now_ns()  # the one on the air has been there
        self._evicted = 0
        self._why = ""
        self.choice = Choice(len(config.origins), int(config.late_s * 1e9))
        self.braid = Braid(hub, clock)
        self.strands = [
            Strand(index, clock, self._changed, self._swapped, self._gone) for index in range(len(config.origins))
        ]
        for strand, origin in zip(self.strands, config.origins, strict=True):
            strand.push = Push(config.only(origin), strand, clock, chance)
            strand.push.partner = strand

    def __repr__(self) -> str:
        return f"<Several {self.choice!r}>"

    @property
    def on_air(self) -> int | None:
        """The number of the origin that media is taken from."""
        return self.choice.leader

    def describe(self) -> dict[str, Any]:
        """For the status page, JSON-ready: as of one origin, counts of all of them, and each of them."""
        pushes = [strand.push.describe() for strand in self.strands]
        leader = pushes[self.on_air or 0]
        sums = {name: sum(push[name] for push in pushes) for name in COUNTED}
        shelf = self._hub.shelf
        return {
            **leader, **sums, "objects": shelf.paths, "bytes": shelf.bytes, "evicted": self._evicted,
            "switches": self.choice.switches, "uneven": self.braid.uneven, "why": self._why,
            "origins": [self._described(strand, push) for strand, push in zip(self.strands, pushes, strict=True)],
        }  # fmt: skip

    def _described(self, strand: Strand, push: dict[str, Any]) -> dict[str, Any]:
        now_ns, on_air = self._clock.now_ns(), strand.index == self.on_air
        return {
            "url": self._config.origins[strand.index],
            "state": push["state"],
            "on_air": on_air,
            "since_ms": self._since_ns // 10**6 if on_air else push["since_ms"],
            "lateness_ms": self.choice.lateness_ns(strand.index, now_ns) // 10**6,
            "pulled_bytes": push["pulled_bytes"],
            "failures": push["failures"],
        }

    async def choose(self) -> str:
        """`push` where one of them gives a feed, else `pull`; see Push. Raises RingsideError where each refuses it."""
        asking = {asyncio.ensure_future(strand.push.choose()) for strand in self.strands}
        try:
            done, left = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
            until_s = asyncio.get_running_loop().time() + AGREE_S
            while left and not any(_says_push(task) for task in done):
                within_s = max(0.0, until_s - asyncio.get_running_loop().time())
                more, left = await asyncio.wait(left, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
                done |= more
                if not more:
                    break
            if any(_says_push(task) for task in done):
                return "push"
            said = [task.result() for task in done if task.exception() is None]
            return said[0] if said else next(iter(done)).result()
        finally:
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)

    async def run(self) -> None:
        """Take all feeds, again and again, for ever."""
        await first(*(strand.push.run() for strand in self.strands), self._watch())

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self.look()
            for strand in self.strands:
                strand.share(self._hub.shelf)

    def look(self) -> None:
        """Time has passed: take from another where that is called for."""
        now_ns = self._clock.now_ns()
        for strand in self.strands:
            self.choice.hears(strand.index, strand.push.look() == "live")
        self._decide(now_ns)

    def _decide(self, now_ns: int) -> None:
        """Move where that is called for, and what was told can go on there; or has waited for long enough."""
        move = self.choice.look(now_ns)
        if move is None:
            return
        urgent = self.choice.owed_ns(now_ns) >= TORN_NS or self.braid.leader is None
        if urgent or self.braid.fits(self.strands[move.to]):
            self._move(move, now_ns)

    def _move(self, move: Move, now_ns: int) -> None:
        before, strand = self.choice.leader, self.strands[move.to]
        self.choice.moved(move.to, now_ns)
        self._since_ns = now_ns
        if before is not None:
            self._why = f"{self._config.origins[before]}: {move.why}"
            log.warning("media is taken from %s now; %s", self._config.origins[move.to], self._why)
        self._lead(strand)

    def _lead(self, strand: Strand) -> None:
        begins = self.braid.leader is None
        try:
            self.braid.lead(strand)
        except (ValueError, OSError) as error:
            log.warning("what %s has cannot be taken: %s", self._config.origins[strand.index], error)
            strand.push.reach(None)
            strand.push.renew(str(error))
        if begins:
            self._on_synced()

    # what strands tell

    def _changed(self, strand: Strand, messages: Sequence[Message], withdrawn: Set[str]) -> None:
        now_ns = self._clock.now_ns()
        for message in messages:
            if isinstance(message, Playlist):
                self.choice.told(strand.index, message.path, turn_of(message), now_ns)
            elif isinstance(message, Removed):
                self._removed(message.path)
        if strand.index == self.choice.leader:
            self.braid.take(strand, messages, withdrawn)
            self._evicted += self._hub.trim(self._config.memory_bytes)

    def _removed(self, path: str) -> None:
        """A track that no origin has any more is owed by none."""
        if path.endswith(".m3u8") and not any(each.shelf.exists.find(path) for each in self.strands):
            self.choice.forget(path)

    def _swapped(self, strand: Strand) -> None:
        now_ns = self._clock.now_ns()
        self.choice.fed(strand.index, strand.turns(), now_ns)
        if strand.index == self.choice.leader:
            self._lead(strand)
        else:
            self._decide(now_ns)

    def _gone(self, strand: Strand) -> None:
        self.choice.hears(strand.index, False)


def _says_push(task: "asyncio.Future[str]") -> bool:
    with contextlib.suppress(asyncio.CancelledError):
        return task.exception() is None and task.result() == "push"
    return False
