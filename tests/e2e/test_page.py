"""The watch page in a real browser, on real events: it plays, and goes on playing through what goes wrong."""

import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.e2e.chromium import IN_BROWSER, opened, plays, stats
from tests.e2e.conftest import Running, free_port, light, ringside, until
from tests.e2e.test_sources import pushing, source_state

pytestmark = IN_BROWSER


@pytest.mark.parametrize(
    ("query", "path"),
    [("", "push"), ("?player=hls", "ll-hls"), ("?player=dash", "ll-dash"), ("?player=shaka", "shaka")],
)
def test_the_page_plays_by_itself_and_reads_its_latency_from_the_picture(
    page: Page, testcard: Running, query: str, path: str
) -> None:
    opened(page, testcard, query)
    until(lambda: stats(page).get("latency_source") == "picture", "the strip is read")
    seen = stats(page)
    assert seen["path"] == path
    assert 0 < seen["latency_ms"] < 10_000


def test_the_page_plays_on_when_one_process_after_another_is_killed(page: Page, tmp_path: Path) -> None:
    with ringside(tmp_path, "live", *light(tmp_path)) as running:
        running.on_air()
        opened(page, running)
        for victim in ("studio", "origin", "edge-1"):
            before = running.pid_of(victim)
            subprocess.run(["kill", "-9", str(before)], check=True)
            until(lambda before=before, victim=victim: running.pid_of(victim) != before, f"{victim} is restarted")  # type: ignore[misc]
            plays(page)
            plays(page)
        assert page.evaluate("window.neverReloaded")


@pytest.mark.peer
def test_the_page_plays_on_while_the_source_goes_and_comes_back(
    page: Page, tmp_path: Path, ffmpeg: str, clip: Path
) -> None:
    url = f"rtmp://127.0.0.1:{free_port()}/live/secret-key"
    with ringside(tmp_path, "live", url, *light(tmp_path)) as running:
        running.on_air()
        opened(page, running)
        for _ in range(2):
            with pushing(ffmpeg, clip, "-c", "copy", "-f", "flv", url):
                until(lambda: source_state(running) == "live", "the push is on the air")
                plays(page)
            until(lambda: source_state(running) == "slate", "the slate is on the air")
            plays(page)
        assert page.evaluate("window.neverReloaded")


def test_the_page_says_that_the_event_has_ended(page: Page, tmp_path: Path) -> None:
    with ringside(tmp_path, "live", "--duration", "8", *light(tmp_path)) as running:
        running.on_air()
        opened(page, running)
        until(lambda: stats(page).get("state") == "ended", "the page knows of the end", 40)
        assert "ended" in page.inner_text("body").lower()


def test_the_status_page_is_live_without_a_reload(page: Page, testcard: Running) -> None:
    page.goto(f"{testcard.url}/status")
    until(lambda: "v360" in page.inner_text("body"), "the rungs are listed")
    first = page.inner_text("body")
    until(lambda: page.inner_text("body") != first, "the figures move")
