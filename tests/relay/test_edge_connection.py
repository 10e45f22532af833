"""The edge on real sockets: HTTP's finer points, slow readers, and what is no object."""

import asyncio
import gzip
import socket

import pytest
from edge_house import BIG, PART, PLAYLIST, House, Viewer, expected, house, playlist, run, segment, until

from ringside.core.feed import Cache, Document, Playlist
from ringside.flow.relay.edge import Asset, Config


def test_pipelined_requests_are_answered_in_order_even_when_one_is_held() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(*segment(7, BIG), playlist(7, 0, (8, 0)), expected(8, 0))
            viewer = await h.viewer()
            paths = ["/live/main/v720/7.0.m4s", PART, "/none", "/live/main/v720/7.m4s", PLAYLIST]
            for path in paths:
                viewer.ask(path)
            await until(lambda: h.edge.waiting.count == 1)
            await h.publish(*segment(8, b"now", closed=False))
            answers = [await viewer.answer() for _ in paths]
            assert [status for status, _, _ in answers] == [200, 200, 404, 200, 200]
            assert [body for _, _, body in answers[:2]] == [BIG, b"now"]
            assert answers[3][2] == BIG

    run(scene)


def test_a_thousand_pipelined_requests_do_not_grow_the_memory_beyond_its_bound() -> None:
    async def scene() -> None:
        async with house(Config(host="127.0.0.1", port=0, max_requests_per_s=5000)) as h:
            await h.publish(expected(8, 0))
            viewer = await h.viewer()
            viewer.ask(PART)
            for _ in range(4000):
                viewer.ask("/clock")
            await until(lambda: any(c._paused for c in h.edge.connections))
            assert max(len(c._rest) for c in h.edge.connections) < 512 * 1024
            await h.publish(*segment(8, b"now", closed=False))
            for _ in range(4001):
                assert (await viewer.answer())[0] == 200

    run(scene)


def test_a_request_may_arrive_byte_by_byte() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(*segment(7, b"abc"))
            viewer = await h.viewer()
            for byte in b"\r\nGET /live/main/v720/7.m4s HTTP/1.1\r\nHost: a\r\n\r\nGET /clo":
                viewer.send(bytes([byte]))
                await asyncio.sleep(0)
            assert (await viewer.answer())[2] == b"abc"
            viewer.send(b"ck HTTP/1.1\r\nHost: a\r\n\r\n")
            assert (await viewer.answer())[0] == 200

    run(scene)


