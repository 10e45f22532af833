"""WhipSource: a source to which OBS and browsers publish, at `http://host:port/PATH` with a bearer token.

A thread shell: `start` binds the port at once, in the caller's thread, then serves from a thread with an event loop of
its own, on which WebRTC runs too; a second thread decodes and calls the sink. One publisher is on the stage at a time.

The sink gets `pts_ns` on one clock for pictures and sound, which begins at the arrival of a publisher's first frame.
"""

import asyncio
import logging
import secrets
import socket
from functools import partial
from typing import Any

from ringside.core.clock import Clock
from ringside.core.errors import Misconfigured
from ringside.core.telemetry import Metrics
from ringside.core.telemetry.rates import Rates
from ringside.flow.capture.coded.backlog import Began, Coded, Ended
from ringside.flow.capture.coded.decoder import Decoder
from ringside.flow.capture.coded.unit import Config, Unit
from ringside.flow.capture.config import Input
from ringside.flow.capture.serving import Serving
from ringside.flow.capture.sink import Sink
from ringside.flow.capture.source import SourceInfo
from ringside.flow.capture.spec import Spec
from ringside.flow.capture.whip import stage
from ringside.flow.capture.whip.door import Door
from ringside.flow.capture.whip.errors import Refused
from ringside.flow.capture.whip.offer import Offer
from ringside.flow.capture.whip.peer import Peer
from ringside.flow.capture.whip.stage import Action, Stage
from ringside.flow.capture.whip.web import MAX_CONNECTIONS, Web

log = logging.getLogger(__name__)

TICK_S = 0.25
LOOK_TICKS = 4
JOIN_S = 5.0
KEY_BYTES = 12
GONE = "the WHIP server was stopped"


def source(spec: Spec, config: Input, clock: Clock, info: SourceInfo, metrics: Metrics | None) -> "WhipSource":
    """The source that a `whip://` name means. Raises Misconfigured."""
    return WhipSource(spec, config.token or config.key, clock, info, config.takeover, metrics)


