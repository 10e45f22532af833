"""The feed over HTTP, from the origin's side: newcomers, changes, readers that do not read, and who is refused."""

import asyncio
import os
import socket
import tracemalloc
from pathlib import Path

import pytest
from edge_house import MP4, NOW_NS, PLAYLIST, expected, playlist, run, segment, until
from feed_house import Far, origin

from ringside.core.clock import Simulated
from ringside.core.feed import (
    Appended,
    Beat,
    Cache,
    Closed,
    Document,
    Expected,
    Removed,
)
from ringside.flow.relay.feed import remote
from ringside.flow.relay.feed.pieces import PIECE_BYTES
from ringside.flow.relay.feed.remote import MAX_FEEDS, asks_for_feed, bearer
from ringside.flow.relay.feed.shelf import Shelf

BIG = os.urandom(200_000)
V720 = "/live/main/v720"


def test_a_newcomer_is_told_all_that_exists_and_then_every_change_byte_for_byte() -> None:
    async def scene() -> None:
        async with origin() as o:
            init = Document(f"{V720}/init.mp4", b"\0init", MP4, Cache.IMMUTABLE)
            o.hub.publish([init, *segment(6, b"old"), *segment(7, b"abc", BIG), playlist(7, 1, (8, 0)), expected(8, 0)])
            o.hub.publish([Removed(f"{V720}/6.m4s"), Removed(f"{V720}/6.0.m4s")])
            far = await Far.follow(o.port.number)
            await until(lambda: far.synced)
            assert [far.content(f"{V720}/{n}.m4s") for n in ("7", "7.0", "7.1", "6")] == [
                b"abc" + BIG,
                b"abc",
                BIG,
                None,
            ]
            assert far.content(f"{V720}/init.mp4") == b"\0init"
            assert far.content(PLAYLIST) == playlist(7, 1, (8, 0)).body
            assert Expected(f"{V720}/8.0.m4s") in far.frames
            o.hub.publish([*segment(8, BIG[::-1], closed=False), playlist(8, 0, (8, 1))])
            await far.until(f"{V720}/8.0.m4s", BIG[::-1])
            o.hub.publish([Appended(8, len(BIG) + 4, b"tail"), Closed(8)])
            await far.until(f"{V720}/8.m4s", BIG[::-1] + b"tail")
            await until(lambda: far.closed == {7, 8})
            assert far.content(PLAYLIST) == playlist(8, 0, (8, 1)).body
            far.close()

    run(scene)


def test_the_answer_is_a_stream_that_no_cache_may_keep_or_hold_back() -> None:
    async def scene() -> None:
        async with origin() as o:
            far = await Far.ask(o.port.number)
            assert far.head.startswith("HTTP/1.1 200 OK\r\n")
            for field in (
                "Content-Type: application/vnd.ringside.feed",
                "Cache-Control: no-store",
                "Connection: close",
                "X-Accel-Buffering: no",
            ):
                assert f"\r\n{field}\r\n" in far.head
            far.close()

    run(scene)


def test_a_segment_that_grows_is_told_as_it_grows() -> None:
    async def scene() -> None:
        async with origin() as o:
            o.hub.publish(segment(7, b"one", closed=False))
            far = await Far.follow(o.port.number)
            await far.until(f"{V720}/7.m4s", b"one")
            o.hub.publish([Appended(7, 6, b"two")])
            await far.until(f"{V720}/7.m4s", b"onetwo")
            late = await Far.follow(o.port.number)
            await late.until(f"{V720}/7.m4s", b"onetwo")
            assert not far.closed | late.closed
            far.close()
            late.close()

    run(scene)


def test_status_and_metrics_stay_at_home_and_do_not_stand_for_a_beat() -> None:
    async def scene() -> None:
        clock = Simulated(NOW_NS)
        async with origin(clock=clock) as o:
            status = Document("/status.json", b"{}", "application/json", Cache.NONE)
            o.hub.publish([status])
            far = await Far.follow(o.port.number)
            await until(lambda: far.synced)
            clock.advance_ns(600_000_000)
            o.hub.publish([status])
            clock.advance_ns(600_000_000)
            await until(lambda: far.beats == 1)
            o.hub.publish([status, Document("/seen", b"", "x", Cache.SHORT)])
            await far.until("/seen", b"")
            assert far.content("/status.json") is None
            assert Beat(NOW_NS + 1_200_000_000) in far.frames
            far.close()

    run(scene)


