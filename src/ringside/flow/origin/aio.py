"""The ingest server: sockets in, messages out. What to take and what to refuse is decided elsewhere.

One asyncio.Protocol per connection, parsed by httptools; connections arrive on a listener of its own or are handed
over by an edge worker together with the bytes it has read. A timer ticks the desk many times a second.
"""

import asyncio
import contextlib
import json
import logging
import socket
from collections.abc import Callable
from typing import Any, cast

import httptools

from ringside.core.clock import Clock
from ringside.core.feed import Message
from ringside.core.studio import HEADER, NOBODY, Studio
from ringside.flow.origin.config import Config
from ringside.flow.origin.desk import Body, Desk
from ringside.flow.origin.ingest import is_authorised, route, sender
from ringside.flow.origin.letter import Letter
from ringside.flow.origin.publish import Publisher
from ringside.flow.origin.refused import Refused
from ringside.flow.origin.request import CONTINUE, Head, answer
from ringside.flow.origin.select import Stopgap, stopgap
from ringside.flow.origin.target import JSON

log = logging.getLogger(__name__)

TICK_S = 0.025
HEAD_S = 10.0  # a request's head must be complete after so long
IDLE_S = 30.0  # a connection that sends nothing for so long is closed
MOST_CONNECTIONS = 128

OnMessages = Callable[[list[Message]], None]
OnStatus = Callable[[dict[str, Any]], dict[str, Any] | None]
OnTarget = Callable[[int], dict[str, Any]]
OnSource = Callable[[dict[str, Any]], dict[str, Any]]
OnNews = Callable[[str], None]
OnStopgap = Callable[[list[dict[str, Any]]], None]


