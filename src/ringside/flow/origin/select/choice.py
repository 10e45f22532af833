"""Choice: which candidate's chunk viewers of one track get next, and when to wait no longer for a better one.

Offers and the instant up to which the track is published enter; Takes leave, in order. Pure.

The theory. Someone is on the air, and stays there while it has what comes next: to change studios costs a bridge, and
whatever differs between two pictures of the same scene. Its turn ends when the next chunk is another's and has been
here for `wait_ns`, or at once when it is known that nothing comes (its request is over, it skipped this chunk, it said
that it is done). Then the others are asked in their order. It also ends when a candidate that ranks before it has been
faultless for a whole segment: at a segment's start, where that costs nothing; in mid-segment only if what is on the
air is poor (slate, black, frozen, frames missing) or a stopgap.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ringside.core.media import Chunk
from ringside.flow.origin.select.candidate import Candidate
from ringside.flow.origin.select.front import Front
from ringside.flow.origin.select.offer import LATE, SHOWN, Offer

DELIVERS_NS = 2_000_000_000  # who sent nothing for so long delivers nothing
PATIENCE_NS = 1_000_000_000  # an origin that was started again waits so long for who was on the air
MOST_CANDIDATES = 4


@dataclass(frozen=True, slots=True)
class Take:
    """Publish `chunk`, of `candidate`. `opens`: the track continues with the candidate's own header."""

    candidate: Candidate
    chunk: Chunk
    opens: bool


@dataclass(frozen=True, slots=True)
class Position:
    """How far the track is published: up to `end_ticks` (None: not at all), by `session`, with the header `init`.

    `lost`: GAP stands in for it since a segment's start, so that media comes back with the start of another.
    """

    end_ticks: int | None = None
    session: int = -1
    init: bytes = b""
    lost: bool = False


