"""Pull: brings what workers want from where it is asked for, each thing once, whoever wants it.

What enters: keys that are wanted. What leaves: for each of them at least one message, in good time: Pulled as soon as
the head is there (a manifest, or something small, when it is whole), its bytes as they come, or Fresh where the copy
that workers have is still good, or has to do. How long things live is decided in lifetime, what is kept in cellar.
"""

import asyncio
import logging
import resource
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, aclosing
from itertools import count
from typing import Any, Protocol

from ringside.core.clock import Clock
from ringside.core.feed import Fresh, Message, Removed
from ringside.flow.relay.answer.census import kind_of
from ringside.flow.relay.fill.cellar import Cellar, Kept
from ringside.flow.relay.fill.fetch import Unanswered
from ringside.flow.relay.fill.lifetime import NS_PER_S, Answer, backoff_ns, failed, served_on
from ringside.flow.relay.fill.policy import Policy
from ringside.flow.relay.fill.telling import Means, Telling

log = logging.getLogger(__name__)

SWEEP_S = 2.0
PASSED_ON = {503, 504}  # of an origin's failures; the others are 502
Publish = Callable[[list[Message]], None]


class Asks(Protocol):
    """Where objects are asked for: an origin, several of them, or an archive."""

    def ask(
        self, key: str, known: Answer | None
    ) -> AbstractAsyncContextManager[tuple[Answer, AsyncGenerator[bytes, None]]]:
        """The answer to `key`, and its body; `known`: what may be confirmed. Raises Unanswered, also later."""


