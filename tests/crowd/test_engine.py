"""The engine over real sockets: connections kept, limited and lost, redirects, time-outs."""

import threading
from time import monotonic

import pytest
from tests.crowd.web import Asked, Conversation, Told, Web, Wire, get, hold

from ringside.prove.crowd.engine.session import Session
from ringside.prove.crowd.player.base import Ask, Failure, Kind, Lane, Request

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


# -- connections kept alive


def test_one_after_the_other_use_one_connection(web: Web, wire: Wire) -> None:
    web.say("/", b"x")
    found = get(wire, *(wire.media(web.url(f"/{n}")) for n in range(5)))
    assert [got.status for got in found] == [200] * 5
    assert (web.connections, wire.tally.connections) == (1, 1)
    wire.engine.count_up()
    assert (wire.tally.requests, wire.tally.replies, wire.tally.statuses) == (5, 5, {"200": 5})


def test_connection_close_is_heeded(web: Web, wire: Wire) -> None:
    web.say("/", b"x", "200 OK", "Connection: close")
    get(wire, *(wire.media(web.url(f"/{n}")) for n in range(3)))
    assert web.connections == 3


@pytest.mark.parametrize("how", ["closed", "reset"])
def test_a_connection_that_was_lost_while_idle_is_no_failure(web: Web, wire: Wire, how: str) -> None:
    def answer(talk: Conversation, asked: Asked) -> bool:
        talk.answer(b"x")
        if asked.target == "/0":
            talk.closing.wait(0.05)
            if how == "reset":
                talk.reset()
            return False
        return True

    web.on("/", answer)
    player = Told((Ask(Lane.VIDEO, wire.media(web.url("/0"))),))
    session = wire.viewer(player)
    wire.until(lambda: player.got and not session.connections)
    wire.engine.perform(session, (Ask(Lane.VIDEO, wire.media(web.url("/1"))),), monotonic())
    wire.until(lambda: len(player.got) == 2)
    assert player.statuses == [200, 200]
    assert not wire.tally.problems


def test_a_request_on_a_connection_that_the_server_was_closing_is_sent_again(web: Web, wire: Wire) -> None:
    def answer(talk: Conversation, asked: Asked) -> bool:
        if talk.number == 0 and asked.target == "/1":
            return False  # it had closed before the request came
        talk.answer(b"x")
        return True

    web.on("/", answer)
    first, second = get(wire, wire.media(web.url("/0")), wire.media(web.url("/1")))
    assert (first.status, second.status) == (200, 200)
    assert web.targets() == ["/0", "/1", "/1"]
    assert not wire.tally.problems


def test_a_fresh_connection_that_closes_is_a_failure(web: Web, wire: Wire) -> None:
    web.on("/", lambda talk, asked: False)
    (got,) = get(wire, wire.media(web.url("/0")))
    assert got.failure is Failure.RESET
    assert web.targets() == ["/0"]


def test_nobody_there_is_a_failure_at_once(wire: Wire) -> None:
    with Web() as gone:
        url = gone.url("/a")
    (got,) = get(wire, wire.media(url))
    assert got.failure is Failure.CONNECT
    assert wire.tally.connections == 1


# -- side by side


def test_no_more_connections_than_a_browser_opens_and_the_rest_wait(web: Web) -> None:
    gate = threading.Event()

    def answer(talk: Conversation, asked: Asked) -> None:
        gate.wait(10)
        talk.answer(b"x")

    web.on("/", answer)
    with Wire(connections=2) as wire:
        player = Told([Ask(lane, wire.media(web.url(f"/{lane.name}"))) for lane in list(Lane)[:5]])
        session = wire.viewer(player)
        wire.until(lambda: len(web.asked) == 2)
        assert (session.connections, len(session.waiting)) == (2, 3)
        gate.set()
        wire.until(lambda: len(player.got) == 5)
        assert (web.connections, web.most_open) == (2, 2)
    assert sorted(web.targets()[:2]) == ["/AUDIO", "/VIDEO"]
    assert {got.status for got in player.got} == {200}


