"""Switchboard: the choices of all tracks of an event, and what the operator is told of them. Pure.

Candidates and their chunks enter, through `Intake`; Takes leave, for the Publisher.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from ringside.core.boxes.bridge import bridge
from ringside.core.boxes.header import Header
from ringside.core.media import NS_PER_S, Grid, Timeline, Track
from ringside.core.studio import Studio
from ringside.flow.origin.select.candidate import Candidate
from ringside.flow.origin.select.choice import Choice, Position, Take
from ringside.flow.origin.select.rows import rows

Positions = Callable[[str], Position]


class Switchboard:
    """One event's. `position(track)`: how far it is published; `wait_s`: see Choice."""

    def __init__(self, timeline: Timeline, wait_s: float, position: Positions) -> None:
        self.choices: dict[str, Choice] = {}
        self._timeline = timeline
        self._wait_ns = int(wait_s * NS_PER_S)
        self._position = position
        self._told: dict[str, int] = {}  # switches that were told, by track

    def enter(self, studio: Studio, track: Track, grid: Grid, header: Header, session: int, now_ns: int) -> Candidate:
        """A studio begins to send a track."""
        bridges = partial(_bridge, header)
        candidate = Candidate(studio, track, grid, studio.session or session, bridges)
        choice = self.choices.get(track.name)
        if choice is None:
            segment_ticks = int(self._timeline.segment_s * track.timescale)
            position = partial(self._position, track.name)
            choice = self.choices[track.name] = Choice(position, segment_ticks, self._wait_ns, now_ns)
        choice.enter(candidate)
        return candidate

    def due(self, track: str, now_ns: int) -> Iterator[Take]:
        """What is to be published now, a take at a time: each is to be published before the next is asked for."""
        choice = self.choices[track]
        while (take := choice.next(now_ns)) is not None:
            yield take

    @property
    def real_heard_ns(self) -> int:
        """When a studio that is no stopgap was last heard, of any track; 0: never."""
        return max((each.heard_ns for each in self._everyone() if not each.studio.stopgap), default=0)

    @property
    def has_stopgap(self) -> bool:
        """Whether the slate's own studio sends."""
        return any(each.there and each.studio.stopgap for each in self._everyone())

    def real_is_steady(self, now_ns: int, for_ns: int) -> bool:
        """Whether whatever a studio sends has been taken from studios for so long, and not from a stopgap."""
        choices = [
            choice
            for choice in self.choices.values()
            if any(each.there and not each.studio.stopgap for each in choice.candidates.values())
        ]
        return bool(choices) and all(choice.is_steady(now_ns, for_ns) for choice in choices)

    def _everyone(self) -> Iterator[Candidate]:
        return (each for choice in self.choices.values() for each in choice.candidates.values())

    @property
    def switches(self) -> int:
        """Changes from one studio to another, of all tracks."""
        return sum(choice.switches for choice in self.choices.values())

    def news(self) -> list[str]:
        """A line for each change of studios since this was last asked, tracks that changed alike in one."""
        alike: dict[str, list[str]] = {}
        for name, choice in self.choices.items():
            if choice.switches > self._told.get(name, 0):
                self._told[name] = choice.switches
                alike.setdefault(choice.why, []).append(name)
        return [f"{', '.join(names)}: {why}" for why, names in alike.items()]

    def describe(self, track: str, now_ns: int) -> list[dict[str, Any]]:
        """A track's candidates for the status page."""
        choice = self.choices.get(track)
        return [] if choice is None else rows(choice, now_ns)


def _bridge(header: Header, chunks: list[bytes], at_ticks: int) -> bytes:
    return bridge(chunks, header, at_ticks)
