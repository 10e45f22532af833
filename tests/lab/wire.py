"""Wire: our own relay between a sender and its receivers: takes one group, sends another, with a weather in between.

It runs as a process on a host of the laboratory (`python -m tests.lab.wire ...`), or on loopback. Commands come on its
standard input: `cut`, `mend`, `count`; its counts leave as a JSON line, on `count` and at the end. Nothing is verified
or changed in the packets, so it can stand before any sender.
"""

import argparse
import heapq
import json
import select
import socket
import subprocess
import sys
import time
from dataclasses import asdict, fields
from pathlib import Path

from tests.lab.host import Host
from tests.lab.weather import Fate, Weather

ROOT = Path(__file__).parents[2]
BUFFER_BYTES = 4 << 20
PACKET_BYTES = 65_536
MOST = 50_000  # packets under way; more than that is a fault of the laboratory and is counted as `overrun`
FORCE = 33  # SO_RCVBUFFORCE
TTL = 4


class Wire:
    """Seen from outside: a running relay on `host` from `(group, port)` to another."""

    def __init__(self, host: Host, taken: tuple[str, int], given: tuple[str, int], weather: Weather, seed: int) -> None:
        told = {"from": taken, "to": given, "address": host.address, "weather": asdict(weather), "seed": seed}
        command = [sys.executable, "-c", "from tests.lab.wire import main; main()", json.dumps(told)]
        pipe = subprocess.PIPE
        self._process = host.start(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT)
        self._read()  # it has joined

    def _read(self) -> dict[str, int]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise OSError("the relay has ended")
        found: dict[str, int] = json.loads(line)
        return found

    def _tell(self, word: str) -> dict[str, int]:
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()
        return self._read()

    def cut(self) -> dict[str, int]:
        """Let nothing pass from now on."""
        return self._tell("cut")

    def mend(self) -> dict[str, int]:
        """Let packets pass again."""
        return self._tell("mend")

    def counts(self) -> dict[str, int]:
        """Packets so far: `packets`, `lost`, `reordered`, `duplicated`, `bursts`, `overrun`."""
        return self._tell("count")

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(5)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


def ear(group: str, port: int, address: str) -> socket.socket:
    """A socket that hears one group, on the interface of an address, and nothing else."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    try:
        sock.setsockopt(socket.SOL_SOCKET, FORCE, 4 * BUFFER_BYTES)
    except PermissionError:
        pass  # an ordinary user keeps what there is
    sock.bind((group, port))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(group) + socket.inet_aton(address))
    sock.setblocking(False)
    return sock


def mouth(group: str, port: int, address: str) -> socket.socket:
    """A socket that sends to a group by the interface of an address."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, TTL)
    sock.connect((group, port))
    return sock


def carry(taken: socket.socket, given: socket.socket, fate: Fate) -> None:
    """Forward until standard input ends."""
    waiting: list[tuple[int, int, bytes]] = []
    order = 0
    while True:
        now_ns = time.monotonic_ns()
        while waiting and waiting[0][0] <= now_ns:
            given.send(heapq.heappop(waiting)[2])
        wait_s = max(0.0, (waiting[0][0] - now_ns) / 1e9) if waiting else None
        readable = select.select([taken, sys.stdin], [], [], wait_s)[0]
        if sys.stdin in readable and not obey(sys.stdin.readline().strip(), fate):
            return
        if taken not in readable:
            continue
        packet, now_ns = taken.recv(PACKET_BYTES), time.monotonic_ns()
        for due_ns in fate.of(now_ns):
            if len(waiting) >= MOST:
                fate.counts["overrun"] += 1
                continue
            order += 1
            heapq.heappush(waiting, (due_ns, order, packet))


def obey(word: str, fate: Fate) -> bool:
    """Do what was said and print the counts; False at the end."""
    if word in ("cut", "mend"):
        fate.cut = word == "cut"
    print(json.dumps(fate.counts), flush=True)
    return bool(word)


def main() -> None:
    """Be the relay."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.wire", description=__doc__)
    parser.add_argument("told", help="JSON: from, to, address, weather, seed")
    told = json.loads(parser.parse_args().told)
    known = {field.name for field in fields(Weather)}
    weather = Weather(**{name: value for name, value in told["weather"].items() if name in known})
    taken, given = ear(*told["from"], told["address"]), mouth(*told["to"], told["address"])
    print(json.dumps({"seed": told["seed"]}), flush=True)
    carry(taken, given, Fate(weather, told["seed"], time.monotonic_ns()))


if __name__ == "__main__":
    main()
