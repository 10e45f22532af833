"""A tiny loopback server for the page's tests: the built pages, a clock, a status feed, files, and faults on demand."""

import json
import queue
import re
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from ringside.core.clock import Wall
from ringside.flow.watch import assets

TYPES = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".mpd": "application/dash+xml",
    ".m4s": "video/mp4",
    ".mp4": "video/mp4",
}
CLOSE = object()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "PageServer"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.asked.append(path)
        fault = next((status for prefix, status in self.server.faults.items() if path.startswith(prefix)), None)
        if fault == 0:
            self.close_connection = True
        elif fault is not None:
            self._answer(b"", "text/plain", fault)
        elif path == "/clock":
            now = datetime.fromtimestamp(Wall().now_ns() / 1e9 + self.server.ahead_s, UTC)
            self._answer(now.strftime("%Y-%m-%dT%H:%M:%S.%fZ").encode(), "text/plain")
        elif path == "/status/events":
            self._events()
        elif path in self.server.assets:
            self._answer(*self.server.assets[path])
        else:
            self._file(path)

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fault = next((status for prefix, status in self.server.faults.items() if self.path.startswith(prefix)), None)
        if fault is not None:
            self._answer(b"the order cannot be carried out\n", "text/plain", fault)
        elif self.headers["Authorization"] != f"Bearer {self.server.token}":
            self._answer(b"the token is wrong\n", "text/plain", 403)
        else:
            self.server.ordered.append((self.path, json.loads(body)))
            self._answer(b"{}", "application/json")

    def _file(self, path: str) -> None:
        where, name = path[: len("/live/main/")], path[len("/live/main/") :]
        if path.startswith("/replay/main/"):
            where, name = "/replay/main/", path[len("/replay/main/") :]
        file = self.server.folder / name.replace("dvr.m3u8", "index.m3u8")
        there = "dvr.m3u8" not in path or self.server.listed
        if where in ("/live/main/", "/replay/main/") and there and ".." not in path and file.is_file():
            self._answer(self._listed(path, self._edited(file)), TYPES.get(file.suffix, "application/octet-stream"))
        else:
            self._answer(b"", "text/plain", 404)

    def _listed(self, path: str, body: bytes) -> bytes:
        """A playlist as it is live, of the last segments; as the DVR has it, of all; or as a recording, and over."""
        if path.startswith("/replay/"):
            return body + (b"#EXT-X-ENDLIST\n" if path.endswith("v/index.m3u8") and b"ENDLIST" not in body else b"")
        if path.endswith("/dvr.m3u8"):
            return body.replace(b"index.m3u8", b"dvr.m3u8")
        if not self.server.listed or not path.endswith("v/index.m3u8"):
            return body
        head, *segments = re.split(rb"(?=#EXTINF)", body)
        left_out = max(0, len(segments) - self.server.listed)
        newest = re.sub(rb"(MEDIA-SEQUENCE:)(\d+)", lambda m: m[1] + str(int(m[2]) + left_out).encode(), head)
        return newest + b"".join(segments[left_out:])

    def _edited(self, file: Path) -> bytes:
        hidden = self.server.hidden.encode()
        if not hidden or file.suffix != ".m3u8":
            return file.read_bytes()
        return b"".join(line for line in file.read_bytes().splitlines(keepends=True) if not line.startswith(hidden))

    def _answer(self, body: bytes, content_type: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(body)

    def _events(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        while (message := self.server.events.get()) is not CLOSE:
            self.wfile.write(f"data: {json.dumps(message)}\n\n".encode())
            self.wfile.flush()

    def log_message(self, *_: object) -> None:
        pass


class PageServer(ThreadingHTTPServer):
    """`faults` maps a path prefix to a status (0: hang up); `events` feeds the status page; `asked` lists requests,
    `ordered` what was PUT with `token`.

    Lines of playlists that begin with `hidden` are left out; of media only the last `listed` segments are listed live
    (0: all), and all of them in the DVR, which there is only then; the clock it tells is `ahead_s` ahead.
    """

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.assets = assets()
        self.faults: dict[str, int] = {}
        self.events: queue.Queue[Any] = queue.Queue()
        self.asked: list[str] = []
        self.hidden = ""
        self.listed = 0
        self.ahead_s = 0.0
        self.token = ""
        self.ordered: list[tuple[str, Any]] = []
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that goes away is no news."""
