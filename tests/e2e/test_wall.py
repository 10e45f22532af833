"""The wall and the paths on a real event: stock players steered to one moment, paths lost and found again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.chromium import IN_BROWSER
from tests.e2e.conftest import Running, ringside, until

EVENT = """
source = {width = 640, height = 360}
encode = {effort = "superfast", ladder = [{height = 360, bitrate_bps = 600_000}]}
"""
STEADY_MS = 80  # by media time, on a machine that does other things too
SETTLED = """(paths) => {
  const all = ringside.players.map((one) => one.stats());
  const holds = (s, path) => s.path === path && s.state === 'playing' && Math.abs(s.offset_ms) < %d;
  return all.length === paths.length && all.every((s, at) => holds(s, paths[at]));
}"""
WATCH_FOR_BLACK = """
window.black = 0; // while a video seeks, its last picture stays
addEventListener('DOMContentLoaded', () => {
  const [video, freeze] = ['video', 'freeze'].map((id) => document.getElementById(id));
  const look = () => {
    if (video.dataset.seen !== undefined && video.readyState < 2 && !video.seeking && freeze.hidden) window.black += 1;
    requestAnimationFrame(look);
  };
  look();
});
"""
REACHES_BACK = """() => {
  const { live, start } = ringside.players[0].player.range();
  return Number(document.getElementById('scrub').ariaValueMax) > live - start + 3;
}"""

pytestmark = IN_BROWSER


@pytest.fixture(scope="module")
def event(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One small event for all these tests."""
    folder = tmp_path_factory.mktemp("wall")
    (folder / "event.toml").write_text(EVENT)
    with ringside(folder, "live", "--event", str(folder / "event.toml")) as running:
        yield running.on_air()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    page.set_default_timeout(60_000)
    yield page
    context.close()


def stats(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate("ringside.players.map((one) => one.stats())")
    return found


def settled(page: Page, paths: list[str]) -> None:
    """Every player plays by its path and holds the moment."""
    page.wait_for_function("window.ringside?.players.length")
    page.wait_for_function(SETTLED % STEADY_MS, arg=paths)


def wall(page: Page, event: Running, players: str, more: str = "") -> None:
    page.goto(f"{event.url}/wall?players={players}{more}")


def in_step(page: Page) -> list[dict[str, Any]]:
    """What the players say after five seconds in which none stood still and at whose end all hold the moment.

    A machine busy with other tests takes a picture from a player now and then, so there is more than one try.
    """
    for _ in range(6):
        before = stats(page)
        page.wait_for_timeout(5000)
        after, spread_ms = stats(page), page.evaluate("ringside.spread_ms()")
        stood = [one["stalls"] for one in after] != [one["stalls"] for one in before]
        if not stood and max(abs(one["offset_ms"]) for one in after) < 2 * STEADY_MS and 0 <= spread_ms < 3 * STEADY_MS:
            return after
    pytest.fail(f"the players are never in step: {after}, spread {spread_ms} ms")


def test_push_hls_and_dash_hold_one_moment_without_a_stall(page: Page, event: Running) -> None:
    wall(page, event, "push,hls,dash")
    settled(page, ["push", "ll-hls", "ll-dash"])
    after = in_step(page)
    assert all(0.95 <= one["rate"] <= 1.05 for one in after)
    assert all(one["latency_source"] == "picture" for one in after)
    assert {one["target_ms"] for one in after} == {1200}
    expect(page.locator("#spread-of")).to_contain_text("3 of 3 screens · from the pictures")


def test_a_photograph_shows_every_strip_of_one_instant(page: Page, event: Running) -> None:
    wall(page, event, "push,push,hls")
    settled(page, ["push", "push", "ll-hls"])
    page.keyboard.press("p")
    expect(page.locator("#photo canvas")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#photo")).to_be_hidden()
    shot = page.evaluate("ringside.photo()")
    assert len(shot["taken_ms"]) == 3
    assert all(0 < shot["at_ms"] - taken_ms < 5000 for taken_ms in shot["taken_ms"]), shot


def test_a_screen_is_silent_until_it_is_chosen(page: Page, event: Running) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    wall(page, event, "push,hls")
    settled(page, ["push", "ll-hls"])
    assert not [url for url in asked if "/main/a/" in url]
    page.keyboard.press("1")
    until_js = "ringside.players[0].stats().state === 'playing' && !ringside.players[0].video.muted"
    page.wait_for_function(until_js)
    assert [url for url in asked if "/main/a/" in url]
    page.keyboard.press("2")
    page.wait_for_function("ringside.players[0].video.muted && !ringside.players[1].video.muted")


@pytest.mark.parametrize("count", [2, 5, 12])
def test_every_number_of_screens_fits_the_window(page: Page, event: Running, count: int) -> None:
    page.route("**/live/**", lambda route: route.abort())
    wall(page, event, ",".join(["hls"] * count))
    expect(page.locator(".tile")).to_have_count(count)
    for width, height in ((1280, 720), (1920, 1080), (1024, 600)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function("document.documentElement.scrollHeight <= innerHeight")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("document.documentElement.scrollWidth <= innerWidth")


def test_edges_are_taken_in_turn_and_screens_walked_by_keys(page: Page, event: Running) -> None:
    page.route("**/live/**", lambda route: route.abort())
    wall(page, event, "hls,hls,hls", f"&edges={event.url},http://localhost:{event.port}")
    expect(page.locator(".edge")).to_have_text(
        [f"127.0.0.1:{event.port}", f"localhost:{event.port}", f"127.0.0.1:{event.port}"]
    )
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".tile").nth(1)).to_be_focused()


def test_a_blocked_push_is_replaced_and_comes_back_without_black(page: Page, event: Running) -> None:
    blocked = True

    def judge(route: Route) -> None:
        if blocked:
            route.abort()
        else:
            route.continue_()

    page.route("**/stream", judge)
    page.add_init_script(WATCH_FOR_BLACK)
    page.goto(event.url)
    settled(page, ["ll-hls"])
    blocked = False
    settled(page, ["push"])
    assert page.evaluate("window.black") == 0


def test_the_past_is_played_out_of_the_dvr_and_live_again_by_push(page: Page, event: Running) -> None:
    until(lambda: event.playlist().count("#EXTINF") >= 6, "there is a past")
    page.goto(event.url)
    settled(page, ["push"])
    page.wait_for_function(REACHES_BACK)
    page.keyboard.press("Home")
    page.wait_for_function(
        "(s => s.path === 'hls-dvr' && s.state === 'playing' && s.behind_ms > 3000)(ringside.players[0].stats())"
    )
    page.keyboard.press("l")
    settled(page, ["push"])


def test_a_moved_target_moves_every_path_together(page: Page, event: Running, tmp_path: Path) -> None:
    wall(page, event, "push,dash")
    settled(page, ["push", "ll-dash"])
    with ringside(tmp_path, "target", "1.6", "--port", str(event.port)) as order:
        assert order.process.wait(20) == 0, order.log
    try:
        page.wait_for_function("ringside.players.every((one) => one.stats().target_ms === 1600)")
        settled(page, ["push", "ll-dash"])
    finally:
        with ringside(tmp_path, "target", "1.2", "--port", str(event.port)) as order:
            order.process.wait(20)
    assert until(lambda: all(abs(one["offset_ms"]) < 3 * STEADY_MS for one in stats(page)), "the moment is held")
