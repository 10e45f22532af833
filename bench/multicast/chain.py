"""Chain: an event, its sender, a bad network perhaps, and gateways: each on a host of its own in the laboratory.

What enters: how many gateways, the event, the weather. What leaves: running processes to look at, and what they and
the interfaces counted. Everything ends with the `with`; what the processes said is in bench/out/multicast-*.log.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.lab import Host, Lab, Weather, Wire, laboratory
from tests.small_event import OVERLOADED

from bench.edge.machine import cpu_s
from bench.harness import OUT, descendants, free_port

RINGSIDE = [sys.executable, "-m", "ringside"]
TAKEN, GIVEN = "239.66.1.1", "239.66.1.2"  # the group the sender sends, and the one behind bad weather
PORT = 5000
FULL = """
[encode]
fps = 25
[[encode.ladder]]
height = 540
bitrate_bps = 2_800_000
[[encode.ladder]]
height = 270
bitrate_bps = 500_000
"""
"""An event whose parts are as large as real ones, for what depends on that: codes, delay."""
SAID = re.compile(r"FEC ([0-9.]+) %, news and tables ([0-9.]+) %")
START_S = 60.0
STEP_S = 0.1
MEDIA = "/live/main"


@dataclass(slots=True)
class Running:
    """A process on a host, and where it says what it says."""

    name: str
    host: Host
    process: "subprocess.Popen[bytes]"
    log: Path
    port: int = 0

    @property
    def url(self) -> str:
        """Where the others reach it."""
        return f"http://{self.host.address}:{self.port}"

    def pids(self) -> tuple[int, ...]:
        """Its process tree."""
        return tuple(descendants(self.process.pid))

    def cpu_s(self) -> float:
        """CPU seconds that its tree has used so far."""
        return cpu_s(self.pids())

    def end(self) -> None:
        """Interrupt it, as a person would; then less politely."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(8)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def said(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-1500:]


@dataclass(slots=True)
class Chain:
    """What runs."""

    lab: Lab
    folder: Path
    origin: Running
    sender: Running | None = None
    wire: Wire | None = None
    gateways: list[Running] = field(default_factory=list)
    edges: list[Running] = field(default_factory=list)
    _ended: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def start(self, name: str, words: Sequence[str], host: Host | None = None, port: int = 0) -> Running:
        """`ringside WORDS` on a host, a new one if none is named."""
        there = host or self.lab.add()
        running = launch(there, name, words, port)
        self._ended.callback(running.end)
        return running

    def status(self, edge: Running) -> dict[str, Any]:
        """An edge's `/status.json`."""
        told: dict[str, Any] = json.loads(self.lab.fetch(f"{edge.url}/status.json"))
        return told

    def health(self, gateway: Running) -> dict[str, Any]:
        """A gateway's own account of the group."""
        found: dict[str, Any] = self.status(gateway).get("multicast") or {}
        return found

    def edge(self, *more: str, name: str = "edge") -> Running:
        """One more edge of the origin, ready to be asked; `more` options, of which `{address}` is its own."""
        host = self.lab.add()
        more = tuple(word.replace("{address}", host.address) for word in more)
        port = free_port()
        words = ["edge", "--origin", self.origin.url, "--host", host.address, "--port", str(port), "--workers", "1"]
        running = self.start(f"{name}-{host.name}", [*words, *more], host, port)
        self.wait(running, lambda: self.lab.fetch(f"{running.url}/healthz"), "answer")
        return running

    def gateway(self, *more: str) -> Running:
        """One more gateway, which may still be on unicast."""
        file = self.folder / ("given.xml" if self.wire else "session.xml")
        running = self.edge("--multicast", str(file), "--interface", "{address}", *more, name="gateway")
        self.gateways.append(running)
        return running

    def sender_says(self) -> dict[str, float]:
        """What the sender told last: `fec` and `other`, per cent of media; nothing before its first line."""
        assert self.sender is not None
        told = SAID.findall(self.sender.log.read_text(errors="replace"))
        return {"fec": float(told[-1][0]), "other": float(told[-1][1])} if told else {}

    def wait_for_group(self, limit_s: float = START_S) -> None:
        """Return once all gateways live by the group."""
        for each in self.gateways:
            self.wait(each, lambda each=each: self.health(each).get("state") == "group", "be on the group", limit_s)

    def wait(self, running: Running, condition: Callable[[], Any], what: str, limit_s: float = START_S) -> None:
        """Return once a condition of a running thing holds. Raises SystemExit with what it said."""
        deadline_s = time.monotonic() + limit_s
        while time.monotonic() < deadline_s:
            if running.process.poll() is not None:
                break
            with contextlib.suppress(OSError, ValueError):
                if condition():
                    return
            time.sleep(STEP_S)
        raise SystemExit(f"{running.name} did not {what} within {limit_s:.0f} s:\n{running.said()}")