class Pull:
    """Pulls what `fetch` gives, and keeps at most `memory_bytes` of it; `publish` tells all workers.

    `blobs`: numbers for what is pulled, unlike those of anything else that is told to the same workers.
    """

    def __init__(
        self,
        fetch: Asks,
        policy: Policy,
        memory_bytes: int,
        clock: Clock,
        publish: Publish,
        blobs: Iterator[int] | None = None,
    ) -> None:
        self.policy = policy
        self.clock = clock
        objects = min(policy.max_objects, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 4)
        self.cellar = Cellar(memory_bytes, objects)
        self._fetch = fetch
        self._publish = publish
        self._means = Means(policy, clock, self.cellar, blobs or count(1), publish)
        self._bridges: dict[str, asyncio.TimerHandle] = {}
        self._loop = asyncio.get_running_loop()
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._queue: dict[str, None] = {}
        self.kinds: Counter[str] = Counter()  # pulls of playlists, parts, segments …
        self._state, self._since_ns = "live", clock.now_ns()
        self.pulls = self.pulled_bytes = self.failures = self.joined = self.evicted = self.refused = 0

    def __repr__(self) -> str:
        return f"<Pull {len(self._under_way)} under way {len(self._queue)} queued {self.cellar!r}>"

    def describe(self) -> dict[str, Any]:
        """For the status page, JSON-ready: counts since the beginning, bytes."""
        return {
            "state": self._state,
            "since_ms": self._since_ns // 10**6,
            "pulls": self.pulls,
            "pulled_bytes": self.pulled_bytes,
            "failures": self.failures,
            "joined": self.joined,
            "objects": len(self.cellar),
            "bytes": self.cellar.bytes,
            "evicted": self.evicted,
            "under_way": len(self._under_way),
            "queued": len(self._queue),
            "refused": self.refused,
            "kinds": dict(self.kinds),
        }

    # What is wanted

    def wanted(self, key: str) -> None:
        """A worker asks for `key`."""
        self.cellar.touch(key)
        kept = self.cellar.find(key)
        if key in self._under_way or key in self._queue:
            self.joined += 1
        elif kept is not None and self.clock.now_ns() < kept.times.fresh_ns:
            self.joined += 1
            self._fresh(kept)
        elif len(self._under_way) < self.policy.max_pulls:
            self._begin(key)
        elif len(self._queue) < self.policy.max_queued:
            self._queue[key] = None
        else:
            self.refused += 1
            self._without(key, Unanswered("the origin is being asked for too much at once", 503))

    def _begin(self, key: str) -> None:
        task = self._loop.create_task(self._pull(key))
        self._under_way[key] = task
        task.add_done_callback(lambda _: self._ended(key))

    def _ended(self, key: str) -> None:
        del self._under_way[key]
        self._evict()
        if self._queue and len(self._under_way) < self.policy.max_pulls:
            following = next(iter(self._queue))
            del self._queue[following]
            self._begin(following)

    async def run(self) -> None:
        """Let go of what is over, until cancelled; then all pulls end."""
        try:
            while True:
                await asyncio.sleep(SWEEP_S)
                self.sweep()
        finally:
            self._queue.clear()
            tasks = list(self._under_way.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def sweep(self) -> None:
        """Forget what nobody can be served with any more."""
        gone = self.cellar.expire(self.clock.now_ns(), self._under_way)
        if gone:
            self._publish([Removed(key) for key in gone])

    def _evict(self) -> None:
        gone = self.cellar.evict(self._under_way)
        self.evicted += len(gone)
        if gone:
            self._publish([Removed(key) for key in gone])

    # One pull

    async def _pull(self, key: str) -> None:
        kept = self.cellar.find(key)
        had = kept if kept is not None and kept.good else None
        self.pulls += 1
        self.kinds[kind_of(key)] += 1
        telling = Telling(self._means, key, had)
        if had is not None:
            self._bridges[key] = self._loop.call_later(self.policy.patience_s, self._bridge, had)
        try:
            async with self._fetch.ask(key, had.answer if had is not None else None) as (answer, body):
                self._is("live")
                await self._take(telling, answer, body)
        except Unanswered as failure:
            self._fail(telling, failure)
        except OSError as error:
            log.warning("%s could not be kept: %s", key, error.strerror or error)
            self._fail(telling, Unanswered("the edge has no room for it", 503))
        finally:
            telling.stop()
            if had is not None:
                self._bridges.pop(key).cancel()

    async def _take(self, telling: Telling, answer: Answer, body: AsyncGenerator[bytes, None]) -> None:
        if telling.had is not None and answer.status == 304:
            telling.had.confirm(answer, self.clock.now_ns(), self.policy)
            self._fresh(telling.had)
            return
        if failed(answer.status):
            status = answer.status if answer.status in PASSED_ON else 502
            raise Unanswered(f"the origin answered {answer.status}", status)
        telling.begin(answer)
        async with aclosing(body):
            async for data in body:
                self.pulled_bytes += len(data)
                telling.add(data)
                self._make_room()
        telling.end()

    def _make_room(self) -> None:
        if self.cellar.overfull:
            self._evict()
            if self.cellar.overfull:
                raise Unanswered("the edge's memory is full", 503)

    # When there is no answer

    def _fail(self, telling: Telling, failure: Unanswered) -> None:
        self.failures += 1
        self._is(failure.state)
        key, had = telling.key, telling.had
        log.info("%s: %s", key, failure)
        if telling.told:
            self.cellar.forget(key)
            self._publish([Removed(key)])
        elif had is not None and self.clock.now_ns() < had.grace_end_ns:
            had.failures += 1
            self._serve_on(had, backoff_ns(had.failures, self.policy))
        else:
            self._without(key, failure)

    def _without(self, key: str, failure: Unanswered) -> None:
        """Nothing can be served at `key` for a while."""
        before = self.cellar.find(key)
        try:
            Telling(self._means, key).refuse(failure, 1 + (before.failures if before is not None else 0))
        except OSError as error:
            log.warning("nobody can be told of %s: %s", key, error.strerror or error)

    def _bridge(self, had: Kept) -> None:
        """The origin takes its time: meanwhile the copy is served on."""
        if self.cellar.find(had.key) is had and self.clock.now_ns() < had.grace_end_ns:
            self._serve_on(had, int(self.policy.patience_s * NS_PER_S))
            self._bridges[had.key] = self._loop.call_later(self.policy.patience_s, self._bridge, had)

    def _serve_on(self, had: Kept, for_ns: int) -> None:
        had.times = served_on(had.times.made_ns, had.grace_end_ns, for_ns, self.clock.now_ns())
        self._fresh(had)

    def _fresh(self, kept: Kept) -> None:
        self._publish([Fresh(kept.key, *kept.times)])

    def _is(self, state: str) -> None:
        if state != self._state:
            self._state, self._since_ns = state, self.clock.now_ns()
