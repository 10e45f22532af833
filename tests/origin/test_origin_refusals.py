"""The ingest server over real sockets: what is wrong with what is sent is told, and the event stays on the air."""

import asyncio

import pytest
from origin_kit import AUDIO, VIDEO
from origin_wire import AUDIO_TRACK, AUTH, TOKEN, VIDEO_TRACK, Wire, current, media, publishing, request, run, serving

GARBAGE = [
    (b"this is not media at all, whatever the length of it may be" * 4, 400),
    (VIDEO_TRACK.init + b"\0\0\0\x08moof\0\0\0\x08mdat", 400),
    (b"\xff\xff\xff\xffmoof", 400),
    (b"\0\0\0\1mdat\xff\xff\xff\xff\xff\xff\xff\xff", 400),
    (VIDEO_TRACK.init.replace(b"avc1", b"vp09"), 415),
    (VIDEO_TRACK.init.replace(b"mvex", b"free"), 415),
    (VIDEO_TRACK.init.replace(b"vide", b"text"), 415),
]


@pytest.mark.parametrize(("body", "expected"), GARBAGE)
def test_garbage_is_refused_in_a_sentence_and_the_event_stays_on_the_air(body: bytes, expected: int) -> None:
    async def test() -> None:
        async with serving() as origin:
            first = await publishing(origin)
            wire = await Wire.to(origin)
            await wire.send(origin.head("/ingest/main/other"))
            await wire.chunk(body)
            status, sentence = await wire.answer()
            assert status == expected
            assert sentence.startswith("track other: ")
            assert "\n" not in sentence
            assert await wire.closed()
            assert list(origin.publisher.lanes) == ["v180"]
            await first.chunk(media(VIDEO_TRACK, VIDEO, current(origin), 1))
            await origin.wait(lambda: origin.publisher.lanes["v180"].window.next[1] == 2)

    run(test())


def test_a_body_that_ends_in_the_middle_of_a_box_is_refused() -> None:
    async def test() -> None:
        async with serving() as origin:
            body = VIDEO_TRACK.init[:-1]
            raw = origin.head("/ingest/main/v180", extra=f"Content-Length: {len(body)}\r\n") + body
            assert await request(origin, raw) == (400, "track v180: the request ends in the middle of a box")

    run(test())


def test_media_before_its_header_is_refused() -> None:
    async def test() -> None:
        async with serving() as origin:
            wire = await Wire.to(origin)
            await wire.send(origin.head("/ingest/main/v180"))
            await wire.chunk(media(VIDEO_TRACK, VIDEO, current(origin), 0))
            assert await wire.answer() == (400, "track v180: media came before its CMAF header; send the header first")
            wire.close()

    run(test())


def test_what_came_before_a_fault_is_not_lost() -> None:
    async def test() -> None:
        async with serving() as origin:
            number, wire = current(origin), await Wire.to(origin)
            await wire.send(origin.head("/ingest/main/v180"))
            good = media(VIDEO_TRACK, VIDEO, number, 0) + media(VIDEO_TRACK, VIDEO, number, 1)
            bad = media(VIDEO_TRACK, VIDEO, number, 2).replace(b"tfdt", b"free")
            await wire.chunk(VIDEO_TRACK.init + good + bad)
            assert (await wire.answer())[0] == 400
            assert origin.edge.read(f"/live/main/v180/{number}.m4s") == good
            wire.close()

    run(test())


def test_sound_may_not_take_the_name_of_a_picture() -> None:
    async def test() -> None:
        async with serving() as origin:
            (await publishing(origin)).close()
            await origin.wait(lambda: not origin.server.connections)
            wire = await Wire.to(origin)
            await wire.send(origin.head("/ingest/main/v180"))
            await wire.chunk(AUDIO_TRACK.init, media(AUDIO_TRACK, AUDIO, current(origin), 0))
            assert await wire.answer() == (409, "track v180 carries video; audio needs a track name of its own")
            wire.close()

    run(test())


