"""Whole: a track's playlist of whole segments, without parts: the DVR of hours while the event is on, VOD after it.

In goes the track's Roll; out go the bytes to serve. What was printed once stays printed, so a new version costs its
new segments and a copy; a day of them is a megabyte of text. A long Roll is printed bit by bit (`advance`), so that
whoever does it has time for others. The date stands at the first segment, wherever time may not continue, and once a
minute: in between players reckon it (rfc8216bis §4.4.4.6).
"""

from array import array

from ringside.core.catalog import Roll
from ringside.core.media import Segment
from ringside.flow.mux.hls import lines
from ringside.flow.mux.hls.flags import EndList, IndependentSegments
from ringside.flow.mux.hls.map import Map
from ringside.flow.mux.hls.numbers import DiscontinuitySequence, MediaSequence, TargetDuration, Version
from ringside.flow.mux.hls.playlist_type import PlaylistType
from ringside.flow.mux.hls.tag import Tag
from ringside.flow.mux.hls.wording import US_PER_S, block, date, lasting, opening

AT_ONCE = 500
DATED = 30
"""Segments from one date to the next."""
DATE = b"#EXT-X-PROGRAM-DATE-TIME:"


class WholeRenderer:
    """Writes the segments of `roll` on a timescale of so many ticks a second."""

    def __init__(self, roll: Roll, timescale: int) -> None:
        self._roll = roll
        self._timescale = timescale
        self._text = bytearray()
        self._lengths = array("H")  # of each segment's lines
        self._before: Segment | None = None  # the newest one printed
        self._passed = 0  # discontinuities before `_first`
        self._begin()

    def _begin(self) -> None:
        """Print from the roll's beginning; what has left it is only known to have been."""
        self._text.clear()
        del self._lengths[:]
        self._first, self._before = self._roll.first, None
        self._losses = self._roll.losses

    def __repr__(self) -> str:
        return f"<WholeRenderer {len(self._lengths)} segments from {self._first}, {len(self._text)} B>"

    @property
    def after(self) -> int:
        """The segment that is printed next."""
        return self._first + len(self._lengths)

    def advance(self, after: int, at_once: int = AT_ONCE) -> bool:
        """Print at most `at_once` of the segments below `after`; whether all of them are."""
        if self.after < self._roll.first or self._losses != self._roll.losses:
            self._begin()  # nobody has wanted it for long, or what was printed is not so any more
        for segment in self._roll.segments(self.after, min(after, self.after + at_once)):
            lines_of = self._lines(segment)
            self._text += lines_of
            self._lengths.append(len(lines_of))
            self._before = segment
        return self.after >= min(after, self._roll.after)

    def render(self, target_s: int, first: int = 0, *, ended: bool = False, vod: bool = False) -> bytes:
        """The playlist of what is printed, from segment `first` on; b"" where that is nothing.

        `ended`: nothing more comes. `vod`: it has always said so, and `first` is what it has always been (§4.4.3.5).
        """
        self._drop(first)
        if not self._lengths:
            return b""
        oldest = self._roll[self._first]
        text, length = self._text, self._lengths[0]
        has_gap = b"#EXT-X-GAP" in text
        tags: list[Tag] = [Version(8 if has_gap else 6), IndependentSegments(), TargetDuration(target_s)]
        tags += [PlaylistType("VOD")] if vod else []
        tags.append(MediaSequence(self._first))
        if self._passed or b"#EXT-X-DISCONTINUITY\n" in text:
            tags.append(DiscontinuitySequence(self._passed))
        head = lines.write(tags)
        start = "" if text.startswith(b"#EXT-X-DISCONTINUITY") else block(Map(oldest.init_name))
        start += "" if DATE in text[:length] else block(date(oldest, self._timescale))
        return b"".join([f"{head}{start}".encode(), text, block(EndList()).encode() if ended else b""])

    def _lines(self, segment: Segment) -> bytes:
        before = self._before
        restarts = segment.discontinuity or segment.gap or (before is not None and before.gap)
        head = opening(segment, before, self._timescale, dated=restarts or segment.number % DATED == 0)
        whole, us = divmod(lasting(segment.start_ticks, segment.duration_ticks, self._timescale), US_PER_S)
        duration = f"{whole}.{us:06}".rstrip("0").rstrip(".")
        return f"{head}#EXTINF:{duration},\n{segment.number}.m4s\n".encode()

    def _drop(self, first: int) -> None:
        """Let go of the lines of the segments under `first`; those that the roll has forgotten go too."""
        count = min(max(0, max(first, self._roll.first) - self._first), len(self._lengths))
        size = sum(self._lengths[:count])
        self._passed += bytes(self._text[:size]).count(b"#EXT-X-DISCONTINUITY\n")
        del self._text[:size]
        del self._lengths[:count]
        self._first += count
