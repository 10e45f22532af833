"""The status page in Chromium, fed by hand: it shows what comes, as text, and says when nothing comes."""

from typing import Any

import pytest
from page_server import CLOSE, PageServer
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

NASTY = "<script>window.hacked=1</script><img src=x onerror=window.hacked=1>"
T0_MS = 1_790_000_000_000
TRACK = {"name": "v720", "codec": "avc1.64001f", "last": [895_000_000, 4], "age_ms": 90, "gaps": 0}
WORKER = {"pid": 4101, "viewers": 1234, "held": 17, "egress_bps": 3.4e9, "loop_lag_ms": 1.2, "cpu_cores": 0.4}
DRAWN = """[...document.querySelectorAll('.chart canvas')].every(
    c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(Boolean))"""


def message(at: int = 0, **more: Any) -> dict[str, Any]:
    """One message as the server sends it, `at` seconds into the event."""
    rungs = [
        {"name": name, "width": width, "height": height, "fps": 30, "target_bps": bps, "bitrate_bps": bps * 0.97,
         "encode_ms": {"p50": 4.2, "p95": 7.9}, "active": True}
        for name, width, height, bps in (("v720", 1280, 720, 2.8e6), ("v360", 640, 360, 6e5))
    ]  # fmt: skip
    return {
        "event": "main", "now_ms": T0_MS + at * 1000, "uptime_s": at, "state": "live",
        "source": {"name": "camera", "kind": "rtmp", "state": "live", "width": 1280, "height": 720, "fps": 30},
        "encoder": {"fps": 30, "speed": 1.0, "lag_ms": 12, "shed": [], "skipped": 0, "cpu_cores": 0.9, "rungs": rungs},
        "parts": {"lateness_ms": {"p50": 4, "p95": 9, "p99": 12, "max": 20}, "count": at * 20},
        "origin": {"window_s": 300, "window_bytes": 180_000_000, "tracks": [TRACK]},
        "edge": {"viewers": 1234 + at, "held": 17, "requests_per_s": 90, "egress_bps": 3.4e9, "loop_lag_ms": 1.2,
                 "statuses": {"200": 900}, "workers": [WORKER]},
        "processes": [{"name": "studio", "pid": 4001, "restarts": 2, "uptime_s": 5}],
        "log": [{"at_ms": T0_MS, "text": "the event begins"}],
        **more,
    }  # fmt: skip


def edge_message(at: int = 0, **more: Any) -> dict[str, Any]:
    """One message of an edge that stands alone."""
    upstream = {"url": "http://origin:8080", "mode": "push", "state": "live", "since_ms": T0_MS, "bits_per_s": 4.7e6,
                "requests_per_s": 0, "objects": 300, "bytes": 9e7, "kinds": {}, "failures": 0}  # fmt: skip
    edge = {
        **message(at)["edge"],
        "kinds": {"part": {"hits": 900, "held": 1200, "bytes": 4e8}},
        "objects": [{"path": f"/live/main/v720/895000000.{part}.m4s", "hits": 9, "held": part} for part in range(10)],
        "top_rung_share": 0.91,
    }
    told = {"event": "Edge of origin", "now_ms": T0_MS + at * 1000, "uptime_s": at, "state": "live"}
    return {**told, "upstream": upstream, "edge": edge, "processes": [], "log": [], **more}


def test_numbers_arrive_without_a_reload(page: Page, server: PageServer) -> None:
    page.goto(f"{server.url}/status")
    expect(page.locator("#connection")).to_contain_text("Connecting")
    server.events.put(message(0))
    expect(page.locator("#state")).to_have_text("live")
    expect(page.locator("#connection")).to_be_hidden()
    server.events.put(message(1))
    expect(page.locator("#tiles")).to_contain_text("1\u2009235")
    expect(page.locator("#rungs")).to_contain_text("1280×720 · 30")
    expect(page.locator("#tracks")).to_contain_text("895000000.4")
    expect(page.locator("#processes td").nth(3)).to_have_attribute("data-tone", "warn")
    expect(page.locator("#log")).to_contain_text("the event begins")
    assert page.evaluate("window.ringside.history().times_s.length") == 2


def test_there_is_a_chart_for_each_of_the_five_things(page: Page, server: PageServer) -> None:
    page.goto(f"{server.url}/status")
    for at in range(3):
        server.events.put(message(at))
    expect(page.locator(".chart .u-over")).to_have_count(5)
    titles = page.locator(".chart h2").all_text_contents()
    assert titles == ["Egress", "Viewers", "Part lateness", "Encoder speed and cores", "Bitrate per rung"]
    expect(page.locator(".chart.wide p")).to_contain_text("v720 2.72 Mb/s")
    assert page.evaluate(DRAWN)


