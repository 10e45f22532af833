"""Audience: everybody who watches while something goes wrong: a crowd, the check, the playlist's ledger, screens.

What enters: where to watch, how long. What leaves: what they felt, as bounds of a row and facts to keep. The crowd has
the habits of hls.js; the check holds all it sees against the specifications, GAP and DISCONTINUITY included.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.faults.ledger import Account, Ledger
from bench.faults.options import Options
from bench.faults.screens import screens, together
from bench.faults.stage import TRACK, Running, Stage
from bench.faults.verdict import Bound
from bench.multicast.crowds import felt
from bench.sync.machine import FULL, idle_s
from bench.sync.room import Room

RAMP_S = 2.0
SETTLE_S = 4.0
GRACE_S = 45.0
UNTAKEN_S = 0.3
"""What screens showed so lately may not have been taken yet."""
LATE_PERCENT = 0.1
STATUSES = ("retries", "no_picture")


@dataclass(slots=True)
class Watched:
    """What an audience has to say at the end."""

    crowd: dict[str, Any] = field(default_factory=dict)
    check: dict[str, Any] = field(default_factory=dict)
    screens: list[dict[str, Any]] = field(default_factory=list)
    busy_cores: float = 0.0
    """Of the whole machine, on average, while they watched: near all of them, nothing could be in time."""

    def facts(self) -> dict[str, Any]:
        """To keep."""
        told = {"crowd": self.crowd, "check": self.check, "screens": self.screens}
        return {**told, "busy_cores": round(self.busy_cores, 2), "starved": self.starved}

    @property
    def starved(self) -> bool:
        """Whether the machine itself was the bottleneck."""
        return self.busy_cores >= FULL * (os.cpu_count() or 1)

    @property
    def stalls(self) -> int | None:
        """Of the whole crowd; None without one."""
        return int(self.crowd["stalls"]) if self.crowd else None

    @property
    def late_percent(self) -> float:
        """Of what the crowd asked for, how much came after it was needed, or was a GAP."""
        return 100 * (1 - float(self.crowd["on_time"]))

    @property
    def stalls_on_screens(self) -> int:
        """Of all real players."""
        return sum(one["stalls"] for one in self.screens)

    def bounds(self, stalls: bool = True, but: str = "") -> list[Bound]:
        """What viewers are promised: no stall (where the row says so), nobody thrown out, no rule broken.

        `but`: a rule that the fault itself breaks.
        """
        found: list[Bound] = []
        if self.crowd:
            joined = f"{self.crowd['joined']:,} viewers"
            found += [Bound(f"stalls of {joined}", self.stalls, 0)] if stalls else []
            found += [Bound("of their media late or in a GAP", self.late_percent, LATE_PERCENT, "%")] if stalls else []
            found.append(Bound(f"{joined}: gave up", self.crowd["failed"], 0))
        if self.screens and stalls:
            found.append(Bound(f"stalls of {len(self.screens)} Chromium players", self.stalls_on_screens, 0))
        if self.check:
            broken = sum(finding["rule"] != but for finding in self.check["findings"])
            found.append(Bound(f"rules broken{' but ' + but if but else ''} (ringside check)", broken, 0))
        return found


class Audience:
    """An audience at an edge or origin, from `watching` on; `pause` lets time pass, `leave` ends it."""

    def __init__(self, at: Running, room: Room | None, ledger: Ledger, files: tuple[Path, Path]) -> None:
        self.room, self._ledger, self._at = room, ledger, at
        self._crowd_file, self._check_file = files
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self.began_s = time.time()
        self.ends_s = self.began_s
        self._idle_s = idle_s()
        self.seen_until_s = self.began_s

    @property
    def account(self) -> Account:
        """What the playlist has told so far."""
        return self._ledger.account

    def begin(self, viewers: int, seconds: float, seed: int, check: bool) -> None:
        """Send crowd and check; return once they have settled."""
        lasts_s = RAMP_S + SETTLE_S + seconds
        url = f"{self._at.live}/index.m3u8"
        if viewers:
            arrive = ["--arrive", "ramp", "--over", str(RAMP_S), "--viewers", str(viewers), "--seed", str(seed)]
            self._send("crowd", url, *arrive, "--duration", str(lasts_s), "--json", str(self._crowd_file))
        self.pause(RAMP_S + SETTLE_S)
        if check:
            self._send("check", url, "--seconds", str(seconds), "--json", str(self._check_file))
        self.began_s, self._idle_s = time.time(), idle_s()
        self.ends_s = self.began_s + seconds

    def _send(self, verb: str, *words: str) -> None:
        command = [sys.executable, "-m", "ringside", verb, *words]
        pipe = subprocess.PIPE
        self._processes[verb] = subprocess.Popen(command, stdout=pipe, stderr=subprocess.STDOUT, text=True)

    def pause(self, seconds: float) -> None:
        """Let time pass; what the screens show meanwhile is taken."""
        if self.room is not None:
            self.room.watch(max(0.05, seconds))
            self.seen_until_s = time.time() - UNTAKEN_S
        else:
            time.sleep(max(0.0, seconds))

    def until_end(self) -> None:
        """Watch on for as long as was said."""
        self.pause(self.ends_s - time.time())

    def cut_short(self) -> Watched:
        """Send the crowd home now: what they felt so far."""
        if (crowd := self._processes.get("crowd")) is not None:
            crowd.send_signal(signal.SIGINT)
        self.ends_s = time.time()
        return self.leave()

    def leave(self) -> Watched:
        """What they felt from `begin` on. Raises SystemExit where one of them has nothing to say."""
        self.until_end()
        busy = (os.cpu_count() or 1) - (idle_s() - self._idle_s) / max(0.1, time.time() - self.began_s)
        watched = Watched(screens=self.screens(self.began_s), busy_cores=busy)
        said = {verb: _ended(process) for verb, process in self._processes.items()}
        self._processes.clear()
        if "crowd" in said:
            verdict = _document(self._crowd_file, "crowd", said["crowd"])
            watched.crowd = {**felt([verdict]), **{name: verdict.get(name) for name in STATUSES}}
        if "check" in said:
            document = _document(self._check_file, "check", said["check"])
            watched.check = {name: document[name] for name in ("must", "should", "findings")}
        return watched

    def screens(self, from_s: float) -> list[dict[str, Any]]:
        """What the screens have shown since a moment, as far as it has been taken."""
        return together(self.room, from_s, self.seen_until_s)

    def stop(self) -> None:
        """End whoever is still there."""
        for process in self._processes.values():
            process.kill()
            process.wait()


def _ended(process: "subprocess.Popen[str]") -> str:
    try:
        return process.communicate(timeout=GRACE_S)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()[0]


def _document(file: Path, verb: str, said: str) -> dict[str, Any]:
    if not file.exists():
        raise SystemExit(f"ringside {verb} gave no result:\n{said[-1500:]}")
    found: dict[str, Any] = json.loads(file.read_text())
    return found


@contextlib.contextmanager
def watching(
    there: Stage, at: Running, options: Options, seconds: float, *, viewers: int | None = None,
    crowd: int = 0, browsers: int | None = None, check: bool = True, target_s: float = 2.0, track: str = TRACK,
) -> Iterator[Audience]:  # fmt: skip
    """An audience of `at` that has settled and will watch for `seconds`.

    `viewers` and `browsers`: at most so many of those that were asked for; `crowd`: exactly so many viewers.
    """
    count = options.browsers if browsers is None else min(browsers, options.browsers)
    files = there.folder / f"crowd-{time.monotonic_ns()}.json", there.folder / f"check-{time.monotonic_ns()}.json"
    with (
        screens(at.url, count, target_s, options.seed) as room,
        Ledger(f"{at.live}/{track}/index.m3u8") as ledger,
    ):
        audience = Audience(at, room, ledger, files)
        try:
            audience.begin(crowd or options.people(viewers), seconds, options.seed, check)
            yield audience
        finally:
            audience.stop()
