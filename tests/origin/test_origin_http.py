"""The ingest server over real sockets: what stock publishers do, and what attackers try."""

import asyncio
import json
import socket
from collections.abc import Coroutine
from typing import Any

import pytest
from origin_kit import AUDIO, VIDEO
from origin_wire import AUDIO_TRACK, AUTH, TOKEN, VIDEO_TRACK, Origin, Wire, current, media, request, serving

from ringside.core.media import Chunk
from ringside.flow.mux.aio import Pusher


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(test)


async def publishing(origin: Origin, path: str = "/ingest/main/v180") -> Wire:
    """A connection that has sent its header and first chunk."""
    wire = await Wire.to(origin)
    await wire.send(origin.head(path))
    await wire.chunk(VIDEO_TRACK.init, media(VIDEO_TRACK, VIDEO, current(origin), 0))
    await origin.wait(lambda: "v180" in origin.publisher.lanes)
    return wire


def test_one_long_post_carries_a_track_chunk_by_chunk() -> None:
    async def test() -> None:
        async with serving() as origin:
            number, wire = current(origin), await Wire.to(origin)
            await wire.send(origin.head("/ingest/main/v180"))
            await wire.chunk(VIDEO_TRACK.init)
            for part in range(10):
                data = media(VIDEO_TRACK, VIDEO, number, part)
                await wire.chunk(data[:7], data[7:])
            await wire.chunk(media(VIDEO_TRACK, VIDEO, number + 1, 0), b"")
            assert await wire.answer() == (200, "")
            base = f"/live/main/v180/{number}"
            assert origin.edge.read(f"{base}.3.m4s") == media(VIDEO_TRACK, VIDEO, number, 3)
            whole = b"".join(media(VIDEO_TRACK, VIDEO, number, part) for part in range(10))
            assert origin.edge.read(f"{base}.m4s") == whole
            await origin.wait(lambda: origin.publisher.on_air)
            assert origin.edge.documents[f"/live/main/v180/{VIDEO_TRACK.init_name}"] == [VIDEO_TRACK.init]

    run(test())


def test_several_requests_on_one_connection_carry_a_track_object_by_object() -> None:
    async def test() -> None:
        async with serving() as origin:
            number, wire = current(origin), await Wire.to(origin)
            bodies = [VIDEO_TRACK.init, *(media(VIDEO_TRACK, VIDEO, number, part) for part in range(3))]
            for i, body in enumerate(bodies):
                extra = f"Content-Length: {len(body)}\r\n"
                await wire.send(origin.head(f"/ingest/main/v180/{i}.cmfv", "PUT", extra), body)
                assert await wire.answer() == (200, "")
            await wire.send(origin.head("/ingest/main/v180/0.cmfv", "DELETE", ""))
            assert await wire.answer() == (200, "")
            assert origin.publisher.lanes["v180"].window.next == (number, 3)

    run(test())


def test_objects_that_overlap_on_several_connections_are_taken_in_the_order_of_their_requests() -> None:
    async def test() -> None:
        async with serving() as origin:
            number = current(origin)
            first, second = await Wire.to(origin), await Wire.to(origin)
            await first.send(origin.head("/ingest/main/v180/1.m4s"))
            await first.chunk(VIDEO_TRACK.init, media(VIDEO_TRACK, VIDEO, number, 0))
            await origin.wait(lambda: "v180" in origin.publisher.lanes)
            await second.send(origin.head("/ingest/main/v180/2.m4s"))
            await second.chunk(media(VIDEO_TRACK, VIDEO, number, 2), b"")
            assert await second.answer() == (200, "")
            assert origin.publisher.lanes["v180"].window.next == (number, 1)
            await first.chunk(media(VIDEO_TRACK, VIDEO, number, 1), b"")
            assert await first.answer() == (200, "")
            assert origin.publisher.lanes["v180"].window.next == (number, 3)

    run(test())


def test_our_own_studio_is_understood() -> None:
    async def test() -> None:
        async with serving() as origin:
            number = current(origin)
            pusher = Pusher(f"http://127.0.0.1:{origin.port}", TOKEN, origin.clock)
            every = {VIDEO_TRACK: (VIDEO, 10), AUDIO_TRACK: (AUDIO, 10)}
            for track, (grid, count) in every.items():
                pusher.add_track(track)
                for part in range(count):
                    data = media(track, grid, number, part, last=part == count - 1)
                    pusher.send(Chunk(track.name, number, part, 0, 0, part == 0, part == count - 1, data))
            pusher.send_status(b'{"encoder": {}}')
            await pusher.close()
            await origin.wait(lambda: origin.publisher.ended and origin.statuses)
            for name in ("v180", "a"):
                (segment,) = origin.renderer.views[name][-1].segments
                assert (segment.number, len(segment.parts), segment.complete) == (number, 10, True)
            assert not origin.publisher.describe()["tracks"]["a"]["lost"]

    run(test())


