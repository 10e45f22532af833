"""The tally: counts differences of what viewers feel, once each, whatever the order; merges and travels as JSON."""

import json
from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringside.prove.crowd.player.base import Feel
from ringside.prove.crowd.tally.tally import (
    BYTES,
    LEAST,
    MAX_NAMES,
    MOST,
    ON,
    OTHER,
    PLAYING,
    SERIES_S,
    STALLED,
    Tally,
)


def playing(latency_s: float | None = 3.0, rung_bps: int = 600_000) -> Feel:
    feel = Feel(0.0)
    feel.first_frame_s = 0.4
    feel.playing = True
    feel.latency_s = latency_s
    feel.rung_bps = rung_bps
    return feel


def test_a_viewer_looked_at_every_second_is_counted_once() -> None:
    tally, feel = Tally(), playing()
    tally.came(feel)
    for second in range(10):
        feel.watched_s += 1
        feel.on_time += 5
        feel.switches = second // 4
        tally.second(second, feel)
    tally.left(feel)
    assert (tally.arrived, tally.leavings, tally.on) == (1, 1, 0)
    assert (tally.watched_s, tally.on_time, tally.switches) == (10, 50, 2)


def test_what_was_felt_between_the_last_look_and_leaving_counts_too() -> None:
    tally, feel = Tally(), playing()
    tally.second(0, feel)
    feel.watched_s, feel.late, feel.stalls, feel.stalled_s = 0.6, 1, 1, 0.2
    tally.left(feel)
    assert (tally.watched_s, tally.late, tally.stalls, tally.stalled_s) == (0.6, 1, 1, 0.2)


def test_a_viewer_that_stalls_twice_is_one_stalled_viewer_with_two_stalls() -> None:
    tally, feel, other = Tally(), playing(), playing()
    for second, (stalls, stalled_s) in enumerate([(0, 0.0), (1, 0.5), (1, 0.5), (2, 2.0)]):
        feel.stalls, feel.stalled_s = stalls, stalled_s
        tally.second(second, feel)
        tally.second(second, other)
    assert (tally.stalls, tally.stalled_viewers, tally.stalled_s) == (2, 1, 2.0)
    assert (len(tally.stall), tally.stall.max_s) == (2, 1.5)


def test_a_stall_that_never_ends_is_counted_to_the_end() -> None:
    tally, feel = Tally(), playing()
    tally.second(0, feel)
    feel.playing, feel.stalls, feel.stall_began_s = False, 1, 100.0
    tally.second(1, feel)
    assert tally.stalled_s == 0
    tally.left(feel, 130.0)
    assert (tally.stalls, tally.stalled_s, tally.stall.max_s) == (1, 30.0, 30.0)


def test_a_viewer_that_goes_without_a_picture_is_counted_as_such() -> None:
    tally, feel = Tally(), Feel(0.0)
    tally.came(feel)
    tally.failed("manifest: 404")
    tally.left(feel)
    assert (tally.pictureless, tally.failures, tally.joins, tally.reasons) == (1, 1, 0, {"manifest: 404": 1})


def test_the_first_look_at_a_viewer_is_its_arrival_if_nobody_said_so() -> None:
    tally = Tally()
    tally.second(0, playing())
    tally.left(playing())
    assert (tally.arrived, tally.on, tally.leavings) == (2, 1, 1)


def test_a_second_has_its_viewers_latencies_and_bytes() -> None:
    tally = Tally()
    stalled = playing(None)
    stalled.playing, stalled.stall_began_s = False, 1.0
    crowd = [playing(2.0), playing(3.5), playing(None), stalled, Feel(0.0)]
    for second in (0, 1):
        for feel in crowd:
            tally.second(second, feel)
        tally.bytes += 1000
    rows = Tally.from_json(tally.to_json()).rows
    assert [(row[ON], row[PLAYING], row[STALLED]) for row in rows.values()] == [(5, 3, 1), (5, 3, 1)]
    assert [(row[LEAST], row[MOST]) for row in rows.values()] == [(2.0, 3.5), (2.0, 3.5)]
    assert sum(row[BYTES] for row in rows.values()) == 2000


def test_bytes_are_put_to_the_second_in_which_they_came() -> None:
    tally, feel = Tally(), playing()
    for second, nbytes in enumerate([0, 700, 300]):
        tally.second(second, feel)
        tally.bytes += nbytes
        tally.to_json()
    assert [row[BYTES] for row in tally.rows.values()] == [0, 700, 300]


def test_bytes_of_before_the_first_look_are_put_to_the_first_second() -> None:
    tally = Tally()
    tally.bytes = 500
    tally.to_json()
    tally.second(3, playing())
    assert [row[6] for row in tally.to_json()["rows"]] == [500]


def test_bytes_that_were_merged_are_not_counted_into_a_second_again() -> None:
    tally, other = Tally(), Tally()
    for each in (tally, other):
        each.second(0, playing())
        each.bytes = 400
    tally.merge(other)
    assert (tally.bytes, tally.to_json()["rows"][0][6]) == (800, 800)


def test_a_viewer_behind_by_choice_does_not_widen_the_spread() -> None:
    tally, live, behind = Tally(), playing(2.0), playing(62.0)
    tally.came(live)
    tally.came(behind, live=False)
    for feel in (live, behind):
        tally.second(0, feel)
    assert (tally.latency.max_s, tally.rows[0][MOST], tally.rows[0][PLAYING]) == (2.0, 2.0, 2)


