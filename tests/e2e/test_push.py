"""Push in a real browser, on a real event: one rung after another, clocks that are wrong, and none at all."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from tests.e2e.chromium import IN_BROWSER, opened, plays, stats
from tests.e2e.conftest import Running, ringside, until
from tests.small_event import OVERLOADED, SMALL

pytestmark = IN_BROWSER

NEAR_MS = 60
DEVICE_CLOCK = """(() => {
  const [by, Real, origin] = [%d, Date, performance.timeOrigin];
  globalThis.Date = class extends Real {
    constructor(...given) { given.length ? super(...given) : super(Real.now() + by); }
    static now() { return Real.now() + by; }
  };
  Object.defineProperty(performance, 'timeOrigin', { get: () => origin + by });
})()"""
SPANS = """(() => {
  const { buffered } = ringside.players[0].video;
  return Array.from({ length: buffered.length }, (_, i) => [buffered.start(i), buffered.end(i)]);
})()"""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An event of two small rungs, a chunk for each picture."""
    folder = tmp_path_factory.mktemp("push")
    file = folder / "push-event.toml"
    file.write_text("[event]\nframes_per_chunk = 1\ntarget_s = 0.8\n" + SMALL)
    with ringside(folder, "live", "--event", str(file), "--burn-strip") as running:
        yield running.on_air("v240")


def on_target(page: Page) -> bool:
    """The playhead is where the target wants it, by the player's own word."""
    offset_ms = stats(page).get("offset_ms")
    return offset_ms is not None and abs(offset_ms) < NEAR_MS


def test_one_rung_is_left_for_another_without_a_gap(page: Page, live: Running) -> None:
    opened(page, live, "?player=push")
    for rung, height in (("v180", 180), ("v240", 240), ("v180", 180)):
        before: list[Any] = page.evaluate(SPANS)
        page.evaluate(f"ringside.players[0].player.choose('{rung}')")
        page.wait_for_function(f"ringside.players[0].stats().height === {height}", timeout=40_000)
        after: list[Any] = page.evaluate(SPANS)
        if any(word in live.log for word in OVERLOADED):
            pytest.skip("the encoder fell behind: gaps are its own")
        assert len(after) == len(before), after
    assert stats(page)["path"] == "push"


@pytest.mark.parametrize("wrong_ms", [5_000, -10_800_000])
def test_a_device_whose_clock_is_wrong_holds_the_target_all_the_same(page: Page, live: Running, wrong_ms: int) -> None:
    page.add_init_script(DEVICE_CLOCK % wrong_ms)
    opened(page, live, "?player=push")
    until(lambda: on_target(page), "the target is held", 60)
    assert abs(stats(page)["clock_offset_ms"] + wrong_ms) < 1000
    assert stats(page)["path"] == "push"


@pytest.mark.parametrize("answer", ["none", "hours off"])
def test_a_server_without_a_clock_or_with_a_wrong_one_is_played_near_its_live_moment(
    page: Page, live: Running, answer: str
) -> None:
    def clock(route: Route) -> None:
        if answer == "none":
            route.fulfill(status=404, body="")
            return
        true = page.request.get(f"{live.url}/clock").text()
        hour = (int(true[11:13]) - 3) % 24
        route.fulfill(body=f"{true[:11]}{hour:02d}{true[13:]}")

    page.route("**/clock*", clock)
    opened(page, live, "?player=push")
    until(lambda: on_target(page), "the target is held by the media's own time", 60)
    plays(page)
