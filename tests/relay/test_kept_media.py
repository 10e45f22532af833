"""What is kept elsewhere and may be asked for: announced in a word, brought when wanted, told to this machine alone."""

import os

import pytest
from edge_house import BIG, MP4, NOW_NS, House, house, run, segment, until
from feed_house import Far, origin

from ringside.core.feed import (
    PULLED,
    Appended,
    BrokenFeed,
    Closed,
    Decoder,
    Kept,
    Message,
    Pulled,
    Removed,
    Synced,
    encode,
)
from ringside.core.feed.codec import LENGTH
from ringside.flow.relay.answer.decide import Refuse, Want, decide
from ringside.flow.relay.answer.decision import Hold
from ringside.flow.relay.answer.request import Reader, Request
from ringside.flow.relay.answer.store import Store
from ringside.flow.relay.feed import Shelf

V720 = "/live/main/v720"
DAY_NS = 86_400 * 10**9


def brought(path: str, body: bytes, blob: int = PULLED, fresh_ns: int = NOW_NS + DAY_NS) -> list[Message]:
    """An answer from the archive."""
    caching = "public, max-age=86400, immutable"
    pulled = Pulled(path, blob, 200, MP4, len(body), caching, "", "", NOW_NS, fresh_ns, fresh_ns)
    return [pulled, Appended(blob, len(body), body), Closed(blob)]


def asked(path: str) -> Request:
    return Reader().read(f"GET {path} HTTP/1.1\r\nHost: edge\r\n\r\n".encode())


def knowing(*messages: Message) -> Store:
    store = Store()
    store.begin()
    for message in [Synced(), *messages]:
        store.apply(message, NOW_NS)
    return store


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        (f"{V720}/100.m4s", True),
        (f"{V720}/199.m4s", True),
        (f"{V720}/dvr.m3u8", True),
        (f"{V720}/99.m4s", False),
        (f"{V720}/200.m4s", False),
        (f"{V720}/0100.m4s", False),  # one name for each thing
        (f"{V720}/+100.m4s", False),
        (f"{V720}/１００.m4s", False),
        (f"{V720}/100.0.m4s", False),
        (f"{V720}/100.mp4", False),
        (f"{V720}/{'1' * 40}.m4s", False),
        (f"{V720}/index.m3u8", False),
        ("/live/main/a/100.m4s", False),
        (f"{V720}/x/100.m4s", False),
    ],
)
def test_only_what_is_kept_is_asked_for(path: str, kept: bool) -> None:
    assert knowing(Kept(V720, 100, 199, ("dvr.m3u8",))).asks(path) is kept


def test_a_viewer_who_wants_what_is_kept_is_held_until_it_is_brought() -> None:
    store = knowing(Kept(V720, 100, 199))
    decision = decide(asked(f"{V720}/150.m4s"), store, NOW_NS)
    assert isinstance(decision, Want)
    assert decision.key == f"{V720}/150.m4s"
    assert isinstance(decision.then, Hold)
    assert decide(asked(f"{V720}/200.m4s"), store, NOW_NS) == Refuse(404, "there is nothing by this name", 2)


def test_what_is_kept_now_takes_the_place_of_what_was_kept_before() -> None:
    store = knowing(Kept(V720, 100, 199), Kept(V720, 110, 210), Kept("/live/main/a", 1, 2))
    assert [store.asks(f"{V720}/{n}.m4s") for n in (100, 110, 210)] == [False, True, True]
    store.apply(Kept(V720, 0, -1), NOW_NS)
    assert not store.asks(f"{V720}/150.m4s")
    assert store.asks("/live/main/a/1.m4s")


def test_a_name_with_a_slash_is_written_by_nobody_and_believed_of_nobody() -> None:
    with pytest.raises(ValueError, match="names"):
        encode(Kept(V720, 0, -1, ("../x",)))
    frame = encode(Kept(V720, 0, -1, ("x__y",))).replace(b"x__y", b"x//y")
    assert LENGTH.unpack_from(frame)[0] == len(frame) - LENGTH.size
    with pytest.raises(BrokenFeed, match="slash"):
        Decoder().feed(frame)


def wanting(h: House) -> list[str]:
    """What the hub is asked for from now on."""
    wanted: list[str] = []
    h.hub._on_wanted = wanted.append
    return wanted


def test_it_is_brought_once_for_all_who_ask_and_again_only_when_it_has_gone() -> None:
    async def scene() -> None:
        async with house() as h:
            wanted = wanting(h)
            await h.publish(Kept(V720, 100, 199))
            path, viewers = f"{V720}/150.m4s", [await h.viewer() for _ in range(3)]
            for viewer in viewers:
                viewer.ask(path)
            await until(lambda: h.edge.waiting.count == 3)
            h.hub.publish(brought(path, BIG), elsewhere=False)
            for viewer in viewers:
                status, fields, body = await viewer.answer()
                assert (status, body) == (200, BIG)
                assert fields["cache-control"] == "public, max-age=86400, immutable"
            assert (await viewers[0].get(path, Range="bytes=256-511"))[2] == BIG[256:512]
            assert wanted == [path]
            h.hub.publish([Removed(path)], elsewhere=False)
            await h.publish()
            viewers[0].ask(path)
            await until(lambda: wanted == [path, path])
            assert h.hub.shelf.blobs == 0

    run(scene)


