"""Two origins, one edge: what viewers get while media moves from one to the other."""

import asyncio
import json

import pytest
from edge_house import run, until
from feed_house import Port, origin
from several_house import EVEN, PARTS, V720, Town, chunk, town

from ringside.core.clock import Simulated
from ringside.core.feed import Playlist
from ringside.flow.origin import Board, Schedule
from ringside.flow.relay import fill
from ringside.flow.relay.feed import Hub, refuse
from ringside.flow.relay.fill.past import read
from ringside.flow.relay.fill.several import Several


async def follower(t: Town, path: str) -> "asyncio.Task[bytes]":
    """A viewer who follows what grows at `path`, to its end."""
    viewer = await t.viewer()
    viewer.ask(path)
    status, fields = await viewer.head()
    assert (status, fields["transfer-encoding"]) == (200, "chunked")

    async def all_of_it() -> bytes:
        body = b""
        while piece := await viewer.chunk():
            body += piece
        return body

    return asyncio.ensure_future(all_of_it())


def told(t: Town) -> Playlist:
    found = t.hub.shelf.exists.find(f"{V720}/index.m3u8")
    assert isinstance(found, Playlist)
    return found


def test_who_follows_a_segment_gets_every_byte_over_a_move_and_back() -> None:
    async def scene() -> None:
        async with town() as t:
            await t.make(13)
            await t.arrived()
            growing = await follower(t, f"{V720}/{EVEN + 1}.m4s")
            await t.make(2, 1)  # the first origin is frozen
            await t.late(1)
            await t.make(2, 1)
            for made in range(t.at - 4, t.at):
                t.places[0].take(chunk(*divmod(made, PARTS)))  # it is back, and catches up
            await t.make(1)
            await t.make(1, 0)  # the second is frozen
            await t.late(0)
            await t.make(1, 0)
            assert await asyncio.wait_for(growing, 5) == t.segment(EVEN + 1)
            assert t.several.describe()["switches"] == 2
            assert t.several.braid.uneven == 0
            for part in range(PARTS):
                assert await t.get(f"{V720}/{EVEN + 1}.{part}.m4s") == (200, t.sent[EVEN + 1, part])

    run(scene)


def test_who_rides_the_stream_gets_every_byte_over_a_move() -> None:
    async def scene() -> None:
        async with town() as t:
            await t.make(11)
            await t.arrived()
            viewer = await t.viewer()
            viewer.ask(f"{V720}/stream")
            await viewer.head()
            assert await viewer.chunk() == b"header"
            got = b""
            await t.make(3, 1)
            await t.late(1)
            await t.make(16, 1)
            wanted = t.segment(EVEN + 1) + t.segment(EVEN + 2)
            while len(got) < len(wanted):
                got += await viewer.chunk()
            assert got == wanted

    run(scene)


def test_who_is_held_for_a_part_or_a_playlist_is_answered_by_the_other_origin() -> None:
    async def scene() -> None:
        async with town() as t:
            await t.make(13)
            await t.arrived()
            part, listed = await t.viewer(), await t.viewer()
            part.ask(f"{V720}/{EVEN + 1}.3.m4s")
            listed.ask(f"{V720}/index.m3u8?_HLS_msn={EVEN + 1}&_HLS_part=3")
            await until(lambda: t.edge.waiting.count == 2)
            await t.make(1, 1)
            assert t.edge.waiting.count == 2
            await t.late(1)
            assert (await part.answer())[2] == t.sent[EVEN + 1, 3]
            assert f"{EVEN + 1}.3.m4s".encode() in (await listed.answer())[2]

    run(scene)


