"""Twenty minutes of the default event with a viewer on it: memory beyond the window, and drift of sound and picture.

Drift is read from the media itself: each picture carries its capture time in the strip, each beep starts on a second.
"""

import argparse
import io
import re
import time
from collections.abc import Sequence
from itertools import pairwise
from threading import Event as Flag
from threading import Thread
from typing import Any

import av
import numpy as np

from bench.harness import OUT, Event, descendants, get, live, rss_bytes, write
from ringside.flow.capture import strip

MINUTES = 20.0
EVERY_S = 30.0
SETTLE_S = 60.0
DVR_S = 120


def newest_whole(event: Event, track: str) -> bytes:
    """The header and newest complete segment of a track."""
    base = f"{event.url}/live/main/{track}"
    text = get(f"{base}/index.m3u8").decode()
    init = re.findall(r'EXT-X-MAP:URI="([^"]+)"', text)[-1]
    number = re.findall(r"^(\d+)\.m4s", text, re.M)[-1]
    return get(f"{base}/{init}") + get(f"{base}/{number}.m4s")


def picture_error_ms(media: bytes) -> float:
    """Largest difference between a picture's timestamp and the capture time drawn on it."""
    worst = 0.0
    with av.open(io.BytesIO(media)) as container:
        for frame in container.decode(video=0):
            ms = strip.decode(frame.to_ndarray(format="gray"))
            if ms is not None and frame.pts is not None:
                worst = max(worst, abs(float(frame.pts * frame.time_base) * 1000 - ms))
    return worst


def sound_errors_ms(media: bytes) -> list[float]:
    """Differences between the onset of each beep and its second."""
    errors: list[float] = []
    quiet = 0
    with av.open(io.BytesIO(media)) as container:
        for frame in container.decode(audio=0):
            loud = np.abs(frame.to_ndarray()[0]) > 0.02
            for i in np.flatnonzero(loud):
                if quiet + i > 0.3 * frame.sample_rate:
                    at_s = float(frame.pts * frame.time_base) + i / frame.sample_rate
                    errors.append(float(at_s - round(at_s)) * 1000)
                quiet = -int(i)
            quiet += frame.samples
            if loud.any():
                quiet = frame.samples - int(np.flatnonzero(loud)[-1])
    return errors


def view(event: Event, track: str, stop: Flag) -> None:
    """One viewer: blocking reloads and the newest part, as a player does."""
    base = f"{event.url}/live/main/{track}"
    while not stop.is_set():
        try:
            text = get(f"{base}/index.m3u8").decode()
            while not stop.is_set():
                hint = re.findall(r'PRELOAD-HINT:TYPE=PART,URI="((\d+)\.(\d+)\.m4s)"', text)[0]
                text = get(f"{base}/index.m3u8?_HLS_msn={hint[1]}&_HLS_part={hint[2]}").decode()
                get(f"{base}/{hint[0]}")
        except (OSError, IndexError):
            stop.wait(0.5)


def sample(event: Event, began_s: float) -> dict[str, Any]:
    """Memory by process, the window, and the errors of picture and sound."""
    memory: dict[str, int] = {}
    for pid, name in descendants(event.process.pid).items():
        memory[name] = memory.get(name, 0) + rss_bytes(pid)
    origin = event.status()["origin"]
    sound = sound_errors_ms(newest_whole(event, "a"))
    return {
        "at_s": round(time.monotonic() - began_s),
        "memory_mb": {name: round(size / 2**20, 1) for name, size in memory.items()},
        "window_mb": round(origin["window_bytes"] / 2**20, 1),
        "gaps": sum(row["gaps"] for row in origin["tracks"].values()),
        "picture_ms": round(picture_error_ms(newest_whole(event, "v360")), 2),
        "sound_ms": [round(error, 2) for error in sound],
    }


def main(words: Sequence[str] = ()) -> None:
    """Watch memory and drift; with `--faults`, an hour of faults instead."""
    if "--faults" in words:
        from bench.faults import soak

        soak.main([word for word in words if word != "--faults"])
        return
    parser = argparse.ArgumentParser(prog="python -m bench soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--faults", action="store_true", help="a fault every 30 s instead: see `--faults --help`")
    told = parser.parse_args(list(words))
    watch(told.minutes)


def watch(minutes: float) -> None:
    """Watch memory and drift for so long."""
    rows: list[dict[str, Any]] = []
    stop = Flag()
    OUT.mkdir(exist_ok=True)
    file = OUT / "soak.toml"
    file.write_text(f"[origin]\ndvr_s = {DVR_S}\n")
    with live("--event", str(file)) as event:
        event.wait_playable()
        for track in ("v720", "a"):
            Thread(target=view, args=(event, track, stop), daemon=True).start()
        began_s = time.monotonic()
        time.sleep(SETTLE_S)
        while time.monotonic() - began_s < minutes * 60:
            rows.append(sample(event, began_s))
            print(rows[-1], flush=True)
            time.sleep(EVERY_S)
        stop.set()
        status = event.status()
    full = [row for row in rows if row["at_s"] > 3 * DVR_S] or rows
    totals = [sum(row["memory_mb"].values()) for row in full]
    print(
        f"memory once the window is full: {totals[0]:.1f} MB, at the end {totals[-1]:.1f} MB, most {max(totals):.1f} MB"
    )
    print(f"picture against UTC, at most {max(row['picture_ms'] for row in rows)} ms")
    spread = [abs(error) for row in rows for error in row["sound_ms"]]
    print(f"sound against UTC, at most {max(spread)} ms; parts {status['parts']}")
    restarts = {row["name"]: row["restarts"] for row in status["processes"]}
    print(f"restarts {restarts}; largest step in memory {max(abs(b - a) for a, b in pairwise(totals)):.1f} MB")
    write("soak", {"rows": rows, "parts": status["parts"], "restarts": restarts})
