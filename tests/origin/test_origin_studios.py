"""Several studios over real sockets: who may hold a track, who is refused, and what an origin says of them."""

import json
from typing import Any

import pytest
from origin_kit import VIDEO
from origin_wire import AUTH, TOKEN, VIDEO_TRACK, Origin, Wire, current, media, publishing, request, run, serving

from ringside.core.boxes import Mark, parse_chunk, parse_init, retime, write_mark
from ringside.core.media import Chunk
from ringside.flow.mux.aio import Pusher
from ringside.flow.origin.aio import IngestServer

PATH = "/ingest/main/v180"
LONDON = "Ringside-Studio: london\r\n"


async def sending(origin: Origin, studio: str, *chunks: bytes) -> Wire:
    """A request of a studio that has sent its header and these chunks."""
    wire = await Wire.to(origin)
    await wire.send(origin.head(PATH, extra=f"Transfer-Encoding: chunked\r\nRingside-Studio: {studio}\r\n"))
    await wire.chunk(VIDEO_TRACK.init, *chunks)
    return wire


def rows(origin: Origin) -> dict[str, dict[str, Any]]:
    """What is said of each studio of the track."""
    described = origin.server.describe()["tracks"].get("v180", {"candidates": []})
    return {row["studio"]: row for row in described["candidates"]}


def part(number: int, index: int) -> bytes:
    return media(VIDEO_TRACK, VIDEO, number, index)


def test_two_named_studios_hold_a_track_together_and_the_first_in_order_is_on_the_air() -> None:
    async def test() -> None:
        async with serving(select_wait_s=5) as origin:
            number = current(origin)
            first = await sending(origin, "london; order=0", part(number, 0))
            await origin.wait(lambda: rows(origin))
            second = await sending(origin, "paris; order=1", part(number, 0), write_mark(part(number, 1), Mark.BLACK))
            await origin.wait(lambda: rows(origin).get("paris", {}).get("chunks") == 2)
            assert origin.publisher.lanes["v180"].window.next == (number, 1)  # the part of paris waits for london's
            assert {name: row["on_air"] for name, row in rows(origin).items()} == {"london": True, "paris": False}
            assert rows(origin)["paris"]["marks"]["black"] == 1
            first.close()
            await origin.wait(lambda: origin.publisher.lanes["v180"].window.next == (number, 2))
            assert rows(origin)["london"]["state"] == "gone"
            assert origin.server.describe()["switches"] == 1
            second.close()

    run(test())


def test_a_part_of_a_lower_studio_is_published_when_it_has_waited_long_enough() -> None:
    async def test() -> None:
        async with serving(select_wait_s=0.1) as origin:
            number = current(origin)
            first = await sending(origin, "london", part(number, 0))
            await origin.wait(lambda: rows(origin))
            second = await sending(origin, "paris; order=1", part(number, 0), part(number, 1))
            await origin.wait(lambda: origin.publisher.lanes["v180"].window.next == (number, 2))
            assert rows(origin)["london"]["late"] == 1
            for wire in (first, second):
                wire.close()

    run(test())


@pytest.mark.parametrize(
    ("holder", "newcomer", "words"),
    [
        (LONDON, "Ringside-Studio: london; order=3\r\n", "a studio named london; give this one another --name"),
        (LONDON, "", "a studio named london"),
        ("", LONDON, "somebody else"),
    ],
)  # fmt: skip
def test_neither_a_namesake_nor_who_has_no_name_shares_a_track(holder: str, newcomer: str, words: str) -> None:
    async def test() -> None:
        async with serving() as origin:
            wire = await Wire.to(origin)
            await wire.send(origin.head(PATH, extra=f"Transfer-Encoding: chunked\r\n{holder}"))
            await wire.chunk(VIDEO_TRACK.init, part(current(origin), 0))
            await origin.wait(lambda: "v180" in origin.publisher.lanes)
            raw = origin.head(PATH, extra=f"Transfer-Encoding: chunked\r\n{newcomer}")
            status, sentence = await request(origin, raw)
            assert status == 409
            assert words in sentence
            wire.close()

    run(test())


def test_a_fifth_studio_is_one_too_many() -> None:
    async def test() -> None:
        async with serving() as origin:
            wires = [await sending(origin, f"studio-{n}") for n in range(4)]
            raw = origin.head(PATH, extra="Transfer-Encoding: chunked\r\nRingside-Studio: studio-4\r\n")
            assert await request(origin, raw) == (409, "track v180 already has 4 studios")
            wires[0].close()
            await origin.wait(lambda: len(origin.server.connections) == 3)
            wires.append(await sending(origin, "studio-4", part(current(origin), 0)))
            await origin.wait(lambda: "studio-4" in rows(origin))
            for wire in wires:
                wire.close()

    run(test())


def test_a_header_that_names_nobody_is_refused() -> None:
    async def test() -> None:
        async with serving() as origin:
            raw = origin.head(PATH, extra="Transfer-Encoding: chunked\r\nRingside-Studio: <b>\r\n")
            status, sentence = await request(origin, raw)
            assert (status, sentence.split(":")[0]) == (400, "Ringside-Studio")

    run(test())


