"""The group cut for 20 s and back, under 500 viewers of one gateway: stalls, and where the bytes came from meanwhile.

The sender's own host lets nothing out to the group (nftables); on loopback our relay stops. The gateway's own word on
its state, and since when it is so, is asked for four times a second.
"""

import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from rich.table import Table
from tests.lab import Weather, choose
from tests.small_event import SMALL

from bench.multicast.account import rose, together, totals
from bench.multicast.chain import Chain, chain
from bench.multicast.crowds import Crowd, felt, load
from bench.multicast.options import Options

VIEWERS, PLAYER = 500, "ringside"  # hls.js asks twenty times a second, and 500 of it need cores of their own
BEFORE_S, CUT_S, AFTER_S = 15.0, 20.0, 20.0
LOOK_S = 0.25


Seen = tuple[float, str, float, int, int]
"""Seconds, the gateway's state, since when it is so, bytes by the group, bytes by unicast."""


class Watch:
    """Looks at the gateway until told to stop."""

    def __init__(self, made: Chain) -> None:
        self._made, self._done = made, threading.Event()
        self.began_s = time.time()
        self.seen: list[Seen] = []
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._done.wait(LOOK_S):
            try:
                health = self._made.health(self._made.gateways[0])
            except (OSError, ValueError):
                continue
            by_group, by_unicast = (int(health.get(f"{way}_bytes", 0)) for way in ("group", "unicast"))
            since_s = float(health.get("since_ms", 0)) / 1000 - self.began_s
            at_s = round(time.time() - self.began_s, 2)
            self.seen.append((at_s, str(health.get("state")), round(since_s, 3), by_group, by_unicast))

    def stop(self) -> list[Seen]:
        """All that was seen."""
        self._done.set()
        self._thread.join()
        return self.seen


def _set(made: Chain, cut: bool) -> None:
    assert made.sender is not None
    if made.wire:
        made.wire.cut() if cut else made.wire.mend()
    elif cut:
        made.sender.host.cut()
    else:
        made.sender.host.mend()


def run(options: Options) -> dict[str, Any]:
    """One crowd, one cut."""
    viewers = options.viewers or (10 if options.quick else VIEWERS)
    player = options.player or PLAYER
    before_s, cut_s, after_s = (6.0, 6.0, 8.0) if options.quick else (BEFORE_S, CUT_S, AFTER_S)
    weather = None if choose().make else Weather()
    with (
        tempfile.TemporaryDirectory() as folder,
        chain(Path(folder), 1, weather, options.seed, encode=SMALL, sending=options.sending) as made,
    ):
        before = totals(made.health(made.gateways[0]))
        watch = Watch(made)
        crowd = Crowd(made.gateways[0], viewers, before_s + cut_s + after_s, made.folder, "--player", player)
        time.sleep(before_s)
        cut_at_s = time.time() - watch.began_s
        _set(made, True)
        time.sleep(cut_s)
        back_at_s = time.time() - watch.began_s
        _set(made, False)
        verdict = crowd.verdict()
        seen = watch.stop()
        sums = together([rose(before, totals(made.health(made.gateways[0])))])
    left, returned = moments(seen, cut_at_s, back_at_s)
    people = felt([verdict])
    return {
        "viewers": viewers, "player": player, "cut_s": cut_s, "crowd": people,
        "verdict": verdict, "counted": sums, "seen": seen,
        "cut_at_s": cut_at_s, "back_at_s": back_at_s, "left_after_s": left, "returned_after_s": returned,
        "failed": bool(people["stalls"] or people["failed"] or people["refused"] or left is None or returned is None),
    }  # fmt: skip


def moments(seen: list[Seen], cut_at_s: float, back_at_s: float) -> tuple[float | None, float | None]:
    """How long after the cut the gateway was off the group, and after the end of it on it again."""
    left = next((since - cut_at_s for _, state, since, *_ in seen if cut_at_s < since and state != "group"), None)
    back = next((since - back_at_s for _, state, since, *_ in seen if back_at_s < since and state == "group"), None)
    return left, back


def shown(result: dict[str, Any]) -> list[Table | str]:
    """One row."""
    table = Table(
        "viewers", "cut", "stalls", "failed", "refused", "on time", "off the group after", "on it again after",
        "by group", "by unicast", "missing", "crowd's cores",
    )  # fmt: skip
    crowd, sums = result["crowd"], result["counted"]
    times = [
        f"{each:.2f} s" if each is not None else "never"
        for each in (result["left_after_s"], result["returned_after_s"])
    ]
    table.add_row(
        f"{result['viewers']} {result['player']}", f"{result['cut_s']:.0f} s", str(crowd["stalls"]),
        str(crowd["failed"]),
        str(sum(crowd["refused"].values())), f"{100 * crowd['on_time']:.2f} %", *times,
        f"{sums['in_all_group_bytes'] / 1e6:.1f} MB", f"{sums['in_all_unicast_bytes'] / 1e6:.1f} MB",
        str(sums["missing"]), load(crowd),
    )  # fmt: skip
    return [table]
