"""A gateway among enemies: strangers, replays, a holder of the key. Only the bytes that the origin has come out."""

import random
from collections.abc import Iterable
from dataclasses import replace

import pytest
from bench.multicast.stream import BLOB, EPOCH, NEWS_TSI, SEGMENT, SYMBOL, TSI, Stream

from ringside.core.alc import RAPTORQ, Mac, Packet, encode, info_of, write
from ringside.core.feed import Appended, Opened, Turn
from ringside.core.mabr import Description, Keys
from ringside.flow.relay.gateway.actions import Action, Ask, OpenFeed, Publish
from ringside.flow.relay.gateway.gateway import Gateway

PARTS, PART_BYTES = 40, 9_000
STEP_NS = 2_000_000  # between packets
BEGAN_NS = 1_790_000_000 * 10**9
SENDER, STRANGER = "10.0.0.1", "10.0.0.66"


class Watched:
    """A gateway, what it publishes by turn, and what it wanted."""

    def __init__(self, stream: Stream) -> None:
        self.pool = stream.pool()
        self.gateway = Gateway(stream.description, BEGAN_NS)
        self.now_ns = BEGAN_NS
        self.turns: dict[int, bytes] = {}
        self.asked = self.opened = 0
        self.most_bytes = 0
        self.do(self.gateway.swapped([Opened(SEGMENT, BLOB, "video/mp4")], 0, self.now_ns))
        self.do(self.gateway.fed(Turn(EPOCH, 0), [], self.now_ns))

    def packet(self, data: bytes, source: str = SENDER) -> None:
        self.do(self.gateway.packet(data, source, self.now_ns))
        self.most_bytes = max(self.most_bytes, self.gateway.objects.bytes)

    def wait(self, ns: int = STEP_NS) -> None:
        self.now_ns += ns
        self.do(self.gateway.tick(self.now_ns))

    def do(self, actions: Iterable[Action]) -> None:
        for action in actions:
            if isinstance(action, Publish) and action.turn is not None:
                assert action.turn.number not in self.turns
                media = [message.data for message in action.messages if isinstance(message, Appended)]
                self.turns[action.turn.number] = b"".join(media)
            elif isinstance(action, Ask):
                self.asked += 1
                data = self.pool[int(action.path.split(".")[1]) % len(self.pool)]
                pieces = [(first, data[first:end]) for first, end in action.ranges]
                self.do(self.gateway.repaired(action.number, pieces, self.now_ns))
            self.opened += isinstance(action, OpenFeed)

    def is_whole(self) -> bool:
        return self.turns == {n: self.pool[n % len(self.pool)] for n in range(1, PARTS + 1)}


@pytest.fixture
def stream() -> Stream:
    chance = random.Random(4)
    return Stream(Keys(chance.randbytes(32), chance.randbytes(32)), PART_BYTES, PARTS, seed=4)


def sent(stream: Stream) -> list[bytes]:
    return [each for part in stream.datagrams(BEGAN_NS // 1000) for each in part]


def changed(data: bytes, rng: random.Random) -> bytes:
    damaged = bytearray(data)
    for _ in range(rng.choice((1, 2, 5))):
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged[: rng.choice((len(damaged), rng.randrange(len(damaged))))])


def test_the_stream_alone_is_published_turn_by_turn(stream: Stream) -> None:
    watched = Watched(stream)
    for each in sent(stream):
        watched.packet(each)
        watched.wait()
    assert watched.is_whole()
    assert watched.asked == 0


def test_strangers_without_the_key_change_nothing(stream: Stream) -> None:
    watched, rng, packets = Watched(stream), random.Random(5), sent(stream)
    other = Mac(b"x" * 32)
    for each in packets:
        for _ in range(4):
            watched.packet(changed(rng.choice(packets), rng))
        forged = bytearray(each)
        other.sign(forged)
        watched.packet(bytes(forged))
        watched.packet(each)
        watched.wait()
    assert watched.is_whole()
    assert watched.asked == watched.opened == 0
    assert watched.gateway.health.dropped["forged"] > len(packets)


def test_what_was_recorded_and_is_sent_again_changes_nothing(stream: Stream) -> None:
    watched, rng, packets = Watched(stream), random.Random(6), sent(stream)
    for at, each in enumerate(packets):
        watched.packet(each)
        for _ in range(3):
            watched.packet(packets[rng.randrange(at + 1)])
        watched.wait()
    assert watched.is_whole()
    assert watched.asked == watched.opened == 0
    assert watched.gateway.health.dropped["replayed"] >= 3 * len(packets)


def test_the_right_packets_from_a_wrong_address_are_not_taken(stream: Stream) -> None:
    stream.description = with_source(stream, SENDER)
    watched, packets = Watched(stream), sent(stream)
    for each in packets:
        watched.packet(each, STRANGER)
    assert watched.turns == {}
    assert watched.gateway.health.dropped["source"] == len(packets)
    for each in packets:
        watched.packet(each)
        watched.wait()
    assert watched.is_whole()


def test_a_holder_of_the_key_may_disturb_but_puts_nothing_in(stream: Stream) -> None:
    watched, rng = Watched(stream), random.Random(7)
    mac = Mac(stream.keys.group)
    packets = sent(stream)
    sn = BEGAN_NS // 1000 - 1_000_000  # within the window, and nobody's
    for at, each in enumerate(packets):
        for _ in range(2):
            sn += 1
            watched.packet(hostile(rng, sn, 2 * (at * PARTS // len(packets) + rng.randrange(4)), mac))
        watched.packet(each)
        watched.wait()
    for _ in range(1000):
        watched.wait()
    assert watched.turns.items() <= {n: watched.pool[n % 4] for n in range(1, PARTS + 1)}.items()
    assert watched.is_whole()
    assert watched.asked > 0
    assert watched.most_bytes <= 64 << 20


def hostile(rng: random.Random, sn: int, toi: int, mac: Mac) -> bytes:
    """Signed for the group: noise in the place of media to come, and news that the sender never signed."""
    tsi = rng.choice((TSI, TSI, NEWS_TSI))
    size = rng.choice((PART_BYTES, PART_BYTES, 1, 200_000, 4 << 20))
    info = info_of(RAPTORQ, size, SYMBOL)
    esi = rng.randrange(info.k + 8)
    return write(Packet(tsi, toi, info, None, 0, sn, 0, esi, rng.randbytes(SYMBOL)), mac)


def test_forged_news_of_a_holder_of_the_key_are_not_believed(stream: Stream) -> None:
    watched, mac = Watched(stream), Mac(stream.keys.group)
    liar = Stream(Keys(stream.keys.group, b"l" * 32), PART_BYTES, 3, seed=99)
    for each in [each for part in liar.datagrams(BEGAN_NS // 1000) for each in part]:
        watched.packet(each)
        watched.wait()
    assert watched.turns == {}
    data = b"RSN1" + bytes(200)
    info = info_of(RAPTORQ, len(data), SYMBOL)
    for sbn, esi, symbol in encode(data, info, 2):
        watched.packet(
            write(Packet(NEWS_TSI, 9999, info, None, 0, BEGAN_NS // 1000 + 10**6 + esi, sbn, esi, symbol), mac)
        )
    assert watched.turns == {}


def with_source(stream: Stream, source: str) -> Description:
    news, track = stream.description.news, stream.description.tracks["v720"]
    return replace(
        stream.description, news=replace(news, source=source), tracks={"v720": replace(track, source=source)}
    )
