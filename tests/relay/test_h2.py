"""The public port speaking HTTP/2: the same answers as HTTP/1.1, many at once on one connection."""

import asyncio
import json
import os
import subprocess
from pathlib import Path

from h2.errors import ErrorCodes
from tests.relay.edge_house import MP4, PLAYLIST, expected, house, playlist, run, segment, until
from tests.relay.secure_kit import Visitor2, over_tls, pem, visitor

from ringside.core.feed import Appended, Cache, Closed, Document, Expected, Opened
from ringside.flow.relay.answer.serve import Date, Serve, refusal
from ringside.flow.relay.edge import Asset
from ringside.flow.relay.edge.special import iso
from ringside.flow.relay.wire.blocks import Blocks, request_head

__all__ = ["pem"]


def test_a_segment_arrives_whole_and_again(pem: Path) -> None:
    async def scene() -> None:
        media = os.urandom(3_000_000)
        async with house(over_tls(pem)) as home:
            await home.publish(*segment(7, media))
            viewer = await Visitor2.connect(home.edge.port)
            for _ in range(3):
                answer = await viewer.get("/live/main/v720/7.m4s")
                assert (answer.status, answer.body) == (200, media)
            assert home.edge.counts[200] == 3
            assert len(home.edge.connections) == 1

    run(scene)


def test_every_answer_is_what_http_1_says(pem: Path) -> None:
    page = Asset("/", b"<!doctype html>" + b"x" * 40_000, "text/html")
    media, live = "/live/main/v720/7.m4s", PLAYLIST
    asked: list[tuple[str, str, dict[str, str]]] = [
        ("/", "GET", {}), ("/", "HEAD", {}), ("/", "GET", {"accept_encoding": "gzip"}), ("/", "OPTIONS", {}),
        (media, "GET", {}), (media, "HEAD", {}), (media, "GET", {"range": "bytes=5-99"}),
        (media, "GET", {"range": "bytes=-1"}), (media, "GET", {"range": "bytes=900000-"}),
        ("/live/main/v720/7.0.m4s", "GET", {}), (live, "GET", {}), (f"{live}?_HLS_msn=7&_HLS_part=0", "GET", {}),
        (f"{live}?_HLS_part=1", "GET", {}), ("/none", "GET", {}), ("/", "DELETE", {}), ("/feed", "GET", {}),
        ("/clock", "HEAD", {}), ("/healthz", "GET", {}),
    ]  # fmt: skip

    async def scene() -> None:
        async with house(over_tls(pem), [page]) as home:
            await home.publish(*segment(7, os.urandom(70_000)), playlist(7, 0, (8, 0)))
            two = await Visitor2.connect(home.edge.port)
            for path, method, fields in asked:
                one = await visitor(home.edge.port)
                status, told, body = await one.get(path, method, **fields)
                answer = await two.get(path, method, **fields)
                for hop in ("transfer-encoding", "connection", "date"):
                    told.pop(hop, None)
                    answer.fields.pop(hop, None)
                assert (answer.status, answer.fields, answer.body) == (status, told, body), (path, method, fields)
            etag = (await two.get("/", "HEAD")).fields["etag"]
            unchanged = await two.get("/", if_none_match=etag)
            assert (unchanged.status, unchanged.body, unchanged.fields["etag"]) == (304, b"", etag)

    run(scene)


def test_many_held_requests_of_one_connection_are_each_answered_when_their_part_comes(pem: Path) -> None:
    async def scene() -> None:
        async with house(over_tls(pem)) as home:
            await home.publish(playlist(7, 0, (7, 1)), expected(7, 1))
            viewer = await Visitor2.connect(home.edge.port)
            held = [viewer.ask(f"{PLAYLIST}?_HLS_msn=7&_HLS_part=1") for _ in range(3)]
            part = viewer.ask("/live/main/v720/7.1.m4s")
            await until(lambda: home.edge.waiting.count == 4)
            assert (await viewer.get(PLAYLIST)).status == 200  # nobody stands in its way
            media = os.urandom(150_000)
            await home.publish(playlist(7, 1, (7, 2), body=b"#EXTM3U new\n"), *segment(7, b"", media))
            assert [(await viewer.answer(number)).body for number in held] == [b"#EXTM3U new\n"] * 3
            assert (await viewer.answer(part)).body == media
            assert home.edge.waiting.count == 0

    run(scene)


