"""What a person reads when something is wrong: one sentence naming the thing, the right status, nothing left over."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import Running, free_port, ringside, until
from tests.e2e.test_sources import TOKEN, pushing, source_state


def run(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "ringside", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )
    return done.returncode, done.stdout + done.stderr


def refused(*arguments: str) -> tuple[int, str]:
    status, text = run(*arguments)
    assert "Traceback" not in text
    return status, text


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    status, text = refused("live", str(tmp_path / "nothing.mp4"), "--port", str(free_port()))
    assert status in (1, 2)
    assert "nothing.mp4" in text


def test_a_file_that_is_not_media(tmp_path: Path) -> None:
    path = tmp_path / "letter.mp4"
    path.write_text("Dear Sir or Madam" * 1000)
    status, text = refused("live", str(path), "--port", str(free_port()))
    assert status in (1, 2)
    assert "letter.mp4" in text


def test_a_source_of_no_known_kind() -> None:
    status, text = refused("live", "gopher://example", "--port", str(free_port()))
    assert status == 2
    assert "gopher://example" in text


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        status, text = refused("live", "--port", port, "--host", "127.0.0.1")
    assert status == 2
    assert port in text


def test_an_rtmp_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        arguments = ("--port", str(free_port()), "--host", "127.0.0.1")
        status, text = refused("live", f"rtmp://127.0.0.1:{port}/live/key", *arguments)
    assert status == 2
    assert str(port) in text


@pytest.mark.parametrize(
    ("toml", "named"),
    [
        ("[event]\nname = 'a b'", "event.name"),
        ("[event]\nsegment_s = 'long'", "event.segment_s"),
        ("[event]\ncolour = 'red'", "event.colour"),
        ("[origin]\ndvr_s = -1", "origin.dvr_s"),
        ("[[encode.ladder]]\nheight = 481\nbitrate_bps = 1000000", "encode.ladder"),
        ("[event", "not valid TOML"),
        ("[edge]\nport = 99999999", "edge.port"),
    ],
)
def test_an_event_file_with_a_wrong_field(tmp_path: Path, toml: str, named: str) -> None:
    path = tmp_path / "event.toml"
    path.write_text(toml)
    status, text = refused("live", "--event", str(path))
    assert status == 2
    assert named in text
    assert "event.toml" in text


def test_an_event_file_that_is_not_there(tmp_path: Path) -> None:
    status, text = refused("live", "--event", str(tmp_path / "none.toml"))
    assert status == 2
    assert "none.toml" in text


@pytest.mark.peer
def test_a_wrong_key_and_a_second_publisher_do_not_touch_what_is_on_the_air(
    tmp_path: Path, ffmpeg: str, clip: Path
) -> None:
    base = f"rtmp://127.0.0.1:{free_port()}/live"
    copy = ("-c", "copy", "-f", "flv")
    with ringside(tmp_path, "live", f"{base}/secret-key") as running:
        running.on_air()
        with pushing(ffmpeg, clip, *copy, f"{base}/secret-key"):
            until(lambda: source_state(running) == "live", "the push is on the air")
            for key in ("wrong-key", "secret-key"):
                with pushing(ffmpeg, clip, *copy, f"{base}/{key}") as intruder:
                    assert intruder.wait(20) != 0
            assert source_state(running) == "live"
        assert "secret-key" not in running.log.split("publish")[-1].split("\n", 1)[1]


def test_a_studio_with_a_wrong_token_is_told_so(tmp_path: Path) -> None:
    with ringside(tmp_path, "origin", "--ingest-token", TOKEN) as running:
        _serving(running)
        status, text = refused("studio", "--to", running.url, "--ingest-token", "not-the-token")
        assert status != 0
        assert "token" in text


def _serving(running: Running) -> None:
    def connects() -> bool:
        with socket.create_connection(("127.0.0.1", running.port), timeout=1):
            return True

    until(connects, "the origin listens")


@pytest.mark.parametrize("verb", ["live", "studio", "origin"])
def test_every_verb_has_help_with_an_example(verb: str) -> None:
    status, text = refused(verb, "--help")
    assert status == 0
    assert f"Example: ringside {verb}" in " ".join(text.split())
    assert "Usage" in text


def test_help_and_version_of_the_whole() -> None:
    status, text = refused("--help")
    assert status == 0
    for verb in ("live", "studio", "origin"):
        assert verb in text
    assert refused("--version")[0] == 0


def test_an_option_that_does_not_exist_is_named() -> None:
    status, text = refused("live", "--loud")
    assert status == 2
    assert "--loud" in text
