"""What viewers and the origin get when the origin is slow, silent, gone, wrong or lying."""

import asyncio
import socket

import pytest
from edge_house import run, until
from pull_house import Asked, PullHouse, pull_house

MP4, HLS = "video/mp4", "application/vnd.apple.mpegurl"
BODY = bytes(range(256)) * 100
LIVE = b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n" + b"#EXTINF:4,\nsegment.ts\n" * 40


async def idle(home: PullHouse) -> None:
    """Until nothing is being pulled."""
    await until(lambda: not home.pull.describe()["under_way"])


def test_a_storm_on_a_missing_object_costs_one_request_in_five_seconds() -> None:
    async def scene() -> None:
        async with pull_house(workers=2) as home:
            for expected in (1, 1, 2, 2, 3):
                crowd = await home.viewers(30) + await home.viewers(30, 1)
                for viewer in crowd:
                    viewer.ask("/missing.m4s")
                for viewer in crowd:
                    status, fields, body = await viewer.answer()
                    assert (status, body, fields["cache-control"]) == (404, b"no such thing", "public, max-age=5")
                    viewer.close()
                assert home.origin.counts == {"/missing.m4s": expected}
                home.pass_s(2.5)

    run(scene)


def test_what_was_missing_is_there_when_it_is_asked_for_again() -> None:
    async def scene() -> None:
        async with pull_house() as home:
            assert (await home.get("/a.m4s"))[0] == 404
            home.origin.has("/a.m4s", BODY)
            assert (await home.get("/a.m4s"))[0] == 404
            home.pass_s(5)
            assert (await home.get("/a.m4s"))[2] == BODY

    run(scene)


@pytest.mark.parametrize(("given", "told"), [(500, 502), (502, 502), (503, 503), (504, 504), (429, 502)])
def test_an_origin_that_fails_is_told_of_and_left_alone_for_longer_each_time(given: int, told: int) -> None:
    async def scene() -> None:
        async with pull_house() as home:
            home.origin.manners["/a"] = lambda asked: asked.answer(b"a stack trace", given)
            for wait_s in (1, 2, 4, 5, 5):
                before = home.origin.counts["/a"]
                status, _, body = await home.get("/a")
                assert status == told
                assert body == b"the origin answered %d\n" % given
                home.pass_s(wait_s - 0.1)
                await home.get("/a")
                assert home.origin.counts["/a"] == before + 1
                home.pass_s(0.1)
            assert home.pull.describe()["failures"] == 5

    run(scene)


def test_a_failing_origin_leaves_viewers_with_the_last_good_playlist_for_its_grace() -> None:
    async def scene() -> None:
        async with pull_house() as home:
            home.origin.has("/a.m3u8", LIVE, Content_Type=HLS)
            await home.get("/a.m3u8")
            home.origin.manners["/a.m3u8"] = lambda asked: asked.answer(b"", 500)
            home.pass_s(10)
            for _ in range(3):
                assert (await home.get("/a.m3u8"))[::2] == (200, LIVE)
            assert home.origin.counts["/a.m3u8"] == 2
            home.pass_s(8)
            assert (await home.get("/a.m3u8"))[::2] == (200, LIVE)
            await idle(home)
            assert home.origin.counts["/a.m3u8"] == 3
            home.pass_s(20)
            assert (await home.get("/a.m3u8"))[0] == 502

    run(scene)


def test_an_origin_that_recovers_is_believed_at_once() -> None:
    async def scene() -> None:
        async with pull_house() as home:
            home.origin.has("/a.m3u8", LIVE, Content_Type=HLS)
            await home.get("/a.m3u8")
            home.origin.manners["/a.m3u8"] = lambda asked: asked.answer(b"", 500)
            home.pass_s(10)
            await home.get("/a.m3u8")
            home.origin.has("/a.m3u8", LIVE + b"#", Content_Type=HLS)
            home.pass_s(7)
            assert (await home.get("/a.m3u8"))[2] == LIVE + b"#"
            kept = home.pull.cellar.find("/a.m3u8")
            assert kept is not None
            assert kept.failures == 0

    run(scene)


