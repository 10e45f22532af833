"""Candidate: one studio's delivery of one track: what it has sent of late, and how good that was.

Offers enter as they come; what it has for a given instant leaves. Kept is what came since its last independent chunk,
within bounds: with that, somebody who saw another studio's pictures so far can be shown this one's from now on.
"""

from collections import Counter, deque

from ringside.core.boxes import BoxError
from ringside.core.media import Chunk, Grid, Track
from ringside.core.studio import Studio
from ringside.flow.origin.select.offer import LATE, MISSING, SHOWN, Bridges, Offer

SILENT_NS = 1_000_000_000
MOST_KEPT = 1024
MOST_KEPT_BYTES = 16 * 2**20
RECENT, MANY = 10, 3  # so many of its newest chunks with frames missing make it a poor one


class Candidate:
    """A studio's run of a track. `session`: the number under which it is published."""

    def __init__(self, studio: Studio, track: Track, grid: Grid, session: int, bridges: Bridges) -> None:
        self.studio = studio
        self.track = track
        self.grid = grid
        self.session = session
        self.heard_ns = 0
        self.gone = False  # its request is over
        self.ended = False  # it said that nothing follows
        self.reached_ticks: int | None = None
        self.clean_ticks: int | None = None  # from here on it was without a fault and without a hole
        self.chunks = 0
        self.marks: Counter[str] = Counter()
        self._tolerance = grid.frame_ticks // 2 + 1
        self._bridges = bridges
        self._kept: deque[Offer] = deque()
        self._kept_bytes = 0
        self._gappy: deque[bool] = deque(maxlen=RECENT)
        self._faults: tuple[str, ...] = ()
        self._state = ""
        self.since_ns = 0

    def __repr__(self) -> str:
        return f"<Candidate {self.studio} {self.track.name} {len(self._kept)} kept {'gone' if self.gone else ''}>"

    @property
    def there(self) -> bool:
        """Whether more may come of it."""
        return not (self.gone or self.ended)

    @property
    def poor(self) -> str:
        """What is wrong with what it shows now, in a word; empty if nothing is."""
        shown = [fault for fault in self._faults if fault in SHOWN]
        return shown[0] if shown else MISSING if sum(self._gappy) >= MANY else ""

    @property
    def rank(self) -> tuple[bool, bool, int, str]:
        """Candidates in the order in which they are wanted: a stopgap last, then who shows less than it should."""
        return (self.studio.stopgap, bool(self.poor), self.studio.order, self.studio.name)

    def state(self, on_air: bool, now_ns: int) -> str:
        """How it is, in a word or two; `since_ns` is kept with it."""
        if not self.there:
            word = "ended" if self.ended else "gone"
        elif on_air:
            word = "on air"
        else:
            late = now_ns - self.heard_ns > SILENT_NS or LATE in self._faults
            word = self.poor or ("late" if late else "settling" if self.clean_ticks is None else "ready")
        if word != self._state:
            self._state, self.since_ns = word, now_ns
        return word

    def was_clean_since(self, ticks: int) -> bool:
        """Whether all it sent since then was without a fault."""
        return self.clean_ticks is not None and self.clean_ticks <= ticks + self._tolerance

    def take(self, offer: Offer) -> None:
        """Its next chunk."""
        self.chunks += 1
        self.heard_ns = offer.came_ns
        self.marks.update(offer.faults)
        self._faults = offer.faults
        self._gappy.append(MISSING in offer.faults)
        hole = self.reached_ticks is not None and abs(offer.start_ticks - self.reached_ticks) > self._tolerance
        self.reached_ticks = offer.end_ticks
        if offer.faults:
            self.clean_ticks = None
        elif self.clean_ticks is None or hole:
            self.clean_ticks = offer.start_ticks
        if offer.chunk.independent or self._kept:
            self._kept.append(offer)
            self._kept_bytes += len(offer.chunk.data)
        while len(self._kept) > MOST_KEPT or self._kept_bytes > MOST_KEPT_BYTES:
            self._forget(self._next_independent(1))

    def trim(self, ticks: int | None) -> None:
        """Keep what is needed from that instant on (None: from the newest on)."""
        needed = 0
        for i, offer in enumerate(self._kept):
            if offer.chunk.independent and (ticks is None or offer.start_ticks <= ticks + self._tolerance):
                needed = i
        self._forget(needed)

    def _next_independent(self, first: int) -> int:
        """The place of the next independent chunk that is kept, from `first` on."""
        places = (i for i, offer in enumerate(self._kept) if i >= first and offer.chunk.independent)
        return next(places, len(self._kept))

    def _forget(self, count: int) -> None:
        for _ in range(count):
            self._kept_bytes -= len(self._kept.popleft().chunk.data)

    def missed(self) -> None:
        """It was waited for in vain."""
        self.marks[LATE] += 1
        self.clean_ticks = None

    def first_after(self, ticks: int) -> Offer | None:
        """The oldest that it keeps of what is not over at that instant."""
        return next((offer for offer in self._kept if offer.end_ticks > ticks + self._tolerance), None)

    def holds(self, offer: Offer, ticks: int) -> bool:
        """Whether the offer, its first after that instant, leaves no hole behind it."""
        return offer.start_ticks <= ticks + self._tolerance

    def begins(self, offer: Offer, ticks: int) -> bool:
        """Whether the offer begins just there."""
        return abs(offer.start_ticks - ticks) <= self._tolerance

    def bridged(self, offer: Offer, ticks: int) -> Chunk | None:
        """What is needed to show the offer from that instant on to somebody who has seen nothing of it; None: it cannot
        be done.
        """
        pieces: list[bytes] = []
        for each in self._kept:
            if each.chunk.independent:
                pieces.clear()
            pieces.append(each.chunk.data)
            if each is offer:
                break
        try:
            data = self._bridges(pieces, ticks)
        except BoxError:
            return None
        chunk = offer.chunk
        return Chunk(
            chunk.track, chunk.number, chunk.part, ticks, offer.end_ticks - ticks, True, chunk.last, data,
            chunk.encoded_ns,
        )  # fmt: skip
