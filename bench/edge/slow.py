"""500 slow readers and 200 lorises: what the other viewers notice of them, and whether they are ever dropped.

The others are 100 connections that ask for a 25 kB part five times a second each, evenly spread; what counts is the
99th percentile of their answers, without and with the slow ones. A slow reader takes 2 kB of a 4 MB segment each
second. Both servers are told the same patience, 3 s for a head and as long for progress; nginx has no least rate.
"""

import json
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import Any

from rich.table import Table

from bench.edge import ours, peers
from bench.edge.machine import LOAD_CORE, blame, on_core, rss_bytes
from bench.edge.peers import Server
from bench.harness import quantiles
from ringside.core.feed import Appended, Closed, Opened

NEEDS = ("nginx",)
OTHERS, PER_S = 100, 500
PART_BYTES, SEGMENT_BYTES = 25_000, 4_000_000
READERS, LORISES, BYTES_PER_S = 500, 200, 2_000
PATIENCE_S = 3


def others(port: int, seconds: float) -> dict[str, Any]:
    """Ask PER_S times a second over OTHERS connections, in turn; how long answers took, in ms."""
    request = b"GET /1.0.m4s HTTP/1.1\r\nHost: edge\r\n\r\n"
    sockets = deque(socket.create_connection(("127.0.0.1", port), 10) for _ in range(OTHERS))
    asked: dict[int, tuple[socket.socket, float, int]] = {}
    took_ms: list[float] = []
    poll, scratch = select.epoll(), bytearray(1 << 20)
    for connection in sockets:
        poll.register(connection.fileno(), select.EPOLLIN)
    began_s, used_s, due_s, skipped, size = time.monotonic(), time.process_time(), 0.0, 0, 0
    while (now_s := time.monotonic() - began_s) < seconds:
        while due_s <= now_s:
            due_s += 1 / PER_S
            if not sockets:
                skipped += 1
                continue
            connection = sockets.popleft()
            connection.send(request)
            asked[connection.fileno()] = (connection, time.monotonic(), 0)
        for fd, _ in poll.poll(max(0.0, due_s - (time.monotonic() - began_s)), 64):
            connection, at_s, had = asked[fd]
            data = connection.recv_into(scratch, len(scratch))
            if not had and not size:
                size = scratch.find(b"\r\n\r\n") + 4 + PART_BYTES
            if not data:
                raise SystemExit("the server hung up on those who are not slow")
            if had + data < size:
                asked[fd] = (connection, at_s, had + data)
                continue
            took_ms.append((time.monotonic() - at_s) * 1000)
            del asked[fd]
            sockets.append(connection)
    cores = (time.process_time() - used_s) / seconds
    return {"ms": quantiles(took_ms), "asked": len(took_ms), "skipped": skipped, "load_cores": cores}


def beside(server: Server, seconds: float, quick: bool) -> dict[str, Any]:
    """The others without, then with the slow ones."""
    share = 10 if quick else 1
    without, before = others(server.port, seconds / 2), rss_bytes(server.pids)
    tell = {
        "port": server.port, "path": "/2.m4s", "readers": READERS // share, "lorises": LORISES // share,
        "bytes_per_s": BYTES_PER_S, "seconds": seconds,
    }  # fmt: skip
    command = [*on_core(LOAD_CORE), sys.executable, "-m", "bench.edge.slowly", json.dumps(tell)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(1)  # the first bytes for all of them at once are a burst, not slowness
        with_them = others(server.port, seconds * 0.7)
        after = rss_bytes(server.pids)
        said = json.loads(process.stdout.readline())
        orphans = sockets_of_nobody()
    return {"without": without, "with": with_them, **said, **orphans, "grown_bytes": after - before}


def sockets_of_nobody() -> dict[str, int]:
    """Connections that a process has closed and the kernel goes on with, and the memory of all TCP, bytes."""
    words = next(
        line for line in Path("/proc/net/sockstat").read_text().splitlines() if line.startswith("TCP:")
    ).split()
    return {"orphans": int(words[words.index("orphan") + 1]), "tcp_bytes": int(words[words.index("mem") + 1]) * 4096}


def run(quick: bool) -> dict[str, Any]:
    """By server."""
    seconds = 3.0 if quick else 12.0
    objects = ours.objects(1_000, PART_BYTES)
    segment = bytes(SEGMENT_BYTES)
    patience = {"head_timeout_s": PATIENCE_S, "slow_grace_s": PATIENCE_S, "slow_bytes_per_s": 1_000_000}
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder, ours.fed() as source:
        root = Path(folder)
        root.chmod(0o755)
        source.publish([m for m in objects if getattr(m, "path", "") != "/index.m3u8"])
        source.publish([Opened("/2.m4s", 2, "video/mp4"), Appended(2, SEGMENT_BYTES, segment), Closed(2)])
        files = {**ours.files(objects), "2.m4s": segment}
        more = f"client_header_timeout {PATIENCE_S}s; send_timeout {PATIENCE_S}s;"
        with (
            peers.nginx_files(root / "nginx", files, more=more) as nginx,
            ours.worker(source.path, **patience) as worker,
        ):
            return {server.name: beside(server, seconds, quick) for server in (nginx, worker)}


def shown(result: dict[str, Any]) -> list[Table | str]:
    """A row for each server."""
    head = ("server", "others p50", "p99", "with them p50", "p99", "readers dropped", "lorises dropped")
    table = Table(*head, "left in the kernel", "memory", "load")
    for who, each in result.items():
        times = [f"{each[when]['ms'][name]:.1f} ms" for when in ("without", "with") for name in ("p50", "p99")]
        dropped = [str(each[name]) for name in ("readers_dropped", "lorises_dropped")]
        table.add_row(
            who,
            *times,
            *dropped,
            str(each["orphans"]),
            f"+{each['grown_bytes'] / 1e6:.1f} MB",
            blame(each["with"]["load_cores"]),
        )
    words = "dropped: as the slow ones saw it; left in the kernel: closed by the server, but with bytes still unsent"
    return [table, words]
