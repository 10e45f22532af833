"""What a response costs: our worker beside nginx (sendfile), the same requests, CPU on the server per response.

Server on core 0, load on core 1, on the loopback. The load is keep-alive connections that ask together and read
together. Nobody is timed: CPU is what the kernel says the server's process used (schedstat), so the load's own
speed does not matter; its share of its core is printed all the same.
"""

import asyncio
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.harness import OUT, free_port
from ringside.core.clock import Wall
from ringside.core.feed import Appended, Closed, Message, Opened, Playlist, Ranged
from ringside.flow.relay.feed import Hub

PLAYLIST_BYTES = 1_000
PART_BYTES = 166_000
FIELDS = "Host: edge\r\nUser-Agent: bench\r\nAccept: */*\r\nReferer: http://edge/\r\nOrigin: http://edge\r\n"
WORKER = """
import os, sys
os.sched_setaffinity(0, {0})
from ringside.core.clock import Wall
from ringside.flow.relay.edge import Config, run_worker
run_worker(Config(host="127.0.0.1", port=int(sys.argv[2])), sys.argv[1], {}, Wall(),
           on_ready=lambda port: print(port, flush=True))
"""
NGINX = """
worker_processes 1; daemon off; master_process off; pid {root}/pid; error_log {root}/error;
events {{ worker_connections 4096; }}
http {{
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 100000000;
  types {{ application/vnd.apple.mpegurl m3u8; video/mp4 m4s; }}
  client_body_temp_path {root}/b; proxy_temp_path {root}/p; fastcgi_temp_path {root}/f;
  uwsgi_temp_path {root}/u; scgi_temp_path {root}/s;
  server {{ listen 127.0.0.1:{port}; root {root}; add_header Cache-Control "public, max-age=1";
            add_header Access-Control-Allow-Origin "*"; }}
}}
"""


def cpu_s(pid: int) -> float:
    """CPU seconds a process has used, all its threads."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def objects() -> list[Message]:
    """A playlist and a part."""
    body = (b"#EXTM3U\n" + b"#EXTINF:2.0,\n895000000.m4s\n" * 40)[:PLAYLIST_BYTES]
    return [
        Opened("/1.m4s", 1, "video/mp4"),
        Appended(1, PART_BYTES, os.urandom(PART_BYTES)),
        Closed(1),
        Ranged("/1.0.m4s", 1, 0, PART_BYTES, "video/mp4"),
        Playlist("/index.m3u8", body, b"", 1, 0, (2, 0), 2, 0.2),
    ]


class Load:
    """`connections` keep-alive connections that ask for `path` together, again and again; `same`: in the same words."""

    def __init__(self, port: int, path: str, connections: int, same: bool) -> None:
        self._same = same
        self._asked = 0
        self._request = f"GET {path} HTTP/1.1\r\n{FIELDS}\r\n".encode()
        self._sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(connections)]
        self._buffer = bytearray(1 << 20)
        self._size = 0
        self._size = self._probe()
        for connection in self._sockets:
            connection.setblocking(False)

    def _probe(self) -> int:
        first = self._sockets[0]
        first.sendall(self._request)
        data = b""
        while b"\r\n\r\n" not in data:
            data += first.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"the server answers {head!r}")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        left = length - len(body)
        while left:
            left -= len(first.recv(min(left, 65536)))
        return len(head) + 4 + length

    def round(self) -> int:
        """Everybody asks once and reads it all; how many they were."""
        for connection in self._sockets:
            connection.send(self._request if self._same else self._another())
        for connection in self._sockets:
            left = self._size
            while left:
                with contextlib.suppress(BlockingIOError):
                    left -= connection.recv_into(self._buffer, left)
        return len(self._sockets)

    def _another(self) -> bytes:
        self._asked += 1
        return self._request.replace(b" HTTP/", b"?CMCD=bl%%3D%d HTTP/" % self._asked)

    def close(self) -> None:
        """Hang up."""
        for connection in self._sockets:
            connection.close()


@contextlib.contextmanager
def nginx(root: Path) -> Iterator[tuple[int, int]]:
    """nginx on core 0: its process and port."""
    port = free_port()
    for message in objects():
        if isinstance(message, Appended):
            (root / "1.0.m4s").write_bytes(message.data)
        elif isinstance(message, Playlist):
            (root / "index.m3u8").write_bytes(message.body)
    (root / "conf").write_text(NGINX.format(root=root, port=port))
    command = ["taskset", "-c", "0", "nginx", "-c", str(root / "conf"), "-e", str(root / "error")]
    process = subprocess.Popen(command)
    try:
        yield process.pid, port
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def ours(root: Path) -> Iterator[tuple[int, int]]:
    """One worker on core 0, fed by a hub in this process: its process and port."""
    runner = asyncio.Runner()
    hub = Hub(root / "feed", Wall(), lambda *_: None, lambda _: None)
    runner.run(hub.start())
    hub.publish(objects())
    command = [sys.executable, "-c", WORKER, str(root / "feed"), "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    port = int(process.stdout.readline())
    runner.run(asyncio.sleep(0.5))
    try:
        yield process.pid, port
    finally:
        process.terminate()
        runner.run(asyncio.sleep(0.1))
        process.wait()
        hub.close()
        runner.close()


def measure(pid: int, port: int, path: str, connections: int, same: bool) -> dict[str, float]:
    """CPU µs per response on the server, responses a second, and the server's share of its core."""
    load = Load(port, path, connections, same)
    for _ in range(20):
        load.round()
    served, used_s, began_s = 0, cpu_s(pid), time.monotonic()
    while time.monotonic() - began_s < RUN_S:
        served += load.round()
    took_s = time.monotonic() - began_s
    busy_s = cpu_s(pid) - used_s
    load.close()
    return {"cpu_us": busy_s / served * 1e6, "per_s": served / took_s, "core": busy_s / took_s}


