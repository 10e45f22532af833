"""Connections over real sockets: replies that come in one read or many, whatever ends them, TLS, and slow lines."""

import gzip
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.crowd.web import Asked, Conversation, Got, Told, Web, Wire, get, trusting
from tests.hostile.certificate import certificate

from ringside.prove.crowd.engine import wire as http
from ringside.prove.crowd.engine.session import UNLIMITED
from ringside.prove.crowd.player.base import Ask, Failure, Kind, Lane

OK = b"HTTP/1.1 200 OK\r\n"
BIG = bytes(range(256)) * 12_000


def one(url: str, network: str = "lan", **more: bool) -> Got:
    with Wire() as wire:
        (got,) = get(wire, wire.media(url, **more), network=network)
        return got


# -- replies that are well


@pytest.mark.parametrize("size", [0, 1, 1000, 16_384, 100_000, len(BIG)])
@pytest.mark.parametrize("keep", [True, False])
def test_a_body_comes_whole(web: Web, size: int, keep: bool) -> None:
    got = one(web.say("/a", BIG[:size], "206 Partial"), keep=keep)
    if not size:  # nothing, in place of media
        assert got.failure is Failure.UNREADABLE
        return
    assert (got.status, got.nbytes, got.body) == (206, size, BIG[:size] if keep else b"")
    assert got.sent_s <= got.first_s <= got.at_s


def test_a_body_nobody_wants_is_counted_and_not_copied(web: Web) -> None:
    with Wire() as wire:
        (got,) = get(wire, wire.media(web.say("/a", BIG)))
        assert got.nbytes == len(BIG)
        assert wire.engine.bytes > len(BIG)
        assert wire.engine.discard[:] == bytes(UNLIMITED)


def in_pieces(data: bytes, sizes: tuple[int, ...]) -> list[bytes]:
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [*pieces, data]


@pytest.mark.parametrize("sizes", [(1, 1, 1), (10, 9), (len(OK) + 1,), (len(OK) + 18,), (len(OK) + 20, 1), (40, 3, 2)])
@pytest.mark.parametrize("chunked", [True, False])
def test_a_reply_may_come_in_any_pieces(web: Web, sizes: tuple[int, ...], chunked: bool) -> None:
    reply = OK + b"Content-Length: 11\r\n\r\nhello world"
    if chunked:
        reply = OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nX: 1\r\n\r\n"

    def dribble(talk: Conversation, asked: Asked) -> None:
        for piece in in_pieces(reply, sizes):
            talk.send(piece)
            talk.closing.wait(0.02)

    url = web.on("/a", dribble)
    with Wire() as wire:
        found = get(wire, wire.media(url, keep=True), wire.media(url + "?2"), wire.media(url + "?3", grows=True))
    assert [got.nbytes for got in found] == [11, 11, 11]
    assert found[0].body == b"hello world"
    assert web.connections == 1


def test_what_grows_is_shown_as_it_comes(web: Web) -> None:
    def answer(talk: Conversation, asked: Asked) -> None:
        talk.send(OK + b"Transfer-Encoding: chunked\r\n\r\n")
        for piece in (b"one", b"two", b"three"):
            talk.send(b"%x\r\n%s\r\n" % (len(piece), piece))
            talk.closing.wait(0.05)
        talk.send(b"0\r\n\r\n")

    url = web.on("/a", answer)
    with Wire() as wire:
        player = Told((Ask(Lane.VIDEO, wire.media(url, grows=True)),))
        wire.viewer(player)
        wire.until(lambda: player.got)
    assert b"".join(new for _, _, new in player.grown) == b"onetwothree"
    assert [offset for _, offset, _ in player.grown] == [0, 3, 6]
    assert player.grown[0][0] < player.grown[1][0] < player.grown[2][0] <= player.got[0].at_s
    assert (player.got[0].nbytes, player.got[0].body) == (11, b"")


def test_an_error_page_does_not_grow(web: Web) -> None:
    with Wire() as wire:
        player = Told((Ask(Lane.VIDEO, wire.media(web.say("/a", b"sorry", "503 Busy"), grows=True)),))
        wire.viewer(player)
        wire.until(lambda: player.got)
    assert (player.grown, player.statuses) == ([], [503])