def test_a_segment_in_the_making_comes_as_it_grows_and_ends_with_it(pem: Path) -> None:
    async def scene() -> None:
        chunks = [os.urandom(50_000), os.urandom(900), os.urandom(200_000)]
        async with house(over_tls(pem)) as home:
            await home.publish(Opened("/live/main/v720/7.m4s", 7, MP4))
            viewer = await Visitor2.connect(home.edge.port)
            answer = viewer.answers[viewer.ask("/live/main/v720/7.m4s")]
            await viewer.read_until(lambda: answer.status)
            assert "transfer-encoding" not in answer.fields
            for count in range(1, 4):
                so_far = b"".join(chunks[:count])
                await home.publish(Appended(7, len(so_far), chunks[count - 1]))
                await viewer.read_until(lambda: len(answer.body) == len(so_far))  # noqa: B023
                assert answer.body == so_far
                assert not answer.complete
            await home.publish(Closed(7))
            await viewer.read_until(lambda: answer.complete)

    run(scene)


def test_a_segment_that_is_never_finished_ends_in_a_reset_and_the_connection_goes_on(pem: Path) -> None:
    async def scene() -> None:
        async with house(over_tls(pem)) as home:
            await home.publish(Opened("/live/main/v720/7.m4s", 7, MP4), Appended(7, 5, b"first"))
            viewer = await Visitor2.connect(home.edge.port)
            number = viewer.ask("/live/main/v720/7.m4s")
            await viewer.read_until(lambda: viewer.answers[number].body == b"first")
            home.clock.advance_ns(7_000_000_000)
            assert (await viewer.answer(number)).reset == ErrorCodes.INTERNAL_ERROR
            assert (await viewer.get("/clock")).status == 200

    run(scene)


def test_events_of_the_status_are_told_one_by_one(pem: Path) -> None:
    async def scene() -> None:
        async with house(over_tls(pem)) as home:
            await home.publish(Document("/status.json", b'{"n": 1}', "application/json", Cache.NONE))
            viewer = await Visitor2.connect(home.edge.port)
            answer = viewer.answers[viewer.ask("/status/events")]
            await viewer.read_until(lambda: answer.body.endswith(b"\n\n"))
            assert answer.fields["content-type"] == "text/event-stream"
            for n in (2, 3):
                await home.publish(Document("/status.json", b'{"n": %d}' % n, "application/json", Cache.NONE))
                await viewer.read_until(lambda: b'{"n": %d}\n\n' % n in answer.body)  # noqa: B023
            assert answer.body == b"".join(b'data: {"n": %d}\n\n' % n for n in (1, 2, 3))

    run(scene)


def test_a_report_of_a_player_is_taken_and_a_longer_one_declined(pem: Path) -> None:
    async def scene() -> None:
        async with house(over_tls(pem)) as home:
            viewer = await Visitor2.connect(home.edge.port)
            number = viewer.ask("/cmcd", "POST", end=False, content_length="5")
            viewer.mind.send_data(number, b"hello", end_stream=True)
            viewer.flush()
            assert (await viewer.answer(number)).status == 204
            number = viewer.ask("/cmcd", "POST", end=False, content_length="70000")
            assert (await viewer.answer(number)).status == 413
            number = viewer.ask("/cmcd", "POST", end=False)
            assert (await viewer.answer(number)).status == 411
            number = viewer.ask("/live/main/v720/7.m4s", end=False)
            assert (await viewer.answer(number)).status == 400
            number = viewer.ask("/ingest/main/v720", "PUT", end=False)
            assert (await viewer.answer(number)).status == 403
            await until(lambda: [c.busy for c in home.edge.connections] == [False])
            assert (await viewer.get("/clock")).status == 200

    run(scene)


def test_a_body_that_is_promised_and_never_comes_does_not_hold_its_stream_for_ever(pem: Path) -> None:
    async def scene() -> None:
        async with house(over_tls(pem)) as home:
            viewer = await Visitor2.connect(home.edge.port)
            number = viewer.ask("/cmcd", "POST", end=False, content_length="5")
            await viewer.read_until(lambda: viewer.answers[number].complete)
            home.clock.advance_ns(60_000_000_000)
            await viewer.read_until(lambda: viewer.answers[number].reset is not None)
            assert not home.edge.blocked

    run(scene)


# Flow control


