"""The pusher and origins that are away, sick, frozen, or several; each a real HTTP server on a real socket."""

import asyncio
import socket

import pytest
from listening_origin import TOKEN, Origin, away, chunks_of, listening, run
from mux_encoders import Encoded

from ringside.core.clock import Wall
from ringside.core.errors import Misconfigured
from ringside.core.media import Chunk
from ringside.flow.mux.aio import Pusher, origins_of
from ringside.flow.mux.ingest import Refused, is_own_ghost


def test_an_origin_that_is_not_there_yet_is_found_when_it_comes(video: Encoded) -> None:
    chunks = chunks_of(video)

    async def scenario() -> None:
        origin = await away()
        pusher = Pusher(origin.url, TOKEN, Wall())
        pusher.add_track(video.track)
        for chunk in chunks:
            pusher.send(chunk)
        await asyncio.sleep(0)
        port = int(origin.url.rpartition(":")[2])
        server = await asyncio.start_server(origin.serve, "127.0.0.1", port)
        await origin.until(lambda: bool(origin.requests) and len(origin.requests[0].pieces) == 1 + len(chunks))
        await pusher.close()
        server.close()

    run(scenario)


@pytest.mark.parametrize(
    ("status", "sentence"),
    [(401, "refused the ingest token"), (403, "refused the ingest token"), (409, "has another publisher already")],
)
def test_a_refusal_is_one_clear_sentence_and_is_not_retried(video: Encoded, status: int, sentence: str) -> None:
    async def scenario() -> None:
        async with listening(Origin(status=status, refuse_at_once=True)) as origin:
            pusher = Pusher(origin.url, TOKEN, Wall())
            pusher.add_track(video.track)
            with pytest.raises(Refused, match=sentence) as refused:
                await pusher.watch()
            assert origin.url in str(refused.value)
            assert str(refused.value).endswith(" (no)")  # the origin's own words
            for chunk in chunks_of(video):
                pusher.send(chunk)
            await pusher.close()
            assert len(origin.requests) == 1

    run(scenario)


def test_a_sick_origin_is_tried_again(video: Encoded) -> None:
    async def scenario() -> None:
        async with listening(Origin(status=503, refuse_at_once=True)) as origin:
            pusher = Pusher(origin.url, TOKEN, Wall())
            pusher.add_track(video.track)
            await origin.until(lambda: len(origin.requests) == 2)
            origin.refuse_at_once, origin.status = False, 200
            await origin.until(lambda: bool(origin.requests[-1].pieces))
            assert origin.requests[-1].pieces[0] == video.track.init
            await pusher.close()
            assert origin.requests[-1].ended

    run(scenario)


def test_an_origin_that_stays_away_costs_bounded_memory_and_counted_drops(video: Encoded) -> None:
    chunks = chunks_of(video)

    async def scenario() -> None:
        origin = await away()
        pusher = Pusher(origin.url, TOKEN, Wall())
        pusher.add_track(video.track)
        for round_number in range(20):
            for chunk in chunks:
                number = chunk.number + 2 * round_number
                pusher.send(Chunk(chunk.track, number, chunk.part, 0, 0, True, False, chunk.data))
        await asyncio.sleep(0)
        dropped = pusher.metrics.values[pusher.metrics.key("ingest_dropped_chunks_total", track="v180")]
        assert dropped == 20 * len(chunks) - 5 * 10
        await pusher.close(within_s=0.01)

    run(scenario)


def test_of_two_origins_one_that_hangs_or_refuses_never_touches_the_other(video: Encoded) -> None:
    chunks = chunks_of(video)

    async def scenario() -> None:
        async with listening(Origin()) as well, listening(Origin(status=401, refuse_at_once=True)) as sick:
            with socket.create_server(("127.0.0.1", 0)) as frozen:  # it accepts, and takes nothing
                urls = [f"http://127.0.0.1:{frozen.getsockname()[1]}", sick.url, well.url]
                pusher = Pusher(urls, TOKEN, Wall())
                pusher.add_track(video.track)
                for _ in range(20):
                    for chunk in chunks:
                        pusher.send(chunk)
                await well.until(lambda: len(well.requests) == 1 and len(well.requests[0].pieces) > 20 * len(chunks))
                watching = asyncio.ensure_future(pusher.watch())
                await asyncio.sleep(0)
                assert not watching.done()  # there is still one to push to
                assert len(sick.requests) == 1
                await pusher.close(within_s=0.05)
                await watching
            assert well.requests[0].ended

    run(scenario)


def test_an_origin_that_hangs_up_again_and_again_is_tried_for_ever(video: Encoded) -> None:
    chunks = chunks_of(video)

    async def scenario() -> None:
        async with listening(Origin(hang_up_after=3)) as origin:
            pusher = Pusher(origin.url, TOKEN, Wall())
            pusher.add_track(video.track)
            watching = asyncio.ensure_future(pusher.watch())
            for round_number in range(4):
                origin.hang_up_after = 3  # in the midst of what it is sent again
                for chunk in chunks:
                    pusher.send(chunk)
                await origin.until(lambda n=round_number: len(origin.requests) > n + 1)
                assert not watching.done()
            await origin.until(lambda: len(origin.requests[-1].pieces) > len(chunks))
            await pusher.close()
            await watching

    run(scenario)


def test_only_when_every_origin_refuses_is_it_refused(video: Encoded) -> None:
    async def scenario() -> None:
        refusing = Origin(status=403, refuse_at_once=True), Origin(status=401, refuse_at_once=True)
        async with listening(refusing[0]) as one, listening(refusing[1]) as other:
            pusher = Pusher([one.url, other.url], TOKEN, Wall())
            pusher.add_track(video.track)
            with pytest.raises(Refused):
                await pusher.watch()
            await pusher.close()

    run(scenario)


@pytest.mark.parametrize(
    ("urls", "sentence"),
    [
        (["http://a", "http://b", "http://a/"], "named twice"),
        ([f"http://{name}" for name in "abcde"], "too many"),
        ([], "--to is missing"),
    ],
)
def test_origins_that_cannot_be_pushed_to_together_are_refused(urls: list[str], sentence: str) -> None:
    with pytest.raises(Misconfigured, match=sentence):
        origins_of(urls, TOKEN, "main")


def test_after_a_break_an_origin_that_still_sees_the_old_connection_is_asked_again() -> None:
    busy, token = Refused(409, "busy"), Refused(401, "no")
    assert is_own_ghost(busy, request_s=0.1, welcome_s_ago=5)
    assert not is_own_ghost(busy, request_s=0.1, welcome_s_ago=1e9)  # it was somebody else from the start
    assert not is_own_ghost(busy, request_s=60, welcome_s_ago=0)  # somebody took over
    assert not is_own_ghost(busy, request_s=0.1, welcome_s_ago=50)  # too long for a ghost
    assert not is_own_ghost(token, request_s=0.1, welcome_s_ago=5)


@pytest.mark.parametrize("url", ["https://origin", "origin:8080", "http://", "http://origin:99999"])
def test_an_origin_that_is_no_plain_http_url_is_refused_by_name(url: str) -> None:
    async def scenario() -> None:
        with pytest.raises(Misconfigured, match="--to "):
            Pusher(url, TOKEN, Wall())

    run(scenario)
