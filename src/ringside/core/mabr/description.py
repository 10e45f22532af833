"""What a multicast session is, as a gateway must know it: where each track is sent, how it is mended and verified.

Nothing here knows XML (`document`), files or sockets.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

FEC_NONE, FEC_RS, FEC_RAPTORQ = 0, 5, 6  # FEC encoding IDs: RFC 5445 3, RFC 5510 5, RFC 6330


class BadDescription(Exception):
    """A description that cannot be used: one sentence naming the element."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where one transport session is: an IPv4 group, a UDP port, its only sender (None: any), a TSI (RFC 5651 5.1)."""

    group: str
    port: int
    source: str | None
    tsi: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A session: `news` and the tracks by name, `fec` with `overhead` per cent, symbols of `symbol` bytes.

    `origin` is the base URL of what is sent, `repair` the base URLs where it can be had by unicast, best first. A
    gateway waits `reorder_ms` for stragglers. Packets carry a MAC by `key` (32 bytes), news a signature by the holder
    of `public` (ed25519, 32 bytes). It is good until `until`, Unix seconds. `rates` are the tracks' most, bit/s.
    """

    event: str
    origin: str
    news: Endpoint
    tracks: dict[str, Endpoint]
    fec: int
    overhead: int
    symbol: int
    repair: tuple[str, ...]
    reorder_ms: int
    key: bytes
    public: bytes
    until: int
    rates: Mapping[str, int] = field(default_factory=dict)
