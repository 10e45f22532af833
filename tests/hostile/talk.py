"""One connection from the server's side: the request as asked, and ways of sending that end when the client leaves."""

import contextlib
import select
import socket
import struct
import threading
import time
from urllib.parse import parse_qs, urlsplit

LIFE_S = 40.0
MOST_BYTES = 2 << 30


class Gone(Exception):
    """The client has left, the server is closing, or the conversation has lasted long enough."""


class Talk:
    """A connection with one request read from it. `base` is the server's own address."""

    def __init__(self, connection: socket.socket, base: str, closing: threading.Event) -> None:
        self._socket, self._closing = connection, closing
        self._until_s = time.monotonic() + LIFE_S
        self._buffer = b""
        self.base = base
        self.sent = 0
        self.target = ""
        self.head = b""

    def read_request(self) -> bool:
        """Wait for a request; False when the client says no more."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._readable():
                continue
            piece = self._socket.recv(65536)
            if not piece:
                return False
            self._buffer += piece
        self.head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        self.target = self.head.split(b" ")[1].decode("latin-1")
        return True

    def _readable(self) -> bool:
        if self._closing.is_set() or time.monotonic() > self._until_s:
            raise Gone
        return bool(select.select([self._socket], [], [], 0.1)[0])

    @property
    def path(self) -> str:
        """The path without its query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """The last value of each query field."""
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.target).query).items()}

    def send(self, *pieces: bytes) -> None:
        """Send it all, however slowly the client reads. Raises Gone."""
        for piece in pieces:
            left = memoryview(piece)
            while left:
                if self._closing.is_set() or time.monotonic() > self._until_s or self.sent > MOST_BYTES:
                    raise Gone
                if not select.select([], [self._socket], [], 0.1)[1]:
                    continue
                try:
                    count = self._socket.send(left)
                except OSError:
                    raise Gone from None
                self.sent += count
                left = left[count:]

    def answer(self, body: bytes, content_type: str = "text/plain", status: str = "200 OK", *fields: str) -> None:
        """An ordinary reply, for comparison."""
        lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", f"Content-Length: {len(body)}", *fields]
        head = "\r\n".join([*lines, "Access-Control-Allow-Origin: *", "", ""]).encode()
        self.send(head if self.head.startswith(b"HEAD ") else head + body)

    def wait(self, seconds: float) -> None:
        """Say nothing for so long. Raises Gone when the client leaves meanwhile."""
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            if self._readable():
                try:
                    if not self._socket.recv(1, socket.MSG_PEEK):
                        raise Gone
                except OSError:
                    raise Gone from None
                self._closing.wait(0.05)

    def stall(self) -> None:
        """Say nothing for ever. Raises Gone in the end."""
        self.wait(LIFE_S * 2)

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Gone
