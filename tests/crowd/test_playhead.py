"""The playhead: what a viewer saw, to the microsecond, from nothing but how far the media reached and when."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playheads import BARE, HLS_JS, OPENING, begun, playing

from ringside.prove.crowd.player.base import Feel
from ringside.prove.crowd.player.playhead import Playhead


def test_the_first_picture_waits_for_the_start_up_buffer() -> None:
    playhead = begun()
    playhead.advance(11.0, 100.4)
    assert not playhead.playing
    assert playhead.feel.first_frame_s is None
    playhead.advance(12.0, 100.5)
    assert playhead.playing
    assert playhead.feel.playing
    assert playhead.feel.first_frame_s == 12.0
    assert playhead.position_s == 100.0


def test_waiting_for_the_first_picture_is_neither_watching_nor_stalling() -> None:
    playhead = begun()
    playhead.advance(15.0, 100.0)
    feel = playhead.feel
    assert (feel.watched_s, feel.stalled_s, feel.stalls, feel.stall_began_s) == (0.0, 0.0, 0, None)


def test_nothing_plays_before_it_is_told_where_to_begin() -> None:
    playhead = Playhead(BARE, Feel(0.0))
    playhead.advance(5.0, 1000.0)
    assert not playhead.playing


def test_the_first_picture_is_shown_as_late_as_the_player_opens() -> None:
    playhead = begun(OPENING)
    playhead.advance(11.0, 101.0)
    assert not playhead.playing
    playhead.advance(11.2, 101.2)
    assert playhead.feel.first_frame_s is None
    playhead.advance(12.0, 102.0)
    assert playhead.feel.first_frame_s == 11.3
    assert playhead.position_s == pytest.approx(100.7)


def test_only_the_first_picture_waits_for_the_player_to_open() -> None:
    playhead = begun(OPENING)
    playhead.advance(11.0, 101.0)
    playhead.advance(13.0, 101.5)
    assert playhead.feel.stall_began_s == pytest.approx(12.3)
    playhead.advance(14.0, 103.0)
    assert playhead.playing
    assert playhead.feel.stalled_s == pytest.approx(1.7)


def test_a_seek_to_where_nothing_is_puts_the_first_picture_off() -> None:
    playhead = begun(OPENING)
    playhead.advance(11.0, 101.0)
    playhead.seek(11.1, 200.0)
    playhead.advance(12.0, 200.0)
    assert playhead.feel.first_frame_s is None
    playhead.advance(13.0, 202.0)
    playhead.advance(14.0, 203.0)
    assert playhead.feel.first_frame_s == 13.3


def test_a_playing_picture_moves_with_the_clock() -> None:
    playhead = playing(end_s=110.0)
    playhead.advance(12.5, 111.0)
    assert playhead.position_s == 102.5
    assert playhead.feel.watched_s == 2.5


def test_a_stall_is_dated_at_the_moment_the_media_ran_out() -> None:
    playhead = playing(end_s=101.0)
    playhead.advance(14.0, 101.2)
    feel = playhead.feel
    assert feel.stall_began_s == 11.0
    assert feel.stalls == 1
    assert feel.watched_s == 1.0
    assert playhead.position_s == 101.0
    assert not feel.playing


def test_a_stall_ends_when_the_resume_threshold_is_buffered() -> None:
    playhead = playing(end_s=101.0)
    playhead.advance(14.0, 101.9)
    assert not playhead.playing
    playhead.advance(15.0, 102.0)
    feel = playhead.feel
    assert playhead.playing
    assert feel.stalled_s == 4.0
    assert feel.stall_began_s is None
    assert feel.stalls == 1


def took_to_go_on(playhead: Playhead, now_s: float) -> float:
    """It has run dry by now: feed it a hundredth of a second after another until it plays."""
    playhead.advance(now_s, 0.0)
    assert not playhead.playing
    dry_s = playhead.position_s
    for step in range(1, 1000):
        playhead.advance(now_s, dry_s + step / 100)
        if playhead.playing:
            return step / 100
    raise AssertionError("never went on")


def test_each_further_stall_asks_for_twice_as_much_up_to_a_limit_until_a_seek() -> None:
    playhead = playing(end_s=101.0, profile=HLS_JS)
    asked = [took_to_go_on(playhead, now_s) for now_s in (20.0, 30.0, 40.0, 50.0, 60.0)]
    assert asked == pytest.approx([0.4, 0.8, 1.6, 3.0, 3.0], abs=0.011)
    playhead.seek(60.0, 500.0, 500.3)
    assert playhead.playing
    assert took_to_go_on(playhead, 70.0) == pytest.approx(0.4, abs=0.011)


def test_media_that_comes_too_late_does_not_undo_the_stall_before_it() -> None:
    playhead = playing(end_s=101.0)
    playhead.advance(13.0, 200.0)
    assert playhead.feel.stalls == 1
    assert playhead.feel.stalled_s == 2.0
    assert playhead.playing


def test_media_that_comes_at_the_very_last_moment_prevents_the_stall() -> None:
    for end_s in (100.7, 101.0, 103.3, 100.1 + 0.7):
        playhead = playing(end_s=end_s)
        playhead.advance(10.37, end_s)
        playhead.advance(10.37 + (end_s - playhead.position_s), end_s + 5.0)
        assert playhead.feel.stalls == 0
        assert playhead.playing


def test_a_faster_rate_brings_the_stall_forward() -> None:
    playhead = playing(end_s=103.0)
    playhead.rate = 1.5
    playhead.advance(20.0, 103.0)
    assert playhead.feel.stall_began_s == 12.0
    assert playhead.feel.watched_s == 2.0


def test_the_end_of_the_event_is_no_stall() -> None:
    playhead = playing(end_s=103.0)
    playhead.ended(11.0)
    playhead.advance(20.0, 103.0)
    feel = playhead.feel
    assert (feel.stalls, feel.stall_began_s, feel.watched_s, feel.playing) == (0, None, 3.0, False)
    playhead.advance(30.0, 110.0)
    assert not playhead.playing


def test_an_event_that_ends_while_stalled_plays_what_is_left() -> None:
    playhead = playing(end_s=101.0)
    playhead.advance(12.0, 101.5)
    assert not playhead.playing
    playhead.ended(13.0)
    assert playhead.playing
    playhead.advance(20.0, 101.5)
    feel = playhead.feel
    assert feel.stalled_s == 2.0
    assert feel.watched_s == 1.5
    assert feel.stall_began_s is None


def test_an_event_that_ends_while_dry_closes_the_stall() -> None:
    playhead = playing(end_s=101.0)
    playhead.ended(12.0)
    feel = playhead.feel
    assert (feel.stalls, feel.stalled_s, feel.stall_began_s) == (1, 1.0, None)


def test_a_seek_within_the_buffer_goes_on_playing() -> None:
    playhead = playing(end_s=110.0)
    playhead.seek(11.0, 106.0)
    assert playhead.playing
    assert playhead.position_s == 106.0
    playhead.advance(12.0, 110.0)
    assert playhead.position_s == 107.0
    assert playhead.feel.stalls == 0
    assert playhead.feel.watched_s == 2.0


def test_a_seek_beyond_the_buffer_is_a_stall_until_media_is_there() -> None:
    playhead = playing(end_s=101.0)
    playhead.seek(10.5, 140.0)
    feel = playhead.feel
    assert (feel.stalls, feel.stall_began_s, playhead.playing) == (1, 10.5, False)
    playhead.advance(11.0, 140.5)
    assert playhead.playing
    assert feel.stalled_s == 0.5
    assert playhead.position_s == 140.0


def test_a_seek_back_stands_unless_told_what_is_buffered_there() -> None:
    playhead = playing(end_s=110.0)
    playhead.seek(11.0, 90.0)
    assert not playhead.playing
    told = playing(end_s=110.0)
    told.seek(11.0, 90.0, 110.0)
    assert told.playing
    assert told.position_s == 90.0


def test_a_seek_before_the_first_picture_is_no_stall() -> None:
    playhead = begun()
    playhead.seek(11.0, 120.0)
    assert playhead.feel.stalls == 0
    playhead.advance(12.0, 121.0)
    assert playhead.feel.first_frame_s == 12.0


# -- everything adds up, whatever happens


@dataclass(frozen=True)
class Step:
    """Some time passes, some media comes, the rate changes, perhaps a seek."""

    after_s: float
    more_s: float
    rate: float
    seek_s: float | None


steps = st.lists(
    st.builds(
        Step,
        after_s=st.one_of(st.just(0.0), st.floats(0.001, 5.0)),
        more_s=st.one_of(st.just(0.0), st.floats(0.001, 4.0)),
        rate=st.sampled_from([1.0, 1.0, 0.95, 1.1, 1.5]),
        seek_s=st.one_of(st.none(), st.none(), st.none(), st.floats(-5.0, 20.0)),
    ),
    max_size=40,
)


@given(steps)
def test_watched_stalled_and_start_up_time_add_up_to_the_time_that_passed(story: list[Step]) -> None:
    playhead = begun(now_s=0.0, position_s=50.0)
    feel = playhead.feel
    now_s, end_s = 0.0, 50.0
    for step in story:
        now_s += step.after_s
        end_s += step.more_s
        before_s = playhead.position_s
        playhead.advance(now_s, end_s)
        playhead.rate = step.rate
        assert before_s <= playhead.position_s <= end_s
        assert feel.playing == playhead.playing
        assert (feel.stall_began_s is None) or not playhead.playing
        if step.seek_s is not None:
            to_s = playhead.position_s + step.seek_s
            end_s = max(end_s, to_s) if to_s >= playhead.position_s else to_s
            playhead.seek(now_s, to_s)
            assert playhead.position_s == to_s
    first_s = now_s if feel.first_frame_s is None else feel.first_frame_s
    standing_s = 0.0 if feel.stall_began_s is None else now_s - feel.stall_began_s
    assert first_s + feel.watched_s + feel.stalled_s + standing_s == pytest.approx(now_s, abs=1e-6)


@given(st.lists(st.tuples(st.floats(0.001, 3.0), st.floats(0.0, 3.0)), max_size=30), st.integers(1, 7))
def test_looking_more_often_changes_nothing(arrivals: list[tuple[float, float]], looks: int) -> None:
    once, often = begun(now_s=0.0, position_s=0.0), begun(now_s=0.0, position_s=0.0)
    now_s = end_s = 0.0
    for after_s, more_s in arrivals:
        for look in range(1, looks + 1):
            often.advance(now_s + after_s * look / (looks + 1), end_s)
        now_s += after_s
        end_s += more_s
        once.advance(now_s, end_s)
        often.advance(now_s, end_s)
        assert often.position_s == pytest.approx(once.position_s, abs=1e-6)
        assert often.feel.stalls == once.feel.stalls
    assert often.feel.watched_s == pytest.approx(once.feel.watched_s, abs=1e-6)
    assert often.feel.stalled_s == pytest.approx(once.feel.stalled_s, abs=1e-6)


@given(st.lists(st.tuples(st.floats(0.001, 3.0), st.floats(0.0, 3.0)), max_size=30))
def test_with_a_rate_of_1_the_media_played_is_the_time_watched(arrivals: list[tuple[float, float]]) -> None:
    playhead = begun(now_s=0.0, position_s=7.0)
    now_s, end_s = 0.0, 7.0
    for after_s, more_s in arrivals:
        now_s += after_s
        end_s += more_s
        playhead.advance(now_s, end_s)
    assert playhead.position_s - 7.0 == pytest.approx(playhead.feel.watched_s, abs=1e-6)
