"""The watch page in Chromium, on a small real camera: it plays, it recovers, and it always says what is happening."""

import re
from collections.abc import Iterator

import pytest
from page_camera import Camera
from page_event import stats, until
from page_server import PageServer
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

SENTENCE = "#sentence[data-shown]"
WAITING = "The event has not started yet; it will begin here by itself."


@pytest.fixture(scope="module")
def viewer(browser: Browser, live: PageServer) -> Iterator[Page]:
    """One page that stays open for the whole module, as a viewer's does."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.goto(live.url)
    yield page
    context.close()


@pytest.fixture
def watching(viewer: Page, live: PageServer) -> Page:
    """The viewer's page, playing at the live moment."""
    live.faults.clear()
    until(viewer, "s.rung !== null")
    viewer.keyboard.press("l")
    until(viewer, "s.state === 'playing' && s.latency_source === 'picture' && s.behind_ms < 2500")
    return viewer


@pytest.mark.parametrize(
    ("player", "status", "words"),
    [
        ("hls", 404, "has not started"),
        ("hls", 503, "you are in line"),
        ("hls", 403, "by invitation"),
        ("hls", 500, "cannot be reached"),
        ("hls", 0, "cannot be reached"),
        ("dash", 404, "has not started"),
        ("dash", 503, "you are in line"),
        ("shaka", 404, "has not started"),
        ("shaka", 0, "cannot be reached"),
    ],
)
def test_a_closed_door_is_one_sentence_and_never_a_code(
    page: Page, server: PageServer, status: int, words: str, player: str
) -> None:
    server.faults["/live"] = status
    page.goto(f"{server.url}/?player={player}")
    expect(page.locator(SENTENCE)).to_contain_text(words)
    assert not any(digit in page.locator("body").inner_text() for digit in ("404", "503", "403", "500"))


def test_the_page_plays_and_reads_its_latency_from_the_picture(watching: Page) -> None:
    seen = stats(watching)
    assert seen["path"] == "ll-hls"
    assert 0 < seen["latency_ms"] < 15_000
    assert abs(seen["clock_offset_ms"]) < 250
    assert seen["rung"] in {"360p", "180p"}
    expect(watching.locator("#latency")).to_contain_text(" s")
    watching.wait_for_function("document.querySelector('#video').currentTime > 0")


def test_the_picture_and_the_playlist_agree_on_the_latency(watching: Page) -> None:
    both = watching.evaluate(
        "() => { const one = ringside.players[0]; const now = Date.now();"
        " return [one.stats().latency_ms, now - one.dateOf(document.querySelector('#video').currentTime)]; }"
    )
    assert abs(both[0] - both[1]) < 500


def test_the_name_of_the_event_is_shown_as_text(watching: Page) -> None:
    expect(watching.locator("#title")).to_have_text("Night <b>one</b>")


def test_it_starts_silent_and_a_tap_gives_sound(watching: Page) -> None:
    pill = watching.locator("#tap")
    expect(pill).to_have_text("Tap for sound")
    assert watching.evaluate("document.querySelector('#video').muted")
    pill.click()
    expect(pill).to_be_hidden()
    assert not watching.evaluate("document.querySelector('#video').muted")


def test_pausing_is_no_stall_and_playing_goes_on(watching: Page) -> None:
    watching.keyboard.press(" ")
    until(watching, "s.state === 'paused'")
    watching.keyboard.press("k")
    until(watching, "s.state === 'playing'")
    assert stats(watching)["stalls"] == 0


def test_a_rung_can_be_chosen_and_given_back(watching: Page) -> None:
    watching.mouse.move(640, 700)
    watching.click("#quality")
    items = watching.locator("#menu [role=menuitemradio]")
    expect(items).to_have_text([r"Auto360p", r"360p900 kb/s", r"180p600 kb/s"])
    items.nth(2).click()
    expect(watching.locator("#menu")).to_be_hidden()
    until(watching, "s.rung === '180p'")
    watching.mouse.move(640, 700)
    watching.click("#quality")
    watching.keyboard.press("Home")
    watching.keyboard.press("Enter")
    expect(watching.locator("#quality")).to_have_text("Auto")


def test_the_engineer_sees_the_numbers(watching: Page) -> None:
    expect(watching.locator("#numbers")).to_be_hidden()
    watching.keyboard.press("e")
    for word in ("picture", "hls.js 1.7.4", "stalls", "clock offset", "dropped", "bandwidth"):
        expect(watching.locator("#numbers")).to_contain_text(word)
    watching.keyboard.press("e")
    expect(watching.locator("#numbers")).to_be_hidden()


