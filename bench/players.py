"""hls.js, dash.js and Shaka, stock, each for a minute in headless Chromium, measured from pixels and sound."""

import sys
import time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from playwright.sync_api import sync_playwright

from bench.harness import cpu_s, descendants, live, quantiles, write

ROOT = Path(__file__).parent.parent
FOLDERS = {"/modules/": ROOT / "node_modules", "/watch/": ROOT / "src/ringside/flow/watch", "/": ROOT / "bench/pages"}
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--autoplay-policy=no-user-gesture-required", "--mute-audio",
]  # fmt: skip
SECONDS = 60
SETTLE_S = 8


class Pages(SimpleHTTPRequestHandler):
    """Serves the measuring page, the stock players and the strip decoder."""

    def translate_path(self, path: str) -> str:
        path = path.split("?")[0]
        prefix = next(p for p in FOLDERS if path.startswith(p))
        found = next((p for p in FOLDERS[prefix].rglob(path.rsplit("/", 1)[1])), None) if prefix == "/watch/" else None
        return str(found or FOLDERS[prefix] / path[len(prefix) :])

    def log_message(self, *_: Any) -> None:
        """Quiet."""


def serve_pages() -> tuple[ThreadingHTTPServer, str]:
    """The page server, on a loopback port of its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_port}"


def av_offsets_ms(samples: dict[str, Any]) -> list[float]:
    """Sound minus picture at each second both were seen, from beep and flash onsets."""
    offsets = []
    for beep in samples["beeps"]:
        nearest = (
            min((abs(beep - flash), beep - flash) for _, flash in samples["flashes"]) if samples["flashes"] else None
        )
        if nearest and nearest[0] < 400:
            offsets.append(nearest[1])
    return offsets


def measure(browser: Any, pages: str, player: str, url: str, seconds: float = SECONDS) -> dict[str, Any]:
    """One player for `seconds` after it settled."""
    page = browser.new_page()
    page.goto(f"{pages}/stock.html?player={player}&url={url}/live/main&sound=1")
    page.wait_for_function("window.measured?.samples.frames > 0", timeout=20_000)
    time.sleep(SETTLE_S)
    page.evaluate("window.measured.reset()")
    time.sleep(seconds)
    samples = page.evaluate("window.measured.samples")
    page.close()
    return {
        "player": player,
        "frames": samples["frames"],
        "read": samples["read"],
        "latency_ms": quantiles(samples["latency_ms"]),
        "stalls": samples["stalls"],
        "av_offset_ms": quantiles(abs(x) for x in av_offsets_ms(samples)),
        "av_offset_signed_ms": quantiles(av_offsets_ms(samples)),
        "first_frame_ms": round(samples["first_ms"]),
        "notes": samples["notes"],
    }


def main() -> None:
    """The three players, one after another, against one event."""
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else SECONDS
    server, pages = serve_pages()
    rows = []
    with live() as event, sync_playwright() as playwright:
        event.wait_playable()
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for player in ("hls", "dash", "shaka"):
            before = sum(event.cpu().values())
            began_s = time.monotonic()
            row = measure(browser, pages, player, event.url, seconds)
            row["event_cores"] = round((sum(event.cpu().values()) - before) / (time.monotonic() - began_s), 2)
            rows.append(row)
            print(row, flush=True)
        browser.close()
    server.shutdown()
    write("players", rows)


__all__ = ["cpu_s", "descendants", "main"]