def test_who_asks_with_words_of_his_own_is_given_the_same() -> None:
    async def scene() -> None:
        async with house() as h:
            wanted = wanting(h)
            await h.publish(Kept(V720, 100, 199))
            viewer = await h.viewer()
            viewer.ask(f"{V720}/150.m4s?CMCD=bl%3D1")
            await until(lambda: wanted == [f"{V720}/150.m4s"])
            h.hub.publish(brought(f"{V720}/150.m4s", b"abc"), elsewhere=False)
            assert (await viewer.answer())[2] == b"abc"

    run(scene)


def test_what_was_brought_is_asked_for_again_when_it_is_old_and_the_old_is_not_remembered() -> None:
    async def scene() -> None:
        async with house() as h:
            wanted, path = wanting(h), f"{V720}/dvr.m3u8"
            await h.publish(Kept(V720, 100, 199, ("dvr.m3u8",)), *brought(path, b"old", PULLED, NOW_NS + 10**9))
            viewer = await h.viewer()
            assert [(await viewer.get(path))[2] for _ in range(3)] == [b"old"] * 3
            h.clock.advance_ns(2 * 10**9)
            await until(lambda: h.edge.now_ns >= NOW_NS + 2 * 10**9)
            viewer.ask(path)
            await until(lambda: wanted == [path])
            h.hub.publish(brought(path, b"new", PULLED + 1, NOW_NS + 3 * 10**9), elsewhere=False)
            assert (await viewer.answer())[2] == b"new"

    run(scene)


def test_who_waits_when_the_hub_dies_is_asked_for_again_at_the_next() -> None:
    async def scene() -> None:
        async with house() as h:
            wanted = wanting(h)
            await h.publish(Kept(V720, 100, 199))
            viewer = await h.viewer()
            viewer.ask(f"{V720}/150.m4s")
            await until(lambda: wanted == [f"{V720}/150.m4s"])
            h.feed.stop()
            h.edge.store.give_up()
            h.feed.start()
            await until(lambda: wanted == [f"{V720}/150.m4s"] * 2)
            h.hub.publish(brought(f"{V720}/150.m4s", b"abc"), elsewhere=False)
            assert (await viewer.answer())[2] == b"abc"

    run(scene)


def test_another_machine_is_told_what_may_be_asked_for_and_nothing_of_what_was_brought() -> None:
    async def scene() -> None:
        async with origin() as there:
            path = f"{V720}/150.m4s"
            there.hub.publish([Kept(V720, 100, 199), *segment(7, b"live")])
            there.hub.publish(brought(path, b"abc"), elsewhere=False)
            early = await Far.follow(there.port.number, path="/feed?turns")
            await until(lambda: early.synced)
            there.hub.publish(brought(f"{V720}/151.m4s", b"abc", PULLED + 1), elsewhere=False)
            there.hub.publish([Removed(path)], elsewhere=False)
            there.hub.publish([*segment(8, b"next")])
            await until(lambda: early.content(f"{V720}/8.m4s") == b"next")
            kinds = {type(frame) for frame in early.frames}
            assert Kept in kinds
            assert Pulled not in kinds
            assert Removed(path) not in early.frames
            assert set(early.blobs.values()) == {b"live", b"next"}
            assert there.hub.shelf.blobs == 3
            early.close()

    run(scene)


def test_a_feed_told_anew_leaves_what_was_brought_where_it_is() -> None:
    async def scene() -> None:
        async with house() as h:
            path, growing = f"{V720}/150.m4s", f"{V720}/151.m4s"
            await h.publish(Kept(V720, 100, 199), *brought(path, b"abc"), *brought(growing, b"ab", PULLED + 1)[:2])
            viewer = await h.viewer()
            viewer.ask(growing)
            anew = Shelf()
            for message in [Kept(V720, 120, 200), *segment(7, b"live")]:
                anew.put(message, NOW_NS)
            h.hub.swap(anew)
            await h.publish(Appended(PULLED + 1, 3, b"c"), Closed(PULLED + 1))
            assert (await (await h.viewer()).get(path))[2] == b"abc"
            assert (await (await h.viewer()).get(growing))[2] == b"abc"
            h.clock.advance_ns(31 * 10**9)  # past the grace of what only an old feed had
            await h.publish()
            assert (await (await h.viewer()).get(path))[2] == b"abc"

    run(scene)


def test_what_was_brought_neither_counts_as_live_media_nor_makes_room_for_it() -> None:
    shelf = Shelf()
    for message in [*brought(f"{V720}/1.m4s", b"x" * 500), *segment(7, b"y" * 100), *segment(8, b"z" * 100)]:
        shelf.put(message, NOW_NS)
    assert shelf.bytes == 200
    gone = {message for message, _, _ in shelf.trim(100, NOW_NS)}
    assert gone == {Removed(f"{V720}/7.m4s"), Removed(f"{V720}/7.0.m4s")}
    assert shelf.blobs == 2


def test_what_comes_for_something_that_has_had_to_go_is_passed_over() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(*brought(f"{V720}/1.m4s", b"ab")[:2])
            await h.publish(Removed(f"{V720}/1.m4s"))
            await h.publish(Appended(PULLED, 3, b"c"), Closed(PULLED), *segment(7, b"live"))
            assert (await (await h.viewer()).get(f"{V720}/7.m4s"))[2] == b"live"

    run(scene)


def test_asking_for_old_media_does_not_make_a_dead_event_look_alive() -> None:
    store = knowing(Kept(V720, 100, 199))
    memory = os.memfd_create("test")
    for message in brought(f"{V720}/150.m4s", b"abc"):
        store.apply(message, NOW_NS, memory if isinstance(message, Pulled) else -1)
    assert store.media_ns == 0
