"""RtmpSource: a source to which OBS, ffmpeg and the like push, at `rtmp://host:port/app/KEY`.

A thread shell: `start` binds the port at once, in the caller's thread, then serves from a thread with an event loop
of its own; a second thread decodes and calls the sink. One publisher is on the stage at a time.

The sink gets `pts_ns` = the wire's 32-bit millisecond timestamp plus the frame's own offset, in nanoseconds, as it
came: it wraps at `wrap_ns` and jumps when the publisher's clock does. `arrival_ns` is when the last byte came that the
frame waited for, B-frames after it included; it never goes back.
"""

import asyncio
import logging
import socket
from functools import partial

from ringside.core.clock import Clock
from ringside.core.errors import Misconfigured
from ringside.core.telemetry import Metrics, throttled
from ringside.flow.capture.coded.decoder import Decoder, available
from ringside.flow.capture.rtmp import flv
from ringside.flow.capture.rtmp.actions import WRAP_NS
from ringside.flow.capture.rtmp.connection import Connection
from ringside.flow.capture.rtmp.door import Door
from ringside.flow.capture.serving import Serving
from ringside.flow.capture.sink import Sink

log = logging.getLogger(__name__)

TICK_S = 0.25
MAX_CONNECTIONS = 32
SEND_BUFFER_BYTES = 64 << 10
JOIN_S = 3.0


class RtmpSource:
    """An RTMP server as a source. Raises Misconfigured on a name that no publisher could give."""

    kind = "rtmp"
    delay_ns = 120_000_000
    wrap_ns = WRAP_NS

    def __init__(
        self,
        host: str,
        port: int,
        app: str,
        key: str,
        clock: Clock,
        takeover: bool = False,
        metrics: Metrics | None = None,
    ) -> None:
        self.host, self.port = host, port
        self.clock = clock
        self.metrics = metrics or Metrics()
        self.takeover = takeover
        self.door = Door(app, key)
        self.codecs = available(flv.NAMES)
        self.connections: dict[Connection, None] = {}  # the oldest first
        self.decoder: Decoder
        self._publisher: Connection | None = None
        self._say_full = throttled(log, clock)
        self._serving = Serving("rtmp", JOIN_S)

    @property
    def name(self) -> str:
        """The address to push to, without the key."""
        return f"rtmp://{self.host}:{self.port}/{self.door.app}"

    def __repr__(self) -> str:
        return f"<RtmpSource {self.name} {len(self.connections)} connections, publisher {self._publisher}>"

    def start(self, sink: Sink) -> None:
        """Listen. Raises Misconfigured when the address cannot be had; port 0 becomes the port that was given."""
        listener = self._bind()
        self.port = listener.getsockname()[1]
        self.decoder = Decoder(sink, self.clock, self.metrics)
        self.decoder.start()
        self._serving.start(partial(self._serve, listener))

    def stop(self) -> None:
        """Close every connection and the port; the sink is called no more once this returns."""
        if self._serving.stop():
            self.decoder.stop("the RTMP server was stopped")

    def is_busy_for(self, connection: Connection) -> bool:
        """Whether another connection publishes and may not be replaced."""
        return not self.takeover and self._publisher not in (None, connection)

    def enter(self, connection: Connection) -> None:
        """`connection` publishes from now on; an older publisher goes."""
        older, self._publisher = self._publisher, connection
        if older is not None:
            older.dismiss("another publisher took over")

    def leave(self, connection: Connection) -> None:
        """`connection` publishes no more."""
        if self._publisher is connection:
            self._publisher = None

    def _bind(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        try:
            listener = socket.create_server((self.host, self.port), family=family, backlog=MAX_CONNECTIONS)
        except OverflowError:
            raise Misconfigured(f"rtmp port: {self.port} is not between 0 and 65535") from None
        except OSError as error:
            reason = error.strerror or str(error)
            raise Misconfigured(f"rtmp: {self.host} port {self.port} cannot be listened on: {reason}") from None
        # Inherited by every connection: little is ever said, and a peer that does not listen is found out early.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        return listener

    async def _serve(self, listener: socket.socket) -> None:
        server = await asyncio.get_running_loop().create_server(self._accept, sock=listener)
        log.info("rtmp: waiting for a publisher at %s/KEY", self.name)
        async with server:
            while not self._serving.stopped:
                for connection in list(self.connections):
                    connection.tick()
                self.metrics.gauge("rtmp_connections", len(self.connections))
                await self._serving.pause(TICK_S)
        for connection in list(self.connections):
            connection.dismiss("the RTMP server was stopped")
        await asyncio.sleep(0)  # what was said goodbye leaves now
        for connection in list(self.connections):
            connection.abort()
        await asyncio.sleep(0)

    def _accept(self) -> asyncio.Protocol:
        # Strangers who fill the house must not keep the publisher out: the oldest of them goes.
        if len(self.connections) >= MAX_CONNECTIONS:
            self.metrics.count("rtmp_connections_refused_total")
            self._say_full(f"rtmp: {MAX_CONNECTIONS} connections are open: %d were cut that had not published", 1)
            oldest = next(known for known in self.connections if known is not self._publisher)
            del self.connections[oldest]
            oldest.abort()
        connection = Connection(self)
        self.connections[connection] = None
        return connection
