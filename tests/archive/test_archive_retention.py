"""Retention: the oldest goes first, and never what viewers of the running session may ask for."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ringside.core.catalog import Index, Listed, Shard, session_name
from ringside.core.media import Timeline
from ringside.flow.origin.archive.retention import Due, Limits, due, without

S = 10**9
NOW_NS = 1_795_420_500 * S


def index(began_s: int, *shards: Shard) -> Index:
    began = NOW_NS - began_s * S
    return Index("main", session_name(began), "", Timeline(), 2, began, began, 0, (Listed("v", (), shards),))


def shard(first: int, ago_s: float, size: int) -> Shard:
    return Shard(first, first + 299, 300, size, NOW_NS - int(ago_s * S))


OLD = index(90_000, shard(0, 80_000, 10), shard(300, 79_400, 10))
NEW = index(4000, shard(9000, 3000, 10), shard(9300, 100, 10))
LIMITS = Limits(0, 0, NEW.session, NOW_NS - 300 * S)


def test_without_a_limit_nothing_goes() -> None:
    assert due([OLD, NEW], LIMITS, NOW_NS) == []


def test_what_is_older_than_may_be_goes_the_oldest_first() -> None:
    going = due([NEW, OLD], replace(LIMITS, keep_s=79_500), NOW_NS)
    assert going == [Due(OLD.session, "v", OLD.tracks[0].shards[0])]
    assert [s.first for s in without(OLD, going).tracks[0].shards] == [300]
    assert without(NEW, going) == NEW


def test_what_is_too_much_goes_until_the_rest_fits() -> None:
    going = due([OLD, NEW], replace(LIMITS, keep_bytes=15), NOW_NS)
    assert [each.shard.first for each in going] == [0, 300, 9000]


def test_what_the_running_sessions_viewers_may_ask_for_stays_however_little_may_be_kept() -> None:
    going = due([NEW], replace(LIMITS, keep_bytes=1, keep_s=1), NOW_NS)
    assert [each.shard.first for each in going] == [9000]


SHARDS = st.lists(st.tuples(st.floats(0, 10_000), st.integers(0, 1000)), max_size=12)


@given(SHARDS, st.integers(1, 5000))
def test_no_more_goes_than_must(ages: list[tuple[float, int]], keep_bytes: int) -> None:
    every = [shard(n * 300, ago, size) for n, (ago, size) in enumerate(ages)]
    going = due([index(20_000, *every)], Limits(0, keep_bytes, "", 0), NOW_NS)
    left = sum(size for _, size in ages) - sum(each.shard.bytes for each in going)
    assert left <= keep_bytes
    if going:
        assert left + going[-1].shard.bytes > keep_bytes
