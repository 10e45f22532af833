"""Mend: media that the group did not bring whole is asked for by unicast, as little of it as will do. Pure.

What enters: media that news have named, what of it is there, answers, and time. What leaves: questions, so many at a
time, the oldest first; what had no answer before its deadline. Repair symbols go out before the news, so once the
stragglers had their time waiting gains nothing; `short` source symbols, any of those that are missing, are enough.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from ringside.core.alc import Gather
from ringside.core.feed.news import MediaRef
from ringside.flow.relay.gateway.actions import Ask
from ringside.flow.relay.gateway.order import Key, key_of

MAX_RUNS = 8  # ranges of one question
MAX_ASKED = 16  # questions under way
MAX_ASKED_BYTES = 8 << 20
MAX_WANTED = 1024
MOST_TRIES = 5
PARTLY = 2  # tries for what is missing; then the whole is asked for
PAUSE_NS = 50_000_000  # before the next try, after one that failed
AGAIN_NS = 1_000_000_000  # before the next tries for what nobody gave

Run = tuple[int, int]  # first and end, bytes


def runs(missing: Sequence[int], short: int, symbol: int, length: int, most: int = MAX_RUNS) -> list[Run]:
    """Byte ranges, at most `most`, that hold `short` of the `missing` source symbols (ascending) in few bytes.

    The `short` neighbours that lie closest together are cut at their widest gaps.
    """
    short = min(short, len(missing))
    if short <= 0:
        return []
    first = min(range(len(missing) - short + 1), key=lambda at: missing[at + short - 1] - missing[at])
    chosen = missing[first : first + short]
    gaps = sorted(range(1, short), key=lambda at: chosen[at - 1] - chosen[at])[: most - 1]
    cuts = [0, *sorted(at for at in gaps if chosen[at] - chosen[at - 1] > 1), short]
    pairs = ((chosen[begin], chosen[end - 1]) for begin, end in pairwise(cuts))
    return [(begin * symbol, min((end + 1) * symbol, length)) for begin, end in pairs]


class Outcome(Enum):
    """What became of an answer."""

    WHOLE = "whole"
    SHORT = "short"
    WRONG = "wrong"


@dataclass(slots=True, eq=False)
class Want:
    """Media that is short. `due_ns`: the next question may be asked; `asked`: the number of the one under way."""

    ref: MediaRef
    told_ns: int
    due_ns: int
    patience_ns: int
    tries: int = 0
    asked: int | None = None
    asked_bytes: int = 0
    whole: bool = False  # ask for all of it
    again: bool = False  # it was overdue before


class Mend:
    """What is wanted by unicast. `reorder_ns`: how long stragglers are waited for after the news."""

    def __init__(self, reorder_ns: int) -> None:
        self._reorder_ns = reorder_ns
        self._wanted: dict[Key, Want] = {}
        self._asked: dict[int, Want] = {}
        self._number = 0
        self._since_ns = 0  # it may ask
        self._asks = False
        self.asked_bytes = 0  # under way

    def __repr__(self) -> str:
        return f"<Mend {len(self._wanted)} wanted, {len(self._asked)} asked, {self.asked_bytes} B>"

    def __len__(self) -> int:
        return len(self._wanted)

    def begin(self, now_ns: int) -> None:
        """From now on it asks."""
        if not self._asks:
            self._asks, self._since_ns = True, now_ns

    def end(self) -> None:
        """Ask no more: the feed brings all."""
        self._asks = False

    def want(self, ref: MediaRef, patience_ns: int, now_ns: int) -> None:
        """News name `ref`, which is not whole. What was never sent is asked for at once."""
        if key_of(ref) not in self._wanted and len(self._wanted) < MAX_WANTED:
            wait_ns = self._reorder_ns if ref.tsi else 0
            self._wanted[key_of(ref)] = Want(ref, now_ns, now_ns + wait_ns, patience_ns, whole=not ref.tsi)

    def have(self, key: Key) -> None:
        """It is there, wherever from."""
        self._wanted.pop(key, None)

    def forget(self) -> None:
        """Nothing is wanted any more."""
        self._wanted.clear()

    def questions(self, gathered: Callable[[MediaRef], Gather | None], now_ns: int) -> list[Ask]:
        """What is to be asked now; `gathered` says what there is of an object, None: nothing will be."""
        asks: list[Ask] = []
        if self._asks:
            for want in self._wanted.values():
                if want.asked is None and want.due_ns <= now_ns and want.tries < MOST_TRIES:
                    if len(self._asked) >= MAX_ASKED or self.asked_bytes >= MAX_ASKED_BYTES:
                        break
                    asks.append(self._ask(want, gathered(want.ref), now_ns))
        return asks

    def answered(self, number: int) -> Want | None:
        """The question has been answered, somehow: what it was about, wanted still or not; None: never asked."""
        want = self._asked.pop(number, None)
        if want is not None:
            self.asked_bytes -= want.asked_bytes
            want.asked = None
        return want

    def judged(self, ref: MediaRef, outcome: Outcome, now_ns: int) -> None:
        """What the answer was good for: what is not whole is asked for again, after a pause where it was no use."""
        want = self._wanted.get(key_of(ref))
        if outcome is Outcome.WHOLE or want is None:
            self.have(key_of(ref))
            return
        want.whole = want.whole or outcome is Outcome.WRONG or want.tries >= PARTLY
        want.due_ns = now_ns + (PAUSE_NS if outcome is Outcome.SHORT and want.whole else 0)

    def again(self, want: Want, now_ns: int) -> None:
        """What was overdue is wanted all the same, for there is nobody else to bring it."""
        key = key_of(want.ref)
        self._wanted[key] = Want(want.ref, now_ns, now_ns + AGAIN_NS, want.patience_ns + AGAIN_NS, again=True)
        self._wanted[key].whole = want.whole

    def overdue(self, now_ns: int) -> list[Want]:
        """What could not be had in time; it is not wanted any more."""
        if not self._asks:
            return []
        late = [
            want
            for want in self._wanted.values()
            if now_ns > max(want.told_ns, self._since_ns) + want.patience_ns
            or (want.tries >= MOST_TRIES and want.asked is None)
        ]
        for want in late:
            self.have(key_of(want.ref))
        return late

    def _ask(self, want: Want, gather: Gather | None, now_ns: int) -> Ask:
        ref = want.ref
        ranges = [(0, ref.n)]
        if gather is not None and not want.whole:
            symbol = gather.info.symbol
            ranges = runs(gather.missing(), gather.short, symbol, ref.n) or ranges
        self._number += 1
        want.asked, want.asked_bytes = self._number, sum(end - first for first, end in ranges)
        self._asked[self._number] = want
        self.asked_bytes += want.asked_bytes
        tries, want.tries = want.tries, want.tries + 1
        spread = tuple((ref.at + first, ref.at + end) for first, end in ranges)
        left_ns = max(want.told_ns, self._since_ns) + want.patience_ns - now_ns
        return Ask(self._number, ref.path, spread, tries, max(left_ns, PAUSE_NS))
