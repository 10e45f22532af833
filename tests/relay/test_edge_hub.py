"""The hub and its workers: late comers, a hub that dies, publishers handed over, and two real processes."""

import asyncio
import gc
import os
import socket
from collections import deque
from pathlib import Path

import pytest
from edge_house import MP4, PLAYLIST, Viewer, expected, house, memory, playlist, run, segment, until

from ringside.core.clock import Simulated
from ringside.core.errors import Misconfigured
from ringside.core.feed import Appended, Cache, Closed, Document, Frame, Message, Opened, Ranged, Removed, encode
from ringside.flow.relay.edge import Config
from ringside.flow.relay.edge.aio import Edge
from ringside.flow.relay.edge.door import listen
from ringside.flow.relay.edge.feed import Feed
from ringside.flow.relay.feed import Hub
from ringside.flow.relay.feed.link import MAX_FDS, Link

BIG = bytes(range(256)) * 800


def what_there_is(edge: Edge) -> tuple[set[str], set[str]]:
    now = edge.store._now
    return set(now.things), set(now.expected)


def test_a_worker_that_comes_late_is_told_all_that_exists() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(
                *segment(6, b"old"), *segment(7, b"abc", BIG), *segment(8, b"gro", closed=False), playlist(8, 0, (8, 1))
            )
            await h.publish(expected(8, 1), Removed("/live/main/v720/6.m4s"), Document("/d", b"1", "x", Cache.NONE))
            late = Edge(Config(host="127.0.0.1", port=0), [], h.clock, "edge-2")
            await late.start()
            feed = Feed(late, h.path)
            feed.start()
            await until(lambda: late.store.synced)
            assert what_there_is(late) == what_there_is(h.edge)
            viewer = await Viewer.connect(late.port)
            assert (await viewer.get("/live/main/v720/7.1.m4s"))[2] == BIG
            assert (await viewer.get("/live/main/v720/6.0.m4s"))[2] == b"old"
            assert (await viewer.get("/live/main/v720/6.m4s"))[0] == 404
            viewer.ask("/live/main/v720/8.m4s")
            await viewer.head()
            assert await viewer.chunk() == b"gro"
            await h.publish(Appended(8, 7, b"wing"), Closed(8))
            assert [await viewer.chunk(), await viewer.chunk()] == [b"wing", b""]
            await late.stop(0.1)
            feed.stop()

    run(scene)


def test_more_blobs_than_one_message_may_carry_reach_a_late_worker() -> None:
    async def scene() -> None:
        async with house() as h:
            count = 2 * MAX_FDS + 7
            for number in range(count):
                h.hub.publish(segment(number, b"%d" % number))
            h.feed.stop()
            h.feed.start()
            await until(lambda: h.edge.store.sizes["objects"] >= 2 * count)
            viewer = await h.viewer()
            for number in (0, MAX_FDS - 1, MAX_FDS, count - 1):
                assert (await viewer.get(f"/live/main/v720/{number}.m4s"))[2] == b"%d" % number

    run(scene)


def test_an_edge_outlives_its_hub_and_takes_up_the_next() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(*segment(7, b"abc"), playlist(7, 0, (8, 0)), expected(8, 0))
            viewer, held = await h.viewer(), await h.viewer()
            held.ask("/live/main/v720/8.0.m4s")
            blocked = await h.viewer()
            blocked.ask(PLAYLIST + "?_HLS_msn=8&_HLS_part=0")
            await until(lambda: h.edge.waiting.count == 2)
            h.hub.close()
            await until(lambda: h.edge.feed is None)
            assert (await viewer.get("/live/main/v720/7.0.m4s"))[2] == b"abc"
            assert (await viewer.get(PLAYLIST))[0] == 200
            h.hub = Hub(h.path, h.clock, lambda *_: None, lambda _: None)
            await h.hub.start()
            h.hub.publish([*segment(8, b"new", blob=1, closed=False), playlist(8, 0, (8, 1))])
            assert (await held.answer())[2] == b"new"
            assert (await blocked.answer())[2].startswith(b"#EXTM3U 8.0")
            assert (await viewer.get("/live/main/v720/7.0.m4s"))[2] == b"abc"  # an old playlist may still name it

    run(scene)


def test_held_viewers_get_their_503_while_there_is_no_hub() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(playlist(7, 9, (8, 0)), expected(8, 0))
            held = await h.viewer()
            held.ask("/live/main/v720/8.0.m4s")
            await until(lambda: h.edge.waiting.count == 1)
            h.hub.close()
            h.clock.advance_ns(6_100_000_000)
            assert (await held.answer())[0] == 503

    run(scene)


