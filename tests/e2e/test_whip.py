"""A browser publishes by WHIP: its picture goes live, falls to slate when its page is closed, and comes back."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.chromium import IN_BROWSER, chromium, fresh_page
from tests.e2e.conftest import Running, free_port, ringside, until
from tests.small_event import CANVAS, LADDER

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = IN_BROWSER
FLAGS = (
    "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-features=LocalNetworkAccessChecks",
)
TOKEN = "a-publishers-token"
PUBLISH = """async ([url, token]) => {
  const canvas = document.createElement('canvas'), pen = canvas.getContext('2d'); let n = 0;
  canvas.width = 640; canvas.height = 360;
  setInterval(() => { pen.fillStyle = `hsl(${n++ * 7 % 360},80%,50%)`; pen.fillRect(0, 0, 640, 360); }, 40);
  const media = canvas.captureStream(25), sound = new AudioContext();
  const tone = sound.createOscillator(), out = sound.createMediaStreamDestination();
  tone.connect(out); tone.start(); media.addTrack(out.stream.getAudioTracks()[0]);
  const connection = window.connection = new RTCPeerConnection();
  for (const track of media.getTracks()) connection.addTransceiver(track, {direction: 'sendonly', streams: [media]});
  await connection.setLocalDescription();
  const headers = {'Content-Type': 'application/sdp', Authorization: `Bearer ${token}`};
  const answer = await fetch(url, {method: 'POST', body: connection.localDescription.sdp, headers});
  if (answer.status === 201) await connection.setRemoteDescription({type: 'answer', sdp: await answer.text()});
  window.session = answer.headers.get('Location');
  return answer.status;
}"""


@pytest.fixture
def publisher() -> "Iterator[Browser]":
    with chromium(*FLAGS) as fresh:
        yield fresh


def publish(page: "Page", url: str) -> bool:
    """Whether it was let in: who left without a word holds his place until he has been silent for a second."""
    status = page.evaluate(PUBLISH, [url, TOKEN])
    assert status in (201, 409)
    return bool(status == 201)


@contextmanager
def publishing(browser: "Browser", running: Running, url: str) -> Iterator[str]:
    """A page that publishes; where its session is. The page is closed at the end, without a goodbye."""
    with fresh_page(browser) as page:
        page.goto(f"{running.url}/healthz")
        assert page.evaluate(PUBLISH, [url, "guess"]) == 403
        until(lambda: publish(page, url), "its place is free")
        yield page.evaluate("window.session")


def on_air(running: Running) -> str:
    return str(running.status()["source"]["on_air"])


def only_input(running: Running) -> dict[str, Any]:
    found: dict[str, Any] = running.status()["source"]["inputs"][0]
    return found


def test_a_browser_publishes_by_whip_leaves_and_comes_back(tmp_path: Path, publisher: "Browser") -> None:
    port = free_port()
    event = tmp_path / "event.toml"
    event.write_text(LADDER.replace(CANVAS, f'{CANVAS}url = "whip://127.0.0.1:{port}/whip"\ntoken = "{TOKEN}"\n'))
    with ringside(tmp_path, "live", "--event", str(event)) as running:
        running.on_air()
        for _ in range(2):
            with publishing(publisher, running, f"http://127.0.0.1:{port}/whip") as location:
                assert re.fullmatch(r"/whip/[\w-]{16}", location)
                until(lambda: on_air(running) == "main", "the browser's picture is on the air")
                until(lambda: "opus" in only_input(running)["stats"]["codecs"], "its sound has come")
            until(lambda: on_air(running) == "slate", "the slate is on the air")
        assert TOKEN not in str(running.status())
        text = running.playlist()
        assert "#EXT-X-GAP" not in text
        numbers = [int(n) for n in re.findall(r"^(\d+)\.m4s", text, re.M)]
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
