"""Things: what a path can name, and the answers that each has ready. A Copy and an Endless have files of their own.

What enters: what the feed told of it. What leaves: a Serve for whoever asks, made once.
"""

from hashlib import sha256

from ringside.core.feed import Cache, Document, Playlist
from ringside.flow.relay.answer.blob import Blob
from ringside.flow.relay.answer.copy import GZIP, RANGES, UNBUFFERED, VARY
from ringside.flow.relay.answer.serve import Serve, Tally, cache_control, compress, compressible, head


class Media:
    """Bytes [offset, offset + size) of a blob; `size` None: the whole of it, however far it grows.

    `serve` answers with all of it, once that exists; `growing` begins a chunked answer while it does not.
    """

    __slots__ = ("blob", "born_s", "cache", "content_type", "growing", "offset", "serve", "size", "tally")

    def __init__(
        self,
        blob: Blob,
        offset: int,
        size: int | None,
        content_type: str,
        cache: Cache,
        born_s: int = 0,
        tally: Tally | None = None,
    ) -> None:
        self.born_s = born_s
        self.tally = tally or Tally()
        self.blob = blob
        self.offset = offset
        self.size = size
        self.content_type = content_type
        self.cache = cache
        self.growing = self._growing() if size is None else None
        self.serve = None if size is None else self._whole(size)

    def _growing(self) -> Serve:
        lines = head(self.content_type, cache_control(self.cache, 0), None, RANGES, UNBUFFERED)
        return Serve(200, lines, born_s=self.born_s, tally=self.tally)

    def _whole(self, size: int) -> Serve:
        caching = cache_control(self.cache, 0)
        lines = head(self.content_type, caching, size, RANGES)
        return Serve(200, lines, b"", self.blob, self.offset, size, born_s=self.born_s, tally=self.tally)

    def close(self) -> None:
        """The blob is complete: from now on its size is known."""
        self.size, self.growing = self.blob.size, None
        self.serve = self._whole(self.blob.size)


class Page:
    """A Document: `plain` and `gzip` answer with it, `unchanged` where the client has it already."""

    __slots__ = ("_caching", "_zipped", "born_s", "document", "etag", "plain", "tally", "unchanged")

    def __init__(self, document: Document, born_s: int = 0, tally: Tally | None = None) -> None:
        self.born_s = born_s
        self.tally = tally or Tally()
        self.document = document
        self.etag = f'W/"{sha256(document.body).hexdigest()[:16]}"'
        lines = [b"ETag: " + self.etag.encode()]
        if compressible(document.content_type, len(document.body)):
            lines.append(VARY)
        self._caching = cache_control(document.cache, 0)
        self.plain = self._serve(document.body, *lines)
        caching = b"Cache-Control: " + self._caching
        self.unchanged = Serve(304, b"\r\n".join([caching, *lines, b"Access-Control-Allow-Origin: *", b"", b""]))
        self._zipped: Serve | None = None

    def _serve(self, body: bytes, *lines: bytes) -> Serve:
        top = head(self.document.content_type, self._caching, len(body), *lines)
        return Serve(200, top, body, born_s=self.born_s, tally=self.tally)

    def zipped(self) -> Serve:
        """The answer to who accepts gzip, compressed the first time."""
        if self._zipped is None:
            document = self.document
            if compressible(document.content_type, len(document.body)):
                self._zipped = self._serve(compress(document.body), b"ETag: " + self.etag.encode(), VARY, GZIP)
            else:
                self._zipped = self.plain
        return self._zipped


class Live:
    """One version of a media playlist, and its answers by (delta, gzip, blocking), each made the first time."""

    __slots__ = ("_answers", "born_s", "playlist", "tally")

    def __init__(self, playlist: Playlist, born_s: int = 0, tally: Tally | None = None) -> None:
        self.born_s = born_s
        self.tally = tally or Tally()
        self.playlist = playlist
        self._answers: dict[tuple[bool, bool, bool], Serve] = {}

    def has(self, msn: int, part: int) -> bool:
        """Whether it holds part `part` of segment `msn`, or with part -1 that segment whole (rfc8216bis §6.2.5.2)."""
        now = self.playlist
        if part < 0 or not now.part_target_s:
            return msn < now.next[0]
        if msn == now.number and now.next[0] == msn + 1 and part > now.part:
            return now.next > (msn + 1, 0)  # past the end of its segment: part 0 of the next
        return (msn, part) < now.next

    def serve(self, delta: bool, gzip: bool, blocking: bool) -> Serve:
        """The answer: the delta update if asked for and there is one, as gzip if accepted."""
        key = (delta, gzip, blocking)
        answer = self._answers.get(key)
        if answer is None:
            answer = self._answers[key] = self._make(delta, gzip, blocking)
        return answer

    def _make(self, delta: bool, gzip: bool, blocking: bool) -> Serve:
        now = self.playlist
        body = now.delta if delta and now.delta else now.body
        caching = cache_control(Cache.PLAYLIST, now.target_s)
        if blocking:
            caching = b"public, max-age=%d" % (6 * now.target_s)
        lines = [VARY]
        kind = "application/vnd.apple.mpegurl"
        if gzip and compressible(kind, len(body)):
            body, lines = compress(body), [VARY, GZIP]
        return Serve(200, head(kind, caching, len(body), *lines), body, born_s=self.born_s, tally=self.tally)
