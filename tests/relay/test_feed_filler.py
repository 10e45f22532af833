"""The filler's process: what it makes of an origin's first answer, TLS, tokens, and two machines in real processes."""

import asyncio
import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from edge_house import Viewer, playlist, run, segment, until
from feed_house import Far, Port, filling, origin
from pydantic import ValidationError

from ringside.core.clock import Wall
from ringside.core.errors import Misconfigured, RingsideError
from ringside.core.feed import Cache, Document
from ringside.flow.relay import fill
from ringside.flow.relay.edge import Config
from ringside.flow.relay.edge.aio import Edge
from ringside.flow.relay.edge.feed import Feed
from ringside.flow.relay.fill.aio import run_filler

BIG = os.urandom(200_000)
V720 = "/live/main/v720"


def answering(status: str, body: bytes = b"", kind: str = "text/plain", times: int = 1000) -> Port:
    """A port that answers everything alike, `times` times, and then not at all."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    left = iter(range(times))

    def respond(connection: socket.socket, _: bytes) -> None:
        if next(left, None) is not None:
            connection.send(head + body)
        connection.close()

    return Port(respond)


def test_an_origin_that_gives_its_feed_is_pushed_from() -> None:
    async def scene() -> None:
        async with origin() as o, filling(o.port.url) as f:
            o.hub.publish(segment(7, BIG))
            await until(lambda: f.ready == ["push"])
            await until(lambda: f.filler.hub.shelf.bytes == len(BIG))
            await until(lambda: f.told[-1]["origin"]["state"] == "live")
            told = f.told[-1]["origin"]
            assert (told["url"], told["mode"]) == (o.port.url, "push")
            assert {"since_ms", "pulls", "pulled_bytes", "failures", "joined", "objects", "bytes", "evicted"} <= set(
                told
            )
            json.dumps(told)

    run(scene)


def asked(port: Port) -> int:
    """How often the feed has been asked for."""
    return sum(request.startswith(b"GET /feed?turns ") for request in port.requests)


@pytest.mark.parametrize(
    "answer",
    [("404 Not Found",), ("200 OK", b"<html>", "text/html"), ("302 Found",), ("401 Unauthorized",), ("501 No",)],
)
def test_an_origin_that_gives_no_feed_is_pulled_from(answer: tuple[Any, ...]) -> None:
    async def scene() -> None:
        port = answering(*answer)
        port.open()
        async with filling(port.url) as f:
            await until(lambda: f.ready == ["pull"])
            assert asked(port) == 1
            assert not f.filler.hub._waits
        await port.close()

    run(scene)


def test_an_operator_who_wants_pulling_has_no_feed_asked_for() -> None:
    async def scene() -> None:
        async with origin() as o, filling(o.port.url, mode="pull") as f:
            await until(lambda: f.ready == ["pull"])
            assert asked(o.port) == 0

    run(scene)


def test_an_origin_that_fails_for_a_moment_is_asked_again_before_it_is_taken_at_its_word() -> None:
    async def scene() -> None:
        async with origin() as o:
            failing = answering("503 Service Unavailable", times=2)
            o.port.respond = lambda c, d: failing.respond(c, d) if asked(o.port) < 3 else o.hub.adopt(c, d)
            async with filling(o.port.url) as f:
                await until(lambda: f.ready == ["push"])
                assert asked(o.port) == 3
        port = answering("502 Bad Gateway")
        port.open()
        async with filling(port.url) as f:
            await until(lambda: asked(port) == 2)
            assert f.ready == []
            f.clock.advance_ns(3_000_000_000)
            await until(lambda: f.ready == ["pull"])
        await port.close()

    run(scene)


def test_an_origin_that_does_not_answer_or_not_in_http_is_asked_until_it_does() -> None:
    async def scene() -> None:
        async with origin() as o:
            answers = iter([b"", b"\xff\xfe nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Le"])

            def respond(connection: socket.socket, data: bytes) -> None:
                answer = next(answers, None)
                if answer is None:
                    o.respond(connection, data)
                else:
                    connection.send(answer)
                    connection.close()

            o.port.respond = respond
            async with filling(o.port.url) as f:
                await until(lambda: f.ready == ["push"])
                assert asked(o.port) == 4
                assert f.told[0]["origin"]["state"] == "unreachable"

    run(scene)


def test_a_token_that_the_origin_does_not_take_is_the_operators_to_mend() -> None:
    async def scene() -> None:
        async with origin(token="secret") as o:
            async with filling(o.port.url, feed_token="wrong!") as f:
                with pytest.raises(
                    RingsideError, match=r"127\.0\.0\.1.* refuses its feed: the feed needs the feed token"
                ):
                    await f.task
            async with filling(o.port.url, mode="push") as f:
                with pytest.raises(RingsideError, match="refuses its feed"):
                    await f.task
            async with filling(o.port.url, feed_token="secret") as f:
                await until(lambda: f.ready == ["push"])
            async with filling(o.port.url) as f:
                await until(lambda: f.ready == ["pull"])  # anybody may read what anybody may read

    run(scene)


def test_a_feed_that_is_insisted_on_and_not_there_is_said_so_in_a_sentence() -> None:
    async def scene() -> None:
        port = answering("404 Not Found")
        port.open()
        async with filling(port.url, mode="push") as f:
            with pytest.raises(RingsideError, match=r"gives no feed: it answered 404"):
                await f.task
        await port.close()

    run(scene)


def test_what_the_filler_has_beside_the_origins_survives_every_new_feed() -> None:
    async def scene() -> None:
        status = Document("/status.json", b"{}", "application/json", Cache.NONE)
        async with origin() as o, filling(o.port.url, [status]) as f:
            o.hub.publish([Document("/status.json", b"the origin's", "application/json", Cache.NONE)])
            edge = Edge(Config(host="127.0.0.1", port=0), [], f.clock, "edge-1")
            await edge.start()
            feed = Feed(edge, f.path)
            feed.start()
            await until(lambda: edge.store.synced)
            viewer = await Viewer.connect(edge.port)
            assert (await viewer.get("/status.json"))[2] == b"{}"
            await o.restart()
            o.hub.publish(segment(7, b"abc"))
            await until(lambda: edge.store.find(f"{V720}/7.m4s") is not None)
            assert status in [message for message, _, _ in f.filler.hub.shelf.told()]
            assert (await viewer.get("/status.json"))[2] == b"{}"
            await edge.stop(0.1)
            feed.stop()

    run(scene)


def test_an_edge_feeds_other_edges_and_sends_publishers_away() -> None:
    async def scene() -> None:
        async with origin() as o, filling(o.port.url) as near:
            o.hub.publish([*segment(7, BIG), playlist(7, 0, (8, 0))])
            port = Port(near.filler._adopt)
            port.open()
            async with filling(port.url) as far:
                await until(lambda: far.ready == ["push"] and far.filler.hub.shelf.bytes == len(BIG))
                o.hub.publish(segment(8, BIG))
                await until(lambda: far.filler.hub.shelf.bytes == 2 * len(BIG))
            publisher = await Viewer.connect(port.number)
            publisher.send(b"PUT /ingest/main/v720 HTTP/1.1\r\nHost: a\r\n\r\n")
            assert (await publisher.answer())[::2] == (403, b"this is an edge: publish to its origin\n")
            await port.close()

    run(scene)


def test_an_edge_that_pulls_has_no_feed_for_others_and_one_without_an_origin_none_yet() -> None:
    async def scene() -> None:
        async with filling("http://127.0.0.1:1") as f:
            port = Port(f.filler._adopt)
            port.open()
            asked = await Far.ask(port.number)
            assert asked.status == 503
            await port.close()
        async with filling("http://127.0.0.1:1", mode="pull") as f:
            await until(lambda: f.ready)
            port = Port(f.filler._adopt)
            port.open()
            assert (await Far.ask(port.number)).status == 404
            await port.close()

    run(scene)


@pytest.mark.parametrize(
    "address",
    [
        "origin.example", "ftp://origin.example", "http://", "http://a:99999", "http://user:word@a", "http://a/?b=1",
        "http://a b/", "http://a\r\nX: y/", "http://ä/", "",  "http://" + "a" * 64 + ".example",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValidationError):
        fill.Config(origin=address)


def test_an_address_may_have_a_port_and_a_folder() -> None:
    assert fill.Config(origin="https://a.example:8443/live/").origin == "https://a.example:8443/live"
    assert fill.Config(origin="http://[::1]:8080").origin == "http://[::1]:8080"


def test_a_hub_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    config = fill.Config(origin="http://127.0.0.1:1")
    with pytest.raises(Misconfigured, match="missing/feed"):
        run_filler(
            config,
            tmp_path / "missing" / "feed",
            Wall(),
            on_ready=lambda _: None,
            alongside=asyncio.Event().wait,  # type: ignore[arg-type]
            tell=lambda _: None,
        )
