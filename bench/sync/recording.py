"""Four screens at the same instant, and what is decoded from each: a contact sheet, bench/out/sync-recording.png.

One player of each path at one common target. At a few instants every page keeps the picture that is on its screen then,
and the strip is read from the very frame that is kept; a row of the sheet is one instant.
"""

import time
from html import escape
from typing import Any

from rich.table import Table

from bench.harness import OUT
from bench.sync.event import event, offers
from bench.sync.options import Options
from bench.sync.room import Room, Seen, room
from bench.sync.seats import now_ms, settle, sit, strayed
from bench.sync.spread import FOUR, moq

SETTLE_S = 30.0
TARGET_S = 1.2
INSTANTS = 4
AHEAD_MS = 700
STYLE = """
body{margin:0;background:#0d1117;color:#f0f6fc;font:14px system-ui,-apple-system,'Segoe UI',sans-serif;width:1600px}
h1{font-size:20px;margin:18px 20px 2px}p{margin:0 20px 10px;color:#9198a1}
.row{display:grid;grid-template-columns:repeat(var(--n),1fr);gap:10px;margin:0 20px 18px}
.row h2{grid-column:1/-1;font-size:14px;margin:0;font-weight:600;font-variant-numeric:tabular-nums}
figure{margin:0}img{width:100%;display:block;border-radius:4px}
figcaption{margin-top:4px;font-variant-numeric:tabular-nums}b{font-weight:600}
"""


def clock(utc_ms: float) -> str:
    """Time of day, UTC, to the millisecond."""
    return time.strftime("%H:%M:%S", time.gmtime(utc_ms / 1000)) + f".{int(utc_ms) % 1000:03d}"


def take(there: Room, at_ms: float) -> list[dict[str, Any]]:
    """What each screen shows at an instant to come, in the order of the windows' players."""
    for window in there.windows:
        window.page.evaluate("(at) => { window.snapped = window.shown.snap(at); return 0; }", at_ms)
    found: list[dict[str, Any]] = []
    for window in there.windows:
        found += window.page.evaluate("window.snapped")
    return found


def sheet(rows: list[list[dict[str, Any]]], seats: list[Seen], under: str) -> str:
    """The contact sheet as a page."""
    out = []
    for row in rows:
        read = [snap["capture_ms"] for snap in row if snap["capture_ms"] is not None]
        apart = f"{max(read) - min(read):.0f} ms apart" if len(read) == len(row) and read else "not all could be read"
        out.append(f'<div class="row" style="--n:{len(row)}"><h2>at {clock(row[0]["at_ms"])} UTC: {apart}</h2>')
        for snap, seen in zip(row, seats, strict=True):
            image = f"data:image/png;base64,{snap['png']}"
            said = "no strip" if snap["capture_ms"] is None else f"{clock(snap['capture_ms'])}"
            behind = "" if snap["capture_ms"] is None else f", {snap['at_ms'] - snap['capture_ms']:.0f} ms ago"
            out.append(
                f'<figure><img src="{image}">'
                f"<figcaption><b>{escape(seen.name)}</b> strip says {said}{behind}</figcaption></figure>"
            )
        out.append("</div>")
    head = "<h1>Four paths, the same instants</h1>"
    return f"<!doctype html><style>{STYLE}</style>{head}<p>{escape(under)}</p>{''.join(out)}"


def run(options: Options) -> dict[str, Any]:
    """Play, keep what was on the screens, and draw the sheet."""
    players = list(options.paths or FOUR)
    target_s = options.target_s or TARGET_S
    file = OUT / ("sync-quick-recording.png" if options.quick else "sync-recording.png")
    with (
        event("recording", *moq(players), frames_per_chunk=1, target_s=target_s) as running,
        room(options.seed) as there,
    ):
        players = [player for player in players if player != "moq" or offers(f"{running.url}/moq.json")]
        seats = sit(there, running, players, options, target_s)
        settle(there, options, SETTLE_S)
        rows = [take(there, now_ms() + AHEAD_MS) for _ in range(INSTANTS)]
        there.take()
        under = f"python -m bench sync recording · target {target_s * 1000:.0f} ms · headless Chromium, one machine"
        page = there.browser("sheet").new_page(viewport={"width": 1600, "height": 900})
        page.set_content(sheet(rows, seats, under))
        page.screenshot(path=str(file), full_page=True)
    instants = [
        {
            "at_ms": row[0]["at_ms"],
            "players": {s.name: [one["shown_ms"], one["capture_ms"]] for one, s in zip(row, seats, strict=True)},
        }
        for row in rows
    ]
    return {"file": file.name, "instants": instants, "target_ms": target_s * 1000, "strayed": strayed(seats, players)}


def shown(result: dict[str, Any]) -> list[Table | str]:
    """What was decoded at each instant."""
    names = list(result["instants"][0]["players"])
    table = Table("at, UTC", *names, "apart, ms")
    for one in result["instants"]:
        read = [capture for _, capture in one["players"].values()]
        known = [capture for capture in read if capture is not None]
        cells = ["no strip" if capture is None else clock(capture) for capture in read]
        apart = f"{max(known) - min(known)}" if len(known) == len(read) else "-"
        table.add_row(clock(one["at_ms"]), *cells, apart)
    return [table, f"the sheet: bench/out/{result['file']}", *result["strayed"]]
