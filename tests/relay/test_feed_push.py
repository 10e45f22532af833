"""An edge fed by an origin elsewhere: what its viewers get, while the origin is well, restarts, stalls or raves."""

import asyncio
import os
import socket
from collections.abc import Callable

import pytest
from edge_house import MP4, NOW_NS, PLAYLIST, expected, playlist, run, segment, until
from feed_house import Port, away, origin

from ringside.core.clock import Simulated
from ringside.core.feed import (
    Anew,
    Appended,
    Cache,
    Closed,
    Document,
    Frame,
    Fresh,
    Message,
    Opened,
    Playlist,
    Removed,
    Report,
    Synced,
    encode,
)
from ringside.flow.relay.feed import Hub
from ringside.flow.relay.feed.remote import HEAD

BIG = os.urandom(200_000)
V720 = "/live/main/v720"
LOST = {"lost", "unreachable"}


def test_viewers_of_an_edge_get_what_the_origin_has_byte_for_byte() -> None:
    async def scene() -> None:
        async with origin() as o:
            o.hub.publish([*segment(7, b"abc", BIG), *segment(8, b"gro", closed=False), playlist(8, 0, (8, 1))])
            async with away(o.port.url, Simulated(NOW_NS)) as a:
                viewer = await a.viewer()
                assert (await viewer.get(f"{V720}/7.1.m4s"))[2] == BIG
                assert (await viewer.get(f"{V720}/7.m4s"))[2] == b"abc" + BIG
                status, fields, body = await viewer.get(PLAYLIST)
                assert (status, body) == (200, playlist(8, 0, (8, 1)).body)
                assert fields["cache-control"] == "public, max-age=1"
                assert a.state() == "live"

    run(scene)


def test_viewers_held_at_an_edge_are_released_by_what_the_origin_tells() -> None:
    async def scene() -> None:
        async with origin() as o:
            o.hub.publish([*segment(8, b"gro", closed=False), playlist(8, 0, (8, 1)), expected(8, 1)])
            async with away(o.port.url, Simulated(NOW_NS)) as a:
                part, held, growing = await a.viewer(), await a.viewer(), await a.viewer()
                part.ask(f"{V720}/8.1.m4s")
                held.ask(f"{PLAYLIST}?_HLS_msn=8&_HLS_part=1")
                growing.ask(f"{V720}/8.m4s")
                await growing.head()
                assert await growing.chunk() == b"gro"
                await until(lambda: a.edge.waiting.count == 2)
                o.hub.publish([Appended(8, 7, b"wing"), *segment(8, b"", closed=False)[:0], playlist(8, 1, (8, 2))])
                assert await growing.chunk() == b"wing"
                assert (await held.answer())[2].startswith(b"#EXTM3U 8.1")
                o.hub.publish([Document(f"{V720}/8.1.m4s", b"part", MP4, Cache.IMMUTABLE), Closed(8)])
                assert (await part.answer())[2] == b"part"
                assert await growing.chunk() == b""

    run(scene)


def test_viewers_who_come_before_the_origin_are_held_and_then_served() -> None:
    async def scene() -> None:
        async with origin() as o:
            o.hub.publish(segment(7, BIG))
            await o.port.close()
            async with away(o.port.url, Simulated(NOW_NS), synced=False) as a:
                viewer = await a.viewer()
                viewer.ask(f"{V720}/7.0.m4s")
                await until(lambda: a.edge.waiting.count == 1)
                await until(lambda: a.push.describe()["failures"] >= 1)
                assert a.state() == "unreachable"
                o.port.open()
                assert (await viewer.answer())[2] == BIG

    run(scene)


