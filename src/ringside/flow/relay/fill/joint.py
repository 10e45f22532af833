"""Joint: where one origin's segment goes on what another began. Pure: how both have grown enters, a distance leaves.

Two origins that are fed by one studio have the same bytes, and then it is simple: whatever is beyond ours goes on it.
Where they differ (one came in the middle, or took another studio's chunks for a while), what has been told stays, and
the other takes over behind the same part and, within the part, behind as many chunks: parts lie on one timeline. A part
that it never had is left out. Media is compared, never read.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from ringside.core.feed import Ranged

PART = re.compile(r"\.(\d{1,9})\.m4s$")
Same = Callable[[int, int, int], bool]
"""Whether `n` bytes of ours from one offset are theirs from another: `same(ours, theirs, n)`."""


class Grown(NamedTuple):
    """A segment as it stands: its bytes, where each part ends and begins, and the size after each chunk if known."""

    size: int
    parts: dict[int, tuple[int, int]]
    chunks: Sequence[int] = ()


def grown(size: int, ranges: Iterable[Ranged], chunks: Sequence[int] = ()) -> Grown:
    """A segment whose parts have these paths, by the numbers in their names."""
    found = ((PART.search(each.path), each) for each in ranges)
    return Grown(size, {int(name[1]): (each.offset, each.offset + each.size) for name, each in found if name}, chunks)


def distance(ours: Grown, theirs: Grown, same: Same) -> int | None:
    """How far our bytes lie behind theirs: theirs from `ours.size - distance` on go on ours. None: not known yet."""
    last = max(ours.parts, default=-1)
    end = ours.parts[last][1] if ours.parts else 0
    begun = ours.size - end  # of the part after the last
    at = _behind(last, theirs)
    if at is None:
        later = [first for part, (first, _) in theirs.parts.items() if part > last]
        return ours.size - min(later) if later else None
    here = min(begun, theirs.size - at)
    if here >= 0 and same(end, at, here):
        return end - at if here == begun else None
    return _by_count(ours, theirs, end, at)


def _behind(part: int, theirs: Grown) -> int | None:
    """Where in theirs the part after `part` begins; None where that is not known, or `part` is missing there."""
    if part in theirs.parts:
        return theirs.parts[part][1]
    if part < 0 and min(theirs.parts, default=0) == 0:
        return 0
    return theirs.parts[part + 1][0] if part + 1 in theirs.parts else None


def _by_count(ours: Grown, theirs: Grown, end: int, at: int) -> int | None:
    """Behind as many chunks of the part as we have of it."""
    have = sum(size > end for size in ours.chunks)
    ends = [size for size in theirs.chunks if size > at]
    return ours.size - ends[have - 1] if 0 < have <= len(ends) else None
