"""One player frozen 2 s, and its network cut 3 s: how long until it shows what the rest show, and by how many jumps.

The player has a browser of its own, all of whose processes are stopped (SIGSTOP), and a network of its own, a relay
that stops forwarding and then drops its connections; the rest play on in another browser. Back is within ±50 ms of the
rest's median for 2 s; time counts from the end of the fault. That it was felt is proved: the screen fell behind.
"""

import os
import signal
import time
from collections.abc import Callable
from typing import Any

from rich.table import Table

from bench.harness import Event
from bench.sync import figures
from bench.sync.event import event
from bench.sync.machine import Machine, words
from bench.sync.options import Options
from bench.sync.relay import Relay, relay
from bench.sync.room import Room, Seen, Window, room
from bench.sync.seats import now_ms, page_url, settle, strayed
from bench.sync.spread import moq

ROUNDS = 3
REST = 3
FROZEN_S, CUT_S = 2.0, 3.0
AFTER_S = 15.0
TARGET_S = 0.3
SETTLE_S = 15.0
GOAL_MS = 10_000
FELT_MS = 500


def run(options: Options) -> dict[str, Any]:
    """Each fault several times, in turn, on one event."""
    path = (options.paths or ["push"])[0]
    target_s = options.target_s or TARGET_S
    with (
        event("freeze", *moq([path]), frames_per_chunk=1, target_s=target_s) as running,
        relay(running.port) as network,
        room(options.seed) as there,
    ):
        alone = seat(there, running, path, target_s, options, network)
        settle(there, options, SETTLE_S)
        faults: dict[str, Callable[[], tuple[float, float]]] = {
            "frozen 2 s": lambda: freeze(there, alone),
            "network cut 3 s": lambda: cut(there, network),
        }
        if path == "moq":
            faults.pop("network cut 3 s")  # its packets are not TCP, and do not come by the relay
        rows = []
        with Machine(running.process.pid, there) as machine:
            for _ in range(1 if options.quick else ROUNDS):
                for name, fault in faults.items():
                    rows.append({"fault": name, **suffered(there, alone.players[0], fault, options)})
                    print(f"  {rows[-1]}", flush=True)
        went = strayed(there.players, [path] * len(there.players))
    return {"path": path, "rest": REST, "target_ms": target_s * 1000, "rounds": rows, "strayed": went,
            "machine": machine.result, "goal_ms": GOAL_MS}  # fmt: skip


def seat(there: Room, running: Event, path: str, target_s: float, options: Options, network: Relay) -> Window:
    """The rest, and the one that is to suffer."""
    for number in range(options.players - 1 if options.players else REST):
        there.open(page_url(running, path, target_s, number + 1), f"rest {number + 1}")
        there.stagger()
    alone = there.open(page_url(running, path, target_s, base=network.url), "alone", browser="alone")
    there.wait_playing(len(there.windows))
    return alone


def freeze(there: Room, alone: Window) -> tuple[float, float]:
    """Stop every process of a browser for two seconds; from when until when."""
    pids = there.pids("alone")
    alone.away = True
    began_ms = now_ms()
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(FROZEN_S)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        alone.away = False
    return began_ms, now_ms()


def cut(there: Room, network: Relay) -> tuple[float, float]:
    """Cut the network for three seconds; from when until when."""
    network.cut()
    began_ms = now_ms()
    there.watch(CUT_S)
    network.mend()
    return began_ms, now_ms()


def suffered(there: Room, one: Seen, fault: Callable[[], tuple[float, float]], options: Options) -> dict[str, Any]:
    """What a fault did to one player, seen against the rest."""
    began_ms, ended_ms = fault()
    there.watch(options.seconds or AFTER_S)
    until_ms = now_ms() - 200
    rest = [seen.screen for seen in there.players if seen is not one]
    mine = one.screen
    offsets = figures.offsets_ms(mine, rest, began_ms - 1000, until_ms)
    back = figures.back_ms(offsets, ended_ms)
    after = figures.between(mine.frames, began_ms - 100, until_ms)
    worst = max((abs(offset) for at_ms, offset in offsets if offset is not None and at_ms >= began_ms), default=0.0)
    final = figures.summary(abs(offset) for at_ms, offset in offsets if offset is not None and at_ms > until_ms - 3000)
    return {
        "began_ms": round(began_ms),
        "took_ms": round(ended_ms - began_ms),
        "back_ms": None if back is None else round(back),
        "jumps_ms": [by_ms for _, by_ms in figures.jumps(after)],
        "stood_ms": [round(long_ms) for _, long_ms in figures.stalls(after)],
        "farthest_ms": worst,
        "felt": worst >= FELT_MS,
        "off_at_the_end_ms": final,
        "path": one.said.get("path"),
        "offsets_by_second_ms": figures.by_second([(at, abs(off)) for at, off in offsets if off is not None]),
    }


def shown(result: dict[str, Any]) -> list[Table | str]:
    """A row for each fault."""
    head = ("fault", "took", "farthest behind", "stood still", "back within ±50 ms after", "visible jumps", "by, ms")
    table = Table(*head, "off in the last 3 s, p95", "path", "kept")
    for one in result["rounds"]:
        back = one["back_ms"]
        good = one["felt"] and back is not None and back <= result["goal_ms"] and len(one["jumps_ms"]) <= 1
        table.add_row(
            one["fault"],
            f"{one['took_ms']} ms",
            f"{one['farthest_ms']:.0f} ms" + ("" if one["felt"] else ": THE FAULT WAS NOT FELT"),
            " + ".join(f"{each}" for each in one["stood_ms"][:4]) or "-",
            "never" if back is None else f"{back / 1000:.2f} s",
            str(len(one["jumps_ms"])),
            ", ".join(f"{each:+.0f}" for each in one["jumps_ms"][:4]) or "-",
            f"{one['off_at_the_end_ms'].get('p95', 0):.0f}",
            str(one["path"]),
            "yes" if good else "no",
        )
    return [table, words(result["machine"]), *result["strayed"]]
