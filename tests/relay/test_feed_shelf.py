"""A hub that is given another shelf, one that waits for its first, and what workers want of it."""

import gc
import os
from pathlib import Path

import pytest
from edge_house import MP4, NOW_NS, PLAYLIST, House, Viewer, expected, house, playlist, run, segment, until
from hypothesis import given, settings
from hypothesis import strategies as st

from ringside.core.clock import Simulated
from ringside.core.feed import (
    Appended,
    Cache,
    Closed,
    Document,
    Fresh,
    Kept,
    Message,
    Opened,
    Pulled,
    Ranged,
    Removed,
    Wanted,
    encode,
)
from ringside.flow.relay.edge import Config
from ringside.flow.relay.edge.aio import Edge
from ringside.flow.relay.edge.feed import Feed
from ringside.flow.relay.feed import Hub, Shelf
from ringside.flow.relay.feed.snapshot import Snapshot

V720 = "/live/main/v720"


def shelf_of(*messages: Message) -> Shelf:
    shelf = Shelf()
    for message in messages:
        shelf.put(message, NOW_NS)
    return shelf


def pulled(path: str, blob: int, made_ns: int = 0) -> Pulled:
    return Pulled(path, blob, 200, MP4, -1, "max-age=1", "", "", made_ns, made_ns + 1, made_ns + 2)


def test_a_swap_leaves_no_gap_and_what_only_the_old_shelf_had_stays_for_its_grace() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(*segment(7, b"old"), *segment(8, b"old"), playlist(8, 0, (9, 0)), expected(9, 0))
            viewer, held = await h.viewer(), await h.viewer()
            held.ask(f"{V720}/9.0.m4s")
            await until(lambda: h.edge.waiting.count == 1)
            feed = h.edge.feed
            h.hub.swap(shelf_of(*segment(8, b"new", blob=7), *segment(9, b"next", blob=8), playlist(9, 0, (10, 0))))
            assert (await held.answer())[2] == b"next"
            assert h.edge.feed is feed is not None
            assert h.feed.connects == 1
            assert (await viewer.get(f"{V720}/8.0.m4s"))[2] == b"new"
            assert (await viewer.get(f"{V720}/7.0.m4s"))[2] == b"old"
            assert (await viewer.get(PLAYLIST))[2] == playlist(9, 0, (10, 0)).body
            h.clock.advance_ns(31_000_000_000)
            await until(lambda: h.edge.store.find(f"{V720}/7.0.m4s") is None)
            assert (await viewer.get(f"{V720}/8.0.m4s"))[2] == b"new"

    run(scene)


def test_changes_after_a_swap_are_of_the_new_shelf() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(*segment(7, b"old", closed=False))
            h.hub.swap(shelf_of(*segment(7, b"new", closed=False)))
            await h.publish(Appended(7, 6, b"est"), Closed(7))
            assert (await (await h.viewer()).get(f"{V720}/7.m4s"))[2] == b"newest"

    run(scene)


