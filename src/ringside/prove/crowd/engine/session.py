"""Session: one viewer in the engine: the player, its connections, and how fast this viewer can read."""

from math import inf
from random import Random

from ringside.prove.crowd.arrive.network import Link
from ringside.prove.crowd.arrive.tickets import Ticket
from ringside.prove.crowd.engine.connection import FIRST_READ, Connection
from ringside.prove.crowd.player.base import Lane, Player, Request
from ringside.prove.crowd.player.cmcd import Cmcd

LANES = len(Lane)
UNLIMITED = 1 << 20
SLICE_S = 0.05
TOLD_S = 0.005
"""A pause shorter than this is not worth making."""
LEAST_READ = 1024

Waiting = tuple[Lane, Request, str, int]
"""An ask for which no connection is free: lane, request, URL after redirects, redirects so far."""


class Session:
    """`lanes` holds the connection busy for each lane; `idle` those kept alive; `waiting` asks that found none free.

    `later` holds what each lane will ask for when its time has come."""

    __slots__ = (
        "allowed_s",
        "back",
        "cmcd",
        "connections",
        "discard_limit",
        "dvr_s",
        "gone",
        "idle",
        "index",
        "lanes",
        "later",
        "leave_s",
        "link",
        "player",
        "read_bps",
        "read_limit",
        "rng",
        "rtt_s",
        "seen_first",
        "ticket",
        "turn",
        "waiting",
    )

    player: Player

    def __init__(self, ticket: Ticket, link: Link, leave_s: float) -> None:
        self.ticket = ticket
        self.link = link
        self.index = ticket.index
        self.dvr_s = ticket.dvr_s
        self.leave_s = leave_s
        self.rng = Random(ticket.seed)
        self.lanes: list[Connection | None] = [None] * LANES
        self.idle: list[Connection] = []
        self.waiting: list[Waiting] = []
        self.later: dict[Lane, object] | None = None
        self.connections = 0
        self.gone = False
        self.seen_first = False
        self.back = False
        """Its connections had dropped, and it came again."""
        self.turn = ticket.index & 1
        self.rtt_s = link.rtt_ms / 1000
        self.allowed_s = 0.0
        self.cmcd: Cmcd | None = None
        self._pace(link.bytes_per_s)

    def _pace(self, rate: float) -> None:
        """Read at most `rate` bytes a second."""
        self.read_bps = 0.0 if rate == inf else rate * 8
        most = UNLIMITED if rate == inf else max(LEAST_READ, int(rate * SLICE_S))
        self.read_limit = min(FIRST_READ, most)
        self.discard_limit = min(UNLIMITED, most)

    def pace_at(self, t_s: float) -> None:
        """Read as fast as the line carries `t_s` seconds into the crowd."""
        if self.link.network.dip_every_s:
            self._pace(self.link.rate_at(t_s))

    def carried(self, received: int, now_s: float) -> bool:
        """The line has carried so many bytes; whether it is now busy for a while."""
        self.allowed_s = max(self.allowed_s, now_s) + received * 8 / self.read_bps
        return self.allowed_s - now_s > TOLD_S

    def paused(self, now_s: float) -> bool:
        """The line carries nothing just now."""
        return self.allowed_s > 0.0 and self.allowed_s - now_s > TOLD_S

    def source_address(self) -> str:
        """An address of the loopback network of this viewer's own: a port range serves one address only."""
        return f"127.{1 + self.index // 62_500 % 250}.{1 + self.index // 250 % 250}.{1 + self.index % 250}"

    def take_idle(self, origin: object) -> Connection | None:
        """A connection kept alive to this origin, the one used last first."""
        idle = self.idle
        for at in range(len(idle) - 1, -1, -1):
            if idle[at].origin is origin:
                return idle.pop(at)
        return None

    def close(self) -> None:
        """Close every connection; the viewer is gone."""
        for connection in (*self.lanes, *self.idle):
            if connection is not None:
                connection.close()
        self.lanes = [None] * LANES
        self.later = None
        self.idle.clear()
        self.waiting.clear()