def test_nothing_goes_beyond_the_window_and_it_goes_on_when_that_opens(pem: Path) -> None:
    async def scene() -> None:
        media = os.urandom(1_000_000)
        async with house(over_tls(pem)) as home:
            await home.publish(*segment(7, media))
            viewer = await Visitor2.connect(home.edge.port, window=0)
            answer = viewer.answers[number := viewer.ask("/live/main/v720/7.m4s")]
            await viewer.read_until(lambda: len(answer.body) == 65_535)
            other = viewer.answers[viewer.ask("/clock")]
            await viewer.read_until(lambda: other.status)  # a head needs no window; its body does
            assert (other.body, len(answer.body)) == (b"", 65_535)
            for _ in range(40):
                viewer.mind.increment_flow_control_window(65_535)
                viewer.mind.increment_flow_control_window(65_535, number)
                viewer.flush()
            assert (await viewer.answer(number)).body == media
            await viewer.read_until(lambda: other.complete)

    run(scene)


def test_streams_take_turns_so_that_a_short_answer_does_not_wait_for_a_long_one(pem: Path) -> None:
    async def scene() -> None:
        async with house(over_tls(pem)) as home:
            await home.publish(*segment(7, os.urandom(6_000_000)), *segment(8, os.urandom(50_000)))
            viewer = await Visitor2.connect(home.edge.port)
            long, short = viewer.ask("/live/main/v720/7.m4s"), viewer.ask("/live/main/v720/8.m4s")
            await viewer.answer(short)
            assert not viewer.answers[long].complete
            assert len((await viewer.answer(long)).body) == 6_000_000

    run(scene)


def test_a_reader_that_opens_no_window_is_dropped_and_its_neighbours_stay(pem: Path) -> None:
    async def scene() -> None:
        async with house(over_tls(pem)) as home:
            await home.publish(*segment(7, os.urandom(1_000_000)))
            viewer = await Visitor2.connect(home.edge.port, window=0)
            viewer.mind.increment_flow_control_window(1 << 24)
            stuck = viewer.ask("/live/main/v720/7.m4s")
            await viewer.read_until(lambda: len(viewer.answers[stuck].body) == 65_535)
            home.clock.advance_ns(200_000_000_000)
            assert (await viewer.answer(stuck)).reset == ErrorCodes.INTERNAL_ERROR
            assert home.edge.slow_dropped == 1
            assert (await viewer.get("/clock")).status == 200

    run(scene)


# Coming to an end


def test_a_draining_worker_says_goaway_and_finishes_what_is_held(pem: Path) -> None:
    async def scene() -> None:
        async with house(over_tls(pem)) as home:
            await home.publish(playlist(7, 0, (7, 1)), expected(7, 1))
            viewer, idle = await Visitor2.connect(home.edge.port), await Visitor2.connect(home.edge.port)
            number = viewer.ask(f"{PLAYLIST}?_HLS_msn=7&_HLS_part=1")
            await idle.get("/clock")
            await until(lambda: home.edge.waiting.count == 1)
            leaving = asyncio.ensure_future(home.edge.stop(5))
            await idle.hang_up()
            assert idle.goaway is not None
            assert idle.goaway.error_code == ErrorCodes.NO_ERROR
            await home.publish(playlist(7, 1, (7, 2)))
            assert (await viewer.answer(number)).status == 200
            await viewer.hang_up()
            assert viewer.goaway is not None
            assert viewer.goaway.last_stream_id == number
            await leaving

    run(scene)


def test_streams_that_are_reset_leave_nothing_behind(pem: Path) -> None:
    async def scene() -> None:
        async with house(over_tls(pem)) as home:
            await home.publish(
                playlist(7, 0, (7, 1)), expected(7, 1), *segment(6, os.urandom(3_000_000)),
                Opened("/live/main/v720/7.m4s", 7, MP4), Appended(7, 5, b"first"),
            )  # fmt: skip
            viewer = await Visitor2.connect(home.edge.port, window=0)
            paths = [f"{PLAYLIST}?_HLS_msn=7&_HLS_part=1", "/live/main/v720/6.m4s", "/live/main/v720/7.m4s"]
            numbers = [viewer.ask(path) for path in [*paths, "/status/events"]]
            await until(lambda: home.edge.waiting.count == 1 and home.edge.blocked and home.edge.subscribers)
            for number in numbers:
                viewer.mind.reset_stream(number, ErrorCodes.CANCEL)
            viewer.flush()
            await until(lambda: not home.edge.waiting.count and not home.edge.blocked and not home.edge.subscribers)
            assert [connection.busy for connection in home.edge.connections] == [False]

    run(scene)


