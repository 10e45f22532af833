"""Ledger: what a track's playlist told its players, and when: parts, gaps, discontinuities, dates, or no answer at all.

`Account` is pure: texts and their times enter; when each part was first listed leaves, and every breach of the promise
that a number stays a number and that time goes on. `Ledger` is the thread that asks, 25 times a second. Times are Unix
seconds.
"""

import http.client
import re
import threading
import time
from dataclasses import dataclass, field
from itertools import pairwise
from types import TracebackType
from urllib.parse import urlsplit

from ringside.flow.mux.hls.playlist import MediaPlaylist, MediaSegment
from ringside.flow.mux.hls.tag import Malformed

EVERY_S = 0.04
PATIENCE_S = 1.0
SOON_S = 3.0
MOST_PARTS = 1000  # a whole segment is newer than any of its parts
NAME = re.compile(r"(\d+)\.(\d+)\.m4s")
Name = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Heard:
    """A part as it was first listed."""

    at_s: float
    gap: bool


@dataclass(slots=True)
class Account:
    """What the playlist has told so far; `breaches` are sentences."""

    parts: dict[Name, Heard] = field(default_factory=dict)
    segments: dict[int, Heard] = field(default_factory=dict)
    discontinuities: set[int] = field(default_factory=set)
    breaches: list[str] = field(default_factory=list)
    unanswered: list[tuple[float, float]] = field(default_factory=list)
    ended: bool = False
    _newest: Name = (-1, -1)
    _text: str = ""

    def take(self, text: str, at_s: float) -> None:
        """A playlist as it was at `at_s`."""
        if text == self._text:
            return
        self._text = text
        try:
            playlist = MediaPlaylist.parse(text)
        except Malformed as why:
            self._breach(f"no playlist: {why}")
            return
        self.ended = playlist.ended
        newest, dated_ns = (-1, -1), -1
        for number, segment in playlist.numbered():
            newest = max(newest, self._segment(number, segment, at_s))
            if (date := segment.program_date_time) is not None:
                if date.ns <= dated_ns:
                    self._breach(f"segment {number}: its date is not after that of the one before")
                dated_ns = date.ns
        if newest < self._newest:
            self._breach("part {}.{} was listed, and then the newest was {}.{}".format(*self._newest, *newest))
        self._newest = max(newest, self._newest)

    def _segment(self, number: int, segment: MediaSegment, at_s: float) -> Name:
        gap = segment.gap
        if segment.uri and number not in self.segments:
            self.segments[number] = Heard(at_s, gap)
        if segment.uri and segment.uri.rsplit("/", 1)[-1] != f"{number}.m4s":
            self._breach(f"segment {number} is called {segment.uri[:60]}")
        if segment.discontinuity:
            self.discontinuities.add(number)
        newest = (number, MOST_PARTS if segment.uri else -1)
        for part in segment.parts:
            if found := NAME.search(part.uri):
                name = int(found[1]), int(found[2])
                newest = max(newest, name)
                self.parts.setdefault(name, Heard(at_s, part.gap or gap))
        return newest

    def _breach(self, words: str) -> None:
        if len(self.breaches) < 50 and words not in self.breaches:
            self.breaches.append(words)

    def refused(self, from_s: float, until_s: float) -> None:
        """Nobody answered in between."""
        if self.unanswered and from_s - self.unanswered[-1][1] < 2 * EVERY_S:
            self.unanswered[-1] = self.unanswered[-1][0], until_s
        else:
            self.unanswered.append((from_s, until_s))

    def missing(self) -> list[int]:
        """Segments passed over: neither listed as media nor as a gap, between the first listed and the last."""
        known = sorted(self.segments)
        return [n for a, b in pairwise(known) for n in range(a + 1, b)]

    def heard(self) -> tuple[Heard, ...]:
        """All parts and segments so far; a copy, as the thread that asks goes on."""
        return (*tuple(self.parts.values()), *tuple(self.segments.values()))

    def gaps(self, after_s: float = 0.0) -> int:
        """Parts and segments first listed as GAP after an instant."""
        return sum(heard.gap and heard.at_s > after_s for heard in self.heard())

    def first_gap_s(self, after_s: float) -> float | None:
        """How long after an instant a GAP was first listed."""
        times = [h.at_s for h in self.heard() if h.gap and h.at_s > after_s]
        return min(times) - after_s if times else None

    def media_s(self) -> list[float]:
        """When parts with media were first listed, in order."""
        return sorted({heard.at_s for heard in tuple(self.parts.values()) if not heard.gap})

    def told_s(self) -> list[float]:
        """When parts were first listed, media or GAP, in order."""
        return sorted({heard.at_s for heard in tuple(self.parts.values())})

    def silence_s(self, from_s: float, until_s: float, media: bool = True) -> tuple[float, float]:
        """The longest time without a new part with media (or without any news), and when it ended."""
        times = self.media_s() if media else self.told_s()
        inside = [from_s, *(at_s for at_s in times if from_s < at_s < until_s), until_s]
        longest, ended_s = max((b - a, b) for a, b in pairwise(inside))
        return longest, ended_s

    def back_s(self, at_s: float, until_s: float, lull_s: float = 0.5) -> float | None:
        """How long after `at_s` media came steadily again; 0: it never ceased for `lull_s`; None: not till then.

        Silences count that begin within SOON_S of `at_s`: what comes later is another matter.
        """
        times = [at_s - lull_s, *(each for each in self.media_s() if at_s - lull_s < each < until_s), until_s]
        ends = [b for a, b in pairwise(times) if b - a >= lull_s and b > at_s and a < at_s + SOON_S]
        if not ends:
            return 0.0
        return None if ends[-1] >= until_s else ends[-1] - at_s


class Ledger:
    """Asks for a track's playlist for as long as it is entered; `account` may be read at any time."""

    def __init__(self, url: str) -> None:
        self.account = Account()
        self._parts = urlsplit(url)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self) -> "Ledger":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._done.set()
        self._thread.join(PATIENCE_S + 1)

    def _ask(self) -> None:
        connection = self._connection()
        while not self._done.wait(EVERY_S):
            began_s = time.time()
            try:
                connection.request("GET", self._parts.path)
                response = connection.getresponse()
                body = response.read()
                if response.status == 200:
                    self.account.take(body.decode(), time.time())
                else:
                    self.account.refused(began_s, time.time())
            except (OSError, http.client.HTTPException):
                self.account.refused(began_s, time.time())
                connection.close()
                connection = self._connection()
        connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._parts.hostname or "", self._parts.port, timeout=PATIENCE_S)
