"""What an edge that pulls does when there is too much: of one object, of all, of those who ask."""

import asyncio

from edge_house import run, until
from pull_house import Asked, pull_house

MP4, HLS = "video/mp4", "application/vnd.apple.mpegurl"
BODY = bytes(range(256)) * 100


def test_an_object_that_is_announced_too_large_is_refused_naming_the_limit() -> None:
    async def scene() -> None:
        async with pull_house(max_object_bytes=5000) as home:
            home.origin.has("/a.mp4", BODY)
            status, _, body = await home.get("/a.mp4")
            assert (status, b"5000 bytes" in body) == (502, True)

    run(scene)


def test_an_object_that_grows_too_large_is_cut_off() -> None:
    async def scene() -> None:
        async with pull_house(max_object_bytes=5000) as home:
            go = asyncio.Event()

            async def grows(asked: Asked) -> None:
                asked.head(Transfer_Encoding="chunked")
                asked.chunk(b"a" * 4000)
                await go.wait()
                asked.chunk(b"a" * 4000)

            home.origin.manners["/a.mp4"] = grows
            viewer = await home.viewer()
            viewer.ask("/a.mp4")
            assert (await viewer.head())[0] == 200
            assert await viewer.chunk() == b"a" * 4000
            go.set()
            assert await viewer.closed() == b""

    run(scene)


def test_a_manifest_beyond_its_bound_is_told_as_it_comes() -> None:
    async def scene() -> None:
        async with pull_house(max_manifest_bytes=1000) as home:
            home.origin.has("/a.m3u8", BODY, Content_Type=HLS)
            assert (await home.get("/a.m3u8"))[2] == BODY

    run(scene)


def test_memory_is_bounded_and_what_is_least_wanted_goes() -> None:
    async def scene() -> None:
        async with pull_house(memory_bytes=2**24) as home:
            megabyte = b"m" * 2**20
            for n in range(20):
                home.origin.has(f"/{n}.m4s", megabyte, Content_Type=MP4)
                assert (await home.get(f"/{n}.m4s"))[2] == megabyte
            described = home.pull.describe()
            assert described["bytes"] <= 2**24
            assert described["evicted"] == 20 - described["objects"]
            await until(lambda: home.edges[0].store.sizes["blobs"] == described["objects"])
            assert home.edges[0].store.find("/0.m4s") is None
            assert (await home.get("/19.m4s"))[2] == megabyte
            assert (await home.get("/0.m4s"))[2] == megabyte
            assert home.origin.counts["/19.m4s"] == 1
            assert home.origin.counts["/0.m4s"] == 2

    run(scene)


def test_what_finds_no_room_is_cut_off() -> None:
    async def scene() -> None:
        async with pull_house(memory_bytes=2**24) as home:
            home.origin.manners["/b.mp4"] = lambda asked: asked.answer(b"b" * 2**25)
            viewer = await home.viewer()
            viewer.ask("/b.mp4")
            assert (await viewer.head())[0] == 200
            assert len(await viewer.closed()) <= 2**24
            await until(lambda: not home.pull.describe()["under_way"])
            assert home.pull.describe()["bytes"] == 0
            home.origin.has("/c.mp4", b"c")
            assert (await home.get("/c.mp4"))[2] == b"c"

    run(scene)


def test_pulls_are_bounded_and_so_is_their_queue() -> None:
    async def scene() -> None:
        async with pull_house(max_pulls=2, max_queued=3) as home:
            home.origin.frozen = asyncio.Event()
            crowd = await home.viewers(6)
            for n, viewer in enumerate(crowd):
                home.origin.has(f"/{n}", b"%d" % n)
                viewer.ask(f"/{n}")
                await until(lambda n=n: home.pull.refused + len(home.edges[0].asking) == n + 1)
            status, _, body = await crowd[5].answer()
            assert (status, body) == (503, b"the origin is being asked for too much at once\n")
            described = home.pull.describe()
            assert [described[name] for name in ("under_way", "queued", "refused")] == [2, 3, 1]
            assert len(home.origin.asked) == 2
            home.origin.frozen.set()
            for n, viewer in enumerate(crowd[:5]):
                assert (await viewer.answer())[::2] == (200, b"%d" % n)

    run(scene)
