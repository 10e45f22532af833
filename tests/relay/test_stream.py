"""The endless response on real sockets: HTTP/1.1, TLS and HTTP/2; drained, fed anew, read too slowly."""

import asyncio
import os
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.relay.edge_house import MP4, House, Viewer, house, run, segment, until
from tests.relay.secure_kit import Visitor2, over_tls, pem, visitor

from ringside.core.feed import Appended, Cache, Closed, Document, Expected, Message, Removed, Streamed
from ringside.flow.relay.feed import Hub

__all__ = ["pem"]

STREAM = "/live/main/v720/stream"
HEADER = b"ftyp moov"
INIT = Document("/live/main/v720/init-1.mp4", HEADER, MP4, Cache.IMMUTABLE)


def streamed(blob: int, offset: int = 0, header: str = INIT.path) -> Streamed:
    return Streamed(STREAM, header, blob, offset, MP4)


def begun(number: int, *chunks: bytes) -> list[Message]:
    return [INIT, *segment(number, *chunks, closed=False), streamed(number)]


def grown(number: int, size: int, data: bytes) -> Appended:
    return Appended(number, size + len(data), data)


def test_a_viewer_has_the_header_then_every_chunk_as_it_is_made_across_segments() -> None:
    async def scene() -> None:
        async with house() as home:
            await home.publish(*begun(7, b"first"))
            viewer = await home.viewer()
            viewer.ask(STREAM)
            status, fields = await viewer.head()
            assert (status, fields["content-type"], fields["cache-control"]) == (200, MP4, "no-store")
            assert fields["transfer-encoding"] == "chunked"
            assert [await viewer.chunk(), await viewer.chunk()] == [HEADER, b"first"]
            await home.publish(grown(7, 5, b"second"))
            assert await viewer.chunk() == b"second"
            await home.publish(Closed(7), *segment(8, b"third", closed=False), streamed(8))
            assert await viewer.chunk() == b"third"
            home.edge.stats.report(home.edge.now_ns)
            assert home.edge.store.streams == {"stream_viewers": 1, "stream_skips": 0}
            await home.publish(Closed(8), Removed(STREAM))
            assert await viewer.chunk() == b""
            assert (await viewer.get("/clock"))[0] == 200, "the connection goes on"

    run(scene)


def test_who_comes_later_begins_at_the_newest_independent_chunk() -> None:
    async def scene() -> None:
        async with house() as home:
            await home.publish(*begun(7, b"first"), grown(7, 5, b"later"), streamed(7, 5))
            viewer = await home.viewer()
            viewer.ask(STREAM)
            await viewer.head()
            assert [await viewer.chunk(), await viewer.chunk()] == [HEADER, b"later"]

    run(scene)


def test_a_stream_that_is_expected_is_held_for_and_an_unknown_one_is_not_there() -> None:
    async def scene() -> None:
        async with house() as home:
            await home.publish(Expected(STREAM))
            viewer, stranger = await home.viewer(), await home.viewer()
            viewer.ask(STREAM)
            assert (await stranger.get("/live/main/none/stream"))[0] == 404
            await until(lambda: home.edge.waiting.count == 1)
            await home.publish(*begun(7, b"first"))
            assert (await viewer.head())[0] == 200
            assert await viewer.chunk() == HEADER

    run(scene)


def test_head_and_http_1_0_have_what_they_can_have() -> None:
    async def scene() -> None:
        async with house() as home:
            await home.publish(*begun(7, b"first"))
            asking = await home.viewer()
            assert (await asking.get(STREAM, "HEAD"))[0] == 200
            assert (await asking.get("/clock"))[0] == 200
            old = await home.viewer()
            old.send(f"GET {STREAM} HTTP/1.0\r\n\r\n".encode())
            _, fields = await old.head()
            assert "transfer-encoding" not in fields
            await home.publish(Closed(7), Removed(STREAM))
            assert await old.closed() == HEADER + b"first"

    run(scene)


def test_over_tls_and_http_2_the_same_bytes_come(pem: Path) -> None:
    async def scene() -> None:
        chunks = [os.urandom(size) for size in (90_000, 10, 40_000)]
        async with house(over_tls(pem)) as home:
            await home.publish(*begun(7, chunks[0]))
            one, two = await visitor(home.edge.port), await Visitor2.connect(home.edge.port)
            one.ask(STREAM)
            await one.head()
            stream = two.ask(STREAM)
            await two.read_until(lambda: len(two.answers[stream].body) >= len(HEADER) + len(chunks[0]))
            await home.publish(Appended(7, 90_010, chunks[1]), Closed(7))
            await home.publish(*segment(8, chunks[2], closed=False), streamed(8))
            await home.publish(Closed(8), Removed(STREAM))
            body = b""
            while piece := await one.chunk():
                body += piece
            await two.read_until(lambda: two.answers[stream].complete)
            assert body == two.answers[stream].body == HEADER + b"".join(chunks)
            assert (await two.get("/clock")).status == 200

    run(scene)


