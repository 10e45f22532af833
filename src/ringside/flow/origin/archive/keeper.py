"""Keeper: one session of an event, kept: written before it is told, archived when it is finished, found when wanted.

What enters: the messages of the Publisher, of whose decisions the Scribe has heard. What leaves: the same messages, in
the same order, to `tell`, once what they follow from is in the spool (see gate, for what a slow disk does to that).
The loop's thread decides, the Writer's writes, the store's own threads send.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ringside.core.catalog import Index, Roll, write_shard
from ringside.core.clock import Clock
from ringside.core.feed import Message
from ringside.core.media import Track
from ringside.flow.origin.archive.config import Config
from ringside.flow.origin.archive.found import Found
from ringside.flow.origin.archive.gate import Gate
from ringside.flow.origin.archive.holdings import Holdings
from ringside.flow.origin.archive.housekeeper import Housekeeper
from ringside.flow.origin.archive.recall import Recall
from ringside.flow.origin.archive.resume import resume
from ringside.flow.origin.archive.scribe import Scribe, Turn, checkpoint_of
from ringside.flow.origin.archive.spool import About, Job, Spool
from ringside.flow.origin.archive.store import Missing, Store
from ringside.flow.origin.archive.tide import Tide
from ringside.flow.origin.archive.uploader import Uploader
from ringside.flow.origin.archive.writer import Writer
from ringside.flow.origin.publish import Publisher

log = logging.getLogger(__name__)

CHAPTER = 500  # records, after which a new journal begins
MOST_WAITING_BYTES = 64 << 20  # for a disk that takes nothing; beyond it the spool has a hole
BEHIND_SEGMENTS = 30
CLOSE_S = 0.5
REWRITTEN = 64  # lines of a roll that may not have been written when the origin before this one was killed

Tell = Callable[[list[Message]], None]


class _Ready(NamedTuple):
    """Segments of a track from `first` on, below `after`, are whole in the spool once `ticket` has been written."""

    ticket: int
    track: str
    first: int
    after: int


class Keeper:
    """Keeps what `publisher` publishes in `folder`, and in the store that `config` names.

    `on_finished()` is called when segments have been finished, and when the event ends or goes on. Make it in the loop
    in which it is used.
    """

    def __init__(
        self,
        config: Config,
        about: About,
        folder: Path,
        publisher: Publisher,
        scribe: Scribe,
        tell: Tell,
        clock: Clock,
        dvr_s: float,
    ) -> None:
        self.config = config
        self.on_finished: Callable[[], None] = lambda: None
        self._publisher = publisher
        self._scribe = scribe
        scribe.lanes = publisher.lanes
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._spool = Spool(folder)
        self._about = about
        self._gate = Gate(tell)
        self._writer = Writer(self._tell_written)
        self._holdings = Holdings(about)
        self._tide = Tide(dvr_s)
        store = Store.open(config.store_url) if config.store_url else None
        self._uploader = Uploader(store, self._holdings, self._spool.segment, clock) if store is not None else None
        self._housekeeper = Housekeeper(config, folder, dvr_s, clock, self._forget)
        self._recall = Recall(self._holdings, self._spool.segment, store)
        self._ticket = 0
        self._records = 0  # in this journal
        self._rolled: dict[str, int] = {}  # by track: the first finished segment that is not in its roll's file
        self._ready: deque[_Ready] = deque()
        self._torn = False  # the spool has a hole, and is not written until it takes something again
        self._holes: set[tuple[str, int]] = set()  # segments whose media is not all in the spool
        self._looking: asyncio.TimerHandle | None = None
        self.resumed = False

    def __repr__(self) -> str:
        return f"<Keeper {self._about.session} {self._holdings.rolls} {self._writer!r} {self._uploader!r}>"

    def begin(self) -> list[Message]:
        """Begin to write; what the edge must be told first, of a session that is gone on with."""
        out: list[Message] = []
        jobs: list[Job] = [partial(self._spool.begin, self._about)]
        found = self._found()
        if found is not None:
            out = self._go_on(found)
            ends = self._ends()
            self._scribe.resume(ends)
            jobs += [partial(self._spool.cut, name, number, size) for name, (number, size) in ends.items()]
        self._writer.start()
        self._put([*jobs, partial(self._spool.chapter, checkpoint_of(self._publisher))], 0)
        for name, roll in self._holdings.rolls.items():
            self._rolled[name] = max(roll.first, roll.after - REWRITTEN)
            self._tide.begin(name, roll)
            self._offer(name, roll.after)
        return out

    def _found(self) -> Found | None:
        """What there is of the session already."""
        try:
            return Found.read(self._spool.folder, self._about.timeline)
        except OSError as error:
            log.error("the session in %s cannot be read (%s): it begins anew", self._spool.folder, error)
            return None

    def _go_on(self, found: Found) -> list[Message]:
        now_ns = self._clock.now_ns()
        out = resume(self._publisher, found.past, found.media, now_ns)
        self._holdings.rolls = found.rolls()
        list(self._holdings.take(self._publisher))
        self.resumed = True
        return out

    def _ends(self) -> dict[str, tuple[int, int]]:
        """The segments in the making, and their sizes."""
        growing = {name: lane.window.standing().growing for name, lane in self._publisher.lanes.items()}
        return {name: (each.number, each.size) for name, each in growing.items() if each is not None}

    def publish(self, messages: list[Message]) -> None:
        """Tell `messages` when what has been decided for them is written."""
        turn, now_ns = self._scribe.take(), self._clock.now_ns()
        ticket = self._write(turn) if turn is not None else 0
        self._gate.put(messages, ticket, now_ns)
        if turn is not None:
            self._finish(now_ns)
        self._look()

    def _write(self, turn: Turn) -> int:
        if self._torn:
            self._holes |= {(media.track, media.number) for media in turn.media}
            return self._mend()
        jobs = self._spool.turn(turn, self._holes)
        self._records += len(turn.records)
        if self._records >= CHAPTER:
            self._records = 0
            jobs.append(partial(self._spool.chapter, checkpoint_of(self._publisher)))
        ticket = self._put(jobs, turn.bytes)
        if self._writer.waiting_bytes > MOST_WAITING_BYTES:
            self._tear()
        return ticket

    def _put(self, jobs: Sequence[Job], size: int) -> int:
        self._ticket += 1
        self._writer.put(tuple(jobs), size, self._ticket)
        return self._ticket

    def _tear(self) -> None:
        """The disk has taken nothing for too long: what waits is let go, and a new journal begins when it does."""
        log.error("the spool %s takes nothing (%s): what was just published is not kept", self._spool, self._writer.why)
        self._torn = True
        self._holes |= {(name, lane.window.number) for name, lane in self._publisher.lanes.items()}
        self._writer.clear()
        while self._ready:
            _, name, first, after = self._ready.pop()
            self._rolled[name] = min(self._rolled[name], first)
            for number in range(first, after):
                self._holdings.rolls[name].lose(number)

    def _mend(self) -> int:
        """Go on with a new journal, once the thread has nothing left to try again."""
        if self._writer.waiting_bytes:
            return 0
        self._torn = False
        return self._put([partial(self._spool.chapter, checkpoint_of(self._publisher))], 0)

    def _tell_written(self, ticket: int) -> None:
        """Called in the Writer's thread."""
        with contextlib.suppress(RuntimeError):  # the loop is over
            self._loop.call_soon_threadsafe(self._written, ticket)

    def _written(self, ticket: int) -> None:
        """Up to `ticket` all is in the spool."""
        self._gate.written(ticket)
        while self._ready and self._ready[0].ticket <= ticket:
            ready = self._ready.popleft()
            self._offer(ready.track, ready.after)

    def _offer(self, track: str, after: int) -> None:
        if self._uploader is not None:
            self._uploader.offer(track, after)

    def _finish(self, now_ns: int) -> None:
        """Take the segments that are finished now into the catalog."""
        finished = False
        for name, segment in self._holdings.take(self._publisher):
            finished = True
            if (name, segment.number) in self._holes:
                self._holes.discard((name, segment.number))
                self._holdings.rolls[name].lose(segment.number)
        if finished and not self._torn:
            self._roll()
            self._ebb(now_ns)
        ended_ns = now_ns if self._publisher.ended else 0
        if bool(ended_ns) != bool(self._holdings.ended_ns):
            self._holdings.ended_ns = ended_ns
            finished = True
            for name in self._holdings.rolls:
                self._offer(name, 0)
        if finished:
            self.on_finished()

    def _roll(self) -> None:
        """Write the lines of what is finished."""
        for name, roll in self._holdings.rolls.items():
            first = max(self._rolled.get(name, 0), roll.first)
            if first < roll.after:
                lines = write_shard(roll.segments(first))
                ticket = self._put([partial(self._spool.finished, name, lines)], len(lines))
                self._ready.append(_Ready(ticket, name, first, roll.after))
                self._rolled[name] = roll.after

    def _ebb(self, now_ns: int) -> None:
        """Let go, from the spool, of what is in the store and far behind."""
        for name, lane in self._publisher.lanes.items():
            roll = self._holdings.rolls[name]
            listed = lane.window.segments[0].number if lane.window.segments else roll.after
            sent = self._uploader.first(name) if self._uploader is not None else roll.after
            gone = self._tide.ebb(name, roll, lane.track.timescale, min(listed, sent), now_ns)
            if gone:
                self._put([partial(self._spool.remove, name, gone)], 0)
        if self._uploader is not None:
            self._bound(self._uploader)

    def _bound(self, uploader: Uploader) -> None:
        """What waits for a store that is down is bounded: the oldest gives way."""
        waiting = {name: uploader.first(name) for name in self._holdings.rolls}
        for name, number in self._tide.overflow(self._holdings.rolls, waiting, self.config.spool_bytes):
            uploader.pass_over(name)
            self._put([partial(self._spool.remove, name, [number])], 0)

    def _forget(self, track: str, below: int) -> None:
        """The archive has let go of a track's segments below `below`."""
        self._holdings.rolls[track].forget(below)
        self._offer(track, 0)

    async def run(self) -> None:
        """Keep house, for ever."""
        await self._housekeeper.run()

    def _look(self) -> None:
        """Have an eye on the gate while something waits before it."""
        at_ns = self._gate.look(self._clock.now_ns())
        if at_ns and self._looking is None:
            self._looking = self._loop.call_later(max(0.0, (at_ns - self._clock.now_ns()) / 1e9), self._look_again)

    def _look_again(self) -> None:
        self._looking = None
        self._look()

    # what has been kept, for those who ask (Recording)

    @property
    def index(self) -> Index:
        """The session, as of now, without its shards."""
        return self._holdings.index(self._clock.now_ns(), {})

    def tracks(self) -> Mapping[str, Track]:
        """Every track as it is, with its header."""
        return {name: versions[-1] for name in self._holdings.rolls if (versions := self._holdings.versions(name))}

    def versions(self, track: str) -> Sequence[Track]:
        """All that a track has been, the newest last."""
        return self._holdings.versions(track)

    def roll(self, track: str) -> Roll:
        """A track's finished segments."""
        return self._holdings.rolls[track]

    def find(self, track: str, number: int) -> Path | None:
        """The file of this machine that has a segment; None where there is none."""
        return self._recall.find(track, number, self._tide.first(track))

    async def read(self, track: str, number: int) -> bytes:
        """A finished segment's media. Raises Missing, Down."""
        if number not in self._holdings.rolls.get(track, ()):
            raise Missing(f"segment {number} of {track} is not kept")
        return await self._recall.read(track, number, self._tide.first(track))

    def status(self) -> dict[str, Any]:
        """For the status page, JSON-ready."""
        uploader, rolls = self._uploader, self._holdings.rolls
        waiting = uploader.waiting if uploader is not None else 0
        why = self._writer.why or (uploader.why if uploader is not None else "")
        behind = self._gate.behind or self._torn or waiting > BEHIND_SEGMENTS
        return {
            "url": uploader.store.url if uploader is not None else "",
            "state": "failing" if why else "behind" if behind else "ok",
            "why": why,
            "session": self._about.session,
            "resumed": self.resumed,
            "segments": uploader.sent if uploader is not None else 0,
            "bytes": uploader.sent_bytes if uploader is not None else 0,
            "kept_segments": sum(len(roll) for roll in rolls.values()),
            "kept_bytes": sum(roll.bytes for roll in rolls.values()),
            "waiting": waiting,
            "failed": sum(roll.losses for roll in rolls.values()),
            "oldest_waiting_s": round(self._oldest_waiting_s(), 1),
            "spool": {
                "folder": str(self._spool.folder),
                "waiting_bytes": self._writer.waiting_bytes,
                "failures": self._writer.failures,
                "told_unwritten": self._gate.opened,
            },
        }

    def _oldest_waiting_s(self) -> float:
        """How long the oldest segment has waited for the store."""
        if self._uploader is None:
            return 0.0
        oldest = 0.0
        for name, roll in self._holdings.rolls.items():
            number = self._uploader.first(name)
            if number in roll:
                segment, scale = roll[number], self._publisher.lanes[name].track.timescale
                end_s = (segment.start_ticks + segment.duration_ticks) / scale
                oldest = max(oldest, self._clock.now_ns() / 1e9 - end_s)
        return oldest

    async def close(self) -> None:
        """Write and send what waits, in half a second each, and end."""
        if self._looking is not None:
            self._looking.cancel()
        written = await asyncio.to_thread(self._writer.close, CLOSE_S)
        if self._uploader is not None:
            await self._uploader.close(CLOSE_S)
            self._uploader.store.close()
        if written:
            self._spool.close()
