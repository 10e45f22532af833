"""What must fail, fails: without this, no other figure here means anything.

The instrument: a canvas that draws strips into a video is read back frame by frame, each strip as it was drawn; the
same canvas with noise in place of strips reads nothing. The measure: of three players one is told a /clock that is
300 ms slow, so that it steers 300 ms away; the spread has to show just that, and without it has to be small.
"""

from typing import Any

from rich.table import Table

from bench.harness import Event
from bench.sync import figures
from bench.sync.event import event
from bench.sync.figures import told
from bench.sync.options import Options
from bench.sync.room import Room, room
from bench.sync.seats import page_url, settle, strayed
from bench.sync.spread import moq

SECONDS = 10.0
SETTLE_S = 20.0
TARGET_S = 1.0
OFF_MS = -300.0
NEAR_MS = 50.0
CANVAS_S = 3.0
CANVAS = """(strips) => {
  const canvas = document.createElement('canvas');
  const video = document.createElement('video');
  [canvas.width, canvas.height, video.muted] = [640, 360, true];
  document.body.append(canvas, video);
  const context = canvas.getContext('2d');
  const cells = (utc_ms) => {
    const bytes = Array.from({ length: 6 }, (_, i) => Math.floor(utc_ms / 256 ** (5 - i)) % 256);
    let crc = 0;
    for (const byte of bytes) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit += 1) crc = crc & 128 ? ((crc << 1) ^ 7) & 255 : crc << 1;
    }
    return [...'10101010', ...[...bytes, crc].map((byte) => byte.toString(2).padStart(8, '0')).join('')].map(Number);
  };
  window.drawn = new Set();
  const draw = () => {
    const now_ms = Date.now();
    const bits = strips ? cells(now_ms) : Array.from({ length: 64 }, () => Math.round(Math.random()));
    if (!strips) bits.splice(0, 8, 1, 1, 1, 1, 0, 0, 0, 0);
    bits.forEach((bit, i) => { context.fillStyle = bit ? '#fff' : '#000'; context.fillRect(i * 10, 340, 10, 20); });
    window.drawn.add(now_ms);
    setTimeout(draw, 33);
  };
  draw();
  video.srcObject = canvas.captureStream(30);
  window.shown.attach(video);
  return video.play();
}"""


def canvas(there: Room, strips: bool, seconds: float = CANVAS_S) -> dict[str, int]:
    """What is read of a canvas with strips, or with noise in their place: `{frames, read, as_drawn}`."""
    window = there.open("about:blank", "canvas", browser="canvas")
    window.page.evaluate(CANVAS, strips)
    there.watch(seconds)
    drawn = set(window.page.evaluate("[...window.drawn]"))
    rows = window.players[0].rows
    read = told(rows).frames
    window.page.close()
    there.windows.remove(window)
    return {"frames": len(rows), "read": len(read), "as_drawn": sum(frame.capture_ms in drawn for frame in read)}


def mislead(there: Room, running: Event, path: str, options: Options) -> dict[str, Any]:
    """Two players that are told the time, and one that is told another: spreads without and with it."""
    target_s = options.target_s or TARGET_S
    for number in range(2):
        there.open(page_url(running, path, target_s, number), f"told the time {number + 1}")
    there.open(page_url(running, path, target_s, 2), "told another", server_ms=OFF_MS)
    there.wait_playing(3)
    settle(there, options, SETTLE_S)
    from_ms, until_ms = there.watch(options.seconds or SECONDS)
    seats = there.players
    screens = [seen.screen for seen in seats]
    with_it = figures.spread_ms(screens, from_ms, until_ms)
    without = figures.spread_ms(screens[:2], from_ms, until_ms)
    return {
        "with_it_ms": figures.summary(spread for _, spread in with_it),
        "without_ms": figures.summary(spread for _, spread in without),
        "latency_ms": {
            seen.name: figures.summary(figures.latencies_ms(figures.between(seen.told.frames, from_ms, until_ms)))
            for seen in seats
        },
        "strayed": strayed(seats, [path] * 3),
    }


def run(options: Options) -> dict[str, Any]:
    """Instrument, then measure; failed where one of them shows what is not there, or not what is."""
    path = (options.paths or ["push"])[0]
    with room(options.seed) as there:
        strips, noise = canvas(there, True), canvas(there, False)
    with (
        event("control", *moq([path]), frames_per_chunk=1, target_s=options.target_s or TARGET_S) as running,
        room(options.seed) as there,
    ):
        off = mislead(there, running, path, options)
    reads = strips["read"] == strips["as_drawn"] and strips["read"] >= 0.9 * strips["frames"] > 0
    shows = abs(off["with_it_ms"].get("p50", 0) + OFF_MS) <= NEAR_MS and off["without_ms"].get("p95", 1e9) <= NEAR_MS
    return {
        "strips": strips,
        "noise": noise,
        "off": off,
        "instrument_good": reads and not noise["read"] and noise["frames"] > 0,
        "measure_good": shows,
        "failed": not (reads and not noise["read"] and noise["frames"] and shows),
    }


def shown(result: dict[str, Any]) -> list[Table | str]:
    """What was to be seen, and what was."""
    strips, noise, off = result["strips"], result["noise"], result["off"]
    table = Table("control", "was to be", "was", "good")
    good = {True: "yes", False: "NO"}
    table.add_row("strips read of a canvas", f"{strips['frames']} frames", f"{strips['as_drawn']} as drawn", "")
    table.add_row(
        "strips read of noise", f"0 of {noise['frames']}", str(noise["read"]), good[bool(result["instrument_good"])]
    )
    table.add_row(
        "spread of two players told the time, p95", f"≤ {NEAR_MS:.0f} ms", f"{off['without_ms'].get('p95')}", ""
    )
    table.add_row(
        "spread with one told a clock 300 ms slow, p50",
        f"{-OFF_MS:.0f} ± {NEAR_MS:.0f} ms",
        f"{off['with_it_ms'].get('p50')}",
        good[bool(result["measure_good"])],
    )
    said = ", ".join(f"{name} {one.get('p50', 0):.0f} ms" for name, one in off["latency_ms"].items())
    return [table, f"behind the source: {said}", *off["strayed"]]
