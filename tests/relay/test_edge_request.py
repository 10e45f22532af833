"""Reading heads: what has been remembered reads the same as what is parsed anew, and noise never does harm."""

import contextlib
import re

import httptools
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ringside.flow.relay.answer.request import (
    KEPT,
    PLAIN,
    Directives,
    Fields,
    Malformed,
    Range,
    Reader,
    accepts_gzip,
    parse_directives,
    parse_fields,
    parse_line,
    parse_range,
    without_strangers,
)

LINES = [
    b"GET / HTTP/1.1", b"GET /a?b=c HTTP/1.1", b"HEAD /a HTTP/1.0", b"OPTIONS * HTTP/1.1", b"POST /cmcd HTTP/1.1",
    b"GET http://h:80/a?b HTTP/1.1", b"CONNECT a:80 HTTP/1.1", b"GET /\xc3\xa9 HTTP/1.1", b"get / HTTP/1.1",
    b"GET / HTTP/1.1\r", b"GET / HTTP/1.1\nX: y", b"GET  /  HTTP/1.1", b"GET /a b HTTP/1.1", b"",
    b"GET /", b"GET / HTTP/3.0",
]  # fmt: skip
BLOCKS = [
    b"Host: a\r\n", b"Host: a\r\nRange: bytes=0-1\r\n", b"Host: a\r\nConnection: close\r\n", b"Host: a\r\n folded\r\n",
    b"Host: a\r\nContent-Length: 0\r\n", b"Host: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n",
    b"Host: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n", b"Host: a\nX: y\r\n", b"Host : a\r\n",
    b"", b"Host: a\r\nX: \0\r\n",
    b"Host: a\r\nTransfer-Encoding: gzip\r\n", b"Host: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n",
]  # fmt: skip


def taken(reader: Reader, head: bytes) -> object:
    try:
        return reader.read(head)
    except Malformed as error:
        return error.status


def is_strictly_http(head: bytes) -> bool:
    """Whether httptools takes the head as one whole."""
    parser = httptools.HttpRequestParser(object())
    try:
        parser.feed_data(head)
    except httptools.HttpParserUpgrade:
        return True
    except httptools.HttpParserError:
        return False
    return True


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("block", BLOCKS)
def test_a_head_that_is_taken_in_halves_is_one_that_is_taken_whole(line: bytes, block: bytes) -> None:
    head = line + b"\r\n" + block + b"\r\n"
    if not isinstance(taken(Reader(), head), int):
        assert is_strictly_http(head)


@given(st.sampled_from(LINES), st.sampled_from(BLOCKS), st.integers(0, 200), st.integers(0, 255))
@settings(max_examples=500, deadline=None)
def test_a_head_with_a_byte_changed_is_read_as_strictly_as_by_httptools(
    line: bytes, block: bytes, at: int, byte: int
) -> None:
    head = bytearray(line + b"\r\n" + block + b"\r\n")
    head[at % len(head)] = byte
    if bytes(head).find(b"\r\n\r\n") != len(head) - 4:
        return
    if not isinstance(taken(Reader(), bytes(head)), int):
        assert is_strictly_http(bytes(head))


@given(st.lists(st.tuples(st.sampled_from(LINES), st.sampled_from(BLOCKS)), max_size=20))
@settings(max_examples=100, deadline=None)
def test_what_a_reader_has_seen_before_does_not_change_what_it_reads(heads: list[tuple[bytes, bytes]]) -> None:
    old = Reader()
    for line, block in heads:
        head = line + b"\r\n" + block + b"\r\n"
        assert taken(old, head) == taken(Reader(), head)


@given(st.text(st.characters(max_codepoint=255), max_size=30))
@settings(max_examples=500, deadline=None)
def test_every_plain_line_is_one_that_httptools_reads_alike(text: str) -> None:
    line = b"GET /" + text.encode("latin-1") + b" HTTP/1.1"
    if PLAIN.fullmatch(line) is None:
        return
    target = parse_line(line)
    assert is_strictly_http(line + b"\r\nHost: a\r\n\r\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ringside.flow.relay.answer.request.PLAIN", re.compile(b"(?!)"))
        assert parse_line(line) == target


@pytest.mark.parametrize("char", [bytes([c]) for c in range(256)])
def test_a_plain_line_holds_no_character_that_httptools_refuses(char: bytes) -> None:
    for line in (b"GET /a" + char + b"b HTTP/1.1", b"GET /a?" + char + b"b HTTP/1.1"):
        if PLAIN.fullmatch(line) is not None:
            assert is_strictly_http(line + b"\r\nHost: a\r\n\r\n")