class IngestServer:
    """Takes CMAF from publishers for one event; `on_messages` gets what the edge must know, in order.

    `on_status(values)` gets a studio's, with its name, and may answer it; `on_target(ms)` and `on_source(values)` get
    an operator's orders, and say what follows from them; `on_news(line)` hears that another studio's media is taken;
    `on_stopgap(tracks)` that no studio sends anything, and the tracks that the slate must be made in: none once one is
    back.
    """

    def __init__(
        self,
        publisher: Publisher,
        on_messages: OnMessages,
        clock: Clock,
        config: Config,
        on_status: OnStatus | None = None,
        on_target: OnTarget | None = None,
        on_source: OnSource | None = None,
        on_news: OnNews = lambda line: None,
        on_stopgap: OnStopgap = lambda tracks: None,
    ) -> None:
        self.publisher = publisher
        self.config = config
        self.clock = clock
        self.on_status = on_status
        self.on_target = on_target
        self.on_source = on_source
        self.on_news = on_news
        self.on_stopgap = on_stopgap
        self.desk = Desk(publisher, config)
        self.stopgap = Stopgap(config.slate_after_s, clock.now_ns())
        self.connections: set[_Connection] = set()
        self.senders: dict[Body, _Connection] = {}
        self._on_messages = on_messages
        self._servers: list[asyncio.Server] = []
        self._adopting: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<IngestServer {len(self.connections)} connections {self.publisher!r}>"

    def start(self) -> None:
        """Begin to tick, and tell the edge what to expect; once, within the running loop."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TICK_S, self._tick)
            self.emit(self.publisher.begin())

    async def listen(
        self, host: str = "127.0.0.1", port: int = 0, *, path: str | None = None, sock: socket.socket | None = None
    ) -> int:
        """Listen on an address, a unix socket's path or a listening socket; the port, 0 where there is none."""
        loop = asyncio.get_running_loop()
        self.start()
        if path is not None:
            server = await loop.create_unix_server(self._connection, path)
        elif sock is not None:
            server = await loop.create_server(self._connection, sock=sock)
        else:
            server = await loop.create_server(self._connection, host, port)
        self._servers.append(server)
        name = server.sockets[0].getsockname()
        return int(name[1]) if isinstance(name, tuple) else 0

    def adopt(self, sock: socket.socket, initial: bytes) -> None:
        """Take over an accepted connection of which `initial` has been read already."""
        self.start()
        task = asyncio.get_running_loop().create_task(self._adopt(sock, initial))
        self._adopting.add(task)
        task.add_done_callback(self._adopting.discard)

    async def _adopt(self, sock: socket.socket, initial: bytes) -> None:
        sock.setblocking(False)
        try:
            factory = lambda: _Connection(self, initial)  # noqa: E731
            await asyncio.get_running_loop().connect_accepted_socket(factory, sock)
        except OSError as error:
            log.warning("a connection handed over was gone: %s", error)
            sock.close()

    async def close(self) -> None:
        """Stop listening and cut every publisher off."""
        if self._timer is not None:
            self._timer.cancel()
        for server in self._servers:
            server.close()
        for connection in list(self.connections):
            connection.abort()
        for server in self._servers:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(server.wait_closed(), 1)

    def emit(self, messages: list[Message]) -> None:
        """Pass messages on."""
        if messages:
            self._on_messages(messages)
        for line in self.desk.studios.board.news():
            log.warning("%s", line)
            self.on_news(line)

    def describe(self) -> dict[str, Any]:
        """For the status page: the publisher, and the studios that each track may be taken from. JSON-ready."""
        described, now_ns = self.publisher.describe(), self.clock.now_ns()
        for name, row in described["tracks"].items():
            row["candidates"] = self.desk.studios.board.describe(name, now_ns)
        return {**described, "switches": self.desk.studios.board.switches}

    def cut_off(self, bodies: list[Body]) -> None:
        """Another publisher has taken over: end these requests."""
        for body in bodies:
            sender = self.senders.pop(body, None)
            if sender is not None:
                sender.refuse(Refused(409, f"track {body.track} was taken over by another publisher"))

    def answer(self, letter: Letter, studio: Studio) -> dict[str, Any] | None:
        """What a letter is answered. Raises Refused 404, and what those refuse whom it is for."""
        if letter.kind == "status":
            known = {"studio": {"name": studio.name, "order": studio.order}} if studio.name else {}
            return self.on_status({**letter.values(), **known}) if self.on_status else None
        if letter.kind == "source" and self.on_source is not None:
            return self.on_source(letter.values())
        if letter.kind == "target" and self.on_target is not None:
            return self.on_target(letter.target_ms())
        raise Refused(404, f"there is no {letter.kind} here")

    def _connection(self) -> asyncio.Protocol:
        return _Connection(self)

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(TICK_S, self._tick)
        now_ns = self.clock.now_ns()
        self.emit(self.desk.tick(now_ns))
        tracks = self.desk.studios.on_air
        if self.stopgap.look(self.desk.studios.board, bool(tracks), now_ns):
            self.on_stopgap(stopgap.told(tracks) if self.stopgap.wanted else [])
        for connection in list(self.connections):
            connection.check_deadline(loop.time())


