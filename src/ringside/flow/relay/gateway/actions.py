"""Actions: what a gateway wants done; whoever drives it has hands (a hub, a feed, HTTP), the gateway has none."""

from dataclasses import dataclass

from ringside.core.feed import Message, Turn


@dataclass(frozen=True, slots=True)
class Publish:
    """Put the messages of `turn` into the hub, together. Where that fails: `Gateway.refused`."""

    turn: Turn | None
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class OpenFeed:
    """Be fed by the origin, after `Gateway.at` (None: all that exists), trying until CloseFeed; says why."""

    why: str


@dataclass(frozen=True, slots=True)
class CloseFeed:
    """The group gives all turns: hang up on the origin's feed."""


@dataclass(frozen=True, slots=True)
class Ask:
    """GET `path` with Range: each of `ranges` is (first, end), bytes of the resource, `end` not included.

    To be had from base URL `attempt` modulo how many there are, within `patience_ns`. The answer goes to
    `Gateway.repaired` with this `number`.
    """

    number: int
    path: str
    ranges: tuple[tuple[int, int], ...]
    attempt: int
    patience_ns: int


Action = Publish | OpenFeed | CloseFeed | Ask
