"""The status page of an event with two of everything: what stands behind what, and an operator who chooses."""

from typing import Any

import pytest
from depth_event import INPUTS, ORIGINS, TOKEN, deep
from page_server import PageServer
from playwright.sync_api import Page, expect
from test_status_page import NASTY, edge_message, message

pytestmark = pytest.mark.browser

SECTIONS = ("inputs", "studios", "candidates", "archive", "restreams")
ORDER = "/ingest/main/source"


@pytest.fixture
def server(server: PageServer) -> PageServer:
    server.token = TOKEN
    return server


def opened(page: Page, server: PageServer, at: str = "/status", **more: Any) -> Page:
    page.goto(server.url + at)
    server.events.put(deep(message(), **more))
    expect(page.locator("#inputs tbody tr")).to_have_count(len(INPUTS))
    return page


def row(page: Page, table: str, words: str) -> Any:
    return page.locator(f"#{table} tbody tr").filter(has_text=words).first


def test_each_input_says_how_it_is_and_what_is_wrong_with_it(page: Page, server: PageServer) -> None:
    opened(page, server)
    expect(row(page, "inputs", "stadium")).to_contain_text("black, silent")
    expect(row(page, "inputs", "stadium")).to_contain_text("round trip 41 ms · 12 packets lost · 3 dropped")
    expect(row(page, "inputs", "stadium").locator("td").nth(1)).to_have_attribute("data-tone", "warn")
    expect(row(page, "inputs", "van")).to_contain_text("on the air")
    expect(row(page, "inputs", "van")).to_contain_text("2.84 Mb/s")
    expect(row(page, "inputs", "phone")).to_contain_text("not there")
    expect(page.locator("#order")).to_be_empty()


def test_studios_archive_and_other_services_tell_what_fails_and_why(page: Page, server: PageServer) -> None:
    opened(page, server)
    expect(row(page, "studios", "studio-a")).to_contain_text("0:08 ago")
    expect(row(page, "candidates", "studio-a")).to_contain_text("late 17, missing frames 2")
    expect(row(page, "candidates", "on air")).to_contain_text("studio-b")
    expect(page.locator("#candidates tbody tr")).to_have_count(6)
    expect(row(page, "archive", "failing")).to_contain_text("the store refuses to write (503)")
    expect(row(page, "restreams", "rtmps")).to_contain_text("2.93 Mb/s")
    expect(row(page, "restreams", "retrying")).to_contain_text("the connection timed out")


def test_what_an_event_does_not_have_takes_no_room(page: Page, server: PageServer) -> None:
    opened(page, server)
    server.events.put(message(9))
    expect(page.locator("#depth")).to_be_hidden()
    for name in SECTIONS:
        expect(page.locator(f"#{name}")).to_be_hidden()


def test_an_edge_of_two_origins_shows_both_and_no_buttons(page: Page, server: PageServer) -> None:
    page.goto(f"{server.url}/status")
    edge = edge_message()
    edge["upstream"] |= {"origins": ORIGINS, "switches": 3, "why": "it was late"}
    server.events.put(edge)
    expect(row(page, "origins", "origin-a")).to_contain_text("1480 ms")
    expect(row(page, "origins", "this edge")).to_contain_text("origin-b")
    expect(page.locator("#tiles")).to_contain_text("moved 3 times, last because it was late")
    expect(page.locator("#inputs")).to_be_hidden()
    server.events.put(edge_message(1))
    expect(page.locator("#origins")).to_be_hidden()


def test_the_way_to_watch_names_the_event_or_the_recording(page: Page, server: PageServer) -> None:
    opened(page, server)
    watch = page.locator("#watch")
    expect(watch).to_have_attribute("href", "/")
    server.events.put({**deep(message()), "event": "cup & final"})
    expect(watch).to_have_attribute("href", "/?event=cup%20%26%20final")
    replay = edge_message()
    replay["upstream"] |= {"mode": "archive"}
    server.events.put({**replay, "event": "cup"})
    expect(watch).to_have_attribute("href", "/?replay=cup")


