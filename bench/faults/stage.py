"""Stage: the processes of a night that goes wrong: origins, studios, edges, each `ringside VERB` on loopback.

What enters: verbs and options. What leaves: running processes, their own words and their children by name. Everything
ends with the `with`; what they said is in bench/out/faults-*.log. State is kept in the stage's own folder.
"""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import av

from bench.faults import harm
from bench.faults.verdict import Fired
from bench.harness import OUT, descendants, free_port, get

T = TypeVar("T")
RINGSIDE = [sys.executable, "-m", "ringside"]
TOKEN = "a-bench-and-its-token"
SERVES = ("live", "origin", "edge", "replay")
START_S = 30.0
STEP_S = 0.02
NOT_YET = (OSError, ValueError, KeyError, StopIteration, http.client.HTTPException, av.FFmpegError)
END_S = 8.0
TRACK = "v360"
EVENT = """
[event]
target_s = {target_s}
[source]
width = 640
height = 360
fps = 30
[encode]
fps = 30
[[encode.ladder]]
height = 360
bitrate_bps = 600_000
[origin]
dvr_s = 150
ingest_token = "{token}"
{more}
"""
"""One rung whose strip can be read, so that two studios, a crowd and two browsers have room on two cores."""


@dataclass(slots=True)
class Running:
    """One `ringside VERB`, and where it says what it says."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path
    port: int = 0

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def live(self) -> str:
        """Where its event is."""
        return f"{self.url}/live/main"

    def status(self) -> dict[str, Any]:
        """Its newest `/status.json`."""
        told: dict[str, Any] = json.loads(get(f"{self.url}/status.json", 2))
        return told

    def child(self, role: str) -> int:
        """The process of one of its children, by role (`studio`, `origin`, `edge`...). Raises KeyError."""
        roles = {role: pid for pid, role in sorted(self.tree().items(), reverse=True)}
        return roles[role]

    def tree(self) -> dict[int, str]:
        """All its processes, with their roles; its own is `supervisor`."""
        return descendants(self.process.pid)

    def kill(self) -> Fired:
        """All of it, at once: as a machine dies."""
        return harm.kill(self.name, *self.tree())

    def said(self, most: int = 1500) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-most:]

    def end(self) -> None:
        """Interrupt it, as a person would; then less politely."""
        tree = list(self.tree())
        for pid in tree:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(END_S)
            except subprocess.TimeoutExpired:
                harm.kill(self.name, *tree)
        self.process.wait()


@dataclass(slots=True)
class Stage:
    """What runs."""

    folder: Path
    event: Path
    _ended: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _names: set[str] = field(default_factory=set)

    def start(self, verb: str, *words: str, port: int = 0, name: str = "", under: Sequence[str] = ()) -> Running:
        """`ringside VERB WORDS`, on a loopback port, a free one unless told; `under`: words before the command."""
        name = name or f"{verb}-{len(self._names) + 1}"
        OUT.mkdir(exist_ok=True)
        log = OUT / f"faults-{name}.log"
        command = [*under, *RINGSIDE, verb, *words]
        if verb in SERVES:
            port = port or free_port()
            command += ["--port", str(port), "--host", "127.0.0.1"]
        environment = {**os.environ, "XDG_STATE_HOME": str(self.folder / "state"), "COLUMNS": "200"}
        with log.open("ab" if name in self._names else "wb") as file:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=environment, start_new_session=True
            )
        self._names.add(name)
        running = Running(name, process, log, port)
        self._ended.callback(running.end)
        return running

    def live(self, *words: str, name: str = "live") -> Running:
        """A whole event in one, on the air."""
        return self.on_air(self.start("live", *words, "--event", str(self.event), name=name))

    def origin(self, *words: str, name: str = "origin", port: int = 0) -> Running:
        """An origin that answers."""
        running = self.start("origin", *words, "--event", str(self.event), name=name, port=port)
        self.wait(running, lambda: get(f"{running.url}/clock", 2), "answer")
        return running

    def studio(self, to: Sequence[str], *words: str, name: str = "studio") -> Running:
        """A studio that pushes there; wait for `on_air` of the origin."""
        where = [word for url in to for word in ("--to", url)]
        return self.start("studio", *where, *words, "--event", str(self.event), "--ingest-token", TOKEN, name=name)

    def edge(self, origins: Sequence[str], *words: str, name: str = "edge", under: Sequence[str] = ()) -> Running:
        """An edge of those origins that has the event."""
        where = [word for url in origins for word in ("--origin", url)]
        return self.on_air(self.start("edge", *where, *words, name=name, under=under))

    def on_air(self, running: Running, segments: int = 1, track: str = TRACK) -> Running:
        """Return once so many whole segments of a track are there."""
        url = f"{running.live}/{track}/index.m3u8"
        self.wait(running, lambda: get(url, 3).count(b"#EXTINF") >= segments, "be on the air")
        return running

    def wait(self, running: Running, condition: Callable[[], T], what: str, limit_s: float = START_S) -> T:
        """The first truthy value of a condition on a running thing. Raises SystemExit with what it said."""
        deadline_s = time.monotonic() + limit_s
        while time.monotonic() < deadline_s and running.process.poll() is None:
            with contextlib.suppress(*NOT_YET):
                if value := condition():
                    return value
            time.sleep(STEP_S)
        raise SystemExit(f"{running.name} did not {what} within {limit_s:.0f} s:\n{running.said()}")


def event_text(target_s: float = 2.0, more: str = "") -> str:
    """The event of all rows; `more`: further tables."""
    return EVENT.format(target_s=target_s, token=TOKEN, more=more)


@contextlib.contextmanager
def stage(target_s: float = 2.0, more: str = "") -> Iterator[Stage]:
    """An empty stage in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="ringside-faults-") as folder, contextlib.ExitStack() as ended:
        file = Path(folder) / "event.toml"
        file.write_text(event_text(target_s, more))
        yield Stage(Path(folder), file, ended)
