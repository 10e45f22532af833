"""What the page's tests stand on: built pages, Node.js, Chromium, and a loopback server for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_event import filmed
from page_server import PageServer
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from ringside.core.errors import RingsideError
from ringside.flow.watch import DIST
from ringside.flow.watch.build import HERE, build, node_folder

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
]  # fmt: skip


@pytest.fixture(scope="session")
def node() -> Path:
    """The node program."""
    try:
        return node_folder() / "node"
    except RingsideError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def pages(node: Path) -> Path:
    """The built pages, built anew when a source is newer."""
    sources = [
        file for kind in ("*.js", "*.mjs", "*.html", "*.css") for file in HERE.rglob(kind) if DIST not in file.parents
    ]
    built = DIST / "watch.html"
    if not built.exists() or built.stat().st_mtime < max(file.stat().st_mtime for file in sources):
        build()
    return DIST


@pytest.fixture(scope="module")
def live(pages: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageServer]:
    """A server with a running event, filmed for as long as the module takes."""
    with filmed(tmp_path_factory.mktemp("event")) as fresh:
        yield fresh


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for a module; no longer, because its event loop must not outlive it."""
    if CHROMIUM is None:
        pytest.skip("chromium is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh profile at the size of a laptop's window."""
    fresh = browser.new_context(viewport={"width": 1280, "height": 720})
    fresh.set_default_timeout(15_000)
    yield fresh
    fresh.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A page in it, whose own errors fail the test at once."""
    fresh = context.new_page()
    fresh.on("pageerror", lambda error: pytest.fail(f"the page threw: {error}"))
    return fresh


@pytest.fixture
def server(pages: Path, tmp_path: Path) -> Iterator[PageServer]:
    """A server with no event on it."""
    fresh = PageServer(tmp_path)
    yield fresh
    fresh.shutdown()
    fresh.server_close()
