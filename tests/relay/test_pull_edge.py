"""Through an edge that pulls: each thing is asked of the origin once, whoever wants it, and answered as it came."""

import asyncio
import gzip

import pytest
from edge_house import run, until
from pull_house import Asked, pull_house

from ringside.flow.relay.answer.decide import ENDLESS

MP4, HLS = "video/mp4", "application/vnd.apple.mpegurl"
BODY = bytes(range(256)) * 400
LIVE = b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n" + b"#EXTINF:4,\nsegment.ts\n" * 40


def test_a_crowd_on_a_cold_object_costs_one_request() -> None:
    async def scene() -> None:
        async with pull_house(workers=2) as home:
            go = asyncio.Event()

            async def later(asked: Asked) -> None:
                await go.wait()
                asked.answer(BODY, Content_Type=MP4)

            home.origin.manners["/cold.m4s"] = later
            crowd = await home.viewers(200) + await home.viewers(200, 1)
            for viewer in crowd:
                viewer.ask("/cold.m4s")
            await home.held(200)
            await home.held(200, 1)
            go.set()
            for viewer in crowd:
                assert (await viewer.answer())[::2] == (200, BODY)
            assert home.origin.counts == {"/cold.m4s": 1}
            described = home.pull.describe()
            assert (described["pulls"], described["kinds"]) == (1, {"segment": 1})

    run(scene)


def test_the_origin_is_asked_as_an_edge_asks() -> None:
    async def scene() -> None:
        async with pull_house() as home:
            await home.get("/a%20b.m4s?CMCD=bl%3D1&v=1&token=secret", Range="bytes=0-1", Cookie="a=b")
            (asked,) = home.origin.asked
            assert asked.target == "/a%20b.m4s?v=1"
            assert asked.fields["accept-encoding"] == "identity"
            assert asked.fields["user-agent"] == "ringside-edge"
            assert asked.fields["via"] == "1.1 ringside-edge"
            assert not {"range", "cookie", "if-none-match"} & asked.fields.keys()

    run(scene)


def test_connections_to_the_origin_are_kept() -> None:
    async def scene() -> None:
        async with pull_house() as home:
            for n in range(5):
                home.origin.has(f"/{n}", BODY)
                await home.get(f"/{n}")
            assert len({id(asked.writer) for asked in home.origin.asked}) == 1

    run(scene)


def test_a_parameter_that_is_not_ignored_makes_another_object() -> None:
    async def scene() -> None:
        async with pull_house() as home:
            home.origin.has("/a?v=1", b"one")
            home.origin.has("/a?v=2", b"two")
            assert (await home.get("/a?v=1"))[2] == b"one"
            assert (await home.get("/a?v=2&CMCD=x"))[2] == b"two"
            assert (await home.get("/a?CMCD=x&v=1"))[2] == b"one"
            assert home.origin.counts == {"/a?v=1": 1, "/a?v=2": 1}

    run(scene)


@pytest.mark.parametrize("path", ["/status", "/metrics", "/healthz", "/clock", "/cmcd", "/ingest/main", "/status.json"])
def test_the_edges_own_paths_never_reach_the_origin(path: str) -> None:
    async def scene() -> None:
        async with pull_house() as home:
            await home.get(path)
            assert home.origin.asked == []

    run(scene)


def test_what_is_made_while_it_is_sent_is_followed_as_it_comes() -> None:
    async def scene() -> None:
        async with pull_house() as home:
            steps = [asyncio.Event() for _ in range(3)]

            async def growing(asked: Asked) -> None:
                asked.head(Content_Type=MP4, Transfer_Encoding="chunked")
                for n, step in enumerate(steps):
                    await step.wait()
                    asked.chunk(b"%d" % n * 1000)
                asked.write("0\r\n\r\n")

            home.origin.manners["/7.m4s"] = growing
            early = await home.viewer()
            early.ask("/7.m4s")
            status, fields = await early.head()
            assert (status, fields["transfer-encoding"]) == (200, "chunked")
            steps[0].set()
            assert await early.chunk() == b"0" * 1000
            late = await home.viewer()
            late.ask("/7.m4s")
            assert (await late.head())[0] == 200
            assert await late.chunk() == b"0" * 1000
            ranged = await home.viewer()
            ranged.ask("/7.m4s", Range=f"bytes=1000-{ENDLESS}")
            assert (await ranged.head())[0] == 206
            for step in steps[1:]:
                step.set()
            rest = b"1" * 1000 + b"2" * 1000
            for viewer in (early, late, ranged):
                body = b""
                while piece := await viewer.chunk():
                    body += piece
                assert body == rest
            status, fields, body = await home.get("/7.m4s")
            assert (status, fields["content-length"], body) == (200, "3000", b"0" * 1000 + rest)
            assert home.origin.counts == {"/7.m4s": 1}

    run(scene)


