"""Aim: the event's target latency, as the watch page follows it (flow/watch/sync/target.js). Pure (see `base`).

`target.json` says where the target is and how it moves, and names its successor, which the server holds until it
exists. So a viewer asks once in fifteen seconds, and a change reaches all of them at once. Where there is none the
fallback stands, and is asked for again after one to three minutes.
"""

import json
from math import copysign
from random import Random
from typing import Any, NamedTuple
from urllib.parse import urljoin

from ringside.prove.crowd.player.base import Ask, Asks, Kind, Lane, Reply, Request, World

AGAIN_S = 1.0
"""To three times as long."""
NEVER_S = 60.0
SOON_S = 1.0
"""A 204 that comes sooner is a cache's."""
MOST_MS = 60_000


class Schedule(NamedTuple):
    """The target at Unix time t: `from_s` before `at_s`, then towards `to_s` by `slope` seconds a second."""

    version: int
    from_s: float
    to_s: float
    at_s: float
    slope: float
    next: str

    def at(self, utc_s: float) -> float:
        """The target at a Unix time, seconds."""
        way_s, passed_s = self.to_s - self.from_s, max(0.0, utc_s - self.at_s)
        moved_s = min(abs(way_s), passed_s * self.slope)
        return self.from_s + copysign(moved_s, way_s)


def still(target_s: float) -> Schedule:
    """A target that never moves."""
    return Schedule(0, target_s, target_s, 0.0, 1.0, "")


def read(body: bytes) -> Schedule | None:
    """What a `target.json` says; None where it is none."""
    try:
        told: dict[str, Any] = json.loads(body)
        target_ms = told["target_ms"]
        from_ms = told.get("from_ms", target_ms)
        if not (0 <= target_ms <= MOST_MS and 0 <= from_ms <= MOST_MS):
            return None
        slope = max(0.001, abs(told.get("slope", 0.04)))
        at_s = told.get("at_ms", 0) / 1000
        return Schedule(told.get("version", 0), from_ms / 1000, target_ms / 1000, at_s, slope, told.get("next", ""))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


class Aim:
    """One viewer's knowledge of the target of the event whose files are beside `base`."""

    __slots__ = ("_first", "_rng", "_world", "schedule")

    def __init__(self, world: World, base: str, rng: Random, fallback_s: float) -> None:
        self._world = world
        self._rng = rng
        self._first = world.request(urljoin(base, "target.json"), Kind.TARGET, keep=True)
        self.schedule = still(fallback_s)

    def start(self) -> Asks:
        """Ask where the target is."""
        return (Ask(Lane.TARGET, self._first),)

    def received(self, now_s: float, reply: Reply) -> Asks:
        """An answer, whatever its status."""
        request = reply.request
        found = read(reply.body) if reply.status == 200 else None
        if request is self._first:
            self.schedule = found or self.schedule
            if found is not None and found.next:
                return self._follow(found)
            return self._again(now_s, request, NEVER_S if found or reply.status == 404 else AGAIN_S)
        if found is not None and found.next and found.version > self.schedule.version:
            self.schedule = found
            return self._follow(found)
        if reply.status == 204:
            return self._again(now_s, request, 0.0 if now_s - reply.sent_s > SOON_S else AGAIN_S)
        return self._again(now_s, self._first, AGAIN_S)

    def failed(self, now_s: float) -> Asks:
        """No answer."""
        return self._again(now_s, self._first, AGAIN_S)

    def _follow(self, schedule: Schedule) -> Asks:
        url = urljoin(self._first.url, schedule.next)
        return (Ask(Lane.TARGET, self._world.request(url, Kind.TARGET, keep=True)),)

    def _again(self, now_s: float, request: Request, wait_s: float) -> Asks:
        return (Ask(Lane.TARGET, request, now_s + wait_s * (1 + 2 * self._rng.random()) if wait_s else 0.0),)
