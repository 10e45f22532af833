"""Clients that all ask once, at the same moment, in a process of their own: `python -m bench.edge.burst TELL`.

TELL is JSON: {port, path, clients, address, timeout_s}. It connects them all from loopback address `address` and writes
"ready"; at a line on standard input it writes the Unix time (ns) at which it begins, and all of them ask. It ends with
a JSON line: when each answer was there whole, as the kernel took it from the server (`written_ns`: the packet's own
time stamp, so the client's speed does not enter) and as it was read (`read_ns`), who failed, and the CPU it used.
`burst(...)` runs several of these.
"""

import contextlib
import json
import os
import resource
import select
import socket
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.edge.dial import dial
from bench.edge.machine import LOAD_CORE, on_core

ESTABLISHED = "01"  # in /proc/net/tcp
TIMESTAMPNS = 35  # SO_TIMESTAMPNS, and the type of the ancillary message that brings it
STAMP = struct.Struct("qq")
FIRST_BYTES = 2048  # a head, and the beginning of its body
SCRATCH = [bytearray(1 << 20)]
LAST_CHUNK = b"0\r\n\r\n"


class Client:
    """One connection and its answer."""

    __slots__ = ("left", "read_ns", "seen", "socket", "status", "written_ns")

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.seen = b""  # the head so far, or the end of a chunked body
        self.left = -1  # of the body; -1: the head has not ended; -2: chunked
        self.status = 0
        self.written_ns = self.read_ns = 0

    def take(self) -> bool:
        """Read what is there; whether the answer is whole now. Raises OSError when it never will be."""
        if self.left > 0:
            got, ancillary, _, _ = self.socket.recvmsg_into(SCRATCH, 64, socket.MSG_TRUNC)
            self.left -= got
        else:
            data, ancillary, _, _ = self.socket.recvmsg(FIRST_BYTES if self.left == -1 else 65536, 64)
            got = len(data)
            self._read(data)
        if not got:
            raise ConnectionResetError("the server hung up")
        for level, kind, value in ancillary:
            if level == socket.SOL_SOCKET and kind == TIMESTAMPNS:
                seconds, nanoseconds = STAMP.unpack(value)
                self.written_ns = seconds * 10**9 + nanoseconds
        return self.left == 0

    def _read(self, data: bytes) -> None:
        self.seen += data
        if self.left == -1:
            end = self.seen.find(b"\r\n\r\n")
            if end < 0:
                return
            head, self.seen = self.seen[:end], self.seen[end + 4 :]
            self.status = int(head[9:12])
            fields = {line.split(b":")[0].lower(): line for line in head.split(b"\r\n")[1:]}
            length = fields.get(b"content-length")
            self.left = -2 if length is None else int(length[15:]) - len(self.seen)
        if self.left == -2:
            self.seen = self.seen[-len(LAST_CHUNK) :]
            self.left = 0 if self.seen == LAST_CHUNK else -2


def connected(port: int, clients: int, address: str) -> dict[int, Client]:
    """So many clients from one address, by descriptor."""
    found: dict[int, Client] = {}
    for _ in range(clients):
        connection = dial(port, address)
        connection.setsockopt(socket.SOL_SOCKET, TIMESTAMPNS, 1)
        found[connection.fileno()] = Client(connection)
    return found


def play(clients: dict[int, Client], request: bytes, timeout_s: float) -> dict[str, Any]:
    """All ask and read; when each answer was there, and who failed."""
    poll = select.epoll(len(clients))
    for fd, client in clients.items():
        poll.register(fd, select.EPOLLIN)
        client.socket.send(request)
    asked_ns, until_s, failed = time.time_ns(), time.monotonic() + timeout_s, Counter[str]()
    left = len(clients)
    while left and time.monotonic() < until_s:
        for fd, _ in poll.poll(0.1, 1024):
            client = clients[fd]
            try:
                if not client.take():
                    continue
            except BlockingIOError:
                continue
            except OSError as error:
                failed[str(error)] += 1
                client.status = 0
            poll.unregister(fd)
            left -= 1
            client.read_ns = time.time_ns()
    for client in clients.values():
        if not client.read_ns:
            failed["no answer in time"] += 1
        elif client.status not in (0, 200):
            failed[f"status {client.status}"] += 1
    good = [client for client in clients.values() if client.status == 200 and client.read_ns]
    return {
        "asked_ns": asked_ns,
        "written_ns": sorted(client.written_ns for client in good),
        "read_ns": sorted(client.read_ns for client in good),
        "failed": dict(failed),
    }


class Bursts:
    """Processes of clients that are connected and wait for the word."""

    def __init__(self, processes: list[subprocess.Popen[str]]) -> None:
        self._processes = processes

    @property
    def pids(self) -> list[int]:
        """Their processes."""
        return [process.pid for process in self._processes]

    def go(self) -> int:
        """Let all ask; the Unix time (ns) at which the first began."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        return min(int(self._line(process)) for process in self._processes)

    def waiting(self) -> int:
        """How many have neither an answer nor lost their connection, by the kernel's own list of sockets."""
        return sum(self._unanswered(pid) for pid in self.pids)

    @staticmethod
    def _unanswered(pid: int) -> int:
        mine = {os.readlink(link)[8:-1] for link in Path(f"/proc/{pid}/fd").iterdir() if "socket:" in os.readlink(link)}
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        unread = {row[9] for row in rows if row[3] == ESTABLISHED and row[4].endswith(":00000000")}
        return len(mine & unread)

    def results(self) -> dict[str, Any]:
        """What all saw together; `cpu_s` is the sum."""
        all_results = [json.loads(self._line(process)) for process in self._processes]
        failed: Counter[str] = Counter()
        for result in all_results:
            failed.update(result["failed"])
        return {
            "asked_ns": max(result["asked_ns"] for result in all_results),
            "written_ns": sorted(at for result in all_results for at in result["written_ns"]),
            "read_ns": sorted(at for result in all_results for at in result["read_ns"]),
            "failed": dict(failed),
            "cpu_s": sum(result["cpu_s"] for result in all_results),
        }

    @staticmethod
    def _line(process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise SystemExit("a process of clients ended early")
        return line


@contextlib.contextmanager
def burst(port: int, path: str, clients: int, processes: int = 1, timeout_s: float = 10) -> Iterator[Bursts]:
    """`clients` in so many processes on the load's core, connected and waiting."""
    running: list[subprocess.Popen[str]] = []
    try:
        for number in range(processes):
            share = clients // processes + (number < clients % processes)
            tell = {"port": port, "path": path, "clients": share, "address": f"127.0.0.{10 + number}"}
            command = [*on_core(LOAD_CORE), sys.executable, "-m", "bench.edge.burst"]
            command += [json.dumps({**tell, "timeout_s": timeout_s})]
            pipe = subprocess.PIPE
            running.append(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True))
        bursts = Bursts(running)
        for process in running:
            bursts._line(process)
        yield bursts
    finally:
        for process in running:
            process.kill()
            process.wait()


def main() -> None:
    """The process."""
    tell = json.loads(sys.argv[1])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, hard), hard))
    clients = connected(tell["port"], tell["clients"], tell["address"])
    request = f"GET {tell['path']} HTTP/1.1\r\nHost: edge\r\nUser-Agent: bench\r\n\r\n".encode()
    print("ready", flush=True)
    sys.stdin.readline()
    print(time.time_ns(), flush=True)
    used_s = time.process_time()
    result = play(clients, request, tell["timeout_s"])
    print(json.dumps({**result, "cpu_s": time.process_time() - used_s}), flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main()
