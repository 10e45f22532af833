"""For the crowd's tests: a server and an engine, and a small live stream (ffmpeg makes plain HLS, HTTP serves it)."""

import functools
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.crowd.web import Web, Wire


class Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


@pytest.fixture
def web() -> Iterator[Web]:
    """A server that says what it is told to."""
    with Web() as running:
        yield running


@pytest.fixture
def wire() -> Iterator[Wire]:
    """An engine to look into."""
    with Wire() as running:
        yield running


@pytest.fixture(scope="session")
def small_hls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a live HLS stream of one-second segments, one rung, 160x90."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is missing: no stream for the crowd")
    folder = tmp_path_factory.mktemp("small_hls")
    source = ["-re", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=10"]
    coding = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "10", "-b:v", "60k", "-pix_fmt", "yuv420p"]
    output = ["-f", "hls", "-hls_time", "1", "-hls_list_size", "6"]
    flags = ["-hls_flags", "delete_segments+program_date_time", "-master_pl_name", "master.m3u8", "live.m3u8"]
    command = ["ffmpeg", "-v", "error", "-nostdin", *source, *coding, *output, *flags]
    studio = subprocess.Popen(command, cwd=folder)
    server = Server(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        _wait_for_segments(folder, studio)
        yield f"http://127.0.0.1:{server.server_port}/master.m3u8"
    finally:
        server.shutdown()
        studio.kill()
        studio.wait()


def _wait_for_segments(folder: Path, studio: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 30
    playlist = folder / "live.m3u8"
    while not (playlist.exists() and playlist.read_text().count("#EXTINF") >= 3 and (folder / "master.m3u8").exists()):
        assert studio.poll() is None, "ffmpeg ended"
        assert time.monotonic() < deadline, "ffmpeg made no stream within 30 s"
        time.sleep(0.1)