def test_manifests_are_accepted_and_ignored() -> None:
    async def test() -> None:
        async with serving() as origin:
            raw = origin.head("/ingest/main/manifest.mpd", "PUT", "Content-Length: 4\r\n") + b"<M/>"
            assert await request(origin, raw) == (200, "")
            assert not origin.publisher.lanes

    run(test())


def test_the_client_that_waits_for_100_continue_gets_it_only_when_it_may_publish() -> None:
    async def test() -> None:
        async with serving() as origin:
            wire = await Wire.to(origin)
            extra = "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n"
            await wire.send(origin.head("/ingest/main/v180", extra=extra))
            assert await wire.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            await wire.chunk(VIDEO_TRACK.init, b"")
            assert await wire.answer() == (200, "")
            denied = origin.head("/ingest/main/v180", extra=extra, auth="")
            assert (await request(origin, denied))[0] == 401

    run(test())


def test_a_wrong_token_is_refused_before_anything_else_is_looked_at() -> None:
    async def test() -> None:
        async with serving() as origin:
            for path in ("/ingest/main/v180", "/ingest/other/v180", "/ingest/main/../x", "/"):
                wrong = origin.head(path, auth="Authorization: Bearer secret-2\r\n")
                assert (await request(origin, wrong))[0] == 401
            assert origin.publisher.targets.announced == set()

    run(test())


def test_a_second_publisher_is_refused_and_the_first_goes_on() -> None:
    async def test() -> None:
        async with serving() as origin:
            first = await publishing(origin)
            status, sentence = await request(origin, origin.head("/ingest/main/v180"))
            assert (status, sentence) == (409, "track v180 is being published by somebody else")
            number = current(origin)
            await first.chunk(media(VIDEO_TRACK, VIDEO, number + 1, 0))
            await origin.wait(lambda: origin.publisher.lanes["v180"].window.number == number + 1)

    run(test())


def test_with_takeover_the_second_publisher_replaces_the_first() -> None:
    async def test() -> None:
        async with serving(takeover=True) as origin:
            first = await publishing(origin)
            number = current(origin)
            second = await Wire.to(origin)
            await second.send(origin.head("/ingest/main/v180"))
            assert (await first.answer())[0] == 409
            assert await first.closed()
            await second.chunk(VIDEO_TRACK.init, media(VIDEO_TRACK, VIDEO, number + 1, 0), b"")
            assert await second.answer() == (200, "")
            assert origin.publisher.lanes["v180"].window.number == number + 1

    run(test())


def test_a_publisher_whose_connection_broke_may_come_back_at_once() -> None:
    async def test() -> None:
        async with serving() as origin:
            first = await publishing(origin)
            first.writer.transport.abort()
            await origin.wait(lambda: not origin.server.connections)
            second = await Wire.to(origin)
            await second.send(origin.head("/ingest/main/v180"))
            await second.chunk(VIDEO_TRACK.init, media(VIDEO_TRACK, VIDEO, current(origin) + 1, 0), b"")
            assert await second.answer() == (200, "")

    run(test())


def test_sessions_are_handed_over_with_what_was_read_of_them() -> None:
    async def test() -> None:
        async with serving() as origin:
            ours, theirs = socket.socketpair()
            number = current(origin)
            head = origin.head("/ingest/main/v180")
            origin.server.adopt(theirs, head[:20])
            wire = Wire(*await asyncio.open_connection(sock=ours))
            await wire.send(head[20:])
            await wire.chunk(VIDEO_TRACK.init, media(VIDEO_TRACK, VIDEO, number, 0), b"")
            assert await wire.answer() == (200, "")
            assert f"/live/main/v180/{number}.0.m4s" in origin.edge.paths
            wire.close()

    run(test())


def test_the_server_listens_on_a_unix_socket_too(tmp_path: Any) -> None:
    async def test() -> None:
        async with serving() as origin:
            path = str(tmp_path / "ingest")
            assert await origin.server.listen(path=path) == 0
            wire = Wire(*await asyncio.open_unix_connection(path))
            await wire.send(origin.head("/ingest/main/v180"))
            await wire.chunk(VIDEO_TRACK.init, b"")
            assert await wire.answer() == (200, "")
            wire.close()

    run(test())


def test_the_studios_status_reaches_the_callback() -> None:
    async def test() -> None:
        async with serving() as origin:
            body = json.dumps({"source": {"state": "live"}}).encode()
            wire = await Wire.to(origin)
            for _ in range(2):
                await wire.send(origin.head("/ingest/main/status", extra=f"Content-Length: {len(body)}\r\n"), body)
                assert await wire.answer() == (200, "")
            assert origin.statuses == [{"source": {"state": "live"}}] * 2
            wire.close()

    run(test())


