"""A whole session in memory, on simulated time: an origin, its sender, a group with any weather, a feed, repair, a hub.

Packets, news and signatures are the real ones. `run(house, seconds)` lets time pass; what the hub was told is kept,
and `house.assert_as_told()` compares it with what the origin told, turn by turn and lane by lane.
"""

import hashlib
import heapq
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from ringside.core.alc import RAPTORQ, Info, Mac, Packet, encode, info_of, write
from ringside.core.feed import Appended, Cache, Closed, Document, Expected, Message, Opened, Playlist, Ranged, Turn
from ringside.core.feed.news import DIGEST_BYTES, MediaRef, TurnOf, Writer
from ringside.core.mabr import Description, Endpoint, new_keys
from ringside.flow.relay.feed.snapshot import Snapshot
from ringside.flow.relay.gateway.actions import Action, Ask, CloseFeed, OpenFeed, Publish
from ringside.flow.relay.gateway.gateway import TICK_S, Gateway
from ringside.flow.relay.gateway.order import Lanes

MS, S = 1_000_000, 1_000_000_000
T0 = 1_790_000_000 * S
SOURCE = "10.66.0.9"
TRACKS = {"a": 500, "v180": 3_000, "v360": 9_000, "v720": 26_000}  # bytes of a part
PART_NS = 200 * MS
PARTS = 5  # of a segment
SYMBOL = 1280
NEWS = 1
KEYS = new_keys(Random(6).randbytes)
OTHER_KEYS = new_keys(Random(7).randbytes)
SIGN = KEYS.signer()

Weather = Callable[[int, Random], list[int]]  # when a packet is sent -> the delays of its copies, ns; none: it is lost


def fine(sent_ns: int, chance: Random) -> list[int]:
    return [MS]


def loss(share: float) -> Weather:
    return lambda sent_ns, chance: [] if chance.random() < share else [MS]


def wild(sent_ns: int, chance: Random) -> list[int]:
    """Late, out of order, twice."""
    return [chance.randrange(1, 15) * MS for _ in range(1 + (chance.random() < 0.2))]


def away(first_s: float, end_s: float, else_: Weather = fine) -> Weather:
    """A cut, `first_s` to `end_s` after the beginning."""
    return lambda at, chance: [] if first_s <= (at - T0) / S < end_s else else_(at, chance)


def bursts(every_s: float, length_s: float) -> Weather:
    return lambda at, chance: [] if ((at - T0) / S) % every_s < length_s else [MS]


def description(fec: int = RAPTORQ) -> Description:
    places = {name: Endpoint("232.66.1.1", 5000, SOURCE, 10 + at) for at, name in enumerate(TRACKS)}
    return Description(
        event="main", origin="http://origin:8080", news=Endpoint("232.66.1.1", 5000, SOURCE, NEWS), tracks=places,
        fec=fec, overhead=12, symbol=SYMBOL, repair=("http://origin:8080",), reorder_ms=20, key=KEYS.group,
        public=KEYS.public, until=T0 // S + 86_400,
    )  # fmt: skip


class Origin:
    """Tells a turn every 50 ms: a part of one of four tracks, its playlist, what is to be expected."""

    def __init__(self, epoch: int, chance: Random) -> None:
        self.epoch = epoch
        self.turns: list[tuple[Message, ...]] = [()]  # by number; there is no turn 0
        self.files: dict[str, bytes] = {}
        self._chance = chance
        self._blobs = itertools.count(1)
        self._at: dict[str, tuple[int, int, int, int]] = {}  # segment, part, blob, size of each track

    @property
    def turn(self) -> Turn:
        return Turn(self.epoch, len(self.turns) - 1)

    def tell(self) -> TurnOf:
        name = list(TRACKS)[len(self.turns) % len(TRACKS)]
        messages: list[Message] = []
        segment, part, blob, size = self._at.get(name, (0, 0, 0, 0))
        folder = f"/live/main/{name}"
        if part == 0:
            blob, size = next(self._blobs), 0
            messages.append(Opened(f"{folder}/{segment}.m4s", blob, "video/mp4"))
        data = self._chance.randbytes(max(1, int(TRACKS[name] * self._chance.uniform(0.7, 1.3))))
        path = f"{folder}/{segment}.{part}.m4s"
        self.files[path] = data
        messages += [Appended(blob, size + len(data), data), Ranged(path, blob, size, len(data), "video/mp4")]
        part, size = part + 1, size + len(data)
        if part == PARTS:
            messages += [Closed(blob), Document("/live/main/index.mpd", b"<MPD/>" * 20, "mpd", Cache.SHORT)]
            segment, part = segment + 1, 0
        self._at[name] = segment, part, blob, size
        messages.append(Expected(f"{folder}/{segment}.{part}.m4s"))
        body = b"#EXTM3U\n" + b"".join(b"%d.m4s\n" % n for n in range(max(0, segment - 60), segment))
        body += b"%d.%d\n" % (segment, part)
        messages.append(Playlist(f"{folder}/index.m3u8", body, b"", segment, part, (segment, part + 1), 1, 0.2))
        self.turns.append(tuple(messages))
        return TurnOf(len(self.turns) - 1, tuple(messages))


