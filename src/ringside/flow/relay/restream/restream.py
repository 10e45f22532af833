"""Restream: one service that the programme is pushed on to: made, sent to, lost and made again, for as long as it runs.

Pieces of tracks enter by `take`; what leaves goes to an outlet. Whatever becomes of the far end touches nobody else.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence
from typing import Any

from ringside.core.clock import Clock
from ringside.core.ends import first
from ringside.core.telemetry import Rates
from ringside.flow.relay.restream.config import Config
from ringside.flow.relay.restream.outlet import Broken, Outlet, Tools, Writer
from ringside.flow.relay.restream.pace import Pace
from ringside.flow.relay.restream.queue import Packet, Queue
from ringside.flow.relay.restream.rtmp import Rtmp
from ringside.flow.relay.restream.srt import SrtOutlet
from ringside.flow.relay.restream.standing import Standing
from ringside.flow.relay.restream.take import Piece

log = logging.getLogger(__name__)


class Restream:
    """One service. `context`: for TLS, instead of the system's certificates."""

    def __init__(
        self,
        config: Config,
        tools: Tools,
        clock: Clock,
        chance: Callable[[], float],
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.target = config.target
        self.name = config.shown
        self.sent_bytes = 0
        self._clock, self._chance, self._context = clock, chance, context
        self._programme = tools.programme(config.track, config.sound)
        self._writers = tools.writers["srt" if self.target.kind == "srt" else "rtmp"]
        self._queue: Queue[Packet] = Queue()
        self._standing = Standing(clock.now_ns())
        self._outlet: Outlet | None = None
        self._more = asyncio.Event()
        self._rates = Rates()

    def __repr__(self) -> str:
        return f"<Restream {self.name} {self._standing!r} {self._queue!r}>"

    def take(self, pieces: Sequence[Piece]) -> None:
        """What was published at once."""
        for packet in self._programme.take(pieces):
            self._queue.put(packet)
        if len(self._queue):
            self._more.set()

    def waits(self, why: str) -> None:
        """Nothing is published, as far as is known here."""
        if self._standing.state == "waiting":
            self._standing.waits(why, self._clock.now_ns())

    async def run(self) -> None:
        """Push, for ever."""
        while True:
            await self._anything()
            self._standing.connects(self._clock.now_ns())
            why = "it ended"
            try:
                await self._connection()
            except Broken as error:
                why = str(error)
            wait_s = self._standing.fails(why, self._clock.now_ns(), self._chance())
            log.warning("restream to %s: %s; trying again in %.1f s", self.name, why, wait_s)
            await asyncio.sleep(wait_s)

    def row(self) -> dict[str, Any]:
        """For the status page; the rate is since this was asked last. There is no key in it."""
        standing, queue = self._standing, self._queue
        rate = self._rates.take(self._clock.now_ns(), sent=self.sent_bytes)["sent"] * 8
        why = standing.why or (self._programme.why if standing.state == "waiting" else "")
        return {
            "name": self.name,
            "to": self.target.name,
            "state": standing.state,
            "since_ms": standing.since_ns // 10**6,
            "why": why,
            "tracks": list(self._programme.tracks),
            "bitrate_bps": round(rate),
            "sent_bytes": self.sent_bytes,
            "waiting_bytes": queue.bytes,
            "dropped": queue.dropped,
            "dropped_groups": queue.groups,
            "skipped": self._programme.skipped,
            "restarts": standing.restarts,
            **(self._outlet.status() if self._outlet is not None else {}),
        }

    async def _connection(self) -> None:
        """One, from its beginning to its end. Raises Broken."""
        outlet: Outlet = SrtOutlet(self.target) if self.target.kind == "srt" else Rtmp(self.target, self._context)
        writer = self._writers()
        try:
            await outlet.open()
            self._outlet = outlet
            self._standing.lives(self._clock.now_ns())
            self._queue.taken = True
            log.info("restream to %s: live", self.name)
            await first(outlet.watch(), self._pump(outlet, writer))
        finally:
            self._queue.leave()
            self._outlet = None
            writer.close()
            await outlet.close()

    async def _pump(self, outlet: Outlet, writer: Writer) -> None:
        pace = Pace()
        while True:
            await self._anything()
            packet = self._queue.first()
            if packet is None:
                continue
            wait_ns = pace.wait_ns(packet.decode_ns, self._queue.newest_ns, self._clock.now_ns())
            if wait_ns:
                await asyncio.sleep(wait_ns / 1e9)
                continue  # what was first may have been given up meanwhile
            self._queue.pop()
            self.sent_bytes += await outlet.send(writer.write(packet))

    async def _anything(self) -> None:
        """Until there is something in the queue."""
        while not len(self._queue):
            self._more.clear()
            await self._more.wait()
