"""StreamMap: a push response as all its viewers share it: bytes in, media times out, worked out once per process.

Each viewer's response begins with the header and the newest independent chunk, so its bytes are counted from a place of
its own. The first chunk's decode time says where that place lies in the Run, the one series of chunks that the process
has seen; from then on a viewer's position is its count of bytes plus a constant. A server may leave out chunks for a
viewer that is slow: where a chunk begins, a few bytes are compared with those of the Run, and a viewer for whom they
differ is placed anew. What is not CMAF breaks the Run.
"""

from bisect import bisect_left, bisect_right

from ringside.core.boxes import BoxError, Init, Splitter, parse_chunk, parse_init
from ringside.core.boxes.box import Box, header_at, only
from ringside.core.boxes.header import Header
from ringside.core.boxes.moof import decode_ticks

KEPT = 2048
"""Chunks a Run remembers; the older half goes when there are more."""
HEAD_LIMIT = 512 * 1024
"""Bytes within which a response must show its first moof."""
MARK = 12
"""Bytes of a tfdt that tell one chunk from another: version, flags and time."""


def first_chunk(data: bytes | bytearray) -> tuple[int, int] | None:
    """(offset, decode ticks) of the first chunk in `data`; None while there is none. BoxError if it is not CMAF."""
    at = start = 0
    while (head := header_at(data, at)) is not None:
        type, length, size = head
        if type == "moof":
            if at + size > len(data):
                return None
            with memoryview(data) as view:
                body = bytes(view[at + length : at + size])
            return start, decode_ticks(only(Box("moof", 0, size, memoryview(body)), "traf", "tfdt"))
        at += size
        if type in ("ftyp", "moov", "mdat", "free"):
            start = at
        if at > HEAD_LIMIT:
            raise BoxError(f"no chunk within {HEAD_LIMIT} bytes")
    return None


class Run:
    """Chunks without a gap. `ends[i]` is the byte behind chunk i, `times[i]` its end in media seconds."""

    __slots__ = (
        "_first", "_marks", "_next_ticks", "_splitter", "_starts", "anchor_s", "broken", "ended", "ends",
        "header", "seen", "times",
    )  # fmt: skip

    def __init__(self, header: Header, first_ticks: int) -> None:
        self.header = header
        self.ends: list[int] = []
        self.times: list[float] = []
        self.seen = 0
        """Bytes looked at."""
        self.broken = False
        self.ended = False
        """Its last chunk says that nothing follows (brand lmsg)."""
        self.anchor_s: float | None = None
        """Unix time of capture minus media time, by the newest prft."""
        self._next_ticks = first_ticks
        """Decode time of the chunk that follows."""
        self._first = 0
        """Byte at which the oldest remembered chunk begins."""
        self._starts: list[int] = []
        self._marks: list[tuple[int, bytes]] = []
        self._splitter = Splitter()

    def __repr__(self) -> str:
        return f"<Run of {len(self.ends)} chunks, {self.seen} B{' broken' if self.broken else ''}>"

    def feed(self, at: int, new: bytearray | memoryview) -> None:
        """Bytes from `at` on; those that no viewer has had before are looked at."""
        had = self.seen - at
        if self.broken or not 0 <= had < len(new):
            return
        self.seen = at + len(new)
        try:
            units = self._splitter.feed(bytes(new[had:]))
            end = self.seen - self._splitter.pending_bytes - sum(len(unit.data) for unit in units)
            for unit in units:
                end += len(unit.data)
                if isinstance(unit, Init):
                    self.header = parse_init(unit.data)
                else:
                    self._take(unit.data, end)
        except (BoxError, OverflowError):
            self.broken = True
        if len(self.ends) > KEPT:
            self._forget(KEPT // 2)

    def _take(self, data: bytes, end: int) -> None:
        info = parse_chunk(data, self.header)
        scale = self.header.timescale
        if info.prft is not None:
            unix_ns, ticks = info.prft
            self.anchor_s = unix_ns / 1e9 - ticks / scale
        mark = data.find(b"tfdt") + 4
        self._starts.append(info.start_ticks)
        self._marks.append((mark, data[mark : mark + MARK]))
        self.ends.append(end)
        self._next_ticks = info.start_ticks + info.duration_ticks
        self.times.append(self._next_ticks / scale)
        self.ended = info.ends_stream

    def _forget(self, count: int) -> None:
        self._first = self.ends[count - 1]
        for column in (self.ends, self.times, self._starts, self._marks):
            del column[:count]

    def place_of(self, ticks: int) -> int | None:
        """The byte at which the chunk of that decode time begins; None if it is none of this Run's, nor its next."""
        place = bisect_left(self._starts, ticks)
        if place < len(self._starts):
            return self._begin(place) if self._starts[place] == ticks else None
        if self.broken or abs(ticks - self._next_ticks) * 1000 > self.header.timescale:
            return None
        return self._begin(place)

    def _begin(self, place: int) -> int:
        return self.ends[place - 1] if place else self._first

    def strays(self, at: int, new: memoryview) -> int | None:
        """Where in `new`, which should lie at `at`, a chunk begins that is another one, or too few bytes say which.

        None if all is as it should.
        """
        place = bisect_left(self.ends, at) if at > self._first else -1
        reached = at + len(new)
        known = len(self.ends)
        while place + 1 < known:
            begins = self.ends[place] if place >= 0 else self._first
            if begins >= reached:
                return None
            offset, mark = self._marks[place + 1]
            found = begins - at
            if found >= 0 and new[found + offset : found + offset + MARK] != mark:
                return found
            place += 1
        return None

    def time_at(self, at: int) -> float | None:
        """How far media reaches for a viewer that has come to byte `at`; None where that is not remembered."""
        place = bisect_right(self.ends, at)
        return self.times[place - 1] if place else None


class StreamMap:
    """One push URL: its newest Run, which newcomers join."""

    __slots__ = ("run",)

    def __init__(self) -> None:
        self.run: Run | None = None

    def join(self, head: bytes | bytearray, run: Run | None) -> tuple[Run, int, int, float] | None:
        """Place a viewer by the first bytes it has (after a gap: from there on, with the Run it was in).

        Returns the Run, the place in it of the first byte of `head`, where in `head` its first chunk begins, and the
        media time of that; None while more bytes are needed. BoxError where they are not CMAF.
        """
        found = first_chunk(head)
        if found is None:
            return None
        offset, ticks = found
        for one in (self.run, run):
            place = None if one is None else one.place_of(ticks)
            if one is not None and place is not None:
                return one, place - offset, offset, ticks / one.header.timescale
        header = run.header if run is not None and not offset else parse_init(bytes(head[:offset]))
        self.run = Run(header, ticks)
        return self.run, -offset, offset, ticks / header.timescale
