"""HTTP as bytes: requests as sent, heads of every kind, chunked bodies cut anywhere, content codings with a bound."""

import gzip
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringside.prove.crowd.engine import wire
from ringside.prove.crowd.engine.wire import Dechunker, Heads, Malformed, decode, parse, request

OK = b"HTTP/1.1 200 OK"
quick = settings(deadline=None, max_examples=60)


def head(*fields: str, status: str = "HTTP/1.1 200 OK") -> wire.Head:
    return parse("\r\n".join([status, *fields]).encode("latin-1"))


# -- requests


def test_a_request_names_its_target_and_its_host_first() -> None:
    sent = request("http://example.org:8080/live/a.m3u8?x=1&y", (("Accept", "*/*"), ("X", "1")))
    assert sent == b"GET /live/a.m3u8?x=1&y HTTP/1.1\r\nHost: example.org:8080\r\nAccept: */*\r\nX: 1\r\n\r\n"


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://h", b"/"),
        ("http://h?q=1", b"/?q=1"),
        ("http://h/a#part", b"/a"),
        ("http://h/a b", b"/a%20b"),
        ("http://h/Tör.ts?n=ü", b"/T%C3%B6r.ts?n=%C3%BC"),
        ("http://h/a%20b?c=%2F", b"/a%20b?c=%2F"),
        ("http://h/a\r\nX: 1", b"/aX:%201"),
    ],
)
def test_a_target_is_what_a_browser_would_send(url: str, target: bytes) -> None:
    assert request(url, ()).startswith(b"GET " + target + b" HTTP/1.1\r\nHost: h\r\n")


def test_a_password_in_the_url_is_not_sent_as_host() -> None:
    assert b"Host: h:81\r\n" in request("http://me:secret@h:81/", ())


# -- heads


def test_a_head_says_how_the_body_ends() -> None:
    assert head("Content-Length: 12").length == 12
    assert head("Transfer-Encoding: Chunked").length == wire.CHUNKED
    assert head().length == wire.UNTIL_CLOSE
    assert head("content-length:7", "CONTENT-LENGTH: 7").length == 7


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified", "100 Continue", "103 Early Hints"])
def test_some_statuses_have_no_body_whatever_they_say(status: str) -> None:
    assert head("Content-Length: 12", status=f"HTTP/1.1 {status}").length == 0


@pytest.mark.parametrize(
    ("status", "fields", "kept"),
    [
        ("HTTP/1.1 200 OK", ["Content-Length: 1"], True),
        ("HTTP/1.1 200 OK", ["Content-Length: 1", "Connection: Close"], False),
        ("HTTP/1.0 200 OK", ["Content-Length: 1"], False),
        ("HTTP/1.0 200 OK", ["Content-Length: 1", "Connection: Keep-Alive"], True),
        ("HTTP/1.1 200 OK", [], False),
        ("HTTP/1.1 304 Not Modified", [], True),
        ("HTTP/1.1 200", ["Transfer-Encoding: chunked"], True),
    ],
)
def test_a_head_says_whether_the_connection_stays(status: str, fields: list[str], kept: bool) -> None:
    assert head(*fields, status=status).keep_alive is kept


def test_a_head_is_read_as_far_as_a_player_acts_on_it() -> None:
    found = head("Location: /a?b", "Content-Encoding: GZIP", "Age: 3")
    assert (found.status, found.location, found.encoding, found.aged) == (200, "/a?b", "gzip", True)
    assert head("Date: Sun, 09 Sep 2001 01:46:40 GMT").date_s == 1_000_000_000
    assert head("Date: Thu, 01 Jan 1970 00:01:00 GMT").date_s == 60


@pytest.mark.parametrize("date", ["yesterday", "", "Wed, 99 Nov 2026 10:26:40 GMT", "Wed, 18 Nov 99999 10:26:40 GMT"])
def test_a_date_that_is_none_is_left_out(date: str) -> None:
    assert head(f"Date: {date}").date_s is None


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"HTTP/1.1",
        b"HTTP/1.1 20 OK",
        b"HTTP/1.1 2000 OK",
        b"HTTP/1.1 2x0 OK",
        b"HTTP/1.1 -20 OK",
        b"HTTP/2 200",
        b"ICY 200 OK",
        b"SSH-2.0-OpenSSH_9.2",
        OK + b"\r\nno colon here",
        OK + b"\r\nContent-Length: -1",
        OK + b"\r\nContent-Length: +1",
        OK + b"\r\nContent-Length: ten",
        OK + b"\r\nContent-Length:",
        OK + b"\r\nContent-Length: 0x10",
        OK + b"\r\nContent-Length: 1e3",
        OK + b"\r\nContent-Length: 1 2",
        OK + b"\r\nContent-Length: " + "\u00b2".encode("latin-1"),
        OK + b"\r\nContent-Length: 99999999999999",
        OK + b"\r\nContent-Length: 2199023255552",
        OK + b"\r\nContent-Length: 1\r\nContent-Length: 2",
        OK + b"\r\nContent-Length: 1\r\nTransfer-Encoding: chunked",
        OK + b"\r\nTransfer-Encoding: gzip, chunked",
        OK + b"\r\nTransfer-Encoding: identity",
    ],
)
def test_what_is_no_head_is_malformed(reply: bytes) -> None:
    with pytest.raises(Malformed):
        parse(reply)


