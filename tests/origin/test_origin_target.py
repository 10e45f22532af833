"""The target latency: where it is at any instant, what players are told of it, and who may order another."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from origin_wire import Origin, request, serving

from ringside.core.feed import Cache, Document, Expected, Message, Removed
from ringside.flow.origin import Board, Schedule, begun
from ringside.flow.origin.target import LEAD_MS, MS, SLOPE, milliseconds

NOW_NS = 1_790_000_000_500_000_000
NOW_MS = NOW_NS // MS
SECOND_NS = 10**9
START = begun(1.2, NOW_NS)


def run(scene: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(scene(), 30))


def test_an_event_begins_with_the_target_of_its_file() -> None:
    assert Schedule(1_790_000_000, 1200, 1200, 0) == START
    assert START.at(0) == START.at(NOW_NS) == 1200


def test_a_change_begins_two_seconds_after_the_order_and_moves_by_its_slope() -> None:
    up = START.change(3000, NOW_NS)
    assert up == Schedule(1_790_000_001, 1200, 3000, NOW_MS + 2000)
    assert [up.at(NOW_NS + s * SECOND_NS) for s in (0, 2, 3, 47, 1000)] == [1200, 1200, 1240, 3000, 3000]
    down = START.change(800, NOW_NS)
    assert [down.at(NOW_NS + s * SECOND_NS) for s in (2, 7, 12, 13)] == [1200, 1000, 800, 800]


def test_the_same_target_is_no_change() -> None:
    assert START.change(1200, NOW_NS) is START
    moving = START.change(3000, NOW_NS)
    assert moving.change(3000, NOW_NS + 5 * SECOND_NS) is moving


def test_an_order_the_same_way_goes_on_as_it_is_without_a_kink() -> None:
    moving = START.change(3000, NOW_NS)
    later_ns = NOW_NS + 12 * SECOND_NS
    further = moving.change(4000, later_ns)
    assert (further.from_ms, further.at_ms, further.target_ms) == (moving.from_ms, moving.at_ms, 4000)
    assert further.version == moving.version + 1
    nearer = moving.change(1800, later_ns)
    assert nearer.at(later_ns) == moving.at(later_ns) == 1600
    assert nearer.at(later_ns + 60 * SECOND_NS) == 1800


def test_an_order_the_other_way_stops_at_once_and_turns_two_seconds_later() -> None:
    moving = START.change(3000, NOW_NS)
    later_ns = NOW_NS + 12 * SECOND_NS
    back = moving.change(1200, later_ns)
    assert back == Schedule(moving.version + 1, 1600, 1200, NOW_MS + 14_000)
    assert back.at(later_ns) == moving.at(later_ns) == 1600


def test_an_order_that_is_taken_back_before_it_began_moves_nothing() -> None:
    asked = START.change(3000, NOW_NS)
    taken_back = asked.change(1200, NOW_NS + SECOND_NS)
    assert all(taken_back.at(NOW_NS + s * SECOND_NS) == 1200 for s in range(100))


orders = st.lists(st.tuples(st.integers(100, 60_000), st.integers(0, 100_000)), min_size=1, max_size=8)


@given(orders)
def test_nobody_has_to_jump_whatever_is_ordered_and_when(sequence: list[tuple[int, int]]) -> None:
    schedule, now_ns = START, NOW_NS
    for to_ms, wait_ms in sequence:
        now_ns += wait_ms * MS
        before, schedule = schedule, schedule.change(to_ms, now_ns)
        assert schedule.version == before.version + (schedule is not before)
        assert abs(schedule.at(now_ns) - before.at(now_ns)) <= 0.5  # who hears at once
        late_ns = now_ns + LEAD_MS * MS
        assert abs(schedule.at(late_ns) - before.at(late_ns)) <= SLOPE * LEAD_MS + 0.5  # and who hears last
        instants = [now_ns + s * SECOND_NS // 2 for s in range(40)]
        for earlier, later in pairwise(schedule.at(t) for t in instants):
            assert abs(later - earlier) <= SLOPE * 500 + 1e-6
        assert schedule.at(now_ns + 2000 * SECOND_NS) == to_ms


@given(st.builds(Schedule, st.integers(0, 2**40), st.integers(100, 60_000), st.integers(100, 60_000), st.integers(0)))
def test_a_schedule_survives_json(schedule: Schedule) -> None:
    assert Schedule.of(json.loads(json.dumps(schedule.values()))) == schedule


@pytest.mark.parametrize(("seconds", "ms"), [(0.1, 100), (60, 60_000), (1.2, 1200), (2.9999, 3000)])
def test_a_target_is_seconds(seconds: float, ms: int) -> None:
    assert milliseconds(seconds) == ms


@pytest.mark.parametrize(
    "wrong", [0, 0.09, 60.1, -3, float("nan"), float("inf"), 10**400, True, None, "3", [3], {"target_s": 3}]
)
def test_what_is_no_target_is_a_sentence(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"^the target is (a number of seconds|0\.1 to 60 seconds, not )"):
        milliseconds(wrong)


def told(messages: list[Message]) -> dict[str, Any]:
    """What a player reads, by path; all that say it say the same."""
    return {m.path: json.loads(m.body) for m in messages if isinstance(m, Document)}


def test_players_read_the_newest_and_are_held_for_the_next() -> None:
    board = Board("main", START)
    messages = board.begin()
    said = told(messages)
    assert said["/live/main/target.json"] == {
        "version": 1_790_000_000, "from_ms": 1200, "target_ms": 1200, "at_ms": 0, "slope": 0.04,
        "next": "target/1790000001.json",
    }  # fmt: skip
    assert said["/live/main/target/1790000000.json"] == said["/live/main/target.json"]
    assert messages[-1] == Expected("/live/main/target/1790000001.json", 15)
    caches = {m.path: m.cache for m in messages if isinstance(m, Document)}
    assert caches["/live/main/target.json"] is Cache.SHORT
    assert caches["/live/main/target/1790000000.json"] is Cache.IMMUTABLE


def test_an_order_is_told_by_the_name_that_players_are_held_for() -> None:
    board = Board("main", START)
    messages = board.order(3000, NOW_NS)
    assert told(messages)["/live/main/target/1790000001.json"]["next"] == "target/1790000002.json"
    assert Expected("/live/main/target/1790000002.json", 15) in messages
    assert board.order(3000, NOW_NS) == []


def test_old_versions_go_in_time() -> None:
    board, there = Board("main", START), set[str]()
    for n in range(100):
        for message in board.begin() if not n else board.order(1000 + n, NOW_NS + n * SECOND_NS):
            if isinstance(message, Document):
                there.add(message.path)
            elif isinstance(message, Removed):
                there.discard(message.path)
    assert len(there) == 9
    assert f"/live/main/target/{board.schedule.version}.json" in there


def test_the_status_says_where_the_target_is_now() -> None:
    board = Board("main", START)
    board.order(3000, NOW_NS)
    assert board.describe(NOW_NS + 3 * SECOND_NS) == {
        "now_ms": 1240, "version": 1_790_000_001, "from_ms": 1200, "target_ms": 3000, "at_ms": NOW_MS + 2000,
        "slope": 0.04,
    }  # fmt: skip


def put(origin: Origin, body: bytes, method: str = "PUT", **more: str) -> bytes:
    return origin.head("/ingest/main/target", method, f"Content-Length: {len(body)}\r\n", **more) + body


def test_who_has_the_token_may_order_a_target_over_http() -> None:
    async def scene() -> None:
        async with serving() as origin:
            board = Board("main", START)

            def aim(to_ms: int) -> dict[str, Any]:
                board.order(to_ms, NOW_NS)
                return board.describe(NOW_NS)

            origin.server.on_target = aim
            status, said = await request(origin, put(origin, b'{"target_s": 3}'))
            assert (status, json.loads(said)["target_ms"]) == (200, 3000)
            status, said = await request(origin, put(origin, b'{"target_s": 0.5}', "POST"))
            assert (status, json.loads(said)["version"]) == (200, 1_790_000_002)
            assert board.schedule.target_ms == 500
            assert (await request(origin, put(origin, b'{"target_s": 3}', auth="")))[0] == 401
            assert board.schedule.target_ms == 500

    run(scene)


@pytest.mark.parametrize(
    "body", [b"", b"3", b"[3]", b"{", b"{}", b'{"target_s": "3"}', b'{"target_s": 0}', b"\xff" * 9]
)
def test_an_order_that_is_none_is_refused_with_a_sentence(body: bytes) -> None:
    async def scene() -> None:
        async with serving() as origin:
            ordered: list[int] = []
            origin.server.on_target = lambda to_ms: {"ms": ordered.append(to_ms)}
            status, said = await request(origin, put(origin, body))
            assert status == 400
            assert said.startswith(("a target is a JSON object", "the target is "))
            assert ordered == []

    run(scene)


def test_an_order_of_many_megabytes_is_not_gathered() -> None:
    async def scene() -> None:
        async with serving() as origin:
            origin.server.on_target = lambda _: {}
            assert (await request(origin, put(origin, b" " * 300_000)))[0] == 413

    run(scene)