def test_an_operator_is_asked_for_the_token_once_and_his_orders_are_sent(page: Page, server: PageServer) -> None:
    opened(page, server)
    row(page, "inputs", "clip").get_by_role("button").click()
    page.locator("#token input").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.locator("#token-why")).to_have_text("The origin does not know this token.")
    page.locator("#token input").fill(TOKEN)
    page.get_by_role("button", name="Order").click()
    expect(page.locator("#token")).to_be_hidden()
    page.get_by_role("button", name="Slate").click()
    page.get_by_role("button", name="The best one").click()
    page.wait_for_function("() => !window.ringside.operator.busy")
    assert server.ordered == [(ORDER, {"source": "clip"}), (ORDER, {"source": "slate"}), (ORDER, {"source": None})]
    assert page.evaluate("localStorage.length") == 0


def test_who_leaves_the_dialog_orders_nothing(page: Page, server: PageServer) -> None:
    opened(page, server)
    page.get_by_role("button", name="Slate").click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Slate").click()
    page.get_by_role("button", name="Leave it").click()
    page.wait_for_function("() => !window.ringside.operator.busy")
    assert server.ordered == []


def test_the_token_of_the_address_is_taken_and_shown_no_more(page: Page, server: PageServer) -> None:
    opened(page, server, f"/status#token={TOKEN}")
    assert page.url == f"{server.url}/status"
    page.get_by_role("button", name="Slate").click()
    page.wait_for_function("() => !window.ringside.operator.busy")
    assert server.ordered == [(ORDER, {"source": "slate"})]
    assert all(TOKEN not in asked for asked in server.asked)


def test_who_orders_while_an_order_is_under_way_has_the_last_word(page: Page, server: PageServer) -> None:
    opened(page, server, f"/status#token={TOKEN}")
    buttons = [row(page, "inputs", "clip").get_by_role("button")]
    buttons += [page.get_by_role("button", name=name) for name in ("Slate", "The best one")]
    first, second, last = (button.element_handle() for button in buttons)
    page.evaluate("(all) => all.forEach((button) => button.click())", [first, second, last])
    page.wait_for_function("() => !window.ringside.operator.busy")
    assert server.ordered == [(ORDER, {"source": "clip"}), (ORDER, {"source": None})]


def test_an_order_that_is_refused_says_why(page: Page, server: PageServer) -> None:
    server.faults[ORDER] = 409
    opened(page, server, f"/status#token={TOKEN}")
    page.get_by_role("button", name="Slate").click()
    expect(page.locator("#refusal")).to_have_text("the order cannot be carried out")
    server.faults.clear()
    page.get_by_role("button", name="Slate").click()
    expect(page.locator("#refusal")).to_be_hidden()


def test_the_order_that_stands_is_pressed_and_a_button_outlasts_the_messages(page: Page, server: PageServer) -> None:
    opened(page, server)
    button = row(page, "inputs", "van").get_by_role("button").element_handle()
    server.events.put({**deep(message(), forced="van"), "now_ms": deep(message())["now_ms"] + 1000})
    expect(page.locator("#order")).to_have_text("van is on the air by order")
    assert button.get_attribute("aria-pressed") == "true"
    expect(page.get_by_role("button", name="The best one")).to_have_attribute("aria-pressed", "false")
    server.events.put({**deep(message(), forced="phone"), "now_ms": deep(message())["now_ms"] + 2000})
    expect(page.locator("#order")).to_have_text("phone is wanted; until it is there, van is on the air")


def test_no_word_of_all_this_is_markup_and_a_phone_has_room_for_it(page: Page, server: PageServer) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    nasty = deep(message(), forced=NASTY)
    told = {"name": NASTY, "detail": NASTY, "faults": [NASTY], "stats": {"peer": NASTY}}
    nasty["source"]["inputs"] = [{**INPUTS[0], **told}]
    nasty["origin"]["tracks"][0]["candidates"][0] |= {"studio": NASTY, "marks": {NASTY: 1}}
    nasty["studios"] = [{"name": NASTY, "order": NASTY}] * 2
    nasty["archive"] = {"state": NASTY, "url": NASTY, "why": NASTY}
    nasty["restreams"] = [{"to": NASTY, "state": NASTY, "why": NASTY}]
    page.goto(f"{server.url}/status")
    server.events.put(nasty)
    for name in (*SECTIONS, "order"):
        expect(page.locator(f"#{name}")).to_contain_text(NASTY)
    assert page.evaluate("window.hacked === undefined && !document.querySelector('main script, main img')")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
