"""Way: all that a studio sends to one origin: a lane for each track, and its word on itself.

What enters: tracks, chunks and statuses. What leaves: each to its lane; once, that the origin will not have the studio;
what the origin says in answer to a status. Several ways know nothing of one another.
"""

import asyncio
import logging
from collections.abc import Callable

from ringside.core.clock import Clock
from ringside.core.media import Chunk, Track
from ringside.core.telemetry import Metrics, throttled
from ringside.flow.mux.connect import ANSWER_S, Broken, connect, read_answer
from ringside.flow.mux.ingest import Origin, Refused
from ringside.flow.mux.lane import LONGEST_WAIT_S, Lane

log = logging.getLogger(__name__)

OnAnswer = Callable[[str], None]


class StatusLine:
    """The studio's word on itself, sent on a connection of its own; only the newest word counts.

    `on_answer` hears what an origin that took it says to it.
    """

    def __init__(self, origin: Origin, clock: Clock, on_answer: OnAnswer) -> None:
        self._origin = origin
        self._on_answer = on_answer
        self._failures = throttled(log, clock)
        self._latest: bytes | None = None
        self._wake = asyncio.Event()

    def put(self, body: bytes) -> None:
        """Replace what is to be sent."""
        self._latest = body
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._session()
            except (Broken, OSError, TimeoutError) as why:
                self._failures(f"status: {why or 'no answer'} (%d times)", 1)
                await asyncio.sleep(LONGEST_WAIT_S)

    async def _session(self) -> None:
        reader, writer = await connect(self._origin)
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                body, self._latest = self._latest, None
                if body is None:
                    continue
                writer.write(self._origin.status_request(body))
                async with asyncio.timeout(ANSWER_S):
                    answer = await read_answer(reader)
                if not answer.good:
                    raise Broken(f"the origin {self._origin} answered {answer}")
                if answer.text:
                    self._on_answer(answer.text)
        finally:
            writer.close()


class Way:
    """An event's tracks on their way to one origin. `labels` stand on its metrics.

    `on_refused` is called once, when the origin will not have the studio: nothing more goes there.
    """

    def __init__(
        self,
        origin: Origin,
        clock: Clock,
        metrics: Metrics,
        on_refused: Callable[["Way", BaseException], None],
        on_answer: OnAnswer,
        **labels: str,
    ) -> None:
        self.origin = origin
        self.refused: BaseException | None = None
        self._clock = clock
        self._metrics = metrics
        self._labels = labels
        self._on_refused = on_refused
        self._loop = asyncio.get_running_loop()
        self._lanes: dict[str, Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._status = StatusLine(origin, clock, on_answer)
        self._status_task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<Way {self.origin} {'refused' if self.refused else list(self._lanes.values())}>"

    def add(self, track: Track) -> None:
        """Open a track's request; for a name that is open, later chunks need this header instead."""
        if track.name in self._lanes:
            self._lanes[track.name].track = track
            return
        lane = self._lanes[track.name] = Lane(self.origin, track, self._clock, self._metrics, **self._labels)
        if self.refused is None:
            task = self._loop.create_task(lane.run())
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    def put(self, chunk: Chunk) -> None:
        """Send a chunk of a track that was added."""
        if self.refused is not None:
            return
        lane = self._lanes.get(chunk.track)
        if lane is None:
            log.warning("a chunk of track %s, which was never added, is dropped", chunk.track)
        else:
            lane.put(chunk)

    def tell(self, body: bytes) -> None:
        """Send the studio's status; an older one not sent yet is forgotten."""
        if self.refused is not None:
            return
        self._status.put(body)
        if self._status_task is None:
            self._status_task = self._loop.create_task(self._status.run())

    async def close(self, within_s: float) -> None:
        """Send what is queued and end the requests properly, in `within_s` seconds at most."""
        for lane in self._lanes.values():
            lane.close()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within_s)
        rest = self._stop()
        await asyncio.gather(*rest, return_exceptions=True)

    def _stop(self) -> list[asyncio.Task[None]]:
        rest = [*self._tasks, *([self._status_task] if self._status_task else [])]
        for task in rest:
            task.cancel()
        return rest

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        log.error("%s", error, exc_info=None if isinstance(error, Refused) else error)
        if self.refused is None:
            self.refused = error
            self._stop()
            self._on_refused(self, error)
