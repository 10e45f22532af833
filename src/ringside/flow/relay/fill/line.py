"""Line: one GET over a connection of its own, read as it comes, for as long as it lasts.

What enters: an address and a path. What leaves: the answer's status, type and bytes, whatever framing they came in.
It has a deadline until the head is there; from then on whoever reads decides how long is too long, and calls `abort`.
"""

import asyncio
import contextlib
import ssl
from urllib.parse import urlsplit

import httptools

CONNECT_S = 5.0
HEAD_S = 5.0
READ_BYTES = 256 * 1024
MAX_HEAD = 32 * 1024
SENTENCE_BYTES = 300


class Unanswered(Exception):
    """There is no answer, or none that is HTTP; says why."""


class Line:
    """An answer that is being read; `status` and `content_type` are known."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._parser = httptools.HttpResponseParser(self)
        self._bodies: list[bytes] = []
        self._over = False
        self.status = 0
        self.content_type = ""

    def __repr__(self) -> str:
        return f"<Line {self.status} {self.content_type}>"

    async def read(self) -> bytes:
        """The next bytes of the body; empty at its end. Raises Unanswered when it breaks off."""
        while not self._bodies and not self._over:
            await self._receive()
        data = b"".join(self._bodies)
        self._bodies.clear()
        return data

    async def sentence(self) -> str:
        """What a short answer says in its first line, for people; empty when it says nothing in time."""
        data = b""
        with contextlib.suppress(Unanswered, TimeoutError):
            async with asyncio.timeout(HEAD_S):
                while len(data) < SENTENCE_BYTES and (piece := await self.read()):
                    data += piece
        if not self.content_type.startswith("text/plain"):
            return ""
        line = data[:SENTENCE_BYTES].decode("latin-1").partition("\n")[0].strip()
        return "".join(letter for letter in line if letter.isprintable())

    def abort(self) -> None:
        """Hang up at once; whoever reads is told."""
        self._writer.transport.abort()

    async def ask(self, head: bytes) -> None:
        """Send the request, and read until the answer's head is complete. Raises Unanswered."""
        self._writer.write(head)
        read = 0
        while not self.status:
            read += await self._receive()
            if not self.status and (read > MAX_HEAD or self._over):
                raise Unanswered("the answer has no head that ends")

    async def _receive(self) -> int:
        try:
            data = await self._reader.read(READ_BYTES)
        except OSError as error:
            raise Unanswered(error.strerror or str(error) or "the connection broke") from None
        if not data:
            self._over = True
            return 0
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            raise Unanswered("the answer is not HTTP") from None
        except httptools.HttpParserUpgrade:
            raise Unanswered("the answer changes the protocol") from None
        return len(data)

    # called by the parser

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"content-type":
            self.content_type = (value or b"").decode("latin-1").partition(";")[0].strip().lower()

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        self.status = status if status >= 200 else 0

    def on_body(self, data: bytes) -> None:
        self._bodies.append(data)

    def on_message_complete(self) -> None:
        self._over = self.status != 0


async def get(origin: str, path: str, token: str = "") -> Line:
    """Ask `origin` for `path`. Raises Unanswered within ten seconds."""
    parts = urlsplit(origin)
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    try:
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(
                parts.hostname, port, ssl=_context() if secure else None, limit=READ_BYTES
            )
    except TimeoutError:
        raise Unanswered(f"no connection in {CONNECT_S:.0f} s") from None
    except (OSError, ssl.CertificateError) as error:
        raise Unanswered(error.strerror or str(error)) from None
    line = Line(reader, writer)
    fields = [f"GET {parts.path}{path} HTTP/1.1", f"Host: {parts.netloc}", "User-Agent: ringside-edge", "Accept: */*"]
    if token:
        fields.append(f"Authorization: Bearer {token}")
    try:
        async with asyncio.timeout(HEAD_S):
            await line.ask("\r\n".join([*fields, "Connection: close", "", ""]).encode())
    except TimeoutError:
        line.abort()
        raise Unanswered(f"no answer in {HEAD_S:.0f} s") from None
    except Unanswered:
        line.abort()
        raise
    return line


def _context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