@pytest.mark.parametrize("body", [b"[1]", b"{", b"[" * 100_000, b"\xff", b""])
def test_a_status_that_is_no_object_is_refused(body: bytes) -> None:
    async def test() -> None:
        async with serving() as origin:
            raw = origin.head("/ingest/main/status", extra=f"Content-Length: {len(body)}\r\n") + body
            assert (await request(origin, raw))[0] == 400
            assert origin.statuses == []

    run(test())


def test_a_status_that_is_too_large_is_refused() -> None:
    async def test() -> None:
        async with serving() as origin:
            wire = await Wire.to(origin)
            await wire.send(origin.head("/ingest/main/status"))
            await wire.chunk(*[b"x" * 65536] * 5)
            assert (await wire.answer())[0] == 413
            wire.close()

    run(test())


def test_the_last_chunk_of_every_track_ends_the_event() -> None:
    async def test() -> None:
        async with serving() as origin:
            number, wires = current(origin), []
            for track, grid in ((VIDEO_TRACK, VIDEO), (AUDIO_TRACK, AUDIO)):
                wires.append(await Wire.to(origin))
                await wires[-1].send(origin.head(f"/ingest/main/{track.name}"))
                await wires[-1].chunk(track.init, media(track, grid, number, 0), media(track, grid, number, 1))
            await origin.wait(lambda: len(origin.publisher.lanes) == 2)
            # the newest chunk comes again, now marked
            await wires[0].chunk(media(VIDEO_TRACK, VIDEO, number, 1, last=True), b"")
            assert await wires[0].answer() == (200, "")
            assert not origin.publisher.ended
            await wires[1].chunk(media(AUDIO_TRACK, AUDIO, number, 1, last=True), b"")
            assert await wires[1].answer() == (200, "")
            assert origin.publisher.ended
            for name in ("v180", "a"):
                assert origin.edge.newest(name).ended
                assert [len(s.parts) for s in origin.renderer.views[name][-1].segments] == [2]

    run(test())


# What is wrong with what is sent: one sentence each, and the event stays on the air.

GARBAGE = [
    (b"this is not media at all, whatever the length of it may be" * 4, 400),
    (VIDEO_TRACK.init + b"\0\0\0\x08moof\0\0\0\x08mdat", 400),
    (b"\xff\xff\xff\xffmoof", 400),
    (b"\0\0\0\1mdat\xff\xff\xff\xff\xff\xff\xff\xff", 400),
    (VIDEO_TRACK.init.replace(b"avc1", b"vp09"), 415),
    (VIDEO_TRACK.init.replace(b"mvex", b"free"), 415),
    (VIDEO_TRACK.init.replace(b"vide", b"text"), 415),
]


@pytest.mark.parametrize(("body", "expected"), GARBAGE)
def test_garbage_is_refused_in_a_sentence_and_the_event_stays_on_the_air(body: bytes, expected: int) -> None:
    async def test() -> None:
        async with serving() as origin:
            first = await publishing(origin)
            wire = await Wire.to(origin)
            await wire.send(origin.head("/ingest/main/other"))
            await wire.chunk(body)
            status, sentence = await wire.answer()
            assert status == expected
            assert sentence.startswith("track other: ")
            assert "\n" not in sentence
            assert await wire.closed()
            assert list(origin.publisher.lanes) == ["v180"]
            await first.chunk(media(VIDEO_TRACK, VIDEO, current(origin), 1))
            await origin.wait(lambda: origin.publisher.lanes["v180"].window.next[1] == 2)

    run(test())


def test_a_body_that_ends_in_the_middle_of_a_box_is_refused() -> None:
    async def test() -> None:
        async with serving() as origin:
            body = VIDEO_TRACK.init[:-1]
            raw = origin.head("/ingest/main/v180", extra=f"Content-Length: {len(body)}\r\n") + body
            assert await request(origin, raw) == (400, "track v180: the request ends in the middle of a box")

    run(test())


def test_media_before_its_header_is_refused() -> None:
    async def test() -> None:
        async with serving() as origin:
            wire = await Wire.to(origin)
            await wire.send(origin.head("/ingest/main/v180"))
            await wire.chunk(media(VIDEO_TRACK, VIDEO, current(origin), 0))
            assert await wire.answer() == (400, "track v180: media came before its CMAF header; send the header first")
            wire.close()

    run(test())


