"""All inputs of an event, opened together: what keeps an event from beginning, and what does not."""

import socket
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from clips import Clip, make
from recorder import Recorder, wait_for

from ringside.core.clock import Wall
from ringside.core.errors import Misconfigured
from ringside.flow.capture import Config
from ringside.flow.capture.inputs import sources
from ringside.flow.capture.inputs.sources import Sources
from ringside.flow.capture.source import NotPlayable


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("clips") / "clip.mp4", Clip(seconds=0.6))


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def served(clip: Path, port: int) -> Iterator[threading.Event]:
    """A web server with the clip, which is there once the event is set."""
    begin = threading.Event()
    handler = partial(_Quiet, directory=str(clip.parent))
    server: list[ThreadingHTTPServer] = []

    def serve() -> None:
        begin.wait()
        server.append(ThreadingHTTPServer(("127.0.0.1", port), handler))
        server[0].serve_forever(0.01)

    thread = threading.Thread(target=serve)
    thread.start()
    yield begin
    begin.set()
    wait_for(lambda: server)
    server[0].shutdown()
    thread.join()
    server[0].server_close()


def opened(*inputs: str) -> Sources:
    main, *backups = inputs
    return Sources(Config.model_validate({"url": main, "backup": [{"url": url} for url in backups]}), Wall())


def test_the_first_says_what_the_event_is_like_and_the_slowest_how_long_jitter_is_waited_for(clip: Path) -> None:
    several = opened(str(clip), "rtmp://127.0.0.1:1935/live/key", "testcard")
    assert (several.info.width, several.info.height) == (320, 180)
    assert several.delay_ns == 120_000_000


def test_a_backup_that_is_no_file_here_is_said_before_the_event_begins(clip: Path) -> None:
    with pytest.raises(NotPlayable, match=r"absent\.mp4: there is no such file"):
        opened(str(clip), "absent.mp4")


def test_when_one_cannot_start_none_goes_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        udp = probe.getsockname()[1]
        probe.close()
        several = opened(f"udp://127.0.0.1:{udp}", f"rtmp://127.0.0.1:{taken.getsockname()[1]}/live/key")
        with pytest.raises(Misconfigured, match="cannot be listened on"):
            several.start([Recorder(), Recorder()])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind(("127.0.0.1", udp))


def test_a_backup_on_the_web_that_is_not_there_yet_is_waited_for(
    served: threading.Event, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "AGAIN_S", 0.05)
    several, sinks = opened("testcard", f"http://127.0.0.1:{port}/clip.mp4"), [Recorder(), Recorder()]
    several.start(sinks)
    try:
        assert wait_for(lambda: sinks[1].events)
        assert "cannot be opened" in sinks[1].events[0]
        served.set()
        assert wait_for(lambda: sinks[1].pictures)
        assert len([event for event in sinks[1].events if "cannot be opened" in event]) == 1  # said once
    finally:
        several.stop()


def test_a_first_input_on_the_web_that_is_not_there_keeps_an_event_with_a_backup_from_nothing(port: int) -> None:
    several = opened(f"http://127.0.0.1:{port}/clip.mp4", "testcard")
    assert (several.info.width, several.info.height, several.info.fps) == (1280, 720, 30)
    with pytest.raises(NotPlayable):
        opened(f"http://127.0.0.1:{port}/clip.mp4")


def test_what_is_still_waited_for_ends_when_told_to(port: int) -> None:
    several, sinks = opened("testcard", f"http://127.0.0.1:{port}/clip.mp4"), [Recorder(), Recorder()]
    several.start(sinks)
    several.stop()
    assert "awaited" not in {thread.name for thread in threading.enumerate()}


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return make(tmp_path_factory.mktemp("stream") / "clip.ts", Clip(seconds=0.6), "mpegts").read_bytes()


def test_a_live_stream_on_the_web_that_breaks_off_is_fetched_again(
    stream: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ringside.flow.capture.file.RETRY_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as server:
        fetched = threading.Thread(target=_serve, args=(server, stream), daemon=True)
        fetched.start()
        source, sink = opened(f"http://127.0.0.1:{server.getsockname()[1]}/live.ts"), Recorder()
        source.start([sink])
        try:
            assert wait_for(lambda: len([event for event in sink.events if event.startswith("opened")]) >= 2)
            assert sink.events[1].startswith("closed http://127.0.0.1")
        finally:
            source.stop()


def _serve(server: socket.socket, body: bytes) -> None:
    """Every asker is sent the same, without a word on how long it is, and hung up on."""
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            try:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: video/mp2t\r\n\r\n" + body)
            except OSError:
                continue
