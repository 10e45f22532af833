"""Replies that misbehave as bytes: each function answers one request; True means the connection may be used again."""

import os
import zlib
from collections.abc import Callable, Iterator
from functools import cache

from tests.hostile.talk import Talk

Reply = Callable[[Talk], bool | None]
REPLIES: dict[str, Reply] = {}

PLAYLIST = "application/vnd.apple.mpegurl"
LINES = b"#EXTINF:2.0,\nhttp://127.0.0.1:9/nothing-is-here-%08d.ts\n"
MB = 1 << 20


def reply(name: str) -> Callable[[Reply], Reply]:
    """Enter a reply under its name."""

    def enter(function: Reply) -> Reply:
        assert name not in REPLIES
        REPLIES[name] = function
        return function

    return enter


def body_of(content_type: str, body: bytes) -> Reply:
    """A well-formed reply that is not what was hoped for."""

    def function(talk: Talk) -> bool:
        talk.answer(body, content_type)
        return True

    return function


def raw(*pieces: bytes) -> Reply:
    """Send just this, and close."""
    return lambda talk: talk.send(*pieces)


def raw_then_stall(*pieces: bytes) -> Reply:
    """Send just this, and stay."""

    def function(talk: Talk) -> None:
        talk.send(*pieces)
        talk.stall()

    return function


def with_status(status: str, *fields: str) -> Reply:
    """A status and a short body (none where the status forbids one)."""

    def function(talk: Talk) -> bool:
        if status[:3] in ("204", "304"):
            talk.send("\r\n".join([f"HTTP/1.1 {status}", *fields, "", ""]).encode())
        else:
            talk.answer(b"no\n", "text/plain", status, *fields)
        return True

    return function


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.apple.mpegurl\r\n"
START = b"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:1\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
HTML = b"<!doctype html><title>Sign in</title><h1>Hotel Wifi</h1><p>Please accept our terms.</p>" * 20

REPLIES |= {
    "html": body_of("text/html", HTML),
    "html-as-playlist": body_of(PLAYLIST, HTML),
    "binary": body_of("application/octet-stream", os.urandom(50_000)),
    "binary-as-playlist": body_of(PLAYLIST, os.urandom(50_000)),
    "empty": body_of(PLAYLIST, b""),
    "json": body_of("application/json", b'{"error": "not found", "status": 404}'),
    "stall-before-head": lambda talk: talk.stall(),
    "stall-in-status": raw_then_stall(b"HTTP/1.1 20"),
    "stall-in-head": raw_then_stall(OK + b"Cache-Con"),
    "stall-before-body": raw_then_stall(OK + b"Content-Length: 5000\r\n\r\n"),
    "stall-in-body": raw_then_stall(OK + b"Content-Length: 5000\r\n\r\n", START),
    "stall-in-chunk": raw_then_stall(CHUNKED, b"1388\r\n", START),
    "length-too-long": raw(OK + b"Content-Length: 5000\r\n\r\n", START),
    "length-too-short": raw(OK + b"Content-Length: 10\r\n\r\n" + START * 50),
    "length-negative": raw(OK + b"Content-Length: -5\r\n\r\n", START),
    "length-twice": raw(OK + b"Content-Length: 5\r\nContent-Length: 50\r\n\r\n", START),
    "length-in-words": raw(OK + b"Content-Length: plenty\r\n\r\n", START),
    "length-enormous": raw_then_stall(OK + b"Content-Length: 99999999999999999999999\r\n\r\n", START),
    "chunk-size-bad": raw(CHUNKED, b"zz\r\n", START),
    "chunk-size-negative": raw(CHUNKED, b"-5\r\n", START),
    "chunk-size-enormous": raw_then_stall(CHUNKED, b"FFFFFFFFFFFFFFFFFF\r\n", START),
    "chunk-size-endless": raw_then_stall(CHUNKED, b"0" * MB),
    "chunk-cut": raw(CHUNKED, b"1388\r\n", START),
    "chunk-without-an-end": raw(CHUNKED, b"%x\r\n" % len(START), START, b"\r\n"),
    "chunk-lies": raw(CHUNKED, b"5\r\n", START, b"\r\n0\r\n\r\n"),
    "length-and-chunked": raw(
        OK + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n"
    ),
    "redirect-to-file": with_status("302 Found", "Location: file:///etc/passwd"),
    "redirect-to-nothing": with_status("302 Found", "Location: "),
    "redirect-nowhere": with_status("302 Found"),
    "redirect-to-nonsense": with_status("302 Found", "Location: http://[::1/%zz\x01"),
    "redirect-to-a-closed-port": with_status("302 Found", "Location: http://127.0.0.1:9/index.m3u8"),
    "gzip-cut": raw(OK + b"Content-Encoding: gzip\r\nContent-Length: 12\r\n\r\n", zlib.compress(START, 9, 31)[:12]),
    "gzip-not": raw(OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(START), START),
    "encoding-unknown": raw(OK + b"Content-Encoding: br\r\nContent-Length: %d\r\n\r\n" % len(START), START),
    "close-at-once": raw(),
    "close-in-head": raw(OK + b"Cache-Con"),
    "close-in-body": raw(OK + b"Content-Length: 50000\r\n\r\n", START * 20),
    "reset-at-once": lambda talk: talk.reset(),
    "http09": raw(START),
    "garbage": raw(os.urandom(5_000)),
    "ssh": raw_then_stall(b"SSH-2.0-OpenSSH_9.2p1\r\n"),
    "http2": raw_then_stall(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64"),
    "status-unreadable": raw(b"HTTP/1.1 OK 200\r\nContent-Length: 0\r\n\r\n"),
    "status-999": with_status("999 Whatever"),
    "status-204": with_status("204 No Content"),
    "status-206": with_status("206 Partial Content", "Content-Range: bytes 0-2/9"),
    "status-304": with_status("304 Not Modified"),
    "status-401": with_status("401 Unauthorized", 'WWW-Authenticate: Basic realm="x"'),
    "status-403": with_status("403 Forbidden"),
    "status-404": with_status("404 Not Found"),
    "status-410": with_status("410 Gone"),
    "status-416": with_status("416 Range Not Satisfiable"),
    "status-429": with_status("429 Too Many Requests", "Retry-After: 3600"),
    "status-500": with_status("500 Internal Server Error"),
    "status-503": with_status("503 Service Unavailable", "Retry-After: 1"),
    "head-of-1-mb": raw(OK + b"X-Padding: " + b"x" * MB + b"\r\nContent-Length: 0\r\n\r\n"),
    "nul-in-head": raw(OK + b"X-\x00: \x00\r\nContent-Length: 0\r\n\r\n"),
    "continue-once": raw(b"HTTP/1.1 100 Continue\r\n\r\n", OK + b"Content-Length: 0\r\n\r\n"),
}


@reply("redirect-circle")
def redirect_circle(talk: Talk) -> bool:
    """Two places that point at each other."""
    other = "b" if talk.path.endswith("/a") else "a"
    talk.answer(b"", "text/plain", "302 Found", f"Location: {talk.base}/redirect-circle/{other}")
    return True


@reply("redirect-for-ever")
def redirect_for_ever(talk: Talk) -> bool:
    """Each place points at one with a longer name."""
    talk.answer(b"", "text/plain", "307 Temporary Redirect", f"Location: {talk.path}/x")
    return True


@reply("drip")
def drip(talk: Talk) -> None:
    """A byte now and then: never silent, never done."""
    talk.send(OK + b"Content-Length: 100000\r\n\r\n")
    for byte in START * 100:
        talk.send(bytes([byte]))
        talk.wait(0.2)


@reply("drip-in-head")
def drip_in_head(talk: Talk) -> None:
    """A head that comes byte by byte."""
    for byte in OK + b"X: y\r\n" * 1000:
        talk.send(bytes([byte]))
        talk.wait(0.2)


@reply("endless-head")
def endless_head(talk: Talk) -> None:
    """Fields without end."""
    talk.send(OK)
    line = b"".join(b"X-Field-%d: %s\r\n" % (i, b"v" * 100) for i in range(500))
    while True:
        talk.send(line)


@reply("endless-line")
def endless_line(talk: Talk) -> None:
    """A status line without end."""
    talk.send(b"HTTP/1.1 200 ")
    while True:
        talk.send(b"O" * 65536)


@reply("continue-flood")
def continue_flood(talk: Talk) -> None:
    """100 Continue, again and again, and never an answer."""
    while True:
        talk.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)


