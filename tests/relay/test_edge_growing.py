"""The edge on real sockets: following what grows, chunk by chunk."""

import pytest
from edge_house import BIG, House, Viewer, grown, house, run, segment, until

from ringside.core.feed import Closed, Expected, Removed


async def follower(h: House) -> Viewer:
    """A viewer of segment 8, which grows, with all that there is of it."""
    await h.publish(*segment(8, b"abc", closed=False))
    viewer = await h.viewer()
    viewer.ask("/live/main/v720/8.m4s")
    await viewer.head()
    assert await viewer.chunk() == b"abc"
    return viewer


@pytest.mark.parametrize("size", [300, 40_000])
def test_a_growing_segment_is_written_chunk_by_chunk_as_it_grows(size: int) -> None:
    async def scene() -> None:
        async with house() as h:
            pieces = [bytes([65 + i]) * size for i in range(4)]
            await h.publish(*segment(8, pieces[0], closed=False))
            viewer, late = await h.viewer(), await h.viewer()
            viewer.ask("/live/main/v720/8.m4s")
            status, fields = await viewer.head()
            assert (status, fields["transfer-encoding"]) == (200, "chunked")
            assert await viewer.chunk() == pieces[0]
            for i in (1, 2):
                await h.publish(grown(pieces[i], size * (i + 1)))
                assert await viewer.chunk() == pieces[i]
            late.ask("/live/main/v720/8.m4s")
            await late.head()
            assert await late.chunk() == b"".join(pieces[:3])
            await h.publish(grown(pieces[3], size * 4), Closed(8))
            for follower in (viewer, late):
                assert await follower.chunk() == pieces[3]
                assert await follower.chunk() == b""
            assert (await viewer.get("/live/main/v720/8.m4s"))[2] == b"".join(pieces)

    run(scene)


def test_a_segment_asked_for_before_it_begins_is_followed_from_its_first_byte() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(Expected("/live/main/v720/8.m4s"))
            viewer = await h.viewer()
            viewer.ask("/live/main/v720/8.m4s")
            await until(lambda: h.edge.waiting.count == 1)
            await h.publish(*segment(8, b"abc", closed=False))
            await viewer.head()
            assert await viewer.chunk() == b"abc"
            await h.publish(Closed(8))
            assert await viewer.chunk() == b""

    run(scene)


def test_a_follower_of_a_segment_that_is_taken_away_sees_it_end_unfinished() -> None:
    async def scene() -> None:
        async with house() as h:
            viewer = await follower(h)
            await h.publish(Removed("/live/main/v720/8.m4s"))
            assert await viewer.closed() == b""

    run(scene)


def test_a_follower_of_a_segment_that_stalls_is_let_go() -> None:
    async def scene() -> None:
        async with house() as h:
            viewer = await follower(h)
            h.clock.advance_ns(6_100_000_000)
            assert await viewer.closed() == b""

    run(scene)


def test_http_1_0_gets_a_growing_segment_without_chunks() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(*segment(8, b"abc", closed=False))
            viewer = await h.viewer()
            viewer.send(b"GET /live/main/v720/8.m4s HTTP/1.0\r\n\r\n")
            _, fields = await viewer.head()
            assert "transfer-encoding" not in fields
            await h.publish(grown(b"def", 6), Closed(8))
            assert await viewer.closed() == b"abcdef"

    run(scene)


def test_a_slow_follower_catches_up_with_what_has_gathered() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(*segment(8, BIG, closed=False))
            viewer = await Viewer.connect(h.edge.port, limit=2**16)
            viewer.ask("/live/main/v720/8.m4s")
            for i in range(2, 60):
                await h.publish(grown(BIG, len(BIG) * i))
            await until(lambda: len(h.edge.blocked) == 1)
            await h.publish(Closed(8))
            assert (await viewer.answer())[2] == BIG * 59

    run(scene)