def test_the_connection_closes_when_the_client_asks_for_it() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(*segment(7, BIG), Document("/d", b"small", "text/plain", Cache.NONE))
            for path, body in (("/live/main/v720/7.m4s", BIG), ("/d", b"small")):
                for request in (f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n", f"GET {path} HTTP/1.0\r\n"):
                    viewer = await h.viewer()
                    viewer.send(request.encode() + b"\r\n")
                    _, fields, received = await viewer.answer()
                    assert (fields["connection"], received) == ("close", body)
                    assert await viewer.closed() == b""

    run(scene)


def test_head_has_the_heads_of_get_and_no_body() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(*segment(7, BIG), playlist(7, 0, (8, 0)))
            viewer = await h.viewer()
            for path in ("/live/main/v720/7.0.m4s", PLAYLIST, "/clock", "/none"):
                got = await viewer.get(path)
                head = await viewer.get(path, method="HEAD")
                assert head == (got[0], got[1], b"")

    run(scene)


def test_ranges_of_media_come_from_the_right_place() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(*segment(7, b"x" * 100, BIG))
            viewer = await h.viewer()
            status, fields, body = await viewer.get("/live/main/v720/7.1.m4s", Range="bytes=1000-101000")
            assert (status, body) == (206, BIG[1000:101001])
            assert fields["content-range"] == f"bytes 1000-101000/{len(BIG)}"
            assert (await viewer.get("/live/main/v720/7.1.m4s"))[2] == BIG

    run(scene)


def test_the_page_is_gzipped_revalidated_and_open_to_other_sites() -> None:
    async def scene() -> None:
        page = b"<html>" * 20_000
        async with house(assets=[Asset("/", page, "text/html; charset=utf-8")]) as h:
            viewer = await h.viewer()
            status, fields, body = await viewer.get("/", Accept_Encoding="gzip", Origin="http://other")
            assert (status, gzip.decompress(body)) == (200, page)
            assert (fields["content-encoding"], fields["vary"]) == ("gzip", "Accept-Encoding")
            assert fields["access-control-allow-origin"] == "*"
            assert (await viewer.get("/"))[2] == page
            assert (await viewer.get("/", If_None_Match=fields["etag"]))[0] == 304

    run(scene)


MALFORMED = {
    "length and chunked": (
        b"POST /cmcd HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400
    ),
    "two lengths": (b"POST /cmcd HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", 400),
    "a line ended by LF": (b"GET / HTTP/1.1\nHost: a\n\n", 400),
    "a field ended by LF": (b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400),
    "a folded field": (b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", 400),
    "a space before the colon": (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "a GET with a body": (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", 400),
    "a chunked GET": (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "NUL in a field": (b"GET / HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n", 400),
    "garbage": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 501),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "HTTP/0.9": (b"GET /\r\n\r\n", 505),
    "an endless line": (b"GET /" + b"a" * 20_000, 414),
    "endless fields": (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 4000, 431),
    "a body where none is taken": (
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n" + b"x" * 900_000, 405
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_request_is_refused_and_the_connection_closed(name: str) -> None:
    async def scene() -> None:
        raw, want = MALFORMED[name]
        async with house() as h:
            viewer = await h.viewer()
            viewer.send(raw + b"GET /clock HTTP/1.1\r\nHost: a\r\n\r\n")
            status, fields, _ = await viewer.answer()
            assert (status, fields["connection"]) == (want, "close")
            assert await viewer.closed() == b""
            assert (await (await h.viewer()).get("/clock"))[0] == 200

    run(scene)


def test_a_reader_that_does_not_read_is_dropped_and_the_others_are_served() -> None:
    async def scene() -> None:
        async with house() as h:
            huge = BIG * 40
            await h.publish(*segment(7, huge))
            slow = socket.create_connection(("127.0.0.1", h.edge.port))
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.sendall(b"GET /live/main/v720/7.m4s HTTP/1.1\r\nHost: a\r\n\r\n")
            await until(lambda: len(h.edge.blocked) == 1)
            assert (await (await h.viewer()).get("/live/main/v720/7.m4s"))[2] == huge
            h.clock.advance_ns(int((10 + len(huge) / 16_000 + 1) * 1e9))
            await until(lambda: h.edge.slow_dropped == 1)
            await until(lambda: not h.edge.blocked)
            with slow, pytest.raises(ConnectionResetError):
                read_on(slow)  # what has come already; then it is told, and the kernel keeps nothing for it

    run(scene)


def read_on(reader: socket.socket) -> None:
    while reader.recv(65536):
        pass


def test_a_reader_that_reads_slowly_gets_every_byte() -> None:
    async def scene() -> None:
        async with house() as h:
            huge = BIG * 20
            await h.publish(*segment(7, huge))
            viewer = await Viewer.connect(h.edge.port, limit=2**16)
            viewer.ask("/live/main/v720/7.m4s")
            viewer.ask("/clock")
            await viewer.head()
            received = b""
            while len(received) < len(huge):
                received += await viewer.reader.read(min(50_000, len(huge) - len(received)))
                await asyncio.sleep(0)
            assert received == huge
            assert (await viewer.answer())[0] == 200

    run(scene)


def test_a_head_that_never_ends_is_given_up() -> None:
    async def scene() -> None:
        async with house() as h:
            viewer, idle = await h.viewer(), await h.viewer()
            viewer.send(b"GET / HTTP/1.1\r\nHost: a\r\n")
            await until(lambda: h.edge.partial)
            h.clock.advance_ns(10_100_000_000)
            assert (await viewer.answer())[0] == 408
            assert await viewer.closed() == b""
            assert (await idle.get("/clock"))[0] == 200

    run(scene)


def test_more_connections_than_allowed_are_refused_in_words() -> None:
    async def scene() -> None:
        async with house(Config(host="127.0.0.1", port=0, max_connections=2)) as h:
            kept = [await h.viewer(), await h.viewer()]
            status, _, body = await (await h.viewer()).answer()
            assert (status, body) == (503, b"this server is full\n")
            for viewer in kept:
                assert (await viewer.get("/clock"))[0] == 200
            assert h.edge.turned_away == 1

    run(scene)


def test_cmcd_reports_are_taken_within_bounds() -> None:
    async def scene() -> None:
        async with house() as h:
            viewer = await h.viewer()
            viewer.send(b"POST /cmcd HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nbl=10")
            viewer.ask("/clock")
            assert [(await viewer.answer())[0] for _ in range(2)] == [204, 200]
            viewer.send(b"POST /cmcd HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n")
            assert (await viewer.answer())[0] == 413

    run(scene)


async def events(h: House, viewer: Viewer) -> None:
    viewer.ask("/status/events")
    status, fields = await viewer.head()
    assert (status, fields["content-type"]) == (200, "text/event-stream")


def test_the_status_is_pushed_to_all_who_watch_it() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(Document("/status.json", b'{"n": 1}', "application/json", Cache.NONE))
            watchers = [await h.viewer() for _ in range(3)]
            for watcher in watchers:
                await events(h, watcher)
                assert await watcher.chunk() == b'data: {"n": 1}\n\n'
            watchers[2].close()
            await until(lambda: len(h.edge.subscribers) == 2)
            await h.publish(Document("/status.json", b'{"n":\n 2}', "application/json", Cache.NONE))
            for watcher in watchers[:2]:
                assert await watcher.chunk() == b'data: {"n":\ndata:  2}\n\n'

    run(scene)


def test_health_says_what_is_wrong() -> None:
    async def scene() -> None:
        async with house() as h:
            viewer = await h.viewer()
            assert (await viewer.get("/healthz"))[::2] == (503, b"no media has come yet\n")
            await h.publish(*segment(7, b"abc"), playlist(7, 0, (8, 0)))
            assert (await viewer.get("/healthz"))[0] == 200
            h.clock.advance_ns(6_500_000_000)
            assert (await viewer.get("/healthz"))[::2] == (503, b"the newest media is 6.5 s old\n")
            await h.publish(Playlist(PLAYLIST, b"", b"", 7, 0, (8, 0), 2, 0.2, ended=True))
            assert (await viewer.get("/healthz"))[0] == 200
            h.feed.stop()
            assert (await viewer.get("/healthz"))[::2] == (503, b"this worker's feed is lost\n")

    run(scene)


def test_the_clock_tells_utc() -> None:
    async def scene() -> None:
        async with house() as h:
            h.clock.advance_ns(123_456_789)
            status, fields, body = await (await h.viewer()).get("/clock")
            assert (status, fields["cache-control"], body) == (200, "no-store", b"2026-09-21T14:13:20.123456Z")

    run(scene)


def test_what_an_edge_is_fed_and_may_change_at_any_time_has_no_age() -> None:
    """The feed stands for it: an age beyond its second would keep every cache in front from keeping it at all."""

    async def scene() -> None:
        async with house(Config(host="127.0.0.1", port=0, cache=True)) as h:
            await h.publish(
                Document("/live/main/target.json", b"{}", "application/json", Cache.SHORT),
                Document("/live/main/v720/init-1.mp4", b"ftyp", "video/mp4", Cache.IMMUTABLE),
            )
            viewer = await h.viewer()
            assert "age" not in (await viewer.get("/live/main/target.json"))[1]
            assert "age" in (await viewer.get("/live/main/v720/init-1.mp4"))[1]

    run(scene)
