"""Instants as people write them: times of day, dates, and so far from the beginning or the end."""

import contextlib
from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringside.cli.when import instant, lasting, shown
from ringside.core.errors import Misconfigured


def unix(text: str) -> Fraction:
    return Fraction(str(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()))


START, END = unix("2026-11-23T19:50:00"), unix("2026-11-23T22:10:30")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("20:15:30", "2026-11-23T20:15:30"),
        ("20:15", "2026-11-23T20:15:00"),
        ("20:15:30.5", "2026-11-23T20:15:30.5"),
        ("2026-11-23T20:15:30Z", "2026-11-23T20:15:30"),
        ("2026-11-23T21:15:30+01:00", "2026-11-23T20:15:30"),
        ("2026-11-23 20:15:30.040", "2026-11-23T20:15:30.04"),
        ("90", "2026-11-23T19:51:30"),
        ("+90.25", "2026-11-23T19:51:30.25"),
        ("+1:30", "2026-11-23T19:51:30"),
        ("+1:00:05", "2026-11-23T20:50:05"),
        ("-30", "2026-11-23T22:10:00"),
        ("-1:30", "2026-11-23T22:09:00"),
        ("0", "2026-11-23T19:50:00"),
        ("19:49:59", "2026-11-23T19:49:59"),  # a second too early is not a day too late
        ("22:11", "2026-11-23T22:11:00"),
    ],
)
def test_an_instant_is_what_a_person_means(text: str, at: str) -> None:
    assert instant(text, "--from", START, END) == unix(at)


def test_a_time_of_day_is_that_of_the_night_on_which_the_event_was_on() -> None:
    start, end = unix("2026-11-23T23:30:00"), unix("2026-11-24T01:00:00")
    assert instant("00:10", "--from", start, end) == unix("2026-11-24T00:10:00")
    assert instant("23:45", "--from", start, end) == unix("2026-11-23T23:45:00")


def test_a_time_of_day_that_came_twice_needs_its_date() -> None:
    with pytest.raises(Misconfigured, match="--to: 12:00 was more than once; write the date too"):
        instant("12:00", "--to", START, START + 3 * 86_400)


@pytest.mark.parametrize(
    "text", ["", "now", "25:00", "20:15:99x", "2026-11-23", "1e3", "--30", "+", "٣", "1:2:3:4", "9:99", "+0:75"]
)
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(Misconfigured, match=r"--from: .* write it as 20:15:30"):
        instant(text, "--from", START, END)


@given(st.text(max_size=30))
def test_whatever_is_typed_is_an_instant_or_a_sentence(text: str) -> None:
    with contextlib.suppress(Misconfigured):
        assert isinstance(instant(text, "--from", START, END), Fraction)


def test_instants_and_durations_are_shown_as_people_read_them() -> None:
    assert shown(START + Fraction(1, 25)) == "2026-11-23 19:50:00.040 UTC"
    assert [lasting(s) for s in (Fraction(21, 5), 59.9996, 200, 7500)] == ["4.2 s", "60 s", "3 min 20 s", "2 h 05 min"]
