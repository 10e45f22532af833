"""A gateway: turns of one origin, from the group or from the feed, each told once and in order. Pure: no clock, no socket.

What enters: datagrams, changes of the feed, answers to repair, the passing of time. What leaves: actions, in the order
in which they are to be done, and its health. Whoever drives it does, after each call, first the actions, then
`push.reach(gateway.at)`. Every call may return actions; `tick` is to be called every TICK_S at the latest.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from ringside.core.feed import Message, Turn
from ringside.core.mabr import Description
from ringside.flow.relay.gateway.actions import Action

TICK_S = 0.02


class Gateway:
    """One session's receiver. The feed is to be open from the beginning, as after an OpenFeed."""

    def __init__(self, description: Description, now_ns: int) -> None:
        raise NotImplementedError

    def __repr__(self) -> str:
        raise NotImplementedError

    @property
    def at(self) -> Turn | None:
        """All up to this turn is published: a feed goes on after it. None: it must tell all that exists."""
        raise NotImplementedError

    def packet(self, data: bytes, source: str, now_ns: int) -> Sequence[Action]:
        """A datagram came from the address `source`."""
        raise NotImplementedError

    def swapped(self, exists: Iterable[Message], size: int, now_ns: int) -> Sequence[Action]:
        """The feed has told all that exists, in `size` bytes, and the hub has it; the next `fed` names its turn.

        Of what exists only Opened and Ranged are looked at.
        """
        raise NotImplementedError

    def resumed(self, now_ns: int) -> Sequence[Action]:
        """The feed has gone on after `at`, and told all that was missed."""
        raise NotImplementedError

    def fed(self, turn: Turn | None, messages: Sequence[Message], now_ns: int) -> Sequence[Action]:
        """The feed told a turn. None: its origin numbers no turns, so nothing can be taken from a group."""
        raise NotImplementedError

    def feed_ended(self, now_ns: int) -> Sequence[Action]:
        """The feed ended, broke or was refused, without a CloseFeed; it is being tried again."""
        raise NotImplementedError

    def repaired(self, number: int, pieces: Sequence[tuple[int, bytes]], now_ns: int) -> Sequence[Action]:
        """The answer to Ask `number`: (first, bytes) as they lie in the resource, more or less than asked for, or
        nothing where it failed."""
        raise NotImplementedError

    def refused(self, now_ns: int) -> Sequence[Action]:
        """The hub did not take what was to be published: all is to be told anew."""
        raise NotImplementedError

    def tick(self, now_ns: int) -> Sequence[Action]:
        """Time has passed."""
        raise NotImplementedError

    def clock(self, ahead_ns: int) -> None:
        """The sender's clock is so much ahead of ours; for the delay only."""
        raise NotImplementedError

    def describe(self, unread: int, buffer_bytes: int) -> dict[str, Any]:
        """For the status page, JSON-ready; `unread`: datagrams the kernel had no room for, of `buffer_bytes`."""
        raise NotImplementedError
