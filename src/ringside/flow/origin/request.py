"""Request: one HTTP request's head on its way in, within limits, and how answers are written.

Pieces of a parsed head enter; a Head leaves, or a Refused. It knows no socket.
"""

from dataclasses import dataclass, field

from ringside.flow.origin.refused import Refused

MOST_HEAD_BYTES = 16 * 1024
MOST_HEADERS = 64
REASONS = {
    200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed",
    408: "Request Timeout", 409: "Conflict", 413: "Content Too Large", 415: "Unsupported Media Type",
    429: "Too Many Requests", 431: "Request Header Fields Too Large", 503: "Service Unavailable",
}  # fmt: skip
EXTRA = {
    401: 'WWW-Authenticate: Basic realm="ingest"\r\n',
    405: "Allow: POST, PUT, DELETE\r\n",
    503: "Retry-After: 1\r\n",
}
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclass(slots=True)
class Head:
    """Method, URL and headers (names in lower case) of a request."""

    method: str = ""
    url: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    size: int = 0

    def add_url(self, piece: bytes) -> None:
        """More of the URL. Raises Refused 431."""
        self.url += piece
        self._grow(len(piece))

    def add_header(self, name: bytes, value: bytes) -> None:
        """One header. Raises Refused 431, or 400 when one that must be single comes twice."""
        self._grow(len(name) + len(value) + 4)
        key = name.decode("latin-1").lower()
        if key in self.headers and key in ("content-length", "transfer-encoding", "host", "authorization"):
            raise Refused(400, f"the header {key} stands there twice")
        if len(self.headers) >= MOST_HEADERS:
            raise Refused(431, f"more than {MOST_HEADERS} headers")
        self.headers[key] = value.decode("latin-1")

    def _grow(self, more: int) -> None:
        self.size += more
        if self.size > MOST_HEAD_BYTES:
            raise Refused(431, f"the request's head is larger than {MOST_HEAD_BYTES} bytes")

    def check_framing(self) -> None:
        """A body's length must be told in one way only (RFC 9112 §6.1). Raises Refused 400."""
        coding = self.headers.get("transfer-encoding")
        if coding is not None and "content-length" in self.headers:
            raise Refused(400, "Content-Length and Transfer-Encoding together")
        if coding is not None and coding.strip().lower() != "chunked":
            raise Refused(400, "the only Transfer-Encoding understood is chunked")
        if self.headers.get("upgrade"):
            raise Refused(400, "there is nothing to upgrade to")

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits for 100 Continue before it sends the body."""
        return self.headers.get("expect", "").lower() == "100-continue"


def answer(status: int, sentence: str = "", keep: bool = True, kind: str = "text/plain; charset=utf-8") -> bytes:
    """A whole response; the sentence, or what `kind` says, is its body."""
    body = f"{sentence}\n".encode() if sentence else b""
    connection = "keep-alive" if keep else "close"
    head = (
        f"HTTP/1.1 {status} {REASONS.get(status, 'Refused')}\r\nContent-Length: {len(body)}\r\n"
        f"Content-Type: {kind}\r\nCache-Control: no-store\r\n{EXTRA.get(status, '')}"
        f"Connection: {connection}\r\n\r\n"
    )
    return head.encode() + body