def test_what_must_not_be_stored_is_not_served_on() -> None:
    async def scene() -> None:
        async with pull_house() as home:
            home.origin.has("/me", b"you", Cache_Control="private")
            assert (await home.get("/me"))[0] == 200
            home.origin.manners["/me"] = lambda asked: asked.answer(b"", 500)
            home.pass_s(1)
            assert (await home.get("/me"))[0] == 502

    run(scene)


def test_while_the_origin_is_frozen_a_crowd_goes_on_with_what_there_is_and_asks_once() -> None:
    async def scene() -> None:
        async with pull_house(patience_s=0.05) as home:
            home.origin.has("/a.m3u8", LIVE, Content_Type=HLS)
            await home.get("/a.m3u8")
            home.origin.frozen = asyncio.Event()
            home.pass_s(5)
            for _ in range(10):
                crowd = await home.viewers(20)
                for viewer in crowd:
                    viewer.ask("/a.m3u8")
                for viewer in crowd:
                    assert (await viewer.answer())[::2] == (200, LIVE)
                    viewer.close()
                home.pass_s(0.9)
            assert home.origin.counts["/a.m3u8"] == 2
            home.origin.has("/a.m3u8", LIVE + b"#", Content_Type=HLS)
            home.origin.frozen.set()
            await idle(home)
            home.pass_s(2)
            assert (await home.get("/a.m3u8"))[2] == LIVE + b"#"

    run(scene)


def test_a_flood_on_cold_objects_of_a_frozen_origin_is_one_request_each_and_all_are_answered_when_it_thaws() -> None:
    async def scene() -> None:
        async with pull_house() as home:
            names = [f"/{n}.m4s" for n in range(20)]
            for name in names:
                home.origin.has(name, name.encode(), Content_Type=MP4)
            home.origin.frozen = asyncio.Event()
            crowd = await home.viewers(12 * len(names))
            for n, viewer in enumerate(crowd):
                viewer.ask(names[n % len(names)])
            await home.held(len(crowd))
            await until(lambda: len(home.origin.asked) == len(names))
            home.pass_s(9.9)
            home.origin.frozen.set()
            for n, viewer in enumerate(crowd):
                assert (await viewer.answer())[::2] == (200, names[n % len(names)].encode())
            assert set(home.origin.counts.values()) == {1}

    run(scene)


def test_an_origin_that_says_nothing_is_given_up() -> None:
    async def scene() -> None:
        async with pull_house(silence_s=0.2) as home:
            home.origin.frozen = asyncio.Event()
            status, _, body = await home.get("/a")
            assert (status, body) == (504, b"the origin did not answer in time\n")
            assert home.pull.describe()["state"] == "silent"

    run(scene)


def test_an_origin_that_is_not_there_is_told_of() -> None:
    async def scene() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # and does not listen
            async with pull_house(url=f"http://127.0.0.1:{taken.getsockname()[1]}") as home:
                status, _, body = await home.get("/a")
                assert status == 502
                assert body.startswith(b"the origin cannot be reached")
                assert home.pull.describe()["state"] == "unreachable"

    run(scene)


CUT_SHORT = [
    {"Content_Length": "50000"},
    {"Transfer_Encoding": "chunked"},
]


@pytest.mark.parametrize("framing", CUT_SHORT, ids=["length", "chunked"])
def test_who_follows_what_breaks_off_is_cut_off_and_it_is_asked_for_again(framing: dict[str, str]) -> None:
    async def scene() -> None:
        async with pull_house(gather_s=0) as home:
            go = asyncio.Event()

            async def breaks_off(asked: Asked) -> None:
                asked.head(Content_Type=MP4, **framing)
                asked.write(b"3e8\r\n" * ("Transfer_Encoding" in framing), BODY[:1000])
                await go.wait()
                asked.hang_up()

            home.origin.manners["/a.m4s"] = breaks_off
            crowd = await home.viewers(3)
            for viewer in crowd:
                viewer.ask("/a.m4s")
            for viewer in crowd:
                assert (await viewer.head())[0] == 200
            go.set()
            for viewer in crowd:
                assert not (await viewer.closed()).endswith(b"0\r\n\r\n")
            await until(lambda: home.edges[0].store.find("/a.m4s") is None)
            home.origin.has("/a.m4s", BODY, Content_Type=MP4)
            assert (await home.get("/a.m4s"))[2] == BODY
            assert home.origin.counts == {"/a.m4s": 2}

    run(scene)