class _Connection(asyncio.Protocol):
    """One publisher's connection: heads to `route`, bodies to the desk."""

    def __init__(self, server: IngestServer, initial: bytes = b"") -> None:
        self._server = server
        self._initial = initial
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._peer = ""
        self._head = Head()
        self._body: Body | None = None
        self._letter: Letter | None = None
        self._studio = NOBODY
        self._told = ""
        self._began_s = self._heard_s = 0.0
        self._in_head = False
        self._over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by descent
        peer = transport.get_extra_info("peername")
        self._peer = str(peer[0]) if isinstance(peer, tuple) and peer else "local"
        self._began_s = self._heard_s = asyncio.get_running_loop().time()
        if len(self._server.connections) >= MOST_CONNECTIONS:
            self.refuse(Refused(503, "too many publishers are connected"))
            return
        self._server.connections.add(self)
        if self._initial:
            self.data_received(self._initial)
            self._initial = b""

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connections.discard(self)
        self._over = True
        self._finish_body()

    def data_received(self, data: bytes) -> None:
        if self._over:
            return
        self._heard_s = asyncio.get_running_loop().time()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            cause = error.__context__
            if not isinstance(cause, Refused):
                raise
            self.refuse(cause)
        except httptools.HttpParserUpgrade:
            self.refuse(Refused(400, "there is nothing to upgrade to"))
        except httptools.HttpParserError as error:
            self.refuse(Refused(400, f"this is not HTTP: {error}"))

    def check_deadline(self, now_s: float) -> None:
        """Close a connection that dawdles."""
        if self._in_head and now_s - self._began_s > HEAD_S:
            self.refuse(Refused(408, f"the request's head was not complete after {HEAD_S:.0f} s"))
        elif now_s - self._heard_s > IDLE_S:
            self.abort()

    def refuse(self, refused: Refused) -> None:
        """Answer with the reason and close: the rest of the body is not wanted."""
        if self._over or self._transport is None:
            return
        self._over = True
        self._server.publisher.metrics.count("publishers_refused_total", status=str(refused.status))
        log.warning("publisher %s refused: %d, %s", self._peer, refused.status, refused)
        self._finish_body()
        self._transport.write(answer(refused.status, str(refused), keep=False))
        self._transport.close()

    def abort(self) -> None:
        """Close without a word."""
        self._over = True
        if self._transport is not None:
            self._transport.abort()

    # called by the parser

    def on_message_begin(self) -> None:
        self._head, self._letter, self._told = Head(), None, ""
        self._in_head = True
        self._began_s = self._heard_s

    def on_url(self, piece: bytes) -> None:
        self._head.add_url(piece)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head.add_header(name, value or b"")

    def on_headers_complete(self) -> None:
        head, server = self._head, self._server
        self._in_head = False
        head.method = self._parser.get_method().decode("latin-1")
        head.check_framing()
        if not is_authorised(head.headers.get("authorization", ""), server.config.ingest_token):
            raise Refused(401, "publishing needs the ingest token")
        target = route(head.method, head.url.decode("latin-1"), server.publisher.event)
        self._studio = sender(head.headers.get(HEADER.lower()))
        if target.kind in ("stream", "object"):
            who = f"{self._peer} {head.headers.get('user-agent', '')}"
            self._body, replaced = server.desk.start(target, who, server.clock.now_ns(), self._studio)
            server.senders[self._body] = self
            server.cut_off(replaced)
        elif target.kind in ("status", "target", "source"):
            self._letter = Letter(target.kind)
        if head.expects_continue and self._transport is not None:
            self._transport.write(CONTINUE)

    def on_body(self, data: bytes) -> None:
        if self._body is not None:
            messages, refused = self._server.desk.feed(self._body, data, self._server.clock.now_ns())
            self._server.emit(messages)
            if refused is not None:
                raise refused
        elif self._letter is not None:
            self._letter.add(data)

    def on_message_complete(self) -> None:
        letter, self._letter = self._letter, None
        if letter is not None:
            self._read(letter)
        if self._body is not None:
            self._server.desk.check_whole(self._body)
        self._finish_body()
        keep = self._parser.should_keep_alive()
        if self._transport is not None and not self._over:
            self._transport.write(answer(200, self._told, keep, JSON) if self._told else answer(200, keep=keep))
            if not keep:
                self._over = True
                self._transport.close()

    def _read(self, letter: Letter) -> None:
        """A letter is whole."""
        answer = self._server.answer(letter, self._studio)
        self._told = json.dumps(answer) if answer else ""

    def _finish_body(self) -> None:
        body, self._body = self._body, None
        if body is not None:
            self._server.senders.pop(body, None)
            self._server.emit(self._server.desk.finish(body, self._server.clock.now_ns()))