class WhipSource:
    """A WHIP server as a source. Raises Misconfigured on a token that no publisher could give."""

    kind = "whip"
    delay_ns = 200_000_000  # a picture is whole when the next one begins, and lost packets are sent again

    def __init__(
        self, spec: Spec, token: str, clock: Clock, info: SourceInfo, takeover: bool = False,
        metrics: Metrics | None = None,
    ) -> None:  # fmt: skip
        self.name, self.info, self.port = spec.name, info, spec.port
        self._spec, self._clock, self._metrics = spec, clock, metrics or Metrics()
        self._stage = Stage(takeover)
        self._peers: dict[str, Peer] = {}
        self._address = spec.host
        self._door = Door(token)
        self._decoder: Decoder
        self._codecs: dict[str, str] = {}  # that the decoder is set up for
        self._rates, self._bitrate_bps = Rates(), 0
        self._closing: set[asyncio.Task[None]] = set()
        self._serving = Serving("whip", JOIN_S)

    def __repr__(self) -> str:
        return f"<WhipSource {self.name} {self._stage!r}>"

    def start(self, sink: Sink) -> None:
        """Listen. Raises Misconfigured when the address cannot be had; port 0 becomes the port that was given."""
        listener = self._listen()
        self._address, self.port = listener.getsockname()[:2]
        self._decoder = Decoder(sink, self._clock, self._metrics, "whip", self._want_key)
        self._decoder.start()
        self._serving.start(partial(self._serve, listener))

    def stop(self) -> None:
        """Close every connection and the port; the sink is called no more once this returns."""
        if self._serving.stop():
            self._decoder.stop(GONE)

    def status(self) -> dict[str, Any]:
        """Who publishes, in what, and how well it comes."""
        peer = self._peers.get(self._stage.publisher or "")
        if peer is None:
            return {"publisher": "", "waiting": len(self._peers)}
        return {
            "publisher": peer.address,
            "silent": self._stage.is_silent,
            "codecs": "+".join(codec for _, codec in sorted(peer.codecs.items(), reverse=True)),
            "bitrate_bps": self._bitrate_bps,
            "lost": peer.lost,
            "dropped": sum(self._decoder.backlog.dropped.values()),
            "errors": self._decoder.errors,
        }

    async def take(self, offer: Offer, address: str) -> tuple[str, str]:
        """Let a publisher in: its key, and our answer. Raises Refused."""
        self._stage.admit(self._clock.now_ns())
        key = secrets.token_urlsafe(KEY_BYTES)
        peer = self._peers[key] = Peer(key, address, self, self._clock, self._address)
        self._do(self._stage.enter(key, self._clock.now_ns()))
        try:
            return key, await peer.answer(offer)
        except Refused as refused:
            self._do(self._stage.leave(key, str(refused)))
            raise

    def dismiss(self, key: str) -> bool:
        """A publisher says goodbye."""
        peer = self._peers.get(key)
        if peer is None:
            return False
        self._do(self._stage.leave(key, f"{peer.address} said goodbye"))
        return True

    def heard(self, peer: Peer) -> None:
        """A packet of media came."""
        if actions := self._stage.heard(peer.key, self._clock.now_ns()):
            self._do(actions)

    def coded(self, peer: Peer, unit: Unit, pts_ns: int, arrival_ns: int) -> None:
        """A coded frame came."""
        if self._stage.publisher != peer.key:
            return
        if self._codecs.get(unit.kind) != unit.codec:
            self._codecs[unit.kind] = unit.codec
            self._decoder.put(Coded(Config(unit.kind, unit.codec), pts_ns, arrival_ns))
        self._decoder.put(Coded(unit, pts_ns, arrival_ns))

    def over(self, peer: Peer, reason: str) -> None:
        """A connection has ended."""
        self._do(self._stage.leave(peer.key, reason))

    def _do(self, actions: list[Action]) -> None:
        for action in actions:
            peer = self._peers[action.key]
            match action:
                case stage.Began():
                    self._codecs.clear()
                    self._decoder.put(Began(peer.address))
                case stage.Ended(reason=reason):
                    self._decoder.put(Ended(f"{self.name}: {reason}"))
                case stage.Silent():
                    log.warning("whip: nothing comes from %s any more; its place is free", peer.address)
                case stage.Dismissed(reason=reason):
                    log.info("whip: the connection of %s is closed: %s", peer.address, reason)
                    del self._peers[action.key]
                    self._close(peer)

    def _close(self, peer: Peer) -> None:
        task = self._serving.loop.create_task(peer.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _want_key(self) -> None:
        if (peer := self._peers.get(self._stage.publisher or "")) is not None:
            peer.want_key()

    def _listen(self) -> socket.socket:
        host = self._spec.host
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            return socket.create_server((host, self._spec.port), family=family, backlog=MAX_CONNECTIONS)
        except OSError as error:
            reason = error.strerror or str(error)
            raise Misconfigured(
                f"source {self.name}: {host} port {self._spec.port} cannot be listened on: {reason}"
            ) from None

    async def _serve(self, listener: socket.socket) -> None:
        endpoint = Web(self._spec.app, self._door, self, self._metrics)
        await endpoint.runner.setup()
        server = await self._serving.loop.create_server(endpoint.connection, sock=listener)
        log.info("whip: waiting for a publisher at http://%s:%d%s", self._spec.host, self.port, self._spec.app)
        async with server:
            await self._watch()
        for key in list(self._peers):
            self._do(self._stage.leave(key, GONE))
        await asyncio.gather(*self._closing)
        await endpoint.runner.cleanup()

    async def _watch(self) -> None:
        """Until it is stopped, see who is silent, and count."""
        ticks = 0
        while not self._serving.stopped:
            self._do(self._stage.tick(self._clock.now_ns()))
            self._metrics.gauge("whip_connections", len(self._peers))
            if ticks % LOOK_TICKS == 0:
                await self._look()
            ticks += 1
            await self._serving.pause(TICK_S)

    async def _look(self) -> None:
        peer = self._peers.get(self._stage.publisher or "")
        if peer is not None:
            await peer.look()
            rates = self._rates.take(self._clock.now_ns(), **{peer.key: 8 * peer.bytes})
            self._bitrate_bps = round(rates[peer.key])
