"""Roll: the finished segments of one track, oldest first, in columns: some 30 bytes a segment, so that a day of them
is a megabyte. Numbers are contiguous, as a window's are.
"""

from array import array
from collections.abc import Iterator

from ringside.core.media import Segment

GAP, DISCONTINUITY = 1, 2


class Roll:
    """Segments without their parts. `first`: the oldest one's number; `bytes`: of media, all together."""

    def __init__(self) -> None:
        self.first = 0
        self.bytes = 0
        self.losses = 0  # segments that became a GAP after they were added
        self.inits: list[str] = []
        self._starts = array("q")
        self._durations = array("q")
        self._sizes = array("q")
        self._init = array("H")
        self._flags = array("B")

    def __repr__(self) -> str:
        return f"<Roll {len(self)} segments from {self.first}, {self.bytes} B>"

    def __len__(self) -> int:
        return len(self._starts)

    @property
    def after(self) -> int:
        """The number that comes next."""
        return self.first + len(self)

    def add(self, segment: Segment) -> None:
        """One more, of the next number. Raises ValueError for another."""
        if not len(self):
            self.first = segment.number
        elif segment.number != self.after:
            raise ValueError(f"segment {segment.number} does not follow on {self.after - 1}")
        if segment.init_name not in self.inits:
            self.inits.append(segment.init_name)
        self._starts.append(segment.start_ticks)
        self._durations.append(segment.duration_ticks)
        self._sizes.append(segment.size)
        self._init.append(self.inits.index(segment.init_name))
        self._flags.append(GAP * segment.gap | DISCONTINUITY * segment.discontinuity)
        self.bytes += segment.size

    def lose(self, number: int) -> None:
        """The media of `number` could not be kept: from now on it is a GAP."""
        if number in self:
            at = number - self.first
            self.losses += 1
            self.bytes -= self._sizes[at]
            self._sizes[at] = 0
            self._flags[at] |= GAP

    def bytes_from(self, number: int) -> int:
        """Of the media of `number` and all after it."""
        return sum(self._sizes[max(0, number - self.first) :])

    def forget(self, below: int) -> None:
        """Let go of the segments under `below`."""
        count = min(max(0, below - self.first), len(self))
        self.bytes -= sum(self._sizes[:count])
        for column in (self._starts, self._durations, self._sizes, self._init, self._flags):
            del column[:count]
        self.first += count

    def __contains__(self, number: int) -> bool:
        return self.first <= number < self.after

    def __getitem__(self, number: int) -> Segment:
        """Segment `number`. Raises KeyError."""
        if number not in self:
            raise KeyError(number)
        at = number - self.first
        flags = self._flags[at]
        return Segment(
            number, self._starts[at], self._durations[at], (), True, self.inits[self._init[at]], self._sizes[at],
            gap=bool(flags & GAP), discontinuity=bool(flags & DISCONTINUITY),
        )  # fmt: skip

    def breaks(self) -> list[int]:
        """The numbers at which something does not continue: media begins or ends, another header, a discontinuity."""
        found, before = [], (-1, -1)
        for number, now in enumerate(zip(self._init, self._flags, strict=True), self.first):
            if now != before:
                found.append(number)
                before = (now[0], now[1] & GAP)
        return found

    def segments(self, first: int = 0, after: int | None = None) -> Iterator[Segment]:
        """Those from `first` on, and below `after` where it is given."""
        stop = self.after if after is None else min(after, self.after)
        for number in range(max(first, self.first), stop):
            yield self[number]
