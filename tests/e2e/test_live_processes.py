"""The processes of `ringside live`: killed, terminated, interrupted, and ended in time."""

import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Running, get, light, ringside, until


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One event, of which one process after another is ended."""
    folder = tmp_path_factory.mktemp("processes")
    with ringside(folder, "live", *light(folder)) as live:
        yield live.on_air()


def test_a_studio_that_is_terminated_does_not_end_the_event(running: Running) -> None:
    before = running.pid_of("studio")
    subprocess.run(["kill", "-TERM", str(before)], check=True)
    until(lambda: running.pid_of("studio") != before, "the studio is started again")
    assert "#EXT-X-ENDLIST" not in running.playlist()
    until(lambda: any("studio" in line["text"] for line in running.status()["log"]), "the page's log says so")


@pytest.mark.parametrize("name", ["studio", "origin", "edge-1"])
def test_a_child_that_is_killed_comes_back_and_the_event_goes_on(running: Running, name: str) -> None:
    before = running.pid_of(name)
    newest = max(int(n) for n in re.findall(r'URI="(\d+)\.\d+\.m4s"', running.playlist()))
    subprocess.run(["kill", "-9", str(before)], check=True)
    until(lambda: running.pid_of(name) != before, f"{name} is started again")

    def goes_on() -> bool:
        return max(int(n) for n in re.findall(r'URI="(\d+)\.\d+\.m4s"', running.playlist())) > newest + 1

    until(goes_on, "new segments are published")
    numbers = [int(n) for n in re.findall(r"^(\d+)\.m4s", running.playlist(), re.M)]
    assert numbers == list(range(numbers[0], numbers[-1] + 1)), "media sequence numbers stay numbers"


def test_duration_ends_the_event_properly(tmp_path: Path) -> None:
    with ringside(tmp_path, "live", *light(tmp_path), "--duration", "4", "--linger", "3") as running:
        running.on_air()
        until(lambda: "#EXT-X-ENDLIST" in running.playlist(), "the playlist ends")
        assert "#EXT-X-ENDLIST" in running.playlist("a")
        assert "PRELOAD-HINT" not in running.playlist()
        assert 'type="static"' in get(f"{running.url}/live/main/index.mpd").decode()
        assert running.process.wait(20) == 0


def test_ctrl_c_ends_every_process(tmp_path: Path) -> None:
    with ringside(tmp_path, "live", *light(tmp_path)) as running:
        running.on_air()
        pids = [running.pid_of(name) for name in ("studio", "origin", "edge-1")]
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(10) == 0
        for pid in pids:
            assert not Path(f"/proc/{pid}").exists() or "zombie" in Path(f"/proc/{pid}/status").read_text()
    assert "Traceback" not in running.log


def test_the_children_go_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    with ringside(tmp_path, "live", *light(tmp_path)) as running:
        running.on_air()
        pids = [running.pid_of(name) for name in ("studio", "origin", "edge-1")]
        running.process.kill()
        running.process.wait(10)
        until(lambda: not any(_alive(pid) for pid in pids), "the children are gone", 15)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
