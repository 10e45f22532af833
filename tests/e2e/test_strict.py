"""Every version of every playlist of a real event, held for part by part as a player would, before a strict judge.

`RINGSIDE_STRICT_S=60` watches for a minute instead of eight seconds.
"""

import json
import os
import re
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.conftest import Running

ROOT = Path(__file__).parents[2]
JUDGE = ROOT / "tests" / "mux_hls" / "strict.cjs"
SECONDS = float(os.environ.get("RINGSIDE_STRICT_S", "8"))
TRACKS = ("v360", "v270", "v180", "a")

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or not (ROOT / "node_modules" / "hls-parser").exists(),
    reason="Node.js or hls-parser is missing: make setup, with Node.js 20 or newer",
)


def versions(running: Running, track: str, seconds: float) -> dict[str, str]:
    """Each version of a track's playlist and of its delta update, by blocking reload."""
    found: dict[str, str] = {}
    text = running.playlist(track)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        hint = re.search(r'PRELOAD-HINT:TYPE=PART,URI="(\d+)\.(\d+)\.m4s"', text)
        assert hint, text
        query = f"?_HLS_msn={hint[1]}&_HLS_part={hint[2]}"
        text = running.playlist(track, query)
        found[f"{track} {hint[1]}.{hint[2]}"] = text
        found[f"{track} {hint[1]}.{hint[2]} delta"] = running.playlist(track, query + "&_HLS_skip=YES")
    return found


def judged(playlists: dict[str, str]) -> dict[str, str]:
    environment = {**os.environ, "NODE_PATH": str(ROOT / "node_modules")}
    command = ["node", str(JUDGE)]
    done = subprocess.run(
        command, input=json.dumps(playlists), env=environment, capture_output=True, text=True, check=True
    )
    faults: dict[str, str] = json.loads(done.stdout)
    return faults


def test_a_strict_parser_finds_no_fault_in_any_version_of_any_playlist(testcard: Running) -> None:
    with ThreadPoolExecutor(len(TRACKS)) as pool:
        watched = list(pool.map(lambda track: versions(testcard, track, SECONDS), TRACKS))
    playlists = {name: text for found in watched for name, text in found.items()}
    playlists["multivariant"] = testcard.master()
    assert len(playlists) > 4 * SECONDS
    print(f"{len(playlists)} playlists judged")
    assert judged(playlists) == {}


def test_the_judge_does_find_faults(testcard: Running) -> None:
    text = testcard.playlist().replace("#EXT-X-TARGETDURATION:2", "#EXT-X-TARGETDURATION:1")
    assert judged({"broken": text})
