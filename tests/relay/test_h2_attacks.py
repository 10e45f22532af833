"""Clients that mean no good over HTTP/2: each is bounded, counted and hung up on, and nobody else notices."""

import asyncio
import os
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.settings import SettingCodes
from hpack import Encoder
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)
from tests.relay.edge_house import PLAYLIST, House, expected, house, playlist, run, segment, until
from tests.relay.secure_kit import Visitor2, over_tls, pem

from ringside.flow.relay.wire.h2 import A_SECOND, MAX_REPLIES, MAX_UNHEARD

__all__ = ["pem"]

HEAD = [(":method", "GET"), (":scheme", "https"), (":authority", "edge"), (":path", "/clock")]


def head(number: int, fields: list[tuple[str, str]] = HEAD, ended: bool = True) -> bytes:
    """A HEADERS frame that is whole, written without any library's scruples."""
    frame = HeadersFrame(number, Encoder().encode(fields), flags=["END_HEADERS", *(["END_STREAM"] if ended else [])])
    return bytes(frame.serialize())


def frames(*made: Frame) -> bytes:
    return b"".join(frame.serialize() for frame in made)


async def assaulted(home: House, viewer: Visitor2, blows: bytes) -> None:
    """Send `blows`; the connection must end and be counted, and a neighbour must go on."""
    neighbour = await Visitor2.connect(home.edge.port)
    before = told_off(home)
    viewer.writer.write(blows)
    await viewer.hang_up()
    assert told_off(home) == before + 1
    assert (await neighbour.get("/clock")).status == 200
    neighbour.writer.close()
    await until(lambda: not home.edge.connections)
    assert (home.edge.waiting.count, home.edge.blocked, home.edge.partial) == (0, {}, {})


def told_off(home: House) -> int:
    assert home.edge.tls is not None
    return home.edge.tls.floods + home.edge.tls.failed


