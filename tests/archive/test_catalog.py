"""The catalog: what is written is read again, and what is not ours is refused with a sentence."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringside.core.catalog import (
    Index,
    Listed,
    Names,
    Roll,
    Shard,
    Unreadable,
    Version,
    began_ns_of,
    read_shard,
    session_name,
    write_shard,
)
from ringside.core.media import Segment, Timeline, Track

NOW_NS = 1_795_420_500_123_456_789
TRACK = Track(
    "v720", "video", "avc1.64001F", 30_000, b"header", 3_000_000, 2_800_000, 1280, 720, Fraction(30_000, 1001)
)

SEGMENTS = st.builds(
    Segment,
    number=st.integers(0, 2**40),
    start_ticks=st.integers(0, 2**60),
    duration_ticks=st.integers(0, 2**31),
    parts=st.just(()),
    complete=st.just(True),
    init_name=st.sampled_from(["init-a.mp4", "init-b.mp4"]),
    size=st.integers(0, 2**31),
    gap=st.booleans(),
    discontinuity=st.booleans(),
)


def segment(number: int, size: int = 100, **more: bool) -> Segment:
    return Segment(number, number * 60_060, 60_060, (), True, TRACK.init_name, size, **more)


def index() -> Index:
    listed = Listed("v720", (Version.of(TRACK),), (Shard(5, 9, 5, 500, NOW_NS),))
    return Index("main", session_name(NOW_NS), "The final", Timeline(), 2, NOW_NS, NOW_NS + 1, 0, (listed,))


@given(st.lists(SEGMENTS, max_size=20))
def test_segments_are_read_as_they_were_written(segments: list[Segment]) -> None:
    assert list(read_shard(write_shard(segments))) == segments


@given(st.lists(SEGMENTS, min_size=1, max_size=4), st.data())
def test_a_shard_that_was_cut_off_gives_the_segments_before_the_cut(
    segments: list[Segment], data: st.DataObject
) -> None:
    written = write_shard(segments)
    cut = data.draw(st.integers(0, len(written) - 1))
    whole = written[:cut].count(b"\n")
    assert list(read_shard(written[:cut])) == segments[:whole]


@given(st.binary(max_size=200))
def test_bytes_that_are_no_catalog_are_refused_with_a_sentence(data: bytes) -> None:
    for read in (lambda: list(read_shard(data + b"\n{]\n", "x")), lambda: Index.decode(data, "x")):
        with pytest.raises(Unreadable, match=r"^x "):
            read()


def test_an_index_is_read_as_it_was_written() -> None:
    assert Index.decode(index().encode()) == index()
    assert index().media_bytes == 500
    assert index().tracks[0].newest.with_header(b"header") == TRACK


def test_an_index_of_a_later_program_says_so() -> None:
    with pytest.raises(Unreadable, match="of version 2, and this program reads 1"):
        Index.decode(index().encode().replace(b'"version": 1', b'"version": 2'))


def test_sessions_are_named_by_the_time_they_began_and_sort_by_it() -> None:
    assert session_name(NOW_NS) == "20261123T075500.123Z"
    assert began_ns_of(session_name(NOW_NS)) == NOW_NS // 10**6 * 10**6
    assert began_ns_of("../etc") == 0
    assert session_name(NOW_NS) < session_name(NOW_NS + 10**6)


def test_objects_lie_under_their_session_and_track() -> None:
    names = Names("main", "S")
    assert names.segment("v720", 7) == "main/S/v720/7.m4s"
    assert names.shard("v720", 7) == "main/S/v720/catalog-7.jsonl"
    assert (names.index, names.init("a", "init-1.mp4")) == ("main/S/index.json", "main/S/a/init-1.mp4")


def test_a_roll_gives_back_what_was_added_but_for_parts() -> None:
    roll = Roll()
    added = [segment(5), segment(6, 0, gap=True), replace(segment(7, discontinuity=True), init_name="init-b.mp4")]
    for each in added:
        roll.add(each)
    assert list(roll.segments()) == added
    assert list(roll.segments(6, 7)) == added[1:2]
    assert (roll.first, roll.after, roll.bytes, 4 in roll, 7 in roll) == (5, 8, 200, False, True)
    with pytest.raises(ValueError, match="segment 9 does not follow on 7"):
        roll.add(segment(9))


def test_a_roll_forgets_from_the_old_end_and_counts_what_is_left() -> None:
    roll = Roll()
    for number in range(5, 10):
        roll.add(segment(number))
    roll.lose(7)
    assert roll[7].gap
    roll.forget(7)
    assert (roll.first, len(roll), roll.bytes) == (7, 3, 200)
    roll.forget(100)
    assert (len(roll), roll.bytes) == (0, 0)
    with pytest.raises(KeyError):
        roll[7]
