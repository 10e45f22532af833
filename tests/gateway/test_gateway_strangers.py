"""What strangers, forgers and players-back send is counted and dropped; memory stays bounded, the session goes on."""

from random import Random

import pytest
from gateway_house import MS, OTHER_KEYS, SOURCE, T0, House, S, Sender, description, packet_of
from hypothesis import given, settings
from hypothesis import strategies as st

from ringside.core.alc import RAPTORQ, Mac, encode, info_of
from ringside.core.feed import Turn
from ringside.core.feed.news import TurnOf, Writer
from ringside.flow.relay.gateway.actions import Publish
from ringside.flow.relay.gateway.gateway import Gateway
from ringside.flow.relay.gateway.gather import MAX_OPEN, MAX_REMEMBERED

CHANCE = Random(11)


@pytest.fixture
def house() -> House:
    one = House()
    one.run(3)
    assert one.state == "group"
    return one


def dropped(one: House) -> dict[str, int]:
    return {reason: count for reason, count in one.told()["dropped"].items() if count}


def goes_on(one: House) -> None:
    one.run(2)
    one.assert_as_told()
    assert one.states == ["start", "unicast", "group"]


def test_noise_is_dropped_by_its_length_or_its_header(house: House) -> None:
    house.deliver(b"")
    house.deliver(bytes(2000))
    house.deliver(CHANCE.randbytes(1344))
    goes_on(house)
    assert dropped(house) == {"length": 2, "header": 1}


def test_packets_from_elsewhere_are_dropped_unread(house: House) -> None:
    for _ in range(10):
        house.deliver(CHANCE.randbytes(1344), source="10.66.0.13")
    goes_on(house)
    assert dropped(house) == {"source": 10}


def test_packets_of_other_sessions_are_dropped(house: House) -> None:
    info = info_of(RAPTORQ, 1280, 1280)
    house.deliver(house.sender.sign(packet_of(77, 1, info, 0, 0, bytes(1280)), house.now_ns))
    goes_on(house)
    assert dropped(house) == {"tsi": 1}


def test_packets_of_another_key_are_dropped(house: House) -> None:
    mac = Mac(OTHER_KEYS.group)
    for toi in range(20):
        packet = packet_of(10, toi + 1, info_of(RAPTORQ, 1280, 1280), 0, 0, bytes(1280))
        house.deliver(house.sender.sign(packet, house.now_ns, mac))
    goes_on(house)
    assert dropped(house) == {"forged": 20}


def test_packets_played_back_are_dropped_at_once_and_after_an_hour(house: House) -> None:
    kept: list[bytes] = []
    take = house.gateway.packet

    def tap(data: bytes, source: str, now_ns: int):
        kept.append(data)
        return take(data, source, now_ns)

    house.gateway.packet = tap  # type: ignore[method-assign]
    house.run(1)
    house.gateway.packet = take  # type: ignore[method-assign]
    for data in kept:
        house.deliver(data)
    goes_on(house)
    assert dropped(house) == {"replayed": len(kept)}
    house.run(5)
    for data in kept:
        house.deliver(data)
    goes_on(house)
    assert dropped(house) == {"replayed": 2 * len(kept)}


def test_news_played_back_do_not_keep_a_silent_group_alive(house: House) -> None:
    kept: list[bytes] = []
    take = house.gateway.packet
    house.gateway.packet = lambda data, source, now: (kept.append(data), take(data, source, now))[1]  # type: ignore
    house.run(1)
    house.sends = False
    for _ in range(100):
        house.deliver(kept[-1])
        house.run(0.01)
    assert "bridge" in house.states


@pytest.mark.parametrize("length", [1 << 22, (1 << 22) + 1, 1 << 39])
def test_absurd_sizes_cost_nothing_until_their_packets_come(house: House, length: int) -> None:
    """A holder of the group's key announces the largest object there may be, and larger ones."""
    head = house.sender.sign(packet_of(10, 5, info_of(RAPTORQ, 1280, 1280), 0, 0, bytes(1280)), house.now_ns)
    data = bytearray(head)
    data[46:51] = length.to_bytes(5, "big")
    Mac(description().key).sign(data)
    house.deliver(bytes(data))
    house.run(0.1)
    assert house.gateway.objects.bytes < 100_000
    goes_on(house)
    assert dropped(house) == ({} if length == 1 << 22 else {"info": 1})


def test_objects_that_no_news_name_are_bounded_and_let_go(house: House) -> None:
    """A holder of the group's key opens an object with each packet."""
    info = info_of(RAPTORQ, 100 * 1280, 1280)
    for toi in range(1000):
        house.deliver(house.sender.sign(packet_of(13, toi, info, 0, 0, bytes(1280)), house.now_ns))
    house.run(0.2)
    objects = house.gateway.objects
    assert objects.open <= MAX_OPEN + 10
    assert len(objects._of[13]) <= MAX_REMEMBERED
    assert objects.bytes <= (MAX_OPEN + 10) * 1280 + 100_000
    goes_on(house)
    assert dropped(house)["full"] > 900
    house.run(6)
    assert objects.open < 10
    assert dropped(house)["late"] >= 50


