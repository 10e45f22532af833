"""Real events for the end-to-end tests: `ringside live` and `ringside origin` as a person would start them."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.small_event import LADDER

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LIMIT_S = 30.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Modules that share the test card come last of this folder: it is on the air for no longer than they need it."""
    here = [at for at, item in enumerate(items) if item.path.parent == Path(__file__).parent]
    sharing = {items[at].path for at in here if "testcard" in getattr(items[at], "fixturenames", ())}
    ordered = sorted((items[at] for at in here), key=lambda item: item.path in sharing)
    for at, item in zip(here, ordered, strict=True):
        items[at] = item


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(url: str, timeout_s: float = 10) -> bytes:
    with urllib.request.urlopen(url, timeout=timeout_s) as response:
        return bytes(response.read())


def until(condition: Callable[[], Any], what: str, limit_s: float = LIMIT_S) -> Any:
    """The first truthy value of `condition`, within a generous limit; refused connections count as not yet."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        try:
            if value := condition():
                return value
        except (OSError, StopIteration, KeyError, json.JSONDecodeError):
            pass
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {limit_s} s")


class Running:
    """A `ringside` process and the address it serves."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process, self.port, self.log_path = process, port, log
        self.url = f"http://127.0.0.1:{port}"

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def playlist(self, track: str = "v360", query: str = "", event: str = "main") -> str:
        return get(f"{self.url}/live/{event}/{track}/index.m3u8{query}").decode()

    def master(self, event: str = "main") -> str:
        return get(f"{self.url}/live/{event}/index.m3u8").decode()

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(get(f"{self.url}/status.json"))
        return found

    def pid_of(self, name: str) -> int:
        def listed() -> int:
            return int(next(row["pid"] for row in self.status()["processes"] if row["name"] == name))

        return int(until(listed, f"{name} is listed"))

    def on_air(self, track: str = "v360") -> "Running":
        def ready() -> bool:
            if self.process.poll() is not None:
                raise AssertionError(f"ringside ended with {self.process.returncode}:\n{self.log}")
            return "#EXT-X-PART:" in self.playlist(track) or "#EXTINF" in self.playlist(track)

        until(ready, f"{track} is on the air")
        return self


HINT = re.compile(r'PRELOAD-HINT:TYPE=PART,URI="(\d+)\.(\d+)\.m4s"')


def hint_of(edge: Running, track: str = "v360") -> tuple[int, int]:
    """Number and part of what comes next."""
    found = HINT.search(edge.playlist(track))
    assert found, "a part is hinted"
    return int(found[1]), int(found[2])


def coming(edge: Running, origin: Running, track: str = "v360") -> bytes:
    """A part that is hinted, from the edge and the same from its origin.

    One that a busy encoder passes over comes to neither: then the next.
    """
    for _ in range(10):
        path = "/live/main/{}/{}.{}.m4s".format(track, *hint_of(edge, track))
        try:
            body = get(edge.url + path)
        except urllib.error.HTTPError:
            with pytest.raises(urllib.error.HTTPError, match="404"):
                get(origin.url + path)
        else:
            assert body == get(origin.url + path), path
            return body
    pytest.fail(f"no part of {track} that was hinted has come")


@contextmanager
def ringside(
    folder: Path, verb: str, *arguments: str, stdin: Any = subprocess.DEVNULL, port: int = 0
) -> Iterator[Running]:
    """Run a verb on a loopback port, a free one unless told; interrupted at the end, and its process group gone."""
    port = port or free_port()
    log = folder / f"{verb}-{port}-{len(list(folder.iterdir()))}.log"
    command = [sys.executable, "-m", "ringside", verb, *arguments]
    if verb in ("live", "origin", "edge"):
        command += ["--port", str(port), "--host", "127.0.0.1"]
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdin=stdin, stdout=out, stderr=out, start_new_session=True)
    try:
        yield Running(process, port, log)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """One Chromium for a module; no longer, because its event loop must not outlive it."""
    from tests.e2e.chromium import chromium

    with chromium() as fresh:
        yield fresh


@pytest.fixture
def page(browser: "Browser") -> "Iterator[Page]":
    """A page in a profile of its own."""
    from tests.e2e.chromium import fresh_page

    with fresh_page(browser) as fresh:
        yield fresh


@pytest.fixture(scope="session")
def ffmpeg() -> str:
    found = shutil.which("ffmpeg")
    if not found:
        pytest.skip("ffmpeg is not installed: apt-get install ffmpeg")
    return found


def light(folder: Path) -> list[str]:
    """The options of an event of three small rungs, v360, v270 and v180: these machines do much else."""
    path = folder / "light.toml"
    path.write_text(LADDER)
    return ["--event", str(path)]


@pytest.fixture(scope="package")
def testcard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One event with the test card, shared by the tests that only look."""
    folder = tmp_path_factory.mktemp("live")
    with ringside(folder, "live", *light(folder)) as running:
        until(lambda: running.on_air().playlist().count("#EXTINF") >= 3, "three segments are complete")
        yield running


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory, ffmpeg: str) -> Path:
    """A real clip of six seconds, 640x360 at 25 fps with B-frames and stereo sound."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    inputs = ["-f", "lavfi", "-i", "testsrc2=s=640x360:r=25", "-f", "lavfi", "-i", "sine=440:r=44100"]
    codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "50", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    subprocess.run([ffmpeg, "-v", "error", "-y", *inputs, *codecs, "-ac", "2", "-t", "6", str(path)], check=True)
    return path