def test_what_waits_is_sent_when_another_fails(web: Web) -> None:
    web.on("/bad", lambda talk, asked: False)
    web.say("/good", b"x")
    with Wire(connections=1) as wire:
        player = Told([Ask(Lane.VIDEO, wire.media(web.url("/bad"))), Ask(Lane.AUDIO, wire.media(web.url("/good")))])
        wire.viewer(player)
        wire.until(lambda: len(player.got) == 2)
    assert (player.failures, player.statuses) == ([Failure.RESET], [200])


def test_what_waits_may_be_abandoned_or_replaced(web: Web) -> None:
    web.on("/held", hold)
    web.say("/b", b"x")
    with Wire(connections=1) as wire:
        held, old, new = (wire.media(web.url(path)) for path in ("/held", "/b?old", "/b?new"))
        asks = (Ask(Lane.VIDEO, held), Ask(Lane.AUDIO, old), Ask(Lane.AUDIO, new), Ask(Lane.CLOCK, old))
        player = Told(asks)
        session = wire.viewer(player)
        wire.engine.perform(session, (Ask(Lane.CLOCK, None), Ask(Lane.VIDEO, None)), monotonic())
        wire.until(lambda: player.got).turn_for(0.1)
    assert [got.url for got in player.got] == [new.url]
    assert "/b?old" not in web.targets()


def test_idle_connections_elsewhere_make_room(web: Web) -> None:
    with Web() as other, Wire(connections=1) as wire:
        other.say("/", b"x")
        web.say("/", b"x")
        get(wire, wire.media(web.url("/")), wire.media(other.url("/")), wire.media(web.url("/")))
        assert (web.connections, other.connections) == (2, 1)
        assert wire.sessions[0].connections == 1


# -- the newest ask of a lane counts


def test_a_later_ask_is_sent_when_its_time_has_come(web: Web, wire: Wire) -> None:
    web.say("/", b"x")
    at_s = monotonic() + 0.3
    player = Told((Ask(Lane.VIDEO, wire.media(web.url("/")), at_s),))
    wire.viewer(player)
    wire.until(lambda: player.got)
    assert player.got[0].sent_s >= at_s


@pytest.mark.parametrize("network", ["lan", "100mbps@20ms"])
def test_an_ask_takes_the_place_of_one_whose_time_has_not_come(web: Web, wire: Wire, network: str) -> None:
    web.say("/", b"x")
    old, new = wire.media(web.url("/old")), wire.media(web.url("/new"))
    for again in ((Ask(Lane.VIDEO, new),), (Ask(Lane.VIDEO, None),), (Ask(Lane.VIDEO, new, monotonic() + 0.05),)):
        player = Told((Ask(Lane.VIDEO, old, monotonic() + 0.15), *again))
        wire.viewer(player, network)
        wire.turn_for(0.3)
        expected = [] if again[0].request is None else [new.url]
        wire.until(lambda player=player, expected=expected: len(player.got) >= len(expected))
        assert [got.url for got in player.got] == expected
    assert "/old" not in web.targets()