@quick
@given(st.binary(max_size=300))
def test_no_bytes_whatever_do_more_than_be_malformed(data: bytes) -> None:
    for reply in (data, OK + b"\r\n" + data):
        try:
            found = parse(reply)
        except Malformed:
            continue
        assert 0 <= found.length <= wire.LENGTH_LIMIT or found.length in (wire.UNTIL_CLOSE, wire.CHUNKED)


def test_a_head_that_was_read_is_remembered_and_memory_is_bounded() -> None:
    heads = Heads()
    first = heads.read(OK + b"\r\nContent-Length: 5")
    assert heads.read(OK + b"\r\nContent-Length: 5") is first
    for number in range(5000):
        assert heads.read(OK + b"\r\nContent-Length: %d" % number).length == number
    assert len(heads._known) <= 2048
    with pytest.raises(Malformed):
        heads.read(b"garbage")
    assert b"garbage" not in heads._known


# -- chunked bodies


def chunked(pieces: list[bytes], extension: bytes = b"", trailer: bytes = b"") -> bytes:
    lines = [b"%x%s\r\n%s\r\n" % (len(piece), extension, piece) for piece in pieces if piece]
    return b"".join(lines) + b"0\r\n" + trailer + b"\r\n"


def cut(data: bytes, places: list[int]) -> list[bytes]:
    places = sorted(place % (len(data) + 1) for place in places)
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


def fed(pieces: list[bytes]) -> tuple[bytes, Dechunker]:
    dechunker = Dechunker()
    body = b"".join(bytes(part) for piece in pieces for part in dechunker.feed(memoryview(piece)))
    return body, dechunker


@quick
@given(
    st.lists(st.binary(min_size=1, max_size=700), max_size=5),
    st.lists(st.integers(0, 5000), max_size=8),
    st.sampled_from([b"", b";a=b", b" ; q"]),
    st.sampled_from([b"", b"X-Trailer: 1\r\n", b"A: 1\r\nB: 2\r\n"]),
)
def test_a_chunked_body_comes_out_whole_however_it_is_cut(
    body: list[bytes], places: list[int], extension: bytes, trailer: bytes
) -> None:
    found, dechunker = fed(cut(chunked(body, extension, trailer), places))
    assert found == b"".join(body)
    assert dechunker.done


def test_a_chunked_body_comes_out_whole_byte_by_byte() -> None:
    data = chunked([b"abc", b"d" * 300], b";x", b"T: 1\r\n")
    found, dechunker = fed([data[i : i + 1] for i in range(len(data))])
    assert found == b"abc" + b"d" * 300
    assert dechunker.done


@quick
@given(st.lists(st.binary(min_size=1, max_size=50), min_size=1, max_size=4), st.integers(1, 400))
def test_a_chunked_body_that_was_cut_short_is_not_done(body: list[bytes], missing: int) -> None:
    data = chunked(body)
    found, dechunker = fed([data[: max(0, len(data) - missing)]])
    assert not dechunker.done
    assert b"".join(body).startswith(found)


@pytest.mark.parametrize(
    "size",
    [b"", b"x", b"-1", b"+1", b"0x5", b"1 2", b"1.5", b"fffffffffff", b";a=b", b"1" * 2000, b"1_0"],
)
def test_a_chunk_size_that_is_none_is_malformed(size: bytes) -> None:
    with pytest.raises(Malformed):
        fed([size + b"\r\n" + b"x" * 100])


def test_a_size_line_without_an_end_is_given_up() -> None:
    with pytest.raises(Malformed):
        fed([b"1" * 100] * 11)


def test_a_trailer_line_without_an_end_is_given_up() -> None:
    with pytest.raises(Malformed):
        fed([b"0\r\n", b"X: " + b"y" * 2000])


@quick
@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=4))
def test_no_chunked_bytes_whatever_do_more_than_be_malformed(data: bytes, places: list[int]) -> None:
    try:
        found, _ = fed(cut(data, places))
    except Malformed:
        return
    assert len(found) <= len(data)


# -- content codings


def test_content_codings_are_undone() -> None:
    plain = b"#EXTM3U\n" * 100
    assert decode(plain, "") == plain
    assert decode(plain, "identity") == plain
    assert decode(gzip.compress(plain), "gzip") == plain
    assert decode(gzip.compress(plain), "x-gzip") == plain
    assert decode(zlib.compress(plain), "deflate") == plain


@pytest.mark.parametrize("over", [0, 1, 100, 1000])
def test_a_body_that_unpacks_beyond_the_limit_is_none(over: int) -> None:
    packed = gzip.compress(bytes(wire.BODY_LIMIT + over), 1)
    plain = decode(packed, "gzip")
    assert (plain is None) == bool(over)


def test_a_bomb_is_not_unpacked() -> None:
    bomb = zlib.compressobj(1, zlib.DEFLATED, 31)
    packed = b"".join(bomb.compress(bytes(1 << 20)) for _ in range(64)) + bomb.flush()
    assert len(packed) < 1_000_000
    assert decode(packed, "gzip") is None


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"not gzip", "gzip"),
        (gzip.compress(b"cut" * 100, mtime=0)[:-9], "gzip"),
        (gzip.compress(b"sum", mtime=0)[:-8] + b"\0" * 8, "gzip"),
        (b"\xff\xff", "deflate"),
        (b"x", "br"),
        (b"x", "gzip, gzip"),
        (b"x", "zstd"),
    ],
)
def test_a_coding_that_cannot_be_undone_is_malformed(body: bytes, encoding: str) -> None:
    with pytest.raises(Malformed):
        decode(body, encoding)
