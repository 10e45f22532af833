"""Pusher: the studio's end of the ingest: one long request per track, kept up for as long as the event lasts.

Chunks enter from any thread and leave in the loop's next turn, each in one write. A connection that breaks is made
again, begins with the header, and resumes at a segment's start; what cannot be sent in time gives way whole segments
at a time. What is sent and what an answer means is decided in ingest.py, what gives way in backlog.py.
"""

import asyncio
import logging
import socket

from ringside.core.clock import Clock
from ringside.core.media import Chunk, Track
from ringside.core.telemetry import Metrics, throttled
from ringside.flow.mux.backlog import Backlog
from ringside.flow.mux.ingest import (
    LAST_CHUNK,
    PROVEN_S,
    Answer,
    Origin,
    Refused,
    http_chunk,
    is_own_ghost,
    parse_status_line,
)

log = logging.getLogger(__name__)

CONNECT_S = 3.0
STALL_S = 5.0  # an origin that takes no byte for so long is given up
ANSWER_S = 2.0
FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 1.0
MAX_BODY_BYTES = 64 * 1024


class Broken(Exception):
    """The connection, or the origin behind it, is of no use just now."""


async def connect(origin: Origin) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection without Nagle's delay; Broken when there is none to be had."""
    try:
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(origin.host, origin.port)
    except (OSError, TimeoutError) as error:
        raise Broken(f"cannot reach the origin {origin}: {error or 'no answer'}") from None
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return reader, writer


async def read_answer(reader: asyncio.StreamReader) -> Answer:
    """The next final response, interim ones passed over; Broken when the connection ends without."""
    try:
        while True:
            status = parse_status_line(await reader.readline())
            length = 0
            while (line := await reader.readline()).strip():
                name, _, value = line.decode("latin-1").partition(":")
                if name.strip().lower() == "content-length":
                    length = int(value)
            if status >= 200:
                body = await reader.readexactly(min(length, MAX_BODY_BYTES))
                return Answer(status, body.decode("utf-8", "replace").partition("\n")[0].strip())
    except (OSError, ValueError, asyncio.IncompleteReadError):
        raise Broken("the connection ended without an answer") from None


class Lane:
    """One track's request, made again whenever it breaks."""

    def __init__(self, origin: Origin, track: Track, clock: Clock, metrics: Metrics) -> None:
        self.track = track
        self.connected = False
        self.backlog = Backlog()
        self._origin = origin
        self._clock = clock
        self._metrics = metrics
        self._drops = throttled(log, clock)
        self._failures = throttled(log, clock)
        self._wake = asyncio.Event()
        self._closing = False
        self._connected_ns = 0  # when the request in hand was begun; 0: not yet
        self._welcome_ns = 0  # when a request that had proven welcome ended; 0, long ago: never

    def __repr__(self) -> str:
        state = "connected" if self.connected else "waiting"
        return f"<Lane {self.track.name} {state} {len(self.backlog)} queued {self.backlog.dropped} dropped>"

    def put(self, chunk: Chunk) -> None:
        """Queue a chunk, which needs the track's present header."""
        self._count_drops(self.backlog.put(self.track.init, chunk))
        self._wake.set()

    def close(self) -> None:
        """Send what is queued, then end the request."""
        self._closing = True
        self._wake.set()

    async def run(self) -> None:
        """Until closed; Refused when the origin will not have the track."""
        wait_s = FIRST_WAIT_S
        while True:
            self._connected_ns = 0
            try:
                await self._session()
                return
            except Broken as why:
                self._failed(str(why))
            except Refused as refused:
                if not is_own_ghost(refused, self._since_s(self._connected_ns), self._since_s(self._welcome_ns)):
                    raise
                self._failed(f"{refused}, perhaps this studio's own broken connection")
            if self._connected_ns and self._since_s(self._connected_ns) >= PROVEN_S:
                wait_s, self._welcome_ns = FIRST_WAIT_S, self._clock.now_ns()
            self._count_drops(self.backlog.restart())
            if self._closing:
                return
            self._metrics.count("ingest_reconnects_total", track=self.track.name)
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def _failed(self, why: str) -> None:
        self._failures(f"{self.track.name}: {why.replace('%', '%%')} (%d times)", 1)

    def _since_s(self, ns: int) -> float:
        return (self._clock.now_ns() - ns) / 1e9

    async def _session(self) -> None:
        reader, writer = await connect(self._origin)
        self._connected_ns = self._clock.now_ns()
        answer = asyncio.create_task(read_answer(reader))
        answer.add_done_callback(lambda _: self._wake.set())
        self.connected = True
        try:
            await self._send_all(writer, answer)
            async with asyncio.timeout(ANSWER_S):
                self._judge(await answer)
        except (OSError, TimeoutError) as error:
            await self._judge_late(answer)
            raise Broken(f"the origin {self._origin} stopped taking media: {error or 'no answer'}") from None
        finally:
            self.connected = False
            answer.cancel()
            writer.transport.abort()  # all that mattered was answered; a stalled peer must not hold the rest

    async def _send_all(self, writer: asyncio.StreamWriter, answer: asyncio.Task[Answer]) -> None:
        init = self.track.init
        await self._write(writer, self._origin.media_head(self.track.name, self.track.kind) + http_chunk(init))
        while True:
            if answer.done():
                self._judge(answer.result())
                raise Broken(f"the origin {self._origin} ended the request early")
            waiting = self.backlog.pop()
            if waiting is not None:
                if waiting.init != init:
                    init = waiting.init
                    writer.write(http_chunk(init))
                await self._write(writer, http_chunk(waiting.chunk.data))
                self._count_sent(waiting.chunk)
            elif self._closing:
                await self._write(writer, LAST_CHUNK)
                return
            else:
                self._wake.clear()
                await self._wake.wait()

    async def _write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        writer.write(data)
        async with asyncio.timeout(STALL_S):
            await writer.drain()

    def _judge(self, answer: Answer) -> None:
        refusal = answer.refusal(self._origin, self.track.name)
        if refusal is not None:
            raise refusal
        if not answer.good:
            raise Broken(f"the origin {self._origin} answered {answer}")

    async def _judge_late(self, answer: asyncio.Task[Answer]) -> None:
        """An origin that refuses closes the connection too: look whether its reason came first."""
        await asyncio.wait({answer}, timeout=0.2)
        if answer.done() and not answer.cancelled() and answer.exception() is None:
            self._judge(answer.result())

    def _count_drops(self, dropped: int) -> None:
        if dropped:
            self._metrics.count("ingest_dropped_chunks_total", dropped, track=self.track.name)
            self._drops(f"{self.track.name}: the origin is too slow or away, %d chunks dropped", dropped)

    def _count_sent(self, chunk: Chunk) -> None:
        self._metrics.count("ingest_sent_bytes_total", len(chunk.data), track=self.track.name)
        if chunk.encoded_ns:
            late_ms = (self._clock.now_ns() - chunk.encoded_ns) / 1e6
            self._metrics.sample("ingest_part_delay_ms", late_ms, track=self.track.name)


