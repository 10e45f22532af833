"""Recorder: who is told what a Publisher decides about its windows, so that it can be decided again after a crash.

Calls come in the order in which things happen, within the call of the Publisher that returns their messages: what is
to survive can be written down before anybody is told. They are decisions, not causes: to repeat them on empty windows
takes no clock, no manifest writer and no candidates. A recorder must not raise.
"""

from typing import Protocol

from ringside.core.media import Chunk, Grid, Track


class Recorder(Protocol):
    """Hears of every operation on the windows of an event's tracks."""

    def opened(
        self, track: Track, grid: Grid, foreign: bool, limit_ticks: int, new_timing: bool, discontinuity: bool
    ) -> None:
        """Media that comes next is of `track`, with its header; `limit_ticks`: the longest part, 0 without parts."""

    def added(self, chunk: Chunk, session: int) -> None:
        """The window took a chunk: its data is what viewers get. One that was dropped is not told."""

    def filled(self, track: str, until_ticks: int) -> None:
        """The time up to `until_ticks` was accounted for by GAP."""

    def evicted(self, below: int) -> None:
        """Segments with numbers under `below` left the windows of all tracks."""

    def fixed(self, target_s: int, part_target_s: float) -> None:
        """Target duration and part target stand from now on."""

    def left(self, track: str) -> None:
        """Nothing more comes of this track, unless it is opened again."""

    def ended(self) -> None:
        """The event is over: every window was closed."""


class Unrecorded:
    """Nobody is told."""

    def opened(
        self, track: Track, grid: Grid, foreign: bool, limit_ticks: int, new_timing: bool, discontinuity: bool
    ) -> None:
        """Nothing."""

    def added(self, chunk: Chunk, session: int) -> None:
        """Nothing."""

    def filled(self, track: str, until_ticks: int) -> None:
        """Nothing."""

    def evicted(self, below: int) -> None:
        """Nothing."""

    def fixed(self, target_s: int, part_target_s: float) -> None:
        """Nothing."""

    def left(self, track: str) -> None:
        """Nothing."""

    def ended(self) -> None:
        """Nothing."""
