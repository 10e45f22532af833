"""ffmpeg as a judge: does it ask for the newest whole segment of a live event, and for the oldest of an ended one?"""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import dash_views as event
import pytest

from ringside.core.clock import Wall
from ringside.flow.mux.dash import Config, mpd

pytestmark = pytest.mark.peer


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with init.mp4 and 1.m4s: some CMAF that ffmpeg will accept whatever number it asks for."""
    if shutil.which("ffmpeg") is None or shutil.which("ffprobe") is None:
        pytest.skip("ffmpeg is missing")
    folder = tmp_path_factory.mktemp("media")
    command = "ffmpeg -v error -f lavfi -i testsrc=d=2:s=160x90:r=30 -c:v libx264 -g 60 -f dash -seg_duration 2"
    names = ["-init_seg_name", "init.mp4", "-media_seg_name", "$Number$.m4s", "out.mpd"]
    subprocess.run([*command.split(), *names], cwd=folder, check=True)
    return folder


class Server(ThreadingHTTPServer):
    """Serves one MPD and the same media under every name, and remembers the paths."""

    body: bytes
    media: Path
    asked: list[str]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        body = self.server.body
        if not self.path.endswith(".mpd"):
            body = (self.server.media / ("init.mp4" if "init" in self.path else "1.m4s")).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(media: Path) -> Iterator[Server]:
    it = Server(("127.0.0.1", 0), Handler)
    it.media, it.asked = media, []
    thread = threading.Thread(target=it.serve_forever, daemon=True)
    thread.start()
    yield it
    it.shutdown()
    it.server_close()


def first_segment_asked(server: Server) -> int:
    """The number of the first segment that ffprobe asks for."""
    url = f"http://127.0.0.1:{server.server_port}/live/main/index.mpd"
    probe = subprocess.Popen(["ffprobe", "-v", "error", "-read_intervals", "%+0.1", url], stdout=subprocess.DEVNULL)
    try:
        probe.wait(15)
    except subprocess.TimeoutExpired:
        probe.kill()
        probe.wait()
    numbers = [int(path.split("/")[-1][: -len(".m4s")]) for path in server.asked if path.endswith(".m4s")]
    assert numbers, server.asked
    return numbers[0]


def test_ffmpeg_begins_a_live_event_with_the_newest_whole_segment(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_ns = Wall().now_ns()
    running = now_ns // (2 * 10**9)
    monkeypatch.setattr(event, "START", running - 10)
    server.body = mpd([event.view(event.video(), 10, 3)], Config(), now_ns)
    assert first_segment_asked(server) in (running - 1, running)  # the clock may have gone on to the next segment


def test_ffmpeg_begins_an_ended_event_with_the_oldest_segment(server: Server) -> None:
    server.body = mpd([event.view(event.video(), 10, window=7, ended=True)], Config(), 0)
    assert first_segment_asked(server) == event.START + 3
