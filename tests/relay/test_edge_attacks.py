"""What an attacker sends: ambiguous framing, smuggled requests, poisoned keys: 400 and closed, all of it."""

import asyncio
import socket

import pytest
from edge_house import House, expected, house, run, segment, until

from ringside.core.feed import Cache, Document
from ringside.flow.relay.answer.keys import fault, keyer
from ringside.flow.relay.answer.request import Malformed, Reader
from ringside.flow.relay.edge import Config

SMUGGLED = b"GET /secret HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /cmcd HTTP/1.1\r\nHost: a\r\n"
GET = b"GET /d HTTP/1.1\r\nHost: a\r\n"

AMBIGUOUS = {
    "a length and a coding": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a coding and a length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
    "the same length twice": POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde",
    "a list of lengths": POST + b"Content-Length: 5, 5\r\n\r\nabcde",
    "a signed length": POST + b"Content-Length: +5\r\n\r\nabcde",
    "a negative length": POST + b"Content-Length: -5\r\n\r\nabcde",
    "a hexadecimal length": POST + b"Content-Length: 0x5\r\n\r\nabcde",
    "a length with an underscore": POST + b"Content-Length: 1_0\r\n\r\nabcdeabcde",
    "a length in two words": POST + b"Content-Length: 5 5\r\n\r\nabcde",
    "an empty length": POST + b"Content-Length: \r\n\r\nabcde",
    "a length beyond all bounds": POST + b"Content-Length: 99999999999999999999999\r\n\r\nabcde",
    "a length on the next line": POST + b"Content-Length:\r\n 5\r\n\r\nabcde",
    "a coding on the next line": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a coding behind a vertical tab": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "a coding nearly chunked": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked, then another": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "another, then chunked": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "another, then chunked, on two": POST + b"Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a coding in HTTP/1.0": b"POST /cmcd HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a blank before the colon": POST + b"Content-Length : 5\r\n\r\nabcde",
    "a coding with a blank before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a GET with a length": GET + b"Content-Length: 34\r\n\r\n",
    "a chunked GET": GET + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a line that ends in LF": GET + b"X: y\nContent-Length: 34\r\n\r\n",
    "a line that ends in CR": GET + b"X: y\rContent-Length: 34\r\n\r\n",
    "a line that ends in CR CR LF": GET + b"X: y\r\r\n\r\n",
    "a head that ends in LF LF": b"GET /d HTTP/1.1\nHost: a\n\n",
    "a head that ends in LF CR LF": GET + b"X: y\n\r\n\r\n",
    "an LF before the line": b"\n" + GET + b"\r\n",
    "a CR before the line": b"\r" + GET + b"\r\n",
    "a request line that ends in LF": b"GET /d HTTP/1.1\nHost: a\r\n\r\n",
    "a folded field": GET + b"X: y\r\n folded\r\n\r\n",
    "a folded first field": b"GET /d HTTP/1.1\r\n Host: a\r\n\r\n",
    "NUL in a name": GET + b"X\0: y\r\n\r\n",
    "NUL in a value": GET + b"X: \0\r\n\r\n",
    "NUL in the target": b"GET /d\0 HTTP/1.1\r\nHost: a\r\n\r\n",
    "a name that is no token": GET + b"X(y): z\r\n\r\n",
    "a field without a name": GET + b": z\r\n\r\n",
    "a field without a colon": GET + b"Transfer-Encoding\r\n\r\n",
    "two blanks in the line": b"GET  /d HTTP/1.1\r\nHost: a\r\n\r\n",
    "a blank after the line": b"GET /d HTTP/1.1 \r\nHost: a\r\n\r\n",
    "a blank in the target": b"GET /d /e HTTP/1.1\r\nHost: a\r\n\r\n",
    "a tab in the line": b"GET /d\tHTTP/1.1\r\nHost: a\r\n\r\n",
    "a fragment": b"GET /d#e HTTP/1.1\r\nHost: a\r\n\r\n",
    "a target that is not ASCII": b"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n",
    "a target without a slash": b"GET d HTTP/1.1\r\nHost: a\r\n\r\n",
    "authority-form": b"GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
    "CONNECT": b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
    "CONNECT to a path": b"CONNECT /d HTTP/1.1\r\nHost: a\r\n\r\n",
    "a star that is not for OPTIONS": b"GET * HTTP/1.1\r\nHost: a\r\n\r\n",
    "another scheme": b"GET file://a/etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n",
    "another protocol": b"GET /d RTSP/1.0\r\nHost: a\r\n\r\n",
    "a version of two digits": b"GET /d HTTP/1.10\r\nHost: a\r\n\r\n",
    "two hosts": GET + b"Host: b\r\n\r\n",
    "no host": b"GET /d HTTP/1.1\r\n\r\n",
}  # fmt: skip


