"""Host: one machine of the laboratory: runs commands, loses packets, has a rate, counts its bytes.

In the loopback laboratory every host is this machine: commands run as they are, and nothing can be lost or counted.
"""

import json
import subprocess
from collections.abc import Sequence
from typing import Any

from tests.lab.ways import environment, needs

INTERFACE = "eth0"
GROUPS = "ip daddr 224.0.0.0/4 meta l4proto udp"
EVERYTHING = "meta l4proto { tcp, udp }"
DICE = 100_000
RUN_S = 20.0


class Unavailable(Exception):
    """What was asked for cannot be had in this laboratory; the sentence says why."""


class Host:
    """`address` is where the others reach it, and the address of its interface; both known before it does anything."""

    def __init__(self, name: str, address: str, enter: Sequence[str] = (), interface: str = "lo") -> None:
        self.name, self.address, self.interface = name, address, interface
        self._enter = tuple(enter)
        self._spoilt: set[str] = set()

    def __repr__(self) -> str:
        return f"{self.name} {self.address}"

    def within(self, argv: Sequence[str]) -> list[str]:
        """The words that run a command there."""
        return [*self._enter, *argv]

    def start(self, argv: Sequence[str], **options: Any) -> "subprocess.Popen[Any]":
        """Start a command there; whoever starts it ends it."""
        return subprocess.Popen(self.within(argv), **{"env": environment(), **options})

    def run(self, argv: Sequence[str], said: str | None = None, limit_s: float = RUN_S) -> str:
        """Run a command there to its end; what it printed. Raises OSError."""
        done = subprocess.run(
            self.within(argv),
            input=said,
            capture_output=True,
            text=True,
            env=environment(),
            timeout=limit_s,
            check=False,
        )
        if done.returncode:
            raise OSError(f"{self.name}: {' '.join(argv)}: {done.stderr.strip() or done.returncode}")
        return done.stdout

    def _only_in_a_namespace(self, what: str) -> None:
        if not self._enter:
            raise Unavailable(f"{what} needs network namespaces; on loopback groups put a Wire between")

    def loss(self, percent: float, everything: bool = False) -> None:
        """Lose so many per cent of the datagrams that come in for groups, or of all TCP and UDP; 0 ends it."""
        self._spoil("input", percent, EVERYTHING if everything else GROUPS)

    def cut(self) -> None:
        """Let nothing out to any group."""
        self._spoil("output", 100, GROUPS)

    def mend(self) -> None:
        """Undo `cut`."""
        self._spoil("output", 0, GROUPS)

    def _spoil(self, hook: str, percent: float, what: str) -> None:
        self._only_in_a_namespace("losing packets by nftables")
        if why := needs("nft", "nftables"):
            raise Unavailable(why)
        chain = f"inet lab {hook}"
        rules = [
            f"table inet lab {{ chain {hook} {{ type filter hook {hook} priority 0; }}; }}",
            f"flush chain {chain}",
        ]
        what = f"{'oifname' if hook == 'output' else 'iifname'} {self.interface} {what}"  # not what it tells itself
        dice = "" if percent >= 100 else f"numgen random mod {DICE} < {round(percent * DICE / 100)} "
        if percent:
            rules.append(f"add rule {chain} {what} {dice}counter drop")
            rules.append(f"insert rule {chain} {what} counter")
        self.run(["nft", "-f", "-"], "\n".join(rules) + "\n")
        self._spoilt.add(hook)

    def lost(self) -> tuple[int, int]:
        """Of so many packets that `loss` looked at, so many it dropped, since it was last set."""
        counts = self._counters("input")
        return (counts[0], counts[1]) if len(counts) == 2 else (0, 0)

    def _counters(self, hook: str) -> list[int]:
        if hook not in self._spoilt:
            return []
        rules = json.loads(self.run(["nft", "-j", "list", "chain", "inet", "lab", hook]))["nftables"]
        parts = [part for rule in rules if "rule" in rule for part in rule["rule"]["expr"]]
        return [part["counter"]["packets"] for part in parts if "counter" in part]

    def rate(self, bits_per_s: int, burst_bytes: int = 32_000, wait_ms: int = 50) -> None:
        """Send no faster than this (tc's tbf): what would have to wait longer is dropped."""
        self._only_in_a_namespace("a rate by tbf")
        bucket = ["rate", f"{bits_per_s}bit", "burst", f"{burst_bytes}b", "latency", f"{wait_ms}ms"]
        self.run(["tc", "qdisc", "replace", "dev", self.interface, "root", "tbf", *bucket])

    def bytes_out(self) -> int:
        """Bytes that have left its interface so far, headers of the Ethernet included."""
        return self._count("tx")

    def bytes_in(self) -> int:
        """Bytes that have come in so far."""
        return self._count("rx")

    def _count(self, way: str) -> int:
        self._only_in_a_namespace("counting the bytes of an interface")
        link = json.loads(self.run(["ip", "-s", "-j", "link", "show", "dev", self.interface]))[0]
        return int(link["stats64"][way]["bytes"])
