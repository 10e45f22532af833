"""Turns of the feed: an edge that was cut off goes on where it was, and takes everything anew where it cannot."""

import asyncio
import os
import weakref
from collections.abc import Sequence

import pytest
from edge_house import NOW_NS, PLAYLIST, playlist, run, segment, until
from feed_house import Far, Origin, Port, away, origin
from hypothesis import given, settings
from hypothesis import strategies as st

from ringside.core.clock import Simulated
from ringside.core.feed import (
    Appended,
    BrokenFeed,
    Cache,
    Closed,
    Decoder,
    Document,
    Frame,
    Message,
    Opened,
    Removed,
    Synced,
    Turn,
    encode,
)
from ringside.flow.relay.feed import turns
from ringside.flow.relay.feed.pieces import Piece
from ringside.flow.relay.feed.remote import HEAD
from ringside.flow.relay.feed.shelf import Memory
from ringside.flow.relay.feed.turns import Ring, asked
from ringside.flow.relay.fill.reading import Changes, Exists, Reading, Step, Whole

BIG = os.urandom(200_000)
V720 = "/live/main/v720"
SECOND = 10**9


def cut(o: Origin) -> None:
    """The network breaks every connection of the origin's readers, and nothing else."""
    for reader in tuple(o.hub.readers._readers):
        reader.lose("the cable was pulled")


def document(body: bytes) -> Document:
    return Document("/d", body, "x", Cache.SHORT)


def asks(o: Origin) -> list[str]:
    """What was asked of the origin, connection by connection."""
    return [request.split()[1].decode() for request in o.port.requests]


def test_who_asks_for_turns_is_told_where_each_ends_and_who_does_not_is_told_what_it_always_was() -> None:
    async def scene() -> None:
        async with origin() as o:
            o.hub.publish(segment(7, b"abc"))
            plain = await Far.follow(o.port.number)
            marked = await Far.follow(o.port.number, path="/feed?turns")
            await until(lambda: plain.synced and marked.synced)
            o.hub.publish([*segment(8, BIG), document(b"one")])
            o.hub.publish([Document("/status.json", b"{}", "x", Cache.NONE)])  # is told to none: it is no turn
            o.hub.publish([*segment(9, BIG, closed=False)[:2]])
            await until(lambda: marked.frames[-1:] == [Turn(NOW_NS, 3)])
            await plain.until(f"{V720}/9.m4s", BIG)
            ends = [frame for frame in marked.frames if isinstance(frame, Turn)]
            assert ends == [Turn(NOW_NS, 1), Turn(NOW_NS, 2), Turn(NOW_NS, 3)]
            assert marked.frames[marked.frames.index(ends[0]) - 1] == Synced(NOW_NS)
            assert marked.frames[marked.frames.index(ends[1]) - 1] == document(b"one")
            assert [frame for frame in marked.frames if not isinstance(frame, Turn)] == plain.frames
            plain.close()
            marked.close()

    run(scene)


def test_an_edge_that_was_cut_off_is_told_what_it_missed_and_no_more() -> None:
    async def scene() -> None:
        async with origin() as o:
            o.hub.publish([*segment(7, BIG), *segment(8, b"gro", closed=False), playlist(8, 0, (8, 1))])
            async with away(o.port.url, Simulated(NOW_NS)) as a:
                o.hub.publish([document(b"one")])
                await until(lambda: a.push.at == Turn(NOW_NS, 2))
                before, viewer = a.push.received_bytes, await a.viewer()
                cut(o)
                o.hub.publish([Appended(8, 7, b"wing"), Closed(8), Removed(f"{V720}/7.0.m4s")])
                o.hub.publish([playlist(8, 1, (9, 0))])
                await until(lambda: a.push.at == Turn(NOW_NS, 4))
                assert asks(o) == ["/feed?turns", f"/feed?since={NOW_NS}.2"]
                assert a.push.received_bytes - before < 2_000  # and not the 200 kB of segment 7
                assert (await viewer.get(f"{V720}/8.m4s"))[2] == b"growing"
                assert (await viewer.get(PLAYLIST))[2] == playlist(8, 1, (9, 0)).body
                assert (await viewer.get(f"{V720}/7.m4s"))[2] == BIG
                await until(lambda: a.state() == "live")
                assert (a.push.resumed, o.hub.describe()["resumed"]) == (1, 1)
                o.hub.publish([document(b"two")])
                await until(lambda: a.push.at == Turn(NOW_NS, 5))
                assert (await viewer.get("/d"))[2] == b"two"

    run(scene)