def test_a_viewer_who_leaves_leaves_nothing_behind(pem: Path) -> None:
    async def scene() -> None:
        async with house(over_tls(pem)) as home:
            await home.publish(playlist(7, 0, (7, 1)), expected(7, 1), *segment(6, os.urandom(9_000_000)))
            for _ in range(5):
                viewer = await Visitor2.connect(home.edge.port)
                for path in (f"{PLAYLIST}?_HLS_msn=7&_HLS_part=1", "/live/main/v720/6.m4s", "/status/events"):
                    viewer.ask(path)
                await until(lambda: home.edge.waiting.count == 1)
                viewer.writer.transport.abort()
                await until(lambda: not home.edge.connections)
                assert (home.edge.waiting.count, home.edge.blocked, home.edge.subscribers) == (0, {}, {})

    run(scene)


# Peers


def test_curl_gets_forty_parts_at_once_over_one_connection(pem: Path, tmp_path: Path) -> None:
    async def scene() -> None:
        parts = [os.urandom(90_000 + number) for number in range(40)]
        async with house(over_tls(pem)) as home:
            await home.publish(*segment(7, *parts))
            root = f"https://127.0.0.1:{home.edge.port}/live/main/v720/7"
            curl = ["curl", "-sS", "--http2", "--cacert", str(pem), "-Z", "--parallel-max", "40"]
            curl += ["-o", f"{tmp_path}/#1", "-w", "%{http_version} %{http_code}\n", f"{root}.[0-39].m4s"]
            told = await asyncio.to_thread(subprocess.run, curl, capture_output=True, timeout=25)
            assert told.stdout.split() == [b"2", b"200"] * 40, told.stderr
            assert [(tmp_path / str(number)).read_bytes() for number in range(40)] == parts
            assert home.edge.tls is not None
            assert home.edge.tls.handshakes < 40

    run(scene)


# Blocks


def test_a_block_decodes_to_the_fields_of_its_answer_on_any_connection() -> None:
    from hpack import Decoder

    blocks, date = Blocks(), Date(1_790_000_000)
    answers = [
        refusal(404, "no", 2),
        Serve(200, b"Content-Type: video/mp4\r\nTransfer-Encoding: chunked\r\n\r\n", born_s=1),
    ]
    for _ in range(3):
        for answer in answers:
            told = [(str(name), str(value)) for name, value in Decoder().decode(blocks.block(answer, date))]
            assert told[0] == (":status", str(answer.status))
            assert ("date", date.field[6:-2].decode()) in told
            assert not any(name == "transfer-encoding" for name, _ in told)
    assert ("age", "1789999999") in told
    assert json.dumps(sorted(name for name, _ in told)) == '[":status", "age", "content-type", "date"]'


def test_a_request_reads_the_same_whatever_it_came_in() -> None:
    asked = [
        (b":method", b"GET"),
        (b":scheme", b"https"),
        (b":authority", b"edge"),
        (b":path", b"/a?b"),
        (b"range", b"bytes=0-"),
    ]
    assert request_head(asked, True) == b"GET /a?b HTTP/1.1\r\nHost: edge\r\nrange: bytes=0-\r\n\r\n"
    assert b"Transfer-Encoding: chunked" in request_head(asked, False)


def test_the_clock_is_read_for_each_stream_and_never_kept(pem: Path) -> None:
    async def scene() -> None:
        async with house(over_tls(pem)) as home:
            two, one = await Visitor2.connect(home.edge.port), await visitor(home.edge.port)
            for _ in range(3):
                home.clock.advance_ns(1000)
                now = iso(home.clock.now_ns())
                answer = await two.get("/clock")
                assert (answer.status, answer.body.decode(), answer.fields["cache-control"]) == (200, now, "no-store")
                assert (await two.get("/clock", "HEAD")).fields["content-length"] == "27"
                assert (await one.get("/clock"))[2].decode() == now

    run(scene)


def test_who_is_held_for_news_hears_it_or_that_there_is_none(pem: Path) -> None:
    path = "/live/main/target/5.json"

    async def scene() -> None:
        async with house(over_tls(pem)) as home:
            await home.publish(Expected(path, 15))
            two = await Visitor2.connect(home.edge.port)
            first = two.ask(path)
            two.flush()
            await until(lambda: home.edge.waiting.count == 1)
            home.clock.advance_ns(15_000_000_001)
            answer = await two.answer(first)
            assert (answer.status, answer.body, answer.fields["cache-control"]) == (204, b"", "public, max-age=1")
            assert "content-length" not in answer.fields
            second = two.ask(path)
            two.flush()
            await until(lambda: home.edge.waiting.count == 1)
            await home.publish(Document(path, b"{}", "application/json", Cache.IMMUTABLE))
            assert (await two.answer(second)).body == b"{}"

    run(scene)
