"""The status page of a gateway, in Chromium: the group's health, in all and by track, and nothing of it elsewhere."""

import pytest
from gateway_event import gateway_message
from page_server import PageServer
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

NASTY = "<img src=x onerror=window.hacked=1>"


def test_a_gateway_shows_the_group_s_health_for_each_track(page: Page, server: PageServer) -> None:
    page.goto(f"{server.url}/status")
    for at in range(160, 240):
        server.events.put(gateway_message(at))
    tiles = page.locator("#group-tiles")
    expect(tiles).to_contain_text("232.66.1.1:5000 from 10.66.0.9")
    expect(tiles).to_contain_text("late: 212")
    expect(page.locator("#group tbody tr")).to_have_count(4)
    expect(page.locator("#group tbody tr").first).to_contain_text("v720")
    expect(page.locator(".chart.wide h2")).to_have_text(["From the origin"])
    rates = page.evaluate("window.ringside.history().columns")
    cut = rates["group_bps"].index(0)
    assert rates["unicast_bps"][cut] > 3_000_000, "while the group is silent it all comes by unicast"
    assert rates["unicast_bps"][-1] < 100_000


def test_an_edge_that_is_no_gateway_shows_nothing_of_it(page: Page, server: PageServer) -> None:
    page.goto(f"{server.url}/status")
    server.events.put(gateway_message())
    expect(page.locator("#gateway")).to_be_visible()
    plain = gateway_message(241)
    del plain["multicast"]
    server.events.put(plain)
    expect(page.locator("#gateway")).to_be_hidden()
    expect(page.locator(".chart.wide h2")).to_have_text(["Requests a second"])


def test_words_of_a_description_are_text_and_a_gateway_s_page_fits_a_phone(page: Page, server: PageServer) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{server.url}/status")
    track = gateway_message()["multicast"]["tracks"]["a"]
    server.events.put(gateway_message(group=NASTY, source=NASTY, dropped={NASTY: 1}, tracks={NASTY: track}))
    for place in ("#group-tiles", "#group"):
        expect(page.locator(place)).to_contain_text(NASTY)
    assert page.evaluate("window.hacked === undefined && !document.querySelector('main img')")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
