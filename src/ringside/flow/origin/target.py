"""Target: the latency that every player of the event steers to, and how it moves. Pure.

What enters: the operator's orders, each with the time at which it came, and the target that is to be. What leaves: a
Schedule, which gives the target at any instant of Unix time, and the messages by which players hear of it.

A change begins two seconds after it was ordered, when all who are held for it have heard, and moves by `SLOPE`, which
playback rates can follow: so nobody has to jump, and everyone is on the way together. Where the target is just moving
the same way, it goes on as it does; where it moves the other way, it stops at once, and turns two seconds later.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

from ringside.core.feed import Cache, Document, Expected, Message, Removed

MS = 1_000_000  # nanoseconds
LEAST_S, MOST_S = 0.1, 60.0
LEAD_MS = 2000
SLOPE = 0.04
HOLD_S = 15
KEPT = 8  # versions, for players who ask for one that is not the newest any more
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Schedule:
    """The target: `from_ms` until `at_ms` of Unix time, from then on moving towards `target_ms` by `slope` ms per ms.

    `version` grows with each change.
    """

    version: int
    from_ms: int
    target_ms: int
    at_ms: int = 0
    slope: float = SLOPE

    @classmethod
    def of(cls, values: dict[str, Any]) -> "Schedule":
        """A schedule as `values` gives it back."""
        return cls(**{name: values[name] for name in cls.__slots__})

    def values(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)

    def at(self, now_ns: int) -> float:
        """The target at `now_ns` of Unix time, ms."""
        moved = max(0.0, (now_ns / MS - self.at_ms) * self.slope)
        way = self.target_ms - self.from_ms
        return self.target_ms if moved >= abs(way) else self.from_ms + (moved if way > 0 else -moved)

    def change(self, to_ms: int, now_ns: int) -> "Schedule":
        """The schedule once `to_ms` has been ordered at `now_ns`; the same where that is the target already."""
        if to_ms == self.target_ms:
            return self
        begins_ns = now_ns + LEAD_MS * MS
        left, wanted = self.target_ms - self.at(begins_ns), to_ms - self.at(begins_ns)
        if left * wanted > 0 and self.at_ms * MS <= now_ns:
            return Schedule(self.version + 1, self.from_ms, to_ms, self.at_ms)
        return Schedule(self.version + 1, round(self.at(now_ns)), to_ms, begins_ns // MS)


def begun(target_s: float, now_ns: int) -> Schedule:
    """The schedule of an event that begins."""
    to_ms = round(target_s * 1000)
    return Schedule(now_ns // 10**9, to_ms, to_ms)


def milliseconds(target_s: object) -> int:
    """A target in seconds, as somebody sent it, in ms. Raises ValueError with a sentence."""
    if isinstance(target_s, bool) or not isinstance(target_s, int | float):
        raise ValueError('the target is a number of seconds, as in {"target_s": 3}')
    if not LEAST_S <= target_s <= MOST_S:
        raise ValueError(f"the target is {LEAST_S:g} to {MOST_S:g} seconds, not {target_s!r:.12}")
    return round(target_s * 1000)


class Board:
    """Where players read the schedule: `target.json`, and the version to come, for which they are held."""

    def __init__(self, event: str, schedule: Schedule) -> None:
        self._folder = f"/live/{event}"
        self.schedule = schedule

    def __repr__(self) -> str:
        return f"<Board {self.schedule.target_ms} ms, version {self.schedule.version}>"

    def begin(self) -> list[Message]:
        """To be sent first."""
        return [*self._newest(), Expected(self._path(self.schedule.version + 1), HOLD_S)]

    def order(self, to_ms: int, now_ns: int) -> list[Message]:
        """Somebody orders a target; nothing follows where it is the target already."""
        before = self.schedule
        self.schedule = before.change(to_ms, now_ns)
        if self.schedule is before:
            return []
        return [*self.begin(), Removed(self._path(self.schedule.version - KEPT))]

    def describe(self, now_ns: int) -> dict[str, Any]:
        """For the status page, JSON-ready; `now_ms` is the target at `now_ns`."""
        now_ms = round(self.schedule.at(now_ns))
        return {"now_ms": now_ms, **self.schedule.values()}

    def _path(self, version: int) -> str:
        return f"{self._folder}/target/{version}.json"

    def _newest(self) -> list[Message]:
        """The schedule by both its names, for those who come and those who were held."""
        version = self.schedule.version
        body = json.dumps({**self.schedule.values(), "next": f"target/{version + 1}.json"}).encode()
        return [
            Document(f"{self._folder}/target.json", body, JSON, Cache.SHORT),
            Document(self._path(version), body, JSON, Cache.IMMUTABLE),
        ]
