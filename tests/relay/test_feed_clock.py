"""How far an edge's clock is from its origin's: what is known, how exactly, and when it is worth a warning."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import pytest
from edge_house import NOW_NS, Viewer, house, run, until
from hypothesis import given
from hypothesis import strategies as st
from pull_house import Origin

from ringside.core.clock import Simulated
from ringside.flow.relay.edge import Config
from ringside.flow.relay.edge.aio import Edge
from ringside.flow.relay.edge.special import iso
from ringside.flow.relay.fill.aio import Filler
from ringside.flow.relay.fill.apart import EVERY_S, MS, SELDOM_S, Apart, Sample, sentence, unix_ns
from ringside.flow.relay.fill.comparing import ask
from ringside.flow.relay.fill.config import Config as Filling


def sample(ahead_ms: float, there_ms: float, back_ms: float, at_ms: int = 0) -> Sample:
    """What a clock that is `ahead_ms` ahead sees of an answer with these ways."""
    asked_ns = NOW_NS + at_ms * MS
    came_ns = asked_ns + int((there_ms + back_ms) * MS)
    return Sample(asked_ns, asked_ns + int((there_ms - ahead_ms) * MS), came_ns)


def taken(*samples: Sample) -> Apart:
    apart = Apart()
    for each in samples:
        apart.take(each)
    return apart


def test_before_an_answer_nothing_is_known() -> None:
    assert taken().describe() == {}
    assert not taken().far


def test_the_answer_with_the_least_round_trip_counts() -> None:
    apart = taken(sample(3, 80, 2), sample(3, 1, 1, 5000), sample(3, 2, 200, 10_000))
    assert apart.describe() == {"clock_ahead_ms": 3.0, "clock_within_ms": 1.0, "clock_far": False}


@given(st.floats(-5000, 5000), st.lists(st.tuples(st.floats(0, 400), st.floats(0, 400)), min_size=1, max_size=30))
def test_the_truth_is_always_within_what_is_told_and_nobody_is_warned_in_vain(
    ahead_ms: float, ways: list[tuple[float, float]]
) -> None:
    apart = taken(*(sample(ahead_ms, *way, at_ms=5000 * n) for n, way in enumerate(ways)))
    told = apart.describe()
    assert abs(told["clock_ahead_ms"] - ahead_ms) <= told["clock_within_ms"] + 0.02
    if abs(ahead_ms) < 30:
        assert not apart.far
    if abs(ahead_ms) > 50 and min(there + back for there, back in ways[-12:]) < abs(ahead_ms) - 50:
        assert apart.far


def test_a_clock_that_is_near_the_limit_warns_once_and_not_in_turns() -> None:
    apart, warned = Apart(), []
    for n, ahead_ms in enumerate((60, 45, 55, 40, 52) * 12):
        apart.take(sample(ahead_ms, 0.5 - n / 1000, 0.5 - n / 1000, 5000 * n))
        warned.append(apart.far)
    assert all(warned)
    assert sentence(apart.describe()) == "this machine's clock is 52 ms ahead of the origin's"
    for n in range(20):
        apart.take(sample(-2, 0.1, 0.1, 10**6 + 5000 * n))
    assert not apart.far
    assert sentence(apart.describe()) == "this machine's clock is right again"


def test_the_same_answer_again_is_a_cache_s_and_none() -> None:
    first = sample(0, 1, 1)
    again = Sample(first.asked_ns + 5000 * MS, first.origin_ns, first.asked_ns + 5001 * MS)
    assert taken(first, again).describe()["clock_ahead_ms"] == 0


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("2026-09-21T14:13:20.000001Z", NOW_NS + 1000),
        ("2026-09-21T14:13:20Z", NOW_NS),
        ("2026-09-21T16:13:20.5+02:00", NOW_NS + 500 * MS),
        (iso(NOW_NS + 999_999_000), NOW_NS + 999_999_000),
    ],
)
def test_a_time_is_read_to_the_microsecond(text: str, ns: int) -> None:
    assert unix_ns(text) == ns


def test_where_there_is_no_such_clock_it_is_asked_for_seldom_and_what_is_known_stays() -> None:
    apart = Apart()
    assert apart.take(sample(-75, 1, 1)) == EVERY_S
    assert apart.take(None) == SELDOM_S > EVERY_S
    assert sentence(apart.describe()) == "this machine's clock is 75 ms behind the origin's"


async def answer(manner: Any, ahead_ms: int = 0) -> Sample | None:
    """What is made of an origin's answer to `/clock`."""
    origin = Origin({"/clock": manner})
    server = await asyncio.start_server(origin.serve, "127.0.0.1", 0)
    try:
        async with aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/clock"
            return await ask(session, url, Simulated(NOW_NS + ahead_ms * MS))
    finally:
        server.close()


