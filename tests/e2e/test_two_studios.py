"""Two studios, one stream, in a real Chromium: the first is killed in mid-GOP, and nobody who watches can tell."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.e2e.chromium import IN_BROWSER, opened, plays, stats
from tests.e2e.conftest import Running, ringside, until
from tests.small_event import OVERLOADED, SMALL

pytestmark = IN_BROWSER

TOKEN = "secret-1"
ERRORS = """(() => {
  const { video } = window.ringside.players[0];
  window.faults = [];
  for (const kind of ['error', 'waiting', 'emptied']) video.addEventListener(kind, () => window.faults.push(kind));
})()"""
SPANS = """(() => {
  const { buffered, error } = window.ringside.players[0].video;
  return { spans: buffered.length, error: error && error.message, faults: window.faults };
})()"""


class Studio:
    """A `ringside studio` and its own children, in one process group each."""

    def __init__(self, folder: Path, name: str, order: int, origin: Running) -> None:
        self.log = folder / f"studio-{name}.log"
        command = [sys.executable, "-m", "ringside", "studio", "testcard", "--burn-strip", "--to", origin.url]
        command += ["--event", str(folder / "event.toml"), "--ingest-token", TOKEN]
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [*command, "--name", name, "--order", str(order)], stdout=out, stderr=out, start_new_session=True
            )

    def kill(self) -> None:
        """End it and all it started without a word, as a power cut would."""
        children = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=False)
        self.process.kill()
        for pid in children.stdout.split():
            os.kill(int(pid), signal.SIGKILL)
        self.process.wait(10)

    def end(self) -> None:
        """Interrupt it, if it still runs."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(10)


@contextmanager
def two_studios(folder: Path) -> Iterator[tuple[Running, Studio, Studio]]:
    """An origin and two studios that send to it; the first is on the air."""
    (folder / "event.toml").write_text("[event]\ntarget_s = 2\n" + SMALL)
    arguments = ["--event", str(folder / "event.toml"), "--ingest-token", TOKEN]
    with ringside(folder, "origin", *arguments) as origin, ExitStack() as ends:
        until(lambda: origin.status()["state"], "the origin serves")
        studios = [Studio(folder, name, order, origin) for order, name in enumerate(("london", "paris"))]
        for studio in studios:
            ends.callback(studio.end)
        origin.on_air("v240")
        until(lambda: on_air(origin) == {"london"} and states(origin) == {"on air", "ready"}, "both send", 40)
        yield origin, studios[0], studios[1]


def rows(origin: Running) -> list[dict[str, Any]]:
    """Every studio of every track."""
    return [row for track in origin.status()["origin"]["tracks"].values() for row in track["candidates"]]


def on_air(origin: Running) -> set[str]:
    return {row["studio"] for row in rows(origin) if row["on_air"]}


def states(origin: Running) -> set[str]:
    return {row["state"] for row in rows(origin)}


@pytest.fixture(scope="module")
def event(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Studio, Studio, Path]]:
    folder = tmp_path_factory.mktemp("studios")
    with two_studios(folder) as (origin, first, second):
        yield origin, first, second, folder


def test_the_first_of_two_studios_is_killed_and_chromium_plays_on_without_a_stall_or_a_hole(
    page: Page, event: tuple[Running, Studio, Studio, Path]
) -> None:
    origin, first, _, folder = event
    other = page.context.new_page()
    opened(page, origin, "?player=push")
    opened(other, origin, "?player=hls")
    before = {each: stats(each)["stalls"] for each in (page, other)}
    for each in (page, other):
        each.evaluate(ERRORS)
    first.kill()
    until(lambda: on_air(origin) == {"paris"}, "the other is on the air")
    for each in (page, other):
        plays(each)
        plays(each)
    overloaded = any(words in (folder / "studio-paris.log").read_text() for words in OVERLOADED)
    for each in (page, other):
        seen = each.evaluate(SPANS)
        assert seen["error"] is None
        assert "error" not in seen["faults"]
        assert "emptied" not in seen["faults"]
        if not overloaded:
            assert (seen["spans"], seen["faults"], stats(each)["stalls"]) == (1, [], before[each])
    tracks = origin.status()["origin"]["tracks"].values()
    assert overloaded or all(track["gaps"] == 0 for track in tracks)
