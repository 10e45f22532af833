"""Window: the segments of one track that viewers may ask for, grown chunk by chunk.

Chunks enter, already placed on the event's timeline; Changes and Views leave. It knows no bytes, paths or clocks.

The theory. `end_ticks` is the instant up to which the track is accounted for, by media or by GAP; it only grows,
and every segment and part begins where the one before ended. So whatever is lost, segment numbers stay contiguous
and the timeline has no hole: a hole becomes GAP parts, a missing segment a GAP segment. Only a hole so small that one
part spans it and the chunk behind it is no loss: the encoder left frames out.

Media resumes at the next independent chunk: after a hole, after another encoder took over (a new session), after the
track was given up for lost. But a segment has one header, so a new header waits for the next segment's start; and a
segment whose start was given up for lost stays GAP, as the date of its first picture would be a lie. Where the timing
itself is new (`begin_session(new_timing=True)`) a segment begins elsewhere, and is marked as a discontinuity.
"""

import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from ringside.core.media import Chunk, Part, Segment, Track, View
from ringside.flow.origin.changes import Began, Change, Dropped, Finished, Grew, Parted
from ringside.flow.origin.standing import Growing, Standing

ALMOST = 0.85  # of the part target: a part shorter than this stands only at a segment's end (rfc8216bis §4.4.3.7)


@dataclass(frozen=True, slots=True)
class Rules:
    """How a track is cut. `limit_ticks`: the longest part, 0 for a track without parts.

    `boundary(n)`: the tick at which segment n begins, None while nobody knows. `foreseen`: the encoder says which
    chunk is its segment's last; otherwise a part that may be the last is held until the next chunk tells.
    """

    limit_ticks: int
    tolerance_ticks: int
    boundary: Callable[[int], int | None]
    foreseen: bool = True