def test_an_origin_that_restarts_is_taken_up_again_and_meanwhile_viewers_are_served() -> None:
    async def scene() -> None:
        async with origin() as o:
            o.hub.publish([*segment(7, b"abc"), playlist(7, 0, (8, 0)), expected(8, 0)])
            async with away(o.port.url, Simulated(NOW_NS)) as a:
                viewer, held = await a.viewer(), await a.viewer()
                held.ask(f"{V720}/8.0.m4s")
                await until(lambda: a.edge.waiting.count == 1)
                await o.stop()
                await until(lambda: a.state() == "lost")
                assert (await viewer.get(f"{V720}/7.0.m4s"))[2] == b"abc"
                assert a.edge.feed is not None  # the machine's own feed never ended
                await o.restart()
                o.hub.publish([*segment(8, b"new", blob=7), playlist(8, 0, (9, 0))])  # blobs are numbered anew
                assert (await held.answer())[2] == b"new"
                assert (await viewer.get(PLAYLIST))[2] == playlist(8, 0, (9, 0)).body
                assert (await viewer.get(f"{V720}/7.0.m4s"))[2] == b"abc"  # an old playlist may still name it
                assert a.state() == "live"
                assert a.push.describe()["failures"] >= 1

    run(scene)


class Script:
    """An origin that says exactly what it is told to, connection by connection."""

    def __init__(self) -> None:
        self.port = Port(self._respond)
        self.connections: list[socket.socket] = []

    def _respond(self, connection: socket.socket, data: bytes) -> None:
        self.connections.append(connection)

    async def say(self, data: bytes, number: int = -1) -> None:
        await asyncio.get_running_loop().sock_sendall(self.connections[number], data)

    async def tell(self, *frames: Frame) -> None:
        await self.say(b"".join(map(encode, frames)))

    def hang_up(self) -> None:
        self.connections[-1].close()

    async def asked(self, times: int = 1) -> None:
        await until(lambda: len(self.connections) >= times)

    def __enter__(self) -> "Script":
        self.port.open()
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self.connections:
            connection.close()


WORLD: list[Message] = [*segment(7, b"abc"), Document("/d", b"one", "x", Cache.SHORT)]


def scripted(play: Callable[..., object], **values: object) -> None:
    """Play a scene with an origin that has told WORLD to an edge."""

    async def scene() -> None:
        clock = Simulated(NOW_NS)
        with Script() as s:
            async with away(s.port.url, clock, synced=False, **values) as a:
                await s.asked()
                await s.say(HEAD)
                await s.tell(*WORLD, Synced(NOW_NS))
                await until(lambda: a.edge.store.find("/d") is not None)
                viewer = await a.viewer()
                await play(s, a, viewer, clock)  # type: ignore[misc]
            await s.port.close()

    run(scene)


def test_a_silent_origin_is_shown_as_silent_and_given_up_after_fifteen_seconds() -> None:
    async def play(s, a, viewer, clock):  # type: ignore[no-untyped-def]
        clock.advance_ns(2_900_000_000)
        assert a.state() == "live"
        clock.advance_ns(200_000_000)
        assert a.state() == "silent"
        assert a.push.describe()["since_ms"] == clock.now_ns() // 10**6
        assert (await viewer.get(f"{V720}/7.m4s"))[2] == b"abc"
        clock.advance_ns(11_000_000_000)
        assert len(s.connections) == 1
        clock.advance_ns(1_000_000_000)
        await s.asked(2)
        assert a.state() == "lost"
        await s.say(HEAD)
        await s.tell(*WORLD, Document("/d", b"two", "x", Cache.SHORT), Synced(0))
        await until(lambda: a.state() == "live")
        await until(lambda: a.edge.store.find("/d").document.body == b"two")

    scripted(play)


def test_an_origin_that_beats_is_live_though_nothing_happens() -> None:
    async def scene() -> None:
        clock = Simulated(NOW_NS)
        async with origin(clock=clock) as o, away(o.port.url, clock) as a:
            for _ in range(20):
                received = a.push.received_bytes
                clock.advance_ns(1_000_000_000)
                await until(lambda received=received: a.push.received_bytes > received)
                assert a.state() == "live"
            assert len(o.port.requests) == 1

    run(scene)


