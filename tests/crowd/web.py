"""A real small web server in threads, and a player that does as it is told: for the tests of the engine.

A Web answers each path as the test says, on plain TCP or TLS, and notes each request with its connection. `Told` is a
Player whose asks come from the test; `Wire` joins it to a real Engine and turns the loop until something is true.
"""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from time import monotonic
from types import TracebackType
from typing import Any, Self

from ringside.prove.crowd.arrive.network import link
from ringside.prove.crowd.arrive.tickets import Ticket
from ringside.prove.crowd.engine.engine import Engine
from ringside.prove.crowd.engine.habits import Habits
from ringside.prove.crowd.engine.session import Session
from ringside.prove.crowd.player.base import Ask, Asks, Failure, Feel, Kind, Lane, Reply, Request
from ringside.prove.crowd.tally.tally import Tally

PATIENCE_S = 20.0


@dataclass(frozen=True)
class Asked:
    """One request as the server read it. `connection` counts from 0 in the order of their being accepted."""

    connection: int
    target: str
    fields: dict[str, str]
    order: list[str]
    at_s: float


class Conversation:
    """A connection from the server's side."""

    def __init__(self, sock: socket.socket, number: int, closing: threading.Event) -> None:
        self.sock, self.number, self.closing = sock, number, closing
        self._buffer = b""

    def read(self) -> Asked | None:
        while b"\r\n\r\n" not in self._buffer:
            data = self.sock.recv(65536)
            if not data:
                return None
            self._buffer += data
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = [line.split(": ", 1) for line in lines]
        order = [name for name, _ in pairs]
        return Asked(self.number, first.split(" ")[1], dict(pairs), order, monotonic())

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def answer(self, body: bytes = b"", status: str = "200 OK", *fields: str) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields, "", ""]
        self.send("\r\n".join(lines).encode() + body)

    def reset(self) -> None:
        """Close with RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


Answer = Callable[[Conversation, Asked], bool | None]
"""What is done with a request; False ends the connection."""


class Web:
    """`with Web() as web: web.on("/a", answer)`; what is not told of is a 404."""

    def __init__(self, tls: ssl.SSLContext | None = None, greeting: bytes = b"") -> None:
        self._tls = tls
        self._greeting = greeting
        self._answers: dict[str, Answer] = {}
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []
        self._socks: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.asked: list[Asked] = []
        self.connections = 0
        self.open = 0
        self.most_open = 0
        self._lock = threading.Lock()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def url(self, path: str = "/") -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}{path}"

    def on(self, path: str, answer: Answer) -> str:
        """Answer requests whose path begins so; the URL."""
        self._answers[path] = answer
        return self.url(path)

    def say(self, path: str, body: bytes = b"", status: str = "200 OK", *fields: str) -> str:
        """Answer with this."""
        return self.on(path, lambda talk, asked: talk.answer(body, status, *fields))

    def say_raw(self, path: str, *pieces: bytes, close: bool = False) -> str:
        """Answer with these bytes and nothing else."""

        def answer(talk: Conversation, asked: Asked) -> bool:
            for piece in pieces:
                talk.send(piece)
            return not close

        return self.on(path, answer)

    def __enter__(self) -> Self:
        self._spawn(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in list(self._socks):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        assert not [thread for thread in self._threads if thread.is_alive()]

    def _spawn(self, target: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._socks.append(sock)
            number, self.connections = self.connections, self.connections + 1
            self._spawn(self._serve, sock, number)

    def _serve(self, sock: socket.socket, number: int) -> None:
        with self._lock:
            self.open += 1
            self.most_open = max(self.most_open, self.open)
        with contextlib.suppress(OSError, ValueError):
            self._converse(sock, number)
        with contextlib.suppress(OSError):
            sock.close()
        with self._lock:
            self.open -= 1

    def _converse(self, sock: socket.socket, number: int) -> None:
        if self._tls is not None:
            sock.settimeout(5)
            sock = self._tls.wrap_socket(sock, server_side=True)
            sock.settimeout(None)
            self._socks.append(sock)
        talk = Conversation(sock, number, self._closing)
        talk.send(self._greeting)
        try:
            while (asked := talk.read()) is not None:
                self.asked.append(asked)
                paths = [path for path in self._answers if asked.target.startswith(path)]
                answer = self._answers[max(paths, key=len)] if paths else None
                if answer is None:
                    talk.answer(b"", "404 Not Found")
                elif answer(talk, asked) is False:
                    break
        finally:
            sock.close()

    def targets(self) -> list[str]:
        return [asked.target for asked in self.asked]


def hold(talk: Conversation, asked: Asked) -> bool:
    """Say nothing for as long as the test lasts."""
    talk.closing.wait(PATIENCE_S)
    return False


@dataclass
class Got:
    """What a player was told of one request."""

    lane: Lane
    request: Request
    at_s: float
    status: int = 0
    url: str = ""
    body: bytes = b""
    nbytes: int = 0
    failure: Failure | None = None
    sent_s: float = 0.0
    first_s: float = 0.0


@dataclass
class Told:
    """A Player: `begin` is asked at the start, `then` makes an answer to each thing told."""

    begin: Iterable[Ask] = ()
    then: Callable[[Got], Asks] = lambda got: ()
    got: list[Got] = field(default_factory=list)
    grown: list[tuple[float, int, bytes]] = field(default_factory=list)
    on_growth: Callable[[int], Asks] = lambda size: ()
    feel: Feel = field(default_factory=lambda: Feel(0.0))
    failed_why: str | None = None
    starts: int = 0

    def start(self, now_s: float) -> Asks:
        self.starts += 1
        return tuple(self.begin)

    def received(self, now_s: float, lane: Lane, reply: Reply) -> Asks:
        seen = (reply.status, reply.url, reply.body, reply.nbytes, None, reply.sent_s, reply.first_s)
        self.got.append(Got(lane, reply.request, now_s, *seen))
        return self.then(self.got[-1])

    def grew(self, now_s: float, lane: Lane, request: Request, offset: int, new: memoryview) -> Asks:
        self.grown.append((now_s, offset, bytes(new)))
        return self.on_growth(offset + len(new))

    def failed(self, now_s: float, lane: Lane, request: Request, failure: Failure) -> Asks:
        self.got.append(Got(lane, request, now_s, failure=failure))
        return self.then(self.got[-1])

    def wake(self, now_s: float) -> Asks:
        return ()

    def given_up(self) -> str | None:
        return self.failed_why

    @property
    def failures(self) -> list[Failure]:
        return [got.failure for got in self.got if got.failure is not None]

    @property
    def statuses(self) -> list[int]:
        return [got.status for got in self.got if got.failure is None]


def trusting() -> ssl.SSLContext:
    """A client's TLS that verifies nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Wire:
    """A real engine with viewers that are told what to do."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, **habits: Any) -> None:
        self.tally = Tally()
        self.began_s = monotonic()
        chosen = {"headers": (("User-Agent", "test"),), **habits}
        self.engine = Engine(Habits(**chosen), self.tally, tls or trusting(), self.began_s, 0.0)
        self.world = self.engine.world
        self.sessions: list[Session] = []

    def viewer(self, player: Told, network: str = "lan", leave_in_s: float = 1e9) -> Session:
        ticket = Ticket(len(self.sessions), 0.0, leave_in_s, network, False, 0.0, 1)
        session = Session(ticket, link(network, False, 1), monotonic() + leave_in_s)
        session.player = player  # type: ignore[assignment]
        self.sessions.append(session)
        self.engine.add(session, monotonic())
        return session

    def media(self, url: str, **more: Any) -> Request:
        return self.world.request(url, Kind.MEDIA, **more)

    def until(self, true: Callable[[], object]) -> Self:
        """Turn until it is true; a test that waits in vain fails."""
        limit_s = monotonic() + PATIENCE_S
        while not true():
            assert monotonic() < limit_s, "waited in vain"
            self.engine.turn(monotonic() + 0.05)
        return self

    def turn_for(self, seconds: float) -> Self:
        limit_s = monotonic() + seconds
        while monotonic() < limit_s:
            self.engine.turn(limit_s)
        return self

    def close(self) -> None:
        for session in self.engine.everyone():
            self.engine.remove(session, monotonic())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def get(wire: Wire, *requests: Request, network: str = "lan") -> list[Got]:
    """Ask for these, one after the other, and wait for what becomes of them."""
    left = list(requests)
    player = Told((Ask(Lane.VIDEO, left.pop(0)),), lambda got: (Ask(Lane.VIDEO, left.pop(0)),) if left else ())
    wire.viewer(player, network)
    wire.until(lambda: len(player.got) == len(requests))
    return player.got
