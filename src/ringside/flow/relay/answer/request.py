"""Reading request heads (RFC 9112), strictly.

What enters: the bytes of one whole head. What leaves: a Request, or Malformed with the status to answer. A head is
a request line and a block of fields, and both repeat endlessly in a crowd: everybody asks for the same part, and a
player sends the same fields every time. So each is parsed by itself (httptools, in its strict mode) and the
result kept: what has been seen before, byte for byte, is not parsed again.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

import httptools

MAX_HEAD = 16 * 1024  # bytes of a whole head
MAX_LINE = 8 * 1024  # bytes of a request line
KEPT = 4096  # results kept of each kind
KEPT_BYTES = 2048  # longest line or block worth keeping

# What nearly all request lines look like: a part of what httptools takes, and read for a fifth of its price.
PLAIN = re.compile(rb"(GET|HEAD) (/[!\"$->@-~]*)(?:\?([!\"$-~]*))? HTTP/1\.1")

# A request line as RFC 9112 §3 has it; httptools alone would let blanks, line ends and other protocols pass.
LINE = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+ [!\"$-~]+ HTTP/[0-9]\.[0-9]")

ASKED = re.compile(rb"GET (/[!\"$->@-~]*)\?([!\"$-~]*) HTTP/1\.1\r\n")


def without_strangers(head: bytes) -> bytes | None:
    """A GET's head without the parameters that mean nothing here (CMCD above all); None where it has no others.

    So players that tell something else with each request are known to ask the same.
    """
    line = ASKED.match(head)
    if line is None:
        return None
    path, query = line.groups()
    given = query.split(b"&")
    ours = [pair for pair in given if pair.startswith(b"_HLS_")]
    if len(ours) == len(given):
        return None
    asked = path + b"?" + b"&".join(ours) if ours else path
    return b"GET %b HTTP/1.1\r\n%b" % (asked, head[line.end() :])


class Malformed(Exception):
    """The client's bytes are no request we take; `status` and the sentence answer it, then the connection closes."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.status = status


class Range(NamedTuple):
    """A single byte range as asked for (RFC 9110 §14.1.2): `first` None for a suffix of `last` bytes."""

    first: int | None
    last: int | None


class Directives(NamedTuple):
    """The delivery directives of a playlist request (rfc8216bis §6.2.5); `fault`: what is wrong with them."""

    msn: int | None = None
    part: int | None = None
    skip: bool = False
    fault: str = ""


class Target(NamedTuple):
    """A request line. `path` is as sent, never decoded: our names need no escapes, so an escaped one is unknown.

    `common`: it has no parameters but ours, so that others are likely to send the same line.
    """

    method: str
    path: str
    directives: Directives | None
    http11: bool
    common: bool = True


class Fields(NamedTuple):
    """The fields that matter here. `length` and `chunked` tell of a body; `close`: the client wants no more."""

    hosts: int = 0
    range: Range | None = None
    gzip: bool = False
    etags: str = ""
    close: bool = False
    length: int = 0
    chunked: bool = False


class Request(NamedTuple):
    """A request's head."""

    target: Target
    fields: Fields


class _Listener:
    """Collects what httptools finds."""

    __slots__ = ("fields", "url")

    def __init__(self) -> None:
        self.url = b""
        self.fields: list[tuple[bytes, bytes]] = []

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name.lower(), value))


def _parse(data: bytes) -> tuple[_Listener, httptools.HttpRequestParser]:
    listener = _Listener()
    parser = httptools.HttpRequestParser(listener)
    try:
        parser.feed_data(data)
    except httptools.HttpParserUpgrade:
        pass  # an offer to upgrade may be ignored (RFC 9110 §7.8)
    except httptools.HttpParserInvalidMethodError:
        raise Malformed("this method is unknown", 501) from None
    except httptools.HttpParserError as error:
        raise Malformed(f"the request is malformed: {error}") from None
    return listener, parser


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def parse_directives(query: str) -> Directives | None:
    """The delivery directives in a query; None without any. Every other parameter is somebody else's."""
    if "_HLS_" not in query:
        return None
    given = dict(pair.partition("=")[::2] for pair in reversed(query.split("&")))
    msn, part = (_number(given[name]) if name in given else None for name in ("_HLS_msn", "_HLS_part"))
    fault = ""
    for name, value in (("_HLS_msn", msn), ("_HLS_part", part)):
        if name in given and value is None:
            fault = f"{name} is not a decimal integer"
    if not fault and part is not None and msn is None:
        fault = "_HLS_part without _HLS_msn"
    return Directives(msn, part, given.get("_HLS_skip") in {"YES", "v2"}, fault)


