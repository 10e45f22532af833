"""A playlist that goes on with another origin's, and takes nothing back of what it has said."""

import random
import re
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringside.core.feed import Playlist
from ringside.core.media import Part, Segment, Track, View
from ringside.flow.mux.hls import MediaRenderer
from ringside.flow.relay.fill.past import GAP, Past, Unread, fits, read, write

TRACK = Track("v", "video", "avc1.64001F", 30_000, b"init", 1, 1, 16, 9, Fraction(30))
PARTS, TICKS = 10, 6_000
PATH = "/live/main/v/index.m3u8"


class Origin:
    """An origin's window from segment `first`; those in `gaps` it never had; `marked` begins with a discontinuity."""

    def __init__(
        self, first: int, gaps: frozenset[int] = frozenset(), breaks: int = 0, marked: int = -1, depth: int = 12
    ) -> None:
        self.first, self.gaps, self.breaks, self.marked, self.depth = first, gaps, breaks, marked, depth

    def segment(self, number: int, parts: int = PARTS) -> Segment:
        start, gap = number * PARTS * TICKS, number in self.gaps
        made = tuple(Part(n, start + n * TICKS, TICKS, n == 0, 100 * n, 100, gap) for n in range(parts))
        whole = parts == PARTS
        return Segment(
            number, start, parts * TICKS, made, whole, TRACK.init_name, 0 if gap else 100 * parts,
            gap=gap and whole, discontinuity=number == self.marked,
        )  # fmt: skip

    def at(self, number: int, part: int, ended: bool = False) -> Playlist:
        """Its playlist when `part` of `number` is its newest."""
        oldest = max(self.first, number - self.depth)
        segments = (*(self.segment(n) for n in range(oldest, number)), self.segment(number, part + 1))
        following = (number + 1, 0) if part + 1 == PARTS else (number, part + 1)
        breaks = self.breaks + (0 <= self.marked < oldest)
        view = View(TRACK, segments, following, 2, 0.2, breaks, ended)
        body, delta = MediaRenderer("v").render(view)
        return Playlist(PATH, body, delta, number, part, following, 2, 0.2, ended)


def numbers(playlist: Playlist) -> list[int]:
    return [int(name) for name in re.findall(rb"^(\d+)\.m4s$", playlist.body, re.M)]


def sequence(playlist: Playlist) -> int:
    found = re.search(rb"MEDIA-SEQUENCE:(\d+)", playlist.body)
    assert found
    return int(found[1])


def turns(first: tuple[int, int], count: int) -> list[tuple[int, int]]:
    begin = first[0] * PARTS + first[1]
    return [divmod(n, PARTS) for n in range(begin, begin + count)]


def assert_keeps(before: Playlist, after: Playlist) -> None:
    """Nothing that `before` said is taken back in `after` (rfc8216bis §6.2.2)."""
    old, new = read(before.body), read(after.body)
    assert new.first >= old.first
    slid = sum(block.breaks for block in old.blocks if block.number < new.first)
    assert new.breaks == old.breaks + slid
    later = {block.number: block for block in new.blocks}
    for block in old.blocks:
        if block.number < new.first:
            continue
        now = later[block.number]
        became = tuple(line for line in now.opening if block.closing or line != GAP)  # a segment all of gaps says so
        assert (now.map, became, now.breaks) == (block.map, block.opening, block.breaks)
        assert now.parts[: len(block.parts)] == block.parts or (now.parts == () and now.closing)
        assert block.closing in ((), now.closing)
    assert [block.number for block in new.blocks] == list(range(new.first, new.first + len(new.blocks)))


def test_whatever_is_read_is_written_back() -> None:
    for origin in (Origin(100), Origin(100, frozenset({103})), Origin(100, marked=104), Origin(90, breaks=3)):
        for turn in turns((100, 3), 60):
            told = origin.at(*turn)
            assert write(read(told.body)) == told.body


def test_where_both_have_the_same_past_playlists_pass_as_they_are() -> None:
    one, other = Origin(100), Origin(100)
    past = Past(one.at(108, 4))
    told = other.at(108, 5)
    assert past.go_on(told) is told
    assert past.over


def test_an_origin_that_was_started_again_does_not_shorten_the_window() -> None:
    one, other = Origin(100), Origin(107)
    before = one.at(108, 4)
    past = Past(before)
    for turn in turns((108, 5), 200):
        after = past.go_on(other.at(*turn))
        assert_keeps(before, after)
        before = after
    assert past.over  # what differed has left the window


def test_a_gap_of_the_other_origin_is_none_where_media_was_told() -> None:
    other = Origin(100, frozenset({105, 106}))
    past = Past(Origin(100).at(108, 4))
    after = past.go_on(other.at(108, 5))
    assert b"EXT-X-GAP" in other.at(108, 5).body
    assert b"EXT-X-GAP" not in after.body


