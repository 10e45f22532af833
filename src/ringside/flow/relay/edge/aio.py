"""Edge: the shell of one worker. It does what `decide` says, for all connections of a process (asyncio, uvloop).

What enters: requests from connections, frames from the feed, ticks. What leaves: answers, releases, drops. Held
viewers are entries of a table, walked when what they wait for arrives; one timer for the whole worker looks after
every deadline. Time is read once a tick: deadlines are seconds, a tick is a tenth of one.
"""

import asyncio
import socket
from collections import Counter
from collections.abc import Iterable
from email.utils import formatdate

from ringside.core.clock import Clock
from ringside.core.errors import Misconfigured
from ringside.core.feed import Cache, Document, Handover, Report, encode
from ringside.flow.relay.answer.decide import Decision, Follow, Hold, decide, too_late
from ringside.flow.relay.answer.request import KEPT, Reader, Request
from ringside.flow.relay.answer.serve import Serve, refusal
from ringside.flow.relay.answer.store import Store
from ringside.flow.relay.answer.waiting import Waiting
from ringside.flow.relay.edge.config import Asset, Config
from ringside.flow.relay.edge.special import SPECIAL, event_frame
from ringside.flow.relay.edge.stats import Stats
from ringside.flow.relay.feed.link import Link
from ringside.flow.relay.wire.connection import Connection
from ringside.flow.relay.wire.writing import Writing

TICK_S = 0.1
IDLE_EVERY_TICKS = 50
STATUS = "/status.json"
PUBLISHING = {"PUT", "POST", "DELETE"}
SEND_BUFFER = 425_984  # bytes: a part at once; more would only be memory that a slow reader holds


