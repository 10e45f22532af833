"""Copy: an answer of a foreign origin, kept in a blob, and what viewers are answered from it.

What enters: a Pulled with its blob, then Fresh, growth and the end; a request. What leaves: Serve or Follow. The body
is the origin's, byte for byte; a range of it, or its gzip (made once), are ours. While it grows, its length is what the
origin announced, and followers get bytes as they come; without a length they get chunks, and ranges are ignored.
"""

from ringside.core.feed import Fresh, Pulled
from ringside.flow.relay.answer.blob import Blob
from ringside.flow.relay.answer.decision import Follow
from ringside.flow.relay.answer.ranges import ENDLESS, content_range, resolve, unsatisfiable
from ringside.flow.relay.answer.request import Range, Request
from ringside.flow.relay.answer.serve import CORS, STATUS, Serve, Tally, compress, compressible, head
from ringside.flow.relay.answer.waiting import Point

VARY = b"Vary: Accept-Encoding"
GZIP = b"Content-Encoding: gzip"
RANGES = b"Accept-Ranges: bytes"
UNBUFFERED = b"X-Accel-Buffering: no"  # of what grows: an nginx in front would keep the end of each chunk back
MAX_GZIP = 4 << 20  # bytes above which a body is sent as it is
BODYLESS = {204, 304}
NS_PER_S = 1_000_000_000


class Copy:
    """What is at a key. `version` grows whenever something is told about the key, so that it can be waited for."""

    __slots__ = (
        "_answers", "_etag", "_lines", "_zipped", "blob", "fresh_ns", "made_ns", "pulled", "stale_ns",
        "tally", "version",
    )  # fmt: skip

    def __init__(self, pulled: Pulled, blob: Blob, version: int, tally: Tally | None = None) -> None:
        self.tally = tally or Tally()
        self.pulled = pulled
        self.blob = blob
        self.version = version
        self.made_ns, self.fresh_ns, self.stale_ns = pulled.made_ns, pulled.fresh_ns, pulled.stale_ns
        self._etag = _field(pulled.etag)
        self._zipped: bytes | None = None
        self._answers: dict[str, Serve] = {}
        self._lines = self._fields()

    def __repr__(self) -> str:
        return f"<Copy {self.pulled.status} {self.pulled.path} v{self.version} {self.blob!r}>"

    def has(self, point: Point) -> bool:
        """Whether something has come since the version that `point` names."""
        return self.version > point[0]

    def refresh(self, fresh: Fresh, version: int) -> None:
        """It is good for longer."""
        self.made_ns, self.fresh_ns, self.stale_ns = fresh.made_ns, fresh.fresh_ns, fresh.stale_ns
        self.version = version
        self._answers.clear()

    def answer(self, request: Request) -> Serve | Follow:
        """The answer to `request`, now."""
        fields = request.fields
        if self.pulled.status != 200:
            return self._whole()
        if self._etag and fields.etags and self._matches(fields.etags):
            return self._kept("unchanged", 304, b"")
        asked = fields.range if request.target.method == "GET" else None
        if asked is not None:
            return self._part(asked)
        if fields.gzip and self.blob.closed and self._compressible:
            return self._gzip()
        return self._whole()

    @property
    def _length(self) -> int:
        """Of the whole body, bytes; -1 while nobody knows."""
        return self.blob.size if self.blob.closed else self.pulled.length

    @property
    def _compressible(self) -> bool:
        return self._length <= MAX_GZIP and compressible(self.pulled.content_type.lower(), self._length)

    def _fields(self) -> list[bytes]:
        lines = []
        kind = self.pulled.content_type.lower()
        if self.pulled.status == 200:
            lines.append(RANGES)
            if compressible(kind, MAX_GZIP):
                lines.append(VARY)
                self._etag = self._etag and b"W/" + self._etag.removeprefix(b"W/")  # one tag for both codings
        if self._etag:
            lines.append(b"ETag: " + self._etag)
        if self.pulled.location:
            lines.append(b"Location: " + _field(self.pulled.location))
        return lines

    def _matches(self, etags: str) -> bool:
        return etags.strip() == "*" or self._etag.decode("latin-1").removeprefix("W/") in etags

    def _head(self, length: int | None, *lines: bytes) -> bytes:
        grows = [UNBUFFERED] if length is None else []
        return head(self.pulled.content_type, _field(self.pulled.caching), length, *self._lines, *grows, *lines)

    def _serve(self, status: int, lines: bytes, body: bytes = b"", first: int = 0, end: int = 0) -> Serve:
        blob = self.blob if end > first else None
        born_s = self.made_ns // NS_PER_S
        return Serve(status, lines, body, blob, first, end - first, born_s=born_s, tally=self.tally)

    def _bare(self, status: int) -> Serve:
        """An answer that has no body (RFC 9110 §15.3.5, §15.4.5)."""
        lines = [b"Cache-Control: " + _field(self.pulled.caching), *self._lines]
        return self._serve(status, b"".join(line + b"\r\n" for line in lines) + CORS + b"\r\n")

    def _kept(self, name: str, status: int, body: bytes) -> Serve:
        """An answer without a blob, made once."""
        answer = self._answers.get(name)
        if answer is None:
            answer = self._bare(304) if status == 304 else self._serve(status, self._head(len(body), GZIP), body)
            self._answers[name] = answer
        return answer

    def _gzip(self) -> Serve:
        if self._zipped is None:
            self._zipped = compress(self.blob.read(0, self.blob.size))
        return self._kept("gzip", 200, self._zipped)

    def _whole(self) -> Serve | Follow:
        length = self._length
        name = f"whole {length}"
        answer = self._answers.get(name)
        if answer is None:
            answer = self._answers[name] = self._make(length)
        return answer if self.blob.closed else Follow(answer, self, 0, length)

    def _make(self, length: int) -> Serve:
        status = known(self.pulled.status)
        if status in BODYLESS:
            return self._bare(status)
        return self._serve(status, self._head(None if length < 0 else length), end=self.blob.size)

    def _part(self, asked: Range) -> Serve | Follow:
        length = self._length
        if length < 0:
            return self._open_ended(asked)
        span = resolve(asked, length)
        if span is None:
            return unsatisfiable(b"%d" % length)
        first, end = span
        lines = self._head(end - first, content_range(first, end, length))
        serve = self._serve(206, lines, first=first, end=end)
        return serve if self.blob.size >= end else Follow(serve, self, first, end)

    def _open_ended(self, asked: Range) -> Serve | Follow:
        """A range of what has no known length is ignored, but for one that says "until it ends" (RFC 8673 §3)."""
        first, last = asked
        if first is None or last is None or last < ENDLESS or first > self.blob.size:
            return self._whole()
        return Follow(self._serve(206, self._head(None, b"Content-Range: bytes %d-%d/*" % (first, last))), self, first)


def known(status: int) -> int:
    """`status`, or the general one of its class where we have no name for it; 502 beyond 599 (RFC 9110 §15)."""
    if status >= 600:
        return 502
    return status if status in STATUS else status // 100 * 100


def _field(text: str) -> bytes:
    """A foreign field's value, so that it ends no line of ours."""
    return "".join(c for c in text if c.isprintable()).encode("latin-1", "replace").strip()
