"""The ingest server over real sockets: what stock publishers do."""

import asyncio
import json
import socket
from typing import Any

import pytest
from origin_kit import AUDIO, VIDEO
from origin_wire import AUDIO_TRACK, TOKEN, VIDEO_TRACK, Wire, current, media, publishing, request, run, serving

from ringside.core.media import Chunk
from ringside.flow.mux.aio import Pusher


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