def test_an_origin_that_was_started_again_takes_over_without_taking_anything_back() -> None:
    async def scene() -> None:
        async with town() as t:
            await t.make(45)
            await t.places[1].restart()
            await until(lambda: t.several.strands[1].push.look() == "live" and not t.several.strands[1].shelf.bytes)
            await t.make(5, 0)
            await t.make(24)
            before = read(told(t).body)
            await t.make(1, 1)
            await t.late(1)
            await until(lambda: told(t).part == 4)
            after = read(told(t).body)
            assert after.first == before.first == EVEN
            assert after.blocks[:-1] == before.blocks[:-1]
            assert len(read(t.places[1].publisher_playlist()).blocks) < len(after.blocks)
            for number in range(EVEN, EVEN + 7):
                assert await t.get(f"{V720}/{number}.m4s") == (200, t.segment(number))
            assert t.several.braid.uneven == 0

    run(scene)


def test_what_only_a_former_origin_had_goes_with_what_is_as_old() -> None:
    async def scene() -> None:
        async with town(dvr_s=12) as t:
            await t.make(30)
            await t.places[1].restart()
            await until(lambda: t.several.strands[1].push.look() == "live" and not t.several.strands[1].shelf.bytes)
            await t.make(25)
            await t.make(1, 1)
            await t.late(1)
            assert (await t.get(f"{V720}/{EVEN}.m4s"))[0] == 200
            for _ in range(18):
                await t.make(10, 1)
                t.places[1].tick()
            await t.arrived()
            assert (await t.get(f"{V720}/{EVEN}.m4s"))[0] == 404
            assert t.hub.shelf.blobs == t.several.strands[1].shelf.blobs

    run(scene)


def test_origins_with_other_bytes_go_on_behind_the_same_part() -> None:
    async def scene() -> None:
        async with town() as t:
            await t.make(10)
            await t.make(1, 0)
            t.places[1].take(chunk(EVEN + 1, 0, own="B"))
            await until(lambda: t.has(1, (EVEN + 1, 0)))
            await t.make(3, 0)
            await t.arrived()
            growing = await follower(t, f"{V720}/{EVEN + 1}.m4s")
            for part in range(1, 6):
                t.places[1].take(chunk(EVEN + 1, part, own="B"))
            await until(lambda: t.has(1, (EVEN + 1, 5)))
            await t.late(1)
            for part in range(6, PARTS):
                t.places[1].take(chunk(EVEN + 1, part, own="B"))
            ours = b"".join(chunk(EVEN + 1, part).data for part in range(4))
            theirs = b"".join(chunk(EVEN + 1, part, own="B").data for part in range(4, PARTS))
            assert await asyncio.wait_for(growing, 5) == ours + theirs
            assert t.several.braid.uneven == 1
            assert await t.get(f"{V720}/{EVEN + 1}.7.m4s") == (200, chunk(EVEN + 1, 7, own="B").data)

    run(scene)


def test_it_does_not_move_into_a_gap_while_it_can_wait() -> None:
    async def scene() -> None:
        async with town() as t:
            await t.make(12)
            await t.make(3, 0)  # the second has a hole here
            t.places[1].take(chunk(EVEN + 2, 0))
            await until(lambda: t.has(1, (EVEN + 2, 0)))
            t.clock.advance_ns(300_000_000)
            await asyncio.sleep(0.1)
            assert t.several.on_air == 0
            t.clock.advance_ns(800_000_000)
            await t.led(1)
            await until(lambda: told(t).number == EVEN + 2)
            block = next(block for block in read(told(t).body).blocks if block.number == EVEN + 1)
            assert sum("GAP=YES" in part for part in block.parts) == 5
            assert not any("GAP=YES" in part for part in block.parts[:5])

    run(scene)


def test_an_origin_that_begins_within_a_segment_does_not_pass_its_parts_off_as_the_first() -> None:
    async def scene() -> None:
        async with town() as t:
            await t.make(25)
            await t.places[1].restart()
            await until(lambda: t.several.strands[1].push.look() == "live" and not t.several.strands[1].shelf.bytes)
            for part in (5, 6):
                made = chunk(EVEN + 2, part)
                t.sent[EVEN + 2, part], t.at = made.data, t.at + 1
                for place in t.places:
                    place.take(made)
            for made in range(7, PARTS + 1):
                t.places[1].take(chunk(*divmod((EVEN + 2) * PARTS + made, PARTS)))
            await until(lambda: t.has(1, (EVEN + 3, 0)))
            t.clock.advance_ns(300_000_000)
            await asyncio.sleep(0.1)
            assert t.several.on_air == 0
            t.clock.advance_ns(800_000_000)
            await t.led(1)
            await until(lambda: t.edge.store.find(f"{V720}/{EVEN + 3}.0.m4s") is not None)
            for part in range(7):
                assert await t.get(f"{V720}/{EVEN + 2}.{part}.m4s") == (200, t.sent[EVEN + 2, part])
            assert await t.get(f"{V720}/{EVEN + 2}.m4s") == (200, t.segment(EVEN + 2))

    run(scene)