class StatusLine:
    """The studio's word on itself, sent on a connection of its own; only the newest word counts."""

    def __init__(self, origin: Origin, clock: Clock) -> None:
        self._origin = origin
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
        finally:
            writer.close()


class Pusher:
    """Sends an event's tracks to an origin over http.

    Make it inside a running loop; `add_track`, `send` and `send_status` may be called from any thread.
    `await watch()` raises Refused once the origin will not have the studio; everything else is retried for ever.
    """

    def __init__(
        self,
        url: str,
        token: str,
        clock: Clock,
        event: str = "main",
        metrics: Metrics | None = None,
        studio: str = "",
    ) -> None:
        self.metrics = metrics or Metrics()
        self._origin = Origin.from_url(url, token, event, studio)
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._lanes: dict[str, Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._refused: asyncio.Future[None] = self._loop.create_future()
        self._status = StatusLine(self._origin, clock)
        self._status_task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<Pusher {self._origin} {list(self._lanes.values())}>"

    def add_track(self, track: Track) -> None:
        """Open a track's request; for a name that is open, later chunks need this header instead."""
        self._loop.call_soon_threadsafe(self._add, track)

    def send(self, chunk: Chunk) -> None:
        """Send a chunk of a track that was added."""
        self._loop.call_soon_threadsafe(self._put, chunk)

    def send_status(self, body: bytes) -> None:
        """Send the studio's status, a JSON document; an older one not sent yet is forgotten."""
        self._loop.call_soon_threadsafe(self._tell, body)

    async def watch(self) -> None:
        """Wait until the pusher is closed; Refused when the origin turns the studio away."""
        await asyncio.shield(self._refused)

    async def close(self, within_s: float = 2.0) -> None:
        """Send what is queued and end the requests properly, in `within_s` seconds at most."""
        await asyncio.sleep(0)  # what other threads handed over before is taken first
        for lane in self._lanes.values():
            lane.close()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within_s)
        rest = [*self._tasks, *([self._status_task] if self._status_task else [])]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        if not self._refused.done():
            self._refused.set_result(None)

    def _add(self, track: Track) -> None:
        if track.name in self._lanes:
            self._lanes[track.name].track = track
            return
        lane = self._lanes[track.name] = Lane(self._origin, track, self._clock, self.metrics)
        task = self._loop.create_task(lane.run())
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _put(self, chunk: Chunk) -> None:
        lane = self._lanes.get(chunk.track)
        if lane is None:
            log.warning("a chunk of track %s, which was never added, is dropped", chunk.track)
        else:
            lane.put(chunk)

    def _tell(self, body: bytes) -> None:
        self._status.put(body)
        if self._status_task is None:
            self._status_task = self._loop.create_task(self._status.run())

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        log.error("%s", error, exc_info=None if isinstance(error, Refused) else error)
        if not self._refused.done():
            self._refused.set_exception(error)
            self._refused.exception()  # logged above, should nobody watch
