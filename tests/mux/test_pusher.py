"""The pusher against a real HTTP server on a real socket."""

import asyncio
import threading
from dataclasses import replace

import pytest
from listening_origin import TOKEN, Origin, chunks_of, listening, run
from mux_encoders import Encoded

from ringside.core.boxes import Init, parse_chunk, parse_init
from ringside.core.clock import Wall
from ringside.core.errors import Misconfigured
from ringside.flow.mux.aio import Pusher


def test_a_track_is_one_post_with_its_header_and_every_chunk_as_an_http_chunk(video: Encoded) -> None:
    chunks = chunks_of(video)

    async def scenario() -> None:
        async with listening(Origin()) as origin:
            pusher = Pusher(origin.url, TOKEN, Wall())
            pusher.add_track(video.track)
            for chunk in chunks:
                pusher.send(chunk)
            await pusher.close()
            (request,) = origin.requests
            assert request.line == "POST /ingest/main/v180 HTTP/1.1"
            assert request.headers["authorization"] == f"bearer {TOKEN}"
            assert request.headers["content-type"] == "video/mp4"
            assert request.pieces == [video.track.init, *(chunk.data for chunk in chunks)]
            assert request.ended

    run(scenario)


def test_the_header_goes_ahead_before_there_is_a_chunk(audio: Encoded) -> None:
    async def scenario() -> None:
        async with listening(Origin()) as origin:
            pusher = Pusher(origin.url, TOKEN, Wall())
            pusher.add_track(audio.track)
            await origin.until(lambda: bool(origin.requests and origin.requests[0].pieces))
            assert origin.requests[0].pieces == [audio.track.init]
            await pusher.close()

    run(scenario)


def test_chunks_may_come_from_other_threads(video: Encoded, audio: Encoded) -> None:
    async def scenario() -> None:
        async with listening(Origin()) as origin:
            pusher = Pusher(origin.url, TOKEN, Wall())

            def feed(encoded: Encoded) -> None:
                pusher.add_track(encoded.track)
                for chunk in chunks_of(encoded):
                    pusher.send(chunk)

            threads = [threading.Thread(target=feed, args=(encoded,)) for encoded in (video, audio)]
            for thread in threads:
                thread.start()
            for thread in threads:
                await asyncio.to_thread(thread.join)
            await pusher.close()
            by_line = {request.line: request for request in origin.requests}
            for encoded in (video, audio):
                pieces = by_line[f"POST /ingest/main/{encoded.track.name} HTTP/1.1"].pieces
                assert pieces == [encoded.track.init, *(chunk.data for chunk in chunks_of(encoded))]

    run(scenario)


def test_after_a_broken_connection_it_begins_with_the_header_and_the_segment_it_was_in(video: Encoded) -> None:
    chunks = chunks_of(video)
    header = parse_init(video.track.init)

    async def scenario() -> None:
        async with listening(Origin(hang_up_after=4)) as origin:
            pusher = Pusher(origin.url, TOKEN, Wall())
            pusher.add_track(video.track)
            for chunk in chunks[:3]:
                pusher.send(chunk)
            await origin.until(lambda: origin.hang_up_after == 0)
            for chunk in chunks[3:]:
                pusher.send(chunk)
            await origin.until(lambda: len(origin.requests) > 1)
            await pusher.close()
            init, first, *_ = origin.requests[1].units()
            assert isinstance(init, Init)
            assert init.data == video.track.init
            assert parse_chunk(first.data, header).opens_segment
            assert origin.requests[1].pieces[1:] == [chunk.data for chunk in chunks]

    run(scenario)


def test_who_it_is_and_what_an_origin_answers_to_a_status(video: Encoded) -> None:
    async def scenario() -> None:
        answers: list[str] = []
        async with listening(Origin(says=b'{"source": "b"}\n')) as origin:
            pusher = Pusher(origin.url, TOKEN, Wall(), studio="london; order=1", on_answer=answers.append)
            pusher.send_status(b"{}")
            await origin.until(lambda: bool(answers) or not origin.requests)
            async with asyncio.timeout(5):
                while not answers:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            assert answers == ['{"source": "b"}']
            assert origin.requests[0].headers["ringside-studio"] == "london; order=1"
            await pusher.close()

    run(scenario)


def test_a_new_header_goes_ahead_of_the_chunks_that_need_it(video: Encoded, audio: Encoded) -> None:
    chunks = chunks_of(video)
    other = replace(video.track, init=audio.track.init)

    async def scenario() -> None:
        async with listening(Origin()) as origin:
            pusher = Pusher(origin.url, TOKEN, Wall())
            pusher.add_track(video.track)
            for chunk in chunks[:10]:
                pusher.send(chunk)
            pusher.add_track(other)
            for chunk in chunks[10:]:
                pusher.send(chunk)
            await pusher.close()
            pieces = origin.requests[0].pieces
            assert pieces[0] in (video.track.init, other.init)
            start = pieces.index(other.init, 1)
            assert pieces[start + 1] == chunks[10].data
            assert pieces[start - 1] == chunks[9].data
            assert len(origin.requests) == 1

    run(scenario)


def test_the_status_has_a_connection_of_its_own_that_stays(video: Encoded) -> None:
    async def scenario() -> None:
        async with listening(Origin()) as origin:
            pusher = Pusher(origin.url, TOKEN, Wall())
            for n in range(3):
                pusher.send_status(b'{"n": %d}' % n)
                await origin.until(lambda n=n: len(origin.requests) == n + 1 and origin.requests[n].ended)
            assert [request.pieces for request in origin.requests] == [[b'{"n": %d}' % n] for n in range(3)]
            assert origin.requests[0].line == "POST /ingest/main/status HTTP/1.1"
            await pusher.close()

    run(scenario)


def test_a_token_that_would_break_the_request_is_refused() -> None:
    async def scenario() -> None:
        with pytest.raises(Misconfigured, match="--ingest-token"):
            Pusher("http://127.0.0.1", "a\r\nHost: b", Wall())

    run(scenario)
