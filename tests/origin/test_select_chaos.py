"""Two studios, of which at any moment one is well: whatever happens to the other, no frame is missing. Random."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st
from origin_kit import S
from studio_night import BEGIN_NS, Night, end_ns

from ringside.core.boxes import Mark
from ringside.core.media import Chunk

APART_S = 2.5  # between one trouble and the next: a studio that thaws needs a segment to be trusted again


@dataclass(frozen=True)
class Trouble:
    """Something that happens to one of the two for a while."""

    which: int
    kind: str
    after_s: float
    for_s: float


TROUBLES = st.lists(
    st.builds(
        Trouble,
        which=st.integers(0, 1),
        kind=st.sampled_from(["frozen", "black", "slow", "lost"]),
        after_s=st.floats(0, 1),
        for_s=st.floats(0.1, 1.5),
    ),
    max_size=3,
)


def suffering(which: int, troubles: list[Trouble]) -> tuple[list[tuple[str, int, int]], float]:
    """(kind, from, until) of what one studio suffers, one trouble after the other; when all is over, in seconds."""
    at_s, out = 1.0, []
    for trouble in troubles:
        begins, ends = at_s + trouble.after_s, at_s + trouble.after_s + trouble.for_s
        if trouble.which == which:
            out.append((trouble.kind, BEGIN_NS + int(begins * S), BEGIN_NS + int(ends * S)))
        at_s = ends + APART_S
    return out, at_s


def send(night: Night, name: str, which: int, late_frames: int, troubles: list[Trouble]) -> None:
    """A studio with its troubles."""
    suffered, _ = suffering(which, troubles)

    def during(chunk: Chunk, *kinds: str) -> int | None:
        at = end_ns(chunk)
        return next((until - at for kind, begin, until in suffered if kind in kinds and begin <= at < until), None)

    def delay(chunk: Chunk) -> int:
        if during(chunk, "lost") is not None:
            return 10**15
        return during(chunk, "frozen") or (180_000_000 if during(chunk, "slow") else 0)

    def mark(chunk: Chunk) -> Mark:
        return Mark.BLACK if during(chunk, "black") else Mark.NONE

    night.send(name, which, which=which, late_frames=late_frames, delay=delay, mark=mark)


@settings(max_examples=12, deadline=None)
@given(TROUBLES, st.sampled_from([0, 7, 20]))
def test_with_one_studio_well_at_any_moment_viewers_miss_nothing(troubles: list[Trouble], late_frames: int) -> None:
    night = Night()
    send(night, "london", 0, 0, troubles)
    send(night, "paris", 1, late_frames, troubles)
    night.play(7.9)
    seen = [index for _, index in night.seen()]
    assert seen == list(range(len(seen)))
    assert len(seen) >= 228
    assert night.gaps == 0
