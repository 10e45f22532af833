"""Whatever arrives, is lost or starts again: what viewers are told stays consistent. Random."""

import itertools
from dataclasses import dataclass, replace
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from origin_kit import AUDIO, EVEN, VIDEO, Event, S, chunks, end_ns
from tests.thorough import examples

from ringside.core.media import Chunk, Grid

GRIDS = {"v720": VIDEO, "v360": Grid.video(Fraction(30)), "a": AUDIO}


@dataclass(frozen=True)
class Trouble:
    """One thing that happens to one track or to all: to `length` of its parts, from part `at` of the event on."""

    kind: str
    track: str
    at: int
    length: int


TROUBLES = st.lists(
    st.builds(
        Trouble,
        kind=st.sampled_from(["lost", "restart", "late", "twice", "not independent", "new header"]),
        track=st.sampled_from([*GRIDS, "all"]),
        at=st.integers(3, 70),
        length=st.integers(1, 40),
    ),
    max_size=5,
)


def suffer(trouble: Trouble, every: list[Chunk], arrivals: list[tuple[int, Chunk]]) -> None:
    """Change a track's arrivals as `trouble` says."""
    hit = {(c.number, c.part) for c in every[trouble.at : trouble.at + trouble.length]}
    touched = [i for i, (_, c) in enumerate(arrivals) if (c.number, c.part) in hit]
    if trouble.kind in ("lost", "restart"):
        arrivals[:] = [entry for i, entry in enumerate(arrivals) if i not in set(touched)]
    elif trouble.kind == "late":
        for i in touched:
            arrivals[i] = (arrivals[i][0] + int(1.7 * S), arrivals[i][1])
    elif trouble.kind == "twice":
        arrivals += [arrivals[i] for i in touched]
    elif trouble.kind == "not independent":
        for i in touched:
            arrivals[i] = (arrivals[i][0], replace(arrivals[i][1], independent=False))


def play(troubles: list[Trouble], first_part: int) -> Event:
    """An event of 18 seconds with three tracks and these troubles."""
    event = Event(dvr_s=12)
    event.wait_until(EVEN * 2 * S)
    script: list[tuple[int, int, str, Chunk | str]] = []
    for name, grid in GRIDS.items():
        every = chunks(name, grid, (EVEN, first_part), 90 - first_part)
        arrivals = [(end_ns(chunk, grid) + S // 50, chunk) for chunk in every]
        script.append((event.now_ns, -1, name, "header 0"))
        for n, trouble in enumerate(t for t in troubles if t.track in (name, "all")):
            suffer(trouble, every, arrivals)
            back = every[min(trouble.at + trouble.length, len(every) - 1)]
            if trouble.kind in ("restart", "new header"):
                header = f"header {n}" if trouble.kind == "new header" else "header 0"
                script.append((end_ns(back, grid), -1, name, header))
        script += [(at, i, name, chunk) for i, (at, chunk) in enumerate(arrivals)]
    for at, _, name, what in sorted(script, key=lambda entry: entry[:3]):
        event.wait_until(at)
        if isinstance(what, str):
            event.open(name, GRIDS[name], init=f"{name} {what}".encode())
        else:
            event.edge.take(event.publisher.add(what, event.sessions[name], event.now_ns))
    event.wait(2)
    event.edge.take(event.publisher.end(event.now_ns))
    return event


@settings(max_examples=examples(12), deadline=None)
@given(TROUBLES, st.integers(0, 9))
def test_whatever_happens_viewers_are_told_a_consistent_story(troubles: list[Trouble], first_part: int) -> None:
    event = play(troubles, first_part)  # the edge checks every message as it comes
    for name, views in event.renderer.views.items():
        for before, after in itertools.pairwise(views):
            assert after.segments[0].number >= before.segments[0].number, "media sequence went back"
            assert after.discontinuity_sequence >= before.discontinuity_sequence
            assert after.last >= before.last, "a part was taken back"
            assert after.ended or after.last in (before.last, before.next) or after.last > before.next
            assert_only_grown(before.segments[-1], after.segments)
        for view in views:
            assert_whole(name, view)


def assert_only_grown(segment, later) -> None:  # type: ignore[no-untyped-def]
    """What a playlist has said of its last segment still holds in the next one, if that lists it."""
    for again in later:
        if again.number == segment.number:
            assert again.parts[: len(segment.parts)] == segment.parts
            assert (again.start_ticks, again.init_name) == (segment.start_ticks, segment.init_name)
            assert again == segment or not segment.complete


def assert_whole(name: str, view) -> None:  # type: ignore[no-untyped-def]
    limit = view.part_target_s * view.track.timescale + 1
    assert view.part_target_s == 0.21334
    for before, after in itertools.pairwise(view.segments):
        assert after.number == before.number + 1, f"{name}: numbers have a hole"
        assert before.complete
        assert after.start_ticks == before.start_ticks + before.duration_ticks, f"{name}: the timeline has a hole"
    for segment in view.segments:
        seconds = segment.duration_ticks / view.track.timescale
        assert 0 < seconds <= 2.03
        assert [part.index for part in segment.parts] == list(range(len(segment.parts)))
        assert all(part.duration_ticks <= limit for part in segment.parts)
        assert segment.gap == (segment.complete and segment.size == 0)
        media = [part for part in segment.parts if not part.gap]
        assert not media or media[0].independent, f"{name}: {segment} cannot be decoded from its start"
        for before, after in itertools.pairwise(segment.parts):
            assert after.start_ticks == before.start_ticks + before.duration_ticks
            assert not (before.gap and not after.gap) or after.independent, "media resumes where nothing can decode it"


@settings(max_examples=examples(6), deadline=None)
@given(TROUBLES)
def test_renditions_stay_within_reach_of_one_another(troubles: list[Trouble]) -> None:
    event = play([t for t in troubles if t.kind != "late"], 0)
    ends = [lane.end_ns for lane in event.publisher.lanes.values()]
    assert max(ends) - min(ends) <= 2.5 * S  # a track that has returned is waited for that long