class Edge:
    """One worker's viewers, and what it can answer them with."""

    def __init__(self, config: Config, assets: Iterable[Asset], clock: Clock, name: str = "edge") -> None:
        self.config = config
        self.clock = clock
        self.loop = asyncio.get_running_loop()
        self.store = Store(Document(a.path, a.body, a.content_type, Cache.ASSET) for a in assets)
        self.waiting: Waiting[Connection] = Waiting(config.max_connections)
        self.reader = Reader()
        self.answers: dict[bytes, Serve] = {}  # to heads asked since the store last changed
        self.feed: Link | None = None
        self.stats = Stats(name, self)
        self.connections: set[Connection] = set()
        self.subscribers: dict[Connection, None] = {}
        self.partial: dict[Connection, int] = {}  # heads that have begun, and when
        self.blocked: dict[Writing, None] = {}  # sockets that are full
        self.lingering: dict[Connection, int] = {}  # half closed, and until when
        self.statuses: Counter[int] = Counter()
        self.requests = self.bytes = self.slow_dropped = self.turned_away = self.handed_over = 0
        self.no_descriptors = self.late = 0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._ticks = 0
        self._due_s = 0.0
        self.now_ns = 0
        self._date_s = -1
        self.date = b""
        self.read_time()

    def __repr__(self) -> str:
        return f"<Edge {len(self.connections)} connections {self.waiting.count} held {self.store!r}>"

    # Coming and going

    async def start(self) -> None:
        """Listen on the public port. Raises Misconfigured when that cannot be."""
        listener = listen(self.config.host, self.config.port)
        self.port = listener.getsockname()[1]
        self._server = await self.loop.create_server(lambda: Connection(self), sock=listener, backlog=4096)
        self._due_s = self.loop.time() + TICK_S
        self._timer = self.loop.call_at(self._due_s, self._tick)

    async def stop(self, within_s: float = 0.8) -> None:
        """Accept nobody, finish what is being written, hang up on the rest: a player asks another worker."""
        if self._server is not None:
            self._server.close()
        for connection in tuple(self.connections):
            if connection not in self.blocked:
                connection.finish_and_close()
        for _ in range(int(within_s / TICK_S)):
            if self.blocked:
                await asyncio.sleep(TICK_S)
        for connection in tuple(self.connections):
            connection.abort()
        if self._timer is not None:
            self._timer.cancel()
        await asyncio.sleep(0)

    def arrived(self, connection: Connection) -> None:
        """A connection was made."""
        self.connections.add(connection)
        if len(self.connections) > self.config.max_connections:
            self.turned_away += 1
            connection.refuse_and_close(503, "this server is full")

    def left(self, connection: Connection) -> None:
        """A connection is gone, whatever it was doing."""
        self.connections.discard(connection)
        self.subscribers.pop(connection, None)
        self.partial.pop(connection, None)
        self.blocked.pop(connection, None)
        self.lingering.pop(connection, None)
        if connection.hold is not None:
            self.waiting.discard(connection.hold.path, connection.hold.point, connection)
            connection.hold = None

    # Requests

    def respond(self, connection: Connection, request: Request, head: bytes, rest: bytes) -> bool:
        """Answer, hold or refuse; True when the connection was handed over and is no longer ours."""
        self.requests += 1
        connection.request = request
        target, fields = request
        if target.path in SPECIAL and SPECIAL[target.path](self, connection, request):
            return False
        if target.method in PUBLISHING and target.path.startswith("/ingest/"):
            return self._hand_over(connection, head + rest)
        if fields.length or fields.chunked:
            connection.refuse_and_close(405, "nothing is taken in here")
            return False
        decision = decide(request, self.store, self.now_ns)
        if isinstance(decision, Serve) and target.common and not rest:
            self._remember(request, head, decision)
        self._do(connection, decision)
        return False

    def _remember(self, request: Request, head: bytes, answer: Serve) -> None:
        if request.target.method == "GET" and request.target.http11 and not request.fields.close:
            if len(self.answers) >= KEPT:
                self.answers.clear()
            self.answers[head] = answer

    def _do(self, connection: Connection, decision: Decision, until_ns: int = 0) -> None:
        if isinstance(decision, Serve):
            connection.serve(decision)
        elif isinstance(decision, Hold):
            if until_ns:
                decision = decision._replace(until_ns=until_ns)
            if self.waiting.add(decision.path, decision.point, connection, decision.until_ns):
                connection.hold = decision
            else:
                connection.serve(refusal(503, "too many are waiting here", 1))
        elif isinstance(decision, Follow):
            connection.follow(decision)
        else:
            connection.serve(refusal(*decision))

    def _release(self, connection: Connection) -> None:
        hold, request = connection.hold, connection.request
        assert hold is not None
        assert request is not None
        connection.hold = None
        connection.active_ns = self.now_ns
        self._do(connection, decide(request, self.store, self.now_ns), hold.until_ns)
        connection.resume()

    def _hand_over(self, connection: Connection, data: bytes) -> bool:
        frame = encode(Handover(data))
        if self.feed is None or self.feed.closed:
            connection.refuse_and_close(503, "there is no origin to publish to")
            return False
        fd = connection.hand_over()
        self.feed.send(frame, [fd])
        socket.close(fd)
        self.handed_over += 1
        return True

    # The feed

    def wake(self) -> None:
        """Write to everybody who waits for what has changed."""
        self.answers.clear()
        store, waiting = self.store, self.waiting
        touched, store.touched = store.touched, set()
        if store.synced_anew:
            store.synced_anew = False
            touched.update(waiting.paths())
        grown, store.grown = store.grown, set()
        for path in touched:
            for connection in waiting.release(path, store.ready):
                self._release(connection)
        for blob in grown:
            for follower in tuple(blob.followers):
                follower.advance()
        if STATUS in touched and self.subscribers:
            frame = event_frame(self)
            for subscriber in tuple(self.subscribers):
                subscriber.event(frame)

    # Time

    def slow_after_ns(self, size: int) -> int:
        """When a reader that has `size` bytes still to take is too slow."""
        config = self.config
        return self.now_ns + int((config.slow_grace_s + size / config.slow_bytes_per_s) * 1e9)

    def read_time(self) -> None:
        """Read the clock: `now_ns` is what everything goes by until the next tick."""
        self.now_ns = self.clock.now_ns()
        if self.now_ns // 10**9 == self._date_s:
            return
        self.date = b"Date: %b\r\n" % formatdate(self.now_ns // 10**9, usegmt=True).encode()
        self._date_s = self.now_ns // 10**9

    def _tick(self) -> None:
        now_s = self.loop.time()
        self.stats.lag(now_s - self._due_s)
        self._due_s = max(now_s, self._due_s) + TICK_S
        self._timer = self.loop.call_at(self._due_s, self._tick)
        self.read_time()
        self._ticks += 1
        self._sweep(self.now_ns)
        if self._ticks % IDLE_EVERY_TICKS == 0:
            self._sweep_idle(self.now_ns)
        if self._ticks % 10 == 0 and self.feed is not None and not self.feed.queued:
            self.feed.send(encode(Report(self.stats.report(self.now_ns))))

    def _sweep(self, now_ns: int) -> None:
        for connection in self.waiting.expire(now_ns):
            request = connection.request
            assert request is not None
            connection.hold = None
            self.late += 1
            connection.serve(refusal(*too_late(request, self.store)))
            connection.resume()
        for slow in [writing for writing in self.blocked if writing.deadline_ns <= now_ns]:
            self.slow_dropped += 1
            slow.abort()
        begun_ns = now_ns - int(self.config.head_timeout_s * 1e9)
        for connection in [c for c, since_ns in self.partial.items() if since_ns <= begun_ns]:
            connection.refuse_and_close(408, "the request did not come in time")
        for connection in [c for c, until_ns in self.lingering.items() if until_ns <= now_ns]:
            connection.abort()
        for blob in self.store.stalled(now_ns):
            for follower in tuple(blob.followers):
                follower.abandon()
        if self.store.expire(now_ns):
            self.answers.clear()

    def _sweep_idle(self, now_ns: int) -> None:
        before_ns = now_ns - int(self.config.idle_timeout_s * 1e9)
        for connection in [c for c in self.connections if c.active_ns <= before_ns and not c.busy]:
            connection.finish_and_close()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket that other workers may share. Raises Misconfigured when it cannot be opened."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise Misconfigured(f"host {host} is no address of this machine: {error.strerror or error}") from None
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER // 2)  # the kernel doubles it
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind(address)
        listener.listen(4096)
    except OSError as error:
        listener.close()
        reason = "is taken by another program" if error.errno == 98 else f"cannot be opened: {error.strerror}"
        raise Misconfigured(f"port {port} on {host} {reason}; choose another with --port") from None
    listener.setblocking(False)
    return listener
