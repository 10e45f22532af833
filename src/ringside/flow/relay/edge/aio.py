"""Edge: the shell of one worker. It does what `decide` says, for all connections of a process (asyncio, uvloop).

What enters: requests from connections, frames from the feed, ticks. What leaves: answers, releases, drops. Held
viewers are entries of a table, walked when what they wait for arrives; one timer for the whole worker looks after
every deadline. Time is read once a tick: deadlines are seconds, a tick is a tenth of one.
"""

import asyncio
import os
import resource
import socket
from collections.abc import Iterable
from itertools import islice

from ringside.core.clock import Clock
from ringside.core.feed import Cache, Document, Handover, Report, Wanted, encode
from ringside.flow.relay.answer.answers import Answers
from ringside.flow.relay.answer.asking import Asking
from ringside.flow.relay.answer.decide import decide, too_late
from ringside.flow.relay.answer.decision import Decision, Follow, Hold, Want
from ringside.flow.relay.answer.keys import keyer
from ringside.flow.relay.answer.request import Reader, Request
from ringside.flow.relay.answer.serve import Date, Serve, refusal
from ringside.flow.relay.answer.store import Store
from ringside.flow.relay.answer.waiting import Group, Waiting
from ringside.flow.relay.edge.config import Asset, Config
from ringside.flow.relay.edge.door import Door
from ringside.flow.relay.edge.special import SPECIAL, event_frame
from ringside.flow.relay.edge.stats import Stats
from ringside.flow.relay.feed.link import Link
from ringside.flow.relay.wire.certificate import Certificate
from ringside.flow.relay.wire.connection import Connection
from ringside.flow.relay.wire.poll import Poll
from ringside.flow.relay.wire.tls import Secure
from ringside.flow.relay.wire.writing import Writing

TICK_S = 0.1
IDLE_EVERY_TICKS = 50
IN_VAIN = 1000  # a tick: those who asked together are not told all at once that there is nothing, nor ever again
LEAVING = 10  # ticks over which viewers of streams are sent elsewhere, so that they do not ask all at once
STATUS = "/status.json"
PUBLISHING = {"PUT", "POST", "DELETE"}
FEED = "/feed"
RESERVED = 256  # descriptors that viewers do not get


