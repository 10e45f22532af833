"""One TCP connection: carries out what its `Session` decides, on the event loop of the server.

Bytes go to the session with the time at which they came; its actions go to the socket, the stage and the decoder.
A peer that makes us answer and does not read is cut off. Closing says goodbye first: what was sent is delivered and
what still comes in is thrown away, for `LINGER_S` at most.
"""

import asyncio
import logging
import os
from collections.abc import Callable
from typing import Protocol, cast

from ringside.core.clock import Clock
from ringside.core.telemetry import Metrics
from ringside.flow.capture.coded.backlog import Began, Coded, Ended
from ringside.flow.capture.coded.decoder import Decoder
from ringside.flow.capture.rtmp import actions
from ringside.flow.capture.rtmp.door import Door
from ringside.flow.capture.rtmp.handshake import ENTROPY_BYTES
from ringside.flow.capture.rtmp.session import Session

log = logging.getLogger(__name__)

MAX_UNREAD_BYTES = 64 << 10
LINGER_S = 1.0


class Stage(Protocol):
    """What connections share: the server."""

    clock: Clock
    metrics: Metrics
    door: Door
    decoder: Decoder
    codecs: frozenset[str]
    connections: "dict[Connection, None]"

    def is_busy_for(self, connection: "Connection") -> bool:
        """Whether another connection publishes and may not be replaced."""
        ...

    def enter(self, connection: "Connection") -> None:
        """`connection` publishes from now on; an older publisher goes."""
        ...

    def leave(self, connection: "Connection") -> None:
        """`connection` publishes no more."""
        ...


class Connection(asyncio.Protocol):
    """One peer."""

    def __init__(self, stage: Stage) -> None:
        self.peer = "?"
        self._stage = stage
        self._transport: asyncio.Transport | None = None
        self._cut = False
        self._arrival_ns = stage.clock.now_ns()
        self._session = Session(stage.door, stage.codecs, os.urandom(ENTROPY_BYTES), self._arrival_ns)

    def __repr__(self) -> str:
        return f"<Connection {self.peer} {self._session!r}>"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: the peer is there."""
        self._transport = cast(asyncio.Transport, transport)
        self.peer = str((transport.get_extra_info("peername") or "?")[0])
        if self._cut:
            self.abort()

    def data_received(self, data: bytes) -> None:
        """asyncio: bytes came."""
        self._arrival_ns = self._stage.clock.now_ns()
        self._act(self._session.receive(data, self._arrival_ns, self._stage.is_busy_for(self)))

    def eof_received(self) -> bool:
        """asyncio: the peer will send no more; so we close too."""
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """asyncio: the socket is gone."""
        self._transport = None
        self._stage.connections.pop(self, None)
        self._act(self._session.lost())

    def tick(self) -> None:
        """Time passed."""
        self._act(self._session.tick(self._stage.clock.now_ns()))

    def dismiss(self, reason: str) -> None:
        """It has to go, through no fault of its own."""
        self._act(self._session.dismiss(reason))

    def abort(self) -> None:
        """Cut the connection at once, or as soon as it is made."""
        self._cut = True
        if self._transport is not None:
            self._transport.abort()

    def _act(self, decided: list[actions.Action]) -> None:
        for action in decided:
            _DO[type(action)](self, action)

    def _send(self, action: actions.Send) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(action.data)
        if self._transport.get_write_buffer_size() > MAX_UNREAD_BYTES:
            log.warning("rtmp: %s does not read what it asked for; its connection is cut", self.peer)
            self._transport.abort()

    def _published(self, action: actions.Published) -> None:
        self._stage.enter(self)
        log.info("rtmp: %s publishes", self.peer)
        self._stage.decoder.put(Began(self.peer))

    def _media(self, action: actions.Media) -> None:
        self._stage.decoder.put(Coded(action.unit, action.pts_ns, self._arrival_ns))

    def _spoiled(self, action: actions.Spoiled) -> None:
        self._stage.metrics.count("rtmp_messages_spoiled_total")
        log.debug("rtmp: %s: %s", self.peer, action.reason)

    def _unpublished(self, action: actions.Unpublished) -> None:
        self._stage.leave(self)
        self._stage.decoder.put(Ended(f"{self.peer}: {action.reason}"))

    def _close(self, action: actions.Close) -> None:
        if action.fault:
            self._stage.metrics.count("rtmp_connections_refused_total")
            log.warning("rtmp: %s was disconnected: %s", self.peer, action.reason)
        else:
            log.info("rtmp: %s: %s", self.peer, action.reason)
        if self._transport is None or self._transport.is_closing():
            return
        if self._transport.can_write_eof():
            self._transport.write_eof()
        asyncio.get_running_loop().call_later(LINGER_S, self.abort)


_DO: dict[type, Callable[[Connection, actions.Action], None]] = {
    actions.Send: Connection._send,  # type: ignore[dict-item]
    actions.Published: Connection._published,  # type: ignore[dict-item]
    actions.Media: Connection._media,  # type: ignore[dict-item]
    actions.Spoiled: Connection._spoiled,  # type: ignore[dict-item]
    actions.Unpublished: Connection._unpublished,  # type: ignore[dict-item]
    actions.Close: Connection._close,  # type: ignore[dict-item]
}