def launch(host: Host, name: str, words: Sequence[str], port: int = 0) -> Running:
    """`ringside WORDS` on a host."""
    OUT.mkdir(exist_ok=True)
    log = OUT / f"multicast-{name}.log"
    with log.open("wb") as file:
        environment = {**os.environ, "COLUMNS": "200"}  # lines that are read are not to be broken
        process = host.start([*RINGSIDE, *words], stdout=file, stderr=file, stdin=subprocess.DEVNULL, env=environment)
    return Running(name, host, process, log, port)


def event_file(folder: Path, target_s: float, encode: str) -> Path:
    """An event that this machine can carry with a whole chain and its crowd on it."""
    file = folder / "event.toml"
    file.write_text(f"[event]\ntarget_s = {target_s}\n{encode}\n[origin]\ndvr_s = 60\n")
    return file


@contextlib.contextmanager
def chain(
    folder: Path, gateways: int, weather: Weather | None = None, seed: int = 0, target_s: float = 1.2,
    encode: str = FULL, sending: Sequence[str] = (),
) -> Iterator[Chain]:  # fmt: skip
    """An event on the air by multicast, with so many gateways that live by it."""
    with laboratory(0) as lab, contextlib.ExitStack() as ended:
        made = Chain(lab, folder, _origin(lab, folder, event_file(folder, target_s, encode), ended), _ended=ended)
        made.wait(made.origin, lambda: playable(made), "be on the air")
        made.sender = _sender(made, sending)
        if weather is not None:
            made.wire = _wire(made, weather, seed, ended)
        for _ in range(gateways):
            made.gateway()
        made.wait_for_group()
        yield made
        if any(words in made.origin.log.read_text(errors="replace") for words in OVERLOADED):
            print(
                "  THE ENCODER FELL BEHIND, and its gaps are in the figures: measure again on a quiet machine",
                flush=True,
            )


def _origin(lab: Lab, folder: Path, event: Path, ended: contextlib.ExitStack) -> Running:
    host, port = lab.add(), free_port()
    words = ["live", "--event", str(event), "--host", host.address, "--port", str(port)]
    running = launch(host, "origin", words, port)
    ended.callback(running.end)
    return running


def playable(made: Chain) -> bool:
    """Whether the first parts are there."""
    text = made.lab.fetch(f"{made.origin.url}{MEDIA}/index.m3u8").decode()
    uri = next(line for line in text.splitlines() if line and not line.startswith("#"))
    return b"#EXT-X-PART:" in made.lab.fetch(f"{made.origin.url}{MEDIA}/{uri}")


def _sender(made: Chain, sending: Sequence[str]) -> Running:
    host = made.lab.add()
    file = made.folder / "session.xml"
    words = ["multicast", "send", "--origin", made.origin.url, "--group", f"{TAKEN}:{PORT}", "--ttl", "2"]
    words += ["--interface", host.address, "--description", str(file), *sending]
    running = made.start("sender", words, host)
    made.wait(running, file.exists, "describe its session")
    return running


def _wire(made: Chain, weather: Weather, seed: int, ended: contextlib.ExitStack) -> Wire:
    """Our relay between: gateways are told of the group that it sends."""
    wire = Wire(made.lab.add(), (TAKEN, PORT), (GIVEN, PORT + 1), weather, seed)
    ended.callback(wire.close)
    text = (made.folder / "session.xml").read_text()
    text = text.replace(f">{TAKEN}<", f">{GIVEN}<").replace(f">{PORT}<", f">{PORT + 1}<")
    (made.folder / "given.xml").write_text(text)
    return wire
