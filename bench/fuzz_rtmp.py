"""Noise against the RTMP server: `python -m bench fuzz rtmp [--seed N] [--count N] [--sessions SHARE]`.

A million inputs: AMF messages and FLV bodies, read and written back; a share of them whole sessions of recorded
publishers, spoilt as bytes or as messages. Then a live server: as many connections as it takes, each of which announces
and sends the most that it may, measured by what the process grows by. A crash is any exception that is not the peer's
refusal, a hang an input over some seconds of processor time. It prints the seed and the counts; a seed given back gives
the same noise. It ends with 1 where anything was found.
"""

import argparse
import os
import random
import socket
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from bench.harness import write
from ringside.core.clock import Wall
from ringside.core.rtmp.message import set_chunk_size
from ringside.flow.capture.rtmp.server import MAX_CONNECTIONS, RtmpSource

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "capture_rtmp"))

import rtmp_fuzz
import rtmp_fuzz_values
from rtmp_client import KEY, Publisher
from rtmp_sink import Recorder

BATCH = 2_000
MB = 1 << 20
MOST_BYTES = 16 * MB  # that a connection may cost
CHUNK_STREAMS, CHUNK_BYTES = 60, 4096
STRANGERS_MESSAGE, PUBLISHERS_MESSAGE = 16 << 10, 4 * MB  # the longest that are taken
SETTLE_S = 2.0


def main(words: list[str]) -> None:
    """Fuzz, print, and keep the result."""
    parser = argparse.ArgumentParser(prog="python -m bench fuzz rtmp", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--count", type=int, default=1_000_000, help="inputs in all")
    parser.add_argument("--sessions", type=float, default=0.1, help="share of them that are whole sessions")
    options = parser.parse_args(words)
    print(f"seed {options.seed}", flush=True)
    sessions = round(options.count * options.sessions)
    result = {"seed": options.seed, **_noise(options.seed, sessions, options.count - sessions), "live": _live()}
    _print(result)
    write("fuzz-rtmp", result)
    live = result["live"]
    most = max(live["stranger_bytes"], live["publisher_bytes"], result["peak_held_bytes"])
    if result["found"] or most > MOST_BYTES or not live["publishes"]:
        raise SystemExit(1)


def _noise(seed: int, sessions: int, values: int) -> dict[str, Any]:
    """Both kinds of inputs, on all cores."""
    began_s, ends, found = time.monotonic(), Counter[str](), list[str]()
    slowest_s = held = 0.0
    with ProcessPoolExecutor() as pool:
        whole = [pool.submit(rtmp_fuzz.run, seed, numbers, True) for numbers in _batches(sessions, BATCH // 20)]
        parts = [pool.submit(rtmp_fuzz_values.run, seed, numbers) for numbers in _batches(values, BATCH)]
        for at, value in enumerate(parts):
            _say("values", at, len(parts))
            read = value.result()
            ends, slowest_s = ends + read.ends, max(slowest_s, read.slowest_s)
            found += read.faults
        for at, session in enumerate(whole):
            _say("sessions", at, len(whole))
            report = session.result()
            ends, slowest_s = ends + report.reached, max(slowest_s, report.slowest_s)
            held = max(held, report.peak_held_bytes)
            found += [*report.crashes, *(f"seed {seed} input {n} took too long" for n in report.hangs)]
    return {
        "sessions": sessions, "values": values, "reached": dict(ends), "slowest_s": round(slowest_s, 3),
        "peak_held_bytes": int(held), "found": found, "took_s": round(time.monotonic() - began_s, 1),
    }  # fmt: skip


def _batches(count: int, size: int) -> list[range]:
    return [range(at, min(count, at + size)) for at in range(0, count, size)]


def _say(what: str, at: int, of: int) -> None:
    if sys.stderr.isatty() and at % 20 == 0:
        print(f"{what}: {at} of {of} batches", end="\r", file=sys.stderr, flush=True)


def _live() -> dict[str, Any]:
    """A live server: strangers who send all that they may of messages that never end, then a publisher who does."""
    source = RtmpSource("127.0.0.1", 0, "live", KEY, Wall())
    source.start(Recorder())
    before = _resident_bytes()
    strangers = [_greedy(source.port, STRANGERS_MESSAGE) for _ in range(MAX_CONNECTIONS - 1)]
    time.sleep(SETTLE_S)
    between, still_open = _resident_bytes(), len(source.connections)
    publisher = _greedy(source.port, PUBLISHERS_MESSAGE, publishes=True)
    time.sleep(SETTLE_S)
    after = _resident_bytes()
    for one in (*strangers, publisher):
        one.close()
    told = {
        "strangers": len(strangers), "left_open": still_open,
        "stranger_bytes": max(0, between - before) // len(strangers),
        "publisher_bytes": max(0, after - between), "publishes": _publishes(source.port),
    }  # fmt: skip
    source.stop()
    return told


def _greedy(port: int, announced: int, publishes: bool = False) -> socket.socket:
    """A connection that has sent all but the end of a message on each chunk stream, until the server had enough."""
    said = Publisher()
    peer = socket.create_connection(("127.0.0.1", port), timeout=5)
    try:
        peer.sendall(said.publish() if publishes else said.hello() + said.connect())
        _until(peer, b"NetStream.Publish.Start" if publishes else b"NetConnection.Connect.Success")
        peer.settimeout(0.5)
        peer.sendall(said.writer.write(set_chunk_size(CHUNK_BYTES)))
        for stream in range(10, 10 + CHUNK_STREAMS):
            head = bytes([stream]) + bytes(3) + announced.to_bytes(3) + bytes([9]) + (1).to_bytes(4, "little")
            chunks = [bytes(CHUNK_BYTES)] * (announced // CHUNK_BYTES - 1)  # but for the last
            peer.sendall(head + bytes([0xC0 | stream]).join(chunks))
    except OSError:
        pass  # the server has had enough, which it may
    return peer


def _until(peer: socket.socket, words: bytes) -> None:
    got = b""
    while words not in got:
        if not (data := peer.recv(65536)):
            raise ConnectionResetError
        got += data


def _publishes(port: int) -> bool:
    """Whether a publisher is still let in."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as peer:
        try:
            peer.sendall(Publisher().publish())
            _until(peer, b"NetStream.Publish.Start")
        except OSError:
            return False
        return True


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _print(result: dict[str, Any]) -> None:
    live = result["live"]
    print(
        f"{result['sessions'] + result['values']:,} inputs in {result['took_s']} s: {result['values']:,} AMF messages "
        f"and FLV bodies, {result['sessions']:,} whole sessions\n"
        f"{', '.join(f'{name} {n:,}' for name, n in sorted(result['reached'].items()))}\n"
        f"slowest {result['slowest_s']} s, most held by a session {result['peak_held_bytes'] / MB:.2f} MB\n"
        f"live: {live['strangers']} greedy strangers, {live['stranger_bytes'] / MB:.2f} MB each, {live['left_open']} "
        f"left open; a greedy publisher, {live['publisher_bytes'] / MB:.2f} MB; "
        f"{'another is let in' if live['publishes'] else 'NO OTHER IS LET IN'}\n{len(result['found'])} faults"
    )
    for fault in result["found"][:5]:
        print(f"  {fault}")
