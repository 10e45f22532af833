"""The player in somebody else's page: another origin, three lines, a real browser."""

import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import page_event
import pytest
from page_server import PageServer
from playwright.sync_api import Page

from ringside.flow.watch.build import ROOT

pytestmark = pytest.mark.browser

FRAMES_WAITED_FOR = """
window.waited = new Set();
const { requestVideoFrameCallback: ask, cancelVideoFrameCallback: forget } = HTMLVideoElement.prototype;
HTMLVideoElement.prototype.requestVideoFrameCallback = function (then) {
  const id = ask.call(this, (...given) => { window.waited.delete(id); then(...given); });
  window.waited.add(id);
  return id;
};
HTMLVideoElement.prototype.cancelVideoFrameCallback = function (id) {
  window.waited.delete(id);
  forget.call(this, id);
};
"""
SHELL = "<!doctype html><body style='margin:0'><div style='position:relative'>{video}</div>{script}</body>"


class Elsewhere(ThreadingHTTPServer):
    """Another site, with one page on it."""

    daemon_threads = True

    def __init__(self, body: str) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.body = body
        Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server_address[1]}/"


class _Page(BaseHTTPRequestHandler):
    server: Elsewhere

    def do_GET(self) -> None:
        body = self.server.body.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def the_documented_lines(url: str) -> str:
    """The example of docs/embedding.md, with this test's server in place of the example's."""
    text = (ROOT / "docs/embedding.md").read_text()
    example = re.search(r"```html\n(.*?)```", text, re.DOTALL)
    assert example
    return example[1].replace("https://edge.example", url).replace("const player =", "const player = window.player =")


@pytest.fixture
def elsewhere(live: PageServer) -> Iterator[Elsewhere]:
    live.faults.clear()
    site = Elsewhere(f"<!doctype html><body style='margin:0'>{the_documented_lines(live.url)}</body>")
    yield site
    site.shutdown()
    site.server_close()


def until(page: Page, condition: str, timeout_s: float = 20) -> None:
    """Wait until `condition` holds for the page's own player."""
    page_event.until(page, condition, timeout_s, "window.player")


def test_the_lines_of_the_documentation_play_on_another_site(
    page: Page, live: PageServer, elsewhere: Elsewhere
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(elsewhere.url)
    page.wait_for_function("window.player")
    until(page, "s.state === 'playing' && s.latency_source === 'picture'")
    assert page.evaluate("document.querySelector('video').videoWidth") in {640, 320}
    mine = [url for url in asked if not url.startswith(("blob:", "data:"))]
    assert [url for url in mine if url.startswith(elsewhere.url)] == [elsewhere.url]
    assert all(url.startswith((live.url, elsewhere.url)) for url in mine)
    assert any("/assets/hls-" in url for url in mine), (
        "the path's own code comes from the server, not from the page's site"
    )
    assert not any("/assets/dash-" in url or "/assets/shaka-" in url for url in mine)


def test_the_documentation_names_every_figure(page: Page, elsewhere: Elsewhere) -> None:
    page.goto(elsewhere.url)
    page.wait_for_function("window.player")
    fields: list[str] = page.evaluate("Object.keys(window.player.stats())")
    table = (ROOT / "docs/embedding.md").read_text().partition("## stats()")[2]
    assert [field for field in fields if f"`{field}`" not in table] == []


def test_a_page_is_told_what_happens(page: Page, live: PageServer, elsewhere: Elsewhere) -> None:
    page.goto(elsewhere.url)
    page.wait_for_function("window.player")
    page.evaluate("window.told = []; player.addEventListener('change', (event) => told.push(event.detail))")
    until(page, "s.state === 'playing'")
    live.faults["/live"] = 0
    page.wait_for_function("told.some(({ sentence }) => sentence)", timeout=30_000)
    live.faults.clear()
    until(page, "s.state === 'playing'", 30)
    told: list[dict[str, Any]] = page.evaluate("told")
    assert all(set(one) == {"state", "path", "sentence", "note"} for one in told)
    assert any(one["state"] == "playing" and one["path"] == "ll-hls" for one in told)


def test_a_player_that_is_destroyed_leaves_nothing_running(page: Page, elsewhere: Elsewhere) -> None:
    page.add_init_script(FRAMES_WAITED_FOR)
    page.goto(elsewhere.url)
    page.wait_for_function("window.player")
    until(page, "s.state === 'playing'")
    assert page.evaluate("window.waited.size")
    page.evaluate("player.destroy()")
    assert not page.evaluate("window.waited.size")
    assert not page.evaluate("document.querySelector('video').currentSrc && !document.querySelector('video').paused")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate("new Promise((wake) => setTimeout(wake, 3000))")
    assert asked == []
    assert page.evaluate("document.querySelectorAll('canvas').length") == 0


def test_two_players_ask_a_server_for_its_time_once(page: Page, live: PageServer) -> None:
    video = "<video muted></video><video muted></video>"
    script = f"""<script type="module">
      import {{ RingsidePlayer }} from '{live.url}/assets/ringside-player.js';
      const url = '{live.url}/live/main/';
      window.players = [...document.querySelectorAll('video')].map((video) => new RingsidePlayer(video, {{ url }}));
    </script>"""
    site = Elsewhere(SHELL.format(video=video, script=script))
    live.asked.clear()
    page.goto(site.url)
    page.wait_for_function("window.players?.every((one) => one.stats().state === 'playing')", timeout=20_000)
    assert page.evaluate("players[0].clock === players[1].clock && players[0].target === players[1].target")
    site.shutdown()
    site.server_close()