async def furnish(h: House) -> None:
    await h.publish(
        Document("/d", b"d", "text/plain", Cache.SHORT), Document("/secret", b"secret", "text/plain", Cache.SHORT)
    )


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_what_is_ambiguous_is_400_and_nothing_behind_it_is_ever_a_request(name: str) -> None:
    async def scene() -> None:
        async with house() as h:
            await furnish(h)
            for before in (b"", GET + b"\r\n"):
                viewer = await h.viewer()
                viewer.send(before + AMBIGUOUS[name] + SMUGGLED * 3)
                if before:
                    assert (await viewer.answer())[2] == b"d"
                status, fields, _ = await viewer.answer()
                assert (status, fields["connection"]) == (400, "close")
                viewer.send(SMUGGLED)
                assert await viewer.closed() == b""
                viewer.close()
            assert h.edge.counts[200] == 1
            assert (await (await h.viewer()).get("/d"))[2] == b"d"

    run(scene)


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_what_is_ambiguous_is_refused_byte_by_byte_as_well(name: str) -> None:
    async def scene() -> None:
        async with house() as h:
            await furnish(h)
            viewer = socket.create_connection(("127.0.0.1", h.edge.port))
            viewer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in AMBIGUOUS[name] + SMUGGLED:
                try:
                    viewer.send(bytes([byte]))
                except OSError:
                    break  # it has been hung up on
                await asyncio.sleep(0)
            await until(lambda: h.edge.counts[400] == 1)
            assert h.edge.counts[200] == 0
            viewer.close()

    run(scene)


