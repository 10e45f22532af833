"""Where a segment that one origin began goes on with another's bytes."""

import pytest

from ringside.core.feed import Ranged
from ringside.flow.relay.fill.joint import Grown, distance, grown

CHUNK = b"0123456789"


class Segment:
    """Parts of two chunks each; `own` marks bytes of another encoder, `first` the part with which it begins."""

    def __init__(self, chunks: int, own: bytes = b"", first: int = 0) -> None:
        self.chunks = [(own or b".") + CHUNK[n % 10 : n % 10 + 1] * 9 for n in range(2 * first, chunks)]
        self.data = b"".join(self.chunks)
        self.first = first

    def grown(self, marks: bool = True) -> Grown:
        parts = len(self.chunks) // 2
        ranges = [Ranged(f"/v/7.{self.first + n}.m4s", 1, 20 * n, 20, "video/mp4") for n in range(parts)]
        return grown(len(self.data), ranges, [10 * n for n in range(1, len(self.chunks) + 1)] if marks else ())


def joined(ours: Segment, theirs: Segment, marks: bool = True) -> bytes | None:
    """All bytes, once theirs go on ours; None where that is not known."""

    def same(at: int, there: int, n: int) -> bool:
        return ours.data[at : at + n] == theirs.data[there : there + n]

    behind = distance(ours.grown(), theirs.grown(marks), same)
    return None if behind is None else ours.data + theirs.data[len(ours.data) - behind :]


@pytest.mark.parametrize("had", range(11))
def test_the_same_bytes_go_on_wherever_it_was(had: int) -> None:
    whole = Segment(20)
    assert joined(Segment(had), whole) == whole.data
    assert joined(Segment(had), whole, marks=False) == whole.data


def test_one_that_is_behind_is_waited_for() -> None:
    assert joined(Segment(7), Segment(5)) is None
    assert joined(Segment(8), Segment(7)) is None


@pytest.mark.parametrize("had", range(11))
def test_other_bytes_go_on_behind_as_many_chunks(had: int) -> None:
    other = Segment(20, b"B")
    assert joined(Segment(had, b"A"), other) == Segment(had, b"A").data + b"".join(other.chunks[had:])


def test_one_that_came_in_the_middle_goes_on_behind_the_same_part() -> None:
    late = Segment(20, first=3)
    assert joined(Segment(8), late) == Segment(20).data
    assert joined(Segment(9), late) == Segment(20).data


def test_a_part_that_it_never_had_is_left_out() -> None:
    late = Segment(20, first=6)
    assert joined(Segment(8), late) == Segment(8).data + late.data


def test_where_chunks_are_not_known_it_waits_rather_than_guess() -> None:
    assert joined(Segment(7, b"A"), Segment(20, b"B"), marks=False) is None
