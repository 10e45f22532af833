"""The shell that moves the crowd's bytes: one epoll loop for all viewers of a process, no task or future per viewer.

It tells players what arrived and carries out what they ask. What it counts goes to the Tally. Readiness and timers are
the loop's; what is read once for all stands in the commons.
"""

import mmap
import ssl
from collections.abc import Callable, Iterable
from math import inf
from time import monotonic

from ringside.prove.crowd.engine import wire
from ringside.prove.crowd.engine.commons import Commons
from ringside.prove.crowd.engine.connection import FIRST_READ, SCRATCH, Connection
from ringside.prove.crowd.engine.habits import Habits
from ringside.prove.crowd.engine.later import Later
from ringside.prove.crowd.engine.loop import Loop, React
from ringside.prove.crowd.engine.origins import Origin, Origins
from ringside.prove.crowd.engine.session import UNLIMITED, Session
from ringside.prove.crowd.engine.wheel import Wheel
from ringside.prove.crowd.player.base import Ask, Failure, Lane, Player, Request
from ringside.prove.crowd.tally.tally import Tally

HOPS = 5
RESOLVING_S = 0.05  # until it is looked again whether a name has been resolved
REDIRECTS = {301, 302, 303, 307, 308}


class Engine:
    """`add` viewers, then `turn` until done."""

    def __init__(self, habits: Habits, tally: Tally, tls: ssl.SSLContext, began_s: float, wall_offset_s: float) -> None:
        self.scratch = bytearray(SCRATCH)
        self.view = memoryview(self.scratch)
        self.into = [self.view[:FIRST_READ]]
        """For reading by descriptor: with thousands of viewers each further object touched is a cache miss."""
        self.discard = mmap.mmap(-1, UNLIMITED)  # never touched: MSG_TRUNC copies nothing into it
        self.heads = wire.Heads()
        self.habits = habits
        self._personal = habits.personal
        self.tally = tally
        self.bytes = 0
        self.requests = 0
        self._statuses = [0] * 1000
        self.began_s = began_s
        self.exhausted = 0
        self.origins = Origins(tls)
        self.world = Commons(wall_offset_s)
        self.loop = Loop(self._broken)  # type: ignore[arg-type]
        self._wheel = Wheel(began_s)
        self.sessions = 0
        self.on_leave: Callable[[Session, float], None] = lambda session, now_s: None

    # -- viewers come and go

    def add(self, session: Session, now_s: float) -> None:
        """A viewer arrives: its player starts."""
        self.sessions += 1
        self.tally.came(session.player.feel, not session.dvr_s)
        self._wheel.add(session)
        self.perform(session, session.player.start(now_s), now_s)

    def remove(self, session: Session, now_s: float) -> None:
        """A viewer leaves, by choice or not."""
        if not session.gone:
            session.gone = True
            self.sessions -= 1
            self.on_leave(session, now_s)
            session.close()

    def restart(self, session: Session, player: Player, now_s: float) -> None:
        """A viewer's connections drop and its page starts anew."""
        self.see_first(session)
        self.tally.left(session.player.feel, now_s)
        session.close()
        session.player, session.seen_first, session.back = player, False, True
        self.tally.came(player.feel, not session.dvr_s, again=True)
        self.perform(session, player.start(now_s), now_s)

    def count_up(self) -> None:
        """Hand over to the tally what the engine counted itself."""
        tally = self.tally
        tally.bytes, tally.requests = self.bytes, self.requests
        for status, times in enumerate(self._statuses):
            if times:
                tally.statuses[str(status)] = tally.statuses.get(str(status), 0) + times
                tally.replies += times
                self._statuses[status] = 0

    def everyone(self) -> list[Session]:
        """All viewers that are there."""
        return self._wheel.everyone()

    # -- the loop

    def turn(self, until_s: float) -> None:
        """Wait for something to happen, until `until_s` at the latest, and see to it."""
        wheel = self._wheel
        woke_s = self.loop.wait(min(until_s, wheel.next_s))
        now_s = monotonic()
        if wheel.next_s <= now_s:
            wheel.turn(now_s, self._wake)
        self.loop.account(woke_s)

    def _wake(self, session: Session, now_s: float) -> None:
        if now_s >= session.leave_s:
            self.remove(session, now_s)
            return
        asks = session.player.wake(now_s)
        if asks:
            self.perform(session, asks, now_s)
        session.turn += 1
        if not session.turn & 1:
            self._look(session, now_s)

    def _look(self, session: Session, now_s: float) -> None:
        """Once a second: what the viewer feels, and whether it waits in vain."""
        self.see_first(session)
        self.tally.second(int(now_s - self.began_s), session.player.feel)
        session.pace_at(now_s - self.began_s)
        self._time_out(session, now_s)
        if session.player.given_up():
            self.remove(session, now_s)

    def see_first(self, session: Session) -> None:
        """Tell the tally of a first picture, once."""
        feel = session.player.feel
        if not session.seen_first and feel.first_frame_s is not None:
            session.seen_first = True
            self.tally.joined(feel.first_frame_s - feel.joined_s, again=session.back)

    def _time_out(self, session: Session, now_s: float) -> None:
        habits = self.habits
        for connection in session.lanes:
            if connection is None or connection.request is None:
                continue
            kind, waited_s = connection.request.kind, now_s - connection.sent_s
            limits = habits.whole_s if connection.first_s else habits.first_byte_s
            silent_s = now_s - max(connection.first_s, connection.last_s) if connection.first_s else 0.0
            if waited_s > limits.get(kind, inf) or silent_s > habits.idle_s.get(kind, inf):
                self._broken(connection, Failure.TIMEOUT)

    # -- asking

    def perform(self, session: Session, asks: Iterable[Ask], now_s: float) -> None:
        """Carry out what a player asks."""
        for ask in asks:
            request = ask.request
            if request is None:
                self._abandon(session, ask.lane)
            elif ask.at_s or session.rtt_s:
                self._later(max(ask.at_s, now_s) + session.rtt_s, session, ask.lane, request)
            else:
                self._now(session, ask.lane, request, now_s)

    def _now(self, session: Session, lane: Lane, request: Request, now_s: float) -> None:
        """Send at once. Mostly the lane is free and so is its connection: that way is short."""
        idle, where = session.idle, request.wire
        if session.later is not None:
            session.later[lane] = None
        usual = where is not None and idle and session.lanes[lane] is None and self._personal is None
        if not usual or idle[-1].origin is not where[0]:
            self.send(session, lane, request, now_s)
            return
        session.lanes[lane] = connection = idle.pop()
        connection.hops = 0
        self.requests += 1
        failure = connection.ask(lane, request, where[1], request.url, now_s)
        if failure is not None:
            self._broken_soon(connection, failure, now_s)

    def _broken_soon(self, connection: Connection, failure: Failure, now_s: float) -> None:
        self.loop.at(now_s, lambda: self._broken(connection, failure))

    def _abandon(self, session: Session, lane: Lane) -> None:
        connection = session.lanes[lane]
        if session.later is not None:
            session.later[lane] = None
        session.waiting = [waiting for waiting in session.waiting if waiting[0] is not lane]
        if connection is not None:
            session.lanes[lane] = None
            connection.close()
            self._next_in_line(session)

    def send(self, session: Session, lane: Lane, request: Request, now_s: float, url: str = "", hops: int = 0) -> None:
        """Send a request, on a connection kept alive if there is one."""
        if session.gone:
            return
        if session.lanes[lane] is not None:
            self._abandon(session, lane)
        where = request.wire if not url and self.habits.personal is None else None
        if where is None:
            where = self._address(session, lane, request, url)
            if where is None:
                self._unasked(session, lane, request, url, hops)
                return
        origin, data = where
        idle = session.idle
        connection = idle.pop() if idle and idle[-1].origin is origin else session.take_idle(origin)
        if connection is None:
            if session.connections >= self.habits.connections and not self._make_room(session):
                session.waiting = [waiting for waiting in session.waiting if waiting[0] is not lane]
                session.waiting.append((lane, request, url, hops))
                return
            connection = self._open(session, origin)
            if connection is None:
                self._later(now_s, session, lane, request, url, hops, Failure.CONNECT)
                return
        session.lanes[lane] = connection
        connection.hops = hops
        self.requests += 1
        failure = connection.ask(lane, request, data, url or request.url, now_s)
        if failure is not None:
            self._broken_soon(connection, failure, now_s)

    def _address(self, session: Session, lane: Lane, request: Request, url: str) -> tuple[Origin, bytes] | None:
        """Where a request goes and its bytes; None while the name is being resolved, or where it cannot be."""
        habits = self.habits
        target = url or request.url
        origin = self.origins.find(target)
        if not isinstance(origin, Origin):
            return None
        if not url and habits.query:
            target += ("&" if "?" in target else "?") + habits.query
        headers = habits.headers
        if habits.personal is not None:
            target, own = habits.personal(session, lane, request, target)
            return origin, wire.request(target, headers + own)
        where = (origin, wire.request(target, headers))
        if not url:
            request.wire = where
        return where

    def _unasked(self, session: Session, lane: Lane, request: Request, url: str, hops: int) -> None:
        failure = self.origins.find(url or request.url)
        now_s = monotonic()
        if isinstance(failure, Failure):
            self._later(now_s, session, lane, request, url, hops, failure)
        else:
            self._later(now_s + RESOLVING_S, session, lane, request, url, hops)

    def _later(
        self,
        at_s: float,
        session: Session,
        lane: Lane,
        request: Request,
        url: str = "",
        hops: int = 0,
        failure: Failure | None = None,
    ) -> None:
        """Send a request (or tell of its failure) at `at_s`, unless the lane is asked for something else before."""
        if session.later is None:
            session.later = {}
        later = session.later[lane] = Later(self, session, (lane, request, url, hops), failure)
        self.loop.at(at_s, later)

    def _make_room(self, session: Session) -> bool:
        """Close a connection kept alive to another origin; False if all are busy."""
        if not session.idle:
            return False
        session.idle.pop(0).close()
        return True

    def _open(self, session: Session, origin: Origin) -> Connection | None:
        try:
            connection = Connection(self, session, origin)
        except OSError:
            self.exhausted += 1
            return None
        session.connections += 1
        self.loop.add(connection)
        if connection.open() is not None:
            connection.close()
            return None
        self.tally.connections += 1
        return connection

    # -- what connections tell

    def interest(self, connection: Connection, mask: int, react: React) -> None:
        """Which readiness a connection waits for, and what it then does."""
        self.loop.interest(connection.fd, mask)
        connection.react = react

    def let_go(self, connection: Connection) -> None:
        """A connection closes."""
        self.loop.let_go(connection.fd)
        connection.session.connections -= 1

    def throttle(self, connection: Connection, received: int, now_s: float) -> None:
        """This viewer's network carries no more than so much: leave the rest in the socket for a while."""
        if connection.session.carried(received, now_s) and connection.fd >= 0:
            self.loop.interest(connection.fd, 0)
            self.loop.at(connection.session.allowed_s, connection.resume)

    def grew(self, connection: Connection, offset: int, new: memoryview, now_s: float) -> None:
        """More of a body somebody watches grow."""
        session = connection.session
        request: Request = connection.request  # type: ignore[assignment]
        if connection.status < 300:
            asks = session.player.grew(now_s, connection.lane, request, offset, new)
            if asks:
                self.perform(session, asks, now_s)

    def finished(self, connection: Connection, now_s: float) -> None:
        """A reply is complete."""
        session, lane = connection.session, connection.lane
        self._statuses[connection.status] += 1
        connection.served += 1
        if connection.special and self._settled(connection, now_s):
            return
        asks = session.player.received(now_s, lane, connection)  # type: ignore[arg-type]
        connection.request = None
        session.lanes[lane] = None
        if connection.keep_alive and connection.fd >= 0:
            session.idle.append(connection)
        else:
            connection.close()
        if session.waiting:
            self._next_in_line(session)
        if asks:
            if connection.status >= 400:
                self.tally.retries += 1
            self.perform(session, asks, now_s)

    def _settled(self, connection: Connection, now_s: float) -> bool:
        """A redirect, or a body that is not what was asked for: dealt with here. A content coding is undone."""
        session, lane, request = connection.session, connection.lane, connection.request
        assert request is not None
        if connection.status in REDIRECTS and connection.location:
            self._free(connection)
            self._redirect(connection, request, now_s)
            return True
        failure = self.world.unfit(connection, request)
        if failure is not None:
            self._free(connection)
            self.tell_failure(session, lane, request, failure)
        return failure is not None

    def _free(self, connection: Connection) -> None:
        session = connection.session
        connection.request = None
        session.lanes[connection.lane] = None
        if connection.fd < 0:
            return
        if connection.keep_alive:
            session.idle.append(connection)
        else:
            connection.close()
        if session.waiting:
            self._next_in_line(session)

    def _next_in_line(self, session: Session) -> None:
        if session.waiting:
            lane, request, url, hops = session.waiting.pop(0)
            self.send(session, lane, request, monotonic(), url, hops)

    def _redirect(self, connection: Connection, request: Request, now_s: float) -> None:
        session, lane, hops = connection.session, connection.lane, connection.hops + 1
        self.tally.redirects += 1
        url = self.origins.join(connection.url, connection.location)
        if hops > HOPS or url is None:
            self.tell_failure(session, lane, request, Failure.REDIRECTS)
        else:
            self.send(session, lane, request, now_s, url, hops)

    # -- what goes wrong

    def _broken(self, connection: Connection, failure: Failure) -> None:
        """A connection is of no more use; whatever it carried has failed."""
        session, lane, request = connection.session, connection.lane, connection.request
        if connection.fd < 0:
            return
        if connection.connecting and failure is Failure.RESET:
            failure = Failure.CONNECT
        connection.close()
        if request is None:
            if connection in session.idle:
                session.idle.remove(connection)
            return
        session.lanes[lane] = None
        if failure is Failure.RESET and self.habits.resends and connection.served and not connection.first_s:
            # a connection kept alive that the server had closed: browsers ask again on a new one
            self.send(session, lane, request, monotonic(), connection.url if connection.hops else "", connection.hops)
            return
        self.tell_failure(session, lane, request, failure)

    def tell_failure(self, session: Session, lane: Lane, request: Request, failure: Failure) -> None:
        """A request brought no reply: the player is told, and what it then asks is done."""
        if session.gone:
            return
        self.tally.problem(failure.value)
        now_s = monotonic()
        asks = session.player.failed(now_s, lane, request, failure)
        if asks:
            self.tally.retries += 1
            self.perform(session, asks, now_s)
        self._next_in_line(session)
