"""What the whole pipeline costs (three rungs at 720p30, one viewerless minute) and how soon parts are out."""

import time

from bench.harness import live, write

SECONDS = 60


def main() -> None:
    """Run the default event for a minute and divide its CPU by the clock."""
    with live() as event:
        event.wait_playable()
        time.sleep(5)
        before, began_s = event.cpu(), time.monotonic()
        time.sleep(SECONDS)
        after, wall_s = event.cpu(), time.monotonic() - began_s
        status = event.status()
    cores = {name: round((after[name] - before.get(name, 0)) / wall_s, 3) for name in after}
    total = round(sum(cores.values()), 3)
    parts = status["parts"]
    print(f"cores used over {wall_s:.0f} s: {total} in all (goal 1.2): {cores}")
    print(f"last frame encoded to part on the wire, ms: {parts.get('wire_ms')} (goal p99 30)")
    print(f"capture time of a part's last frame to part published, ms: {parts['lateness_ms']}")
    write("pipeline", {"cores": cores, "total": total, "parts": parts, "encoder": status["encoder"]})