def test_an_abandoned_body_says_no_more_even_of_what_has_been_read(web: Web, wire: Wire) -> None:
    chunks = b"".join(b"3\r\n%03d\r\n" % n for n in range(20)) + b"0\r\n\r\n"
    web.say_raw("/grows", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
    web.say("/next", b"x")
    following = wire.media(web.url("/next"))
    player = Told((Ask(Lane.VIDEO, wire.media(web.url("/grows"), grows=True)),))
    player.on_growth = lambda size: (Ask(Lane.VIDEO, None), Ask(Lane.VIDEO, following)) if size == 9 else ()
    session = wire.viewer(player)
    wire.until(lambda: player.got).turn_for(0.1)
    assert [new for _, _, new in player.grown] == [b"000", b"001", b"002"]
    assert [got.url for got in player.got] == [following.url]
    assert session.connections == 1


# -- redirects


def test_redirects_are_followed_five_times(web: Web, wire: Wire) -> None:
    for n in range(6):
        web.say(f"/{n}", b"", "302 Found", f"Location: /{n + 1}")
    web.say("/6", b"x")
    short, long = get(wire, wire.media(web.url("/1")), wire.media(web.url("/0")))
    assert (short.status, short.url) == (200, web.url("/6"))
    assert long.failure is Failure.REDIRECTS
    assert web.connections == 1
    wire.engine.count_up()
    assert wire.tally.statuses == {"302": 11, "200": 1}


def test_a_circle_of_redirects_ends(web: Web, wire: Wire) -> None:
    web.say("/a", b"", "301 Moved", "Location: /a")
    (got,) = get(wire, wire.media(web.url("/a")))
    assert got.failure is Failure.REDIRECTS
    assert len(web.asked) == 6


def test_a_redirect_may_lead_to_another_host(web: Web, wire: Wire) -> None:
    with Web() as other:
        web.say("/a", b"", "307 Temporary Redirect", f"Location: {other.url('/b?c=d#e')}")
        other.say("/b", b"moved")
        (got,) = get(wire, wire.media(web.url("/a"), keep=True))
        assert (got.body, got.url) == (b"moved", other.url("/b?c=d#e"))
        assert other.targets() == ["/b?c=d"]
        assert other.asked[0].fields["Host"] == f"127.0.0.1:{other.port}"


@pytest.mark.parametrize("where", ["file:///etc/passwd", "ftp://127.0.0.1/", "javascript:1", "http://[::1"])
def test_a_redirect_to_nowhere_is_not_followed(web: Web, wire: Wire, where: str) -> None:
    web.say("/a", b"", "302 Found", f"Location: {where}")
    (got,) = get(wire, wire.media(web.url("/a")))
    assert got.failure is Failure.REDIRECTS


def test_a_redirect_to_a_name_that_is_none_is_a_failure(web: Web, wire: Wire) -> None:
    web.say("/a", b"", "302 Found", "Location: http://nowhere.invalid/")
    (got,) = get(wire, wire.media(web.url("/a")))
    assert got.failure is Failure.CONNECT


def test_a_redirect_that_says_not_where_is_a_reply(web: Web, wire: Wire) -> None:
    (got,) = get(wire, wire.media(web.say("/a", b"x", "302 Found")))
    assert got.status == 302


# -- headers and query


def test_headers_and_query_are_those_of_the_plan(web: Web) -> None:
    web.say("/", b"x")
    with Wire(headers=(("User-Agent", "me"), ("X-Token", "1")), query="token=a%20b&c") as wire:
        get(wire, wire.media(web.url("/a")), wire.media(web.url("/a?_HLS_msn=1")))
    assert web.targets() == ["/a?token=a%20b&c", "/a?_HLS_msn=1&token=a%20b&c"]
    assert web.asked[0].order == ["Host", "User-Agent", "X-Token"]


def test_a_viewer_may_add_to_its_requests_for_itself(web: Web) -> None:
    web.say("/", b"x")

    def personal(session: Session, lane: Lane, request: Request, url: str) -> tuple[str, tuple[tuple[str, str], ...]]:
        return f"{url}?viewer={session.index}", (("X-Lane", lane.name),)

    with Wire(personal=personal) as wire:
        request = wire.media(web.url("/a"))
        for _ in range(2):
            (got,) = get(wire, request)
            assert got.url == request.url
    assert web.targets() == ["/a?viewer=0", "/a?viewer=1"]
    assert web.asked[0].fields["X-Lane"] == "VIDEO"


# -- time-outs


def test_each_kind_of_request_has_its_time(web: Web) -> None:
    def half(talk: Conversation, asked: Asked) -> bool:
        talk.send(OK[:-1])
        return hold(talk, asked)

    web.on("/silent", hold)
    web.on("/half", half)
    limits = {Kind.MEDIA: 0.4, Kind.PLAYLIST: 60.0}
    with Wire(first_byte_s=limits, whole_s={Kind.MEDIA: 0.8, Kind.PLAYLIST: 60.0}) as wire:
        asks = [
            Ask(Lane.VIDEO, wire.media(web.url("/silent"))),
            Ask(Lane.AUDIO, wire.media(web.url("/half"), keep=True)),
            Ask(Lane.VIDEO_LIST, wire.world.request(web.url("/silent?list"), Kind.PLAYLIST)),
        ]
        began_s = monotonic()
        player = Told(asks)
        session = wire.viewer(player)
        wire.until(lambda: len(player.got) == 2)
        assert session.connections == 1
    assert player.failures == [Failure.TIMEOUT] * 2
    waited_s = {got.lane: got.at_s - began_s for got in player.got}
    assert waited_s[Lane.VIDEO] > 0.4
    assert waited_s[Lane.AUDIO] > 0.8