def test_half_a_frame_is_not_half_believed() -> None:
    async def play(s, a, viewer, clock):  # type: ignore[no-untyped-def]
        half = encode(Document("/d", b"two", "x", Cache.SHORT))
        await s.tell(Document("/e", b"", "x", Cache.SHORT))
        await s.say(half[:-1])
        await until(lambda: a.edge.store.find("/e") is not None)
        s.hang_up()
        await s.asked(2)
        assert (await viewer.get("/d"))[2] == b"one"
        assert a.state() == "lost"

    scripted(play)


def test_half_a_snapshot_changes_nothing_for_viewers() -> None:
    async def play(s, a, viewer, clock):  # type: ignore[no-untyped-def]
        s.hang_up()
        await s.asked(2)
        await s.say(HEAD)
        await s.tell(
            *segment(1, b"new"), Document("/d", b"two", "x", Cache.SHORT), Document("/f", b"", "x", Cache.SHORT)
        )
        await until(lambda: a.push._aside is not None and a.push._aside.paths == 4)
        assert (await viewer.get("/d"))[2] == b"one"
        s.hang_up()
        await s.asked(3)
        assert (await viewer.get("/d"))[2] == b"one"
        assert (await viewer.get(f"{V720}/7.0.m4s"))[2] == b"abc"
        assert (await viewer.get("/f"))[0] == 404
        await s.say(HEAD)
        await s.tell(Document("/d", b"three", "x", Cache.SHORT), Synced(0))
        await until(lambda: a.edge.store.find("/d").document.body == b"three")

    scripted(play)


@pytest.mark.parametrize(
    "garbage",
    [
        b"\xff" * 20,
        b"\0\0\0\1\xc8\0",
        b"HTTP/1.1 200 OK\r\n\r\n",
        encode(Appended(99, 3, b"abc")),
        encode(Appended(7, 3, b"abc")),
        encode(Opened("/x", 7, MP4)),
        encode(Synced(0)),
        encode(Fresh("/d", 0, 0, 0)),
        encode(Report({"pid": 1})),
    ],
    ids=[
        "noise",
        "unknown kind",
        "http",
        "no such blob",
        "closed blob",
        "open blob",
        "synced twice",
        "pulled",
        "upwards",
    ],
)
def test_an_origin_that_raves_is_asked_anew_and_viewers_are_served(garbage: bytes) -> None:
    async def play(s, a, viewer, clock):  # type: ignore[no-untyped-def]
        await s.say(encode(Document("/d", b"two", "x", Cache.SHORT)) + garbage)
        await s.asked(2)
        assert (await viewer.get(f"{V720}/7.0.m4s"))[2] == b"abc"
        assert (await viewer.get("/d"))[2] in {b"one", b"two"}  # what came before it counts, where it was whole
        await s.say(HEAD)
        await s.tell(*segment(7, b"again"), Synced(0))
        await until(lambda: a.state() == "live")
        await until(lambda: a.edge.store.find(f"{V720}/7.0.m4s").size == 5)
        assert (await viewer.get(f"{V720}/7.0.m4s"))[2] == b"again"

    scripted(play)


def test_an_origin_may_begin_anew_on_the_same_connection() -> None:
    async def play(s, a, viewer, clock):  # type: ignore[no-untyped-def]
        await s.tell(Document("/d", b"two", "x", Cache.SHORT), Anew(), *segment(8, b"new"))
        await until(lambda: a.edge.store.find("/d").document.body == b"two")
        assert (await viewer.get(f"{V720}/7.0.m4s"))[2] == b"abc"
        await s.tell(Synced(0))
        await until(lambda: a.edge.store.find(f"{V720}/8.0.m4s") is not None)
        assert len(s.connections) == 1
        assert a.hub.shelf.blobs == 1

    scripted(play)