def test_viewers_looked_at_around_the_turn_of_a_second_stay_in_theirs() -> None:
    tally = Tally()
    one, two = playing(1.0), playing(2.0)
    for second, feel in [(0, one), (1, two), (0, two), (1, one)]:
        tally.second(second, feel)
    assert [row[PLAYING] for row in tally.rows.values()] == [2, 2]
    assert [(row[LEAST], row[MOST]) for row in tally.rows.values()] == [(1.0, 2.0), (1.0, 2.0)]


def test_rungs_are_seconds_played_by_bandwidth() -> None:
    tally, feel = Tally(), playing(rung_bps=600_000)
    for second in range(6):
        feel.rung_bps = 600_000 if second < 4 else 2_500_000
        tally.second(second, feel)
        if second == 2:
            tally.to_json()
    assert tally.to_json()["rungs"] == {"600000": 4, "2500000": 2}


def test_a_latency_that_is_no_number_harms_nothing() -> None:
    tally = Tally()
    for latency_s in (nan, inf, -inf, 2.0):
        tally.second(0, playing(latency_s))
    assert (len(tally.latency), tally.latency.ignored) == (1, 3)
    assert json.dumps(tally.to_json(), allow_nan=False)


def test_a_server_cannot_make_it_grow_without_bound() -> None:
    tally = Tally()
    for number in range(1000):
        tally.status(number)
        tally.failed(f"{number} " + "x" * 10_000)
        tally.problem(f"odd {number}")
        tally.latency_from(f"clock {number}")
        tally.second(0, playing(rung_bps=number))
    tally.to_json()
    for table in (tally.statuses, tally.reasons, tally.problems, tally.latency_sources, tally.rungs):
        assert len(table) <= MAX_NAMES + 1
        assert sum(table.values()) == 1000
        assert table[OTHER] == 1000 - MAX_NAMES
    assert max(len(reason) for reason in tally.reasons) <= 200


def test_seconds_past_four_hours_are_left_out_and_counted() -> None:
    tally, feel = Tally(), playing()
    for second in range(SERIES_S + 5):
        feel.watched_s += 1
        tally.second(second, feel)
    assert (len(tally.rows), tally.seconds_left_out, tally.watched_s) == (SERIES_S, 5, SERIES_S + 5)


Steps = list[tuple[int, int, bool]]
steps = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.booleans()), max_size=40)


def played(tally: Tally, history: Steps) -> Tally:
    """What four viewers felt, told to a tally."""
    feels = [playing(1.0 + number) for number in range(4)]
    for second, number, troubled in history:
        feel = feels[number]
        feel.watched_s += 1
        feel.on_time += 2
        feel.stalls += troubled
        feel.stalled_s += 0.25 * troubled
        tally.bytes += 100
        tally.status(200 + number)
        tally.second(second, feel)
    for feel in feels:
        tally.left(feel)
    return tally


@settings(max_examples=60, deadline=None)
@given(steps, steps)
def test_two_processes_merged_are_as_one_that_had_all_viewers(some: Steps, others: Steps) -> None:
    merged = Tally.from_json(json.loads(json.dumps(played(Tally(), some).to_json(), allow_nan=False)))
    merged.merge(played(Tally(), others))
    one = played(Tally(), some)
    played(one, others)
    mine, whole = merged.to_json(), one.to_json()
    for document in (mine, whole):
        document["rows"] = {row[0]: (*row[2:6],) for row in document["rows"]}
    assert mine == whole


def test_merging_adds_the_viewers_of_the_same_second() -> None:
    tallies = [Tally(), Tally()]
    for number, tally in enumerate(tallies):
        for latency_s in (2.0 + number, 4.0 - number / 2):
            tally.second(7, playing(latency_s))
    tallies[0].merge(tallies[1])
    row = tallies[0].rows[7]
    assert (row[ON], row[PLAYING], row[LEAST], row[MOST]) == (4, 4, 2.0, 4.0)


def test_snapshots_never_go_back() -> None:
    tally, feels = Tally(), [playing() for _ in range(5)]
    before = tally.to_json()
    for second in range(8):
        for feel in feels:
            feel.watched_s += 1
            feel.on_time += 3
            tally.second(second, feel)
        if second > 3:
            tally.left(feels.pop())
        now = tally.to_json()
        for name in ("arrived", "leavings", "watched_s", "on_time", "requests"):
            assert now[name] >= before[name]
        before = now
    assert before["leavings"] == 4


def test_the_engines_own_counters_travel_too() -> None:
    tally = Tally()
    tally.requests, tally.retries, tally.redirects, tally.dropped = 5, 1, 3, 2
    copy = Tally.from_json(tally.to_json())
    copy.merge(tally)
    assert (copy.requests, copy.retries, copy.redirects, copy.dropped) == (10, 2, 6, 4)


def test_who_comes_again_after_a_storm_is_the_same_viewer() -> None:
    tally, before, after = Tally(), playing(), playing()
    tally.came(before)
    tally.joined(0.4)
    tally.left(before)
    tally.came(after, again=True)
    tally.joined(1.5, again=True)
    assert (tally.arrived, tally.joins, tally.rejoins, tally.leavings, tally.on) == (1, 1, 1, 0, 1)
    assert tally.ttff.max_s == pytest.approx(0.4)
    assert Tally.from_json(tally.to_json()).rejoin.max_s == pytest.approx(1.5, rel=0.01)


def test_its_repr_is_a_status_line() -> None:
    tally = Tally()
    tally.came(playing())
    tally.joined(0.4)
    assert repr(tally) == "1 on of 1, 1 joined, 0 failed, 0 stalls"
    assert tally.ttff.max_s == pytest.approx(0.4)
