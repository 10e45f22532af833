"""Heads of requests to be mean with: proper ones, ways of spoiling them, and a judge who has read RFC 9112 only.

What enters: a random generator. What leaves: bytes that are nearly a request, and what they say by the letter of the
grammar, or that they say nothing. The judge shares no line and no library with what it judges.
"""

import random
import re
from typing import NamedTuple

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
LINE = re.compile(rb"(%b) ([\x21-\x7e]+) HTTP/1\.([01])" % TOKEN)
FIELD = re.compile(
    rb"(%b):[ \t]*((?:[\x21-\x7e\x80-\xff](?:[\t \x21-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?)[ \t]*" % TOKEN
)
ABSOLUTE = re.compile(rb"(?i:https?)://([^/?]*)([/?].*)?")

FIELDS = [
    b"Host: edge", b"Host: edge:8080", b"User-Agent: a player/1.0 (x; y)", b"Accept: */*", b"Range: bytes=0-99",
    b"Range: bytes=5-", b"Accept-Encoding: gzip, br", b'If-None-Match: W/"0123456789abcdef"', b"Connection: keep-alive",
    b"Connection: close", b"Content-Length: 0", b"Content-Length: 5", b"Transfer-Encoding: chunked", b"X: \xc3\xa9",
    b"Referer: http://site.example/a?b#c", b"Upgrade: h2c", b"Expect: 100-continue", b"TE: trailers", b"X:",
]  # fmt: skip
LINES = [
    b"GET /live/main/v720/7.0.m4s HTTP/1.1", b"GET /live/main/v720/index.m3u8?_HLS_msn=8&_HLS_part=1 HTTP/1.1",
    b"HEAD /live/main/v720/7.m4s HTTP/1.1", b"GET /clock HTTP/1.0", b"OPTIONS * HTTP/1.1", b"POST /cmcd HTTP/1.1",
    b"GET http://edge/live/main/v720/7.m4s?CMCD=x HTTP/1.1", b"GET /none%2e%2e/%00?a=%0d%0a HTTP/1.1",
    b"GET / HTTP/1.1", b"DELETE /live/main/v720/7.m4s HTTP/1.1", b"GET /live/main/v720/8.0.m4s HTTP/1.1",
    b"GET /status/events HTTP/1.1",
    b"GET /live/main/v720/8.m4s HTTP/1.1", b"GET /live/main/v720/index.m3u8?_HLS_msn=8&_HLS_part=0&x=1 HTTP/1.1",
]  # fmt: skip
STINGS = [
    b"\r", b"\n", b"\r\n", b"\0", b" ", b"\t", b":", b";", b",", b"\x0b", b"\x7f", b"\xff", b"\r\n ", b"\r\n\t",
    b"\n\n", b"\r\r\n", b"Content-Length: 5\r\n", b"Content-Length: +5\r\n", b"Content-Length: 0x5\r\n",
    b"Content-Length : 5\r\n", b"Content-Length: 5, 5\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: chunked, identity\r\n",
    b"Transfer-Encoding:\x0bchunked\r\n", b"Transfer_Encoding: chunked\r\n", b"Host: other\r\n", b"%00", b"%2f", b"#",
    b"http://", b"*", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"RTSP/1.0", b"99999999999999999999", b"-1",
    b"GET / HTTP/1.1\r\n", b"0\r\n\r\n", b"5\r\nabcde\r\n", b"CONNECT", b"\\", b"..", b"\xe2\x80\xa8", b"_HLS_msn=",
]  # fmt: skip


class Said(NamedTuple):
    """What a head says: `target` in origin form, `length` and `chunked` of the body that follows."""

    method: bytes
    target: bytes
    http11: bool
    hosts: int
    length: int
    chunked: bool


def judged(head: bytes) -> Said | None:
    """What one whole head says (RFC 9112 §3, §5, §6), or None where it says nothing or two things."""
    lines = head.split(b"\r\n")
    asked = LINE.fullmatch(lines[0])
    if asked is None or lines[-2:] != [b"", b""] or len(lines) < 3:
        return None
    fields = []
    for line in lines[1:-2]:
        field = FIELD.fullmatch(line)
        if field is None:
            return None
        fields.append((field[1].lower(), field[2]))
    lengths = [value for name, value in fields if name == b"content-length"]
    codings = [value for name, value in fields if name == b"transfer-encoding"]
    if len(lengths) + len(codings) > 1 or any(not re.fullmatch(rb"[0-9]+", value) for value in lengths):
        return None
    if any(value.lower() != b"chunked" for value in codings):
        return None
    target = _origin_form(asked[1], asked[2])
    if target is None:
        return None
    hosts = sum(name == b"host" for name, _ in fields)
    return Said(asked[1], target, asked[3] == b"1", hosts, int(lengths[0]) if lengths else 0, bool(codings))


def _origin_form(method: bytes, target: bytes) -> bytes | None:
    if target == b"*":
        return target if method == b"OPTIONS" else None
    if b"#" in target or method == b"CONNECT":
        return None
    if target.startswith(b"/"):
        return target
    absolute = ABSOLUTE.fullmatch(target)
    if absolute is None:
        return None
    rest = absolute[2] or b"/"
    return rest if rest.startswith(b"/") else b"/" + rest


def proper(rng: random.Random) -> bytes:
    """A head as players send them, more or less."""
    fields = [rng.choice(FIELDS[:2]), *rng.sample(FIELDS[2:], rng.randrange(4))]
    rng.shuffle(fields)
    return b"".join(line + b"\r\n" for line in [rng.choice(LINES), *fields, b""])


def spoilt(rng: random.Random) -> bytes:
    """A head with up to four things wrong; as long as it says, or as it was."""
    head = bytearray(proper(rng))
    for _ in range(rng.randrange(1, 5)):
        at = rng.randrange(len(head) + 1)
        way = rng.randrange(6)
        if way == 0:
            head[at : at + 1] = bytes([rng.randrange(256)])
        elif way == 1:
            head[at:at] = rng.choice(STINGS)
        elif way == 2:
            del head[at : at + rng.randrange(1, 8)]
        elif way == 3:
            head[at:at] = head[at : at + rng.randrange(40)]
        elif way == 4:
            _sting_a_line(head, rng)
        else:
            head[at : at + 1] = head[at : at + 1].swapcase()
    return bytes(head)


def _sting_a_line(head: bytearray, rng: random.Random) -> None:
    """Put something where a line begins or ends: there it hurts most."""
    ends = [i for i in range(len(head)) if head.startswith(b"\r\n", i)]
    if ends:
        at = rng.choice(ends) + rng.choice((0, 2))
        head[at:at] = rng.choice(STINGS)


def whole(data: bytes) -> bytes | None:
    """The first head in `data`, as a connection cuts it off: to its first empty line, blank lines before it gone."""
    while data.startswith(b"\r\n"):
        data = data[2:]
    end = data.find(b"\r\n\r\n")
    return None if end < 0 else data[: end + 4]
