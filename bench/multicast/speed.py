"""Speed: what one core receives, from the socket to whole turns, and what coding a part costs.

A session made beforehand is sent to a group on loopback at a rate; a receiver of its own process takes it with the
gateway's own code: signature, symbols, RaptorQ, news. Every turn must come, without a packet unread in the kernel. Its
CPU says what one core could take. The codes are then measured by themselves, in CPU of this process.
"""

import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from bench.multicast.options import Options
from bench.multicast.stream import GROUP, LOOPBACK, OVERHEAD, PORT, SYMBOL, Stream
from ringside.core.alc import RAPTORQ, REED_SOLOMON, Gather, encode, info_of
from ringside.core.mabr import new_keys, to_xml
from ringside.flow.relay.sender.pace import Bucket
from ringside.flow.relay.sender.packets import repair_of

SECONDS = 8.0
GOAL_BPS = 200_000_000
CASES = ((50, 50_000, 0.0), (220, 100_000, 0.0), (220, 100_000, 0.05), (400, 100_000, 0.0))  # Mb/s, part, lost
CLEAN_S = 2.0  # without loss at first
DEPTH_BYTES = 256 << 10  # a sender in Python that slept too long must be able to make up for it
PARTS = (2_000, 10_000, 25_000, 50_000, 100_000, 166_000, 400_000)  # bytes; a key part of the test card has 166 kB
TREE = Path(__file__).parents[2]
REPEATS = 7


def run(options: Options) -> dict[str, Any]:
    """Each rate, then the codes."""
    cases = CASES[:1] if options.quick else CASES
    rows = [receive(rate, size, lost, options.lasting(SECONDS), options.seed) for rate, size, lost in cases]
    goal = [row for row in rows if GOAL_BPS <= row["asked_bps"] < 2 * GOAL_BPS]
    return {
        "rates": rows, "codes": [code(size) for size in PARTS],
        "failed": any(row["turns"] < row["of"] or row["unread"] for row in goal),
    }  # fmt: skip


def receive(rate_mbps: int, part_bytes: int, lost: float, seconds: float, seed: int) -> dict[str, Any]:
    """One rate for so long: what was sent, and what the receiver made of it."""
    parts = int(rate_mbps * 1e6 * seconds / 8 / (part_bytes * 1.2))
    stream = Stream(new_keys(os.urandom), part_bytes, parts, seed, lost, int(parts * CLEAN_S / seconds))
    sent = [each for part in stream.datagrams(time.time_ns() // 1000) for each in part]
    told = {"description": to_xml(stream.description).decode(), "turns": parts, "part_bytes": part_bytes, "seed": seed}
    command = [sys.executable, "-m", "bench.multicast.receiver", json.dumps(told)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=TREE) as receiver:
        assert receiver.stdout is not None
        receiver.stdout.readline()
        took_s = send(sent, rate_mbps * 1_000_000)
        said, _ = receiver.communicate(timeout=seconds + 120)
    if receiver.returncode:
        raise SystemExit("the receiver failed")
    got = json.loads(said)
    bits = got["bytes"] * 8
    return {
        "asked_bps": rate_mbps * 10**6, "had_bps": sum(map(len, sent)) * 8 / took_s, "part_bytes": part_bytes,
        "lost": lost, "sent": len(sent), "received": got["packets"], "unread": got["health"]["unread"],
        "buffer_bytes": got["health"]["buffer_bytes"], "turns": got.get("Publish", 0), "of": parts,
        "unicast_share": got.get("unicast_bytes", 0) / (parts * part_bytes), "cores": got["cpu_s"] / got["took_s"],
        "us_a_packet": got["cpu_s"] / got["packets"] * 1e6, "bps_a_core": bits / got["cpu_s"],
    }  # fmt: skip


def send(datagrams: Sequence[bytes], rate_bps: int) -> float:
    """Send at the rate to the group on loopback; how long it took, s."""
    bucket = Bucket(rate_bps, DEPTH_BYTES)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(LOOPBACK))
        sock.connect((GROUP, PORT))
        began_ns = time.monotonic_ns()
        for datagram in datagrams:
            while wait_ns := bucket.ready(len(datagram), time.monotonic_ns()):
                time.sleep(max(wait_ns, 500_000) / 1e9)
            sock.send(datagram)
    return (time.monotonic_ns() - began_ns) / 1e9


def code(size: int) -> dict[str, Any]:
    """CPU of coding a part of `size` bytes, µs: made, joined without loss, mended with nearly all repair symbols."""
    row: dict[str, Any] = {"bytes": size}
    data = random.Random(size).randbytes(size)
    for name, fec in (("raptorq", RAPTORQ), ("rs", REED_SOLOMON)):
        info = info_of(fec, size, SYMBOL)
        repair = repair_of(info.k, OVERHEAD)
        symbols = encode(data, info, repair)
        first = (
            [symbol for at, symbol in enumerate(symbols) if at % 11]
            if info.blocks.number > 1
            else symbols[max(1, repair - 1) :]
        )
        row |= {"k": info.k, "repair": repair}
        row[name] = {
            "encode_us": cpu_us(lambda info=info, repair=repair: encode(data, info, repair), size),
            "join_us": cpu_us(lambda info=info, symbols=symbols: gathered(info, symbols, data), size),
            "mend_us": cpu_us(lambda info=info, first=first: gathered(info, first, data), size),
        }  # fmt: skip
    return row


def gathered(info: Any, symbols: Sequence[tuple[int, int, bytes]], data: bytes) -> None:
    """Put together, and compared."""
    gather = Gather(info)
    for symbol in symbols:
        gather.put(*symbol)
    if gather.data != data:
        raise SystemExit(f"an object of {len(data)} bytes did not come together: {gather!r}")


def cpu_us(work: Callable[[], object], size: int) -> float:
    """CPU of one call, the least of several rounds, µs."""
    times, best = max(2, 200_000 // size), 1e9
    for _ in range(REPEATS):
        began_s = time.process_time()
        for _ in range(times):
            work()
        best = min(best, (time.process_time() - began_s) / times * 1e6)
    return best


def shown(result: dict[str, Any]) -> list[Table]:
    """Rates, and codes."""
    rates = Table(
        "asked", "had", "parts of", "lost", "packets sent", "unread", "turns", "by unicast", "cores",
        "µs a packet", "one core could", title="one process receiving, from the socket to whole turns",
    )  # fmt: skip
    for row in result["rates"]:
        rates.add_row(
            f"{row['asked_bps'] / 1e6:.0f} Mb/s", f"{row['had_bps'] / 1e6:.0f} Mb/s", f"{row['part_bytes']:,} B",
            f"{100 * row['lost']:.0f} %", f"{row['sent']:,}", f"{row['unread']:,}",
            f"{row['turns']:,} of {row['of']:,}", f"{100 * row['unicast_share']:.2f} %", f"{row['cores']:.2f}",
            f"{row['us_a_packet']:.1f}", f"{row['bps_a_core'] / 1e6:.0f} Mb/s",
        )  # fmt: skip
    codes = Table(
        "part", "symbols", "RaptorQ: encode", "join", "mend", "Reed-Solomon: encode", "join", "mend",
        title="coding a part, CPU",
    )  # fmt: skip
    for row in result["codes"]:
        times = [
            f"{row[name][what]:,.0f} µs" for name in ("raptorq", "rs") for what in ("encode_us", "join_us", "mend_us")
        ]
        codes.add_row(f"{row['bytes']:,} B", f"{row['k']} + {row['repair']}", *times)
    return [rates, codes]
