"""An origin in a thread that writes down what it is asked and answers as Ringside does; it can hold, or go away."""

import contextlib
import gzip
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PIECES = (b"the first chunk, ", b"and the second")
TEXT = "application/vnd.apple.mpegurl"


class Recorder(ThreadingHTTPServer):
    """`asked` counts targets as sent, `last` has the newest head for each, `begun` counts connections."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: Counter[str] = Counter()
        self.last: dict[str, Message] = {}
        self.go_on = threading.Event()
        self.here = True
        self.begun = 0
        self.connections: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self.here:
            request.close()
            return
        self.begun += 1
        self.connections.add(request)
        super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A front that hangs up is no news."""

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """For a while every connection is closed, those that are open and those that come."""
        self.here = False
        for connection in tuple(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.connections.clear()
        try:
            yield
        finally:
            self.here = True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Recorder

    def do_GET(self) -> None:
        recorder, path = self.server, self.path.partition("?")[0]
        recorder.asked[self.path] += 1
        recorder.last[self.path] = self.headers
        if "held" in path:
            recorder.go_on.wait(20)
        if "growing" in path:
            self._grow()
        elif path.endswith(".m3u8"):
            held = "_HLS_msn=" in self.path
            self._say(
                200, f"#EXTM3U {recorder.asked[self.path]}", "public, max-age=12" if held else "public, max-age=1"
            )
        elif path.endswith(".m4s"):
            there = "missing" not in path
            self._say(200 if there else 404, self.path, "public, max-age=86400" if there else "public, max-age=30")
        elif path == "/":
            self._page()
        else:
            self._say(200, "now", "no-store")

    do_HEAD = do_POST = do_GET

    def _say(self, status: int, text: str, caching: str, **fields: str) -> None:
        body = text.encode() + b"." * 1000
        self.send_response(status)
        if "gzip" in self.headers.get("Accept-Encoding", "") and self.path.partition("?")[0].endswith(".m3u8"):
            body = gzip.compress(body)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Vary", "Accept-Encoding")
        self.send_header("Content-Type", TEXT)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", caching)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Access-Control-Allow-Origin", "*")
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _page(self) -> None:
        if self.headers.get("If-None-Match") == 'W/"one"':
            self.send_response(304)
            self.send_header("ETag", 'W/"one"')
            self.send_header("Cache-Control", "no-cache")
            self.end_headers()
        else:
            self._say(200, "a page", "no-cache", ETag='W/"one"')

    def _grow(self) -> None:
        """A segment in the making, as the origin sends it: the second chunk comes when it is let go."""
        self.send_response(200)
        self.send_header("Content-Type", "video/mp4")
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Cache-Control", "public, max-age=86400, immutable")
        self.send_header("X-Accel-Buffering", "no")
        self.end_headers()
        for piece in PIECES:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.flush()
            if piece == PIECES[0]:
                self.server.go_on.wait(20)
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def recording() -> Iterator[Recorder]:
    """A running Recorder."""
    recorder = Recorder()
    thread = threading.Thread(target=recorder.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield recorder
    finally:
        recorder.go_on.set()
        recorder.shutdown()
        recorder.server_close()
        thread.join()
