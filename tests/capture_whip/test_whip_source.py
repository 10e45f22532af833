"""The source on real sockets: publishers by aiortc, the stage, and everything that a stranger may ask for."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest
from offers import VIDEO, offer
from whip_scene import INFO, TOKEN, Scene, Sink

from ringside.core.clock import Simulated, Wall
from ringside.core.errors import Misconfigured
from ringside.flow.capture.config import Input
from ringside.flow.capture.spec import parse
from ringside.flow.capture.whip import source
from ringside.flow.capture.whip.offer import MAX_SDP_BYTES
from ringside.flow.capture.whip.stage import GONE_NS, SILENT_NS
from ringside.flow.capture.whip.web import MAX_CONNECTIONS

BEARER = f"Bearer {TOKEN}"
SDP = "application/sdp"
MS = 1_000_000


def play(act: Callable[[Scene], Awaitable[None]], scene: Scene) -> None:
    """Run one act on a scene, and close it."""

    async def whole() -> None:
        async with scene:
            await act(scene)

    asyncio.run(whole())


def test_a_publisher_is_announced_shown_and_seen_off() -> None:
    async def act(scene: Scene) -> None:
        sender = await scene.published("VP8")
        assert scene.source.status()["publisher"] == "127.0.0.1"
        assert scene.source.status()["codecs"] == "vp8+opus"
        assert await sender.goodbye() == 200
        await scene.sink.wait(lambda sink: len(sink.events) >= 2)
        assert await sender.goodbye() == 404
        opened, closed = scene.sink.events
        assert opened.startswith("opened 320x180 vp8")
        assert opened.endswith("from 127.0.0.1")
        assert closed.endswith("127.0.0.1 said goodbye")
        assert len(scene.sink.threads) == 1
        assert scene.source.status() == {"publisher": "", "waiting": 0}

    play(act, Scene(Simulated(10**18)))
    assert not [thread for thread in threading.enumerate() if "decoder" in thread.name or thread.name == "whip"]


def test_the_flash_and_the_beep_of_one_instant_lie_together_though_the_wire_tears_them_apart() -> None:
    apart_ns = []
    for _ in range(3):  # a sender on a busy machine reports when it had time to, and is 200 ms wrong
        apart_ns.append(flash_from_beep_ns())
        if apart_ns[-1] < 45 * MS:  # a picture's length and a block of sound
            return
    pytest.fail(f"three times they lay apart: {apart_ns} ns")


def flash_from_beep_ns() -> int:
    """A film whose pictures come 0.35 s late: how far its last flash lies from the beep of the same instant."""

    async def act(scene: Scene) -> None:
        await scene.published("H264", late_s=0.35)
        await scene.sink.wait(lambda sink: len(sink.pictures) > 100)

    scene = Scene(Wall())
    play(act, scene)
    flashes = rises([(pts, light > 150) for pts, light, _ in scene.sink.pictures])
    beeps = rises([(pts, loud > 0.1) for pts, loud in scene.sink.sounds])
    last = max(flash for flash in flashes if flash < scene.sink.sounds[-1][0] - 100 * MS)
    assert last > flashes[0]  # the reports had come by then
    return min(abs(last - beep) for beep in beeps)


def rises(seen: list[tuple[int, bool]]) -> list[int]:
    """When something began, of what was there or not at its times."""
    return [pts for (_, before), (pts, now) in pairwise(seen) if now and not before]


def test_a_second_publisher_is_refused_until_the_first_is_silent_and_then_takes_its_place() -> None:
    clock = Simulated(10**18)

    async def act(scene: Scene) -> None:
        first = await scene.published()
        assert await scene.sender().publish() == 409
        first.pause()
        await asyncio.sleep(0.1)  # what is on its way arrives
        clock.advance_ns(SILENT_NS)
        await scene.until(lambda status: status["silent"] is True)
        assert len(scene.sink.events) == 1
        await scene.published()
        assert [event.split()[0] for event in scene.sink.events] == ["opened", "closed", "opened"]
        assert scene.sink.events[1].endswith("another publisher took over")

    play(act, Scene(clock))


def test_who_comes_back_within_half_a_minute_goes_on_where_he_was() -> None:
    clock = Simulated(10**18)

    async def act(scene: Scene) -> None:
        sender = await scene.published()
        sender.pause()
        await asyncio.sleep(0.1)
        clock.advance_ns(GONE_NS - 1)
        await scene.until(lambda status: status["silent"] is True)
        sender.pause(False)
        had = len(scene.sink.pictures)
        await scene.sink.wait(lambda sink: len(sink.pictures) > had + 5)
        assert len(scene.sink.events) == 1

    play(act, Scene(clock))


def test_who_stays_silent_is_closed_and_his_place_is_free() -> None:
    clock = Simulated(10**18)

    async def act(scene: Scene) -> None:
        sender = await scene.published()
        sender.pause()
        await asyncio.sleep(0.1)
        clock.advance_ns(GONE_NS)
        await scene.sink.wait(lambda sink: len(sink.events) == 2)
        assert scene.sink.events[1].endswith("nothing has come from it for 30 s")
        await scene.published()

    play(act, Scene(clock))


def test_with_takeover_the_newer_publisher_wins() -> None:
    async def act(scene: Scene) -> None:
        await scene.published()
        await scene.published("H264")
        await scene.sink.wait(lambda sink: "h264" in sink.events[-1])  # pictures of the first may still have come

    play(act, Scene(Simulated(10**18), takeover=True))


def test_stopping_closes_the_sink_and_frees_the_port() -> None:
    async def act(scene: Scene) -> None:
        await scene.published()
        await asyncio.to_thread(scene.source.stop)
        assert scene.sink.events[-1].endswith("the WHIP server was stopped")
        socket.create_server(("127.0.0.1", scene.source.port)).close()

    play(act, Scene(Simulated(10**18)))


def test_who_may_not_publish_is_told_why_and_any_page_may_read_it() -> None:
    async def act(scene: Scene) -> None:
        good = {"Content_Type": SDP, "Authorization": BEARER}
        asked = [
            (401, b"v=0", {"Content_Type": SDP}),
            (401, b"v=0", {"Content_Type": SDP, "Authorization": f"Basic {TOKEN}"}),
            (403, b"v=0", {"Content_Type": SDP, "Authorization": "Bearer guess"}),
            (415, b"v=0", {"Content_Type": "text/plain", "Authorization": BEARER}),
            (413, b"x" * (MAX_SDP_BYTES + 1), good),
            (400, b"hello", good),
            (422, offer(video=VIDEO.replace("H264", "AV1")), good),
            (422, offer(audio="", video=VIDEO.replace("42e01f", "640034")), good),  # of which aiortc says no
        ]
        for status, body, headers in asked:
            answer = await scene.ask("POST", "", body, **headers)
            assert answer.status == status, (status, answer)
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            assert "Access-Control-Allow-Credentials" not in answer.headers
            assert TOKEN not in str(answer.headers)
            assert ("WWW-Authenticate" in answer.headers) == (status == 401)
        assert scene.source.status() == {"publisher": "", "waiting": 0}

    play(act, Scene(Simulated(10**18)))


def test_the_endpoint_says_what_it_does_not_do() -> None:
    async def act(scene: Scene) -> None:
        assert (await scene.ask("OPTIONS")).status == 204
        assert (await scene.ask("OPTIONS", "/any")).headers["Access-Control-Allow-Methods"] == "POST, DELETE, OPTIONS"
        patch = await scene.ask("PATCH", "/any", Authorization=BEARER)
        assert (patch.status, set(patch.headers["Allow"].split(","))) == (405, {"DELETE", "OPTIONS"})
        assert (await scene.ask("DELETE", "/any")).status == 401
        assert (await scene.ask("DELETE", "/any", Authorization=BEARER)).status == 404
        assert (await scene.ask("GET", "/../etc/passwd")).status == 404

    play(act, Scene(Simulated(10**18)))


def test_strangers_who_fill_the_house_keep_no_publisher_out() -> None:
    async def act(scene: Scene) -> None:
        strangers = [socket.create_connection(("127.0.0.1", scene.source.port)) for _ in range(MAX_CONNECTIONS + 8)]
        await scene.published()
        for stranger in strangers:
            stranger.close()

    play(act, Scene(Simulated(10**18)))


def test_an_offer_that_never_connects_costs_nobody_his_place() -> None:
    clock = Simulated(10**18)

    async def act(scene: Scene) -> None:
        for _ in range(7):  # more than may wait
            assert (await scene.ask("POST", "", offer(), Content_Type=SDP, Authorization=BEARER)).status == 201
        assert scene.source.status() == {"publisher": "", "waiting": 5}
        await scene.published()

    play(act, Scene(clock))


@pytest.mark.parametrize("token", ["", "two words", "ü", "x" * 257])
def test_a_token_that_nobody_could_send_is_one_clear_sentence(token: str) -> None:
    with pytest.raises(Misconfigured, match=r"^whip token: "):
        source(
            parse("whip://127.0.0.1/whip"),
            Input.model_construct(token=token, key="", takeover=False),
            Wall(),
            INFO,
            None,
        )


def test_a_port_that_is_taken_is_one_clear_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"whip://127.0.0.1:{taken.getsockname()[1]}/whip"
        second = source(parse(url), Input(url=url, token=TOKEN), Wall(), INFO, None)
        with pytest.raises(Misconfigured, match=r"^source whip://127.*cannot be listened on: .*in use"):
            second.start(Sink())
        second.stop()
