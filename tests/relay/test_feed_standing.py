"""How an edge stands with its origin, second by second."""

from ringside.flow.relay.fill.standing import DEAD_NS, GATHER_NS, LONGEST_S, SILENT_NS, Standing, backoff_s

S = 1_000_000_000


def test_an_origin_that_was_never_there_is_unreachable_however_often_it_is_tried() -> None:
    standing = Standing(5 * S)
    for now_ns in (6 * S, 8 * S):
        standing.gone(now_ns)
        standing.connected(now_ns)
        assert standing.look(now_ns) == "unreachable"
    assert standing.since_ns == 5 * S


def test_it_is_live_when_it_has_told_all_silent_when_it_says_nothing_and_live_again() -> None:
    standing = Standing(0)
    standing.connected(S)
    assert standing.look(S) == "unreachable"
    standing.synced(2 * S)
    assert (standing.state, standing.since_ns) == ("live", 2 * S)
    standing.heard(2 * S)
    assert standing.look(2 * S + SILENT_NS) == "live"
    assert standing.look(2 * S + SILENT_NS + 1) == "silent"
    standing.heard(9 * S)
    assert standing.look(9 * S) == "live"
    assert standing.since_ns == 9 * S


def test_it_is_lost_from_the_moment_the_feed_is_gone_until_a_new_one_has_told_all() -> None:
    standing = Standing(0)
    standing.connected(S)
    standing.synced(S)
    standing.gone(5 * S)
    standing.connected(6 * S)
    assert (standing.look(7 * S), standing.since_ns) == ("lost", 5 * S)
    standing.synced(8 * S)
    assert (standing.state, standing.since_ns) == ("live", 8 * S)


def test_a_feed_is_given_up_after_fifteen_silent_seconds_and_not_before() -> None:
    standing = Standing(0)
    assert standing.ailment(100 * S) == ""
    standing.connected(S)
    standing.synced(S)
    assert standing.ailment(S + DEAD_NS) == ""
    assert standing.ailment(S + DEAD_NS + 1) == "nothing was heard for 15 s"
    standing.gone(20 * S)
    assert standing.ailment(1000 * S) == ""


def test_a_snapshot_that_does_not_end_is_given_up_though_it_is_heard() -> None:
    standing = Standing(0)
    standing.connected(S)
    standing.heard(S + GATHER_NS)
    assert standing.ailment(S + GATHER_NS) == ""
    assert "not told in 300 s" in standing.ailment(S + GATHER_NS + 1)
    standing.synced(S + GATHER_NS)
    assert standing.ailment(S + GATHER_NS + 1) == ""


def test_attempts_are_further_apart_each_time_up_to_a_bound_and_spread() -> None:
    longest = [backoff_s(failures, 1.0) for failures in range(8)]
    assert longest == [0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0, 2.0]
    assert [backoff_s(failures, 0.0) for failures in range(5)] == [0.1, 0.2, 0.4, 0.8, 1.0]
    assert backoff_s(10**9, 0.5) == 0.75 * LONGEST_S
