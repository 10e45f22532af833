"""The pusher against a real HTTP server on a real socket."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
from mux_encoders import TIMELINE, Encoded

from ringside.core.boxes import Init, Raw, Splitter, parse_chunk, parse_init
from ringside.core.clock import Wall
from ringside.core.errors import Misconfigured
from ringside.core.media import Chunk
from ringside.flow.mux import Segmenter
from ringside.flow.mux.aio import Pusher, origins_of
from ringside.flow.mux.ingest import Refused, is_own_ghost

TOKEN = "sesame"


@dataclass
class Request:
    """What the origin saw of one request."""

    line: str
    headers: dict[str, str]
    pieces: list[bytes] = field(default_factory=list)
    ended: bool = False

    def units(self) -> list[Init | Raw]:
        splitter = Splitter()
        return [unit for piece in self.pieces for unit in splitter.feed(piece)]


@dataclass
class Origin:
    """An origin that only listens: keeps requests, answers as told, and may hang up after so many HTTP chunks."""

    status: int = 200
    hang_up_after: int = 0
    refuse_at_once: bool = False
    says: bytes = b""
    requests: list[Request] = field(default_factory=list)
    url: str = ""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._request(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.changed.set()
            writer.close()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        request = Request(head[0], headers)
        self.requests.append(request)
        if self.refuse_at_once:
            writer.write(b"HTTP/1.1 %d No\r\nContent-Length: 3\r\n\r\nno\n" % self.status)
            return False
        if "content-length" in headers:
            request.pieces.append(await reader.readexactly(int(headers["content-length"])))
        else:
            while piece := await self._http_chunk(reader):
                request.pieces.append(piece)
                self.changed.set()
                if self.hang_up_after and len(request.pieces) >= self.hang_up_after:
                    self.hang_up_after = 0
                    return False
        request.ended = True
        self.changed.set()
        head = b"HTTP/1.1 %d Answer\r\nContent-Length: %d\r\n\r\n" % (self.status, len(self.says))
        writer.write(head + self.says)
        return True

    @staticmethod
    async def _http_chunk(reader: asyncio.StreamReader) -> bytes:
        size = int(await reader.readline(), 16)
        piece = await reader.readexactly(size)
        assert await reader.readexactly(2) == b"\r\n"
        return piece

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until the requests satisfy `condition`."""
        async with asyncio.timeout(10):
            while not condition():
                self.changed.clear()
                if not condition():
                    await self.changed.wait()


@asynccontextmanager
async def listening(origin: Origin):
    server = await asyncio.start_server(origin.serve, "127.0.0.1", 0)
    origin.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield origin
    finally:
        server.close()


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(20):
            await scenario()

    asyncio.run(bounded())


def chunks_of(encoded: Encoded) -> list[Chunk]:
    segmenter = Segmenter(encoded.track, encoded.grid, TIMELINE)
    return [chunk for frame in encoded.frames for chunk in segmenter.push(frame)]


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


def test_an_origin_that_is_not_there_yet_is_found_when_it_comes(video: Encoded) -> None:
    chunks = chunks_of(video)

    async def scenario() -> None:
        origin = Origin()
        async with listening(origin):
            pass
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
        origin = Origin()
        async with listening(origin):
            pass
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


def test_a_token_that_would_break_the_request_is_refused() -> None:
    async def scenario() -> None:
        with pytest.raises(Misconfigured, match="--ingest-token"):
            Pusher("http://127.0.0.1", "a\r\nHost: b", Wall())

    run(scenario)