def test_a_worker_that_is_to_go_ends_streams_between_chunks(pem: Path) -> None:
    async def scene(home: House, viewer: Viewer) -> bytes:
        await home.publish(*begun(7, b"first"))
        viewer.ask(STREAM)
        await viewer.head()
        going = asyncio.create_task(home.edge.stop(5))
        rest = await viewer.closed()
        await asyncio.wait_for(going, 5)
        return rest

    async def scenes() -> None:
        async with house() as home:
            assert (await scene(home, await home.viewer())).endswith(b"first\r\n0\r\n\r\n")
        async with house(over_tls(pem)) as home:
            assert (await scene(home, await visitor(home.edge.port))).endswith(b"first\r\n0\r\n\r\n")
        async with house(over_tls(pem)) as home:
            await home.publish(*begun(7, b"first"))
            two = await Visitor2.connect(home.edge.port)
            stream = two.ask(STREAM)
            await two.read_until(lambda: bool(two.answers[stream].body))
            going = asyncio.create_task(home.edge.stop(5))
            await two.read_until(lambda: two.answers[stream].complete)
            await asyncio.wait_for(going, 5)

    run(scenes)


def test_a_worker_that_is_to_go_ends_the_streams_of_all_its_viewers_within_two_seconds() -> None:
    async def scene() -> None:
        async with house() as home:
            await home.publish(*begun(7, b"first"))
            viewers = [await home.viewer() for _ in range(60)]
            for viewer in viewers:
                viewer.ask(STREAM)
                await viewer.head()
            await home.edge.stop(2.5)
            cut_off = [viewer for viewer in viewers if not (await viewer.closed()).endswith(b"0\r\n\r\n")]
            assert not cut_off, f"{len(cut_off)} of them were"

    run(scene)


def test_when_the_hub_is_another_the_viewer_stays_and_goes_on() -> None:
    async def scene() -> None:
        async with house() as home:
            await home.publish(*begun(7, b"first"))
            viewer = await home.viewer()
            viewer.ask(STREAM)
            await viewer.head()
            assert [await viewer.chunk(), await viewer.chunk()] == [HEADER, b"first"]
            home.hub.close()
            home.hub = Hub(home.path, home.clock, lambda *_: None, lambda _: None)
            home.hub.publish([*begun(8, b"other"), grown(8, 5, b"hub's"), streamed(8, 5)])
            await home.hub.start()
            assert await viewer.chunk() == b"hub's"
            await home.publish(grown(8, 10, b"more"))
            assert await viewer.chunk() == b"more"

    run(scene)


def test_a_new_worker_is_told_where_streams_begin() -> None:
    async def scene() -> None:
        with TemporaryDirectory():
            async with house() as home:
                await home.publish(*begun(7, b"first"), grown(7, 5, b"later"), streamed(7, 5))
                told = [told.message for told in home.hub.shelf.told()]
                at = told.index(streamed(7, 5))
                assert told.index(INIT) < at
                assert any(isinstance(message, Appended) for message in told[:at])

    run(scene)


def test_a_reader_that_is_far_behind_is_put_at_the_newest_beginning_and_costs_no_memory() -> None:
    async def scene() -> None:
        async with house() as home:
            await home.publish(*begun(1, bytes(1_000_000)))
            slow = await home.viewer()
            slow.ask(STREAM)
            await until(lambda: bool(home.edge.blocked) or home.edge.bytes > 900_000)
            for number in range(2, 12):
                await home.publish(Closed(number - 1), *segment(number, bytes(1_000_000), closed=False))
                await home.publish(streamed(number), Removed(f"/live/main/v720/{number - 1}.m4s"))
            await home.publish(*(Removed(f"/live/main/v720/{number}.0.m4s") for number in range(1, 11)))
            assert home.edge.store.sizes["blobs"] <= 3
            await home.publish(Closed(11), Removed(STREAM))
            await slow.head()
            size = 0
            while piece := await slow.chunk():
                size += len(piece)
            assert size < 5_000_000
            assert home.edge.store.streams["stream_skips"] >= 1

    run(scene)
