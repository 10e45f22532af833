"""hls.js, dash.js and Shaka, stock, each for a minute in headless Chromium, measured from pixels and sound.

The instrument is measured first: a file cut from the event, whose sound and picture agree to a millisecond, is played
by Chromium itself; the offset seen there is the instrument's own, and is printed beside every player's.
"""

import re
import subprocess
import sys
import time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from playwright.sync_api import sync_playwright

from bench.harness import OUT, Event, get, live, quantiles, write

ROOT = Path(__file__).parent.parent
FOLDERS = {
    "/out/": OUT,
    "/modules/": ROOT / "node_modules",
    "/watch/": ROOT / "src/ringside/flow/watch",
    "/": ROOT / "bench/pages",
}
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--autoplay-policy=no-user-gesture-required", "--mute-audio",
]  # fmt: skip
SECONDS = 60
SETTLE_S = 8
AGE_S = 12  # of the event when the first player joins
CONTROL_S = 15


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


def cut_file(event: Event) -> None:
    """The newest whole segments of one rung and the sound, as one file, timestamps as they are."""
    inputs = []
    for track in ("v360", "a"):
        base = f"{event.url}/live/main/{track}"
        text = get(f"{base}/index.m3u8").decode()
        names = [re.findall(r'EXT-X-MAP:URI="([^"]+)"', text)[-1], *re.findall(r"^\d+\.m4s", text, re.M)[-4:]]
        path = OUT / f"control-{track}.mp4"
        path.write_bytes(b"".join(get(f"{base}/{name}") for name in names))
        inputs += ["-i", str(path)]
    command = ["ffmpeg", "-v", "error", "-y", "-copyts", *inputs, "-map", "0", "-map", "1", "-c", "copy"]
    subprocess.run([*command, "-avoid_negative_ts", "make_zero", str(OUT / "control.mp4")], check=True)


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
        time.sleep(AGE_S)
        cut_file(event)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        control = measure(browser, pages, "file", event.url, CONTROL_S)["av_offset_signed_ms"]
        print(f"the instrument itself: sound after picture by {control} ms", flush=True)
        for player in ("hls", "dash", "shaka"):
            before = sum(event.cpu().values())
            began_s = time.monotonic()
            row = measure(browser, pages, player, event.url, seconds)
            row["av_offset_beyond_instrument_ms"] = round(row["av_offset_signed_ms"]["p50"] - control["p50"], 1)
            row["event_cores"] = round((sum(event.cpu().values()) - before) / (time.monotonic() - began_s), 2)
            rows.append(row)
            print(row, flush=True)
        browser.close()
    server.shutdown()
    write("players", {"instrument_ms": control, "players": rows})
