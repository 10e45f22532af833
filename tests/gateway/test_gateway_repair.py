"""Bytes that the group did not give, asked for over HTTP of servers that are as good and as bad as they can be."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from ringside.flow.relay.gateway.actions import Ask
from ringside.flow.relay.gateway.repair import Pieces, Repair, open_session

BODY = bytes(range(256)) * 400
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def ask(*ranges: tuple[int, int], attempt: int = 0, patience_s: float = 5, path: str = "/live/main/v1/7.m4s") -> Ask:
    return Ask(1, path, ranges, attempt, int(patience_s * 1e9))


async def ranged(request: web.Request) -> web.StreamResponse:
    first, end = (int(each) for each in request.headers["Range"].removeprefix("bytes=").split("-"))
    fields = {"Content-Range": f"bytes {first}-{end}/*"}
    return web.Response(status=206, body=BODY[first : end + 1], headers=fields)


async def whole(request: web.Request) -> web.StreamResponse:
    return web.Response(body=BODY)


async def endless(request: web.Request) -> web.StreamResponse:
    """A segment that still grows: the answer never ends."""
    answer = web.StreamResponse()
    await answer.prepare(request)
    await answer.write(BODY)
    await asyncio.sleep(60)
    return answer


async def another(request: web.Request) -> web.StreamResponse:
    return web.Response(status=206, body=BODY[:100], headers={"Content-Range": "bytes 0-99/*"})


async def unnamed(request: web.Request) -> web.StreamResponse:
    return web.Response(status=206, body=BODY[:100])


async def short(request: web.Request) -> web.StreamResponse:
    return web.Response(body=BODY[:150])


async def packed(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})


async def missing(request: web.Request) -> web.StreamResponse:
    raise web.HTTPNotFound


async def elsewhere(request: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("http://127.0.0.1:1/")


async def silent(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(60)
    return web.Response()


async def flood(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(status=206, headers={"Content-Range": "bytes 100-199/*"})
    await answer.prepare(request)
    for _ in range(10_000):
        await answer.write(BODY)
    return answer


def fetched(handler: Handler, *questions: Ask, before: tuple[str, ...] = ()) -> tuple[list[Pieces], Repair]:
    """What the questions bring from a server that answers so, after the bases `before` it."""

    async def scene() -> tuple[list[Pieces], Repair]:
        app = web.Application()
        app.router.add_get("/{path:.*}", handler)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            async with open_session() as session:
                repair = Repair(session, (*before, f"http://127.0.0.1:{runner.addresses[0][1]}"))
                return [await repair.fetch(each) for each in questions], repair
        finally:
            await runner.cleanup()

    return asyncio.run(asyncio.wait_for(scene(), 20))


@pytest.mark.parametrize("handler", [ranged, whole, endless])
def test_ranges_come_as_they_lie_in_the_resource(handler: Handler) -> None:
    (pieces,), _ = fetched(handler, ask((100, 200), (5000, 5001), (90_000, 100_000)))
    assert pieces == [(first, BODY[first:end]) for first, end in ((100, 200), (5000, 5001), (90_000, 100_000))]


@pytest.mark.parametrize("handler", [another, unnamed, short, packed, missing, elsewhere])
def test_an_answer_that_is_not_what_was_asked_for_is_nothing(handler: Handler) -> None:
    answers, repair = fetched(handler, ask((100, 200)))
    assert (answers, repair.asked, repair.failed) == ([[]], 1, 1)


def test_an_answer_that_does_not_come_in_time_is_nothing() -> None:
    (pieces,), _ = fetched(silent, ask((100, 200), patience_s=0.1))
    assert pieces == []


def test_of_a_flood_no_more_is_taken_than_was_asked_for() -> None:
    (pieces,), _ = fetched(flood, ask((100, 200)))
    assert pieces == [(100, BODY[:100])]


def test_the_next_attempt_asks_the_next_base() -> None:
    answers, _ = fetched(
        ranged, ask((0, 9)), ask((0, 9), attempt=1), ask((0, 9), attempt=2), before=("http://127.0.0.1:1",)
    )
    assert answers == [[], [(0, BODY[:9])], []]