class Edge:
    """One worker's viewers, and what it can answer them with."""

    def __init__(self, config: Config, assets: Iterable[Asset], clock: Clock, name: str = "edge") -> None:
        self.config = config
        self.clock = clock
        self.loop = asyncio.get_running_loop()
        documents = [Document(a.path, a.body, a.content_type, Cache.ASSET) for a in assets]
        self.store = Store(documents, ages=config.cache, pulls=config.pull)
        self.waiting: Waiting[Connection] = Waiting(config.max_connections)
        self.reader = Reader(keyer(config.ignored_query) if config.pull else None)
        self.asking = Asking()
        self.rate = config.max_requests_per_s
        self.answers: Answers[Serve | Group[Connection]] = Answers(named_by_query=config.pull)
        self.feed: Link | None = None
        self.stats = Stats(name, self)
        self.connections: set[Connection] = set()
        self.subscribers: dict[Connection, None] = {}
        self.partial: dict[Connection, int] = {}  # heads that have begun, and when
        self.blocked: dict[Writing, None] = {}  # sockets that are full
        self.lingering: dict[Connection, int] = {}  # half closed, and until when
        self.counts = [0] * 600  # answers by status
        self.bytes = self.slow_dropped = self.turned_away = self.handed_over = 0
        self.no_descriptors = self.late = self.too_fast = 0
        self.draining = False
        self._descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self.room = config.max_connections
        self.poll = Poll(self.loop)
        cert, key = config.tls_cert, config.tls_key
        self.tls = Certificate(cert, key) if cert is not None and key is not None else None
        self._door: Door | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._ticks = 0
        self._due_s = 0.0
        self.now_ns = 0
        self.date = Date(0)
        self.read_time()

    def __repr__(self) -> str:
        return f"<Edge {len(self.connections)} connections {self.waiting.count} held {self.store!r}>"

    # Coming and going

    @property
    def port(self) -> int:
        """The public port; 0 before it is open."""
        return 0 if self._door is None else self._door.port

    async def start(self) -> None:
        """Listen on the public port. Raises Misconfigured when that cannot be."""
        self._make_room()
        self._door = Door(self)
        self._due_s = self.loop.time() + TICK_S
        self._timer = self.loop.call_at(self._due_s, self._tick)

    async def stop(self, within_s: float, idle_s: float = 0) -> None:
        """Let nobody in, answer who is waiting, and go: at once without viewers, after `within_s` at the latest.

        A connection closes with its next answer, and its player asks elsewhere; one that has been idle for `idle_s` is
        closed without. (Sooner, a request might just be on its way.) Streams end within two seconds.
        """
        self.draining = True
        self.answers.clear()
        if self._door is not None:
            self._door.close()
        here = tuple(self.connections)  # nobody else comes, and nobody's turn is missed for those who go meanwhile
        for tick in range(int(within_s / TICK_S)):
            self._let_go()
            for connection in here[tick % LEAVING :: LEAVING] if tick < 2 * LEAVING else ():
                connection.leave()
            idle_ns = self.now_ns - int(idle_s * 1e9)
            for connection in tuple(self.connections):
                if connection.events or (not connection.busy and connection.active_ns <= idle_ns):
                    connection.finish_and_close()
            if not self.connections:
                break
            await asyncio.sleep(TICK_S)
        for connection in tuple(self.connections):
            connection.abort()
        if self._timer is not None:
            self._timer.cancel()
        self.poll.close()
        await asyncio.sleep(0)

    def arrived(self, fd: int) -> None:
        """Somebody has connected, on the descriptor `fd`."""
        connection = Connection(self, fd) if self.tls is None else Secure(self, fd, self.tls)
        try:
            self.poll.add(fd, connection)
        except OSError:
            os.close(fd)
            return
        self.connections.add(connection)
        if len(self.connections) > self.room:
            self.turned_away += 1
            connection.refuse_and_close(503, "this server is full")
            if len(self.connections) > self.room + RESERVED // 2:
                connection.abort()  # so many are on their way out that descriptors would not last

    def left(self, connection: Connection) -> None:
        """A connection is gone, whatever it was doing."""
        self.connections.discard(connection)
        self.subscribers.pop(connection, None)
        self.partial.pop(connection, None)
        self.lingering.pop(connection, None)
        if connection.hold is not None:
            self.waiting.discard(connection)

    # Requests

    def respond(self, connection: Connection, request: Request, head: bytes, rest: bytes) -> bool:
        """Answer, hold or refuse; True when the connection was handed over and is no longer ours."""
        connection.request = request
        target, fields = request
        if target.path in SPECIAL and SPECIAL[target.path](self, connection, request):
            return False
        publishing = target.method in PUBLISHING and target.path.startswith("/ingest/")
        if publishing and not connection.plain:
            connection.refuse_and_close(403, "nothing is published over TLS here; publish to the origin itself")
            return False
        if publishing or (target.path == FEED and target.method == "GET" and connection.plain):
            return self._hand_over(connection, head + rest)
        if fields.length or fields.chunked:
            connection.refuse_and_close(405, "nothing is taken in here")
            return False
        decision = decide(request, self.store, self.now_ns)
        answer = self._do(connection, decision)
        if answer is not None and not rest and not self.draining:
            self.answers.remember(request, head, answer)
        return False

    def count(self, answer: Serve, bare: bool = False) -> None:
        """Somebody is given `answer`; `bare`: its head alone."""
        self.counts[answer.status] += 1
        answer.tally.hits += 1
        answer.tally.bytes += 0 if bare else answer.size

    def _do(self, connection: Connection, decision: Decision) -> Serve | Group[Connection] | None:
        """Do it; what the same request may be answered with again."""
        if isinstance(decision, Serve):
            connection.serve(decision)
            return decision
        if isinstance(decision, Want):
            self.want(decision.key)
            return self._do(connection, decision.then)
        if isinstance(decision, Hold):
            assert connection.request is not None
            group = self.waiting.group(decision.path, decision.point, connection.request, decision.for_ns)
            self.wait(connection, group)
            return group
        if isinstance(decision, Follow):
            connection.follow(decision)
        else:
            connection.serve(refusal(*decision))
        return None

    def wait(self, connection: Connection, group: Group[Connection]) -> None:
        """Hold a viewer with those who asked the same."""
        if not self.waiting.add(group, connection, self.now_ns):
            connection.request = group.request
            connection.serve(refusal(503, "too many are waiting here", 1))

    def want(self, key: str) -> None:
        """Ask the filler for `key`, once."""
        if self.feed is not None and not self.feed.closed and self.asking.due(key, self.now_ns):
            self.feed.send(encode(Wanted(key)))

    def _release(self, group: Group[Connection]) -> None:
        """What they wait for is there: decide once, answer all."""
        request, now_ns = group.request, self.now_ns
        decision = decide(request, self.store, now_ns, group.point)
        plain = request.target.method == "GET" and request.target.http11 and not request.fields.close
        if isinstance(decision, Serve) and plain and not self.draining:
            self._give(group, decision)
            return
        for connection, asked_ns in group.waiters.items():
            connection.hold, connection.request = None, request
            if isinstance(decision, Hold):  # what was announced has changed: its patience goes on
                decision = decision._replace(for_ns=max(0, asked_ns + group.for_ns - now_ns))
            self._do(connection, decision)
            connection.resume()

    def _give(self, group: Group[Connection], answer: Serve) -> None:
        """Walk the group: this is where a crowd is served."""
        many, now_ns = len(group.waiters), self.now_ns
        self.counts[answer.status] += many
        tally = answer.tally
        tally.hits += many
        tally.held += many
        tally.bytes += many * answer.size
        for connection in group.waiters:
            connection.hold = None
            connection.active_ns = now_ns
            connection.give(answer)
            if connection.odd:
                connection.resume()

    def _hand_over(self, connection: Connection, data: bytes) -> bool:
        frame = encode(Handover(data))
        if self.feed is None or self.feed.closed:
            connection.refuse_and_close(503, "there is no origin to hand this to")
            return False
        try:
            fd = connection.hand_over()
        except OSError:  # no descriptor is left to hand it over by
            connection.refuse_and_close(503, "this server is full")
            return False
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
        anew, store.synced_anew = store.synced_anew, False
        if anew:
            touched.update(waiting.paths())
            self.asking.forget()
        self.asking.told(touched)
        grown, store.grown = store.grown, set()
        for path in touched:
            for group in waiting.release(path, store.ready):
                self._release(group)
        for path in waiting.paths() if anew else ():
            if store.asks(path):
                self.want(path)
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
        if self.store.grows_old:
            self.answers.clear()  # what is pulled ages while nothing is told
        if self.now_ns // 10**9 != self.date.second:
            self.date = Date(self.now_ns // 10**9)

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
            if self.tls is not None:
                self.tls.look()
        if self._ticks % 10 == 0:
            self._make_room()
        if self._ticks % 10 == 0 and self.feed is not None and not self.feed.queued:
            self.feed.send(encode(Report(self.stats.report(self.now_ns))))

    def _make_room(self) -> None:
        """How many may be in: what comes by the feed brings descriptors too, and must not find none left."""
        for_media = RESERVED + self.store.sizes["blobs"] * 5 // 4
        self.room = max(1, min(self.config.max_connections, self._descriptors - for_media))

    def _in_vain(self, connection: Connection, request: Request) -> None:
        """What it was held for does not come."""
        answer = too_late(request, self.store)
        if not isinstance(answer, Serve):
            self.late += 1
            answer = refusal(*answer)
        connection.request = request
        connection.serve(answer)
        connection.resume()

    def _let_go(self) -> None:
        """Who is held for what need not come is not held any longer, and asks elsewhere."""
        for path in self.waiting.paths():
            for group in self.waiting.release(path, lambda path, _: self.store.hold_s(path) > 0):
                for connection in group.waiters:
                    connection.hold = None
                    self._in_vain(connection, group.request)

    def _sweep(self, now_ns: int) -> None:
        for connection, request in islice(self.waiting.expire(now_ns), IN_VAIN):
            self._in_vain(connection, request)
        for slow in [writing for writing in self.blocked if writing.deadline_ns <= now_ns]:
            self.slow_dropped += 1
            slow.reset()
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