class Sender:
    """Puts turns into packets: media, then news of it, told again 60 ms later and with the turns that follow."""

    def __init__(self, origin: Origin, start_ns: int, fec: int = RAPTORQ, overhead: float = 0.12) -> None:
        self.origin = origin
        self._fec, self._overhead = fec, overhead
        self._mac = Mac(KEYS.group)
        self._writer = Writer(SIGN, start_ns)
        self._tsis = {name: endpoint.tsi for name, endpoint in description().tracks.items()}
        self._toi: dict[int, int] = {}
        self._start_toi = start_ns // MS % 2**31
        self._used: set[int] = set()  # sequence numbers
        self._last: list[TurnOf] = []
        self._told_ns = start_ns
        self.unsent = frozenset[str]()  # tracks that are news without media

    def turn(self, turn: TurnOf, now_ns: int) -> Iterator[tuple[int, bytes]]:
        """(when, datagram) of a turn: paced at 20 Mb/s, the news last."""
        at, named = now_ns, []
        for message in turn.messages:
            if not isinstance(message, Appended):
                named.append(message)
                continue
            ranged = next(m for m in turn.messages if isinstance(m, Ranged))
            track = ranged.path.split("/")[-2]
            if track in self.unsent:
                tsi, toi, packets = 0, 0, []
            else:
                tsi = self._tsis[track]
                toi, packets = self._object(tsi, message.data)
            digest = hashlib.sha256(message.data).digest()[:DIGEST_BYTES]
            size = len(message.data)
            named.append(MediaRef(tsi, toi, message.blob, message.size, size, len(packets), digest, ranged.path, 0))
            for packet in packets:
                at += MS // 2
                yield at, self.sign(packet, at)
        self._last = [*self._last[-2:], TurnOf(turn.number, tuple(named))]
        self._told_ns = at
        for again_ns in (0, 60 * MS):
            yield from self._news(at + MS // 2 + again_ns)

    def quiet(self, now_ns: int) -> Iterator[tuple[int, bytes]]:
        """News again where nothing newer is told."""
        if self._last and now_ns - self._told_ns >= 50 * MS:
            self._told_ns = now_ns
            yield from self._news(now_ns)

    def checkpoint(self, now_ns: int) -> Iterator[tuple[int, bytes]]:
        data = self._writer.checkpoint()
        if data is not None:
            _, packets = self._object(NEWS, data, overhead=1.5)
            for at, packet in enumerate(packets):
                when = now_ns + (at * MS // 2) + (100 * MS if at >= len(packets) // 2 else 0)
                yield when, self.sign(packet, when)

    def sign(self, packet: Packet, at_ns: int, mac: Mac | None = None) -> bytes:
        sn = at_ns // 1000
        while sn in self._used:
            sn += 1
        self._used.add(sn)
        return write(packet._replace(sn=sn), mac or self._mac)

    def _news(self, at_ns: int) -> Iterator[tuple[int, bytes]]:
        _, packets = self._object(NEWS, self._writer.news(self.origin.epoch, self._last), overhead=0.0)
        for packet in packets:
            yield at_ns, self.sign(packet, at_ns)

    def _object(self, tsi: int, data: bytes, overhead: float | None = None) -> tuple[int, list[Packet]]:
        toi = self._toi[tsi] = self._toi.get(tsi, self._start_toi) + 1
        info = info_of(self._fec, len(data), SYMBOL)
        repair = -(-info.k * int(100 * (self._overhead if overhead is None else overhead)) // 100)
        return toi, [packet_of(tsi, toi, info, *each) for each in encode(data, info, repair)]


def packet_of(tsi: int, toi: int, info: Info, sbn: int, esi: int, symbol: bytes) -> Packet:
    return Packet(tsi, toi, info, None, 0, 0, sbn, esi, symbol, False, info.fec)


@dataclass(order=True)
class Due:
    at_ns: int
    number: int
    do: Callable[[int], Any] = field(compare=False)


class House:
    """One gateway and all around it. Change `weather`, `feed_answers`, `repair_answers` as it goes."""

    def __init__(self, seed: int = 1, weather: Weather = fine, fec: int = RAPTORQ, rtt_ms: int = 20) -> None:
        self.chance = Random(seed)
        self.now_ns = T0
        self.weather = weather
        self.fec, self.rtt_ns = fec, rtt_ms * MS
        self.origin = Origin(T0 - 50 * MS, self.chance)
        for _ in range(40):
            self.origin.tell()
        self.sender = Sender(self.origin, self.now_ns, fec)
        self.sends = self.feed_answers = self.repair_answers = True
        self.ring = 600  # turns that the feed can go on after
        self.gateway = Gateway(description(fec), self.now_ns)
        self.published: list[tuple[int, tuple[Message, ...], int]] = []  # since all was told, and when
        self.told_ns: dict[int, int] = {}  # by the origin
        self.hub = Snapshot()
        self.begun = -1
        self.feed_wanted, self.feed_open, self._fed = True, False, 0
        self.feeds = self.snapshots = 0
        self.asks: list[Ask] = []
        self.packets_sent = self.packets_lost = self.most_bytes = 0
        self.states: list[str] = ["start"]
        self.worst_ns = 0
        self._due: list[Due] = []
        self._numbers = itertools.count()
        self._every(50 * MS, self._tell)
        self._every(25 * MS, lambda now: self._send(self.sender.quiet(now)))
        self._every(S, lambda now: self._send(self.sender.checkpoint(now)))
        self._every(int(TICK_S * S), self._tick)
        self.later(5 * MS, self._connect)

    # time

    def run(self, seconds: float) -> None:
        end_ns = self.now_ns + int(seconds * S)
        while self._due and self._due[0].at_ns <= end_ns:
            due = heapq.heappop(self._due)
            self.now_ns = due.at_ns
            due.do(due.at_ns)
        self.now_ns = end_ns

    def later(self, after_ns: int, do: Callable[[int], Any]) -> None:
        heapq.heappush(self._due, Due(self.now_ns + max(0, after_ns), next(self._numbers), do))

    def _every(self, period_ns: int, do: Callable[[int], Any]) -> None:
        def again(now_ns: int) -> None:
            self.later(period_ns, again)
            do(now_ns)

        self.later(period_ns, again)

    # the group

    def _tell(self, now_ns: int) -> None:
        turn = self.origin.tell()
        self.told_ns[turn.number] = now_ns
        self._send(self.sender.turn(turn, now_ns))
        if self.feed_open:
            self.later(5 * MS, lambda now: self._feed())

    def _send(self, datagrams: Iterator[tuple[int, bytes]]) -> None:
        for at_ns, data in datagrams:
            if not self.sends:
                continue
            self.packets_sent += 1
            copies = self.weather(at_ns, self.chance)
            self.packets_lost += not copies
            for delay_ns in copies:
                self.deliver(data, at_ns + delay_ns - self.now_ns)

    def deliver(self, data: bytes, after_ns: int = 0, source: str = SOURCE) -> None:
        self.later(after_ns, lambda now: self.do(self.gateway.packet(data, source, now)))

    def _tick(self, now_ns: int) -> None:
        self.do(self.gateway.tick(now_ns))
        self.most_bytes = max(self.most_bytes, self.gateway.objects.bytes + self.gateway.order.bytes)

    # what the gateway wants

    def do(self, actions: Any) -> None:
        for action in actions:
            self._act(action)
        state = self.gateway.switch.state.value
        if state != self.states[-1]:
            self.states.append(state)

    def _act(self, action: Action) -> None:
        if isinstance(action, Publish):
            assert action.turn is not None
            for message in action.messages:
                self.hub.apply(replace(message, data=b"") if isinstance(message, Appended) else message)
            self.published.append((action.turn.number, action.messages, self.now_ns))
        elif isinstance(action, OpenFeed):
            self.feed_wanted, self.feed_open = True, False
            self.later(int(100 * MS * self.chance.random()), self._connect)
        elif isinstance(action, CloseFeed):
            self.feed_wanted = self.feed_open = False
        else:
            self.asks.append(action)
            self.later(self.rtt_ns, lambda now: self._repair(action))

    def _repair(self, ask: Ask) -> None:
        data = self.origin.files.get(ask.path) if self.repair_answers else None
        pieces = [] if data is None else [(first, data[first:end]) for first, end in ask.ranges]
        self.do(self.gateway.repaired(ask.number, pieces, self.now_ns))

    # the feed

    def _connect(self, now_ns: int) -> None:
        if not self.feed_wanted or self.feed_open:
            return
        if not self.feed_answers:
            self.do(self.gateway.feed_ended(now_ns))
            self.later(200 * MS, self._connect)
            return
        self.feeds += 1
        self.feed_open = True
        at, turn = self.gateway.at, self.origin.turn
        if at is not None and at.epoch == turn.epoch and turn.number - at.number <= self.ring:
            self._fed = at.number
            self._feed()
            self.do(self.gateway.resumed(now_ns))
            return
        self.snapshots += 1
        self.hub = Snapshot()
        for message in itertools.chain(*self.origin.turns):
            self.hub.apply(replace(message, data=b"") if isinstance(message, Appended) else message)
        self.published, self.begun, self._fed = [], turn.number, turn.number
        self.do(self.gateway.swapped(list(self.hub.messages()), 100_000, now_ns))
        self.do(self.gateway.fed(turn, [], now_ns))

    def _feed(self) -> None:
        while self.feed_open and self._fed < self.origin.turn.number:
            self._fed += 1
            turn = Turn(self.origin.epoch, self._fed)
            self.do(self.gateway.fed(turn, list(self.origin.turns[self._fed]), self.now_ns))

    def cut_feed(self) -> None:
        """It breaks; it is tried again."""
        self.feed_open = False
        self.do(self.gateway.feed_ended(self.now_ns))
        self.later(200 * MS, self._connect)

    def restart_origin(self) -> None:
        """The origin begins anew, and with it the sender's numbers; who was fed is not any more."""
        was_open = self.feed_open
        self.origin = Origin(self.now_ns, self.chance)
        self.sender = Sender(self.origin, self.now_ns, self.fec)
        for _ in range(8):
            self.origin.tell()
        if was_open:
            self.cut_feed()

    # what came of it

    @property
    def state(self) -> str:
        return self.gateway.switch.state.value

    def told(self) -> dict[str, Any]:
        return self.gateway.describe(0, 0)

    def delays_ms(self, since_s: float = 0.0) -> list[float]:
        """From the origin's telling to the hub's, of each turn published since."""
        return sorted(
            (at - self.told_ns[number]) / MS
            for number, _, at in self.published
            if number in self.told_ns and at >= T0 + since_s * S
        )

    def assert_as_told(self, but_for: int = 8) -> None:
        """All turns since the last snapshot, but perhaps the newest few, each once, whole, and in order of its lane."""
        numbers = [number for number, _, _ in self.published]
        assert len(numbers) == len(set(numbers)), "a turn was published twice"
        at = self.gateway.at
        assert at is not None
        assert at.epoch == self.origin.epoch
        assert at.number >= self.origin.turn.number - but_for
        assert set(range(self.begun + 1, at.number + 1)) <= set(numbers)
        lanes, newest = Lanes(), dict[str, int]()
        for messages in self.origin.turns:
            lanes.learn(messages)
        for number, messages, _ in self.published:
            assert messages == self.origin.turns[number]
            for lane in lanes.touched(messages):
                assert newest.get(lane, -1) < number, f"turn {number} of {lane} came after {newest[lane]}"
                newest[lane] = number
