"""The watch page far back: beyond what is listed live by the DVR's playlist, and in a recording, from its beginning."""

import pytest
from page_camera import Camera
from page_event import PLAYER, stats, until
from page_server import PageServer
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

LISTED = 4  # segments of a second
KEPT = f"{PLAYER}.range()"


@pytest.fixture
def short(live: PageServer) -> PageServer:
    live.listed = LISTED
    yield live
    live.listed = 0


def test_the_bar_reaches_beyond_what_is_listed_live_and_live_comes_back(page: Page, short: PageServer) -> None:
    page.goto(f"{short.url}/?player=hls")
    until(page, f"s.state === 'playing' && {KEPT}.live - {KEPT}.start > 9", 40)
    assert stats(page)["path"] == "ll-hls"
    page.keyboard.press("Home")
    until(page, "s.state === 'playing' && s.path === 'hls-dvr' && s.latency_source === 'picture' && s.behind_ms > 8000")
    assert stats(page)["latency_ms"] > 8000
    before_ms = page.evaluate(f"{PLAYER}.dateOf({PLAYER}.video.currentTime)")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"{PLAYER}.dateOf({PLAYER}.video.currentTime) > {before_ms} + 3000")
    page.keyboard.press("l")
    until(page, "s.state === 'playing' && s.path === 'll-hls' && s.behind_ms < 2500")


def test_where_there_is_no_dvr_the_bar_ends_where_the_list_does(page: Page, live: PageServer) -> None:
    live.faults["/live/main/dvr"] = 404
    page.goto(f"{live.url}/?player=hls")
    until(page, f"s.state === 'playing' && {KEPT} !== null")
    page.wait_for_function("performance.getEntriesByType('resource').some(({ name }) => name.endsWith('/dvr.m3u8'))")
    page.keyboard.press("Home")
    until(page, "s.state === 'playing' && s.path === 'll-hls'")
    live.faults.clear()


def test_a_recording_plays_from_its_beginning_to_its_end_and_again(page: Page, server: PageServer) -> None:
    camera = Camera(server.folder)
    camera.start()
    page.wait_for_timeout(6000)
    camera.stop()
    page.goto(f"{server.url}/?replay=main")
    until(page, f"s.state === 'playing' && {PLAYER}.video.currentTime < 4")
    expect(page.locator("#badge")).to_have_text("Replay")
    page.evaluate(f"{PLAYER}.ask('seek', {{ media_s: {KEPT}.live - 1 }})")
    until(page, "s.state === 'ended'")
    expect(page.locator("#sentence[data-shown]")).to_have_text("That was all of it; press play to watch it again.")
    page.keyboard.press("k")
    until(page, f"s.state === 'playing' && {PLAYER}.video.currentTime < 4")
    asked = {path for path in server.asked if not path.startswith("/assets")}
    assert not {path for path in asked if path.startswith("/live") or "target" in path}, "a recording has no live event"
