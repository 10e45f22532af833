"""GOPs: which frames must be key frames. Pure.

Every segment starts with one, and inside a segment one follows every `keyframe_s` seconds, moved to the start of
the part that it falls into, so that the part is independent. It depends on the frame's index alone: encoders
started at different moments cut the same GOPs.
"""

from fractions import Fraction
from functools import lru_cache

from ringside.core.media import Grid, Timeline


def key_wanted(grid: Grid, timeline: Timeline, index: int, keyframe_s: float = 1.0) -> bool:
    """Whether frame `index` must be a key frame."""
    number = timeline.number_of(grid, index)
    return index - timeline.first_frame(grid, number) in _offsets(grid, timeline, keyframe_s)


def key_due(grid: Grid, timeline: Timeline, previous: int | None, index: int, keyframe_s: float = 1.0) -> bool:
    """Whether `index` must be a key frame when `previous` was the last frame encoded (None: nothing yet).

    A key frame whose own index was skipped is owed by the frame after it.
    """
    if previous is None or timeline.number_of(grid, previous) != timeline.number_of(grid, index):
        return True
    return any(key_wanted(grid, timeline, k, keyframe_s) for k in range(previous + 1, index + 1))


@lru_cache(maxsize=64)
def _offsets(grid: Grid, timeline: Timeline, keyframe_s: float) -> frozenset[int]:
    """Key frames, counted from their segment's first frame; the last may lie past a short segment's end."""
    per_part = int(timeline.frames_per_part(grid))
    interval = Fraction(keyframe_s).limit_denominator(1000)
    offsets, k = {0}, 1
    while k * interval < timeline.segment_s:
        parts = int(k * interval / grid.frame_s / per_part + Fraction(1, 2))
        offset = max(1, parts) * per_part
        if (offset + 1) * grid.frame_s <= timeline.segment_s:
            offsets.add(offset)
        k += 1
    return frozenset(offsets)