def test_an_origin_s_clock_is_compared_with_ours() -> None:
    async def scene() -> None:
        found = await answer(lambda asked: asked.answer(iso(NOW_NS).encode()), ahead_ms=180)
        assert found is not None
        assert (found.ahead_ns, found.trip_ns) == (180 * MS, 0)

    run(scene)


@pytest.mark.parametrize(
    "manner",
    [
        lambda asked: asked.answer(b"no such thing", 404),
        lambda asked: asked.answer(b"", 302, Location="/login"),
        lambda asked: asked.answer(b"<html>"),
        lambda asked: asked.answer(b""),
        lambda asked: asked.answer(b"\xff" * 100),
        lambda asked: asked.answer(b"99999-01-01T00:00:00Z"),
        lambda asked: asked.answer(iso(NOW_NS).encode(), Age="3"),
    ],
)
def test_what_is_no_clock_is_none(manner: Any) -> None:
    async def scene() -> None:
        assert await answer(manner) is None

    run(scene)


def test_a_filler_told_to_pull_compares_its_clock_and_tells() -> None:
    async def scene() -> None:
        origin = Origin({"/clock": lambda asked: asked.answer(iso(NOW_NS).encode())})
        server = await asyncio.start_server(origin.serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ended, told = asyncio.Event(), list[dict[str, Any]]()
        with TemporaryDirectory() as folder:
            filling, clock = Filling(origin=url, mode="pull"), Simulated(NOW_NS - 75 * MS)
            filler = Filler(filling, Path(folder) / "feed", clock, lambda _: None, told.append)
            task = asyncio.ensure_future(filler.serve(ended.wait))  # type: ignore[arg-type]
            await until(lambda: filler.apart.far)
            assert filler.describe()["clock_ahead_ms"] == -75
            assert filler.describe()["clock_far"]
            ended.set()
            await task
        server.close()

    run(scene)


def test_the_clock_is_read_for_each_request_and_never_kept(  # over HTTP/2 and TLS: test_h2, test_tls
) -> None:
    async def scene() -> None:
        async with house() as h:
            viewer = await h.viewer()
            for n in range(3):
                status, fields, body = await viewer.get("/clock?n=1")
                assert (status, body.decode()) == (200, iso(h.clock.now_ns()))
                assert unix_ns(body.decode()) == NOW_NS + n * 1000
                assert fields["cache-control"] == "no-store"
                assert not fields.keys() & {"etag", "age", "expires", "vary"}
                status, fields, _ = await viewer.get("/clock", "HEAD")
                assert (status, fields["content-length"]) == (200, "27")
                h.clock.advance_ns(1000)
            viewer.send(b"GET /clock HTTP/1.1\r\nHost: a\r\nIf-None-Match: *\r\nRange: bytes=0-3\r\n\r\n" * 2)
            for _ in range(2):
                assert (await viewer.answer())[2].decode() == iso(h.clock.now_ns())

    run(scene)


def test_an_edge_that_pulls_answers_for_its_own_clock(tmp_path: Path) -> None:
    async def scene() -> None:
        edge = Edge(Config(host="127.0.0.1", port=0, cache=True, pull=True), [], Simulated(NOW_NS))
        await edge.start()
        viewer = await Viewer.connect(edge.port)
        assert (await viewer.get("/clock"))[2].decode() == iso(NOW_NS)
        assert not edge.asking
        await edge.stop(0.1)

    run(scene)
