"""Apart: how far this machine's clock is from the origin's, by its `/clock`.

Players show a picture at its capture time and a little, by the clock of the edge they are at: an edge whose clock is
wrong puts its viewers beside all others. What enters: the origin's answers, each with the times at which it was asked
for and came. What leaves: how far apart the clocks are, how exactly that is known, and when to ask again. The answer
with the least round trip counts (RFC 5905 §10); half of that is what cannot be known. An answer that a cache gave is
none. Pure; comparing asks.
"""

from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

MS = 1_000_000  # nanoseconds
EVERY_S = 5.0
SELDOM_S = 300.0  # where there is no such clock
KEPT = 12  # answers: a minute of them
FAR_NS = 50 * MS
NEAR_NS = 30 * MS


class Sample(NamedTuple):
    """One answer: Unix times by our clock, and by the origin's in between."""

    asked_ns: int
    origin_ns: int
    came_ns: int

    @property
    def trip_ns(self) -> int:
        """How long it took."""
        return self.came_ns - self.asked_ns

    @property
    def ahead_ns(self) -> int:
        """How far our clock is ahead of the origin's, give or take half of the trip."""
        return (self.asked_ns + self.came_ns) // 2 - self.origin_ns


class Apart:
    """The last minute's answers. `far`: the clocks are more than 50 ms apart, for sure; until they are within 30."""

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque(maxlen=KEPT)
        self.far = False

    def __repr__(self) -> str:
        return f"<Apart {self.describe()}>"

    def take(self, sample: Sample | None) -> float:
        """An answer has come, or none that could be one; how long to wait before asking again, s."""
        if sample is None:
            return SELDOM_S
        if sample.trip_ns >= 0 and not (self._samples and sample.origin_ns == self._samples[-1].origin_ns):
            self._add(sample)
        return EVERY_S

    def _add(self, sample: Sample) -> None:
        self._samples.append(sample)
        best = self._best()
        if best is not None:
            least_ns = abs(best.ahead_ns) - best.trip_ns // 2
            self.far = least_ns > (NEAR_NS if self.far else FAR_NS)

    def describe(self) -> dict[str, Any]:
        """JSON-ready: `clock_ahead_ms`, give or take `clock_within_ms`, and whether that is `clock_far`; or nothing."""
        best = self._best()
        if best is None:
            return {}
        ahead_ms, within_ms = best.ahead_ns / MS, best.trip_ns / 2 / MS
        return {"clock_ahead_ms": round(ahead_ms, 2), "clock_within_ms": round(within_ms, 2), "clock_far": self.far}

    def _best(self) -> Sample | None:
        return min(self._samples, key=lambda sample: sample.trip_ns, default=None)


def unix_ns(text: str) -> int:
    """Unix time of an xs:dateTime. Raises ValueError for anything else."""
    when = datetime.fromisoformat(text.strip())
    since = (when if when.tzinfo else when.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000


def heard(asked_ns: int, came_ns: int, status: int, age: str, body: bytes) -> Sample | None:
    """What an answer with this status, Age and body says; None where there is no such clock, or a cache gave it."""
    if status != 200 or age != "0":
        return None
    try:
        return Sample(asked_ns, unix_ns(body.decode()), came_ns)
    except (ValueError, OverflowError):
        return None


def sentence(told: Mapping[str, Any]) -> str:
    """What `Apart.describe` tells, as a line of a log."""
    if not told.get("clock_far"):
        return "this machine's clock is right again"
    ahead_ms = told["clock_ahead_ms"]
    return f"this machine's clock is {abs(ahead_ms):.0f} ms {'ahead of' if ahead_ms > 0 else 'behind'} the origin's"
