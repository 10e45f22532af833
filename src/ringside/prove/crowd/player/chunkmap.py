"""ChunkMap: where in an object's bytes which media time ends, worked out once for all viewers of a process.

Bytes of one segment enter as whichever viewer is ahead receives them; out comes, for any viewer's count of bytes, how
far its buffer reaches. Splitter and parse_chunk do the reading. What is not CMAF, contradicts its header or lies far
from where the MPD puts it is no error here: the object then counts whole once it is complete, by its nominal times.
"""

from ringside.core.boxes import BoxError, ChunkInfo, Header, Raw, Splitter, parse_chunk, parse_init
from ringside.prove.crowd.player.segments import Line, Segment

MAX_CHUNKS = 4096
"""Chunks of one object that are looked at; a segment of 30 s with a chunk for every frame has fewer."""


class Shape:
    """What a process knows of one Representation's media: its line, and its header once a viewer has fetched it."""

    __slots__ = ("_offset_s", "anchor_s", "header", "unreadable")

    def __init__(self, line: Line) -> None:
        self._offset_s = line.period_s - line.pto_ticks / line.timescale
        self.header: Header | None = None
        self.unreadable = False
        self.anchor_s: float | None = None
        """Unix time of capture minus presentation time, by the newest prft (ISO/IEC 14496-12 §8.16.5)."""

    def learn(self, init: bytes) -> None:
        """Read the initialization segment, unless it has been."""
        if self.header is None and not self.unreadable:
            try:
                self.header = parse_init(init)
            except BoxError:
                self.unreadable = True

    def place(self, info: ChunkInfo, header: Header) -> float:
        """When a chunk's media ends in the presentation; its prft becomes the anchor."""
        if info.prft is not None:
            unix_ns, ticks = info.prft
            self.anchor_s = unix_ns / 1e9 - self._shown_s(ticks, header)
        return self._shown_s(info.presentation_ticks + info.duration_ticks, header)

    def _shown_s(self, ticks: int, header: Header) -> float:
        return (ticks - header.edit_ticks) / header.timescale + self._offset_s


class ChunkMap:
    """One segment. `ends[i]` is the byte behind chunk i, `times[i]` when its media ends in the presentation."""

    __slots__ = ("_shape", "_splitter", "ends", "nominal", "seen", "segment", "times")

    def __init__(self, segment: Segment, shape: Shape) -> None:
        self.segment = segment
        self.ends: list[int] = []
        self.times: list[float] = []
        self.seen = 0
        """Bytes looked at."""
        self.nominal = False
        """Its bytes say nothing that can be used."""
        self._shape = shape
        self._splitter = Splitter()

    def __repr__(self) -> str:
        return f"<ChunkMap {self.segment.number} {len(self.ends)} chunks in {self.seen} B>"

    def feed(self, offset: int, new: memoryview) -> None:
        """Bytes from `offset` on; those that no viewer has had before are looked at."""
        had = self.seen - offset
        if self.nominal or not 0 <= had < len(new):
            return
        self.seen = offset + len(new)
        try:
            self._take([unit.data for unit in self._splitter.feed(bytes(new[had:])) if isinstance(unit, Raw)])
        except (BoxError, OverflowError):
            self.nominal = True

    def _take(self, chunks: list[bytes]) -> None:
        """Chunks whose last byte has just come; boxes left out between them count to the first."""
        at = self.seen - self._splitter.pending_bytes - sum(map(len, chunks))
        header = self._shape.header
        for chunk in chunks:
            if header is None or len(self.ends) >= MAX_CHUNKS:
                raise BoxError("nothing is known of these chunks")
            end_s = self._shape.place(parse_chunk(chunk, header), header)
            if not self._likely(end_s):
                raise BoxError("the chunk lies elsewhere than its segment")
            at += len(chunk)
            self.ends.append(at)
            self.times.append(max(end_s, self.times[-1]) if self.times else end_s)

    def _likely(self, end_s: float) -> bool:
        segment = self.segment
        slack_s = 2 * (segment.end_s - segment.start_s)
        return segment.start_s - slack_s < end_s < segment.end_s + slack_s

    @property
    def end_s(self) -> float:
        """When the media ends of the object that is complete."""
        return self.segment.end_s if self.nominal or not self.times else self.times[-1]
