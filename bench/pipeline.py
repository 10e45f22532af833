"""What the whole pipeline costs (three rungs at 720p30) and how soon a part is out after its last frame is encoded."""

import json
import re
import time
from threading import Event as Flag
from threading import Thread

from bench.harness import OUT, Event, get, live, quantiles, write

SECONDS = 60


def hold(event: Event, track: str, arrivals: dict[tuple[str, int, int], int], stop: Flag) -> None:
    """Hold each part of a track as it is hinted; note when its last byte came."""
    base = f"{event.url}/live/main/{track}"
    text = get(f"{base}/index.m3u8").decode()
    while not stop.is_set():
        uri, number, part = re.findall(r'PRELOAD-HINT:TYPE=PART,URI="((\d+)\.(\d+)\.m4s)"', text)[0]
        get(f"{base}/{uri}")
        arrivals[track, int(number), int(part)] = time.time_ns()
        text = get(f"{base}/index.m3u8?_HLS_msn={number}&_HLS_part={part}").decode()


def main() -> None:
    """Run the default event for a minute, with one held viewer per track, and divide its CPU by the clock."""
    OUT.mkdir(exist_ok=True)
    trace = OUT / "trace.ndjson"
    trace.unlink(missing_ok=True)
    arrivals: dict[tuple[str, int, int], int] = {}
    stop = Flag()
    with live("--trace", str(trace)) as event:
        event.wait_playable()
        time.sleep(5)
        for track in ("v720", "v480", "v360", "a"):
            Thread(target=hold, args=(event, track, arrivals, stop), daemon=True).start()
        before, began_s = event.cpu(), time.monotonic()
        own_s = time.process_time()
        time.sleep(SECONDS)
        after, wall_s = event.cpu(), time.monotonic() - began_s
        own = (time.process_time() - own_s) / wall_s
        parts = event.status()["parts"]
        stop.set()
    encoded = {(r["track"], r["n"], r["p"]): r["encoded_ns"] for r in map(json.loads, trace.read_text().splitlines())}
    wire_ms = quantiles((at - encoded[key]) / 1e6 for key, at in arrivals.items() if key in encoded)
    cores = {name: round((after[name] - before.get(name, 0)) / wall_s, 3) for name in after}
    total = round(sum(cores.values()), 3)
    print(f"cores used over {wall_s:.0f} s: {total} in all (goal 1.2): {cores}; the measuring viewers: {own:.3f}")
    print(f"last frame encoded to last byte at a held viewer, {len(arrivals)} parts, ms: {wire_ms} (goal p99 30)")
    print(f"capture of a part's last picture or sample to its publication, ms: {parts['lateness_ms']}")
    write("pipeline", {"cores": cores, "total": total, "viewers_cores": own, "wire_ms": wire_ms, "parts": parts})
