"""The judge's HTTP client, before a server of raw sockets: every request ends as a Fetch, and tells what happened."""

import asyncio
import gzip
import zlib
from collections.abc import Awaitable, Callable

import pytest

from ringside.core.clock import Wall
from ringside.prove.check.seen import Fetch
from ringside.prove.check.watch import fetch as module
from ringside.prove.check.watch.decode import Undecodable, decode
from ringside.prove.check.watch.fetch import Client

Serve = Callable[[str, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\n"


def talk(serve: Serve, ask: Callable[[Client, str], Awaitable[Fetch]], **options: object) -> Fetch:
    """What comes of `ask` before a server that lets `serve` write, given the head of each request."""

    async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await serve((await reader.readuntil(b"\r\n\r\n")).decode(), writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def both() -> Fetch:
        server = await asyncio.start_server(attend, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, Client(Wall(), **options) as client:  # type: ignore[arg-type]
            return await ask(client, f"http://127.0.0.1:{port}/a/index.m3u8")

    return asyncio.run(asyncio.wait_for(both(), 20))


def reply(body: bytes, *fields: bytes, status: bytes = OK) -> Serve:
    async def serve(head: str, writer: asyncio.StreamWriter) -> None:
        lines = b"".join(field + b"\r\n" for field in fields)
        writer.write(status + lines + b"Content-Length: %d\r\n\r\n" % len(body) + (b"" if "HEAD" in head else body))

    return serve


def test_headers_body_and_times_are_as_they_came() -> None:
    fetch = talk(reply(b"hello", b"X-A: One", b"x-a: two"), lambda client, url: client.get(url))
    assert (fetch.status, fetch.body, fetch.problem) == (200, b"hello", "")
    assert [value for name, value in fetch.headers if name == "x-a"] == ["One", "two"]
    assert fetch.asked_ns < fetch.first_ns <= fetch.done_ns
    assert sum(size for _, size in fetch.arrivals) == 5


def test_pieces_are_told_apart_by_their_times() -> None:
    gone = asyncio.Event()

    async def serve(head: str, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(3):
            writer.write(b"3\r\nabc\r\n")
            await writer.drain()
            await asyncio.sleep(0.03)
        writer.write(b"0\r\n\r\n")
        gone.set()

    fetch = talk(serve, lambda client, url: client.get(url))
    assert [size for _, size in fetch.arrivals] == [3, 3, 3]
    assert fetch.done_ns - fetch.first_ns >= 0.05e9
    assert fetch.done_ns == fetch.arrivals[-1][0]


def test_a_playlist_is_asked_for_compressed_and_decoded() -> None:
    heads: list[str] = []

    async def serve(head: str, writer: asyncio.StreamWriter) -> None:
        heads.append(head)
        await reply(gzip.compress(b"#EXTM3U\n" * 100, mtime=0), b"Content-Encoding: gzip")(head, writer)

    fetch = talk(serve, lambda client, url: client.playlist(url), headers=[("X-Token", "abc")])
    assert fetch.body == b"#EXTM3U\n" * 100
    assert "Accept-Encoding: gzip\r\n" in heads[0]
    assert "X-Token: abc\r\n" in heads[0]


def test_media_is_asked_for_as_it_is() -> None:
    heads: list[str] = []

    async def serve(head: str, writer: asyncio.StreamWriter) -> None:
        heads.append(head)
        await reply(b"x")(head, writer)

    talk(serve, lambda client, url: client.get(url))
    assert "ccept-Encoding" not in heads[0]


def test_redirects_are_followed_to_the_end_and_the_url_is_the_last() -> None:
    async def serve(head: str, writer: asyncio.StreamWriter) -> None:
        if "/b/" in head.split()[1]:
            await reply(b"there")(head, writer)
        else:
            await reply(b"", b"Location: ../b/index.m3u8", status=b"HTTP/1.1 302 Found\r\n")(head, writer)

    fetch = talk(serve, lambda client, url: client.get(url))
    assert (fetch.status, fetch.body) == (200, b"there")
    assert fetch.url.endswith("/b/index.m3u8")


def test_a_circle_of_redirects_ends_with_a_sentence() -> None:
    circle = reply(b"", b"Location: index.m3u8", status=b"HTTP/1.1 307 Temporary Redirect\r\n")
    fetch = talk(circle, lambda client, url: client.get(url))
    assert "in a circle" in fetch.problem


def test_a_body_past_the_limit_is_left() -> None:
    fetch = talk(reply(b"x" * 100_000), lambda client, url: client.get(url, limit=10_000))
    assert "longer than 10000 bytes" in fetch.problem
    assert fetch.status == 200


def test_a_body_cut_short_is_no_body() -> None:
    async def serve(head: str, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"Content-Length: 500\r\n\r\nhello")
        writer.close()

    fetch = talk(serve, lambda client, url: client.get(url))
    assert "ended before it should" in fetch.problem


def test_silence_and_dripping_end_in_time() -> None:
    async def silent(head: str, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"Content-Length: 500\r\n\r\nhello")

    async def dripping(head: str, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"Content-Length: 500\r\n\r\n")
        for _ in range(100):
            writer.write(b"x")
            await asyncio.sleep(0.02)

    fetch = talk(silent, lambda client, url: client.get(url, total_s=5, idle_s=0.1))
    assert "nothing came for 0.1 s after 5 bytes" in fetch.problem
    fetch = talk(dripping, lambda client, url: client.get(url, total_s=0.3, idle_s=0.2))
    assert "no complete answer within 0.3 s" in fetch.problem


def test_nobody_at_home_is_a_sentence() -> None:
    async def ask() -> Fetch:
        async with Client(Wall()) as client:
            return await client.get("http://127.0.0.1:9/")

    fetch = asyncio.run(ask())
    assert (fetch.status, fetch.problem) == (0, "no connection: Connection refused")


@pytest.mark.parametrize("url", ["http://[::1/%zz", "file:///etc/passwd", "http://", "nonsense", "http://a b/"])
def test_what_is_no_url_is_a_sentence(url: str) -> None:
    async def ask() -> Fetch:
        async with Client(Wall()) as client:
            return await client.get(url, total_s=2)

    fetch = asyncio.run(ask())
    assert fetch.status == 0
    assert fetch.problem


def test_head_has_no_body_and_is_not_waited_for() -> None:
    fetch = talk(reply(b"hello"), lambda client, url: client.get(url, method="HEAD", total_s=3))
    assert (fetch.status, fetch.body, fetch.problem, fetch.header("content-length")) == (200, b"", "", "5")


def test_every_fetch_is_heard_of_and_only_playlists_keep_their_bodies() -> None:
    heard: list[Fetch] = []

    async def ask(client: Client, url: str) -> Fetch:
        await client.get(url)
        return await client.playlist(url)

    talk(reply(b"hello"), ask, on_fetch=heard.append)
    assert [fetch.body for fetch in heard] == [b"", b"hello"]


def test_pieces_without_number_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PIECES", 2)
    answer = module._Answer("u", 0)
    for at in range(5):
        answer.took(at, b"abc")
    assert answer.arrivals == [(0, 3), (4, 12)]
    assert answer.first_ns == 0


def test_a_bomb_is_cut_off() -> None:
    bomb = zlib.compress(b"\n" * 50_000_000)
    with pytest.raises(Undecodable, match="more than 1000 bytes"):
        decode(bomb, "deflate", 1000)


def test_codings_come_off_in_their_order() -> None:
    twice = gzip.compress(zlib.compress(b"hello"), mtime=0)
    assert decode(twice, "deflate, gzip", 100) == b"hello"
    assert decode(gzip.compress(b"hel", mtime=0) + gzip.compress(b"lo", mtime=0), "x-gzip", 100) == b"hello"
    assert decode(zlib.compress(b"hello")[2:-4], "deflate", 100) == b"hello"
    assert decode(b"hello", "identity", 100) == b"hello"


@pytest.mark.parametrize(
    ("body", "encoding", "says"),
    [
        (b"hello", "gzip", "not the gzip"),
        (gzip.compress(b"hello", mtime=0)[:-9], "gzip", "cut short"),
        (b"x", "br", "'br' was not asked for"),
        (b"x", "gzip,gzip,gzip,gzip", "4 codings"),
    ],
)
def test_what_cannot_be_decoded_is_said(body: bytes, encoding: str, says: str) -> None:
    with pytest.raises(Undecodable, match=says):
        decode(body, encoding, 100)
