"""Timeline: where every frame of an event belongs, for every encoder alike.

The theory. Segment n covers [n·S, (n+1)·S) of Unix time. A video track's segment starts at the first frame
at or after n·S; an audio track's at the frame nearest to it, so that sound and picture are cut within half an
AAC frame of one another. Within a segment, video parts are counted in whole frames, so that no part ever
falls short (29.97 fps: six frames each); audio parts are cut at the frame nearest to their share of the
segment, so that sound has as many parts as the picture. Nothing here depends on when an encoder started:
two pipelines cut identical chunks under identical names.
"""

from dataclasses import dataclass
from fractions import Fraction

from ringside.core.media.track import Grid


def _floor(x: Fraction) -> int:
    return x.numerator // x.denominator


def _nearest(x: Fraction) -> int:
    return _floor(x + Fraction(1, 2))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a frame lies: segment `number`, `part`, and whether it opens or closes them."""

    number: int
    part: int
    first_in_part: bool
    last_in_part: bool
    first_in_segment: bool
    last_in_segment: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    """An event's one timeline: segments of `segment_s` and parts of about `part_s` seconds of Unix time."""

    segment_s: Fraction = Fraction(2)
    part_s: Fraction = Fraction(1, 5)

    def first_frame(self, grid: Grid, number: int) -> int:
        """Index of the first frame of segment `number`."""
        exact = number * self.segment_s / grid.frame_s
        return -_floor(-exact) if grid.kind == "video" else _nearest(exact)

    def number_of(self, grid: Grid, index: int) -> int:
        """The segment that frame `index` belongs to."""
        number = _floor(index * grid.frame_s / self.segment_s)
        return number + 1 if index >= self.first_frame(grid, number + 1) else number

    def frames_per_part(self, grid: Grid) -> Fraction:
        """Frames in a part: whole for video, a share of the segment for audio."""
        exact = self.part_s / grid.frame_s
        return max(Fraction(1), Fraction(_nearest(exact)) if grid.kind == "video" else exact)

    def place(self, grid: Grid, index: int) -> Place:
        """Where frame `index` of a track on `grid` lies."""
        number = self.number_of(grid, index)
        first, after = self.first_frame(grid, number), self.first_frame(grid, number + 1)
        per_part = self.frames_per_part(grid)
        offset = index - first
        part = _floor(offset / per_part)
        if offset >= _nearest((part + 1) * per_part):
            part += 1
        elif offset < _nearest(part * per_part):
            part -= 1
        return Place(
            number,
            part,
            first_in_part=offset == _nearest(part * per_part),
            last_in_part=index + 1 == after or offset + 1 == _nearest((part + 1) * per_part),
            first_in_segment=index == first,
            last_in_segment=index + 1 == after,
        )

    def longest_part_s(self, grid: Grid) -> Fraction:
        """The longest part a track on `grid` can have."""
        per_part = self.frames_per_part(grid)
        return -_floor(-per_part) * grid.frame_s

    @property
    def target_s(self) -> int:
        """EXT-X-TARGETDURATION: the segment duration, rounded (rfc8216bis §4.4.3.1)."""
        return max(1, _nearest(self.segment_s))