class Window:
    """One track's live window. `segments` holds the complete ones, oldest first."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.segments: deque[Segment] = deque()
        self.number = -1  # newest segment begun
        self.first_ticks = 0  # where the very first segment began
        self.end_ticks = 0
        self.listed_ticks = 0
        self.listed_bytes = 0
        self.lost = False  # filled with GAP until its chunks return
        self.returning = False  # they have, and wait for the next segment to start
        self.discontinuity_sequence = 0
        self._growing: Growing | None = None
        self._init_name = ""
        self._new_timing = False
        self._discontinuity = False
        self._regular_ticks = 0  # duration of the last whole segment
        self._chunk_ticks = 0  # of the longest chunk

    def __repr__(self) -> str:
        state = " lost" if self.lost else ""
        return f"<Window {len(self.segments)} segments, next {self.next[0]}.{self.next[1]}{state}>"

    def standing(self) -> Standing:
        """All there is to it but its rules, as of now."""
        growing = self._growing
        if growing is not None:
            growing = replace(growing, parts=list(growing.parts))
        return Standing(
            tuple(self.segments), growing, self.number, self.first_ticks, self.end_ticks, self.lost, self.returning,
            self.discontinuity_sequence, self._init_name, self._new_timing, self._discontinuity, self._regular_ticks,
            self._chunk_ticks,
        )  # fmt: skip

    def resume(self, standing: Standing) -> None:
        """Be as a window was when it told its `standing`."""
        self.segments = deque(standing.segments)
        self.listed_ticks = sum(segment.duration_ticks for segment in self.segments)
        self.listed_bytes = sum(segment.size for segment in self.segments)
        self._growing = standing.growing
        self.number, self.first_ticks, self.end_ticks = standing.number, standing.first_ticks, standing.end_ticks
        self.lost, self.returning = standing.lost, standing.returning
        self.discontinuity_sequence = standing.discontinuity_sequence
        self._init_name, self._new_timing = standing.init_name, standing.new_timing
        self._discontinuity = standing.discontinuity
        self._regular_ticks, self._chunk_ticks = standing.regular_ticks, standing.chunk_ticks

    @property
    def next(self) -> tuple[int, int]:
        """The (segment, part) that will be published next."""
        growing = self._growing
        return (growing.number, len(growing.parts)) if growing else (self.number + 1, 0)

    @property
    def after_next(self) -> tuple[int, int] | None:
        """The part after `next`, where the timeline foresees it and a whole segment has shown how many there are."""
        whole = next((len(s.parts) for s in reversed(self.segments) if s.complete and not s.gap), 0)
        if not whole or not self.rules.foreseen:
            return None
        number, part = self.next
        return (number, part + 1) if part + 1 < whole else (number + 1, 0)

    @property
    def session(self) -> int:
        """Of the media of the segment in the making; -1 where there is none."""
        return self._growing.session if self._growing else -1

    @property
    def has_parts(self) -> bool:
        """Whether the track is published in parts, or in whole segments only."""
        return self.rules.limit_ticks > 0

    def begin_session(self, init_name: str, discontinuity: bool = False, new_timing: bool = False) -> None:
        """What comes next needs the header `init_name`; `discontinuity`: its parameters or timing do not continue."""
        begun = self.number >= 0
        self._init_name = init_name
        self._new_timing |= begun and new_timing
        self._discontinuity |= begun and (discontinuity or new_timing)

    def add(self, chunk: Chunk, session: int) -> list[Change]:
        """Take one chunk of the encoder run `session`."""
        reason = self._refusal(chunk, session)
        if reason:
            self.returning = self.lost and reason != "not independent"
            return [Dropped(reason)]
        self.lost = self.returning = False
        changes: list[Change] = []
        if self._growing is None or chunk.number > self._growing.number:
            changes += self._reach(chunk)
        elif not self._is_bridged(chunk):
            changes += self._gap_parts(chunk.start_ticks, chunk)
        changes += self._append(chunk, session)
        return changes + (self.close() if chunk.last else [])

    def _refusal(self, chunk: Chunk, session: int) -> str:
        growing, slack = self._growing, self.rules.tolerance_ticks
        if chunk.number < self.number or (chunk.number == self.number and growing is None):
            return "late"
        if chunk.number > self.number:
            if not chunk.independent:
                return "not independent"
            if self.lost and self._is_within(chunk):
                return "before the next segment"
            overlaps = self.number >= 0 and not self._new_timing and chunk.start_ticks < self.end_ticks - slack
            return "overlap" if overlaps else ""
        assert growing is not None
        if not self._goes_on(growing, chunk, session):
            return "before the next segment"
        if chunk.start_ticks < self.end_ticks - slack:
            return "overlap"
        resumes = growing.session == -1 or not self._is_bridged(chunk)
        return "not independent" if resumes and not chunk.independent else ""

    def _goes_on(self, growing: Growing, chunk: Chunk, session: int) -> bool:
        """Whether a segment's media may be followed by a chunk of this session.

        A segment has one header. What another session than before adds, or what comes after GAP, must stand alone. An
        encoder of another time than ours starts its segments where it likes: it waits for the next one.
        """
        if growing.session == -1:
            return not self.lost
        same = self._init_name == growing.init_name and not self._new_timing
        return same and ((growing.session == session and not self.lost) or (self.rules.foreseen and chunk.independent))

    def _is_within(self, chunk: Chunk) -> bool:
        """The chunk does not begin its segment, as far as that is known: the date of its media would be wrong."""
        edge = self.rules.boundary(chunk.number) if self.rules.foreseen else None
        return edge is not None and chunk.start_ticks > edge + self.rules.tolerance_ticks

    def _is_bridged(self, chunk: Chunk) -> bool:
        """The chunk follows on what is there, or so closely that one part holds it and the hole."""
        end_ticks = chunk.start_ticks + chunk.duration_ticks
        follows = chunk.start_ticks <= self.end_ticks + self.rules.tolerance_ticks
        return follows or end_ticks - self.end_ticks <= self.rules.limit_ticks

    def _reach(self, chunk: Chunk) -> list[Change]:
        """Close what is open, list absent segments as GAP, and begin the chunk's own."""
        if self.number < 0 or self._new_timing:
            changes = self.close()
            changes += self._absent(chunk.number) if self.number >= 0 else []
            self.end_ticks = chunk.start_ticks
        else:
            edge = self.rules.boundary(self.number + 1)
            changes = self._gap_parts(chunk.start_ticks if edge is None else min(edge, chunk.start_ticks))
            changes += self.close() + self._absent(chunk.number)
        self._begin(chunk.number, self._discontinuity)
        self._new_timing = self._discontinuity = False
        return changes if self._is_bridged(chunk) else changes + self._gap_parts(chunk.start_ticks, chunk)

    def _absent(self, number: int) -> list[Change]:
        """GAP segments for the numbers up to `number`; as long as the last one where nobody knows their ends."""
        changes: list[Change] = []
        while self.number + 1 < number:
            self._begin(self.number + 1)
            edge = self.rules.boundary(self.number + 1)
            known = edge is not None and edge > self.end_ticks
            self.end_ticks = edge if edge is not None and known else self.end_ticks + self._regular_ticks
            changes += self.close()
        return changes

    def _begin(self, number: int, discontinuity: bool = False) -> None:
        if self.number < 0:
            self.first_ticks = self.end_ticks
        self._growing = Growing(number, self.end_ticks, self._init_name, discontinuity)
        self.number = number

    def _append(self, chunk: Chunk, session: int) -> list[Change]:
        growing = self._growing
        assert growing is not None
        changes: list[Change] = [] if growing.size else [Began(growing.number)]
        end_ticks = chunk.start_ticks + chunk.duration_ticks
        if growing.gathering and self._is_full(growing.gathering, end_ticks - self.end_ticks):
            changes += self._finish_part()
        size = growing.size + len(chunk.data)
        changes.append(Grew(growing.number, chunk.data, size, chunk.start_ticks, chunk.independent, growing.init_name))
        growing.gathering = _gathered(growing, chunk, self.end_ticks, end_ticks)
        growing.size = size
        growing.session = session
        self._chunk_ticks = max(self._chunk_ticks, chunk.duration_ticks)
        self.end_ticks = end_ticks
        if self._is_full(growing.gathering, chunk.duration_ticks) and not self._may_end_here(chunk):
            changes += self._finish_part()
        return changes

    def _is_full(self, part: Part, more_ticks: int) -> bool:
        return self.has_parts and part.duration_ticks + more_ticks > self.rules.limit_ticks

    def _may_end_here(self, chunk: Chunk) -> bool:
        """The segment is about as long as the one before, and nobody has said whether this chunk is its last."""
        assert self._growing is not None
        if self.rules.foreseen or not self._regular_ticks:
            return False
        left = self._growing.start_ticks + self._regular_ticks - self.end_ticks
        return abs(left) <= max(self.rules.tolerance_ticks, chunk.duration_ticks // 2)

    def _finish_part(self) -> list[Change]:
        growing = self._growing
        assert growing is not None
        part, growing.gathering = growing.gathering, None
        if part is None or not self.has_parts:
            return []
        growing.parts.append(part)
        return [Parted(growing.number, part)]

    def _gap_parts(self, until_ticks: int, resuming: Chunk | None = None) -> list[Change]:
        """Account for the time up to `until_ticks` by GAP parts, none over the limit.

        What is too short for a part of its own is left to the chunk that is `resuming`, where one part holds both.
        """
        growing, span = self._growing, until_ticks - self.end_ticks
        if growing is None or span <= self.rules.tolerance_ticks:
            return []
        changes = self._finish_part()
        start, self.end_ticks = self.end_ticks, until_ticks
        if not self.has_parts:
            return changes
        left = self._left(span, resuming.duration_ticks) if resuming else 0
        self.end_ticks -= left
        for begin, end in itertools.pairwise(self._gap_edges(start, span - left)):
            part = Part(len(growing.parts), begin, end - begin, False, growing.size, 0, gap=True)
            growing.parts.append(part)
            changes.append(Parted(growing.number, part))
        return changes

    def _left(self, span: int, resuming_ticks: int = 0) -> int:
        """How much of a hole waits for the part that is resuming: what whole parts leave, if that is too short."""
        limit = self.rules.limit_ticks
        left = span % limit
        return left if left < ALMOST * limit and left + resuming_ticks <= limit else 0

    def _gap_edges(self, start: int, span: int) -> list[int]:
        """Where GAP parts begin and end: equal ones where these are long enough, otherwise the last is short."""
        limit = self.rules.limit_ticks
        count = -(-span // limit)
        if count and span / count < ALMOST * limit:
            return [*range(start, start + span, limit), start + span]
        return [start + span * i // count for i in range(count + 1)] if count else []

    def close(self) -> list[Change]:
        """Nothing more comes for the segment in the making."""
        growing = self._growing
        if growing is None:
            return []
        changes = self._finish_part()
        self._growing = None
        segment = _frozen(growing, self.end_ticks, complete=True)
        if growing.size:
            self._regular_ticks = segment.duration_ticks
        self.segments.append(segment)
        self.listed_ticks += segment.duration_ticks
        self.listed_bytes += segment.size
        return [*changes, Finished(segment)]

    def fill(self, until_ticks: int) -> list[Change]:
        """The track is lost for now: account for the time up to `until_ticks` by GAP, segment by segment."""
        self.lost = True
        changes: list[Change] = []
        while not (self.returning and self._growing is None):
            edge = self.rules.boundary(self.number + (2 if self._growing is None else 1))
            ends = edge is not None and edge <= until_ticks
            stop = edge if edge is not None and ends else until_ticks
            if not ends and (not self.has_parts or stop - self.end_ticks < ALMOST * self.rules.limit_ticks):
                break
            if self._growing is None:
                self._begin(self.number + 1)
            if not ends:
                stop -= self._left(stop - self.end_ticks)
            changes += self._gap_parts(stop)
            if not ends:
                break
            self.end_ticks = max(self.end_ticks, stop)
            changes += self.close()
        return changes

    def evict(self, below: int) -> list[Segment]:
        """Take the segments with numbers under `below` out of the window."""
        gone = []
        while self.segments and self.segments[0].number < below:
            segment = self.segments.popleft()
            self.listed_ticks -= segment.duration_ticks
            self.listed_bytes -= segment.size
            self.discontinuity_sequence += segment.discontinuity
            gone.append(segment)
        return gone

    def view(self, track: Track, target_s: int, part_target_s: float, ended: bool) -> View:
        """What manifest writers see now."""
        segments = tuple(self.segments)
        if self._growing and self._growing.parts:
            segments += (_frozen(self._growing, self.end_ticks, complete=False),)
        target = part_target_s if self.has_parts else 0.0
        several = 2 * self._chunk_ticks <= self.rules.limit_ticks
        chunk_s = self._chunk_ticks / track.timescale if several else 0.0
        return View(track, segments, self.next, target_s, target, self.discontinuity_sequence, ended, chunk_s)


def _gathered(growing: Growing, chunk: Chunk, from_ticks: int, to_ticks: int) -> Part:
    """The part being gathered with one chunk more, which accounts for the time between the two."""
    part, size = growing.gathering, len(chunk.data)
    if part is None:
        index = len(growing.parts)
        return Part(index, from_ticks, to_ticks - from_ticks, chunk.independent, growing.size, size)
    return Part(
        part.index, part.start_ticks, to_ticks - part.start_ticks, part.independent, part.offset, part.size + size
    )


def _frozen(growing: Growing, end_ticks: int, complete: bool) -> Segment:
    """The segment as it stands; while incomplete it is as long as its parts."""
    parts = tuple(growing.parts)
    if not complete:
        end_ticks = parts[-1].start_ticks + parts[-1].duration_ticks
    return Segment(
        growing.number, growing.start_ticks, end_ticks - growing.start_ticks, parts, complete, growing.init_name,
        growing.size, gap=not growing.size if complete else False, discontinuity=growing.discontinuity,
    )  # fmt: skip