def test_the_body_of_a_report_is_never_a_request() -> None:
    async def scene() -> None:
        async with house() as h:
            await furnish(h)
            viewer = await h.viewer()
            viewer.send(POST + b"Content-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED + GET + b"\r\n")
            assert [(await viewer.answer())[::2] for _ in range(2)] == [(204, b""), (200, b"d")]
            viewer.send(POST + b"Content-Length: %d\r\n\r\n" % (len(SMUGGLED) + 9))
            assert (await viewer.answer())[0] == 204
            for byte in b"\r\n\r\n" + SMUGGLED:
                viewer.send(bytes([byte]))
                await asyncio.sleep(0)
            viewer.send(b"12345" + GET + b"\r\n")
            assert (await viewer.answer())[2] == b"d"
            assert h.edge.counts[200] == 2

    run(scene)


def test_what_is_sent_behind_a_held_request_waits_and_is_judged_as_strictly() -> None:
    async def scene() -> None:
        async with house() as h:
            await furnish(h)
            await h.publish(expected(8, 0))
            viewer = await h.viewer()
            viewer.send(
                b"GET /live/main/v720/8.0.m4s HTTP/1.1\r\nHost: a\r\n\r\n" + AMBIGUOUS["two lengths"] + SMUGGLED
            )
            await until(lambda: h.edge.waiting.count == 1)
            await h.publish(*segment(8, b"now", closed=False))
            assert (await viewer.answer())[2] == b"now"
            assert (await viewer.answer())[0] == 400
            assert await viewer.closed() == b""
            assert h.edge.counts[200] == 1

    run(scene)


def test_an_offer_to_upgrade_is_declined_and_what_follows_is_read_as_before() -> None:
    async def scene() -> None:
        async with house() as h:
            await furnish(h)
            viewer = await h.viewer()
            offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
            viewer.send(GET + offer + GET + b"Connection: close\r\n\r\n")
            assert [(await viewer.answer())[::2] for _ in range(2)] == [(200, b"d"), (200, b"d")]
            assert await viewer.closed() == b""

    run(scene)


@pytest.mark.parametrize(
    "path",
    ["/../secret", "/%2e%2e/secret", "/a/..%2fsecret", "//secret", "/secret%00", "/secret%0d%0aX:y", "/\\secret",
     "/./secret", "/SECRET", "/secret/", "/secret;x", "/%73ecret"],
)  # fmt: skip
def test_a_name_is_what_was_sent_and_no_other_spelling_of_it(path: str) -> None:
    async def scene() -> None:
        async with house() as h:
            await furnish(h)
            assert (await (await h.viewer()).get(path))[0] == 404

    run(scene)


def test_a_whole_url_asks_for_its_path_whatever_its_host() -> None:
    async def scene() -> None:
        async with house() as h:
            await furnish(h)
            viewer = await h.viewer()
            for url in (
                "http://edge/d",
                "HTTP://other:81/d",
                "http://edge/d?x=/secret",
                "http://u:p@169.254.169.254/d",
            ):
                assert (await viewer.get(url))[2] == b"d"
            assert (await viewer.get("http://edge"))[0] == 404

    run(scene)


# What is pulled: keys


def key_of(target: str) -> str:
    """The key of a target, or why it has none."""
    try:
        key = Reader(keyer({"CMCD", "token"})).read(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode()).target.path
    except Malformed as error:
        return str(error.status)
    return "400" if fault(key) else key


@pytest.mark.parametrize(
    ("target", "key"),
    [
        ("/a", "/a"), ("/a?", "/a"), ("/a?&", "/a"), ("/a?CMCD=x", "/a"), ("/a?CMCD", "/a"),
        ("/a?b=1&CMCD=x", "/a?b=1"),
        ("/a?token=1&b=1&token=2", "/a?b=1"), ("/a?%43MCD=x", "/a"), ("/a?cmcd=x", "/a?cmcd=x"),
        ("/a?b=CMCD", "/a?b=CMCD"),
        ("/a?b=1&c=2", "/a?b=1&c=2"), ("/a?c=2&b=1", "/a?c=2&b=1"), ("/a%3Fb=1", "/a%3Fb=1"), ("/a%2fb", "/a%2fb"),
        ("http://x/a?b", "/a?b"), ("//x/a", "//x/a"), ("/a;CMCD=x", "/a;CMCD=x"),
        ("/a/../b", "400"), ("/a/%2e%2e/b", "400"), ("/a%2f..%2fb", "400"), ("/a/..%5cb", "400"), ("/a\\..\\b", "400"),
        ("/a/./b", "400"), ("/..", "400"), ("/a#b", "400"), ("/" + "a" * 5000, "400"), ("/" + "a" * 9000, "414"),
        ("/a%0d%0aX:%20y", "400"), ("/a%00", "400"), ("/a%0a", "400"), ("/a%7f", "400"), ("/a?b=%0d%0a", "/a?b=%0d%0a"),
    ],
)  # fmt: skip
def test_a_key_is_one_for_all_who_mean_the_same_and_leads_nowhere_else(target: str, key: str) -> None:
    assert key_of(target) == key


def test_nothing_that_leads_elsewhere_is_ever_asked_of_an_origin() -> None:
    async def scene() -> None:
        wanted: list[str] = []
        async with house(Config(host="127.0.0.1", port=0, pull=True)) as h:
            h.edge.want = wanted.append  # type: ignore[method-assign]
            viewer = await h.viewer()
            for path in ("/a/../b", "/a/%2e%2e%2fb", "/a%0d%0aHost:%20evil", "/a\\..\\b", "/a%00.m4s"):
                status, fields, _ = await viewer.get(path)
                assert (status, fields["cache-control"]) == (400, "public, max-age=60")
            assert wanted == []
            crowd = [await h.viewer() for _ in range(8)]
            for number, each in enumerate(crowd):
                target = f"/a?CMCD=sid%3D{number}&token={number}"
                each.ask(target, X_Forwarded_Host="evil", **({"Host": "evil"} if number % 2 else {}))
            await until(lambda: h.edge.waiting.count == 4 and h.edge.counts[400] == 9)
            assert set(wanted) == {"/a"}
            assert h.edge.waiting.paths() == ["/a"]

    run(scene)