def test_the_memory_of_the_old_shelf_is_given_back() -> None:
    gc.collect()
    gc.disable()  # no cycle may keep a blob

    def memories() -> int:
        links = [f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd")]
        return sum("memfd:ringside" in os.readlink(link) for link in links if os.path.islink(link))

    async def scene() -> None:
        async with house() as h:
            await h.publish(*(message for number in range(10) for message in segment(number, b"abc")))
            assert memories() == 20
            h.hub.swap(shelf_of(*segment(3, b"new")))
            assert memories() == 10 + 1
            await h.publish()
            h.clock.advance_ns(31_000_000_000)
            await until(lambda: memories() == 2)

    try:
        run(scene)
    finally:
        gc.enable()


def test_a_hub_that_waits_holds_its_workers_until_it_is_given_a_shelf(tmp_path: Path) -> None:
    async def scene() -> None:
        clock = Simulated(NOW_NS)
        hub = Hub(tmp_path / "feed", clock, lambda *_: None, lambda _: None, waits=True)
        await hub.start()
        hub.publish([Document("/d", b"mine", "x", Cache.NONE)])
        edge = Edge(Config(host="127.0.0.1", port=0), [], clock, "edge-1")
        await edge.start()
        feed = Feed(edge, tmp_path / "feed")
        feed.start()
        viewer, other = await Viewer.connect(edge.port), await Viewer.connect(edge.port)
        viewer.ask(f"{V720}/7.0.m4s")
        other.ask("/nothing")
        await until(lambda: edge.waiting.count == 2)
        hub.publish([Document("/e", b"mine", "x", Cache.NONE)])
        assert not edge.store.synced
        hub.swap(shelf_of(*segment(7, b"abc")))
        assert (await viewer.answer())[2] == b"abc"
        assert (await other.answer())[0] == 404
        await edge.stop(0.1)
        feed.stop()
        hub.close()

    run(scene)


def test_what_a_worker_wants_reaches_whoever_pulls() -> None:
    async def scene() -> None:
        wanted: list[str] = []
        async with house() as h:
            h.hub._on_wanted = wanted.append
            assert h.edge.feed is not None
            h.edge.feed.send(encode(Wanted("/a?b=1")) + encode(Wanted("/c")))
            await until(lambda: wanted == ["/a?b=1", "/c"])
            h.hub._on_wanted = None  # an origin's hub: nothing is pulled, and the worker is not to blame
            h.edge.feed.send(encode(Wanted("/d")))
            await h.publish()
            assert h.feed.connects == 1

    run(scene)


def test_what_is_pulled_brings_its_memory_and_a_late_worker_is_told_of_it() -> None:
    async def scene() -> None:
        async with house() as h:
            h.hub.publish([pulled("/p", 1), Appended(1, 3, b"abc"), Closed(1), Fresh("/p", 5, 6, 7)])
            await expect_memory(h, b"abc")
            h.feed.stop()
            h.feed.start()
            await until(lambda: h.edge.store.synced and h.edge.feed is not None)
            await expect_memory(h, b"abc")
            assert [m for m, _, _ in h.hub.shelf.told() if isinstance(m, Pulled)] == [
                Pulled("/p", 1, 200, MP4, -1, "max-age=1", "", "", 5, 6, 7)
            ]

    run(scene)


async def expect_memory(h: House, data: bytes) -> None:
    def there() -> bool:
        blobs = h.edge.store._now.blobs.values()
        return any(blob.size == len(data) and blob.read(0, blob.size) == data for blob in list(blobs))

    await until(there)


def test_a_shelf_lets_the_oldest_complete_blobs_go_and_keeps_what_grows() -> None:
    grows, document = segment(1, b"x" * 100, closed=False), Document("/d", b"", "x", Cache.SHORT)
    shelf = shelf_of(*grows, *segment(2, b"y" * 100), *segment(3, b"z" * 100), document)
    assert (shelf.bytes, shelf.blobs, shelf.paths) == (300, 3, 7)
    assert shelf.trim(300, 0) == []
    told = {message for message, _, _ in shelf.trim(299, 0)}
    assert told == {Removed(f"{V720}/2.m4s"), Removed(f"{V720}/2.0.m4s")}
    assert (shelf.bytes, shelf.blobs) == (200, 2)
    shelf.trim(0, 0)
    assert (shelf.bytes, shelf.blobs, shelf.paths) == (100, 1, 3)  # it grows: nobody may take it away


def test_a_shelf_refuses_what_contradicts_it_and_stays_as_it_was() -> None:
    shelf = shelf_of(*segment(7, b"abc"), *segment(8, b"abc", closed=False))
    before = repr(shelf.told())
    nonsense: list[Message] = [
        Opened("/x", 7, MP4), pulled("/x", 8), Appended(7, 6, b"abc"), Appended(8, 5, b"abc"),
        Appended(9, 1, b"a"), Closed(7), Closed(9), Ranged("/y", 8, 2, 2, MP4),
    ]  # fmt: skip
    for message in nonsense:
        with pytest.raises(ValueError, match="blob"):
            shelf.put(message, 0)
    assert repr(shelf.told()) == before
    assert (shelf.bytes, shelf.blobs) == (6, 2)


paths = st.sampled_from(["/a", "/b", "/c"])
blobs = st.integers(0, 2)
steps = st.one_of(
    st.builds(pulled, paths, blobs, st.integers(0, 3)),
    st.builds(Opened, paths, blobs, st.just(MP4)),
    st.builds(Appended, blobs, st.integers(0, 9)),
    st.builds(Closed, blobs),
    st.builds(Ranged, paths, blobs, st.integers(0, 4), st.integers(0, 4), st.just(MP4)),
    st.builds(Fresh, paths, st.integers(0, 9), st.just(10), st.just(11)),
    st.builds(Kept, paths, st.integers(0, 2), st.integers(0, 2), st.sampled_from([(), ("dvr.m3u8",)])),
    st.builds(Document, paths, st.binary(max_size=2), st.just("x"), st.just(Cache.NONE)),
    st.builds(Removed, paths),
)


@given(st.lists(steps, max_size=30))
@settings(max_examples=500, deadline=None)
def test_a_newcomer_is_told_a_history_that_leads_to_the_same_state(history: list[Message]) -> None:
    told, newcomer = Snapshot(), Snapshot()
    for message in history:
        try:
            told.apply(message)
        except ValueError:
            continue
    for message in told.messages():
        newcomer.apply(message)
    assert sorted(map(repr, newcomer.messages())) == sorted(map(repr, told.messages()))
    assert repr(newcomer) == repr(told)