def against(pem: Path, scene: Callable[[House, Visitor2], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with house(over_tls(pem)) as home:
            await home.publish(playlist(7, 0, (7, 1)), expected(7, 1), *segment(6, os.urandom(2_000_000)))
            await scene(home, await Visitor2.connect(home.edge.port))

    run(whole)


def test_streams_opened_and_reset_again_and_again_are_cut_short(pem: Path) -> None:
    """CVE-2023-44487."""

    async def scene(home: House, viewer: Visitor2) -> None:
        path = f"{PLAYLIST}?_HLS_msn=7&_HLS_part=1"
        blows = b"".join(
            head(number, [*HEAD[:3], (":path", path)]) + frames(RstStreamFrame(number, error_code=8))
            for number in range(1, 2 * A_SECOND_RESETS + 200, 2)
        )
        await assaulted(home, viewer, blows)
        assert viewer.goaway is not None
        assert viewer.goaway.error_code == ErrorCodes.ENHANCE_YOUR_CALM

    against(pem, scene)


A_SECOND_RESETS = max(A_SECOND.values())


def test_more_requests_in_a_second_than_anybody_needs_end_the_connection(pem: Path) -> None:
    async def scene(home: House, viewer: Visitor2) -> None:
        for _ in range(home.edge.rate // 50):
            for number in [viewer.ask("/clock") for _ in range(50)]:
                await viewer.answer(number)
        await assaulted(home, viewer, head(home.edge.rate * 2 + 1))
        assert home.edge.too_fast == 1
        assert viewer.goaway is not None
        assert viewer.goaway.error_code == ErrorCodes.ENHANCE_YOUR_CALM

    against(pem, scene)


def test_a_head_in_endless_pieces_is_not_gathered(pem: Path) -> None:
    """CVE-2024-27919 and its kin: HEADERS without an end, and CONTINUATION without an end."""

    async def scene(home: House, viewer: Visitor2) -> None:
        opening = HeadersFrame(1, Encoder().encode(HEAD))
        piece = ContinuationFrame(1, b"\x00\x01a\x7f\x81\xfe\x00" + b"x" * 16_000)
        await assaulted(home, viewer, frames(opening, *[piece] * (MAX_UNHEARD // 16_000 + 2)))

    against(pem, scene)


def test_a_head_in_endless_empty_pieces_is_not_gathered(pem: Path) -> None:
    async def scene(home: House, viewer: Visitor2) -> None:
        await assaulted(home, viewer, frames(HeadersFrame(1, b""), *[ContinuationFrame(1, b"")] * 100))

    against(pem, scene)


def test_a_small_head_that_unfolds_into_a_huge_one_is_declined(pem: Path) -> None:
    async def scene(home: House, viewer: Visitor2) -> None:
        encoder = Encoder()
        bomb = bytearray(encoder.encode([*HEAD, ("x-bomb", "x" * 3000)]))
        again = encoder.encode([("x-bomb", "x" * 3000)])
        assert len(again) == 1
        frame = HeadersFrame(1, bytes(bomb + again * 8000), flags=["END_HEADERS", "END_STREAM"])
        await assaulted(home, viewer, frames(frame))

    against(pem, scene)


@pytest.mark.parametrize(
    "blow",
    [
        frames(PingFrame(0, b"12345678")),
        frames(SettingsFrame(0, settings={SettingCodes.INITIAL_WINDOW_SIZE: 1})),
        frames(SettingsFrame(0)),
        frames(PriorityFrame(1, depends_on=3)),
        frames(WindowUpdateFrame(0, window_increment=1)),
        frames(WindowUpdateFrame(1, window_increment=1)),
        frames(DataFrame(1, b"")),
    ],
    ids=["pings", "settings", "empty settings", "priorities", "windows", "windows of streams", "empty data"],
)
def test_a_flood_of_frames_that_ask_for_nothing_ends_the_connection(pem: Path, blow: bytes) -> None:
    async def scene(home: House, viewer: Visitor2) -> None:
        post = [(":method", "POST"), *HEAD[1:3], (":path", "/cmcd"), ("content-length", "5")]
        await assaulted(home, viewer, head(1, post, ended=False) + blow * 8000)

    against(pem, scene)


def test_who_asks_and_asks_and_never_reads_is_hung_up_on(pem: Path) -> None:
    async def scene(home: House, viewer: Visitor2) -> None:
        edge, number = home.edge, 9
        for _ in range(4):
            viewer.ask("/live/main/v720/6.m4s")
        await until(lambda: edge.blocked)
        while edge.connections:
            for _ in range(40):
                viewer.writer.write(head(number, [(":method", "HEAD"), *HEAD[1:3], (":path", "/none")]))
                number += 2
            home.clock.advance_ns(100_000_000)
            edge.read_time()
            await asyncio.sleep(0.01)
        assert number * 100 < 10 * MAX_REPLIES
        assert told_off(home) == 1

    against(pem, scene)


def test_more_streams_at_once_than_were_offered_end_the_connection(pem: Path) -> None:
    async def scene(home: House, viewer: Visitor2) -> None:
        fields = [*HEAD[:3], (":path", f"{PLAYLIST}?_HLS_msn=7&_HLS_part=1")]
        await assaulted(home, viewer, b"".join(head(number, fields) for number in range(1, 205, 2)))

    against(pem, scene)


@pytest.mark.parametrize(
    "fields",
    [
        [*HEAD[:3], (":path", "/clock\r\nX: y")],
        [*HEAD[:3], (":path", "")],
        HEAD[:3],
        [*HEAD, ("Upper", "case")],
        [*HEAD, ("connection", "close")],
        [*HEAD, ("transfer-encoding", "chunked")],
        [*HEAD, ("x", "a\nb")],
        [*HEAD, (":path", "/again")],
        [(":method", "GET"), (":path", "/clock")],
    ],
)
def test_a_head_that_smuggles_something_ends_the_connection(pem: Path, fields: list[tuple[str, str]]) -> None:
    async def scene(home: House, viewer: Visitor2) -> None:
        await assaulted(home, viewer, head(1, fields))

    against(pem, scene)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/a b", 400),
        ("GET /clock HTTP/1.1 ", "/", 400),
        ("GET", "clock", 400),
        ("GET", "/" + "a" * 9000, 414),
        ("BREW", "/clock", 501),
        ("TRACE", "/clock", 405),
    ],
)
def test_a_request_that_http_1_would_refuse_is_refused_alike(pem: Path, method: str, path: str, status: int) -> None:
    async def scene(home: House, viewer: Visitor2) -> None:
        assert (await viewer.get(path, method)).status == status
        assert (await viewer.get("/clock")).status == 200

    against(pem, scene)


def test_a_request_of_http_1_after_agreeing_on_http_2_ends_the_connection(pem: Path) -> None:
    async def scene(home: House, viewer: Visitor2) -> None:
        other = await Visitor2.connect(home.edge.port, hello=False)
        viewer.writer.close()
        await until(lambda: len(home.edge.connections) == 1)
        await assaulted(home, other, b"GET / HTTP/1.1\r\nHost: edge\r\n\r\n")

    against(pem, scene)


def noise(seed: int) -> bytes:
    """A plausible conversation with some bytes changed."""
    dice = random.Random(seed)
    mind = H2Connection(H2Configuration(client_side=True))
    mind.initiate_connection()
    talk = bytearray()
    for _ in range(dice.randrange(1, 12)):
        number = mind.get_next_available_stream_id()
        mind.send_headers(number, [*HEAD[:3], (":path", dice.choice(["/", "/clock", "/live/main/v720/6.m4s"]))], True)
        if dice.random() < 0.3:
            mind.reset_stream(number)
        if dice.random() < 0.3:
            mind.increment_flow_control_window(dice.randrange(1, 99_999))
        if dice.random() < 0.3:
            mind.ping(b"12345678")
    talk += mind.data_to_send()
    for _ in range(dice.randrange(0, 6)):
        at = dice.randrange(24 if dice.random() < 0.9 else 0, len(talk))
        if dice.random() < 0.7:
            talk[at] = dice.randrange(256)
        else:
            talk[at:at] = dice.randbytes(dice.randrange(1, 40))
    return bytes(talk)


def test_noise_never_breaks_the_worker(pem: Path) -> None:
    async def scene(home: House, viewer: Visitor2) -> None:
        viewer.writer.close()
        for seed in range(60):
            other = await Visitor2.connect(home.edge.port, hello=False)
            other.writer.write(noise(seed))
            while home.edge.connections and not (other.writer.transport.is_closing()):
                if not (await asyncio.wait_for(other.reader.read(4096), 20)):
                    break
                other.writer.transport.abort()
            await until(lambda: not home.edge.connections)
        assert (home.edge.waiting.count, home.edge.blocked, home.edge.partial) == (0, {}, {})

    against(pem, scene)