def test_an_edge_that_is_cut_off_again_and_again_has_in_the_end_what_the_origin_has() -> None:
    async def scene() -> None:
        async with origin() as o:
            o.hub.publish(segment(0, b"first"))
            async with away(o.port.url, Simulated(NOW_NS)) as a:
                for number in range(1, 9):
                    o.hub.publish([Opened(f"{V720}/{number}.m4s", number, "video/mp4")])
                    cut(o)
                    o.hub.publish([Appended(number, len(BIG), BIG)])
                    await until(lambda: a.state() != "live" or a.push.resumed > 0)
                    o.hub.publish([Closed(number)])
                await until(lambda: a.push.at == o.hub.readers.ring.turn)
                told = [sorted(repr(each.message) for each in hub.shelf.told()) for hub in (o.hub, a.hub)]
                assert told[0] == told[1]
                assert a.push.resumed >= 1

    run(scene)


def test_who_was_away_for_longer_than_the_origin_remembers_is_told_all_that_exists() -> None:
    async def scene() -> None:
        clock = Simulated(NOW_NS)
        async with origin(clock=clock) as o:
            o.hub.publish([*segment(7, b"abc"), document(b"one")])
            async with away(o.port.url, Simulated(NOW_NS)) as a:
                await until(lambda: a.push.at is not None)
                await o.port.close()
                cut(o)
                await until(lambda: a.state() == "lost")
                o.hub.publish([document(b"two")])
                clock.advance_ns(31 * SECOND)
                o.hub.publish(segment(8, b"new"))
                o.port.open()
                await until(lambda: a.push.at == Turn(NOW_NS, 3))
                assert asks(o)[-1] == f"/feed?since={NOW_NS}.1"
                assert (a.push.resumed, o.hub.describe()["resumed"]) == (0, 0)
                viewer = await a.viewer()
                await until(lambda: f"{V720}/8.0.m4s" in {getattr(t.message, "path", "") for t in a.hub.shelf.told()})
                assert (await viewer.get(f"{V720}/8.0.m4s"))[2] == b"new"
                assert (await viewer.get("/d"))[2] == b"two"

    run(scene)


def test_an_origin_that_restarted_has_other_turns_and_tells_everything() -> None:
    async def scene() -> None:
        async with origin() as o:
            o.hub.publish(segment(7, b"abc"))
            async with away(o.port.url, Simulated(NOW_NS)) as a:
                await until(lambda: a.push.at == Turn(NOW_NS, 1))
                await o.restart()
                o.hub.publish(segment(8, b"new", blob=7))
                await until(lambda: a.push.at == Turn(NOW_NS + 1, 1))
                assert a.push.resumed == 0
                assert (await (await a.viewer()).get(f"{V720}/8.0.m4s"))[2] == b"new"

    run(scene)


def test_a_shelf_that_is_swapped_begins_an_epoch_so_that_nobody_goes_on_with_another_world() -> None:
    async def scene() -> None:
        async with origin() as o:
            o.hub.publish(segment(7, b"abc"))
            before = o.hub.readers.ring.turn
            o.hub.swap(type(o.hub.shelf)())
            after = o.hub.readers.ring.turn
            assert after.epoch > before.epoch
            assert o.hub.readers.ring.since(before) is None

    run(scene)


def test_an_origin_of_before_turns_is_taken_as_it_always_was_and_told_nothing_is_missing_after_a_cut() -> None:
    world: list[Frame] = [*segment(7, b"abc"), document(b"one"), Synced(1)]

    async def scene() -> None:
        connections = []
        port = Port(lambda connection, _: connections.append(connection))
        port.open()
        loop = asyncio.get_running_loop()
        async with away(port.url, Simulated(NOW_NS), synced=False) as a:
            for times, body in ((1, b"two"), (2, b"three")):
                await until(lambda times=times: len(connections) == times)  # type: ignore[misc]
                await loop.sock_sendall(connections[-1], HEAD + b"".join(map(encode, world)))
                await until(lambda times=times: a.state() == "live")  # type: ignore[misc]
                await loop.sock_sendall(connections[-1], encode(document(body)))
                await until(lambda body=body: document(body) in [t.message for t in a.hub.shelf.told()])  # type: ignore[misc]
                connections[-1].close()
                await until(lambda: a.state() == "lost")
            assert a.push.at is None
            assert {request.split()[1] for request in port.requests} == {b"/feed?turns"}
        await port.close()

    run(scene)