def test_what_came_before_a_fault_is_not_lost() -> None:
    async def test() -> None:
        async with serving() as origin:
            number, wire = current(origin), await Wire.to(origin)
            await wire.send(origin.head("/ingest/main/v180"))
            good = media(VIDEO_TRACK, VIDEO, number, 0) + media(VIDEO_TRACK, VIDEO, number, 1)
            bad = media(VIDEO_TRACK, VIDEO, number, 2).replace(b"tfdt", b"free")
            await wire.chunk(VIDEO_TRACK.init + good + bad)
            assert (await wire.answer())[0] == 400
            assert origin.edge.read(f"/live/main/v180/{number}.m4s") == good
            wire.close()

    run(test())


def test_sound_may_not_take_the_name_of_a_picture() -> None:
    async def test() -> None:
        async with serving() as origin:
            (await publishing(origin)).close()
            await origin.wait(lambda: not origin.server.connections)
            wire = await Wire.to(origin)
            await wire.send(origin.head("/ingest/main/v180"))
            await wire.chunk(AUDIO_TRACK.init, media(AUDIO_TRACK, AUDIO, current(origin), 0))
            assert await wire.answer() == (409, "track v180 carries video; audio needs a track name of its own")
            wire.close()

    run(test())


def test_an_event_has_a_limited_number_of_tracks() -> None:
    async def test() -> None:
        async with serving(max_tracks=2) as origin:
            wires = [await Wire.to(origin) for _ in range(3)]
            for i, wire in enumerate(wires):
                await wire.send(origin.head(f"/ingest/main/t{i}"))
                await wire.chunk(VIDEO_TRACK.init)
            assert await wires[2].answer() == (409, "event main already has 2 tracks; t2 is one too many")
            for wire in wires:
                wire.close()

    run(test())


HEAD = f"POST /ingest/main/v180 HTTP/1.1\r\nHost: x\r\n{AUTH}"
ATTACKS = [
    (HEAD + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (HEAD + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
    (HEAD + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400),
    (HEAD + "Content-Length: -5\r\n\r\n", 400),
    (HEAD + "Content-Length: 5, 5\r\n\r\nhello", 400),
    (HEAD + "Transfer-Encoding: gzip\r\n\r\n", 400),
    (HEAD + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    (HEAD + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    (HEAD + "Transfer-Encoding: chunked\r\n\r\n1;a\nb\r\nx\r\n0\r\n\r\n", 400),
    (HEAD + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", 400),
    (HEAD + "Bad Header: x\r\n\r\n", 400),
    (HEAD + "Upgrade: websocket\r\nConnection: upgrade\r\n\r\n", 400),
    (HEAD + "X: " + "x" * 20_000 + "\r\n\r\n", 431),
    (HEAD + "".join(f"X-{i}: y\r\n" for i in range(80)) + "\r\n", 431),
    (f"POST /ingest/main/{'v' * 20_000} HTTP/1.1\r\n{AUTH}\r\n", 431),
    (f"POST /ingest/main/%2e%2e/v HTTP/1.1\r\nHost: x\r\n{AUTH}Content-Length: 0\r\n\r\n", 400),
    (f"GET /ingest/main/v180 HTTP/1.1\r\nHost: x\r\n{AUTH}\r\n", 405),
    ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
]


@pytest.mark.parametrize(("raw", "expected"), ATTACKS)
def test_malformed_http_is_answered_and_closed(raw: str, expected: int) -> None:
    async def test() -> None:
        async with serving() as origin:
            wire = await Wire.to(origin)
            await wire.send(raw.encode("latin-1"))
            assert (await wire.answer())[0] == expected
            assert await wire.closed()
            assert not origin.publisher.lanes

    run(test())


def test_a_head_that_never_ends_is_closed_with_408() -> None:
    async def test() -> None:
        async with serving() as origin:
            wire = await Wire.to(origin)
            await wire.send(b"POST /ingest/main/v180 HTTP/1.1\r\nHo")
            await origin.wait(lambda: origin.server.connections)
            (connection,) = origin.server.connections
            await asyncio.sleep(0.05)
            now_s = asyncio.get_running_loop().time()
            connection.check_deadline(now_s + 9)
            assert origin.server.connections
            connection.check_deadline(now_s + 11)
            assert (await wire.answer())[0] == 408
            assert await wire.closed()

    run(test())


def test_a_silent_connection_is_closed() -> None:
    async def test() -> None:
        async with serving() as origin:
            wire = await publishing(origin)
            (connection,) = origin.server.connections
            connection.check_deadline(asyncio.get_running_loop().time() + 31)
            assert await wire.closed()
            assert not origin.server.connections

    run(test())


def test_a_declared_length_costs_no_memory() -> None:
    async def test() -> None:
        async with serving() as origin:
            wire = await Wire.to(origin)
            await wire.send(origin.head("/ingest/main/v180"))
            await wire.chunk(VIDEO_TRACK.init, b"\x7f\xff\xff\xffmoof")
            status, sentence = await wire.answer()
            assert status == 400
            assert TOKEN not in sentence
            wire.close()

    run(test())
