"""Our side of the edge's benches: workers fed by a hub in this process, and `ringside edge` in front of an origin.

The hub runs in a thread with an event loop of its own, on the load's core; what is published is published there. The
workers are real processes, each as the supervisor would start it.
"""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from bench.edge.machine import SERVER_CORE, on_core
from bench.edge.peers import Server, ended, wait_open
from bench.harness import descendants, free_port, get
from ringside.core.clock import Wall
from ringside.core.feed import Appended, Cache, Closed, Document, Message, Opened, Playlist, Ranged
from ringside.flow.relay.edge import Config
from ringside.flow.relay.feed import Hub

WORKER = """
import json, sys
from ringside.core.clock import Wall
from ringside.flow.relay.edge import Config
from ringside.flow.relay.edge.worker import run_worker
run_worker(Config.model_validate(json.loads(sys.argv[2])), sys.argv[1], {}, Wall(),
           on_ready=lambda port: print(port, flush=True))
"""
UNLIMITED = {"max_requests_per_s": 1_000_000_000}  # the load is few connections that ask very often


def config(**values: Any) -> dict[str, Any]:
    """A worker's configuration for measuring: what this version of it knows of `values` and of UNLIMITED."""
    wanted = {"host": "127.0.0.1", **UNLIMITED, **values}
    return {name: value for name, value in wanted.items() if name in Config.model_fields}


class Source:
    """A hub on a thread: what it is told to publish, its workers can answer with."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "feed"
        self.reports: dict[str, dict[str, Any]] = {}  # the newest, by worker
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._hub = self.on_loop(self._open)

    def _open(self) -> Hub:
        return Hub(self.path, Wall(), lambda *_: None, self._take)

    def _take(self, report: dict[str, Any]) -> None:
        self.reports[str(report.get("pid"))] = report

    def on_loop(self, function: Any, *arguments: Any) -> Any:
        """Call a function on the hub's thread; its result."""
        done: Future[Any] = Future()

        def call() -> None:
            try:
                done.set_result(function(*arguments))
            except (OSError, ValueError) as error:
                done.set_exception(error)

        self._loop.call_soon_threadsafe(call)
        return done.result(10)

    def start(self) -> None:
        """Listen for workers."""
        asyncio.run_coroutine_threadsafe(self._hub.start(), self._loop).result(10)

    def publish(self, messages: Sequence[Message]) -> None:
        """Tell all workers; returns once it has been written to them."""
        self.on_loop(self._hub.publish, messages)

    def total(self, key: str) -> int:
        """The sum over all workers of a figure they report."""
        return sum(int(report.get(key, 0)) for report in self.reports.values())

    def close(self) -> None:
        """End the feed."""
        self.on_loop(self._hub.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)


@contextlib.contextmanager
def fed() -> Iterator[Source]:
    """A hub without workers."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        source = Source(Path(folder))
        source.start()
        try:
            yield source
        finally:
            source.close()


@contextlib.contextmanager
def worker(feed: Path, core: int | str = SERVER_CORE, **values: Any) -> Iterator[Server]:
    """One worker of the feed at path `feed`, on `core`; `values` are its configuration's."""
    told = json.dumps(config(**{"port": 0, **values}), default=str)
    command = [*on_core(core), sys.executable, "-c", WORKER, str(feed), told]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        said = process.stdout.readline()
        if not said:
            raise SystemExit("a worker did not start")
        yield Server("ours", (process.pid,), int(said))
    finally:
        ended(process)


def objects(playlist_bytes: int, part_bytes: int) -> list[Message]:
    """A playlist of one size and a part of another: `/index.m3u8` and `/1.0.m4s`."""
    body = (b"#EXTM3U\n" + b"#EXTINF:2.0,\n895000000.m4s\n" * (playlist_bytes // 20))[:playlist_bytes]
    return [
        Opened("/1.m4s", 1, "video/mp4"),
        Appended(1, part_bytes, os.urandom(part_bytes)),
        Closed(1),
        Ranged("/1.0.m4s", 1, 0, part_bytes, "video/mp4"),
        Playlist("/index.m3u8", body, b"", 1, 0, (2, 0), 2, 0.2),
    ]


def files(messages: Sequence[Message]) -> dict[str, bytes]:
    """The same objects as files."""
    found: dict[str, bytes] = {}
    for message in messages:
        if isinstance(message, Appended):
            found["1.0.m4s"] = message.data
        elif isinstance(message, Playlist):
            found["index.m3u8"] = message.body
    return found


def document(path: str, body: bytes) -> Document:
    """A small object that may be cached for ever."""
    return Document(path, body, "video/mp4", Cache.IMMUTABLE)


@contextlib.contextmanager
def edge(origin: int, core: int | str = SERVER_CORE, *options: str) -> Iterator[Server]:
    """`ringside edge` in front of the origin on port `origin`: supervisor, filler and one worker, all on `core`."""
    port = free_port()
    command = [*on_core(core), sys.executable, "-m", "ringside", "edge", "--origin", f"http://127.0.0.1:{origin}"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1", *options]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=quiet, stderr=quiet)
    try:
        wait_open(port, process, 20)
        get(f"http://127.0.0.1:{port}/healthz", 20)  # the port is there before the workers are
        yield Server("ours, pulling", tuple(descendants(process.pid)), port)
    finally:
        ended(process)


def has_edge() -> bool:
    """Whether this version has `ringside edge`."""
    done = subprocess.run([sys.executable, "-m", "ringside", "edge", "--help"], capture_output=True, check=False)
    return done.returncode == 0