def test_what_comes_slowly_with_its_length_is_followed_and_ranged() -> None:
    async def scene() -> None:
        async with pull_house(gather_s=0) as home:
            more = asyncio.Event()

            async def slow(asked: Asked) -> None:
                asked.head(Content_Type=MP4, Content_Length=str(len(BODY)))
                asked.write(BODY[:5000])
                await more.wait()
                asked.write(BODY[5000:])

            home.origin.manners["/big.mp4"] = slow
            whole, middle, begun = await home.viewers(3)
            whole.ask("/big.mp4")
            status, fields = await whole.head()
            assert (status, fields["content-length"]) == (200, str(len(BODY)))
            assert await whole.reader.readexactly(5000) == BODY[:5000]
            begun.ask("/big.mp4", Range="bytes=100-199")
            assert (await begun.answer())[2] == BODY[100:200]
            middle.ask("/big.mp4", Range="bytes=4000-60000")
            status, fields = await middle.head()
            assert (status, fields["content-range"]) == (206, f"bytes 4000-60000/{len(BODY)}")
            assert await middle.reader.readexactly(1000) == BODY[4000:5000]
            more.set()
            assert await middle.reader.readexactly(55001) == BODY[5000:60001]
            assert await whole.reader.readexactly(len(BODY) - 5000) == BODY[5000:]
            assert (await whole.get("/big.mp4", Range="bytes=-10"))[2] == BODY[-10:]
            assert home.origin.counts == {"/big.mp4": 1}

    run(scene)


def test_a_head_request_is_answered_from_the_same_pull() -> None:
    async def scene() -> None:
        async with pull_house() as home:
            home.origin.has("/a.m4s", BODY, Content_Type=MP4)
            status, fields, _ = await home.get("/a.m4s", "HEAD")
            assert (status, fields["content-length"]) == (200, str(len(BODY)))
            assert (await home.get("/a.m4s"))[2] == BODY
            assert home.origin.counts == {"/a.m4s": 1}

    run(scene)


def test_a_large_object_comes_through_whole() -> None:
    async def scene() -> None:
        async with pull_house() as home:
            large = BODY * 200  # 20 MB
            home.origin.has("/large.mp4", large, Content_Type=MP4)
            status, fields, body = await home.get("/large.mp4")
            assert (status, int(fields["content-length"]), body == large) == (200, len(large), True)

    run(scene)


def test_an_origin_that_only_speaks_gzip_is_understood() -> None:
    async def scene() -> None:
        async with pull_house() as home:
            packed = gzip.compress(LIVE)
            home.origin.has("/a.m3u8", packed, Content_Type=HLS, Content_Encoding="gzip")
            home.origin.has("/a.bin", packed, Content_Encoding="gzip")
            status, fields, body = await home.get("/a.m3u8")
            assert (status, body) == (200, LIVE)
            assert "content-encoding" not in fields
            assert (await home.get("/a.bin"))[2] == LIVE
            status, fields, body = await home.get("/a.m3u8", Accept_Encoding="gzip")
            assert (fields["content-encoding"], gzip.decompress(body)) == ("gzip", LIVE)

    run(scene)


def test_a_redirect_is_passed_on_not_followed_and_stays_on_the_edge() -> None:
    async def scene() -> None:
        async with pull_house() as home:
            here = f"http://127.0.0.1:{home.origin.port}/new?x=1"
            home.origin.manners["/old"] = lambda asked: asked.answer(b"moved", 302, Location=here)
            home.origin.manners["/away"] = lambda asked: asked.answer(b"", 301, Location="https://elsewhere.example/")
            status, fields, body = await home.get("/old")
            assert (status, fields["location"], body) == (302, "/new?x=1", b"moved")
            assert (await home.get("/away"))[1]["location"] == "https://elsewhere.example/"
            assert home.origin.counts == {"/old": 1, "/away": 1}

    run(scene)


def test_the_age_an_answer_came_with_goes_on() -> None:
    async def scene() -> None:
        async with pull_house() as home:
            home.origin.has("/a.m4s", BODY, Age="7", Cache_Control="max-age=60")
            home.origin.has("/b.m4s", BODY)
            assert (await home.get("/a.m4s"))[1]["age"] == "7"
            assert (await home.get("/b.m4s"))[1]["age"] == "0"
            home.pass_s(5)
            status, fields, _ = await home.get("/a.m4s")
            assert (status, fields["age"], fields["cache-control"]) == (200, "12", "max-age=60")
            assert home.origin.counts == {"/a.m4s": 1, "/b.m4s": 1}

    run(scene)


def test_what_must_not_be_stored_is_shared_by_those_who_ask_in_the_same_instant() -> None:
    async def scene() -> None:
        async with pull_house() as home:
            home.origin.has("/now", b"1", Cache_Control="no-store")
            crowd = await home.viewers(50)
            for viewer in crowd:
                viewer.ask("/now")
            for viewer in crowd:
                assert (await viewer.answer())[1]["cache-control"] == "no-store"
            assert home.origin.counts["/now"] == 1
            home.origin.has("/now", b"2", Cache_Control="no-store")
            home.pass_s(0.2)
            assert (await home.get("/now"))[2] == b"2"

    run(scene)