def test_a_publisher_is_handed_over_with_all_it_has_sent() -> None:
    async def scene() -> None:
        async with house() as h:
            publisher = await h.viewer()
            first = b"POST /ingest/main/v720 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
            publisher.send(first)
            await until(lambda: h.handed)
            connection, received = h.handed[0]
            await until(lambda: not h.edge.connections)
            publisher.send(b"6\r\n again\r\n0\r\n\r\n")
            loop = asyncio.get_running_loop()
            while not received.endswith(b"0\r\n\r\n"):
                received += await loop.sock_recv(connection, 65536)
            assert received == first + b"6\r\n again\r\n0\r\n\r\n"
            await loop.sock_sendall(connection, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            assert (await publisher.answer())[0] == 200

    run(scene)


def test_a_publisher_whose_request_follows_another_is_handed_over_too() -> None:
    async def scene() -> None:
        async with house() as h:
            publisher = await h.viewer()
            publisher.ask("/clock")
            publisher.send(b"DELETE /ingest/main/v720 HTTP/1.1\r\nHost: a\r\n\r\n")
            assert (await publisher.answer())[0] == 200
            await until(lambda: h.handed)
            assert h.handed[0][1].startswith(b"DELETE /ingest/main/v720")

    run(scene)


def test_without_a_hub_a_publisher_is_told_so() -> None:
    async def scene() -> None:
        async with house() as h:
            h.feed.stop()
            publisher = await h.viewer()
            publisher.send(b"PUT /ingest/main/a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
            assert (await publisher.answer())[::2] == (503, b"there is no origin to hand this to\n")

    run(scene)


def test_workers_report_every_second() -> None:
    async def scene() -> None:
        async with house() as h:
            viewer = await h.viewer()
            await viewer.get("/clock")
            await until(lambda: h.reports)
            report = h.reports[-1]
            assert report["name"] == "edge-1"
            assert (report["viewers"], report["requests"], report["statuses"]) == (1, 1, {"200": 1})
            assert set(report["loop_lag_ms"]) == {"p50", "p95", "p99", "max"}

    run(scene)


def test_a_worker_that_does_not_read_is_cut_off_and_comes_back() -> None:
    async def scene() -> None:
        async with house() as h:
            deaf = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            deaf.connect(str(h.path))
            body = bytes(1 << 20)
            await until(lambda: "2 workers" in repr(h.hub))
            for number in range(40):
                await h.publish(Document("/d", body + b"%d" % number, "x", Cache.NONE))
            assert h.hub.cut_off == 1
            assert "1 workers" in repr(h.hub)
            assert h.edge.feed is not None
            deaf.close()

    run(scene)


def test_nonsense_is_the_publishers_fault_and_harms_no_worker() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(*segment(7, b"abc"))
            nonsense: list[Message] = [
                Opened("/x", 7, MP4),
                Appended(7, 5, b"de"),
                Appended(99, 2, b"de"),
                Closed(7),
                Ranged("/y", 7, 2, 2, MP4),
                Ranged("/y", 98, 0, 0, MP4),
            ]
            for message in nonsense:
                with pytest.raises(ValueError, match="blob"):
                    h.hub.publish([Document("/d", b"", "x", Cache.NONE), message])
            await h.publish(Removed("/never/was"), Document("/e", b"", "x", Cache.NONE))
            assert (await (await h.viewer()).get("/live/main/v720/7.0.m4s"))[2] == b"abc"

    run(scene)


def test_the_memory_of_a_removed_segment_is_given_back() -> None:
    gc.collect()  # the houses of other tests
    gc.disable()  # no cycle may keep a segment

    async def scene() -> None:
        async with house() as h:
            for number in range(10):
                await h.publish(*segment(number, b"abc"))
            assert len(memory(os.getpid())) == 20  # the hub's and the edge's
            for number in range(10):
                names = (f"/live/main/v720/{number}.0.m4s", f"/live/main/v720/{number}.m4s")
                await h.publish(*(Removed(name) for name in names))
            assert memory(os.getpid()) == []

    try:
        run(scene)
    finally:
        gc.enable()


def test_a_segment_removed_while_it_is_being_sent_is_sent_whole() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(*segment(7, BIG * 20))
            viewer = await Viewer.connect(h.edge.port, limit=2**16)
            viewer.ask("/live/main/v720/7.m4s")
            await until(lambda: h.edge.blocked)
            await h.publish(Removed("/live/main/v720/7.m4s"), Removed("/live/main/v720/7.0.m4s"))
            assert (await viewer.answer())[2] == BIG * 20

    run(scene)


def test_a_feed_that_talks_nonsense_is_cut() -> None:
    async def scene() -> None:
        ours, theirs = socket.socketpair()
        lost: list[str] = []
        link = Link(ours, lambda *_: None, lost.append)
        theirs.send(b"\xff" * 100)
        await until(lambda: lost)
        assert link.closed
        assert "a frame of" in lost[0]
        theirs.close()

    run(scene)


def test_descriptors_keep_their_frames_when_the_other_end_is_slow() -> None:
    async def scene() -> None:
        ours, theirs = socket.socketpair()
        frames: list[Frame] = []
        order: list[bytes] = []

        def take(new: list[Frame], fds: deque[int]) -> None:
            for frame in new:
                frames.append(frame)
                if isinstance(frame, Opened):
                    fd = fds.popleft()
                    order.append(os.pread(fd, 10, 0))
                    os.close(fd)

        sender = Link(ours, lambda *_: None, lambda _: None)
        for number in range(50):
            fd = os.memfd_create("test")
            os.write(fd, b"%d" % number)
            filler = encode(Document("/d", bytes(20_000), "x", Cache.NONE))
            sender.send(filler + encode(Opened("/o", number, MP4)) + filler, [fd])
            os.close(fd)
        assert sender.queued > 0
        receiver = Link(theirs, take, lambda _: None)
        await until(lambda: len(frames) == 150)
        assert order == [b"%d" % number for number in range(50)]
        sender.close()
        receiver.close()

    run(scene)


def test_a_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Misconfigured, match=f"port {port} on 127.0.0.1 is taken"):
            listen("127.0.0.1", port)


def test_a_host_that_is_not_ours_is_named() -> None:
    with pytest.raises(Misconfigured, match=r"192\.0\.2\.7"):
        listen("192.0.2.7", 0)


def test_a_hub_whose_socket_cannot_be_opened_names_it(tmp_path: Path) -> None:
    async def scene() -> None:
        hub = Hub(tmp_path / "missing" / "feed", Simulated(), lambda *_: None, lambda _: None)
        with pytest.raises(Misconfigured, match="missing/feed"):
            await hub.start()

    run(scene)
