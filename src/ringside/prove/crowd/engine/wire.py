"""HTTP/1.1 from a client's side, as bytes: a request written, a reply's head read, a chunked body taken apart.

Pure, and bounded: a head that is too long, a length that is not a number and a chunk size out of range are errors, and
an error says what was wrong. Heads repeat from viewer to viewer, so what was read is remembered by its bytes.
"""

import string
import zlib
from collections.abc import Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import quote, urlsplit

HEAD_LIMIT = 64 * 1024
BODY_LIMIT = 8 << 20
LENGTH_LIMIT = 1 << 40
UNTIL_CLOSE = -1
CHUNKED = -2
_REMEMBERED = 2048
_BODILESS = {204, 304}
_HEX = string.hexdigits.encode()
_AS_IT_IS = "!\"#$%&'()*+,/:;<=>?@[\\]^`{|}"
"""In a target; the rest, such as blanks and umlauts, is percent-encoded."""
_DOCUMENTS = (b"text/html", b"application/xhtml+xml", b"application/json")


class Malformed(Exception):
    """The reply is not HTTP; the message says in what."""


class Head:
    """The head of a reply, as far as a player acts on it."""

    __slots__ = (
        "aged", "date_s", "document", "encoding", "keep_alive", "length", "location", "news", "special", "status",
    )  # fmt: skip

    def __init__(self, status: int) -> None:
        self.status = status
        self.length = UNTIL_CLOSE
        """Body bytes to come, or UNTIL_CLOSE, or CHUNKED."""
        self.keep_alive = True
        self.encoding = ""
        self.location = ""
        self.date_s: float | None = None
        self.aged = False
        """A cache answered: Date is the time of an earlier answer."""
        self.document = False
        """The body is a page or a message: never media."""
        self.special = False
        """There is more to do than to count the body: a redirect, a content coding, a document, no body at all."""
        self.news = True
        """Nobody has yet looked at its date."""


