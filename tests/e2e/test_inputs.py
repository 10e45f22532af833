"""Several inputs of a real event: a camera that goes black, freezes and goes; an operator here and elsewhere."""

import json
import os
import re
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ringside.cli import source as verb
from tests.e2e.conftest import Running, free_port, get, ringside, until

TOKEN = "a-long-enough-token"
ENCODE = "[encode]\nfps = 25\n[[encode.ladder]]\nheight = 180\nbitrate_bps = 150_000\n"
WATCH = "[source.watch]\nback_s = 0.6\n"
BLACK, FROZEN = (2, 4.2), (6, 8.4)  # seconds of the camera's own time
ON_AIR = re.compile(r"on the air: (\S+) \(was (\S+); main (.+), film (.+)\)")


def on_air(running: Running) -> str:
    return str(running.status().get("source", {}).get("on_air"))


def rows(running: Running) -> list[tuple[str, str]]:
    return [(row["name"], row["state"]) for row in running.status()["source"]["inputs"]]


def box(colour: str, between: tuple[float, float]) -> str:
    """A filter that covers the whole picture for a while: what comes out is black, or does not move."""
    return f"drawbox=t=fill:c={colour}:enable='between(t,{between[0]},{between[1]})'"


@contextmanager
def camera(ffmpeg: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A camera whose picture goes black and comes back, stands still and comes back; its sound goes on."""
    command = [
        ffmpeg, "-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25", "-f", "lavfi", "-i", "sine=440",
        "-vf", f"{box('black', BLACK)},{box('gray', FROZEN)}", "-c:v", "libx264", "-preset", "ultrafast",
        "-tune", "zerolatency", "-g", "25", "-c:a", "aac", "-f", "mpegts", f"udp://127.0.0.1:{port}?pkt_size=1316",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def event(tmp_path_factory: pytest.TempPathFactory, clip: Path) -> Iterator[Running]:
    """An event from a camera, with a film as its backup. The camera's port is in its `port_of_camera`."""
    folder, port = tmp_path_factory.mktemp("inputs"), free_port()
    path = folder / "event.toml"
    source = f'[source]\nurl = "udp://127.0.0.1:{port}"\nwidth = 320\nheight = 180\nfps = 25\n'
    backup = f'[[source.backup]]\nurl = "{clip}"\nname = "film"\nloop = true\n'
    path.write_text(f'{source}{backup}{WATCH}{ENCODE}[origin]\ningest_token = "{TOKEN}"\n')
    with ringside(folder, "live", "--event", str(path)) as running:
        running.port_of_camera = port  # type: ignore[attr-defined]
        yield running.on_air("v180")


@pytest.mark.peer
def test_a_camera_that_goes_black_freezes_and_goes_is_stood_in_for_by_a_film(event: Running, ffmpeg: str) -> None:
    until(lambda: on_air(event) == "film", "the film is on the air")
    with camera(ffmpeg, event.port_of_camera):  # type: ignore[attr-defined]
        until(lambda: on_air(event) == "main", "the camera is on the air")
        until(lambda: len(ON_AIR.findall(event.log)) >= 6, "black and back, frozen and back")
    until(lambda: len(ON_AIR.findall(event.log)) >= 7, "gone")
    switches = ON_AIR.findall(event.log)
    assert [switch[0] for switch in switches] == ["film", "main", "film", "main", "film", "main", "film"]
    why = [switch[2] for switch in switches[2::2]]
    assert (why[0], why[2]) == ("black", "lost")
    assert why[1] in ("frozen", "lost"), "on a machine so busy that the camera itself stands still, it is lost first"
    until(lambda: rows(event) == [("main", "waiting"), ("film", "on_air")], "the status says so")
    measured = get(f"{event.url}/metrics").decode()
    assert re.search(r'ringside_input_fault\{fault="lost",input="main",process="studio"\} 1\.0', measured)
    assert re.search(r'ringside_input_on_air\{input="film",process="studio"\} 1\.0', measured)
    text = event.playlist("v180")
    assert "#EXT-X-GAP" not in text
    assert "#EXT-X-DISCONTINUITY\n" not in text


def test_an_operator_of_this_machine_puts_the_slate_on_the_air_and_gives_the_choice_back(event: Running) -> None:
    assert verb.run("slate", event.port, None, None, None).startswith("slate goes on the air, and stays")
    until(lambda: on_air(event) == "slate", "the slate is on the air")
    until(lambda: (row := event.status()["source"]) and row["forced"] == "slate", "and said to be ordered")
    assert "on the air: slate (as ordered)" in verb.run(None, event.port, None, None, None)
    verb.run("auto", event.port, None, None, None)
    until(lambda: on_air(event) != "slate", "the best input is on the air")


def test_an_order_stands_when_studio_and_origin_are_started_again(event: Running) -> None:
    verb.run("slate", None, event.url, TOKEN, None)
    until(lambda: on_air(event) == "slate", "the slate is on the air")
    for child in ("origin", "studio"):
        pid = event.pid_of(child)
        os.kill(pid, signal.SIGKILL)
        until(lambda child=child, pid=pid: event.pid_of(child) != pid, f"{child} is started again")  # type: ignore[misc]
        until(lambda: event.status()["source"]["forced"] == "slate", "and the order stands")
    verb.run("auto", event.port, None, None, None)
    until(lambda: on_air(event) != "slate", "the best input is on the air")


def order(running: Running, body: dict[str, Any], token: str = TOKEN) -> tuple[int, str]:
    """An operator's order as the status page sends it: the answer's status and text."""
    fields = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    url = f"{running.url}/ingest/main/source"
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, json.dumps(body).encode(), fields, method="PUT")
        ) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_studio_elsewhere_obeys_what_its_origin_was_told(tmp_path: Path) -> None:
    path = tmp_path / "event.toml"
    path.write_text(f"{ENCODE}[source]\nwidth = 320\nheight = 180\n")
    with (
        ringside(tmp_path, "origin", "--ingest-token", TOKEN, "--event", str(path)) as running,
        ringside(tmp_path, "studio", "testcard", "--backup", "testcard", "--event", str(path), "--to", running.url,
                 "--ingest-token", TOKEN),
    ):  # fmt: skip
        until(lambda: on_air(running) == "main", "the studio has written")
        assert order(running, {"source": "backup-1"}, "wrong")[0] == 401
        status, said = order(running, {"source": "nobody"})
        assert (status, said.strip()) == (400, "there is no input 'nobody'; there are main, backup-1, slate and auto")
        status, said = order(running, {"source": "backup-1"})
        assert (status, json.loads(said)["source"]) == (200, "backup-1")
        until(lambda: on_air(running) == "backup-1", "the studio has obeyed")
        assert TOKEN not in get(f"{running.url}/status.json").decode()