@given(st.binary(max_size=300))
@example(b"\r\n")
@settings(max_examples=500, deadline=None)
def test_noise_is_malformed_or_a_request(noise: bytes) -> None:
    with contextlib.suppress(Malformed):
        Reader().read(noise + b"\r\n\r\n")


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_fields_of_any_text_never_fail(text: str) -> None:
    parse_range(text)
    parse_range("bytes=" + text)
    accepts_gzip(text)
    parse_directives("_HLS_msn=" + text)


def test_what_is_remembered_is_bounded() -> None:
    reader = Reader()
    for i in range(KEPT + 10):
        reader.read(b"GET /%d HTTP/1.1\r\nHost: a\r\nX: %d\r\n\r\n" % (i, i))
    assert len(reader._lines) <= KEPT
    assert len(reader._blocks) <= KEPT


@pytest.mark.parametrize(
    ("query", "want"),
    [
        ("a=b", None),
        ("_HLS_msn=12", Directives(12)),
        ("_HLS_msn=12&_HLS_part=3", Directives(12, 3)),
        ("x=1&_HLS_part=3&_HLS_msn=12&_HLS_skip=YES", Directives(12, 3, skip=True)),
        ("_HLS_skip=v2", Directives(skip=True)),
        ("_HLS_skip=yes", Directives()),
        ("_HLS_msn=1&_HLS_msn=2", Directives(1)),
        ("_HLS_part=3", Directives(None, 3, fault="_HLS_part without _HLS_msn")),
        ("_HLS_msn=", Directives(fault="_HLS_msn is not a decimal integer")),
        ("_HLS_msn=1&_HLS_part=+2", Directives(1, fault="_HLS_part is not a decimal integer")),
        ("_HLS_msn=\u0661", Directives(fault="_HLS_msn is not a decimal integer")),
        ("_HLS_report=1", Directives()),
    ],
)
def test_directives(query: str, want: Directives | None) -> None:
    assert parse_directives(query) == want


@pytest.mark.parametrize(
    ("line", "path"),
    [
        (b"GET /a/../b HTTP/1.1", "/a/../b"),
        (b"GET /%2e%2e/b HTTP/1.1", "/%2e%2e/b"),
        (b"GET //a HTTP/1.1", "//a"),
        (b"GET http://host/a?b HTTP/1.1", "/a"),
        (b"GET http://host HTTP/1.1", "/"),
        (b"GET http://host?q HTTP/1.1", "/"),
        (b"OPTIONS * HTTP/1.1", "*"),
    ],
)
def test_paths_are_taken_as_sent(line: bytes, path: str) -> None:
    assert parse_line(line).path == path


def test_fields_that_matter() -> None:
    block = b"\r\nHost: a\r\nACCEPT-encoding: br, gzip\r\nrange: bytes=5-\r\n"
    block += b'If-None-Match: "x"\r\nConnection: TE, Close\r\n\r\n'
    assert parse_fields(block) == Fields(1, Range(5, None), True, '"x"', True)


FIELDS = b"Host: a\r\nUser-Agent: b\r\n\r\n"


@pytest.mark.parametrize(
    ("line", "same"),
    [
        (b"GET /a.m3u8?CMCD=bl%3D100 HTTP/1.1", b"GET /a.m3u8 HTTP/1.1"),
        (b"GET /a.m3u8?_HLS_msn=4&CMCD=x&_HLS_part=2 HTTP/1.1", b"GET /a.m3u8?_HLS_msn=4&_HLS_part=2 HTTP/1.1"),
        (b"GET /a.m3u8? HTTP/1.1", b"GET /a.m3u8 HTTP/1.1"),
        (b"GET /a.m3u8?_HLS_msn=4 HTTP/1.1", None),
        (b"GET /a.m3u8 HTTP/1.1", None),
        (b"HEAD /a.m3u8?x=1 HTTP/1.1", None),
        (b"GET /a.m3u8?x=1 HTTP/1.0", None),
        (b"GET /a.m3u8?x=\x01 HTTP/1.1", None),
        (b"GET /a.m3u8?x=1 2 HTTP/1.1", None),
        (b"GET a.m3u8?x=1 HTTP/1.1", None),
    ],
)
def test_what_players_tell_of_themselves_makes_no_other_request(line: bytes, same: bytes | None) -> None:
    """And what is taken away never makes a request out of what was none."""
    expected = None if same is None else same + b"\r\n" + FIELDS
    assert without_strangers(line + b"\r\n" + FIELDS) == expected
