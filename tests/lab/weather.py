"""Weather: what a bad network does to packets, from a seed. Pure: a packet and a time in, when to send what out.

Delay and jitter, reordering (a packet stays behind so that later ones pass it), duplicates, random loss, and bursts:
for so long nothing at all passes, again and again. The same seed spoils the same packets in the same way.
"""

import random
from collections import Counter
from dataclasses import dataclass

MS = 10**6
BURST_APART = (0.5, 1.5)  # of `burst_every_s`: drawn, so that bursts do not keep step with segments
REORDER_MS = 5.0


@dataclass(frozen=True, slots=True)
class Weather:
    """Percentages of packets, milliseconds; a burst of `burst_ms` comes about each `burst_every_s`."""

    delay_ms: float = 0
    jitter_ms: float = 0
    reorder: float = 0
    duplicate: float = 0
    loss: float = 0
    burst_ms: float = 0
    burst_every_s: float = 10


class Fate:
    """Decides what becomes of each packet, and counts it."""

    def __init__(self, weather: Weather, seed: int, now_ns: int) -> None:
        self._weather = weather
        self._random = random.Random(seed)
        self._burst_ns = self._next_burst(now_ns)
        self.counts: Counter[str] = Counter()
        self.cut = False

    def _next_burst(self, now_ns: int) -> int:
        return now_ns + int(self._weather.burst_every_s * self._random.uniform(*BURST_APART) * 1e9)

    def in_burst(self, now_ns: int) -> bool:
        """Whether a burst is on."""
        if not self._weather.burst_ms:
            return False
        while now_ns >= self._burst_ns + self._weather.burst_ms * MS:
            self._burst_ns = self._next_burst(self._burst_ns)
            self.counts["bursts"] += 1
        return now_ns >= self._burst_ns

    def of(self, now_ns: int) -> list[int]:
        """When to send copies of a packet that came at `now_ns`; empty where it is lost."""
        weather, dice = self._weather, self._random
        self.counts["packets"] += 1
        lost, twice, behind = (dice.random() * 100 for _ in range(3))  # always drawn: one kind never moves another
        delay_ms = max(0.0, weather.delay_ms + dice.uniform(-1, 1) * weather.jitter_ms)
        if self.cut or self.in_burst(now_ns) or lost < weather.loss:
            self.counts["lost"] += 1
            return []
        if behind < weather.reorder:
            self.counts["reordered"] += 1
            delay_ms += REORDER_MS
        due = [now_ns + int(delay_ms * MS)]
        if twice < weather.duplicate:
            self.counts["duplicated"] += 1
            due.append(due[0])
        return due
