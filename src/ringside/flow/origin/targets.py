"""Targets: target duration and part target of an event, learnt while its first tracks arrive and never changed after.

Tracks locked to the event's timeline tell them by their grids. A foreign encoder's segments are as long as its
key frames are apart, so its first whole segment is waited for.
"""

import math
from fractions import Fraction

from ringside.core.media import NS_PER_S, Grid, Timeline, Track

QUIET_S = 0.5  # no further track has announced itself for so long: there are no more
ALMOST = Fraction(85, 100)


class Targets:
    """`target_s` and `part_target_s` (0: no track has parts); good once `fixed`."""

    def __init__(self, timeline: Timeline, settle_s: float) -> None:
        self.fixed = False
        self.target_s = timeline.target_s
        self.part_target_s = 0.0
        self.announced: set[str] = set()
        self._timeline = timeline
        self._settle_ns = int(settle_s * NS_PER_S)
        self._opened: dict[str, tuple[Grid, bool, bool]] = {}  # grid, foreign, parts
        self._first_ns: int | None = None
        self._newest_ns = 0

    def announce(self, name: str, now_ns: int) -> None:
        """Track `name` will come."""
        if name not in self.announced:
            self.announced.add(name)
            self._newest_ns = now_ns

    def withdraw(self, name: str) -> None:
        """Track `name` will not come after all."""
        self.announced.discard(name)

    def opened(self, track: Track, grid: Grid, foreign: bool, parts: bool, now_ns: int) -> None:
        """The first header of a track is here."""
        self._opened[track.name] = (grid, foreign, parts)
        if self._first_ns is None:
            self._first_ns = now_ns
        if track.name not in self.announced:
            self.announce(track.name, now_ns)

    def ready(self, with_media: set[str], complete_s: dict[str, float], now_ns: int) -> bool:
        """Whether what is known suffices; `complete_s` is the first complete segment's duration, by track."""
        if self._first_ns is None or not with_media:
            return False
        here = self.announced <= with_media and now_ns - self._newest_ns >= QUIET_S * NS_PER_S
        if not here and now_ns - self._first_ns < self._settle_ns:
            return False
        unlocked = [name for name, (_, foreign, _) in self._opened.items() if foreign]
        late = now_ns - self._first_ns > 3 * self._settle_ns  # one of several may never complete a segment
        return (any if late else all)(name in complete_s for name in unlocked) if unlocked else True

    def fix(self, complete_s: dict[str, float]) -> None:
        """From now on the targets stand."""
        if self.fixed:
            return
        foreign = [
            complete_s[name] for name, (_, is_foreign, _) in self._opened.items() if is_foreign and name in complete_s
        ]
        if foreign:
            self.target_s = max(self._timeline.target_s, *(max(1, math.floor(s + 0.5)) for s in foreign))
        grids = [grid for grid, _, parts in self._opened.values() if parts]
        self.part_target_s = self._part_target(grids)
        self.fixed = True

    def resume(self, target_s: int, part_target_s: float) -> None:
        """They stood before this origin began."""
        self.target_s, self.part_target_s, self.fixed = target_s, part_target_s, True

    def _part_target(self, grids: list[Grid]) -> float:
        """The longest part of any track, rounded up to 5 decimals. Sound that may still come is provided for."""
        if not grids:
            return 0.0
        longest = max(self._timeline.longest_part_s(grid) for grid in grids)
        sound = self._timeline.longest_part_s(Grid.audio())
        if longest < sound and longest >= ALMOST * sound:
            longest = sound
        return math.ceil(longest * 100_000) / 100_000
