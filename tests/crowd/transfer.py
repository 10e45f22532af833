"""A server, a link and a clock in memory, which carry a player's asks and bring it the replies.

Real player code, simulated time: `carry(player, server, until_s)` does what the engine does, one event at a time, and
keeps a record of every ask. A Server is told what exists from when on, and what to refuse; its link has a round-trip
time and a rate that may change over time, shared by all lanes of the player.
"""

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

from ringside.prove.crowd.player.base import Ask, Failure, Kind, Lane, Player, Request

WAKE_S = 0.25
PACKET = 8192
Pieces = tuple[tuple[float, bytes], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server says to one request: `pieces` are (when the server has it, bytes). `breaks`: no end follows."""

    status: int = 200
    pieces: Pieces = ()
    url: str = ""
    breaks: Failure | None = None


def whole(body: bytes, at_s: float = 0.0, status: int = 200) -> Answer:
    """A body sent all at once, held until `at_s`."""
    return Answer(status, ((at_s, body),))


Answerer = Callable[[str, float], Answer | Failure]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as the server saw it; `status` is 0 where it was not answered."""

    now_s: float
    lane: Lane
    kind: Kind
    url: str
    status: int


@dataclass
class Server:
    """URL -> what is there. Asked for what is not there yet, it says 404, as a plain HTTP server does."""

    rtt_s: float = 0.010
    rates: Sequence[tuple[float, float]] = ((0.0, 0.0),)
    """(from when, bits per second), in order of time; a rate of 0 has no limit."""
    asked: list[Asked] = field(default_factory=list)
    _growing: dict[str, Pieces] = field(default_factory=dict)
    _answerers: list[tuple[str, Answerer]] = field(default_factory=list)
    _troubles: list[tuple[float, float, str, Failure | int]] = field(default_factory=list)
    _free_s: float = 0.0
    _silences: list[tuple[float, float]] = field(default_factory=list)

    def put(self, url: str, body: bytes, at_s: float = 0.0) -> None:
        """`body` is there, whole, from `at_s` on."""
        self._growing[url] = ((at_s, body),)

    def grow(self, url: str, pieces: Iterable[tuple[float, bytes]]) -> None:
        """An object that grows: it is there from its first piece's time on, and a reply ends with its last."""
        self._growing[url] = tuple(pieces)

    def on(self, prefix: str, answerer: Answerer) -> None:
        """Ask `answerer(url, now_s)` for URLs that begin so; the newest such prefix counts."""
        self._answerers.insert(0, (prefix, answerer))

    def trouble(self, from_s: float, to_s: float, how: Failure | int, part_of_url: str = "") -> None:
        """Refuse for a while: with a status, or with no reply."""
        self._troubles.append((from_s, to_s, part_of_url, how))

    def silence(self, from_s: float, to_s: float) -> None:
        """Nothing that is sent after `from_s` comes before `to_s`; then all of it does."""
        self._silences.append((from_s, to_s))

    def answer(self, url: str, now_s: float) -> Answer | Failure:
        """What comes back to a request that arrives at `now_s`."""
        for from_s, to_s, part, how in self._troubles:
            if from_s <= now_s < to_s and part in url:
                return how if isinstance(how, Failure) else Answer(how)
        for prefix, answerer in self._answerers:
            if url.startswith(prefix):
                return answerer(url, now_s)
        pieces = self._growing.get(url)
        if pieces is None or pieces[0][0] > now_s:
            return Answer(404)
        return Answer(200, pieces)

    def sent_s(self, size: int, ready_s: float) -> float:
        """When `size` bytes that are ready at `ready_s` have gone through the link."""
        for from_s, to_s in self._silences:
            ready_s = to_s if from_s <= ready_s < to_s else ready_s
        start_s = max(ready_s, self._free_s)
        rate_bps = [bps for from_s, bps in self.rates if from_s <= start_s][-1]
        if not rate_bps:
            return ready_s
        self._free_s = start_s + size * 8 / rate_bps
        return self._free_s

    def urls(self, kind: Kind | None = None) -> list[str]:
        """What was asked for, in order."""
        return [asked.url for asked in self.asked if kind is None or asked.kind is kind]


class TestWorld:
    """World in memory; the server's clock is the engine's plus `utc_offset_s`."""

    __test__ = False

    def __init__(self, utc_offset_s: float = 0.0) -> None:
        self.utc_offset_s = utc_offset_s
        self.requests: dict[str, Request] = {}
        self.tables: dict[str, dict[Any, Any]] = {}

    def request(self, url: str, kind: Kind, *, keep: bool = False, grows: bool = False, object: Any = None) -> Request:
        if url not in self.requests:
            self.requests[url] = Request(url, kind, keep=keep, grows=grows, object=object)
        return self.requests[url]

    def shared(self, key: str) -> dict[Any, Any]:
        return self.tables.setdefault(key, {})


@dataclass
class TestViewer:
    """A Viewer of no particular habits."""

    __test__ = False

    index: int = 0
    dvr_s: float = 0.0
    leave_s: float = 1e12
    rng: Random = field(default_factory=lambda: Random(1))


@dataclass
class Came:
    """A Reply."""

    request: Request
    status: int
    url: str
    body: bytes = b""
    nbytes: int = 0
    sent_s: float = 0.0
    first_s: float = 0.0


class _Flight:
    """A request under way in one lane."""

    def __init__(self, lane: Lane, request: Request, answer: Answer, sent_s: float) -> None:
        self.lane, self.request, self.answer = lane, request, answer
        self.reply = Came(request, answer.status, answer.url or request.url, sent_s=sent_s)
        self.left = list(reversed(answer.pieces))
        self.body = bytearray()


class Transfer:
    """One player at one server. `run(until_s)` goes on where the last one ended; it stops when the player gives up."""

    def __init__(
        self, player: Player, server: Server, now_s: float = 0.0, watch: Callable[[float], None] | None = None
    ) -> None:
        self.player, self.server, self.now_s = player, server, now_s
        self.watch = watch or (lambda now_s: None)
        self.gave_up_s: float | None = None
        self._order = count()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._flights: dict[Lane, _Flight] = {}
        self._newest: dict[Lane, int] = {}
        self._wake_s = now_s + WAKE_S
        self._perform(player.start(now_s))

    def run(self, until_s: float) -> "Transfer":
        while self.gave_up_s is None:
            next_s = min(self._wake_s, self._events[0][0] if self._events else self._wake_s)
            if next_s > until_s:
                break
            self.now_s = next_s
            if self._events and self._events[0][0] <= next_s:
                heapq.heappop(self._events)[2]()
            else:
                self._wake_s += WAKE_S
                self._perform(self.player.wake(next_s))
            self.watch(next_s)
            if self.player.given_up() is not None:
                self.gave_up_s = next_s
        self.now_s = max(self.now_s, until_s) if self.gave_up_s is None else self.now_s
        return self

    def _at(self, at_s: float, do: Callable[[], None]) -> None:
        heapq.heappush(self._events, (at_s, next(self._order), do))

    def _perform(self, asks: Iterable[Ask]) -> None:
        for ask in asks:
            number = self._newest[ask.lane] = next(self._order)
            if ask.request is None:
                self._flights.pop(ask.lane, None)
            else:
                at_s = max(ask.at_s, self.now_s)
                self._at(at_s, lambda ask=ask, number=number: self._send(ask.lane, ask.request, number))

    def _send(self, lane: Lane, request: Request, number: int) -> None:
        if self._newest[lane] != number:
            return
        answer = self.server.answer(request.url, self.now_s)
        status = answer.status if isinstance(answer, Answer) else 0
        self.server.asked.append(Asked(self.now_s, lane, request.kind, request.url, status))
        if isinstance(answer, Failure):
            flight = _Flight(lane, request, Answer(breaks=answer), self.now_s)
        else:
            flight = _Flight(lane, request, answer, self.now_s)
        self._flights[lane] = flight
        self._at(self.now_s + self.server.rtt_s, lambda: self._next_packet(flight))

    def _next_packet(self, flight: _Flight) -> None:
        """The flight's next packet leaves the server once it is there, or the reply ends."""
        if self._flights.get(flight.lane) is not flight:
            return
        if not flight.left:
            self._end(flight)
            return
        at_s, data = flight.left.pop()
        if len(data) > PACKET:
            flight.left.append((at_s, data[PACKET:]))
            data = data[:PACKET]
        ready_s = max(self.now_s, at_s)
        if ready_s > self.now_s:
            self._at(ready_s, lambda: self._through(flight, data))
        else:
            self._through(flight, data)

    def _through(self, flight: _Flight, data: bytes) -> None:
        done_s = self.server.sent_s(len(data), self.now_s)
        self._at(done_s, lambda: self._arrive(flight, data))

    def _arrive(self, flight: _Flight, data: bytes) -> None:
        if self._flights.get(flight.lane) is not flight:
            return
        reply, request = flight.reply, flight.request
        reply.first_s = reply.first_s or self.now_s
        offset, reply.nbytes = reply.nbytes, reply.nbytes + len(data)
        if request.keep:
            flight.body += data
        elif request.grows and reply.status < 300:
            self._perform(self.player.grew(self.now_s, flight.lane, request, offset, memoryview(data)))
        self._next_packet(flight)

    def _end(self, flight: _Flight) -> None:
        del self._flights[flight.lane]
        reply, request = flight.reply, flight.request
        if flight.answer.breaks is not None:
            self._perform(self.player.failed(self.now_s, flight.lane, request, flight.answer.breaks))
            return
        reply.first_s = reply.first_s or self.now_s
        reply.body = bytes(flight.body)
        self._perform(self.player.received(self.now_s, flight.lane, reply))


def carry(player: Player, server: Server, until_s: float, now_s: float = 0.0) -> Transfer:
    """Let `player` start at `now_s` and play until `until_s`."""
    return Transfer(player, server, now_s).run(until_s)