def test_of_a_turn_that_was_cut_off_in_the_middle_nothing_is_taken() -> None:
    here, missed = Turn(5, 1), encode(document(b"half")) + encode(Removed(f"{V720}/7.0.m4s"))
    world = b"".join(map(encode, [*segment(7, b"abc"), document(b"one"), Synced(1), here]))

    async def scene() -> None:
        connections = []
        port = Port(lambda connection, _: connections.append(connection))
        port.open()
        loop = asyncio.get_running_loop()
        async with away(port.url, Simulated(NOW_NS), synced=False) as a:
            await until(lambda: len(connections) == 1)
            await loop.sock_sendall(connections[0], HEAD + world + missed)
            await until(lambda: a.push.received_bytes == len(world + missed))
            connections[0].close()
            await until(lambda: len(connections) == 2)
            assert document(b"one") in [told.message for told in a.hub.shelf.told()]
            assert port.requests[1].startswith(b"GET /feed?since=5.1 ")
            rest = [here, *segment(8, b"new"), document(b"two"), Turn(5, 2), Synced(2), Turn(5, 2)]
            await loop.sock_sendall(connections[1], HEAD + b"".join(map(encode, rest)))
            await until(lambda: a.push.at == Turn(5, 2))
            assert (a.push.resumed, a.state()) == (1, "live")
            viewer = await a.viewer()
            assert (await viewer.get(f"{V720}/7.0.m4s"))[2] == b"abc"
        await port.close()

    run(scene)


def test_a_feed_that_goes_on_with_nonsense_is_taken_anew_from_the_beginning() -> None:
    world = b"".join(map(encode, [*segment(7, b"abc"), Synced(1), Turn(5, 1)]))

    async def scene() -> None:
        connections = []
        port = Port(lambda connection, _: connections.append(connection))
        port.open()
        async with away(port.url, Simulated(NOW_NS), synced=False) as a:
            await until(lambda: len(connections) == 1)
            nonsense = encode(Appended(99, 5, b"whose")) + encode(Turn(5, 2))
            await asyncio.get_running_loop().sock_sendall(connections[0], HEAD + world + nonsense)
            await until(lambda: len(connections) == 2)
            assert port.requests[1].startswith(b"GET /feed?turns ")
            assert a.push.at is None
        await port.close()

    run(scene)


def test_while_it_is_held_an_edge_asks_for_nothing_and_stays_in_good_standing() -> None:
    async def scene() -> None:
        async with origin() as o:
            o.hub.publish([document(b"one")])
            clock = Simulated(NOW_NS)
            async with away(o.port.url, clock) as a:
                await until(lambda: a.push.at is not None)
                a.push.hold()
                await until(lambda: o.hub.describe()["feeds"] == 0)
                o.hub.publish([document(b"two")])
                a.push.publish([document(b"two")])  # from elsewhere
                a.push.reach(Turn(NOW_NS, 2))
                clock.advance_ns(10 * SECOND)
                a.push.hear()
                assert (a.state(), a.push.failures) == ("live", 0)
                clock.advance_ns(4 * SECOND)
                assert a.state() == "silent"
                o.hub.publish([document(b"three")])
                a.push.go_on()
                await until(lambda: a.push.at == Turn(NOW_NS, 3))
                assert asks(o) == ["/feed?turns", f"/feed?since={NOW_NS}.2"]
                assert (a.state(), a.push.resumed, a.push.failures) == ("live", 1, 0)

    run(scene)


def piece(frames: bytes = b"", memory: Memory | None = None) -> list[Piece]:
    return [Piece(frames, memory)]


