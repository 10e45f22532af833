"""The crowd beside real players: five headless Chromium with stock hls.js, then dash.js, on one `ringside live`.

Both watch the same event at the same time. Each page joins several times, then stays; its time to first frame runs
from the player's own start (its script is already there) to the first frame on the screen, its latency is read from the
strip in the picture, and also taken as the crowd means it, from the date of the playhead. The crowd neither decodes nor
paints: what a player takes to open stands in its Profile as `opening_s`, and what was seen of it here is printed beside
that. Agreement is asked for within 15 %; for what does not agree, what was seen of the reason follows.
"""

import statistics
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page, TimeoutError, sync_playwright
from rich.console import Console
from rich.table import Table

from bench.harness import OUT, Event, live, quantiles, write
from bench.load.tool import Run, crowd
from bench.players import FLAGS, serve_pages
from ringside.prove.crowd.player.stock import PROFILES

PAGES = 5
JOINS = 3
VIEWERS = 100
AGE_S = 12
JOIN_MS = 15_000
SETTLE_S = 8
STAY_S = 25
WITHIN = 0.15
CROWD_S = 75.0  # as long as the pages take: joins of about two seconds each, settling, staying
WATCHED_S = VIEWERS * (CROWD_S - 15)  # they come over 30 seconds
PLAYERS = {"hls": ("hls.js", "index.m3u8"), "dash": ("dash.js", "index.mpd")}
EVENT = """
[source]
width = 640
height = 360
[[encode.ladder]]
height = 360
bitrate_bps = 600_000
"""


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure of both. Milliseconds, or stalls a viewer and minute."""

    name: str
    browser: float | None
    crowd: float | None
    ours: bool
    """Whether the figure means exactly what the crowd means by it."""

    @property
    def off(self) -> float | None:
        """The crowd's difference, as a share of the browser's."""
        if self.browser is None or self.crowd is None:
            return None
        if self.browser == self.crowd:
            return 0.0
        return (self.crowd - self.browser) / self.browser if self.browser else None

    @property
    def agrees(self) -> bool:
        """Within the 15 %."""
        return self.off is not None and abs(self.off) <= WITHIN


CAME = """() => {
  const first = {};
  for (const entry of performance.getEntriesByType("resource")) {
    const [, track, part] = entry.name.match(/([^/]+)\\/\\d+(\\.\\d+)?\\.m4s/) ?? [];
    if (track) first[track] ??= part ? entry.responseEnd : entry.responseStart;
  }
  return Math.max(...Object.values(first));
}"""
"""When the first piece of every track had come: a part its whole, a growing segment its beginning."""


def join(page: Page, url: str) -> dict[str, float] | None:
    """Open the page and wait for its first frame: milliseconds since the player began; None if there was none."""
    page.goto(url)
    try:
        page.wait_for_function("window.measured?.samples.frames > 0", timeout=JOIN_MS)
    except TimeoutError:
        return None
    samples = page.evaluate("window.measured.samples")
    since = {name: at - samples["attached_ms"] for name, at in samples["steps"].items()}
    came = page.evaluate(CAME) - samples["attached_ms"]
    return {"frame": samples["first_ms"] - samples["attached_ms"], "came": came, **since}


def watch(browser: Any, pages_url: str, player: str, event: Event) -> dict[str, Any]:
    """Five pages that join in turn, several times, and then stay."""
    url = f"{pages_url}/stock.html?player={player}&url={event.url}/live/main"
    pages = [browser.new_page() for _ in range(PAGES)]
    tried = [join(page, url) for _ in range(JOINS) for page in pages]
    joins = [one for one in tried if one is not None]
    time.sleep(SETTLE_S)
    early_stalls = sum(page.evaluate("window.measured.samples.stalls") for page in pages)
    for page in pages:
        page.evaluate("window.measured.reset()")
    time.sleep(STAY_S)
    stayed = [page.evaluate("window.measured.samples") for page in pages]
    for page in pages:
        page.close()
    notes = {note: count for samples in stayed for note, count in samples["notes"].items()}
    return {
        "frame_ms": quantiles(one["frame"] for one in joins),
        "came_ms": quantiles(one["came"] for one in joins),
        "own_ms": quantiles(one["frame"] - one["came"] for one in joins),
        "strip_ms": quantiles(value for samples in stayed for value in samples["latency_ms"]),
        "playhead_ms": quantiles(value for samples in stayed for value in samples["behind_ms"]),
        "by_page_ms": [quantiles(samples["latency_ms"]).get("p50") for samples in stayed],
        "stalls": early_stalls + sum(samples["stalls"] for samples in stayed),
        "watched_s": PAGES * (SETTLE_S + STAY_S),
        "frames": sum(samples["frames"] for samples in stayed),
        "failed_joins": len(tried) - len(joins),
        "notes": notes,
    }


def both(browser: Any, pages_url: str, player: str, event: Event) -> tuple[dict[str, Any], Run]:
    """The pages and the crowd at the same time."""
    name, file = PLAYERS[player]
    options = ["--viewers", str(VIEWERS), "--player", name, "--arrive", "ramp", "--over", "30"]
    with ThreadPoolExecutor(1) as pool:
        running: Future[Run] = pool.submit(crowd, [f"{event.url}/live/main/{file}", *options], CROWD_S, {})
        seen = watch(browser, pages_url, player, event)
        return seen, running.result()


def compare(seen: dict[str, Any], verdict: dict[str, Any]) -> list[Compared]:
    """The table's rows."""
    ttff, latency = verdict["ttff_ms"] or {}, verdict["latency_ms"] or {}
    ours, theirs = ttff.get("p50"), seen["frame_ms"].get("p50")
    behind, their_behind = latency.get("p50"), seen["playhead_ms"].get("p50")
    stalls, their_stalls = verdict["stalls"] / WATCHED_S * 60, seen["stalls"] / seen["watched_s"] * 60
    return [
        Compared("time to first frame, p50", theirs, ours, True),
        Compared("latency read from the picture, p50", seen["strip_ms"].get("p50"), behind, False),
        Compared("latency by the playhead's date, p50", their_behind, behind, True),
        Compared("the same, p95", seen["playhead_ms"].get("p95"), latency.get("p95"), True),
        Compared("stalls a viewer and minute", their_stalls, stalls, True),
    ]


