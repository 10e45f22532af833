"""The edge on real sockets: holding what is about to exist, and releasing those who wait for it."""

import asyncio

from edge_house import BIG, PART, PLAYLIST, expected, grown, house, playlist, run, segment, until

from ringside.core.feed import Cache, Document, Ranged, Removed


def test_500_viewers_held_on_one_part_all_get_it_whole() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(*segment(7, b"a"), playlist(7, 0, (8, 0)), expected(8, 0))
            viewers = await asyncio.gather(*(h.viewer() for _ in range(500)))
            for viewer in viewers:
                viewer.ask(PART)
            await until(lambda: h.edge.waiting.count == 500)
            await h.publish(*segment(8, BIG, closed=False), playlist(8, 0, (8, 1)))
            for status, _, body in await asyncio.gather(*(viewer.answer() for viewer in viewers)):
                assert (status, body) == (200, BIG)
            assert h.edge.waiting.count == 0

    run(scene)


def test_a_held_viewer_receives_not_a_byte_before_the_part_is_complete() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(playlist(7, 9, (8, 0)), expected(8, 0))
            viewer = await h.viewer()
            viewer.ask(PART)
            await until(lambda: h.edge.waiting.count == 1)
            await h.publish(*segment(8, closed=False), grown(b"half", 4))
            assert h.edge.waiting.count == 1
            assert h.edge.bytes == 0
            await h.publish(grown(b"whole", 9), Ranged(PART, 8, 0, 9, "video/mp4"))
            assert (await viewer.answer())[2] == b"halfwhole"

    run(scene)


def test_blocked_playlists_are_answered_by_the_version_each_asked_for() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(playlist(7, 9, (8, 0)))
            first, second = await h.viewer(), await h.viewer()
            first.ask(PLAYLIST + "?_HLS_msn=8&_HLS_part=0")
            second.ask(PLAYLIST + "?_HLS_msn=8&_HLS_part=1&_HLS_skip=YES", Accept_Encoding="gzip")
            await until(lambda: h.edge.waiting.count == 2)
            await h.publish(playlist(8, 0, (8, 1)))
            status, fields, body = await first.answer()
            assert (status, fields["cache-control"], body[:11]) == (200, "public, max-age=12", b"#EXTM3U 8.0")
            assert h.edge.waiting.count == 1
            await h.publish(playlist(8, 1, (8, 2)))
            assert (await second.answer())[2] == b"#EXTM3U delta\n"

    run(scene)


def test_a_hold_ends_with_503_after_three_target_durations() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(playlist(7, 9, (8, 0)), expected(8, 0))
            viewer, other = await h.viewer(), await h.viewer()
            viewer.ask(PART)
            other.ask(PLAYLIST + "?_HLS_msn=8&_HLS_part=0")
            await until(lambda: h.edge.waiting.count == 2)
            h.clock.advance_ns(5_900_000_000)
            await asyncio.sleep(0.25)  # two ticks of the real timer
            assert h.edge.waiting.count == 2
            h.clock.advance_ns(200_000_000)
            status, fields, body = await viewer.answer()
            assert (status, fields["cache-control"]) == (503, "public, max-age=2")
            assert b"did not come in time" in body
            status, fields, _ = await other.answer()
            assert (status, fields["cache-control"]) == (503, "public, max-age=8")
            assert (await viewer.get("/clock"))[0] == 200  # the connection lives on

    run(scene)


def test_the_same_request_again_is_answered_with_what_there_is_by_then() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(*segment(7, b"a", BIG), Document("/d", b"1", "text/plain", Cache.SHORT))
            viewer = await h.viewer()
            for _ in range(3):
                assert (await viewer.get("/d"))[2] == b"1"
                assert (await viewer.get("/live/main/v720/7.1.m4s"))[2] == BIG
                assert (await viewer.get("/d", method="HEAD"))[2] == b""
            assert h.edge.counts[200] == sum(h.edge.counts) == 9
            await h.publish(Document("/d", b"2", "text/plain", Cache.SHORT), Removed("/live/main/v720/7.1.m4s"))
            for _ in range(2):
                assert (await viewer.get("/d"))[2] == b"2"
                assert (await viewer.get("/live/main/v720/7.1.m4s"))[0] == 404

    run(scene)


def test_the_date_is_that_of_the_answer() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(Document("/d", b"1", "text/plain", Cache.SHORT))
            viewer = await h.viewer()
            assert (await viewer.get("/d"))[1]["date"] == "Mon, 21 Sep 2026 14:13:20 GMT"
            h.clock.advance_ns(2_000_000_000)
            h.edge.read_time()
            assert (await viewer.get("/d"))[1]["date"] == "Mon, 21 Sep 2026 14:13:22 GMT"

    run(scene)


def test_what_is_taken_back_is_404_for_who_was_held() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(expected(8, 0))
            viewer = await h.viewer()
            viewer.ask(PART)
            await until(lambda: h.edge.waiting.count == 1)
            await h.publish(Removed(PART))
            assert (await viewer.answer())[0] == 404

    run(scene)


def test_a_held_viewer_who_leaves_is_forgotten() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(expected(8, 0))
            stays, leaves = await h.viewer(), await h.viewer()
            stays.ask(PART)
            leaves.ask(PART)
            await until(lambda: h.edge.waiting.count == 2)
            leaves.close()
            await until(lambda: h.edge.waiting.count == 1 and len(h.edge.connections) == 1)
            await h.publish(*segment(8, b"abc", closed=False))
            assert (await stays.answer())[2] == b"abc"

    run(scene)