def test_an_object_that_is_not_what_the_news_say_is_not_published(house: House) -> None:
    """A holder of the group's key is faster than the sender: it is mended by unicast, from the origin."""
    real = house.sender.turn

    def poisoned(turn: TurnOf, now_ns: int):
        for at, data in real(turn, now_ns):
            if data[11] in (10, 11, 12, 13) and int.from_bytes(data[4:8], "big") == 0:
                toi = int.from_bytes(data[12:16], "big")
                length = int.from_bytes(data[46:51], "big")
                info = info_of(RAPTORQ, length, 1280)
                esi = int.from_bytes(data[61:64], "big")
                yield at, house.sender.sign(packet_of(data[11], toi, info, 0, esi, CHANCE.randbytes(1280)), at)
            else:
                yield at, data

    house.sender.turn = poisoned  # type: ignore[method-assign]
    house.run(2)
    assert house.told()["dropped"]["forged"] > 0
    house.sender.turn = real  # type: ignore[method-assign]
    house.run(4)
    house.assert_as_told()


def test_news_that_the_sender_has_not_signed_are_not_believed(house: House) -> None:
    writer = Writer(OTHER_KEYS.signer(), house.now_ns)
    data = writer.news(house.origin.epoch, [TurnOf(house.origin.turn.number + 1, ())])
    info = info_of(RAPTORQ, len(data), 1280)
    for each in encode(data, info, 0):
        house.deliver(house.sender.sign(packet_of(1, 99, info, *each), house.now_ns))
    goes_on(house)
    assert dropped(house) == {"forged": 1}


def test_what_is_carried_round_for_others_is_no_news_and_no_forgery(house: House) -> None:
    data = b"<?xml version='1.0'?><MulticastGatewayConfiguration/>" * 60
    info = info_of(RAPTORQ, len(data), 1280)
    for each in encode(data, info, 0):
        house.deliver(house.sender.sign(packet_of(1, 99, info, *each), house.now_ns))
    goes_on(house)
    assert dropped(house) == {}


def recorded(turns: int) -> tuple[House, Turn, list[bytes]]:
    """A session of a few turns as datagrams, the checkpoint first; nothing is lost."""
    one = House(seed=5)
    one.sender = Sender(one.origin, T0)
    base, data = one.origin.turn, []
    for number in range(turns):
        data += [each for _, each in one.sender.turn(one.origin.tell(), T0 + number * 50 * MS)]
    return one, base, data


HOUSE, BASE, DATAGRAMS = recorded(6)


@given(st.randoms(use_true_random=False), st.floats(0, 0.5))
@settings(max_examples=20, deadline=None)
def test_any_interleaving_of_packets_and_feed_publishes_what_the_origin_told(chance: Random, share: float) -> None:
    gateway = Gateway(description(), T0)
    exists = [message for messages in HOUSE.origin.turns[: BASE.number + 1] for message in messages]
    gateway.swapped(exists, 0, T0)
    gateway.fed(BASE, [], T0)
    feed = list(range(BASE.number + 1, HOUSE.origin.turn.number + 1))
    packets = [data for data in DATAGRAMS if chance.random() >= share] + chance.sample(DATAGRAMS, 20)
    chance.shuffle(packets)
    steps = [*packets, *feed]
    order = sorted(chance.sample(range(len(steps)), len(feed)))
    published: list[Publish] = []
    now_ns, fed = T0, iter(feed)
    for at in range(len(steps)):
        now_ns += MS
        if order and at == order[0]:
            order.pop(0)
            number = next(fed)
            actions = gateway.fed(Turn(BASE.epoch, number), HOUSE.origin.turns[number], now_ns)
        else:
            actions = gateway.packet(packets.pop(), SOURCE, now_ns)
        published += [action for action in [*actions, *gateway.tick(now_ns)] if isinstance(action, Publish)]
    numbers = [action.turn.number for action in published if action.turn]
    assert sorted(numbers) == feed
    for action in published:
        assert action.turn is not None
        assert action.messages == HOUSE.origin.turns[action.turn.number]
    for lane in range(4):
        mine = [number for number in numbers if number % 4 == lane]
        assert mine == sorted(mine)
    assert gateway.at == HOUSE.origin.turn


def test_nothing_is_asked_for_and_nothing_kept_when_all_has_come(house: House) -> None:
    house.run(2)
    assert house.asks == []
    assert len(house.gateway.mend) == 0
    assert house.now_ns == T0 + 5 * S
