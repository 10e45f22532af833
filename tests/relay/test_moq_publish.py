"""MoQ over real QUIC: what a hub tells comes out of moq-rs' own subscriber, whole and in order."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

moq = pytest.importorskip("moq", reason="moq-rs is not installed: pip install 'ringside[moq]'")

import uvloop  # noqa: E402
from edge_house import until  # noqa: E402
from moq_house import BROADCAST, HEADER, LIMIT_S, Film, House, Watching, house  # noqa: E402

from ringside.core.clock import Wall  # noqa: E402
from ringside.flow.relay.moq.certificate import own  # noqa: E402


def in_loop(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    """Run a test in the loop that the process uses."""

    @wraps(test)
    def run() -> None:
        uvloop.run(asyncio.wait_for(test(), 60))

    return run


@in_loop
async def test_a_subscriber_gets_every_chunk_in_groups_that_begin_with_the_header() -> None:
    async with house() as there:
        film = there.begin()
        async with there.viewer() as client:
            seen = Watching(client)
            await seen.has(film.chunk(0))
            there.go_on(film, 14)
            await seen.has(film.chunk(14))
        assert seen.chunks == [film.chunk(n) for n in range(15)]
        assert [frames[0] for frames in seen.groups.values()] == [HEADER] * 3
        assert [len(frames) for frames in seen.groups.values()] == [6, 6, 6]


@in_loop
async def test_who_joins_late_begins_with_the_newest_group() -> None:
    async with house() as there:
        film = there.begin()
        await there.ready()
        there.go_on(film, 12)
        async with there.viewer() as client:
            seen = Watching(client, oldest_s=0)
            await seen.has(film.chunk(12))
        assert seen.frames == [HEADER, film.chunk(10), film.chunk(11), film.chunk(12)]


@in_loop
async def test_a_publisher_that_comes_late_publishes_from_where_who_joins_begins() -> None:
    async with house() as there:
        film = Film()
        await there.new_hub()
        there.hub.publish(film.begin())
        there.go_on(film, 8)
        async with there.viewer() as client:
            seen = Watching(client)
            await until(lambda: seen.chunks, LIMIT_S)
            there.go_on(film)
            await seen.has(film.chunk(8))
        assert b"".join(seen.chunks) == b"".join(film.chunk(n) for n in (5, 6, 7, 8))


@in_loop
async def test_sessions_go_on_when_the_hub_is_another_and_no_chunk_is_missing_or_sent_twice() -> None:
    async with house() as there:
        film = there.begin()
        async with there.viewer() as client:
            seen = Watching(client)
            there.go_on(film)
            await seen.has(film.chunk(1))
            await there.new_hub()
            film.next()
            there.hub.publish(film.again())
            await seen.has(film.chunk(2))
            there.go_on(film, 4)
            await seen.has(film.chunk(6))
        assert seen.chunks == [film.chunk(n) for n in range(7)]


@in_loop
async def test_a_track_is_complete_when_its_event_has_ended_and_can_come_back() -> None:
    async with house() as there:
        film = there.begin()
        async with there.viewer() as client:
            seen = Watching(client)
            await seen.has(film.chunk(0))
            there.hub.publish([*film.next(), film.ended()])
            await asyncio.wait_for(seen.task, LIMIT_S)
            assert seen.chunks == [film.chunk(0), film.chunk(1)]
        there.go_on(film, 4)
        async with there.viewer() as client:
            await Watching(client).has(film.chunk(5))


@in_loop
async def test_nobody_can_publish_to_us() -> None:
    async with house() as there:
        film = there.begin()
        mine = moq.OriginProducer()
        async with there.viewer(publish=mine), there.viewer() as other:
            forged = mine.create_broadcast("live/forged")
            forged.publish_track("v360").write_frame(b"forged", 0)
            forged.announce()
            seen = Watching(other)
            await seen.has(film.chunk(0))
            with pytest.raises((moq.Error, TimeoutError)):
                async with asyncio.timeout(0.5):
                    await other.announced_broadcast("live/forged")


@in_loop
async def test_more_viewers_than_the_bound_are_refused_and_counted() -> None:
    async with house(max_sessions=2) as there:
        film = there.begin()
        async with there.viewer(), there.viewer():
            await until(lambda: there.last.get("sessions") == 2, LIMIT_S)
            with pytest.raises(moq.Error):
                await turned_away(there)
            await until(lambda: there.last.get("refused") == 1, LIMIT_S)
        await until(lambda: there.last.get("sessions") == 0, LIMIT_S)
        async with there.viewer() as client:
            await Watching(client).has(film.chunk(0))


@in_loop
async def test_a_viewer_that_does_not_read_costs_no_more_than_the_cache() -> None:
    async with house(keep_s=0.5, cache_bytes=4 << 20) as there:
        film = there.begin(Film(per_segment=4, chunk_bytes=100_000))
        async with there.viewer() as idle, there.viewer() as client:
            broadcast = await idle.announced_broadcast(BROADCAST)
            unread = await broadcast.subscribe_track("v360")
            seen = Watching(client)
            await seen.has(film.chunk(0))
            before = resident_bytes()
            for n in range(1, 1000):  # 100 MB
                there.go_on(film)
                if n % 4 == 0:
                    await seen.has(film.chunk(n))
                    seen.groups.clear()
            assert resident_bytes() - before < 40 << 20
            assert unread is not None


@in_loop
async def test_the_certificate_is_made_anew_in_time_and_who_was_here_can_come_again() -> None:
    async with house(renew_s=3) as there:
        film = there.begin()
        async with there.viewer() as client:
            first, seen = await there.ready(), Watching(client)
            await seen.has(film.chunk(0))
            await until(lambda: there.last["ready"] and there.last["fingerprint"] != first, LIMIT_S)
            there.go_on(film)
            async with there.viewer() as again:
                await Watching(again).has(film.chunk(1))
        assert there.last["renewed"] >= 1


@in_loop
async def test_the_operators_certificate_is_served_without_a_fingerprint_and_read_anew_when_it_changes() -> None:
    with TemporaryDirectory() as name:
        first = own(Path(name), Wall().now_ns() / 1e9, 60)
        async with house(tls=(first.cert, first.key)) as there:
            film = there.begin()
            assert await there.ready() == "", "the browser is to judge it"
            async with there.viewer(first.fingerprint) as client:
                await Watching(client).has(film.chunk(0))
            second = own(Path(name), Wall().now_ns() / 1e9, 0)
            assert second.fingerprint != first.fingerprint
            await until(lambda: there.last["renewed"] == 1 and there.last["ready"], LIMIT_S)
            async with there.viewer(second.fingerprint) as client:
                await Watching(client).has(film.chunk(0))


@in_loop
async def test_a_port_that_is_taken_is_tried_until_it_is_free() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        number = taken.getsockname()[1]
        async with house(port=number) as there:
            film = there.begin()
            await until(lambda: there.last.get("fault"), LIMIT_S)
            assert f"UDP port {number} cannot be served" in there.last["fault"]
            assert not there.last["ready"]
            taken.close()
            await there.ready()
            async with there.viewer() as client:
                await Watching(client).has(film.chunk(0))


@in_loop
async def test_what_it_reports_counts_what_it_did() -> None:
    async with house() as there:
        film = there.begin()
        await there.ready()
        there.go_on(film, 9)
        await until(lambda: there.last.get("frames") == 12, LIMIT_S)
        wanted: dict[str, Any] = {
            "broadcast": BROADCAST,
            "tracks": 1,
            "groups": 2,
            "dropped": 0,
            "late": 0,
            "fed": True,
        }
        assert {name: there.last[name] for name in wanted} == wanted
        assert there.last["bytes"] == 2 * len(HEADER) + 10 * 500


async def turned_away(there: House) -> None:
    """One viewer more."""
    async with there.viewer() as client:
        assert client.session is not None
        await client.session.closed()


def resident_bytes() -> int:
    """Of this process."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4096
