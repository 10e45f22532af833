"""Brought back for whoever wants it: worker, hub and a recording, real sockets between them."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from edge_house import House, Viewer, house, run, until
from feed_house import filling
from shelf_of_segments import START, VIDEO, Shelf, bytes_of

from ringside.cli.children.keeping import Keeping
from ringside.flow.mux.hls import MediaPlaylist
from ringside.flow.relay.edge import Config as EdgeConfig
from ringside.flow.relay.edge.aio import Edge
from ringside.flow.relay.edge.feed import Feed

PATH = f"/live/main/v720/{START}.m4s"


@asynccontextmanager
async def offered(shelf: Shelf, dvr_s: float = 3600, memory: int = 1 << 30) -> AsyncIterator[tuple[House, Keeping]]:
    """An origin's hub and a worker, to which `shelf` is offered."""
    async with house() as h:
        keeping = Keeping(shelf, h.hub, h.clock, dvr_s, memory)
        h.hub._on_wanted = keeping.wanted
        task = asyncio.ensure_future(keeping.run())
        keeping.renew()
        await h.publish()
        try:
            yield h, keeping
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def test_a_crowd_that_scrubs_to_the_same_place_costs_one_read() -> None:
    async def scene() -> None:
        shelf = Shelf(100)
        shelf.gate.clear()
        async with offered(shelf) as (h, _):
            viewers = [await h.viewer() for _ in range(20)]
            for viewer in viewers:
                viewer.ask(PATH)
            await until(lambda: h.edge.waiting.count == 20)
            shelf.gate.set()
            for viewer in viewers:
                status, fields, body = await viewer.answer()
                assert (status, body) == (200, bytes_of(VIDEO, START))
                assert fields["content-type"] == "video/mp4"
                assert "immutable" in fields["cache-control"]
            assert shelf.reads == [("v720", START)]

    run(scene)


def test_memory_is_bounded_and_what_had_to_go_is_read_again() -> None:
    async def scene() -> None:
        shelf = Shelf(100, size=50_000)
        async with offered(shelf, memory=400_000) as (h, keeping):
            viewer = await h.viewer()
            for i in range(40):
                assert (await viewer.get(f"/live/main/v720/{START + i}.m4s"))[2] == bytes_of(VIDEO, START + i, 50_000)
                assert keeping.pull.cellar.bytes <= 400_000
            assert keeping.describe()["evicted"] >= 30
            gc.collect()
            assert h.hub.shelf.blobs <= 8
            reads = len(shelf.reads)
            await viewer.get(PATH)
            assert len(shelf.reads) == reads + 1

    run(scene)


def test_the_dvr_is_renewed_once_a_segment_and_only_made_when_it_is_wanted() -> None:
    async def scene() -> None:
        shelf = Shelf(100)
        async with offered(shelf) as (h, keeping):
            assert keeping.pull.pulls == 0
            viewer, path = await h.viewer(), "/live/main/v720/dvr.m3u8"

            async def listed() -> int:
                status, fields, body = await viewer.get(path)
                assert (status, fields["content-type"]) == (200, "application/vnd.apple.mpegurl")
                return len(MediaPlaylist.parse(body.decode()).segments)

            assert await listed() == 100
            shelf.grow(1)
            keeping.renew()
            h.clock.advance_ns(3 * 10**9)
            await until(lambda: h.edge.now_ns == h.clock.now_ns())
            assert await listed() == 101
            pulls = keeping.pull.pulls
            for _ in range(5):
                await listed()
            assert keeping.pull.pulls == pulls

    run(scene)


def test_an_archive_that_cannot_be_read_is_a_sentence_and_asked_again_a_little_later() -> None:
    async def scene() -> None:
        shelf = Shelf(100)
        shelf.broken = "the archive does not answer"
        async with offered(shelf) as (h, _):
            viewer = await h.viewer()
            status, _, body = await viewer.get(PATH)
            assert (status, body) == (503, b"the archive does not answer\n")
            shelf.broken = ""
            h.clock.advance_ns(3 * 10**9)
            await until(lambda: h.edge.now_ns == h.clock.now_ns())
            assert (await viewer.get(PATH))[2] == bytes_of(VIDEO, START)

    run(scene)


def test_what_was_never_recorded_is_not_found_and_nobody_is_held_for_it() -> None:
    async def scene() -> None:
        shelf = Shelf()
        shelf.grow(10, 4)
        async with offered(shelf) as (h, _):
            viewer = await h.viewer()
            assert (await viewer.get(f"/live/main/v720/{START + 4}.m4s"))[0] == 404
            assert (await viewer.get(f"/live/main/v720/{START + 10}.m4s"))[0] == 404
            assert (await viewer.get("/replay/main/index.m3u8"))[0] == 404
            assert shelf.reads == []

    run(scene)


def test_when_the_event_ends_it_is_on_demand_at_once() -> None:
    async def scene() -> None:
        shelf = Shelf(20)
        async with offered(shelf) as (h, keeping):
            shelf.end()
            keeping.renew()
            await h.publish()
            viewer = await h.viewer()
            for path, kind in [
                ("index.m3u8", "application/vnd.apple.mpegurl"),
                ("index.mpd", "application/dash+xml"),
                ("v720/index.m3u8", "application/vnd.apple.mpegurl"),
                (f"v720/{VIDEO.init_name}", "video/mp4"),
                (f"v720/{START}.m4s", "video/mp4"),
            ]:
                status, fields, body = await viewer.get(f"/replay/main/{path}", Accept_Encoding="identity")
                assert (status, fields["content-type"]) == (200, kind), path
                assert body
            assert h.edge.store.ended

    run(scene)


@asynccontextmanager
async def elsewhere(h: House) -> AsyncIterator[Edge]:
    """A worker on another machine, whose filler takes the feed of `h`, and by HTTP what is kept there."""
    h.hub._on_handover = lambda connection, data: h.hub.adopt(connection, data)
    async with filling(f"http://127.0.0.1:{h.edge.port}") as far:
        edge = Edge(EdgeConfig(host="127.0.0.1", port=0, cache=True), [], far.clock, "edge-1")
        await edge.start()
        feed = Feed(edge, far.path)
        feed.start()
        await until(lambda: edge.store.synced)
        try:
            yield edge
        finally:
            await edge.stop(0.1)
            feed.stop()


def test_an_edge_elsewhere_asks_once_for_what_is_kept_and_serves_its_viewers_from_there() -> None:
    async def scene() -> None:
        shelf = Shelf(100)
        async with offered(shelf) as (h, keeping), elsewhere(h) as edge:
            viewers = [await Viewer.connect(edge.port) for _ in range(5)]
            for viewer in viewers:
                viewer.ask(PATH)
            for viewer in viewers:
                status, _, body = await viewer.answer()
                assert (status, body) == (200, bytes_of(VIDEO, START))
            assert shelf.reads == [("v720", START)]
            playlist = (await viewers[0].get("/live/main/v720/dvr.m3u8"))[2].decode()
            assert len(MediaPlaylist.parse(playlist).segments) == 100
            assert (await viewers[0].get(f"/live/main/v720/{START + 100}.m4s"))[0] == 404
            shelf.end()
            keeping.renew()
            await until(lambda: edge.store.asks("/replay/main/index.mpd"))
            assert b"static" in (await viewers[0].get("/replay/main/index.mpd", Accept_Encoding="identity"))[2]
            assert keeping.pull.pulls == 3  # what was asked here; the 404 never came so far

    run(scene)