def reasons(seen: dict[str, Any], rows: list[Compared]) -> list[str]:
    """What was seen of why a row does not agree; empty when all do."""
    if all(row.agrees for row in rows):
        return []
    said = []
    if seen["own_ms"]:
        came, own = seen["came_ms"]["p50"], seen["own_ms"]["p50"]
        said.append(f"in Chromium the media had come after {came:.0f} ms, and was on the screen {own:.0f} ms later")
    if seen["strip_ms"] and seen["playhead_ms"]:
        behind = seen["strip_ms"]["p50"] - seen["playhead_ms"]["p50"]
        said.append(f"the picture on the screen is {behind:+.0f} ms behind the playhead's date in Chromium")
    pages = [value for value in seen["by_page_ms"] if value is not None]
    if len(pages) > 1:
        spread = statistics.stdev(pages)
        said.append(f"five pages are few: their latencies have a standard deviation of {spread:.0f} ms")
    if seen["failed_joins"]:
        said.append(
            f"{seen['failed_joins']} of {PAGES * JOINS} joins in Chromium showed no frame in {JOIN_MS / 1000:.0f} s"
        )
    if seen["notes"]:
        said.append(f"Chromium's players reported {seen['notes']}")
    return said


def show(console: Console, player: str, rows: list[Compared]) -> None:
    """Print one player's table."""
    table = Table(f"{player}, ms", "Chromium", "crowd", "difference", f"within {WITHIN:.0%}", "same definition")
    for row in rows:
        both_known = row.browser is not None and row.crowd is not None
        values = [
            f"{value:.2f}" if value < 10 else f"{value:.0f}" for value in (row.browser, row.crowd) if value is not None
        ]
        difference = "-" if row.off is None else f"{row.off:+.1%}"
        cells = values if both_known else ["-", "-"]
        table.add_row(row.name, *cells, difference, "yes" if row.agrees else "no", "yes" if row.ours else "no")
    console.print(table)


def main() -> None:
    """hls.js, then dash.js."""
    console = Console(width=130)
    server, pages_url = serve_pages()
    OUT.mkdir(exist_ok=True)
    file = OUT / "reality.toml"
    file.write_text(EVENT)
    result: dict[str, Any] = {}
    with live("--event", str(file)) as event, sync_playwright() as playwright:
        event.wait_playable()
        time.sleep(AGE_S)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for player, (name, _) in PLAYERS.items():
            seen, run = both(browser, pages_url, player, event)
            rows = compare(seen, run.verdict)
            show(console, name, rows)
            opening_ms = seen["frame_ms"]["p50"] - (run.verdict["ttff_ms"]["p50"] - PROFILES[name][1].opening_s * 1000)
            said = f"  opening_s as seen here {opening_ms / 1000:.3f}, in the profile {PROFILES[name][1].opening_s:.3f}"
            console.print(said, highlight=False)
            for reason in reasons(seen, rows):
                console.print(f"  {reason}", highlight=False)
            agreed = {row.name: {"browser": row.browser, "crowd": row.crowd, "off": row.off} for row in rows}
            result[name] = {"browser": seen, "crowd": run.verdict, "compared": agreed}
        browser.close()
    server.shutdown()
    write("reality", result)


if __name__ == "__main__":
    main()
