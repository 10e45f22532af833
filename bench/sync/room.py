"""A room of screens: headless Chromium, pages of the product in them, and what is seen on each.

A `Room` has one or more browsers, each a process tree of its own; a browser has pages, each with a profile of its own
(so that six connections a host are each page's own); a page has one player, or a wall of them. `watch` lets time pass
and takes from all pages what their screens showed.
"""

import contextlib
import random
import shutil
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from bench.harness import descendants
from bench.players import FLAGS
from bench.sync.figures import Screen, Told, told

HERE = Path(__file__).parent
STRIP = HERE.parents[1] / "src/ringside/flow/watch/sync/strip.js"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""
AWAKE = [
    "--disable-background-timer-throttling", "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows", "--disable-features=CalculateNativeWinOcclusion",
]  # fmt: skip
SIZE = {"width": 480, "height": 270}
WALL_SIZE = {"width": 960, "height": 540}
TAKE_S = 1.0
JOIN_S = 40.0
SEEN_FRAMES = 15
PATHS = {"push": "push", "moq": "moq", "hls": "ll-hls", "dash": "ll-dash"}
"""What is asked of the page, and what a player that does so calls its path."""


def instrument(skew_ms: float = 0, server_ms: float = 0) -> str:
    """The script that goes into every page; its device clock and the server's may be wrong by so much."""
    strip, watching = STRIP.read_text().replace("\nexport ", "\n"), (HERE / "shown.js").read_text()
    return f"(() => {{\nconst SKEW_MS = {skew_ms}, SERVER_MS = {server_ms};\n{strip}\n{watching}\n}})();"


@dataclass(slots=True)
class Seen:
    """One player, as it was seen: its rows so far, and what it said of itself last."""

    name: str
    rows: list[list[float | None]] = field(default_factory=list)
    events: list[tuple[str, float]] = field(default_factory=list)
    said: dict[str, Any] = field(default_factory=dict)
    paths: set[str] = field(default_factory=set)
    preserves: bool = True
    lost: int = 0
    dropped: int = 0

    def take(self, taken: dict[str, Any]) -> None:
        """What a page had of it since the last time."""
        self.rows += taken["rows"]
        self.events += [(kind, at_ms) for kind, at_ms in taken["events"]]
        self.said = taken["said"] or self.said
        self.paths |= {str(self.said.get("path"))} if taken["rows"] and self.said else set()
        self.preserves &= bool(taken["preservesPitch"])
        self.lost += taken["lost"]
        self.dropped = taken["dropped"]

    @property
    def told(self) -> Told:
        """Its frames."""
        return told(self.rows)

    @property
    def screen(self) -> Screen:
        """What it showed at any instant."""
        return Screen(self.told.frames)


class Window:
    """A page with players in it."""

    def __init__(self, page: Page, name: str, errors: list[str]) -> None:
        self.page, self.name, self.errors = page, name, errors
        self.players: list[Seen] = []
        self.clock_error_ms = 0.0  # of the clock that stamps its frames, as last seen; read to a millisecond
        self.away = False
        """Whether its browser is stopped: nothing may be asked of it."""

    def take(self) -> None:
        """Take what its screens showed."""
        if self.away:
            return
        taken = self.page.evaluate("window.shown.take()")
        self.clock_error_ms = taken["error_ms"]
        for index, each in enumerate(taken["players"]):
            if index == len(self.players):
                self.players.append(Seen(f"{self.name}.{index + 1}" if index else self.name))
            self.players[index].take(each)

    def move(self, names: Sequence[str]) -> None:
        """Call its players so."""
        for player, name in zip(self.players, names, strict=False):
            player.name = name


class Room:
    """All browsers of a run."""

    def __init__(self, playwright: Playwright, seed: int = 0) -> None:
        self._playwright = playwright
        self._random = random.Random(seed)
        self._browsers: dict[str, tuple[Browser, str]] = {}
        self.windows: list[Window] = []

    def browser(self, name: str = "shared") -> Browser:
        """The browser of that name, started when there is none yet."""
        if name not in self._browsers:
            tag = f"--ringside-bench={uuid.uuid4().hex}"
            flags = [*FLAGS, *AWAKE, tag]
            self._browsers[name] = (self._playwright.chromium.launch(executable_path=CHROMIUM, args=flags), tag)
        return self._browsers[name][0]

    def pids(self, name: str | None = None) -> list[int]:
        """The processes of one browser, or of all."""
        tags = [tag for each, (_, tag) in self._browsers.items() if name in (None, each)]
        first = [pid for tag in tags for pid in _tagged(tag)]
        return sorted({pid for parent in first for pid in descendants(parent)})

    def open(
        self,
        url: str,
        name: str,
        *,
        browser: str = "shared",
        skew_ms: float = 0,
        server_ms: float = 0,
        large: bool = False,
    ) -> Window:
        """A page at `url`; its device clock, or what /clock tells it, is wrong by so much."""
        size = WALL_SIZE if large else SIZE
        context = self.browser(browser).new_context(viewport=size, ignore_https_errors=True)  # type: ignore[arg-type]
        context.set_default_timeout(20_000)
        context.add_init_script(instrument(skew_ms, server_ms))
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)[:200]) if len(errors) < 20 else None)
        page.goto(url, wait_until="domcontentloaded")
        window = Window(page, name, errors)
        self.windows.append(window)
        return window

    def stagger(self, most_s: float = 0.4) -> None:
        """Players do not come at the same instant."""
        time.sleep(self._random.uniform(0, most_s))

    def watch(self, seconds: float) -> tuple[float, float]:
        """Let time pass; from when until when, Unix milliseconds."""
        began_s = time.time()
        while (left_s := began_s + seconds - time.time()) > 0:
            time.sleep(min(left_s, TAKE_S))
            self.take()
        return began_s * 1000, time.time() * 1000

    def take(self) -> None:
        """Take from all pages."""
        for window in self.windows:
            window.take()

    def wait_playing(self, players: int, limit_s: float = JOIN_S) -> float:
        """Seconds until so many players had shown some frames with a strip. SystemExit says who did not."""
        began_s = time.monotonic()
        while time.monotonic() - began_s < limit_s:
            self.take()
            playing = [player for player in self.players if _plays(player)]
            if len(playing) >= players:
                return time.monotonic() - began_s
            time.sleep(0.25)
        waiting = [
            f"{p.name} ({len(p.rows)} frames, {p.said.get('path')}, {p.said.get('state')})" for p in self.players
        ]
        thrown = [error for window in self.windows for error in window.errors[:1]]
        raise SystemExit(f"{players} players did not play within {limit_s:.0f} s: {', '.join(waiting)} {thrown or ''}")

    @property
    def players(self) -> list[Seen]:
        """All that were seen."""
        return [player for window in self.windows for player in window.players]

    def close(self) -> None:
        """End all browsers."""
        for browser, _ in self._browsers.values():
            with contextlib.suppress(OSError):
                browser.close()


def _plays(player: Seen) -> bool:
    return sum(row[1] is not None for row in player.rows[-60:]) >= SEEN_FRAMES


def _tagged(tag: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_text().replace("\0", " ")
                if tag in words and "--type=" not in words and "playwright" not in words.split(" ")[0]:
                    found.append(int(entry.name))
    return found


@contextlib.contextmanager
def room(seed: int = 0) -> Iterator[Room]:
    """A room without browsers yet; all of them are ended afterwards. SystemExit where there is no Chromium."""
    if not CHROMIUM:
        raise SystemExit("chromium is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        made = Room(playwright, seed)
        try:
            yield made
        finally:
            made.close()
