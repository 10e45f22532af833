"""Tide: what may leave the spool. Pure: rolls and times in, numbers of segments out.

A segment stays until the window has let go of it, the store has it, and it is further back than the DVR reaches. What
waits for a store that is down stays beyond that, until all of it together is too much: then the oldest gives way.
"""

from collections.abc import Iterator, Mapping

from ringside.core.catalog import Roll


class Tide:
    """Of one session. `dvr_s`: how far back viewers may go."""

    def __init__(self, dvr_s: float) -> None:
        self._dvr_ns = int(dvr_s * 1e9)
        self._first: dict[str, int] = {}

    def begin(self, track: str, roll: Roll) -> None:
        """A session is gone on with: nobody knows what is still there of a track, so all of it may be."""
        self._first[track] = roll.first

    def first(self, track: str) -> int:
        """The oldest segment of a track that is in the spool."""
        return self._first.get(track, 0)

    def ebb(self, track: str, roll: Roll, timescale: int, below: int, now_ns: int) -> list[int]:
        """The segments under `below` that may go now, and are taken to be gone."""
        number = first = max(self._first.get(track, roll.first), roll.first)
        horizon = (now_ns - self._dvr_ns) * timescale // 10**9
        while number < min(below, roll.after):
            segment = roll[number]
            if segment.start_ticks + segment.duration_ticks > horizon:
                break
            number += 1
        self._first[track] = number
        return [n for n in range(first, number) if not roll[n].gap]

    def overflow(
        self, rolls: Mapping[str, Roll], waiting: Mapping[str, int], limit_bytes: int
    ) -> Iterator[tuple[str, int]]:
        """The oldest segments that wait, so many that the rest have `limit_bytes` at most; `waiting`: tracks' first."""
        first = dict(waiting)
        size = {name: roll.bytes_from(first[name]) for name, roll in rolls.items()}
        while sum(size.values()) > limit_bytes:
            name = max((n for n, roll in rolls.items() if first[n] in roll), key=lambda n: size[n])
            size[name] -= rolls[name][first[name]].size
            yield name, first[name]
            first[name] += 1
