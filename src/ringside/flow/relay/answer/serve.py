"""Serve: an answer, ready to be written, and the heads it begins with (RFC 9110, 9111).

A Serve is built once per object (or object version) and serves every viewer: its status line and Date come from
the worker, the rest of its head and its body never change. The body is memory, or a range of a blob. Nothing here
writes: the connection does.
"""

import gzip
from email.utils import formatdate
from http import HTTPStatus
from typing import Protocol

from ringside.core.feed import Cache

CORS = (
    b"Access-Control-Allow-Origin: *\r\n"
    b"Access-Control-Expose-Headers: *\r\n"
    b"Cross-Origin-Resource-Policy: cross-origin\r\n"
    b"Timing-Allow-Origin: *\r\n"
)
PREFLIGHT = (
    b"Access-Control-Allow-Methods: GET, HEAD, OPTIONS, POST\r\n"
    b"Access-Control-Allow-Headers: *, Range, Content-Type\r\n"
    b"Access-Control-Max-Age: 86400\r\n"
)
REASONS = {status.value: status.phrase.encode() for status in HTTPStatus} | {
    200: b"OK", 204: b"No Content", 206: b"Partial Content", 304: b"Not Modified", 400: b"Bad Request",
    404: b"Not Found", 405: b"Method Not Allowed", 408: b"Request Timeout", 411: b"Length Required",
    413: b"Content Too Large", 414: b"URI Too Long", 416: b"Range Not Satisfiable",
    429: b"Too Many Requests", 431: b"Request Header Fields Too Large", 501: b"Not Implemented",
    503: b"Service Unavailable", 505: b"HTTP Version Not Supported",
}  # fmt: skip
STATUS = {status: b"HTTP/1.1 %d %s\r\n" % (status, reason) for status, reason in REASONS.items()}
COMPRESSIBLE = ("text/", "application/json", "application/javascript", "application/vnd.apple.mpegurl",
                "application/dash+xml", "application/x-mpegurl", "image/svg+xml")  # fmt: skip
COMPRESS_MIN = 256  # bytes below which gzip gains nothing
LONG_S = 86_400


class Readable(Protocol):
    """What a blob is to a Serve."""

    def read(self, offset: int, size: int) -> bytes: ...


class Date:
    """A second of Unix time, and the Date field that says so; each second is one object, and known by it."""

    __slots__ = ("field", "second")

    def __init__(self, second: int) -> None:
        self.second = second
        self.field = b"Date: %b\r\n" % formatdate(second, usegmt=True).encode()


class Tally:
    """How often an object was served, how many were held for it, and the bytes of its answers. `video`: pictures."""

    __slots__ = ("_told", "bytes", "held", "hits", "video")

    def __init__(self, video: bool = False) -> None:
        self.hits = self.held = self.bytes = 0
        self.video = video
        self._told = (0, 0, 0)

    def take(self) -> tuple[int, int, int]:
        """Hits, held and bytes since this was last asked."""
        hits, held, size = self._told
        self._told = (self.hits, self.held, self.bytes)
        return self.hits - hits, self.held - held, self.bytes - size


NOBODY = Tally()
"""Of what is not counted."""


class Serve:
    """An answer: `status`, `head` (from after the Date to the empty line), and `body` or a range of `blob`.

    `born_s`: the second of Unix time at which it was made, where its age is to be told (RFC 9111 §5.1); else 0.
    """

    __slots__ = ("_date", "_wire", "blob", "body", "born_s", "head", "offset", "size", "status", "tally")

    def __init__(
        self,
        status: int,
        head: bytes,
        body: bytes = b"",
        blob: Readable | None = None,
        offset: int = 0,
        size: int = 0,
        *,
        born_s: int = 0,
        tally: Tally = NOBODY,
    ) -> None:
        self.born_s = born_s
        self.tally = tally
        self.status = status
        self.head = head
        self.body = body
        self.blob = blob
        self.offset = offset
        self.size = size if blob is not None else len(body)
        self._date: Date | None = None
        self._wire = b""

    def __repr__(self) -> str:
        return f"<Serve {self.status} {self.size} B>"

    def top(self, date: Date, close: bool = False) -> bytes:
        """Status line and head, as of `date`."""
        age = b"Age: %d\r\n" % max(0, date.second - self.born_s) if self.born_s else b""
        return STATUS[self.status] + date.field + age + (b"Connection: close\r\n" if close else b"") + self.head

    def wire(self, date: Date) -> bytes:
        """Status line, head and what body there is in memory; joined once per second, not once per viewer."""
        if date is not self._date:
            self._date = date
            self._wire = self.top(date) + self.body
        return self._wire

    def take_in(self) -> None:
        """Keep the blob's range in memory from now on: cheaper to write where it is small."""
        if self.blob is not None:
            self.body = self.blob.read(self.offset, self.size)
            self.blob = self._date = None


def cache_control(cache: Cache, target_s: int) -> bytes:
    """The Cache-Control value of a class; PLAYLIST gives a plain playlist's, half a target duration."""
    values = {
        Cache.IMMUTABLE: b"public, max-age=%d, immutable" % LONG_S,
        Cache.PLAYLIST: b"public, max-age=%d" % max(1, target_s // 2),
        Cache.SHORT: b"public, max-age=1",
        Cache.NONE: b"no-store",
        Cache.ASSET: b"no-cache",
    }
    return values[cache]


def compressible(content_type: str, size: int) -> bool:
    """Whether an object of this type and size (bytes) is worth gzip."""
    return size >= COMPRESS_MIN and content_type.startswith(COMPRESSIBLE)


def compress(body: bytes) -> bytes:
    """`body` as gzip, the same every time."""
    return gzip.compress(body, 6, mtime=0)


def head(content_type: str, cache_control: bytes, length: int | None, *lines: bytes) -> bytes:
    """A head from after the Date to the empty line; `length` None: chunked."""
    framing = b"Transfer-Encoding: chunked\r\n" if length is None else b"Content-Length: %d\r\n" % length
    printable = "".join(c for c in content_type if c.isprintable())
    kind = b"Content-Type: %s\r\n" % printable.encode("latin-1", "replace")
    caching = b"Cache-Control: %s\r\n" % cache_control
    return kind + framing + caching + b"".join(line + b"\r\n" for line in lines) + CORS + b"\r\n"


def refusal(status: int, sentence: str, max_age_s: int = 0) -> Serve:
    """A status that is not good news, with one sentence, cacheable for `max_age_s`."""
    body = sentence.encode() + b"\n"
    caching = b"public, max-age=%d" % max_age_s if max_age_s else b"no-store"
    extra = {405: [b"Allow: GET, HEAD, OPTIONS"], 503: [b"Retry-After: 1"]}.get(status, [])
    return Serve(status, head("text/plain; charset=utf-8", caching, len(body), *extra), body)


EMPTY = Serve(204, b"Cache-Control: no-store\r\n" + CORS + b"\r\n")
NO_NEWS = Serve(204, b"Cache-Control: " + cache_control(Cache.SHORT, 0) + b"\r\n" + CORS + b"\r\n")
OPTIONS = Serve(204, b"Allow: GET, HEAD, OPTIONS\r\nCache-Control: no-store\r\n" + PREFLIGHT + CORS + b"\r\n")
