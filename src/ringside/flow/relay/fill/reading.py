"""Reading: what the frames of one feed mean: all that exists, or what was missed, and then changes, turn by turn. Pure.

What enters: frames as they come, and the last turn that is here already. What leaves: steps. Changes of a turn come out
when its end has been heard, so that whoever is cut off has each turn whole or not at all, and can go on after it. An
origin of before there were turns marks none: its changes come out as they are read, and nothing can be gone on with.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, get_args

from ringside.core.feed import (
    Anew,
    Appended,
    Beat,
    BrokenFeed,
    Document,
    Frame,
    Fresh,
    Message,
    Playlist,
    Pulled,
    Synced,
    Turn,
)

TOLD = tuple(set(get_args(Message)) - {Pulled, Fresh})
MAX_TURN_BYTES = 64 << 20
MAX_TURN_MESSAGES = 100_000


class Whole(NamedTuple):
    """All that exists is told from here on, up to Synced; it takes the place of what was."""


class Exists(NamedTuple):
    """A part of all that exists."""

    message: Message


class Changes(NamedTuple):
    """What changed, all of it at once. `turn` says up to where everything is here; None: the origin marks no turns."""

    turn: Turn | None
    messages: list[Message]


Step = Whole | Exists | Synced | Changes


class Reading:
    """One feed. `after`: the last turn that is here; `path` is what to ask for."""

    def __init__(self, after: Turn | None = None) -> None:
        self._at = after
        self._changes: list[Message] = []
        self._bytes = 0
        self._begun = self._gathers = self._is_synced = self._marked = False
        self.path = "/feed?turns" if after is None else f"/feed?since={after.epoch}.{after.number}"

    def __repr__(self) -> str:
        return f"<Reading {self.path} at {self._at}>"

    def take(self, frames: Iterable[Frame]) -> Iterator[Step]:
        """The steps that `frames` complete. Raises BrokenFeed at what no origin tells."""
        for frame in frames:
            if not isinstance(frame, TOLD):
                raise BrokenFeed(f"an origin does not send {type(frame).__name__}")
            if not isinstance(frame, Beat):
                yield from self._step(frame)
        if self._changes and not self._marked:
            yield self._batch(None)

    def _step(self, frame: Message) -> Iterator[Step]:
        if not self._begun and not isinstance(frame, Turn):
            yield self._anew()
        if isinstance(frame, Turn):
            yield from self._turn(frame)
        elif isinstance(frame, Synced):
            yield self._synced(frame)
        elif isinstance(frame, Anew):
            if self._changes:
                yield self._batch(None)
            yield self._anew()
        elif self._gathers:
            yield Exists(frame)
        else:
            self._keep(frame)
        self._begun = True

    def _anew(self) -> Whole:
        self._gathers, self._is_synced, self._marked, self._at = True, False, False, None
        return Whole()

    def _synced(self, frame: Synced) -> Synced:
        if self._is_synced:
            raise BrokenFeed("synced twice")
        if self._changes:
            raise BrokenFeed("synced in the midst of a turn")
        self._gathers, self._is_synced = False, True
        return frame

    def _turn(self, frame: Turn) -> Iterator[Step]:
        at = self._at
        if not self._begun:
            if frame != at:
                raise BrokenFeed("it goes on after a turn that was not asked for")
        elif self._gathers:
            raise BrokenFeed("a turn before all that exists was told")
        elif at is None or (frame == at and not self._changes) or frame == Turn(at.epoch, at.number + 1):
            yield self._batch(frame)
        else:
            raise BrokenFeed(f"turn {frame.number} of {frame.epoch} after {at.number} of {at.epoch}")
        self._at, self._marked = frame, True

    def _keep(self, message: Message) -> None:
        self._changes.append(message)
        if isinstance(message, Appended):
            self._bytes += len(message.data)
        elif isinstance(message, Document | Playlist):
            self._bytes += len(message.body)
        if self._bytes > MAX_TURN_BYTES or len(self._changes) > MAX_TURN_MESSAGES:
            raise BrokenFeed("a turn that does not end")

    def _batch(self, turn: Turn | None) -> Changes:
        changes, self._changes, self._bytes = self._changes, [], 0
        return Changes(turn, changes)
