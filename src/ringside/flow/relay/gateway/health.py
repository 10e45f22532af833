"""Health: what a gateway has received, lost, mended and spared, counted as it happens. Pure.

What enters: what happened, by track. What leaves: the numbers for the status page. Unicast would have cost the bytes of
every message published; what did come by unicast is what the feed told and what repair answered. Both are reckoned by
the same measure (`weight`), so that their ratio is the truth: it leaves out the headers of HTTP on both sides.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ringside.core.feed import Appended, Document, Message, Playlist

REASONS = ("length", "header", "tsi", "source", "forged", "replayed", "info", "symbol", "late", "full")
FRAME_BYTES = 24  # of any frame of the feed, about
DELAYS = 1024  # remembered


@dataclass(slots=True)
class Track:
    """Counts since the beginning. `lost`: packets sent and not received; `missing`: objects nobody brought in time."""

    packets: int = 0
    lost: int = 0
    objects: int = 0
    mended_by_fec: int = 0
    mended_by_unicast: int = 0
    missing: int = 0
    group_bytes: int = 0
    unicast_bytes: int = 0
    unicast_cost_bytes: int = 0


TrackOf = Callable[[int], Track | None]  # by blob


def weight(message: Message) -> int:
    """About how many bytes it takes on the feed."""
    size = FRAME_BYTES + len(getattr(message, "path", ""))
    if isinstance(message, Appended):
        size += len(message.data)
    elif isinstance(message, Document):
        size += len(message.body)
    elif isinstance(message, Playlist):
        size += len(message.body) + len(message.delta)
    return size


class Health:
    """The counters of one gateway. `tracks` are those of the description, by name."""

    def __init__(self, names: Iterable[str]) -> None:
        self.tracks = {name: Track() for name in names}
        self.dropped: Counter[str] = Counter()
        self.group_bytes = self.unicast_bytes = self.cost_bytes = 0
        self._since: tuple[int, int] | None = None  # unicast and cost at the first switch to the group
        self._delays_ms: deque[float] = deque(maxlen=DELAYS)

    def received(self, track: Track | None, size: int) -> None:
        """A packet of `size` bytes, authentic and new; of no track: news and the like."""
        self.group_bytes += size
        if track is not None:
            track.packets += 1
            track.group_bytes += size

    def published(self, messages: Sequence[Message], track_of: TrackOf) -> None:
        """Messages that unicast would have had to bring."""
        self.cost_bytes += sum(map(weight, messages))
        for track, size in _media(messages, track_of):
            track.unicast_cost_bytes += size

    def fed(self, messages: Sequence[Message], track_of: TrackOf) -> None:
        """Messages that the feed did bring."""
        self.unicast_bytes += sum(map(weight, messages))
        for track, size in _media(messages, track_of):
            track.unicast_bytes += size

    def snapshot(self, size: int) -> None:
        """All that exists was told anew, which only unicast can."""
        self.unicast_bytes += size
        self.cost_bytes += size

    def repaired(self, size: int, track: Track | None) -> None:
        """An answer to repair."""
        self.unicast_bytes += size
        if track is not None:
            track.unicast_bytes += size

    def delayed(self, delay_ns: int) -> None:
        """From sending to being published."""
        self._delays_ms.append(delay_ns / 1e6)

    def switched(self) -> None:
        """The group has taken over."""
        if self._since is None:
            self._since = (self.unicast_bytes, self.cost_bytes)

    def describe(self) -> dict[str, Any]:
        """JSON-ready; shares in per cent, None where there is nothing to take a share of."""
        since = None
        if self._since is not None:
            since = _offload(self.unicast_bytes - self._since[0], self.cost_bytes - self._since[1])
        return {
            "dropped": {reason: self.dropped[reason] for reason in REASONS},
            "tracks": {name: asdict(track) for name, track in self.tracks.items()},
            "offload_percent": since,
            "offload_in_all_percent": _offload(self.unicast_bytes, self.cost_bytes),
            "group_bytes": self.group_bytes,
            "unicast_bytes": self.unicast_bytes,
            "unicast_cost_bytes": self.cost_bytes,
            "delay_ms": {"p50": self._delay_ms(0.5), "p95": self._delay_ms(0.95)},
        }

    def _delay_ms(self, share: float) -> float | None:
        ordered = sorted(self._delays_ms)
        return round(ordered[int(share * (len(ordered) - 1))], 1) if ordered else None


def _offload(unicast: int, cost: int) -> float | None:
    return round(100 * (1 - unicast / cost), 2) if cost > 0 else None


def _media(messages: Sequence[Message], track_of: TrackOf) -> Iterator[tuple[Track, int]]:
    for message in messages:
        if isinstance(message, Appended) and (track := track_of(message.blob)) is not None:
            yield track, len(message.data)