def request(url: str, headers: tuple[tuple[str, str], ...]) -> bytes:
    """A GET as sent: Host first, then `headers` in the order given."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"GET {quote(target, safe=_AS_IT_IS)} HTTP/1.1", f"Host: {parts.netloc.rpartition('@')[2]}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


class Echo:
    """A reply that came whole: `start` is all of it, or its head where nobody wants the body; `size` is its length."""

    __slots__ = ("body", "head", "size", "start")

    def __init__(self, head: Head, start: bytes, body: bytes, size: int) -> None:
        self.head = head
        self.start = start
        self.body = body
        self.size = size


class Heads:
    """Reads heads, each distinct one once."""

    def __init__(self) -> None:
        self._known: dict[bytes, Head] = {}

    def read(self, head: bytes) -> Head:
        """The head of a reply, without its empty line. Malformed if it is none."""
        known = self._known.get(head)
        if known is None:
            known = parse(head)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[head] = known
        return known


def begins_as_http(data: bytes) -> bool:
    """Whether what has come so far may become the head of a reply."""
    return data.startswith(b"HTTP/1."[: len(data)])


def parse(head: bytes) -> Head:
    """The head of a reply (RFC 9112), without its empty line."""
    first, *lines = head.split(b"\r\n")
    words = first.split(b" ", 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not (len(words[1]) == 3 and words[1].isdigit()):
        raise Malformed(f"reply begins with {first[:40]!r}")
    found = Head(int(words[1]))
    found.keep_alive = words[0] != b"HTTP/1.0"
    lengths: set[bytes] = set()
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon:
            raise Malformed(f"header line {line[:40]!r} has no colon")
        _note(found, name.lower(), value.strip(), lengths)
    _settle(found, lengths)
    found.special = bool(found.location or found.encoding or found.document or not found.length)
    return found


def _note(head: Head, name: bytes, value: bytes, lengths: set[bytes]) -> None:
    if name == b"content-length":
        lengths.add(value)
    elif name == b"transfer-encoding":
        if value.lower() != b"chunked":
            raise Malformed(f"transfer encoding {value[:40]!r}")
        head.length = CHUNKED
    elif name == b"connection":
        words = value.lower()
        head.keep_alive = (head.keep_alive and b"close" not in words) or b"keep-alive" in words
    elif name == b"content-encoding":
        head.encoding = value.lower().decode("latin-1")
    elif name == b"location":
        head.location = value.decode("latin-1")
    elif name == b"content-type":
        head.document = value.lower().startswith(_DOCUMENTS)
    elif name == b"age":
        head.aged = True
    elif name == b"date":
        head.date_s = _date_s(value.decode("latin-1"))


def _date_s(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return None


def _settle(head: Head, lengths: set[bytes]) -> None:
    """How the body ends (RFC 9112, section 6.3)."""
    if head.status in _BODILESS or head.status < 200:
        head.length = 0
        return
    if head.length == CHUNKED:
        if lengths:
            raise Malformed("both Content-Length and chunked")
        return
    if len(lengths) > 1:
        raise Malformed("two Content-Length headers that differ")
    for text in lengths:
        if not text.isdigit() or len(text) > 13 or int(text) > LENGTH_LIMIT:
            raise Malformed(f"Content-Length {text[:40]!r}")
        head.length = int(text)
    if head.length == UNTIL_CLOSE:
        head.keep_alive = False


class Dechunker:
    """A chunked body (RFC 9112, section 7.1), fed in pieces of any size."""

    __slots__ = ("_left", "_line", "_trailer", "_trailer_bytes", "done")

    def __init__(self) -> None:
        self._left = 0
        """Bytes of the current chunk still to come, its CRLF (2) included; 0 between chunks."""
        self._line = b""
        self._trailer = False
        self._trailer_bytes = 0
        self.done = False

    def feed(self, data: memoryview) -> Iterator[memoryview]:
        """The body bytes in `data`; Malformed for a chunk size that is none. `done` once the last chunk has ended."""
        at, size = 0, len(data)
        while at < size and not self.done:
            if self._left:
                take = min(self._left, size - at)
                body = min(take, self._left - 2)
                if body > 0:
                    yield data[at : at + body]
                self._left -= take
                at += take
            else:
                at = self._size_line(data, at)

    def _size_line(self, data: memoryview, at: int) -> int:
        """Read a chunk-size or trailer line beginning at `at`, perhaps begun in earlier data; where it ends."""
        window = bytes(data[at : at + 256])
        end = window.find(b"\n")
        self._line += window if end < 0 else window[:end]
        if len(self._line) > 1024:
            raise Malformed("chunk-size line without an end")
        if end < 0:
            return at + len(window)
        line, self._line = self._line.rstrip(b"\r"), b""
        if self._trailer:
            self._trailer_bytes += len(line)
            if self._trailer_bytes > HEAD_LIMIT:
                raise Malformed("trailer without an end")
            self.done = not line
        else:
            self._begin(line)
        return at + end + 1

    def _begin(self, line: bytes) -> None:
        digits = line.partition(b";")[0].strip()
        size = int(digits, 16) if digits and not digits.strip(_HEX) else -1
        if not 0 <= size <= LENGTH_LIMIT:
            raise Malformed(f"chunk size {digits[:40]!r}")
        self._trailer = size == 0
        self._left = size + 2 if size else 0


def decode(body: bytes, encoding: str) -> bytes | None:
    """A body with its content coding undone; None where it would exceed BODY_LIMIT. Malformed if it cannot be."""
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise Malformed(f"content coding {encoding[:40]!r} was not asked for")
    inflate = zlib.decompressobj(31 if "gzip" in encoding else 15)
    try:
        plain = inflate.decompress(body, BODY_LIMIT)
    except zlib.error as error:
        raise Malformed(f"body is not {encoding}: {error}") from None
    if inflate.unconsumed_tail:
        return None
    if not inflate.eof:
        raise Malformed(f"{encoding} body ends early")
    return plain