def test_a_reader_that_takes_nothing_for_ten_seconds_is_cut_off_and_others_are_not() -> None:
    async def scene() -> None:
        clock = Simulated(NOW_NS)
        async with origin(clock=clock) as o:
            good = await Far.follow(o.port.number)
            deaf = await Far.ask(o.port.number, limit=2**12)
            for number in range(60):
                o.hub.publish(segment(number, BIG))
            await good.until(f"{V720}/59.m4s", BIG)
            assert o.hub.describe()["behind_bytes"] > 1_000_000
            clock.advance_ns(9_000_000_000)
            o.hub.publish(segment(60, BIG))
            await good.until(f"{V720}/60.m4s", BIG)
            assert (o.hub.describe()["feeds"], o.hub.describe()["cut_off"]) == (2, 0)
            clock.advance_ns(1_100_000_000)
            await until(lambda: o.hub.describe()["feeds"] == 1)
            assert o.hub.describe()["cut_off"] == 1
            assert o.hub.describe()["behind_bytes"] == 0
            o.hub.publish(segment(61, BIG))
            await good.until(f"{V720}/61.m4s", BIG)
            good.close()
            deaf.close()

    run(scene)


@pytest.mark.parametrize("bound", ["MAX_FRAMES_BYTES", "MAX_MEDIA_BYTES"])
def test_a_reader_that_falls_too_far_behind_is_cut_off(bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, bound, 1_000_000)

    async def scene() -> None:
        async with origin() as o:
            deaf = await Far.ask(o.port.number, limit=2**12)
            for number in range(80):
                media = bound == "MAX_MEDIA_BYTES"
                o.hub.publish(segment(number, BIG) if media else [Document("/d", BIG, "x", Cache.SHORT)])
            assert (o.hub.describe()["feeds"], o.hub.describe()["cut_off"]) == (0, 1)
            deaf.close()

    run(scene)


def test_what_is_removed_while_it_waits_to_be_sent_is_sent_whole() -> None:
    async def scene() -> None:
        async with origin() as o:
            for number in range(40):
                o.hub.publish(segment(number, BIG))
            far = await Far.ask(o.port.number, limit=2**12)
            o.hub.publish(segment(40, BIG[::-1]))
            for number in range(41):
                o.hub.publish([Removed(f"{V720}/{number}.{n}") for n in ("m4s", "0.m4s")])
            assert o.hub.shelf.blobs == 0
            o.hub.publish([Document("/last", b"", "x", Cache.SHORT)])
            far.read_on()
            await far.until("/last", b"")
            assert [far.blobs[n] == BIG for n in range(40)] == [True] * 40
            assert far.blobs[40] == BIG[::-1]
            far.close()

    run(scene)


def test_a_large_blob_is_told_in_frames_that_are_small_to_keep() -> None:
    async def scene() -> None:
        async with origin() as o:
            body = BIG * 12
            o.hub.publish(segment(7, body))
            far = await Far.follow(o.port.number)
            await far.until(f"{V720}/7.0.m4s", body)
            sizes = [len(frame.data) for frame in far.frames if isinstance(frame, Appended)]
            assert sizes == [PIECE_BYTES, PIECE_BYTES, len(body) - 2 * PIECE_BYTES]
            far.close()

    run(scene)


def test_a_huge_snapshot_is_never_in_pythons_memory_and_holds_no_descriptor_of_its_own() -> None:
    async def scene() -> None:
        async with origin() as o:
            for number in range(160):
                o.hub.publish(segment(number, BIG * 5))
            before = len(os.listdir("/proc/self/fd"))
            tracemalloc.start()
            far = await Far.ask(o.port.number, limit=2**16)
            size = 0
            while size < 160_000_000:
                size += len(await far._reader.read(2**16))
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert peak < 4_000_000
            assert len(os.listdir("/proc/self/fd")) < before + 8  # its two ends, and what the loop has of its own
            far.close()

    run(scene)


def test_one_edge_more_than_may_be_fed_is_refused_until_another_leaves() -> None:
    async def scene() -> None:
        async with origin() as o:
            o.hub.publish(segment(7, b"abc"))
            fed = [await Far.follow(o.port.number) for _ in range(MAX_FEEDS)]
            late = await Far.ask(o.port.number)
            assert late.status == 503
            assert await late.rest() == b"64 edges are fed here already\n"
            assert o.hub.describe()["refused"] == 1
            for far in fed:
                await far.until(f"{V720}/7.0.m4s", b"abc")
            fed.pop().close()
            await until(lambda: o.hub.describe()["feeds"] == MAX_FEEDS - 1)
            fed.append(await Far.follow(o.port.number))
            await fed[-1].until(f"{V720}/7.0.m4s", b"abc")
            assert o.hub.describe()["fed"] == MAX_FEEDS + 1
            for far in fed:
                far.close()

    run(scene)