def test_a_run_that_reconnects_goes_on_in_mid_gop_and_what_it_sends_again_is_passed_over() -> None:
    async def test() -> None:
        async with serving() as origin:
            number = current(origin) - 1
            first = await sending(origin, "london; run=abc", *(part(number, n) for n in range(3)))
            await origin.wait(
                lambda: origin.publisher.lanes.get("v180") and origin.publisher.lanes["v180"].window.next == (number, 3)
            )
            first.close()
            await origin.wait(lambda: not origin.server.connections)
            again = await sending(origin, "london; run=abc", *(part(number, n) for n in range(5)))
            await origin.wait(lambda: origin.publisher.lanes["v180"].window.next[1] >= 5)
            lane = origin.publisher.lanes["v180"]
            assert lane.gaps == 0
            assert origin.edge.read(f"/live/main/v180/{number}.3.m4s") == part(number, 3)
            assert rows(origin)["london"]["marks"] == {}
            again.close()

    run(test())


def test_our_own_studio_says_who_it_is() -> None:
    async def test() -> None:
        async with serving() as origin:
            number = current(origin)
            url = f"http://127.0.0.1:{origin.port}"
            pusher = Pusher(url, TOKEN, origin.clock, studio="london; order=2; run=1f")
            pusher.add_track(VIDEO_TRACK)
            pusher.send(Chunk("v180", number, 0, 0, 0, True, False, part(number, 0)))
            pusher.send_status(b'{"encoder": {}}')
            await origin.wait(lambda: rows(origin) and origin.statuses)
            assert (rows(origin)["london"]["order"], rows(origin)["london"]["on_air"]) == (2, True)
            assert origin.statuses[0]["studio"] == {"name": "london", "order": 2}
            await pusher.close()

    run(test())


def test_an_order_of_the_operators_is_answered_and_so_is_a_studios_letter() -> None:
    async def test() -> None:
        async with serving() as origin:
            ordered: list[Any] = []
            server = IngestServer(
                origin.publisher, origin.edge.take, origin.clock, origin.config,
                on_status=lambda status: {"source": "main"}, on_source=lambda values: ordered.append(values) or values,
            )  # fmt: skip
            origin.port = await server.listen()
            body = b'{"source": "backup-1"}'
            head = f"PUT /ingest/main/source HTTP/1.1\r\nHost: x\r\n{AUTH}Content-Length: {len(body)}\r\n\r\n".encode()
            status, told = await request(origin, head + body)
            assert (status, json.loads(told), ordered) == (200, {"source": "backup-1"}, [{"source": "backup-1"}])
            head = f"POST /ingest/main/status HTTP/1.1\r\nHost: x\r\n{AUTH}Content-Length: 2\r\n\r\n".encode()
            assert await request(origin, head + b"{}") == (200, '{"source": "main"}')
            await server.close()

    run(test())


def test_without_inputs_an_order_is_refused_in_a_sentence() -> None:
    async def test() -> None:
        async with serving() as origin:
            raw = origin.head("/ingest/main/source", "PUT", "Content-Length: 2\r\n") + b"{}"
            assert await request(origin, raw) == (404, "there is no source here")

    run(test())


def test_who_is_replaced_by_takeover_gives_way_to_the_other_studio_at_once() -> None:
    async def test() -> None:
        async with serving(takeover=True, select_wait_s=5) as origin:
            number = current(origin)
            first = await sending(origin, "london", part(number, 0))
            await origin.wait(lambda: rows(origin))
            second = await sending(origin, "paris; order=1", part(number, 0), part(number, 1))
            await origin.wait(lambda: rows(origin).get("paris", {}).get("chunks") == 2)
            anew = await sending(origin, "london; run=2")
            assert (await first.answer())[0] == 409
            await origin.wait(lambda: origin.publisher.lanes["v180"].window.next == (number, 2))
            for wire in (second, anew):
                wire.close()

    run(test())


def test_a_publisher_without_a_name_is_taken_as_ever() -> None:
    async def test() -> None:
        async with serving() as origin:
            wire = await publishing(origin)
            assert list(rows(origin)) == [""]
            wire.close()

    run(test())


def test_two_studios_that_are_not_locked_to_utc_cannot_share_a_track() -> None:
    async def test() -> None:
        async with serving() as origin:
            data = part(current(origin), 0)
            data = retime(data, -data_start(data))  # an encoder that counts from zero
            first = await sending(origin, "london", data)
            await origin.wait(lambda: origin.publisher.lanes)
            second = await sending(origin, "paris", data)
            status, sentence = await second.answer()
            assert (status, "locked to UTC" in sentence) == (409, True)
            first.close()

    run(test())


def data_start(data: bytes) -> int:
    """The decode time of a chunk."""
    return parse_chunk(data, parse_init(VIDEO_TRACK.init)).start_ticks
