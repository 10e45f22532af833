"""Who leaves, and leaves nothing behind: viewers, however they go, and a worker that is told to."""

import asyncio
import socket

import pytest
from edge_house import PLAYLIST, House, expected, house, playlist, run, segment, until

from ringside.core.feed import Cache, Closed, Document

PART = "/live/main/v720/8.0.m4s"
BIG = bytes(range(256)) * 650  # 166,400 bytes: a part of a good rung
TICKS_S = 0.25  # two ticks of the real timer


@pytest.mark.parametrize("way", ["at once", "half", "reset"])
def test_who_leaves_while_held_followed_or_blocked_leaves_nothing(way: str) -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(
                *segment(7, BIG * 40), *segment(9, b"begun", closed=False), expected(8, 0), playlist(7, 0, (8, 0))
            )
            paths = [PART, PLAYLIST + "?_HLS_msn=8&_HLS_part=0", "/live/main/v720/9.m4s", "/live/main/v720/7.m4s"]
            leaving = [_ask(h, path) for path in [*paths, "/status/events"] for _ in range(5)]
            await until(
                lambda: h.edge.waiting.count == 10 and len(h.edge.blocked) == 5 and len(h.edge.subscribers) == 5
            )
            for viewer in leaving:
                _leave(viewer, way)
            await until(lambda: not h.edge.waiting.count and not h.edge.waiting.paths() and not h.edge.subscribers)
            if way == "half":  # what is being written is finished, or too slow
                h.clock.advance_ns(int((11 + len(BIG) * 40 / 16_000) * 1e9))
            await until(lambda: not h.edge.connections and not h.edge.blocked)
            assert not h.edge.store.find("/live/main/v720/9.m4s").blob.followers  # type: ignore[union-attr]
            await h.publish(*segment(8, b"now", closed=False), Closed(9), playlist(8, 0, (8, 1)))
            assert (await (await h.viewer()).get(PART))[2] == b"now"
            for viewer in leaving:
                viewer.close()

    run(scene)


@pytest.mark.parametrize("path", [PART, "/live/main/v720/7.m4s", "/none"])
def test_who_asks_and_leaves_in_the_same_instant_is_not_waited_for(path: str) -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(*segment(7, b"abc"), expected(8, 0))
            came: list[int] = []
            arrived = h.edge.arrived
            h.edge.arrived = lambda fd: (came.append(fd), arrived(fd))  # type: ignore[method-assign, assignment, func-returns-value]
            halves = [_ask(h, path) for _ in range(3)]  # the edge has not yet looked
            for viewer, way in zip(halves, ("at once", "half", "half"), strict=True):
                _leave(viewer, way)
            await until(lambda: len(came) == 3)
            await until(lambda: not h.edge.connections and not h.edge.waiting.count)
            for viewer in halves:
                viewer.close()

    run(scene)


def _ask(h: House, path: str) -> socket.socket:
    viewer = socket.socket()
    viewer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    viewer.connect(("127.0.0.1", h.edge.port))
    viewer.send(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    return viewer


def _leave(viewer: socket.socket, way: str) -> None:
    if way == "half":
        viewer.shutdown(socket.SHUT_WR)
    else:
        if way == "reset":
            viewer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        viewer.close()


def test_a_worker_that_goes_answers_who_is_held_and_hangs_up_on_who_is_idle() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(*segment(7, BIG), expected(8, 0), Document("/d", b"d", "text/plain", Cache.SHORT))
            held, idle, late, partial = [await h.viewer() for _ in range(4)]
            held.ask(PART)
            partial.send(b"GET /d HTTP/1.1\r\nHo")
            await until(lambda: h.edge.waiting.count == 1 and h.edge.partial)
            going = asyncio.ensure_future(h.edge.stop(20, idle_s=2))
            await asyncio.sleep(0)
            with pytest.raises(OSError):
                await h.viewer()
            status, fields, body = await late.get("/d")
            assert (status, fields["connection"], body) == (200, "close", b"d")
            partial.send(b"st: a\r\n\r\n")
            assert (await partial.answer())[1]["connection"] == "close"
            await asyncio.sleep(TICKS_S)
            assert len(h.edge.connections) == 2
            h.clock.advance_ns(2_100_000_000)
            assert await idle.closed() == b""
            assert not going.done()
            await h.publish(*segment(8, BIG, closed=False))
            status, fields, body = await held.answer()
            assert (status, fields["connection"], body) == (200, "close", BIG)
            assert await held.closed() == b""
            await asyncio.wait_for(going, 5)
            assert not h.edge.connections

    run(scene)


def test_a_worker_that_goes_waits_no_longer_than_it_was_told() -> None:
    async def scene() -> None:
        async with house() as h:
            await h.publish(expected(8, 0))
            held = await h.viewer()
            held.ask(PART)
            await until(lambda: h.edge.waiting.count == 1)
            await h.edge.stop(0.3, idle_s=2)
            assert await held.closed() == b""
            assert not h.edge.connections
            assert not h.edge.waiting.count

    run(scene)