def test_a_longer_window_does_not_come_back() -> None:
    before = Origin(106).at(108, 4)
    after = Past(before).go_on(Origin(90).at(108, 5))
    assert sequence(after) == 106
    assert numbers(after) == [106, 107]


def test_the_discontinuity_sequence_goes_on_from_what_was_told() -> None:
    before = Origin(100, breaks=3, marked=101).at(108, 4)
    past = Past(before)
    for turn in turns((108, 5), 120):
        after = past.go_on(Origin(107).at(*turn))
        assert_keeps(before, after)
        before = after
    assert read(before.body).breaks == 4


def test_a_segment_that_nobody_finishes_is_as_long_as_its_parts() -> None:
    before = Origin(100).at(108, 4)
    after = Past(before).go_on(Origin(109).at(109, 0))
    assert_keeps(before, after)
    assert b"#EXTINF:1.000000,\n108.m4s" in after.body


def test_a_segment_cut_otherwise_ends_in_a_gap_and_is_as_long_as_it_has_to_be() -> None:
    other = Origin(100)
    long = [Part(n, 108 * PARTS * TICKS + n * 10_000, 10_000, n == 0, 0, 1) for n in range(6)]

    def uneven(number: int, part: int) -> Playlist:
        whole = replace(
            other.segment(108), parts=tuple(long[: part + 1 if number == 108 else 6]), complete=number > 108
        )
        segments = (*(other.segment(n) for n in range(100, 108)), whole)
        segments += (other.segment(109, part + 1),) if number > 108 else ()
        body, delta = MediaRenderer("v").render(View(TRACK, segments, (number, part + 1), 2, 0.34, 0, False))
        return Playlist(PATH, body, delta, number, part, (number, part + 1), 2, 0.34)

    before = other.at(108, 3)
    assert not fits(before.body, uneven(108, 4).body)
    past = Past(before)
    held = past.go_on(uneven(108, 4))
    assert_keeps(before, held)
    assert read(held.body).blocks[-1].parts == read(before.body).blocks[-1].parts
    after = past.go_on(uneven(109, 0))
    assert_keeps(held, after)
    block = next(block for block in read(after.body).blocks if block.number == 108)
    lengths = [float(each) for part in block.parts for each in re.findall(r"DURATION=([\d.]+)", part)]
    assert abs(sum(lengths) - 2) < 1e-9
    assert all("GAP=YES" in part for part in block.parts[4:])


def test_what_does_not_follow_on_it_passes_as_it_is() -> None:
    for other in (Origin(200).at(200, 3), Origin(50).at(60, 3)):
        past = Past(Origin(100).at(108, 4))
        assert past.go_on(other) is other
        assert past.over
    assert Past(Origin(100).at(108, 9, ended=True)).over


def test_a_delta_update_leaves_out_what_the_joined_playlist_has_before_it() -> None:
    before = Origin(90).at(108, 4)
    other = Origin(100).at(108, 5)
    after = Past(before).go_on(other)
    theirs, skipped = (int(re.findall(rb"SKIPPED-SEGMENTS=(\d+)", each.delta)[0]) for each in (other, after))
    assert sequence(other) + theirs == sequence(after) + skipped
    assert after.body.endswith(after.delta.partition(b"init-")[2].partition(b"\n")[2])


def test_an_origin_in_a_gap_does_not_fit() -> None:
    told = Origin(100).at(108, 4).body
    assert fits(told, Origin(100).at(108, 6).body)
    assert fits(told, Origin(100).at(108, 2).body)
    assert fits(told, Origin(100, frozenset({107})).at(108, 6).body)
    assert not fits(told, Origin(100, frozenset({108})).at(108, 6).body)
    assert not fits(told, Origin(109).at(109, 1).body)


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300))
def test_nonsense_is_refused_or_passes(body: bytes) -> None:
    try:
        read(body)
    except Unread:
        pass
    past = Past(Origin(100).at(108, 4))
    past.go_on(replace(Origin(100).at(108, 5), body=body))


@pytest.mark.parametrize("seed", range(8))
def test_over_any_moves_nothing_is_taken_back(seed: int) -> None:
    chance = random.Random(seed)
    origins = [
        Origin(
            chance.randint(95, 106), frozenset(chance.sample(range(100, 112), chance.randint(0, 3))),
            chance.randint(0, 3), chance.choice([-1, 104, 109]),
        )
        for _ in range(3)
    ]  # fmt: skip
    before, past = origins[0].at(107, 0), None
    leader = 0
    for number, part in turns((107, 1), 60):
        if chance.random() < 0.1:
            leader = chance.randrange(len(origins))
            past = Past(before)
        told = origins[leader].at(number, part)
        after = past.go_on(told) if past is not None and not past.over else told
        assert_keeps(before, after)
        before = after