def test_an_event_has_a_limited_number_of_tracks() -> None:
    async def test() -> None:
        async with serving(max_tracks=2) as origin:
            wires = [await Wire.to(origin) for _ in range(3)]
            for i, wire in enumerate(wires):
                await wire.send(origin.head(f"/ingest/main/t{i}"))
                await wire.chunk(VIDEO_TRACK.init)
            assert await wires[2].answer() == (409, "event main already has 2 tracks; t2 is one too many")
            for wire in wires:
                wire.close()

    run(test())


HEAD = f"POST /ingest/main/v180 HTTP/1.1\r\nHost: x\r\n{AUTH}"
ATTACKS = [
    (HEAD + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (HEAD + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
    (HEAD + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400),
    (HEAD + "Content-Length: -5\r\n\r\n", 400),
    (HEAD + "Content-Length: 5, 5\r\n\r\nhello", 400),
    (HEAD + "Transfer-Encoding: gzip\r\n\r\n", 400),
    (HEAD + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    (HEAD + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    (HEAD + "Transfer-Encoding: chunked\r\n\r\n1;a\nb\r\nx\r\n0\r\n\r\n", 400),
    (HEAD + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", 400),
    (HEAD + "Bad Header: x\r\n\r\n", 400),
    (HEAD + "Upgrade: websocket\r\nConnection: upgrade\r\n\r\n", 400),
    (HEAD + "X: " + "x" * 20_000 + "\r\n\r\n", 431),
    (HEAD + "".join(f"X-{i}: y\r\n" for i in range(80)) + "\r\n", 431),
    (f"POST /ingest/main/{'v' * 20_000} HTTP/1.1\r\n{AUTH}\r\n", 431),
    (f"POST /ingest/main/%2e%2e/v HTTP/1.1\r\nHost: x\r\n{AUTH}Content-Length: 0\r\n\r\n", 400),
    (f"GET /ingest/main/v180 HTTP/1.1\r\nHost: x\r\n{AUTH}\r\n", 405),
    ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
]


@pytest.mark.parametrize(("raw", "expected"), ATTACKS)
def test_malformed_http_is_answered_and_closed(raw: str, expected: int) -> None:
    async def test() -> None:
        async with serving() as origin:
            wire = await Wire.to(origin)
            await wire.send(raw.encode("latin-1"))
            assert (await wire.answer())[0] == expected
            assert await wire.closed()
            assert not origin.publisher.lanes

    run(test())


def test_a_head_that_never_ends_is_closed_with_408() -> None:
    async def test() -> None:
        async with serving() as origin:
            wire = await Wire.to(origin)
            await wire.send(b"POST /ingest/main/v180 HTTP/1.1\r\nHo")
            await origin.wait(lambda: origin.server.connections)
            (connection,) = origin.server.connections
            await asyncio.sleep(0.05)
            now_s = asyncio.get_running_loop().time()
            connection.check_deadline(now_s + 9)
            assert origin.server.connections
            connection.check_deadline(now_s + 11)
            assert (await wire.answer())[0] == 408
            assert await wire.closed()

    run(test())


def test_a_silent_connection_is_closed() -> None:
    async def test() -> None:
        async with serving() as origin:
            wire = await publishing(origin)
            (connection,) = origin.server.connections
            connection.check_deadline(asyncio.get_running_loop().time() + 31)
            assert await wire.closed()
            assert not origin.server.connections

    run(test())


def test_a_declared_length_costs_no_memory() -> None:
    async def test() -> None:
        async with serving() as origin:
            wire = await Wire.to(origin)
            await wire.send(origin.head("/ingest/main/v180"))
            await wire.chunk(VIDEO_TRACK.init, b"\x7f\xff\xff\xffmoof")
            status, sentence = await wire.answer()
            assert status == 400
            assert TOKEN not in sentence
            wire.close()

    run(test())