def test_markup_in_any_word_is_shown_as_text(page: Page, server: PageServer) -> None:
    page.goto(f"{server.url}/status")
    nasty = message(
        event=NASTY,
        state=NASTY,
        source={"name": NASTY, "kind": NASTY, "state": NASTY, "detail": NASTY},
        processes=[{"name": NASTY, "pid": NASTY, "restarts": 0}],
        log=[{"at_ms": T0_MS, "text": NASTY}],
    )
    nasty["encoder"]["rungs"][0]["name"] = NASTY
    nasty["encoder"]["shed"] = [NASTY]
    nasty["origin"]["tracks"] = [{**TRACK, "codec": NASTY}]
    nasty["edge"]["statuses"] = {NASTY: 1}
    server.events.put(nasty)
    server.events.put({**nasty, "now_ms": T0_MS + 1000})
    for place in ("#event", "#state", "#tiles", "#charts", "#rungs", "#tracks", "#processes", "#log"):
        expect(page.locator(place)).to_contain_text(NASTY)
    assert page.evaluate("window.hacked === undefined && !document.querySelector('main script, main img, header img')")


def test_a_lost_connection_is_said_and_mended_by_itself(page: Page, server: PageServer) -> None:
    page.goto(f"{server.url}/status")
    server.events.put(message(0))
    expect(page.locator("#state")).to_have_text("live")
    server.faults["/status/events"] = 503
    server.events.put(CLOSE)
    expect(page.locator("#connection")).to_contain_text("Connection lost, retrying", timeout=10_000)
    expect(page.locator("#tiles")).to_contain_text("1\u2009234")
    server.faults.clear()
    server.events.put(message(9, state="waiting"))
    expect(page.locator("#state")).to_have_text("waiting")
    expect(page.locator("#connection")).to_be_hidden()
    assert page.evaluate("window.ringside.history().times_s.length") == 2


@pytest.mark.parametrize("odd", [{}, [], 7, "x", {"encoder": 4, "edge": [], "log": [None], "processes": "?"}], ids=repr)
def test_a_message_with_things_missing_breaks_nothing(page: Page, server: PageServer, odd: Any) -> None:
    page.goto(f"{server.url}/status")
    server.events.put(odd)
    server.events.put(message(5))
    expect(page.locator("#tiles")).to_contain_text("1\u2009239")


def test_it_fits_a_phone(page: Page, server: PageServer) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{server.url}/status")
    server.events.put(message(0))
    expect(page.locator("#state")).to_have_text("live")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_an_edge_shows_its_origin_and_what_it_spared_it(page: Page, server: PageServer) -> None:
    page.goto(f"{server.url}/status")
    for at in range(2):
        server.events.put(edge_message(at))
    expect(page.locator("#tiles")).to_contain_text("http://origin:8080")
    expect(page.locator("#tiles")).to_contain_text("91 %")
    expect(page.locator("#kinds")).to_contain_text("1\u2009200")
    expect(page.locator("#objects tbody tr")).to_have_count(10)
    expect(page.locator("#workers")).to_contain_text("1\u2009234")
    titles = ["Egress", "Viewers", "Loop lag", "Cores", "Requests a second"]
    expect(page.locator(".chart h2")).to_have_text(titles)
    assert page.evaluate(DRAWN)
    for event_only in ("#rungs", "#tracks"):
        expect(page.locator(event_only)).to_be_hidden()


def test_the_origin_s_own_words_are_text_on_an_edge_too(page: Page, server: PageServer) -> None:
    page.goto(f"{server.url}/status")
    nasty = edge_message()
    nasty["upstream"] |= {"url": NASTY, "state": NASTY, "mode": NASTY}
    nasty["edge"]["objects"] = [{"path": NASTY, "hits": 1}]
    server.events.put(nasty)
    for place in ("#tiles", "#objects"):
        expect(page.locator(place)).to_contain_text(NASTY)
    assert page.evaluate("window.hacked === undefined && !document.querySelector('main script, main img')")


def test_an_edge_that_pulls_sends_nobody_to_our_watch_page(page: Page, server: PageServer) -> None:
    page.goto(f"{server.url}/status")
    expect(page.locator("#watch")).to_be_visible()
    pulling = edge_message()
    pulling["upstream"]["mode"] = "pull"
    server.events.put(pulling)
    expect(page.locator("#watch")).to_be_hidden()


def test_an_edge_s_page_fits_a_phone(page: Page, server: PageServer) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{server.url}/status")
    server.events.put(edge_message())
    expect(page.locator("#objects")).to_contain_text("895000000")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
