"""Keep-alive connections that ask together and read together, again and again: what a response costs a server.

One thread, plain sockets. Bodies are read to the last byte; over plain TCP the kernel throws them away unread
(MSG_TRUNC), so that the load's core is not spent on copying. Over TLS they are decrypted, as a player must.
"""

import contextlib
import json
import socket
import ssl
import subprocess
import sys
import time
from typing import Any

from bench.edge.machine import Meter, on_core
from bench.edge.peers import Server

FIELDS = "Host: edge\r\nUser-Agent: bench\r\nAccept: */*\r\nReferer: http://edge/\r\nOrigin: http://edge\r\n"
WARM_ROUNDS = 20
FIRST_BYTES = 2048  # a head, and the beginning of its body


def insecure() -> ssl.SSLContext:
    """TLS 1.3, any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


class Load:
    """`connections` that ask for `path` together; `same`: all in the same words, otherwise no two alike (CMCD)."""

    def __init__(self, port: int, path: str, connections: int, same: bool, tls: bool = False) -> None:
        self._same = same
        self._asked = 0
        self._request = f"GET {path} HTTP/1.1\r\n{FIELDS}\r\n".encode()
        self._buffer = bytearray(1 << 20)
        context = insecure() if tls else None
        self._sockets: list[Any] = []
        for _ in range(connections):
            plain = socket.create_connection(("127.0.0.1", port), 10)
            self._sockets.append(context.wrap_socket(plain) if context else plain)
        self.cipher = self._sockets[0].cipher()[0] if tls else ""
        self._flags = () if tls else (socket.MSG_TRUNC,)
        self._size = self._probe()
        for connection in self._sockets:
            connection.setblocking(False)

    def _probe(self) -> int:
        """The length of the body, by its Content-Length."""
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
        return length

    def round(self) -> int:
        """Everybody asks once and reads it all; how many they were."""
        for connection in self._sockets:
            connection.send(self._request if self._same else self._another())
        for connection in self._sockets:
            left = self._read_head(connection)
            while left:
                with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError):
                    got = connection.recv_into(self._buffer, left, *self._flags)
                    if not got:
                        raise SystemExit("the server hung up on the load")
                    left -= got
        return len(self._sockets)

    def _read_head(self, connection: Any) -> int:
        """Read until the head has ended; how many bytes of the body are still to come."""
        data = b""
        while True:
            with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError):
                data += connection.recv(FIRST_BYTES)
                end = data.find(b"\r\n\r\n")
                if end > 0:
                    return self._size - (len(data) - end - 4)
                if not data:
                    raise SystemExit("the server hung up on the load")

    def _another(self) -> bytes:
        self._asked += 1
        return self._request.replace(b" HTTP/", b"?CMCD=bl%%3D%d HTTP/" % (10_000_000 + self._asked))

    def close(self) -> None:
        """Hang up."""
        for connection in self._sockets:
            connection.close()


def measure(
    server: Server, path: str, connections: int, same: bool, run_s: float, tls: bool = False
) -> dict[str, float]:
    """CPU µs per response on the server, responses a second, and the cores that server and load used."""
    load = Load(server.port, path, connections, same, tls)
    for _ in range(WARM_ROUNDS):
        load.round()
    served, meter, began_s = 0, Meter(server.pids), time.monotonic()
    while time.monotonic() - began_s < run_s:
        served += load.round()
    used = meter.read()
    load.close()
    return {
        "cpu_us": used["server_cpu_s"] / served * 1e6,
        "per_s": served / used["took_s"],
        "server_cores": used["server_cores"],
        "load_cores": used["load_cores"],
    }


def best(runs: list[dict[str, float]]) -> dict[str, float]:
    """The run that cost the server least: what disturbs a run only ever adds."""
    return min(runs, key=lambda run: run["cpu_us"])


def elsewhere(server: Server, path: str, connections: int, run_s: float, core: int) -> "subprocess.Popen[str]":
    """The same measurement in a process of its own on `core`; it writes the figures as a JSON line."""
    tell = {"pids": server.pids, "port": server.port, "path": path, "connections": connections, "run_s": run_s}
    command = [*on_core(core), sys.executable, "-m", "bench.edge.load", json.dumps(tell)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    there = Server("ours", tuple(told["pids"]), told["port"])
    print(json.dumps(measure(there, told["path"], told["connections"], True, told["run_s"])), flush=True)
