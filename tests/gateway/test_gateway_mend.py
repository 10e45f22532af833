"""Mend: as little as will do, so many at a time, again where it failed, and never beyond the deadline."""

from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from ringside.core.alc import RAPTORQ, Gather, encode, info_of
from ringside.core.feed.news import MediaRef
from ringside.flow.relay.gateway.mend import MAX_ASKED, MAX_ASKED_BYTES, MOST_TRIES, PAUSE_NS, Mend, Outcome, runs

MS = 1_000_000
T = 100


def ref(number: int = 1, n: int = 20 * T, tsi: int = 10) -> MediaRef:
    return MediaRef(tsi, number, number, n, n, 22, b"d" * 16, f"/live/v/{number}.m4s", 1000)


def short(missing: set[int], n: int = 2560, symbol: int = 128) -> Gather:
    """An object of which some symbols are not here."""
    info = info_of(RAPTORQ, n, symbol)
    gather = Gather(info)
    for sbn, esi, part in encode(Random(1).randbytes(n), info, 0):
        if esi not in missing:
            gather.put(sbn, esi, part)
    return gather


def asking() -> Mend:
    mend = Mend(20 * MS)
    mend.begin(0)
    return mend


def test_neighbours_are_asked_for_in_one_range_and_the_last_symbol_ends_with_the_object() -> None:
    assert runs([3, 4, 5], 3, T, 2000) == [(300, 600)]
    assert runs([18, 19], 2, T, 1950) == [(1800, 1950)]


def test_only_as_many_as_are_short_are_asked_for_and_those_closest_together() -> None:
    assert runs([1, 7, 8, 15], 2, T, 2000) == [(700, 900)]
    assert runs([1, 7, 8, 15], 1, T, 2000) == [(100, 200)]
    assert runs([], 1, T, 2000) == []


def test_where_ranges_are_too_many_the_narrowest_gaps_are_asked_for_too() -> None:
    assert runs([0, 2, 9, 15], 4, T, 2000, most=2) == [(0, 300), (900, 1600)] or runs(
        [0, 2, 9, 15], 4, T, 2000, most=2
    ) == [(0, 1000), (1500, 1600)]
    assert runs([0, 2, 9, 19], 4, T, 2000, most=1) == [(0, 2000)]


@given(st.sets(st.integers(0, 79), min_size=1), st.integers(1, 80), st.integers(1, 8))
def test_ranges_hold_enough_of_what_is_missing(missing: set[int], wanted: int, most: int) -> None:
    found = runs(sorted(missing), wanted, T, 80 * T, most)
    assert 1 <= len(found) <= most
    assert all(first < end <= 80 * T for first, end in found)
    assert all(end < first for (_, end), (first, _) in pairwise(found))
    covered = sum(first <= index * T and (index + 1) * T <= end for index in missing for first, end in found)
    assert covered == min(wanted, len(missing))
    if most >= len(missing):
        assert sum(end - first for first, end in found) == covered * T


def test_stragglers_have_their_time_before_anything_is_asked() -> None:
    mend = asking()
    mend.want(ref(n=2560), 400 * MS, now_ns=0)
    assert mend.questions(lambda _: short({4, 5}), 19 * MS) == []
    (ask,) = mend.questions(lambda _: short({4, 5}), 20 * MS)
    assert (ask.path, ask.ranges) == ("/live/v/1.m4s", ((1000 + 4 * 128, 1000 + 6 * 128),))
    assert (ask.attempt, ask.patience_ns) == (0, 380 * MS)
    assert mend.questions(lambda _: short({4, 5}), 30 * MS) == [], "it is under way"


def test_what_was_never_sent_is_asked_for_at_once_and_whole() -> None:
    mend = asking()
    mend.want(ref(tsi=0), 400 * MS, now_ns=0)
    (ask,) = mend.questions(lambda _: None, 0)
    assert ask.ranges == ((1000, 1000 + 20 * T),)


def test_while_the_feed_brings_all_nothing_is_asked_and_nothing_is_overdue() -> None:
    mend = Mend(20 * MS)
    mend.want(ref(), 400 * MS, now_ns=0)
    assert mend.questions(lambda _: None, 900 * MS) == []
    assert mend.overdue(900 * MS) == []
    mend.begin(900 * MS)
    assert mend.overdue(1299 * MS) == [], "its time begins when it can be asked for"
    assert len(mend.overdue(1301 * MS)) == 1


def test_what_stays_short_is_asked_for_again_then_whole_then_given_up() -> None:
    mend, now_ns, asked = asking(), 20 * MS, []
    mend.want(ref(n=2560), 10_000 * MS, now_ns=0)
    while asks := mend.questions(lambda _: short({4}), now_ns):
        asked += asks
        assert mend.answered(asks[0].number) is not None
        mend.judged(ref(n=2560), Outcome.SHORT, now_ns)
        now_ns += PAUSE_NS
    sizes = [ask.ranges[0][1] - ask.ranges[0][0] for ask in asked]
    assert sizes == [128, 128, 2560, 2560, 2560]
    assert [ask.attempt for ask in asked] == list(range(MOST_TRIES)), "each at another base"
    (want,) = mend.overdue(now_ns)
    assert (want.ref, len(mend)) == (ref(n=2560), 0)


def test_bytes_that_are_not_what_was_signed_are_asked_for_whole() -> None:
    mend = asking()
    mend.want(ref(n=2560), 400 * MS, now_ns=0)
    (ask,) = mend.questions(lambda _: short({4}), 20 * MS)
    mend.answered(ask.number)
    mend.judged(ref(n=2560), Outcome.WRONG, 30 * MS)
    (ask,) = mend.questions(lambda _: short(set(range(20))), 30 * MS)
    assert ask.ranges == ((1000, 3560),)


def test_an_answer_to_what_is_wanted_no_more_or_was_never_asked_is_nothing() -> None:
    mend = asking()
    mend.want(ref(), 400 * MS, now_ns=0)
    (ask,) = mend.questions(lambda _: None, 20 * MS)
    mend.have((1, 20 * T))
    assert mend.answered(ask.number) is not None
    assert mend.answered(ask.number) is None
    assert mend.answered(77) is None
    assert (mend.asked_bytes, len(mend)) == (0, 0)


def test_questions_under_way_are_bounded_by_number_and_by_bytes() -> None:
    mend = asking()
    for number in range(100):
        mend.want(ref(number), 400 * MS, now_ns=0)
    assert len(mend.questions(lambda _: None, 20 * MS)) == MAX_ASKED
    mend = asking()
    for number in range(100):
        mend.want(ref(number, n=3 << 20), 400 * MS, now_ns=0)
    assert len(mend.questions(lambda _: None, 20 * MS)) == 3
    assert mend.asked_bytes < MAX_ASKED_BYTES + (3 << 20)


def test_what_nobody_gave_is_tried_again_later() -> None:
    mend = asking()
    mend.want(ref(), 400 * MS, now_ns=0)
    (want,) = mend.overdue(401 * MS)
    mend.again(want, 401 * MS)
    assert mend.questions(lambda _: None, 1400 * MS) == []
    assert len(mend.questions(lambda _: None, 1401 * MS)) == 1
    (want,) = mend.overdue(1802 * MS)
    assert want.again