def test_a_stale_playlist_is_served_at_once_and_replaced_behind_it() -> None:
    async def scene() -> None:
        async with pull_house() as home:
            home.origin.has("/a.m3u8", LIVE, Content_Type=HLS)
            assert (await home.get("/a.m3u8"))[2] == LIVE
            home.origin.has("/a.m3u8", LIVE + b"#", Content_Type=HLS)
            home.pass_s(1.9)
            assert (await home.get("/a.m3u8"))[2] == LIVE
            assert home.origin.counts["/a.m3u8"] == 1
            home.pass_s(0.2)
            assert (await home.get("/a.m3u8"))[2] == LIVE
            await until(lambda: home.origin.counts["/a.m3u8"] == 2 and not home.pull.describe()["under_way"])
            await until(lambda: len(home.edges[0].asking) == 0)
            assert (await home.get("/a.m3u8"))[2] == LIVE + b"#"
            assert home.origin.counts["/a.m3u8"] == 2

    run(scene)


def test_an_expired_playlist_is_held_for_and_asked_for_once() -> None:
    async def scene() -> None:
        async with pull_house() as home:
            home.origin.has("/a.m3u8", LIVE, Content_Type=HLS)
            await home.get("/a.m3u8")
            home.origin.has("/a.m3u8", LIVE + b"#", Content_Type=HLS)
            home.pass_s(10)
            crowd = await home.viewers(100)
            for viewer in crowd:
                viewer.ask("/a.m3u8")
            for viewer in crowd:
                assert (await viewer.answer())[2] == LIVE + b"#"
            assert home.origin.counts["/a.m3u8"] == 2

    run(scene)


def test_what_the_origin_confirms_is_not_sent_again() -> None:
    async def scene() -> None:
        async with pull_house() as home:

            def confirms(asked: Asked) -> None:
                if asked.fields.get("if-none-match") == '"v1"':
                    asked.write('HTTP/1.1 304 Not Modified\r\nETag: "v1"\r\nCache-Control: max-age=30\r\n\r\n')
                else:
                    asked.answer(BODY, ETag='"v1"', Last_Modified="Thu, 01 Jan 2026 00:00:00 GMT", Content_Type=MP4)

            home.origin.manners["/a.m4s"] = confirms
            await home.get("/a.m4s")
            home.pass_s(500)
            assert (await home.get("/a.m4s"))[2] == BODY
            assert home.origin.asked[1].fields["if-modified-since"] == "Thu, 01 Jan 2026 00:00:00 GMT"
            home.pass_s(29)
            status, fields, body = await home.get("/a.m4s")
            assert (status, fields["age"], body) == (200, "29", BODY)
            assert home.origin.counts["/a.m4s"] == 2
            assert home.pull.describe()["pulled_bytes"] == len(BODY)

    run(scene)


def test_a_playlist_that_came_again_unchanged_keeps_its_gzip() -> None:
    async def scene() -> None:
        async with pull_house() as home:
            home.origin.has("/a.m3u8", LIVE, Content_Type=HLS)
            await home.get("/a.m3u8")
            before = home.edges[0].store.find("/a.m3u8")
            home.pass_s(10)
            assert (await home.get("/a.m3u8"))[1]["age"] == "0"
            assert home.origin.counts["/a.m3u8"] == 2
            assert home.edges[0].store.find("/a.m3u8") is before

    run(scene)


def test_a_worker_that_comes_late_has_what_was_pulled_before() -> None:
    async def scene() -> None:
        async with pull_house(workers=2) as home:
            home.origin.has("/a.m4s", BODY, Content_Type=MP4)
            await home.get("/a.m4s")
            viewer = await home.viewer(1)
            assert (await viewer.get("/a.m4s"))[2] == BODY
            assert home.origin.counts == {"/a.m4s": 1}

    run(scene)


def test_a_blocking_playlist_and_a_part_are_held_upstream_once_for_a_crowd() -> None:
    async def scene() -> None:
        async with pull_house() as home:
            go = asyncio.Event()

            async def blocking(asked: Asked) -> None:
                await go.wait()
                asked.answer(LIVE, Content_Type=HLS)

            playlist = "/a.m3u8?_HLS_msn=7&_HLS_part=2"
            home.origin.manners = {playlist: blocking, "/7.2.m4s": blocking}
            crowd = await home.viewers(300)
            for n, viewer in enumerate(crowd):
                viewer.ask(f"{playlist}&CMCD=sid%3D{n}" if n % 2 else f"/7.2.m4s?CMCD=sid%3D{n}")
            await home.held(300)
            await until(lambda: len(home.origin.asked) == 2)
            go.set()
            for viewer in crowd:
                assert (await viewer.answer())[::2] == (200, LIVE)
            assert home.origin.counts == {playlist: 1, "/7.2.m4s": 1}

    run(scene)