class Choice:
    """One track's. `position()` says what has become of the takes so far."""

    def __init__(self, position: Callable[[], Position], segment_ticks: int, wait_ns: int, now_ns: int) -> None:
        self.candidates: dict[str, Candidate] = {}
        self.switches = 0
        self.on_air: Candidate | None = None
        self.since_ns = now_ns
        self.why = ""  # the last change of studios
        self._position = position
        self._segment_ticks = segment_ticks
        self._wait_ns = wait_ns
        self._front = Front(wait_ns)
        self._reached: int | None = None  # the end of the last take, whether or not it was used
        self._last = position().session  # of the last take
        self._patient_until_ns = now_ns + PATIENCE_NS if self._last >= 0 else 0

    def __repr__(self) -> str:
        return f"<Choice {self.on_air} of {list(self.candidates.values())}>"

    def enter(self, candidate: Candidate) -> None:
        """A candidate, in place of an earlier one of the same studio; one that is gone makes room."""
        before = self.candidates.pop(candidate.studio.name, None)
        if before is not None:
            candidate.marks, candidate.chunks = before.marks, before.chunks
            if self.on_air is before:
                self.on_air = candidate
        gone = [name for name, each in self.candidates.items() if each.gone]
        while gone and len(self.candidates) >= MOST_CANDIDATES:
            del self.candidates[gone.pop(0)]
        self.candidates[candidate.studio.name] = candidate

    def offer(self, candidate: Candidate, offer: Offer) -> bool:
        """A chunk of a candidate has come; whether that is of any use. What a run has sent before it may send again."""
        over = offer.end_ticks <= (self._at() or 0)
        again = over and candidate.session == self._last
        if self._front.is_late(offer.end_ticks, offer.came_ns) and not again:
            offer = Offer(offer.chunk, offer.came_ns, offer.opens, (*offer.faults, LATE))
        candidate.take(offer)
        return not over or again

    def goes_on(self, without: Candidate, now_ns: int) -> bool:
        """Whether another studio than that one still delivers the track; a stopgap is none."""
        others = (each for each in self.candidates.values() if each is not without)
        return any(each.there and not each.studio.stopgap and now_ns - each.heard_ns <= DELIVERS_NS for each in others)

    def is_steady(self, now_ns: int, for_ns: int) -> bool:
        """Whether one studio, and no stopgap, has been on the air for so long."""
        on = self.on_air
        return on is not None and on.there and not on.studio.stopgap and now_ns - self.since_ns >= for_ns

    def next(self, now_ns: int) -> Take | None:
        """What is to be published now, if anything; the window has had what was taken before."""
        at, position = self._at(), self._position()
        for candidate in self.candidates.values():
            candidate.trim(at)
        take = self._seamless(at, position, now_ns) or self._after_hole(at, position, now_ns)
        if take is not None:
            self._took(take, now_ns)
        return take

    def _at(self) -> int | None:
        end = self._position().end_ticks
        return end if end is None or self._reached is None else max(end, self._reached)

    def _order(self, at: int | None) -> list[Candidate]:
        """Whom to ask: who is to take over from the one on the air, that one, then the others as they rank."""
        ranked = sorted(self.candidates.values(), key=lambda each: each.rank)
        on = self.on_air
        if on is None or at is None:
            return ranked
        before = [each for each in ranked if each is not on and self._takes_over(each, on, at)]
        return [*before, on, *(each for each in ranked if each is not on and each not in before)]

    def _takes_over(self, better: Candidate, on: Candidate, at: int) -> bool:
        """Whether this one is to go on the air as soon as it can, though the one that is there might go on."""
        if better.rank >= on.rank or not better.there or not better.was_clean_since(at - self._segment_ticks):
            return False
        offer = better.first_after(at)
        upcoming = on.first_after(at)
        opens = any(each is not None and each.opens and better.begins(each, at) for each in (offer, upcoming))
        return opens or on.studio.stopgap or bool(on.poor and not better.poor)

    def _seamless(self, at: int | None, position: Position, now_ns: int) -> Take | None:
        """The first in order that has what comes next; None while one before it may still bring it."""
        awaited: list[Candidate] = []
        for candidate in self._order(at):
            found = self._fitting(candidate, at, position)
            if found is None:
                if self._is_awaited(candidate, at):
                    awaited.append(candidate)
                continue
            offer, chunk, opens = found
            if awaited and now_ns < offer.came_ns + self._wait_ns:
                return None
            for each in awaited:
                each.missed()
            return Take(candidate, chunk, opens)
        return None

    def _is_awaited(self, candidate: Candidate, at: int | None) -> bool:
        """Whether what comes next may still come from this candidate, and is worth a little patience."""
        if at is None or not candidate.there or candidate.first_after(at) is not None:
            return False
        return candidate is self.on_air or candidate.was_clean_since(at - self._segment_ticks)

    def _fitting(self, candidate: Candidate, at: int | None, position: Position) -> tuple[Offer, Chunk, bool] | None:
        """A chunk of the candidate that goes on exactly at that instant: as it came, or made of several."""
        if at is None:
            offer = candidate.first_after(0)
            return None if offer is None else (offer, offer.chunk, True)
        offer = candidate.first_after(at)
        if offer is None or not candidate.holds(offer, at):
            return None
        opens = candidate.track.init != position.init
        begins = candidate.begins(offer, at)
        if position.lost or opens:
            return (offer, offer.chunk, opens) if begins and offer.opens else None
        if begins and (offer.chunk.independent or self._continues(candidate, at)):
            return offer, offer.chunk, False
        chunk = candidate.bridged(offer, at)
        return None if chunk is None else (offer, chunk, False)

    def _continues(self, candidate: Candidate, at: int) -> bool:
        """The last that was published is of the same run of the same studio, and ended there."""
        return candidate.session == self._last and (self._reached is None or self._reached == at)

    def _after_hole(self, at: int | None, position: Position, now_ns: int) -> Take | None:
        """Nobody has what comes next, nor will have it: whoever has what comes after that."""
        there = [(each, offer) for each in self._order(at) if (offer := each.first_after(at or 0)) is not None]
        if not there or at is None:
            return None
        candidate, offer = there[0]
        awaited = [each for each in self.candidates.values() if self._is_awaited(each, at)]
        until_ns = max(offer.came_ns + self._wait_ns if awaited else 0, self._patience(candidate))
        if now_ns < until_ns:
            return None
        for each in awaited:
            each.missed()
        return Take(candidate, offer.chunk, candidate.track.init != position.init)

    def _patience(self, candidate: Candidate) -> int:
        return 0 if candidate.session == self._last else self._patient_until_ns

    def _took(self, take: Take, now_ns: int) -> None:
        self._reached, self._last = take.chunk.start_ticks + take.chunk.duration_ticks, take.candidate.session
        self._patient_until_ns = 0
        before = self.on_air
        if before is take.candidate:
            return
        self.on_air, self.since_ns = take.candidate, now_ns
        if before is not None and before.studio.name != take.candidate.studio.name:
            self.switches += 1
            self.why = told(before, take.candidate)


def told(before: Candidate, after: Candidate) -> str:
    """That the one gave way to the other, and why."""
    if not before.there:
        why = f"{before.studio} {'has ended' if before.ended else 'is gone'}"
    elif before.poor and not after.poor:
        why = f"{before.studio} shows {before.poor}" if before.poor in SHOWN else f"{before.studio} has {before.poor}"
    else:
        why = f"{after.studio} is steady" if after.rank < before.rank else f"{before.studio} is late"
    return f"from {before.studio} to {after.studio}: {why}"
