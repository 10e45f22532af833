"""Chromium for the end-to-end tests, and what a player's page tells of itself."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.conftest import Running, until

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--mute-audio",
]  # fmt: skip
IN_BROWSER = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: apt-get install chromium"),
]
"""The marks of tests that run in one, for a module."""


def in_browser(test: Callable[..., None]) -> Callable[..., None]:
    """The same for one test."""
    for mark in IN_BROWSER:
        test = mark(test)
    return test


@contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """A browser of one's own; `flags` beside those of all."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])
        yield browser
        browser.close()


@contextmanager
def fresh_page(browser: Browser, **options: Any) -> Iterator[Page]:
    """A page in a profile of its own; `options` are of the profile."""
    context = browser.new_context(viewport={"width": 960, "height": 540}, **options)
    yield context.new_page()
    context.close()


def stats(page: Page) -> dict[str, Any]:
    """What the first player of the page tells; empty before there is one."""
    found: dict[str, Any] = page.evaluate("window.ringside?.players?.[0]?.stats() ?? {}")
    return found


def plays(page: Page) -> None:
    """New frames are displayed from now on."""
    before = stats(page).get("frames", 0)
    until(lambda: stats(page).get("frames", 0) > before + 20, "the picture moves", 40)


def opened(page: Page, running: Running, query: str = "") -> None:
    """The watch page plays, and the picture moves."""
    page.goto(f"{running.url}/{query}")
    page.evaluate("window.neverReloaded = true")
    until(lambda: stats(page).get("state") == "playing", "the page plays by itself", 40)
    plays(page)
