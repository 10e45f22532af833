"""What is the same for every viewer of a plan, as the engine acts on it: headers, query, connections, time-outs."""

from collections.abc import Callable
from dataclasses import dataclass, field

from ringside.prove.crowd.engine.session import Session
from ringside.prove.crowd.player.base import Kind, Lane, Request

Personal = Callable[[Session, Lane, Request, str], tuple[str, tuple[tuple[str, str], ...]]]
"""What a viewer adds to a request of its own (CMCD, a token): the URL and headers to send."""


@dataclass(slots=True)
class Habits:
    """What is the same for every viewer: headers, query, the most connections to one origin, time-outs."""

    headers: tuple[tuple[str, str], ...]
    query: str = ""
    connections: int = 6
    first_byte_s: dict[Kind, float] = field(default_factory=dict)
    whole_s: dict[Kind, float] = field(default_factory=dict)
    idle_s: dict[Kind, float] = field(default_factory=dict)
    resends: bool = True
    personal: Personal | None = None