def test_memory_is_bounded_and_the_oldest_goes_first() -> None:
    async def play(s, a, viewer, clock):  # type: ignore[no-untyped-def]
        for number in range(20, 60):
            await s.tell(*segment(number, BIG * 4))
        await until(lambda: a.edge.store.find(f"{V720}/59.m4s") is not None)
        await until(lambda: a.push.describe()["bytes"] <= 2**24)
        assert a.push.describe()["evicted"] == 21
        assert (await viewer.get(f"{V720}/40.m4s"))[2] == BIG * 4
        assert (await viewer.get(f"{V720}/39.m4s"))[0] == 404
        assert (await viewer.get(f"{V720}/39.0.m4s"))[0] == 404
        await s.tell(Removed(f"{V720}/20.m4s"), Removed(f"{V720}/59.m4s"), Removed(f"{V720}/59.0.m4s"))
        await until(lambda: a.edge.store.find(f"{V720}/59.m4s") is None)
        assert a.state() == "live"
        s.hang_up()
        await s.asked(2)
        await s.say(HEAD)
        for number in range(20, 60):
            await s.tell(*segment(number, BIG * 4))
        await s.tell(Synced(0))
        await until(lambda: a.state() == "live")
        assert a.push.describe()["bytes"] <= 2**24 + len(BIG) * 4
        assert a.push.describe()["evicted"] == 40

    scripted(play, memory_bytes=2**24)


def test_more_paths_than_an_edge_may_have_to_keep_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringside.flow.relay.fill.push.MAX_PATHS", 100)

    async def play(s, a, viewer, clock):  # type: ignore[no-untyped-def]
        await s.tell(*(Document(f"/{n}", b"", "x", Cache.SHORT) for n in range(100)))
        await s.asked(2)
        await s.say(HEAD)
        await s.tell(*(Document(f"/{n}", b"", "x", Cache.SHORT) for n in range(101)))
        await s.asked(3)
        assert (await viewer.get("/d"))[2] == b"one"

    scripted(play)


def test_a_feed_in_chunks_as_a_proxy_sends_it_is_read_too() -> None:
    async def scene() -> None:
        with Script() as s:
            async with away(s.port.url, Simulated(NOW_NS), synced=False) as a:
                await s.asked()
                kind = b"Content-Type: Application/Vnd.Ringside.Feed; charset=x"
                await s.say(b"HTTP/1.1 200 OK\r\n%b\r\nTransfer-Encoding: chunked\r\n\r\n" % kind)
                for frame in [*segment(7, BIG), Synced(0)]:
                    data = encode(frame)
                    await s.say(b"%x\r\n%b\r\n%x\r\n%b\r\n" % (3, data[:3], len(data) - 3, data[3:]))
                await until(lambda: a.state() == "live")
                assert (await (await a.viewer()).get(f"{V720}/7.0.m4s"))[2] == BIG
            await s.port.close()

    run(scene)


def test_what_a_feed_told_is_given_back_when_another_takes_its_place() -> None:
    async def play(s, a, viewer, clock):  # type: ignore[no-untyped-def]
        for _ in range(3):
            s.hang_up()
            await s.asked(len(s.connections) + 1)
            await s.say(HEAD)
            await s.tell(*segment(7, BIG), Synced(0))
            await until(lambda: a.state() == "live" and a.hub.shelf.bytes == len(BIG))
            assert isinstance(a.hub, Hub)
            await until(lambda: a.edge.store.find(f"{V720}/7.0.m4s").size == len(BIG))
            clock.advance_ns(100_000_000)
        assert a.hub.shelf.blobs == 1

    scripted(play)


def test_a_playlist_that_is_too_new_for_its_media_is_never_seen() -> None:
    async def scene() -> None:
        async with origin() as o, away(o.port.url, Simulated(NOW_NS)) as a:
            seen: list[bool] = []
            wake = a.edge.wake

            def check() -> None:
                live = a.edge.store.find(PLAYLIST)
                if live is not None and isinstance(getattr(live, "playlist", None), Playlist):
                    seen.append(a.edge.store.find(f"{V720}/{live.playlist.number}.0.m4s") is not None)
                wake()

            a.edge.wake = check  # type: ignore[method-assign]
            for number in range(30):
                o.hub.publish([*segment(number, BIG), playlist(number, 0, (number + 1, 0))])
                await asyncio.sleep(0)
            await until(lambda: a.edge.store.find(f"{V720}/29.0.m4s") is not None)
            await until(lambda: len(seen) > 1)
            assert all(seen)

    run(scene)