def test_a_body_may_last_until_the_connection_closes(web: Web) -> None:
    url = web.say_raw("/a", OK + b"\r\n", BIG[:50_000], close=True)
    with Wire() as wire:
        first, second = get(wire, wire.media(url, keep=True), wire.media(url + "?2"))
    assert first.body == BIG[:50_000]
    assert second.nbytes == 50_000
    assert web.connections == 2


def test_interim_replies_are_passed_over(web: Web) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    reply = OK + b"Content-Length: 2\r\n\r\nok"
    together = web.say_raw("/together", hints + hints + reply)
    apart = web.on("/apart", lambda talk, asked: talk.send(hints) or talk.closing.wait(0.1) or talk.send(reply))
    with Wire() as wire:
        found = get(wire, wire.media(together, keep=True), wire.media(apart, keep=True))
    assert [got.body for got in found] == [b"ok", b"ok"]


def test_a_body_with_a_coding_is_undone_once_for_all(web: Web) -> None:
    packed = gzip.compress(b"#EXTM3U\n" * 50)
    url = web.say("/a", packed, "200 OK", "Content-Encoding: gzip")
    with Wire() as wire:
        requests = [wire.world.request(f"{url}?{n}", Kind.PLAYLIST, keep=True) for n in range(2)]
        first, second = get(wire, *requests)
    assert first.body == b"#EXTM3U\n" * 50
    assert first.nbytes == len(packed)
    assert second.body is first.body


# -- replies that are not


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", Failure.MALFORMED),
        (b"<html>" * 20_000, Failure.MALFORMED),
        (OK + b"X: " + b"y" * 70_000, Failure.MALFORMED),
        (OK + b"Content-Length: 3\r\n\r\nfour", Failure.MALFORMED),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", Failure.MALFORMED),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", Failure.MALFORMED),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, Failure.MALFORMED),
        (b"", Failure.RESET),
        (OK + b"Content-Len", Failure.RESET),
        (OK + b"Content-Length: 10\r\n\r\nabc", Failure.SHORT),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", Failure.SHORT),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n", Failure.SHORT),
        (OK + b"Content-Length: 9000000\r\n\r\nabc", Failure.TOO_LARGE),
        (OK + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", Failure.UNREADABLE),
        (OK + b"Content-Encoding: br\r\nContent-Length: 3\r\n\r\nabc", Failure.UNREADABLE),
    ],
)
def test_a_reply_that_goes_wrong_is_called_what_it_is(web: Web, reply: bytes, failure: Failure) -> None:
    with Wire() as wire:
        request = wire.world.request(web.say_raw("/a", reply, close=True), Kind.PLAYLIST, keep=True)
        (got,) = get(wire, request)
        assert got.failure is failure
        assert wire.tally.problems == {failure.value: 1}
        assert not wire.sessions[0].connections or failure is Failure.UNREADABLE


@pytest.mark.parametrize("form", ["chunked", "until close"])
def test_a_body_over_the_limit_is_given_up_while_it_comes(web: Web, form: str) -> None:
    def answer(talk: Conversation, asked: Asked) -> bool:
        talk.send(OK + (b"Transfer-Encoding: chunked\r\n\r\n" if form == "chunked" else b"\r\n"))
        piece = bytes(1 << 16)
        for _ in range(3 * http.BODY_LIMIT >> 16):
            talk.send(b"10000\r\n" + piece + b"\r\n" if form == "chunked" else piece)
        return False

    url = web.on("/a", answer)
    got = one(url, keep=True)
    assert got.failure is Failure.TOO_LARGE


def test_bytes_that_nobody_asked_for_end_the_connection(web: Web) -> None:
    reply = OK + b"Content-Length: 2\r\n\r\nok"

    def answer(talk: Conversation, asked: Asked) -> None:
        talk.send(reply)
        if asked.target == "/a":
            talk.closing.wait(0.05)
            talk.send(b"HTTP/1.1 408 Request Timeout\r\n\r\n")

    url = web.on("/a", answer)
    with Wire() as wire:
        session_player = Told((Ask(Lane.VIDEO, wire.media(url)),))
        session = wire.viewer(session_player)
        wire.until(lambda: session_player.got and not session.connections)
        assert not session.idle
        wire.engine.perform(session, (Ask(Lane.VIDEO, wire.media(web.on("/b", answer))),), 0.0)
        wire.until(lambda: len(session_player.got) == 2)
    assert session_player.statuses == [200, 200]
    assert web.connections == 2