def test_the_ring_gives_what_came_after_a_turn_as_long_as_it_has_all_of_it() -> None:
    ring = Ring(9)
    assert ring.since(Turn(9, 0)) == []
    for number in range(1, 5):
        ring.put(piece(b"%d" % number), number * 10 * SECOND)
    assert [p.frames for p in ring.since(Turn(9, 2)) or []] == [b"3", b"4"]
    assert ring.since(ring.turn) == []
    assert len(ring.since(Turn(9, 0)) or []) == 4
    for never in (Turn(9, 5), Turn(8, 2), Turn(10, 2)):
        assert ring.since(never) is None
    ring.put(piece(b"5"), 50 * SECOND)
    assert ring.since(Turn(9, 0)) is None
    assert len(ring.since(Turn(9, 1)) or []) == 4


def test_the_ring_is_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "RING_BYTES", 100)
    ring = Ring(9)
    for _ in range(50):
        ring.put(piece(bytes(30)), 0)
        assert ring.bytes <= 100
    assert len(ring) == 3
    ring.put(piece(bytes(5000)), 0)
    assert (len(ring), ring.bytes, ring.since(ring.turn)) == (0, 0, [])


def test_the_ring_keeps_no_media_and_a_turn_whose_media_is_gone_is_not_gone_on_from() -> None:
    ring, old, new = Ring(9), Memory("old"), Memory("new")
    held = weakref.ref(old)
    ring.put(piece(b"1", old), 0)
    ring.put(piece(b"2", new), 0)
    assert [p.memory for p in ring.since(Turn(9, 0)) or []] == [old, new]
    del old
    assert held() is None
    assert ring.since(Turn(9, 0)) is None
    assert [p.memory for p in ring.since(Turn(9, 1)) or []] == [new]


@pytest.mark.parametrize(
    ("line", "turns", "since"),
    [
        (b"GET /feed HTTP/1.1", False, None),
        (b"GET /feed?turns HTTP/1.1", True, None),
        (b"GET /feed?since=17.4 HTTP/1.1", True, Turn(17, 4)),
        (b"GET /feed?since=17 HTTP/1.1", False, None),
        (b"GET /feed?since=-1.4 HTTP/1.1", False, None),
        (b"GET /feed?since=99999999999999999999.4 HTTP/1.1", True, None),
        (b"GET /feed?since=" + b"9" * 5000 + b".1 HTTP/1.1", False, None),
    ],
)
def test_what_is_not_understood_in_a_request_gives_the_feed_as_of_old(
    line: bytes, turns: bool, since: Turn | None
) -> None:
    assert asked(line + b"\r\n\r\n") == (turns, since)


WORLD: list[Message] = [*segment(7, b"abc"), Synced(1), Turn(5, 1)]
CHANGES: list[Message] = [document(b"one"), Turn(5, 2), *segment(8, b"new"), document(b"two"), Turn(5, 3)]


def steps(frames: Sequence[Frame], after: Turn | None = None) -> list[Step]:
    return list(Reading(after).take(frames))


@given(st.lists(st.integers(1, 400), max_size=9))
@settings(max_examples=60, deadline=None)
def test_however_the_bytes_are_cut_the_turns_come_out_whole(cuts: list[int]) -> None:
    data = b"".join(map(encode, [*WORLD, *CHANGES]))
    ends = sorted({*(cut for cut in cuts if cut < len(data)), len(data)})
    decoder, reading, got = Decoder(), Reading(), list[Step]()
    for first, end in zip([0, *ends], ends, strict=False):
        got += reading.take(decoder.feed(data[first:end]))
    assert got == [
        Whole(), *map(Exists, WORLD[:-2]), Synced(1), Changes(Turn(5, 1), []), Changes(Turn(5, 2), CHANGES[:1]),
        Changes(Turn(5, 3), CHANGES[2:-1]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "frames",
    [
        [Turn(5, 2)],
        [*WORLD, Turn(5, 3)],
        [*WORLD, Turn(6, 2)],
        [*WORLD, document(b"one"), Turn(5, 1)],
        [*WORLD, document(b"one"), Synced(1)],
        [*WORLD, Synced(1)],
        [document(b"one"), Turn(5, 1)],
    ],
)
def test_turns_that_cannot_follow_each_other_are_refused(frames: list[Frame]) -> None:
    with pytest.raises(BrokenFeed):
        steps(frames, after=Turn(5, 1))


def test_a_turn_that_does_not_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringside.flow.relay.fill.reading.MAX_TURN_BYTES", 1000)
    with pytest.raises(BrokenFeed):
        steps([*WORLD, *([document(bytes(300))] * 4)])
