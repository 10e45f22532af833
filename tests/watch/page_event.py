"""A running event for the page's tests, and what a player on a page tells of itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from page_camera import TOP, Camera
from page_server import PageServer
from playwright.sync_api import Page

PLAYER = "window.ringside.players[0]"


@contextmanager
def filmed(folder: Path, top: str = TOP) -> Iterator[PageServer]:
    """A server with an event on it, filmed for as long as it is used; `top` is its multivariant playlist."""
    camera = Camera(folder, top)
    camera.start()
    server = PageServer(folder)
    yield server
    camera.stop()
    server.shutdown()
    server.server_close()


def stats(page: Page, player: str = PLAYER) -> dict[str, Any]:
    """What a player tells."""
    found: dict[str, Any] = page.evaluate(f"{player}.stats()")
    return found


def until(page: Page, condition: str, timeout_s: float = 20, player: str = PLAYER) -> None:
    """Wait until `condition`, an expression over a player's stats `s`, holds."""
    page.wait_for_function(f"(s => {condition})({player}.stats())", timeout=timeout_s * 1000, polling=100)
