"""`ringside replay` and `ringside clip` on an archive with a hole in it, as a person would use them.

Judged by `ringside check`, by ffmpeg (every picture that it shows bears its time), and by stock players in Chromium.
"""

import json
import subprocess
import sys
import urllib.error
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from ringside.prove.check.run import check
from tests.e2e.chromium import in_browser
from tests.e2e.conftest import Running, get, ringside, until
from tests.marked_film import START_S, archived, pictures, sound, strips

SECONDS, FPS = 20, Fraction(25)
MISSING = (4, 5)  # segments: eight to twelve seconds of it
MODULES = Path(__file__).parents[2] / "node_modules"
PLAYS = {
    "hls": """(url) => new Promise((resolve, reject) => {
      const hls = new Hls();
      hls.on(Hls.Events.ERROR, (_, data) => data.fatal && reject(new Error(data.details)));
      hls.on(Hls.Events.MANIFEST_PARSED, () => resolve());
      hls.loadSource(`${url}/index.m3u8`);
      hls.attachMedia(document.querySelector('video'));
    })""",
    "dash": """(url) => new Promise((resolve, reject) => {
      const player = dashjs.MediaPlayer().create();
      player.on('error', (event) => reject(new Error(event.error?.message)));
      player.on('streamInitialized', () => resolve());
      player.initialize(document.querySelector('video'), `${url}/index.mpd`, false);
    })""",
}
SCRIPTS = {"hls": "hls.js/dist/hls.min.js", "dash": "dashjs/dist/modern/umd/dash.all.min.js"}
LENGTHS_S = {"hls": 20, "dash": 16}  # DASH leaves out what was not recorded, HLS jumps over it


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    archived(folder, [pictures(FPS, SECONDS), sound(SECONDS)], missing=MISSING)
    return folder


@pytest.fixture(scope="module")
def replay(tmp_path_factory: pytest.TempPathFactory, archive: Path) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("replay")
    with served(folder, "replay", "main", "--archive", str(archive)) as running:
        until(lambda: get(f"{running.url}/replay/main/index.m3u8"), "the replay is served")
        yield running


def served(folder: Path, verb: str, *arguments: str) -> Any:
    from tests.e2e.conftest import free_port

    port = free_port()
    return ringside(folder, verb, *arguments, "--port", str(port), "--host", "127.0.0.1", port=port)


def recorded() -> list[int]:
    """The times on all pictures that were recorded, ms."""
    film, first = pictures(FPS, SECONDS), START_S // 2
    there = [f for f in film.frames if int(f.index * film.grid.frame_s // 2) - first not in MISSING]
    return [film.grid.start_ns(frame.index) // 10**6 for frame in there]


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "ringside", *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("manifest", "kind"), [("index.m3u8", "hls"), ("index.mpd", "dash")])
def test_check_finds_nothing_to_say(replay: Running, manifest: str, kind: str) -> None:
    outcome = check(f"{replay.url}/replay/main/{manifest}", 4)
    assert outcome.kind == kind
    assert [finding.to_json() for finding in outcome.findings] == []


def test_ffmpeg_shows_every_picture_that_was_recorded_and_none_twice(replay: Running, ffmpeg: str) -> None:
    assert strips(f"{replay.url}/replay/main/v180/index.m3u8") == recorded()


def test_ffmpeg_shows_all_of_an_mpd_without_a_hole(tmp_path: Path, ffmpeg: str) -> None:
    film = pictures(FPS, SECONDS)
    archived(tmp_path, [film, sound(SECONDS)], event="whole")
    with served(tmp_path, "replay", "whole", "--archive", str(tmp_path)) as running:
        url = f"{running.url}/replay/whole/index.mpd"
        until(lambda: get(url), "the replay is served")
        shown = strips(url, "fatal")  # ffmpeg asks for one segment too many, whatever the MPD says
        assert shown == [film.grid.start_ns(frame.index) // 10**6 for frame in film.frames]
        probed = ["ffprobe", "-v", "error", "-show_format", "-of", "json", url]
        found = json.loads(subprocess.run(probed, capture_output=True, check=True).stdout)
        assert float(found["format"]["duration"]) == SECONDS - 1  # ffmpeg reads whole seconds of 19.989


def test_what_never_was_is_not_found_and_the_server_is_well(replay: Running) -> None:
    for path in (f"v180/{START_S // 2 + MISSING[0]}.m4s", f"v180/{START_S // 2 + 100}.m4s", "v999/index.m3u8"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            get(f"{replay.url}/replay/main/{path}")
    assert get(f"{replay.url}/healthz") == b"ok\n"
    status = until(lambda: replay.status().get("replay") and replay.status(), "the status is told")
    assert (status["state"], status["replay"]["duration_s"]) == ("replay", SECONDS)
    assert status["upstream"]["mode"] == "archive"


@in_browser
@pytest.mark.parametrize("player", ["hls", "dash"])
def test_stock_players_play_it_to_its_end_across_the_hole(replay: Running, page: Page, player: str) -> None:
    script = MODULES / SCRIPTS[player]
    if not script.exists():
        pytest.skip(f"{script.name} is not installed: make setup")
    page.goto(f"{replay.url}/clock")
    page.set_content("<video muted></video>")
    page.add_script_tag(path=script)
    page.evaluate(PLAYS[player], f"{replay.url}/replay/main")
    page.wait_for_function("document.querySelector('video').duration > 0")
    assert page.evaluate("document.querySelector('video').duration") == pytest.approx(LENGTHS_S[player], abs=0.2)
    page.evaluate("(() => { const v = document.querySelector('video'); v.playbackRate = 4; return v.play(); })()")
    page.wait_for_function("document.querySelector('video').ended", timeout=60_000)
    page.evaluate("document.querySelector('video').currentTime = 14.5")
    page.wait_for_function(
        "(() => { const v = document.querySelector('video'); return !v.seeking && v.readyState > 2; })()"
    )


def test_a_clip_is_exact_to_the_frame(archive: Path, tmp_path: Path, ffmpeg: str) -> None:
    out = tmp_path / "clip.mp4"
    made = command("clip", "main", "--from", "+3.1", "--to", "7.5", "--archive", str(archive), "-o", str(out))
    assert made.returncode == 0, made.stderr
    assert "4.4 s, 110 frames from" in made.stdout
    assert strips(out) == [START_S * 1000 + 3120 + 40 * i for i in range(110)]


@in_browser
def test_the_watch_page_plays_it(replay: Running, page: Page) -> None:
    page.goto(f"{replay.url}/?replay=main")
    page.wait_for_function("document.querySelector('video')?.currentTime > 1", timeout=40_000)
    assert page.evaluate("document.querySelector('video').duration") == pytest.approx(SECONDS, abs=0.2)
