"""Network: the laboratory itself: a bridge that listens to IGMP, hosts on it, and somebody who can ask them.

The bridge is in a namespace of its own, kept by an agent; each host in one kept by a `cat`. Nothing is written to this
machine's own network, and nothing outlives the processes: when their input ends, they end, and the namespaces too.
"""

import base64
import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.lab.host import INTERFACE, Host
from tests.lab.ways import Way, choose, environment

BRIDGE = "br0"
PREFIX = "10.66.0"
FIRST = 11
QUERY_CS = 20  # the querier's patience, hundredths of a second: after so long the bridge forwards to members only
SETTLED_S = 0.5
SNOOPING = f"mcast_snooping 1 mcast_igmp_version 3 mcast_query_response_interval {QUERY_CS}"
QUERIER = f"mcast_startup_query_interval {QUERY_CS} mcast_query_interval 500"
BRIDGE_BATCH = f"""link set lo up
link add {BRIDGE} type bridge {SNOOPING} {QUERIER}
link set {BRIDGE} addrgenmode none
address add {PREFIX}.1/24 dev {BRIDGE}
link set {BRIDGE} up
link set {BRIDGE} type bridge mcast_querier 1
"""
PORT_BATCH = """link add {port} type veth peer name {interface} netns {pid}
link set {port} addrgenmode none
link set {port} master {bridge} up
"""
HOST_BATCH = """link set lo up
link set {interface} addrgenmode none
address add {address}/24 dev {interface}
link set {interface} up
route add default via {router}
"""


class Lab:
    """Hosts `h1`, `h2`... on one bridge; `how` is the way it was made, in words for a report."""

    def __init__(self, hosts: int, way: Way | None = None) -> None:
        self._way = way or choose()
        self.how = self._way.how
        self.real = bool(self._way.make)
        self.hosts: list[Host] = []
        self._holders: list[subprocess.Popen[str]] = []
        self._lock = threading.Lock()
        self._agent = self._hold([*self._way.make, sys.executable, "-I", str(Path(__file__).with_name("agent.py"))])
        self.bridge = Host("bridge", f"{PREFIX}.1", self._enter(self._agent), BRIDGE)
        if self.real:
            self.bridge.run(["ip", "-batch", "-"], BRIDGE_BATCH)
        for _ in range(hosts):
            self.add()
        if self.real:
            time.sleep(SETTLED_S)  # until the bridge believes its own querier: before, it floods

    def _enter(self, holder: "subprocess.Popen[str]") -> list[str]:
        return [*self._way.enter, "-t", str(holder.pid), "--"] if self.real else []

    def _hold(self, argv: Sequence[str]) -> "subprocess.Popen[str]":
        pipe = subprocess.PIPE
        holder = subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True, env=environment())
        self._holders.append(holder)
        assert holder.stdout is not None
        if not holder.stdout.readline():
            self.close()
            raise OSError(f"a namespace could not be made: {' '.join(argv)}")
        return holder

    def add(self) -> Host:
        """One more host."""
        number = len(self.hosts) + 1
        if not self.real:
            self.hosts.append(Host(f"h{number}", "127.0.0.1"))
            return self.hosts[-1]
        holder = self._hold(self.bridge.within(["unshare", "-n", "sh", "-c", "echo; exec cat"]))
        address = f"{PREFIX}.{FIRST + number - 1}"
        port = {"port": f"h{number}", "interface": INTERFACE, "pid": holder.pid, "bridge": BRIDGE}
        self.bridge.run(["ip", "-batch", "-"], PORT_BATCH.format(**port))
        host = Host(f"h{number}", address, self._enter(holder), INTERFACE)
        host.run(
            ["ip", "-batch", "-"],
            HOST_BATCH.format(interface=INTERFACE, address=address, router=self.bridge.address),
        )
        self.hosts.append(host)
        return host

    def joined(self, group: str) -> set[str]:
        """Names of the hosts that have joined a group, as the bridge has heard by IGMP."""
        if not self.real:
            return set()
        table = json.loads(self.bridge.run(["bridge", "-j", "mdb", "show", "dev", BRIDGE]) or "[]")
        entries = [entry for part in table for entry in part.get("mdb", [])]
        return {entry["port"] for entry in entries if entry["grp"] == group}

    def wait_joined(self, group: str, names: set[str], limit_s: float = 5) -> None:
        """Return once the bridge has heard that all these have joined. Raises OSError when it has not."""
        deadline_s = time.monotonic() + limit_s
        while self.real and not names <= self.joined(group):
            if time.monotonic() > deadline_s:
                raise OSError(f"{group} was joined by {self.joined(group) or 'nobody'}, not by {names}")
            time.sleep(0.02)

    def fetch(self, url: str, limit_s: float = 5) -> bytes:
        """The body at a host's URL, asked for from the bridge. Raises OSError where there is none."""
        assert self._agent.stdin is not None
        assert self._agent.stdout is not None
        with self._lock:
            self._agent.stdin.write(json.dumps({"get": url, "limit_s": limit_s}) + "\n")
            self._agent.stdin.flush()
            told: dict[str, Any] = json.loads(self._agent.stdout.readline() or '{"error": "the laboratory is gone"}')
        if told.get("status") != 200:
            raise OSError(f"{url}: {told.get('error') or told['status']}")
        return base64.b64decode(told["body"])

    def close(self) -> None:
        """End the namespaces; what still runs in them must have been ended before."""
        for holder in reversed(self._holders):
            for pipe in (holder.stdin, holder.stdout):
                if pipe is not None:
                    with contextlib.suppress(BrokenPipeError):
                        pipe.close()
        for holder in self._holders:
            try:
                holder.wait(5)
            except subprocess.TimeoutExpired:
                holder.kill()
                holder.wait()


@contextlib.contextmanager
def laboratory(hosts: int, way: Way | None = None) -> Iterator[Lab]:
    """A laboratory with so many hosts, ended afterwards; `way`: None is the best that this machine allows."""
    lab = Lab(hosts, way)
    try:
        yield lab
    finally:
        lab.close()