def test_the_target_is_that_of_the_origin_on_the_air_and_who_waits_for_the_other_s_next_is_told() -> None:
    async def scene() -> None:
        async with town() as t:
            for n, place in enumerate(t.places):
                board = Board("main", Schedule(100 + n, 2000, 2000))
                place.there.hub.publish(board.begin())
            await t.make(12)
            await t.arrived()
            waiting = await t.viewer()
            waiting.ask("/live/main/target/101.json")
            await until(lambda: t.edge.waiting.count == 1)
            await t.make(1, 1)
            await t.late(1)
            assert (await waiting.answer())[0] in (200, 404)
            status, body = await t.get("/live/main/target.json")
            assert (status, json.loads(body)["next"]) == (200, "target/102.json")
            waiting.ask("/live/main/target/102.json")
            await until(lambda: t.edge.waiting.count == 1)

    run(scene)


def test_what_both_have_is_kept_once() -> None:
    async def scene() -> None:
        async with town() as t:
            await t.make(42)
            strands = t.several.strands

            def shared(number: int) -> bool:
                path = f"{V720}/{number}.m4s"
                shelves = [t.hub.shelf, *(strand.shelf for strand in strands)]
                return len({shelf.memory(shelf.exists.find(path).blob).fd for shelf in shelves}) == 1

            await until(lambda: all(shared(EVEN + n) for n in range(4)))

    run(scene)


def test_its_account_says_which_origin_it_takes_from_and_how_late_each_is() -> None:
    async def scene() -> None:
        async with town(3) as t:
            await t.make(12)
            await t.make(1, 1, 2)
            await t.late(1)
            account = t.several.describe()
            assert [each["on_air"] for each in account["origins"]] == [False, True, False]
            assert [each["state"] for each in account["origins"]] == ["live"] * 3
            assert account["origins"][0]["lateness_ms"] == 160
            assert account["origins"][0]["url"] in account["why"]
            assert "160 ms late" in account["why"]

    run(scene)


def asking(*ports: Port, mode: str = "auto") -> Several:
    clock = Simulated(EVEN * 2 * 10**9)
    config = fill.Config(origins=[port.url for port in ports], mode=mode)
    return Several(config, Hub("/nowhere", clock, lambda *_: None, lambda _: None), clock, lambda: 0.0)


def test_with_one_that_gives_its_feed_others_that_do_not_are_left_to_try() -> None:
    async def scene() -> None:
        foreign = Port(lambda connection, _: refuse(connection, 404, "no feed"))
        foreign.open()
        async with origin() as o:
            assert await asking(foreign, o.port).choose() == "push"
        await foreign.close()

    run(scene)


def test_of_origins_that_give_no_feed_objects_are_pulled_even_while_one_is_away() -> None:
    async def scene() -> None:
        foreign = Port(lambda connection, _: refuse(connection, 404, "no feed"))
        foreign.open()
        away = Port(lambda connection, _: None)
        away.open()
        await away.close()
        assert await asking(away, foreign).choose() == "pull"
        await foreign.close()

    run(scene)


@pytest.mark.parametrize(
    "values", [{"origin": "http://a", "origins": ["http://b"]}, {"origins": ["http://a", "http://b"]}]
)
def test_the_origin_is_the_first_of_the_origins(values: dict[str, object]) -> None:
    config = fill.Config.model_validate(values)
    assert config.origin == "http://a"
    assert config.origins == ("http://a", "http://b")