def parse_line(line: bytes, keyer: Callable[[str, str], str] | None = None) -> Target:
    """A request line, without its line end. `keyer`: see Reader."""
    if len(line) > MAX_LINE:
        raise Malformed("the request line is too long", 414)
    plain = PLAIN.fullmatch(line)
    if plain is not None:
        method, path, query = (group.decode() for group in plain.groups(b""))
        return _target(method, path, query, True, keyer)
    listener, parser = _parse(line + b"\r\nHost: x\r\n\r\n")
    version = parser.get_http_version()
    if version not in {"1.0", "1.1"}:
        raise Malformed(f"HTTP/{version} is not spoken here", 505)
    if LINE.fullmatch(line) is None:
        raise Malformed("the request line is malformed")
    url = listener.url.decode("latin-1")
    method = parser.get_method().decode()
    if method == "CONNECT" or (url == "*" and method != "OPTIONS"):
        raise Malformed("the request target does not go with the method")
    if not url.startswith("/"):
        url = _origin_form(url)
    path, _, query = url.partition("?")
    return _target(method, path, query, version == "1.1", keyer)


def _target(method: str, path: str, query: str, http11: bool, keyer: Callable[[str, str], str] | None) -> Target:
    if keyer is not None:
        key = keyer(path, query)
        return Target(method, key, None, http11, not query or key.endswith(query))
    common = not query or all(pair.startswith("_HLS_") for pair in query.split("&"))
    return Target(method, path, parse_directives(query) if query else None, http11, common)


def _origin_form(url: str) -> str:
    scheme, found, rest = url.partition("://")
    if url == "*":
        return url
    if not found or scheme.lower() not in {"http", "https"}:
        raise Malformed("the request target is malformed")
    slash, question = rest.find("/"), rest.find("?")
    if slash < 0 or 0 <= question < slash:
        return "/" + (rest[question:] if question >= 0 else "")
    return rest[slash:]


def parse_range(value: str) -> Range | None:
    """A single byte range; None for anything else, which RFC 9110 lets a server ignore."""
    unit, found, spec = value.partition("=")
    first, dash, last = spec.strip().partition("-")
    if not found or not dash or unit.strip().lower() != "bytes":
        return None
    begin, end = _number(first), _number(last)
    if (first and begin is None) or (last and end is None) or (begin is None and end is None):
        return None
    return None if begin is not None and end is not None and end < begin else Range(begin, end)


def accepts_gzip(value: str) -> bool:
    """Whether an Accept-Encoding field lets us answer with gzip (RFC 9110 §12.5.3)."""
    for item in value.lower().split(","):
        coding, _, weight = item.partition(";")
        if coding.strip() in {"gzip", "x-gzip"}:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def parse_fields(block: bytes) -> Fields:
    """The fields of a head, from the line end of the request line to the empty line, both included."""
    listener, _ = _parse(b"GET / HTTP/1.1" + block)
    given: dict[bytes, str] = {}
    for name, value in listener.fields:
        text = value.decode("latin-1")
        given[name] = f"{given[name]}, {text}" if name in given else text
    tokens = {token.strip().lower() for token in given.get(b"connection", "").split(",")}
    asked = given.get(b"range")
    if given.get(b"transfer-encoding", "chunked").lower() != "chunked":
        raise Malformed("the only transfer coding known here is chunked, once")
    return Fields(
        hosts=sum(name == b"host" for name, _ in listener.fields),
        range=parse_range(asked) if asked is not None and b"if-range" not in given else None,
        gzip=accepts_gzip(given.get(b"accept-encoding", "")),
        etags=given.get(b"if-none-match", ""),
        close="close" in tokens,
        length=int(given.get(b"content-length", "0")),
        chunked=b"transfer-encoding" in given,
    )


class Reader:
    """Reads heads, remembering the lines and blocks it has seen.

    With a `keyer(path, query)`, what it returns is the path, and directives mean nothing: what is pulled is named so.
    """

    def __init__(self, keyer: Callable[[str, str], str] | None = None) -> None:
        self._keyer = keyer
        self._lines: dict[bytes, Target] = {}
        self._blocks: dict[bytes, Fields] = {}

    def read(self, head: bytes) -> Request:
        """A whole head, its empty line included. Raises Malformed."""
        end = head.find(b"\r\n")
        line, block = head[:end], head[end:]
        target = self._lines.get(line) or self._line(line)
        fields = self._blocks.get(block) or self._block(block)
        if target.http11:
            if fields.hosts != 1:
                raise Malformed("a request has exactly one Host")
        elif fields.chunked:
            raise Malformed("HTTP/1.0 knows no transfer codings")
        if (fields.length or fields.chunked) and target.method in {"GET", "HEAD", "OPTIONS"}:
            raise Malformed(f"a {target.method} has no body here")
        return Request(target, fields)

    def _line(self, line: bytes) -> Target:
        target = parse_line(line, self._keyer)
        if target.common and len(line) <= KEPT_BYTES:
            if len(self._lines) >= KEPT:
                self._lines.clear()
            self._lines[line] = target
        return target

    def _block(self, block: bytes) -> Fields:
        fields = parse_fields(block)
        if len(block) <= KEPT_BYTES:
            if len(self._blocks) >= KEPT:
                self._blocks.clear()
            self._blocks[block] = fields
        return fields
