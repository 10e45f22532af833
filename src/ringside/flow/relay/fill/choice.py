"""Choice: which of several origins an edge takes its media from. Pure: what each told and when enters, a number leaves.

Health is lateness, never a ping. The newest part of each track is a turn, and all origins owe it from the moment at
which the first of them told it. Nobody is late for what nobody has: when the studio is away, all are well. The one that
is on the air stays there until it owes a turn for `late_ns`, or its feed is gone, and another owes nothing: there is no
way back by rank, for each move is a risk. `lateness_ns` is what is owed now, or was lately.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

LATELY_NS = 1_000_000_000
HOLD_NS = 500_000_000  # between two moves for lateness: two bad origins are no reason to go back and forth
MAX_OWED = 64  # turns of a track that are remembered
WHOLE = 1 << 30  # a part beyond all parts: the segment is whole

At = tuple[int, int]
"""A segment and a part of it; WHOLE: all of it."""


class Move(NamedTuple):
    """Take from origin `to` from now on; `why`: what the other did."""

    to: int
    why: str


@dataclass(slots=True)
class _Track:
    """The turns of one track, each with the time at which the first origin told it."""

    turns: deque[tuple[At, int]] = field(default_factory=lambda: deque(maxlen=MAX_OWED))

    def first_ns(self, at: At) -> int:
        """When the first turn beyond `at` was told; 0: there is none."""
        return next((told_ns for turn, told_ns in self.turns if turn > at), 0)


@dataclass(slots=True)
class _Origin:
    at: dict[str, At] = field(default_factory=dict)
    owes_ns: dict[str, int] = field(default_factory=dict)  # by track: since when
    worst: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=MAX_OWED))  # when, how late
    fed: bool = False

    @property
    def is_clear(self) -> bool:
        """It is heard, and owes nothing of the tracks that it has."""
        return self.fed and bool(self.at) and not (self.at.keys() & self.owes_ns.keys())

    def late_ns(self, now_ns: int) -> int:
        """For how long it has owed a turn of a track that it has."""
        return max((now_ns - since_ns for track, since_ns in self.owes_ns.items() if track in self.at), default=0)

    def missing_ns(self, now_ns: int) -> int:
        """For how long it has owed a track that it has not."""
        return max((now_ns - since_ns for track, since_ns in self.owes_ns.items() if track not in self.at), default=0)


class Choice:
    """Origins 0 to `count` - 1. `leader`: the one on the air, None before any has told all that it has."""

    def __init__(self, count: int, late_ns: int) -> None:
        self.leader: int | None = None
        self.switches = 0
        self.late_ns = late_ns
        self._origins = [_Origin() for _ in range(count)]
        self._tracks: dict[str, _Track] = {}
        self._moved_ns = 0

    def __repr__(self) -> str:
        return f"<Choice {self.leader} of {len(self._origins)}, {self.switches} switches>"

    def fed(self, origin: int, turns: Mapping[str, At], now_ns: int) -> None:
        """It has told all that it has, anew: `turns` are the newest, by track."""
        one = self._origins[origin]
        one.at.clear()
        one.owes_ns.clear()
        one.fed = True
        for track, at in turns.items():
            self.told(origin, track, at, now_ns)
        for track in self._tracks.keys() - turns.keys():
            one.owes_ns[track] = now_ns

    def hears(self, origin: int, fed: bool) -> None:
        """Whether its feed is there and heard."""
        self._origins[origin].fed = fed

    def told(self, origin: int, track: str, at: At, now_ns: int) -> None:
        """Its newest turn of `track`."""
        one, turns = self._origins[origin], self._tracks.setdefault(track, _Track()).turns
        if not turns or at > turns[-1][0]:
            turns.append((at, now_ns))
            for other in self._origins:
                other.owes_ns.setdefault(track, now_ns)
        since_ns = one.owes_ns.pop(track, now_ns)
        if now_ns > since_ns and track in one.at:
            one.worst.append((now_ns, now_ns - since_ns))
        one.at[track] = at
        if still_ns := self._tracks[track].first_ns(at):
            one.owes_ns[track] = still_ns

    def forget(self, track: str) -> None:
        """There is no such track any more."""
        self._tracks.pop(track, None)
        for one in self._origins:
            one.owes_ns.pop(track, None)
            one.at.pop(track, None)

    def lateness_ns(self, origin: int, now_ns: int) -> int:
        """How late it is, or was within the last second."""
        one = self._origins[origin]
        worst = [late_ns for at_ns, late_ns in one.worst if now_ns - at_ns <= LATELY_NS]
        return max([one.late_ns(now_ns), one.missing_ns(now_ns), *worst])

    def owed_ns(self, now_ns: int) -> int:
        """For how long the one on the air has owed media."""
        return self._origins[self.leader].late_ns(now_ns) if self.leader is not None else 0

    def look(self, now_ns: int) -> Move | None:
        """Whom to take from now on, where that is another; `moved` says that it is done."""
        if self.leader is None:
            first = next((number for number, one in enumerate(self._origins) if one.fed), None)
            return None if first is None else Move(first, "")
        leader = self._origins[self.leader]
        others = [number for number, one in enumerate(self._origins) if number != self.leader and one.is_clear]
        if not others:
            return None
        best = max(others, key=lambda number: (len(self._origins[number].at), -self.lateness_ns(number, now_ns)))
        why = self._why(leader, self._origins[best], now_ns)
        return Move(best, why) if why else None

    def _why(self, leader: _Origin, other: _Origin, now_ns: int) -> str:
        """Why to take from another than the leader; empty: there is no reason."""
        if not leader.fed:
            return "its feed is gone"
        if now_ns - self._moved_ns < HOLD_NS:
            return ""
        late_ns, missing_ns = leader.late_ns(now_ns), leader.missing_ns(now_ns)
        if late_ns >= self.late_ns and len(other.at) >= len(leader.at):
            return f"its media is {late_ns // 10**6} ms late"
        if missing_ns >= self.late_ns and len(other.at) > len(leader.at):
            return "it lacks a track"
        return ""

    def moved(self, to: int, now_ns: int) -> None:
        """`to` is on the air."""
        if self.leader is not None and to != self.leader:
            self.switches += 1
            self._moved_ns = now_ns
        self.leader = to