def test_where_a_token_is_set_nobody_is_fed_without_it() -> None:
    async def scene() -> None:
        async with origin(token="secret") as o:
            o.hub.publish(segment(7, b"abc"))
            for token in ("", "secre", "secret2"):
                refused = await Far.ask(o.port.number, token)
                assert refused.status == 401
                assert "WWW-Authenticate: Bearer" in refused.head
                assert await refused.rest() == b"the feed needs the feed token\n"
            far = await Far.follow(o.port.number, "secret")
            await far.until(f"{V720}/7.0.m4s", b"abc")
            far.close()

    run(scene)


@pytest.mark.parametrize(
    ("head", "token"),
    [
        (b"GET /feed HTTP/1.1\r\nauthorization:bearer  abc \r\n\r\n", b"abc"),
        (b"GET /feed HTTP/1.1\r\nAuthorization: Basic abc\r\n\r\n", b""),
        (b"GET /feed HTTP/1.1\r\nX-Authorization: Bearer abc\r\n\r\n", b""),
        (b"GET /feed HTTP/1.1\r\nHost: a\r\n\r\nAuthorization: Bearer abc\r\n\r\n", b""),
        (b"", b""),
    ],
)
def test_the_token_is_read_from_the_head_alone(head: bytes, token: bytes) -> None:
    assert bearer(head) == token


def test_the_feed_is_told_from_a_publisher_by_its_first_words() -> None:
    assert asks_for_feed(b"GET /feed HTTP/1.1\r\n")
    assert asks_for_feed(b"GET /feed?x=1 HTTP/1.1\r\n")
    for other in (b"GET /feeds HTTP/1.1", b"POST /feed HTTP/1.1", b"PUT /ingest/main/feed HTTP/1.1", b"GET /", b""):
        assert not asks_for_feed(other)


def test_a_reader_that_asks_for_more_on_its_connection_is_cut() -> None:
    async def scene() -> None:
        async with origin() as o:
            far = await Far.follow(o.port.number)
            await until(lambda: far.synced)
            far.write(b"GET /feed HTTP/1.1\r\n\r\n")
            await until(lambda: far.ended)
            assert (o.hub.describe()["feeds"], o.hub.describe()["cut_off"]) == (0, 0)

    run(scene)


def test_a_reader_that_goes_leaves_nothing_behind() -> None:
    async def scene() -> None:
        async with origin() as o:
            o.hub.publish(segment(7, BIG * 20))
            counts = []
            for _ in range(2):  # the first time, the loop takes descriptors of its own
                for _ in range(20):
                    (await Far.ask(o.port.number, limit=2**12)).close()
                await until(lambda: o.hub.describe()["feeds"] == 0)
                await asyncio.sleep(0)
                counts.append(len(os.listdir("/proc/self/fd")))
            assert counts[0] == counts[1]
            o.hub.publish(segment(8, b"abc"))

    run(scene)


def test_a_connection_that_broke_on_its_way_harms_nobody() -> None:
    async def scene() -> None:
        async with origin() as o:
            ours, theirs = socket.socketpair()
            theirs.close()
            o.hub.adopt(ours, b"GET /feed HTTP/1.1\r\n\r\n")
            await until(lambda: o.hub.describe()["feeds"] == 0)
            far = await Far.follow(o.port.number)
            await until(lambda: far.synced)
            far.close()

    run(scene)


def test_a_hub_that_is_given_another_shelf_has_its_readers_begin_anew() -> None:
    async def scene() -> None:
        async with origin() as o:
            o.hub.publish(segment(7, b"abc"))
            far = await Far.follow(o.port.number)
            await until(lambda: far.synced)
            shelf = Shelf()
            for message in segment(7, b"new"):
                shelf.put(message, NOW_NS)
            o.hub.swap(shelf)
            await until(lambda: far.ended)
            again = await Far.follow(o.port.number)
            await again.until(f"{V720}/7.0.m4s", b"new")
            again.close()

    run(scene)


def test_the_feed_ends_with_the_hub(tmp_path: Path) -> None:
    async def scene() -> None:
        async with origin() as o:
            far = await Far.follow(o.port.number)
            await until(lambda: far.synced)
            o.hub.close()
            await until(lambda: far.ended)

    run(scene)


def test_readers_are_not_starved_by_one_that_reads_fast() -> None:
    async def scene() -> None:
        async with origin() as o:
            for number in range(30):
                o.hub.publish(segment(number, BIG * 5))
            fars = await asyncio.gather(*(Far.follow(o.port.number) for _ in range(3)))
            for far in fars:
                await far.until(f"{V720}/29.m4s", BIG * 5)
                far.close()

    run(scene)
