"""The engine over real sockets: viewers come, drop, leave and are many; the server's clock; what they share."""

import os
import resource
from email.utils import formatdate
from time import monotonic

import pytest
from tests.crowd.web import Told, Web, Wire, get, hold

from ringside.prove.crowd.player.base import Ask, Asks, Failure, Lane

# -- viewers come and go


def test_a_viewer_leaves_when_its_time_has_come(web: Web, wire: Wire) -> None:
    web.on("/", hold)
    left: list[float] = []
    wire.engine.on_leave = lambda session, now_s: left.append(now_s - session.leave_s)
    player = Told((Ask(Lane.VIDEO, wire.media(web.url("/"))),))
    wire.viewer(player, leave_in_s=0.3)
    wire.until(lambda: web.open == 1).until(lambda: left)
    assert left[0] >= 0
    assert (wire.engine.sessions, wire.engine.everyone()) == (0, [])
    assert not player.got


def test_a_viewer_whose_player_gave_up_is_taken_away(web: Web, wire: Wire) -> None:
    player = Told(failed_why="playlist: status 404")
    wire.viewer(player)
    wire.until(lambda: not wire.engine.sessions)


def test_in_a_storm_everything_drops_and_begins_anew(web: Web, wire: Wire) -> None:
    web.on("/held", hold)
    web.say("/", b"x")
    held, late = wire.media(web.url("/held")), wire.media(web.url("/late"))
    old = Told((Ask(Lane.VIDEO, held), Ask(Lane.AUDIO, late, monotonic() + 0.2)))
    old.feel.first_frame_s = monotonic()
    session = wire.viewer(old)
    wire.until(lambda: web.open == 1)
    new = Told((Ask(Lane.VIDEO, wire.media(web.url("/again"))),))
    wire.engine.restart(session, new, monotonic())  # type: ignore[arg-type]
    wire.until(lambda: new.got).turn_for(0.3)
    assert (new.starts, new.statuses, old.got) == (1, [200], [])
    assert "/late" not in web.targets()
    assert (wire.tally.arrived, wire.tally.joins, wire.tally.leavings, session.connections) == (1, 1, 0, 1)


def test_viewers_come_from_addresses_of_their_own(web: Web, wire: Wire) -> None:
    seen: set[str] = set()
    web.on("/", lambda talk, asked: seen.add(talk.sock.getpeername()[0]) or talk.answer(b"x"))
    for _ in range(3):
        get(wire, wire.media(web.url("/")))
    assert len(seen) == 3


def test_without_descriptors_viewers_fail_and_it_is_counted(web: Web, wire: Wire) -> None:
    web.say("/", b"x")
    get(wire, wire.media(web.url("/")))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    fillers = [os.open("/dev/null", os.O_RDONLY) for _ in range(20)]
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(fillers), hard))
        (got,) = get(wire, wire.media(web.url("/a")))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for filler in fillers:
            os.close(filler)
    assert got.failure is Failure.CONNECT
    assert wire.engine.exhausted == 1
    (got,) = get(wire, wire.media(web.url("/a")))
    assert got.status == 200


def test_many_viewers_at_once(web: Web, wire: Wire) -> None:
    web.say("/", b"x" * 2000)

    def then(player: Told) -> Asks:
        return (Ask(Lane.VIDEO, request),) if len(player.got) < 10 else ()

    request = wire.media(web.url("/"))
    players = [Told((Ask(Lane.VIDEO, request),)) for _ in range(50)]
    for player in players:
        player.then = lambda got, player=player: then(player)
        wire.viewer(player)
    wire.until(lambda: all(len(player.got) == 10 for player in players))
    assert {got.nbytes for player in players for got in player.got} == {2000}
    assert web.connections == 50
    assert wire.engine.loop.lag.to_json()


# -- the server's clock


def dated(wire: Wire, web: Web, *dates: tuple[float, str]) -> float:
    """The offset in use after replies with these dates (ahead of our clock, in seconds) and further fields."""
    for n, (ahead_s, more) in enumerate(dates):
        now_s = monotonic() + wire.engine.world._wall_offset_s
        fields = [f"Date: {formatdate(now_s + ahead_s, usegmt=True)}", *([more] if more else [])]
        get(wire, wire.media(web.say(f"/{n}", b"x", "200 OK", *fields)))
    return wire.engine.world.utc_offset_s - wire.engine.world._wall_offset_s


def test_our_clock_will_do_where_the_servers_does_not_contradict(web: Web, wire: Wire) -> None:
    wire.engine.world._wall_offset_s = wire.engine.world.utc_offset_s = 1_800_000_000.3 - wire.began_s
    assert dated(wire, web, (0.0, ""), (0.0, "")) == 0.0


@pytest.mark.parametrize("ahead_s", [-3600.0, -5.0, 5.0, 86_400.0])
def test_a_server_with_another_clock_is_followed(web: Web, wire: Wire, ahead_s: float) -> None:
    wire.engine.world._wall_offset_s = wire.engine.world.utc_offset_s = 1_800_000_000.3 - wire.began_s
    assert dated(wire, web, (ahead_s, "")) == pytest.approx(ahead_s - 0.5, abs=1.0)


def test_the_date_of_an_answer_from_a_cache_says_nothing(web: Web, wire: Wire) -> None:
    wire.engine.world._wall_offset_s = wire.engine.world.utc_offset_s = 1_800_000_000.3 - wire.began_s
    assert dated(wire, web, (-500.0, "Age: 500"), (500.0, "Age: 1")) == 0.0


def test_an_older_date_does_not_undo_a_newer(web: Web, wire: Wire) -> None:
    wire.engine.world._wall_offset_s = wire.engine.world.utc_offset_s = 1_800_000_000.3 - wire.began_s
    assert dated(wire, web, (50.0, ""), (20.0, ""), (0.0, "")) == pytest.approx(49.5, abs=1.0)


# -- what is shared is bounded


def test_a_url_is_one_request_and_the_table_is_bounded(wire: Wire) -> None:
    first = wire.media("http://127.0.0.1/a")
    assert wire.media("http://127.0.0.1/a") is first
    for n in range(25_000):
        wire.media(f"http://127.0.0.1/{n}")
    assert len(wire.engine.world._requests) <= 20_000
    assert wire.engine.world.shared("x") is wire.engine.world.shared("x")


def test_a_body_that_cannot_be_unpacked_is_a_failure(wire: Wire) -> None:
    assert wire.engine.world.decode(b"x", "gzip") is Failure.UNREADABLE