@pytest.mark.parametrize("path", ["/a.m3u8", "/small.m4s"])
def test_what_breaks_off_before_it_was_told_is_an_error_and_never_half_a_body(path: str) -> None:
    async def scene() -> None:
        async with pull_house(gather_s=5) as home:

            def breaks_off(asked: Asked) -> None:
                asked.head(Content_Length=str(len(LIVE)))
                asked.write(LIVE[:50])
                asked.hang_up()

            home.origin.manners[path] = breaks_off
            status, _, body = await home.get(path)
            assert (status, body) == (502, b"the origin's answer broke off\n")

    run(scene)


def test_bytes_beyond_the_announced_length_are_nobodys() -> None:
    async def scene() -> None:
        async with pull_house() as home:

            def lies(asked: Asked) -> None:
                asked.head(Content_Length="100", Content_Type=MP4)
                asked.write(BODY)

            home.origin.manners["/a.m4s"] = lies
            home.origin.has("/b.m4s", b"b" * 10)
            status, _, body = await home.get("/a.m4s")
            assert status == 502 or body == BODY[:100]
            assert (await home.get("/b.m4s"))[2] == b"b" * 10

    run(scene)


NOT_HTTP = [
    b"hello\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nx",
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!",
    b"HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-0/9\r\nContent-Length: 1\r\n\r\nx",
    b"HTTP/1.1 304 Not Modified\r\n\r\n",
    b"HTTP/1.1 99 Early\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
    b"",
]


@pytest.mark.parametrize("raw", NOT_HTTP, ids=range(len(NOT_HTTP)))
def test_an_answer_that_is_none_is_an_error_in_a_sentence(raw: bytes) -> None:
    async def scene() -> None:
        async with pull_house() as home:

            def answers(asked: Asked) -> None:
                asked.write(raw)
                asked.hang_up()

            home.origin.manners["/a.m3u8"] = answers
            status, fields, body = await home.get("/a.m3u8")
            assert status == 502
            assert body.startswith(b"the origin")
            assert fields["content-type"] == "text/plain; charset=utf-8"

    run(scene)


def test_a_filler_that_starts_anew_is_asked_for_what_viewers_wait_for() -> None:
    async def scene() -> None:
        async with pull_house() as home:
            home.origin.frozen = asyncio.Event()
            home.origin.has("/a.m4s", BODY, Content_Type=MP4)
            viewer = await home.viewer()
            viewer.ask("/a.m4s")
            await until(lambda: len(home.origin.asked) == 1)
            await home.restart()
            await until(lambda: len(home.origin.asked) == 2)
            home.origin.frozen.set()
            assert (await viewer.answer())[2] == BODY

    run(scene)


def test_viewers_are_answered_from_what_there_is_while_there_is_no_filler() -> None:
    async def scene() -> None:
        async with pull_house() as home:
            home.origin.has("/a.m4s", BODY, Content_Type=MP4)
            await home.get("/a.m4s")
            await home.restart()
            assert (await home.get("/a.m4s"))[2] == BODY
            assert home.origin.counts == {"/a.m4s": 1}

    run(scene)


def test_what_is_over_is_swept_out() -> None:
    async def scene() -> None:
        async with pull_house() as home:
            await home.get("/missing")
            home.pass_s(100)
            home.pull.sweep()
            await until(lambda: home.edges[0].store.find("/missing") is None)
            assert home.pull.describe()["objects"] == 0

    run(scene)


def test_a_path_that_leads_elsewhere_is_refused_here() -> None:
    async def scene() -> None:
        async with pull_house() as home:
            assert (await home.get("/live/%2e%2e/secret"))[0] == 400
            assert home.origin.asked == []

    run(scene)
