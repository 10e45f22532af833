"""Lane: one track's long request to one origin, kept up for as long as the event lasts.

Chunks enter and leave in the loop's next turn, each in one write. A connection that breaks is made again, begins with
the header, and resumes at a segment's start; what cannot be sent in time gives way whole segments at a time. What is
sent and what an answer means is decided in ingest.py, what gives way and what is sent again in backlog.py.
"""

import asyncio
import logging

from ringside.core.clock import Clock
from ringside.core.media import Chunk, Track
from ringside.core.telemetry import Metrics, throttled
from ringside.flow.mux.backlog import Backlog
from ringside.flow.mux.connect import ANSWER_S, Broken, connect, read_answer
from ringside.flow.mux.ingest import LAST_CHUNK, PROVEN_S, Answer, Origin, Refused, http_chunk, is_own_ghost

log = logging.getLogger(__name__)

STALL_S = 5.0  # an origin that takes no byte for so long is given up
FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 1.0


class Lane:
    """One track's request, made again whenever it breaks."""

    def __init__(self, origin: Origin, track: Track, clock: Clock, metrics: Metrics, **labels: str) -> None:
        self.track = track
        self._labels = {"track": track.name, **labels}
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
            self._metrics.count("ingest_reconnects_total", 1, **self._labels)
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
                ahead = b"" if waiting.init == init else http_chunk(waiting.init)
                init = waiting.init
                await self._write(writer, ahead + http_chunk(waiting.chunk.data))
                self._count_sent(waiting.chunk)
            elif self._closing:
                await self._write(writer, LAST_CHUNK)
                return
            else:
                self._wake.clear()
                await self._wake.wait()

    async def _write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        if writer.transport.is_closing():
            raise ConnectionResetError("it closed the connection")  # which a transport that is closed may not say
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
            self._metrics.count("ingest_dropped_chunks_total", dropped, **self._labels)
            self._drops(f"{self.track.name}: the origin is too slow or away, %d chunks dropped", dropped)

    def _count_sent(self, chunk: Chunk) -> None:
        self._metrics.count("ingest_sent_bytes_total", len(chunk.data), **self._labels)
        if chunk.encoded_ns:
            late_ms = (self._clock.now_ns() - chunk.encoded_ns) / 1e6
            self._metrics.sample("ingest_part_delay_ms", late_ms, **self._labels)
