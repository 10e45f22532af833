"""`kill -9` of the origin, and of all of `ringside origin`: what was published is there, and viewers go on."""

import os
import re
import shutil
import signal
import subprocess
import threading
import urllib.request
from pathlib import Path

import pytest

from ringside.flow.origin.archive.config import state_folder
from tests.e2e.conftest import Running, free_port, get, ringside, until
from tests.small_event import SMALL

TOKEN = "secret-1"


def small(folder: Path) -> list[str]:
    path = folder / "small.toml"
    path.write_text(SMALL)
    return ["--event", str(path)]


def listed(running: Running, track: str = "v180") -> list[int]:
    """The numbers of the segments that are whole."""
    return [int(n) for n in re.findall(r"^(\d+)\.m4s", running.playlist(track), re.M)]


def segment(running: Running, number: int) -> bytes:
    return get(f"{running.url}/live/main/v180/{number}.m4s")


class Viewer:
    """Reads the endless stream of a track for as long as it is let."""

    def __init__(self, running: Running) -> None:
        self.data, self.ended = b"", False
        self._response = urllib.request.urlopen(f"{running.url}/live/main/v180/stream", timeout=20)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while piece := self._response.read1(65536):
            self.data += piece
        self.ended = True


def test_the_origin_of_a_live_event_is_killed_and_no_viewer_is_cut_off(tmp_path: Path) -> None:
    with ringside(tmp_path, "live", *small(tmp_path)) as running:
        running.on_air("v180")
        until(lambda: len(listed(running)) >= 2, "two segments are whole")
        before = {number: segment(running, number) for number in listed(running)}
        viewer, pid = Viewer(running), running.pid_of("origin")
        until(lambda: viewer.data, "the viewer has something")
        os.kill(pid, signal.SIGKILL)
        until(lambda: running.pid_of("origin") != pid, "the origin is started again")
        until(lambda: len(listed(running)) >= len(before) + 3, "segments go on")
        assert {number: segment(running, number) for number in before} == before
        playlist = running.playlist("v180")
        assert "EXT-X-GAP" not in playlist
        assert "EXT-X-DISCONTINUITY" not in playlist
        numbers = listed(running)
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        media = b"".join(segment(running, number) for number in numbers)
        assert not viewer.ended, "the viewer of the stream was cut off"
        header = viewer.data.index(b"styp") - 4 if b"styp" in viewer.data[:4000] else viewer.data.index(b"moof") - 4
        seen = viewer.data[header:]
        at = media.index(seen[:2000])
        both = min(len(media) - at, len(seen))
        assert both > len(segment(running, numbers[-1])), "the viewer had media of after the restart"
        assert seen[:both] == media[at : at + both], "the stream went on at another byte"
        archive = running.status()["archive"]
        assert (archive["resumed"], archive["failed"]) == (True, 0)


def test_an_origin_that_is_killed_whole_and_started_again_goes_on_with_its_session(tmp_path: Path) -> None:
    port = free_port()
    arguments = ["--ingest-token", TOKEN]
    to = ["testcard", "--to", f"http://127.0.0.1:{port}", *arguments, *small(tmp_path)]
    with ringside(tmp_path, "studio", *to):
        with ringside(tmp_path, "origin", *arguments, port=port) as first:
            first.on_air("v180")
            until(lambda: len(listed(first)) >= 2, "two segments are whole")
            before = {number: segment(first, number) for number in listed(first)}
            session = first.status()["archive"]["session"]
            children = [first.pid_of(name) for name in ("origin", "edge-1")]
            os.killpg(first.process.pid, signal.SIGKILL)
            for pid in children:
                subprocess.run(["kill", "-9", str(pid)], check=False, stderr=subprocess.DEVNULL)
            first.process.wait(5)
        with ringside(tmp_path, "origin", *arguments, port=port) as second:
            until(lambda: len(listed(second)) >= len(before) + 2, "segments go on")
            assert f"session  {session} is gone on with" in second.log
            assert {number: segment(second, number) for number in before} == before
            numbers = listed(second)
            assert numbers == list(range(numbers[0], numbers[-1] + 1))
            until(lambda: second.status()["archive"]["session"] == session, "the session is told")
    assert (state_folder() / "archive" / "main" / session / "index.json").exists()


@pytest.mark.peer
@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is missing: apt-get install ffmpeg")
def test_an_encoder_that_sends_its_header_but_once_goes_on_at_an_origin_that_was_killed(tmp_path: Path) -> None:
    with ringside(tmp_path, "origin", "--ingest-token", TOKEN) as running:
        encode = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-f", "dash", "-seg_duration", "1"]
        put = ["-method", "PUT", "-http_opts", "auth_type=basic", "-ignore_io_errors", "1"]
        url = f"http://x:{TOKEN}@127.0.0.1:{running.port}/ingest/main/manifest.mpd"
        until(lambda: get(f"{running.url}/clock"), "the origin answers")
        film = ["-re", "-f", "lavfi", "-i", "testsrc2=size=160x96:rate=25"]
        with subprocess.Popen(["ffmpeg", "-v", "error", "-nostdin", *film, *encode, *put, url]) as encoder:
            try:
                until(lambda: len(listed(running, "stream0")) >= 2, "two segments are whole")
                pid, before = running.pid_of("origin"), listed(running, "stream0")
                os.kill(pid, signal.SIGKILL)
                until(lambda: running.pid_of("origin") != pid, "the origin is started again")
                until(lambda: len(media := listed(running, "stream0")) >= len(before) + 3 and media, "segments go on")
                playlist = running.playlist("stream0")
                newest = re.findall(r"(?:^#.*\n)*^\d+\.m4s", playlist, re.M)[-1]
                assert "EXT-X-GAP" not in newest
                assert get(f"{running.url}/live/main/stream0/{listed(running, 'stream0')[-1]}.m4s")[4:8] == b"styp"
                assert "EXT-X-DISCONTINUITY\n" in playlist, "its time is its own: what follows is marked"
                assert all(0 < float(length) < 3 for length in re.findall(r"EXTINF:([^,]+)", playlist))
                numbers = listed(running, "stream0")
                assert numbers == list(range(numbers[0], numbers[-1] + 1))
            finally:
                encoder.kill()