ROUNDS = 3
RUN_S = 0.8
CASES = (
    ("1 kB playlist", "/index.m3u8", 64, True, 0.70),
    ("no two requests alike", "/index.m3u8", 64, False, None),
    ("166 kB part", "/1.0.m4s", 32, True, 0.85),
    ("no two requests alike", "/1.0.m4s", 32, False, None),
)


def main() -> None:
    """Measure both in turn and print the best run of each."""
    if shutil.which("nginx") is None or len(os.sched_getaffinity(0)) < 2:
        print("skipped: needs nginx and two cores")
        return
    os.sched_setaffinity(0, {1})
    console = Console()
    table = Table("response", "nginx µs", "ours µs", "ratio", "goal", "nginx /s", "ours /s", "server's core")
    results: dict[str, dict[str, dict[str, float]]] = {f"{name} {path}": {} for name, path, *_ in CASES}
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        Path(folder, "nginx").mkdir()
        Path(folder).chmod(0o755)
        with nginx(Path(folder, "nginx")) as peer, ours(Path(folder)) as us:
            time.sleep(0.3)
            for name, path, connections, same, _ in CASES * ROUNDS:
                for who, (pid, port) in (("nginx", peer), ("ours", us)):
                    figures = measure(pid, port, path, connections, same)
                    best = results[f"{name} {path}"].get(who, figures)
                    results[f"{name} {path}"][who] = min(best, figures, key=lambda f: f["cpu_us"])
    for name, path, *_, goal in CASES:
        peer_, us_ = (results[f"{name} {path}"][who] for who in ("nginx", "ours"))
        loads = f"{peer_['core']:.0%} {us_['core']:.0%}"
        cpu = [f"{peer_['cpu_us']:.1f}", f"{us_['cpu_us']:.1f}", f"{us_['cpu_us'] / peer_['cpu_us']:.2f}"]
        table.add_row(name, *cpu, f"≤ {goal}" if goal else "", f"{peer_['per_s']:.0f}", f"{us_['per_s']:.0f}", loads)
    console.print(table)
    OUT.mkdir(exist_ok=True)
    (OUT / "edge.json").write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
