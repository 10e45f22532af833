"""What a gateway joins, over real sockets on this machine's loopback groups."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Iterator

import pytest

from ringside.core.errors import Misconfigured
from ringside.core.mabr import Description, Endpoint
from ringside.flow.relay.gateway import socket as shell
from ringside.flow.relay.gateway.socket import ANY, Reception, address_of, close, join, joined, listening, transports

LOOPBACK = "127.0.0.1"


def description(news: Endpoint, *tracks: Endpoint) -> Description:
    return Description(
        event="main", origin="http://origin", news=news, tracks={f"v{at}": each for at, each in enumerate(tracks)},
        fec=6, overhead=12, symbol=1280, repair=(), reorder_ms=20, key=bytes(32), public=bytes(32), until=0,
    )  # fmt: skip


def group() -> str:
    """One that nobody else is likely to use."""
    return f"239.{os.getpid() >> 8 & 255}.{os.getpid() & 255}.{os.urandom(1)[0]}"


@pytest.fixture
def port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def sender() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(LOOPBACK))
        yield sock


def run(scene: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(scene(), 10))  # type: ignore[arg-type]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 -- many conditions, one way to wait
            await asyncio.sleep(0.005)


def test_what_is_sent_to_the_groups_of_a_session_is_read_with_its_sender(port: int, sender: socket.socket) -> None:
    async def scene() -> None:
        groups = [group(), group()]
        heard: list[tuple[bytes, str]] = []
        session = description(Endpoint(groups[0], port, None, 1), Endpoint(groups[1], port, None, 10))
        reception = Reception(joined(session, LOOPBACK, 2**20), lambda *each: heard.append(each))
        try:
            for at, each in enumerate(groups):
                sender.sendto(b"to %d" % at, (each, port))
            await until(lambda: len(heard) == 2)
            assert sorted(heard) == [(b"to 0", LOOPBACK), (b"to 1", LOOPBACK)]
        finally:
            reception.close()

    run(scene)


def test_a_group_that_another_program_joined_is_not_heard(port: int, sender: socket.socket) -> None:
    ours, theirs = group(), group()
    with listening(ANY, port, 2**16) as sock, listening(ANY, port, 2**16) as other:
        join(sock, ours, None, LOOPBACK)
        join(other, theirs, None, LOOPBACK)
        other.settimeout(5)
        sender.sendto(b"theirs", (theirs, port))
        assert other.recv(99) == b"theirs"
        sender.sendto(b"ours", (ours, port))
        sock.settimeout(5)
        assert sock.recv(99) == b"ours"


def test_a_source_specific_group_is_heard_from_its_source_alone(port: int, sender: socket.socket) -> None:
    where = "232." + group().partition(".")[2]
    right = description(Endpoint(where, port, LOOPBACK, 1), Endpoint(where, port, LOOPBACK, 10))
    wrong = description(Endpoint(where, port, "127.0.0.9", 1), Endpoint(where, port, "127.0.0.9", 10))
    heard, deaf = joined(right, LOOPBACK, 2**16), joined(wrong, LOOPBACK, 2**16)
    try:
        sender.sendto(b"hello", (where, port))
        heard[0].settimeout(5)
        assert heard[0].recv(99) == b"hello"
        with pytest.raises(BlockingIOError):
            deaf[0].recv(99)
    finally:
        close([*heard, *deaf])


def test_what_the_kernel_had_no_room_for_is_counted(port: int, sender: socket.socket) -> None:
    async def scene() -> None:
        where, heard = group(), list[bytes]()
        session = description(Endpoint(where, port, None, 1), Endpoint(where, port, None, 10))
        reception = Reception(joined(session, LOOPBACK, 2**16), lambda data, _: heard.append(data))
        try:
            assert 2**16 <= reception.buffer_bytes <= 2**18
            for _ in range(1000):
                sender.sendto(bytes(1372), (where, port))
            await until(lambda: len(heard) + reception.unread == 1000)
            assert reception.unread > 500
            assert heard
        finally:
            reception.close()

    run(scene)


def test_what_has_come_can_be_read_at_once_and_others_have_their_turn(port: int, sender: socket.socket) -> None:
    async def scene() -> None:
        where, heard = group(), list[bytes]()
        session = description(Endpoint(where, port, None, 1), Endpoint(where, port, None, 10))
        reception = Reception(joined(session, LOOPBACK, 2**22), lambda data, _: heard.append(data))
        try:
            for at in range(400):
                sender.sendto(b"%d" % at, (where, port))
            reception.drain()
            assert len(heard) == shell.DRAIN
            await until(lambda: len(heard) == 400)
            assert heard == [b"%d" % at for at in range(400)]
        finally:
            reception.close()

    run(scene)


def test_each_group_and_port_is_one_socket_and_any_source_beats_a_source() -> None:
    one, two = Endpoint("239.1.1.1", 5000, None, 1), Endpoint("239.1.1.1", 5000, "10.0.0.1", 10)
    three, four = Endpoint("232.1.1.1", 5000, "10.0.0.1", 11), Endpoint("232.1.1.1", 5000, "10.0.0.2", 12)
    assert transports(description(one, two, three, four)) == {
        ("239.1.1.1", 5000): {None},
        ("232.1.1.1", 5000): {"10.0.0.1", "10.0.0.2"},
    }


def test_a_card_is_known_by_its_name_or_its_address() -> None:
    assert address_of("lo") == LOOPBACK
    assert address_of("10.1.2.3") == "10.1.2.3"
    assert address_of("") == ANY


@pytest.mark.parametrize("name", ["nosuch0", "x" * 40, "127.0.0.1.1", "ein Gerät"])
def test_a_card_that_does_not_exist_is_one_sentence(name: str) -> None:
    with pytest.raises(Misconfigured, match="there is no network card"):
        address_of(name)


def test_a_group_that_cannot_be_joined_is_one_sentence(port: int) -> None:
    session = description(Endpoint("239.1.1.1", port, None, 1), Endpoint("239.1.1.1", port, None, 10))
    with pytest.raises(Misconfigured, match=r"239\.1\.1\.1 cannot be joined: no network card .* 203\.0\.113\.77$"):
        joined(session, "203.0.113.77", 2**16)


def join_many(sock: socket.socket, count: int) -> None:
    for at in range(count):
        join(sock, f"239.200.{at >> 8}.{at & 255}", None, LOOPBACK)


def test_too_many_groups_are_one_sentence_and_leave_nothing_joined(port: int) -> None:
    with listening(ANY, port, 2**16) as sock:
        with pytest.raises(Misconfigured, match="igmp_max_memberships"):
            join_many(sock, 4000)
    before = len(os.listdir("/proc/self/fd"))
    session = description(Endpoint("239.1.1.1", port, None, 1), Endpoint("239.1.1.2", port, None, 10))
    with pytest.raises(Misconfigured):
        joined(session, "203.0.113.77", 2**16)
    assert len(os.listdir("/proc/self/fd")) == before
