"""The bulletin: when which news is told, and told again. Pure: turns and the time enter, objects leave.

News of a turn go when its media has gone, so that whoever has them knows that no more of it comes. They carry the two
turns before as well; they are repeated once, past a burst of losses; and while nothing is new the newest is repeated,
so that silence means that the group is gone. Each second a checkpoint: all playlists and documents, to which the news
that follow refer. It goes in two halves, each of which is enough.
"""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import replace

from ringside.core.feed import Message
from ringside.core.feed.news import MediaRef, TooMuch, TurnOf, Writer
from ringside.flow.relay.sender.packets import Coding, Object
from ringside.flow.relay.sender.plan import Numbers
from ringside.flow.relay.sender.session import NEWS_TSI

TOGETHER = 3  # turns in one object of news
AGAIN_NS = 60_000_000
SILENCE_NS = 50_000_000
CHECKPOINT_NS = 1_000_000_000
HALF_NS = 300_000_000  # after a checkpoint's first half, its second
DOUBLE = 120  # per cent of repair symbols of a checkpoint: each half is enough
MOST_REPEATS = 64
NEVER_NS = 2**63


class Bulletin:
    """Makes news by `writer`. `counts`: `left_out` turns that no news can carry."""

    def __init__(self, writer: Writer, coding: Coding, numbers: Numbers) -> None:
        self._writer = writer
        self._coding = coding
        self._numbers = numbers
        self._epoch = 0
        self._recent: deque[TurnOf] = deque(maxlen=TOGETHER)
        self._repeats: deque[tuple[int, Object]] = deque(maxlen=MOST_REPEATS)
        self._newest: Object | None = None
        self._told_ns = 0
        self._checkpoint_ns = 0
        self._half: tuple[int, Object] | None = None  # of a checkpoint, and when it goes
        self.counts: Counter[str] = Counter()

    def __repr__(self) -> str:
        return f"<Bulletin of {self._recent[-1].number if self._recent else 'nothing'}>"

    def know(self, messages: Iterable[Message | MediaRef]) -> None:
        """What exists without being told in a turn."""
        self._writer.know(messages)

    def anew(self) -> None:
        """Nothing is known of the turns any more: none is told again."""
        self._recent.clear()
        self._repeats.clear()
        self._newest = None

    def tell(self, epoch: int, turn: TurnOf, now_ns: int) -> Object | None:
        """The news of a turn whose media has been sent; None when no news can carry it."""
        if epoch != self._epoch or (self._recent and self._recent[-1].number + 1 != turn.number):
            self.anew()
            self._epoch = epoch
        self._recent.append(turn)
        news = self._news()
        if news is None:
            self.anew()
            self.counts["left_out"] += 1
            self._writer.know(turn.messages)
            return None
        self._newest, self._told_ns = news, now_ns
        self._repeats.append((now_ns + AGAIN_NS, news))
        return news

    def due(self, now_ns: int, is_live: bool) -> Object | None:
        """What is to be told again, or a checkpoint; unless the origin `is_live` silence is not covered up."""
        if now_ns >= self._checkpoint_ns:
            self._checkpoint_ns = now_ns + CHECKPOINT_NS
            if (made := self._checkpoint()) is not None:
                self._half = (now_ns + HALF_NS, replace(made, half=1))
                return replace(made, half=0)
        if self._half is not None and now_ns >= self._half[0]:
            half, self._half = self._half[1], None
            return half
        if self._repeats and now_ns >= self._repeats[0][0]:
            self._told_ns = now_ns
            return self._repeats.popleft()[1]
        if is_live and self._newest is not None and now_ns - self._told_ns >= SILENCE_NS:
            self._told_ns = now_ns
            return self._newest
        return None

    def next_ns(self, is_live: bool) -> int:
        """When something is due next."""
        again = self._repeats[0][0] if self._repeats else NEVER_NS
        silence = self._told_ns + SILENCE_NS if is_live and self._newest is not None else NEVER_NS
        half = self._half[0] if self._half is not None else NEVER_NS
        return min(self._checkpoint_ns, half, again, silence)

    def _checkpoint(self) -> Object | None:
        """Also has the newest news written anew: what it referred to will be forgotten."""
        try:
            data = self._writer.checkpoint()
        except TooMuch:
            self.counts["no_checkpoint"] += 1
            return None
        if data is None:
            return None
        if self._recent and not self._repeats:
            self._newest = self._news() or self._newest
        return self._coding.object(NEWS_TSI, self._numbers.next(), "checkpoint", data, DOUBLE)

    def _news(self) -> Object | None:
        while self._recent:
            try:
                data = self._writer.news(self._epoch, tuple(self._recent))
                alone = len(data) <= self._coding.symbol  # being told again is its repair
                return self._coding.object(NEWS_TSI, self._numbers.next(), "news", data, 0 if alone else None)
            except (TooMuch, ValueError):
                if len(self._recent) == 1:
                    return None
                self._recent.popleft()
        return None
