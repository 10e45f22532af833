"""Uploader: finished segments to the store, in the background, track by track and in order.

Each track has a task: headers it has not sent, its next segments, and then the shard that names them, so that the
catalog never names what is not there. The index is written when there is a new shard, a new header, or an end. Where
the store fails, everything waits and is tried again, at intervals of up to ten seconds.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from pathlib import Path

from ringside.core.catalog import Names, Unreadable, read_shard
from ringside.core.clock import Clock
from ringside.flow.origin.archive.holdings import Holdings, key_after, keys, shard_key
from ringside.flow.origin.archive.store import Down, Missing, Store

log = logging.getLogger(__name__)

AT_ONCE = 4  # tracks that are being sent
BURST = 16  # segments that one shard is written for, while many wait
WAITS_S = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0)


class Uploader:
    """Sends what `holdings` has and `segment(track, n)` is the file of to `store`.

    `ready[track]`: the number after the last whose file is whole; `done[track]`: after the last that is in the store.
    """

    def __init__(self, store: Store, holdings: Holdings, segment: Callable[[str, int], Path], clock: Clock) -> None:
        self.store = store
        self.ready: dict[str, int] = {}
        self.done: dict[str, int] = {}
        self.lost = 0  # segments that cannot be in the store, as they are nowhere any more
        self.why = ""
        self.failures = 0
        self.sent = 0  # segments
        self.sent_bytes = 0
        self._holdings = holdings
        self._segment = segment
        self._clock = clock
        self._names = Names(holdings.about.event, holdings.about.session)
        self._headers: dict[str, set[str]] = {}
        self._told: object = None  # what the index in the store says
        self._wake: dict[str, asyncio.Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._failing: set[str] = set()  # tracks
        self._room = asyncio.Semaphore(AT_ONCE)
        self._indexing = asyncio.Lock()

    def __repr__(self) -> str:
        return f"<Uploader {self.store!r} {self.waiting} waiting{': ' + self.why if self.why else ''}>"

    @property
    def waiting(self) -> int:
        """Segments that are not in the store yet."""
        return sum(max(0, roll.after - self.first(name)) for name, roll in self._holdings.rolls.items())

    def first(self, track: str) -> int:
        """The oldest segment of a track that is not in the store, or would be the next."""
        return max(self.done.get(track, 0), self._holdings.rolls[track].first)

    def offer(self, track: str, ready: int) -> None:
        """The segments of a track below `ready` may be sent."""
        self.ready[track] = max(ready, self.ready.get(track, 0))
        self.poke(track)

    def poke(self, track: str) -> None:
        """There is something to do for a track, be it the index."""
        wake = self._wake.get(track)
        if wake is None:
            wake = self._wake[track] = asyncio.Event()
            task = asyncio.get_running_loop().create_task(self._run(track, wake))
            self._tasks.add(task)
        wake.set()

    def pass_over(self, track: str) -> int:
        """Give up the oldest segment of a track that waits; its number."""
        number = self.first(track)
        self._lose(track, number)
        self.done[track] = number + 1
        return number

    def _lose(self, track: str, number: int) -> None:
        if not self._holdings.rolls[track][number].gap:
            self._holdings.rolls[track].lose(number)
            self.lost += 1

    async def close(self, within_s: float) -> bool:
        """Send what waits, within a time, and end; whether all is in the store."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while self.waiting or self._told != self._outline():
                    for track in self._wake:
                        self.poke(track)
                    await asyncio.sleep(min(0.1, within_s / 25))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        return not self.waiting and self._told == self._outline()

    async def _run(self, track: str, wake: asyncio.Event) -> None:
        failed = 0
        while True:
            try:
                await self._catch_up(track)
                failed = 0
                self._recover(track)
                await wake.wait()
                wake.clear()
            except Down as down:
                self._fail(track, str(down))
                await asyncio.sleep(WAITS_S[min(failed, len(WAITS_S) - 1)])
                failed += 1

    def _fail(self, track: str, why: str) -> None:
        if not self._failing:
            log.error("the archive %s takes nothing (%s); what is published waits in the spool", self.store.url, why)
        self.why = why
        self.failures += 1
        self._failing.add(track)
        log.debug("track %s: %s", track, why)

    def _recover(self, track: str) -> None:
        self._failing.discard(track)
        if self.why and not self._failing:
            self.why = ""
            log.warning("the archive %s takes what is published again", self.store.url)

    async def _catch_up(self, track: str) -> None:
        if track not in self.done:
            self.done[track] = await self._resumes_at(track)
        while True:
            async with self._room:
                await self._send_headers(track)
                sent = await self._send_some(track)
            await self._send_index()
            if not sent:
                return

    async def _resumes_at(self, track: str) -> int:
        """The number after the last that the store's own catalog names: of a session that is gone on with."""
        roll = self._holdings.rolls[track]
        for key in reversed(keys(roll, roll.after)):
            name = self._names.shard(track, key)
            try:
                numbers = [segment.number for segment in read_shard(await self.store.get(name), name)]
            except (Missing, Unreadable):
                continue
            if numbers:
                return numbers[-1] + 1
        return roll.first

    async def _send_headers(self, track: str) -> None:
        sent = self._headers.setdefault(track, set())
        for version in self._holdings.versions(track):
            if version.init_name not in sent:
                await self.store.put(self._names.init(track, version.init_name), version.init)
                sent.add(version.init_name)

    async def _send_some(self, track: str) -> bool:
        """Send the next segments, of one shard, and then the shard; whether there were any."""
        first = self.first(track)
        roll, key = self._holdings.rolls[track], shard_key(first)
        numbers = range(first, min(first + BURST, key_after(key, self.ready.get(track, 0)), roll.after))
        for number in numbers:
            segment = roll[number]
            if not segment.gap:
                await self._send(track, number, segment.size)
        if not numbers:
            return False
        await self.store.put(self._names.shard(track, key), self._holdings.shard(track, key, numbers[-1] + 1))
        self.done[track] = max(self.done[track], numbers[-1] + 1)
        return True

    async def _send(self, track: str, number: int, size: int) -> None:
        try:
            await self.store.put_file(self._names.segment(track, number), self._segment(track, number), size)
        except Missing:
            self._lose(track, number)
            return
        self.sent += 1
        self.sent_bytes += size

    async def _send_index(self) -> None:
        """Write the index, unless nothing but the length of newest shards has changed."""
        async with self._indexing:
            outline = self._outline()
            if outline != self._told:
                index = self._holdings.index(self._clock.now_ns(), self.done)
                await self.store.put(self._names.index, index.encode())
                self._told = outline

    def _outline(self) -> object:
        """What is worth writing the index for."""
        holdings = self._holdings
        tracks = [
            (name, [version.init_name for version in holdings.versions(name)], list(keys(roll, self.done.get(name, 0))))
            for name, roll in holdings.rolls.items()
        ]
        lengths = dict(self.done) if holdings.ended_ns else {}
        return holdings.ended_ns, holdings.target_s, tracks, lengths