@reply("chunks-endless")
def chunks_endless(talk: Talk) -> None:
    """Small chunks without end, well formed."""
    talk.send(CHUNKED, b"%x\r\n" % len(START), START, b"\r\n")
    piece = LINES % 1 * 8  # small, and yet the limit is met before the reader's patience ends on a busy machine
    while True:
        talk.send((b"%x\r\n" % len(piece) + piece + b"\r\n") * 100)


@reply("chunk-extension-endless")
def chunk_extension_endless(talk: Talk) -> None:
    """A chunk whose extension never ends."""
    talk.send(CHUNKED, b"5;x=")
    while True:
        talk.send(b"y" * 65536)


@reply("trailer-endless")
def trailer_endless(talk: Talk) -> None:
    """A body well ended, and a trailer that is not."""
    talk.send(CHUNKED, b"%x\r\n" % len(START), START, b"\r\n0\r\n")
    while True:
        talk.send(b"X-Trailer: %s\r\n" % (b"v" * 1000))


@cache
def megabyte() -> bytes:
    """A megabyte of a playlist."""
    return b"".join(LINES % i for i in range(MB // len(LINES % 1)))


def gigabyte() -> Iterator[bytes]:
    """A playlist of 1 GB, a megabyte at a time."""
    yield START
    for _ in range(1024):
        yield megabyte()


@reply("playlist-of-1-gb")
def playlist_of_1_gb(talk: Talk) -> None:
    """Well formed, honest about its length, and far too long."""
    talk.send(OK + b"Content-Length: %d\r\n\r\n" % sum(map(len, gigabyte())))
    for piece in gigabyte():
        talk.send(piece)


@reply("body-until-close-of-1-gb")
def body_until_close(talk: Talk) -> None:
    """The same without a length."""
    talk.send(OK + b"Connection: close\r\n\r\n")
    for piece in gigabyte():
        talk.send(piece)


@cache
def bomb() -> bytes:
    """A gigabyte of line ends after a playlist's first line, in about a megabyte."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    first = packer.compress(START + b"\n" * (16 * MB)) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b"\n" * (16 * MB)) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + block * 63 + b"\x03\x00"  # the last block is empty; the checksum never comes


@reply("gzip-bomb")
def gzip_bomb(talk: Talk) -> None:
    """A bomb, with an honest length."""
    body = bomb()
    talk.send(OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body), body)


@reply("pipelined-garbage")
def pipelined_garbage(talk: Talk) -> bool:
    """An honest reply with another, unasked, behind it."""
    talk.answer(START, PLAYLIST)
    talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", b"and more")
    return True
