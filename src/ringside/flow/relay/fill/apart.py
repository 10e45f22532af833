"""Apart: how far this machine's clock is from the origin's, by its `/clock`.

Players show a picture at its capture time and a little, by the clock of the edge they are at: an edge whose clock is
wrong puts its viewers beside all others. What enters: the origin's answers, each with the times at which it was asked
for and came. What leaves: how far apart the clocks are, and how exactly that is known. The answer with the least round
trip counts (RFC 5905 §10); half of that is what cannot be known. An answer that a cache gave is none.
"""

import asyncio
import logging
from collections import deque
from datetime import UTC, datetime
from typing import Any, NamedTuple

import aiohttp

from ringside.core.clock import Clock

log = logging.getLogger(__name__)

MS = 1_000_000  # nanoseconds
EVERY_S = 5.0
SELDOM_S = 300.0  # where there is no such clock
KEPT = 12  # answers: a minute of them
ANSWER_S = 3.0
MOST_BYTES = 64
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

    def take(self, sample: Sample) -> None:
        """An answer has come. One that is no answer is left out."""
        if sample.trip_ns < 0 or (self._samples and sample.origin_ns == self._samples[-1].origin_ns):
            return
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

    def sentence(self) -> str:
        """What is worth a line in the log."""
        best = self._best()
        ahead_ms = 0.0 if best is None else best.ahead_ns / MS
        if not self.far:
            return "this machine's clock is right again"
        way = "ahead of" if ahead_ms > 0 else "behind"
        return f"this machine's clock is {abs(ahead_ms):.0f} ms {way} the origin's, and so are its viewers"

    def _best(self) -> Sample | None:
        return min(self._samples, key=lambda sample: sample.trip_ns, default=None)


def unix_ns(text: str) -> int:
    """Unix time of an xs:dateTime. Raises ValueError for anything else."""
    when = datetime.fromisoformat(text.strip())
    since = (when if when.tzinfo else when.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000


async def ask(session: aiohttp.ClientSession, url: str, clock: Clock) -> Sample | None:
    """One answer; None where there is none to be had from there. Raises OSError or aiohttp.ClientError."""
    asked_ns = clock.now_ns()
    async with session.get(url, timeout=aiohttp.ClientTimeout(total=ANSWER_S), allow_redirects=False) as reply:
        came_ns = clock.now_ns()
        text = await reply.content.read(MOST_BYTES)
        if reply.status != 200 or reply.headers.get("Age", "0") != "0":
            return None
    try:
        return Sample(asked_ns, unix_ns(text.decode()), came_ns)
    except (ValueError, OverflowError):
        return None


async def compare(apart: Apart, origin: str, clock: Clock, session: aiohttp.ClientSession) -> None:
    """Ask the clock of `origin` for ever, over a connection that is kept."""
    while True:
        every_s = EVERY_S
        try:
            sample = await ask(session, f"{origin}/clock", clock)
            if sample is None:
                every_s = SELDOM_S
            else:
                before = apart.far
                apart.take(sample)
                if apart.far != before:
                    log.warning("%s", apart.sentence())
        except (OSError, aiohttp.ClientError, TimeoutError) as error:
            log.debug("the origin's clock does not answer: %s", error)
        await asyncio.sleep(every_s)