def test_controls_fade_and_come_back(watching: Page) -> None:
    watching.mouse.move(600, 300)
    expect(watching.locator("#stage[data-idle]")).to_have_count(1, timeout=20_000)
    watching.mouse.move(610, 310)
    expect(watching.locator("#stage[data-idle]")).to_have_count(0)


def test_controls_stay_under_a_mouse_that_rests_on_them(watching: Page) -> None:
    watching.mouse.move(640, 300)
    expect(watching.locator("#stage[data-idle]")).to_have_count(1, timeout=20_000)
    watching.mouse.move(640, 700)
    watching.wait_for_timeout(4000)
    expect(watching.locator("#stage[data-idle]")).to_have_count(0)
    watching.mouse.move(640, 300)


def test_an_outage_is_said_and_mended_without_a_reload(watching: Page, live: PageServer) -> None:
    watching.evaluate("window.same = true")
    live.faults["/live"] = 0
    expect(watching.locator(SENTENCE)).to_be_visible(timeout=20_000)
    assert watching.evaluate("document.querySelector('#video').videoWidth || !document.querySelector('#freeze').hidden")
    live.faults.clear()
    until(watching, "s.state === 'playing' && s.behind_ms < 3500")
    expect(watching.locator(SENTENCE)).to_have_count(0)
    assert watching.evaluate("window.same")


def test_only_the_player_in_use_is_fetched_and_all_from_one_host(page: Page, live: PageServer) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(live.url)
    until(page, "s.state === 'playing'")
    assert all(url.startswith((live.url, "blob:", "data:")) for url in asked), asked
    assert any("/assets/hls-" in url for url in asked)
    assert not any("/assets/dash-" in url or "/assets/shaka-" in url for url in asked)


def test_shaka_plays_the_same_event(page: Page, live: PageServer) -> None:
    page.goto(f"{live.url}/?player=shaka")
    until(page, "s.path === 'shaka' && s.state === 'playing' && s.latency_source === 'picture'")


def test_a_browser_that_cannot_play_is_told_what_to_do(page: Page, server: PageServer) -> None:
    page.add_init_script("delete window.MediaSource; HTMLMediaElement.prototype.canPlayType = () => '';")
    page.goto(server.url)
    expect(page.locator(SENTENCE)).to_contain_text("please open this page in a current Chrome")


def test_it_fits_a_phone(browser: Browser, live: PageServer) -> None:
    phone = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True).new_page()
    phone.goto(live.url)
    until(phone, "s.state === 'playing'")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    for name in ("#play", "#mute", "#live", "#quality", "#engineer", "#full"):
        box = phone.locator(name).bounding_box()
        assert box, name
        assert box["x"] >= 0, name
        assert box["x"] + box["width"] <= 390, name
        assert box["height"] >= 40, name
    phone.context.close()


def test_the_bar_names_the_time_of_day_and_goes_there(watching: Page) -> None:
    until(watching, "ringside.players[0].range().live - ringside.players[0].range().start > 8")
    watching.mouse.move(640, 600)
    box = watching.locator("#scrub").bounding_box()
    assert box
    watching.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + 12)
    assert watching.locator(".tip").inner_text().count(":") >= 2
    watching.mouse.down()
    watching.mouse.up()
    until(watching, "s.behind_ms > 3000 && s.state === 'playing'")


def test_keys_go_back_and_return_to_live(watching: Page) -> None:
    until(watching, "ringside.players[0].range().live - ringside.players[0].range().start > 13")
    watching.keyboard.press("j")
    until(watching, "s.behind_ms > 7000 && s.state === 'playing'")
    expect(watching.locator("#live")).to_have_text("Go live")
    expect(watching.locator("#scrub")).to_have_attribute("aria-valuetext", re.compile(r"^0:(09|1\d) behind live$"))
    watching.keyboard.press("l")
    until(watching, "s.behind_ms < 2500 && s.state === 'playing'")
    expect(watching.locator("#live[data-live]")).to_have_text("Live")


def test_an_event_is_awaited_watched_to_its_end_and_watched_again(page: Page, server: PageServer) -> None:
    page.goto(server.url)
    expect(page.locator(SENTENCE)).to_have_text(WAITING)
    expect(page.locator("#play")).to_be_hidden()
    camera = Camera(server.folder)
    camera.start()
    until(page, "s.state === 'playing'", 25)
    expect(page.locator(SENTENCE)).to_have_count(0)
    expect(page.locator("#badge")).to_have_text("Live")
    camera.stop()
    until(page, "s.state === 'ended'", 25)
    expect(page.locator(SENTENCE)).to_contain_text("The event has ended; press play to watch the last")
    page.keyboard.press(" ")
    until(page, "s.state === 'playing'")
    expect(page.locator("#badge")).to_have_text("Ended")
    page.reload()
    expect(page.locator(SENTENCE)).to_contain_text("The event has ended")
