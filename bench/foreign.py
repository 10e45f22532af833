"""`ringside crowd` and `ringside check` against other people's servers: nginx-rtmp, and ffmpeg's muxers behind nginx.

Every stream is checked while a crowd watches it. What is found, and why, stands in docs/foreign-servers.md.
"""

import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.harness import write
from bench.load.foreign import missing, servers
from bench.load.tool import crowd

CHECK_S = 25
CROWD_S = 20.0
VIEWERS = 300


def check(url: str, seconds: float = CHECK_S) -> dict[str, Any]:
    """The document of `ringside check`."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "check.json"
        command = [sys.executable, "-m", "ringside", "check", url, "--seconds", str(seconds), "--json", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=False)
        if not file.exists():
            raise SystemExit(f"ringside check gave no result for {url}:\n{done.stdout}{done.stderr}")
        document: dict[str, Any] = json.loads(file.read_text())
        return document


def examine(url: str) -> dict[str, Any]:
    """Both at once."""
    options = ["--viewers", str(VIEWERS), "--arrive", "ramp", "--over", "4"]
    with ThreadPoolExecutor(1) as pool:
        checked = pool.submit(check, url)
        verdict = crowd([url, *options], CROWD_S, {}).verdict
        return {"check": checked.result(), "crowd": verdict}


def show(console: Console, name: str, seen: dict[str, Any]) -> None:
    """What one stream came to."""
    checked, verdict = seen["check"], seen["crowd"]
    ttff, latency = verdict["ttff_ms"] or {}, verdict["latency_ms"] or {}
    console.print(
        f"[bold]{name}[/]: {checked['must']} MUST, {checked['should']} SHOULD; of {verdict['viewers']} viewers"
        f" {verdict['joined']} joined, {verdict['failed']} failed, first frame p50 {ttff.get('p50')} ms,"
        f" latency p50 {latency.get('p50')} ms, stall ratio {verdict['stall_ratio']},"
        f" on time {verdict['on_time_ratio']}",
        highlight=False,
    )
    if not checked["findings"]:
        return
    table = Table("rule", "level", "clause", "where", "seen", "expected", "times")
    for finding in checked["findings"]:
        row = [str(finding[key]) for key in ("rule", "level", "clause", "where", "seen", "expected")]
        table.add_row(*row, str(finding.get("count", 1)))
    console.print(table)


def main() -> None:
    """All five streams in turn."""
    if why := missing():
        print(f"skipped: {why}")
        return
    console = Console(width=160)
    result = {}
    with tempfile.TemporaryDirectory() as folder, servers(Path(folder)) as streams:
        for name, url in streams.items():
            result[name] = examine(url)
            show(console, name, result[name])
    write("foreign", result)


if __name__ == "__main__":
    main()
