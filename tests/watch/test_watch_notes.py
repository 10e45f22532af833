"""What a stream or a browser cannot give is said in one sentence, and the rest is played: in Chromium."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from page_camera import SILENT_TOP, Microphone
from page_event import filmed, stats, until
from page_server import PageServer
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

NOTE = "#note[data-shown]"
REFUSE = """
const play = HTMLMediaElement.prototype.play;
window.refuse = () => true;
HTMLMediaElement.prototype.play = function () {
  return window.refuse(this) ? Promise.reject(new DOMException('tap first', 'NotAllowedError')) : play.call(this);
};
"""
WRONG_CLOCK = """
const wrong_ms = %d, origin_ms = performance.timeOrigin, now = Date.now.bind(Date);
Object.defineProperty(Performance.prototype, 'timeOrigin', { get: () => origin_ms + wrong_ms });
Date.now = () => now() + wrong_ms;
"""


@pytest.fixture(scope="module")
def live(pages: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageServer]:
    """An event with pictures and, as its playlist says, no sound."""
    with filmed(tmp_path_factory.mktemp("event"), SILENT_TOP) as fresh:
        yield fresh


@pytest.fixture(autouse=True)
def well(live: PageServer) -> None:
    live.faults.clear()
    live.hidden, live.ahead_s = "", 0.0


def test_an_event_without_sound_plays_and_asks_for_no_tap(page: Page, live: PageServer) -> None:
    page.goto(live.url)
    until(page, "s.state === 'playing'")
    expect(page.locator(NOTE)).to_contain_text("without sound", timeout=10_000)
    expect(page.locator("#tap")).to_be_hidden()


def test_an_event_of_sound_alone_plays(page: Page, server: PageServer) -> None:
    microphone = Microphone(server.folder)
    microphone.start()
    page.goto(server.url)
    until(page, "s.state === 'playing'", 30)
    expect(page.locator(NOTE)).to_contain_text("sound only", timeout=10_000)
    until(page, "s.latency_source === 'date-time' && s.rung === 'audio'")
    microphone.stop()


def test_where_playing_needs_a_tap_it_is_said_and_a_tap_plays(page: Page, live: PageServer) -> None:
    page.add_init_script(REFUSE)
    page.goto(live.url)
    expect(page.locator("#tap")).to_have_text("Tap to play")
    expect(page.locator(NOTE)).to_contain_text("waits for a tap")
    page.evaluate("window.refuse = () => false")
    page.click("#tap")
    until(page, "s.state === 'playing'")
    expect(page.locator(NOTE)).not_to_contain_text("waits for a tap")


def test_where_only_sound_is_refused_the_picture_plays_without(page: Page, live: PageServer) -> None:
    page.add_init_script(REFUSE + "window.refuse = (video) => !video.muted;")
    page.add_init_script(
        "addEventListener('DOMContentLoaded', () => { document.querySelector('video').muted = false; })"
    )
    page.goto(live.url)
    until(page, "s.state === 'playing'")
    assert page.evaluate("document.querySelector('video').muted")


def test_a_stream_that_does_not_say_when_it_was_taken_plays_and_says_so(page: Page, live: PageServer) -> None:
    live.hidden = "#EXT-X-PROGRAM-DATE-TIME"
    page.goto(live.url)
    until(page, "s.state === 'playing'")
    expect(page.locator(NOTE)).to_contain_text("not in step", timeout=10_000)
    seen = stats(page)
    assert seen["offset_ms"] is None
    assert seen["rate"] == 1


@pytest.mark.parametrize("wrong_s", [5, -3 * 3600])
def test_a_wrong_device_clock_changes_nothing(page: Page, live: PageServer, wrong_s: int) -> None:
    page.add_init_script(WRONG_CLOCK % (wrong_s * 1000))
    page.goto(live.url)
    until(page, "s.state === 'playing' && s.latency_source === 'picture'")
    seen = stats(page)
    assert abs(seen["clock_offset_ms"] + wrong_s * 1000) < 250
    assert 0 < seen["latency_ms"] < 15_000


def test_a_path_that_is_not_offered_gives_way_without_a_word(page: Page, live: PageServer) -> None:
    page.goto(live.url)
    page.evaluate(
        "window.said = []; ringside.players[0].addEventListener('change', ({ detail }) => said.push(detail.sentence))"
    )
    until(page, "s.state === 'playing' && s.path === 'll-hls'")
    assert any(path.endswith("/stream") for path in live.asked), "push was tried first"
    assert not any("reached" in sentence for sentence in page.evaluate("said.filter(Boolean)"))


def test_a_server_whose_clock_is_hours_off_does_not_stop_the_picture(page: Page, live: PageServer) -> None:
    live.ahead_s = 3 * 3600
    page.goto(live.url)
    until(page, "s.state === 'playing' && s.frames > 60", 30)
    assert stats(page)["stalls"] <= 1


def test_the_target_that_the_address_names_is_held(page: Page, live: PageServer) -> None:
    page.goto(f"{live.url}/?target=6")
    until(page, "s.state === 'playing' && s.target_ms === 6000 && Math.abs(s.offset_ms) < 500", 40)