# -- slow lines


@pytest.mark.parametrize("how", ["counted", "kept", "growing"])
def test_a_slow_line_carries_no_more_than_its_rate(web: Web, how: str) -> None:
    size, rate = 160_000, 200_000
    url = web.say("/a", BIG[:size])
    with Wire() as wire:
        request = wire.media(url, keep=how == "kept", grows=how == "growing")
        player = Told((Ask(Lane.VIDEO, request),))
        wire.viewer(player, "1600kbps")
        wire.until(lambda: player.got)
    (got,) = player.got
    assert got.nbytes == size
    assert got.at_s - got.sent_s > size / rate - 0.25
    for at_s, offset, _ in player.grown:
        assert offset < (at_s - got.sent_s) * rate + 0.15 * rate


def test_lanes_of_one_viewer_share_its_line(web: Web) -> None:
    url = web.say("/a", BIG[:100_000])
    with Wire() as wire:
        asks = [Ask(lane, wire.media(f"{url}?{lane}")) for lane in (Lane.VIDEO, Lane.AUDIO)]
        player = Told(asks)
        wire.viewer(player, "1600kbps")
        wire.until(lambda: len(player.got) == 2)
    assert max(got.at_s for got in player.got) - player.got[0].sent_s > 200_000 / 200_000 - 0.25


def test_a_round_trip_delays_each_request(web: Web) -> None:
    with Wire() as wire:
        began_s = wire.began_s
        found = get(wire, *(wire.media(web.say(f"/{n}", b"x")) for n in range(3)), network="100mbps@150ms")
    assert [got.at_s - began_s > 0.15 * (n + 1) for n, got in enumerate(found)] == [True] * 3


# -- TLS


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate for 127.0.0.1, signed by itself."""
    return certificate(tmp_path_factory.mktemp("tls"), "20200101000000Z", "20990101000000Z")


@pytest.fixture
def secure(secret: Path) -> Iterator[Web]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(secret)
    with Web(context) as running:
        yield running


def test_tls_carries_what_plain_tcp_does(secure: Web) -> None:
    chunked = OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    urls = [secure.say("/small", b"x"), secure.say("/big", BIG), secure.say_raw("/chunked", chunked)]
    with Wire() as wire:
        small, big, grown = get(wire, wire.media(urls[0]), wire.media(urls[1], keep=True), wire.media(urls[2]))
    assert (small.nbytes, big.body == BIG, grown.nbytes) == (1, True, 5)
    assert secure.connections == 1


def test_a_body_nobody_wants_is_counted_on_tls_too(secure: Web) -> None:
    assert one(secure.say("/a", BIG)).nbytes == len(BIG)


def test_a_slow_line_is_slow_on_tls_too(secure: Web) -> None:
    got = one(secure.say("/a", BIG[:160_000]), network="1600kbps")
    assert got.nbytes == 160_000
    assert got.at_s - got.sent_s > 0.8 - 0.25


def test_a_body_until_the_close_of_tls(secure: Web) -> None:
    assert one(secure.say_raw("/a", OK + b"\r\n", b"abc", close=True), keep=True).body == b"abc"


def test_a_certificate_is_verified_unless_told_otherwise(secure: Web, secret: Path) -> None:
    secure.say("/a", b"x")
    knowing = ssl.create_default_context(cafile=str(secret))
    elsewhere = ssl.create_default_context(cafile=str(secret))
    for context, url, fine in (
        (ssl.create_default_context(), secure.url("/a"), False),
        (knowing, secure.url("/a"), True),
        (elsewhere, secure.url("/a").replace("127.0.0.1", "localhost"), False),
        (trusting(), secure.url("/a"), True),
    ):
        with Wire(tls=context) as wire:
            (got,) = get(wire, wire.media(url))
            assert got.failure is (None if fine else Failure.TLS)


def test_a_server_that_does_not_speak_tls_is_a_failure_of_tls() -> None:
    with Web(greeting=b"SSH-2.0-OpenSSH_9.2\r\n") as talking, Web() as silent:
        with Wire(first_byte_s={Kind.MEDIA: 0.2}) as wire:
            urls = [web.url("/a").replace("http:", "https:") for web in (talking, silent)]
            found = get(wire, *(wire.media(url) for url in urls))
    assert [got.failure for got in found] == [Failure.TLS, Failure.TIMEOUT]
