"""`ringside edge --tls` as a person would start it: a browser plays over HTTP/2, the checker and the crowd get in."""

import json
import re
import shutil
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.chromium import fresh_page, in_browser, plays, stats
from tests.e2e.conftest import Running, ringside, until
from tests.hostile.certificate import certificate

PROTOCOLS = """
performance.getEntriesByType('resource').filter(e => /m4s|m3u8/.test(e.name)).map(e => e.nextHopProtocol)
"""


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("pem"), "20200101000000Z", "20990101000000Z")


@pytest.fixture(scope="module")
def edge(testcard: Running, pem: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an edge of the test card that speaks HTTPS."""
    trusting = ssl.create_default_context(cafile=pem)
    with ringside(
        tmp_path_factory.mktemp("edge"), "edge", "--origin", testcard.url, "--tls", str(pem), str(pem)
    ) as running:
        url = f"https://127.0.0.1:{running.port}"

        def ready() -> bool:
            assert running.process.poll() is None, running.log
            with urllib.request.urlopen(f"{url}/live/main/v360/index.m3u8", timeout=5, context=trusting) as told:
                return b"#EXT-X-PART:" in told.read()

        until(ready, "the edge answers over TLS")
        yield url


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with fresh_page(browser, ignore_https_errors=True) as fresh:
        yield fresh


@in_browser
@pytest.mark.parametrize("query", ["", "?player=dash"])
def test_a_browser_plays_over_http_2(page: Page, edge: str, query: str) -> None:
    page.goto(f"{edge}/{query}")
    until(lambda: stats(page).get("state") == "playing", "the page plays by itself", 60)
    plays(page)
    until(lambda: stats(page).get("latency_source") == "picture", "the strip is read")
    assert set(page.evaluate(PROTOCOLS)) - {""} == {"h2"}  # those it gave up, or kept, name none


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed: apt-get install curl")
def test_a_blocking_reload_over_http_2_is_held_until_the_part_is_there(edge: str, pem: Path) -> None:
    def curl(query: str) -> str:
        url = f"{edge}/live/main/v360/index.m3u8{query}"
        command = ["curl", "-sS", "--http2", "--cacert", str(pem), "-w", "%{http_version}", url]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=20).stdout

    hint = re.search(r'PRELOAD-HINT:TYPE=PART,URI="(\d+)\.(\d+)\.m4s"', curl(""))
    assert hint
    told = curl(f"?_HLS_msn={hint[1]}&_HLS_part={hint[2]}")
    assert f'URI="{hint[1]}.{hint[2]}.m4s"' in told.split("#EXT-X-PRELOAD-HINT")[0]
    assert told.endswith("2")


def _is_of_the_edge(rule: str) -> bool:
    """The encoder's pace is not: tests/e2e/test_check.py judges it, where the machine is free for it."""
    return rule.startswith(("http", "ll-hls")) and rule != "ll-hls.part-in-time"


def test_the_checker_finds_nothing_wrong_with_how_it_answers(edge: str, tmp_path: Path) -> None:
    found = tmp_path / "found.json"
    command = ["check", f"{edge}/live/main/index.m3u8", "--seconds", "6", "--insecure", "--json", str(found)]
    subprocess.run([sys.executable, "-m", "ringside", *command], capture_output=True, timeout=90, check=False)
    told = json.loads(found.read_text())
    assert told["kind"] == "ll-hls"
    assert [finding for finding in told["findings"] if _is_of_the_edge(finding["rule"])] == []


def test_a_small_crowd_plays(edge: str, tmp_path: Path) -> None:
    result = tmp_path / "crowd.json"
    command = ["crowd", f"{edge}/live/main/index.m3u8", "-n", "10", "-d", "8", "--insecure", "--json", str(result)]
    done = subprocess.run(
        [sys.executable, "-m", "ringside", *command], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    found = json.loads(result.read_text())
    assert (found["arrived"], found["joined"], found["failed"]) == (10, 10, 0)
    assert set(found["statuses"]) == {"200"}
