"""Rules on successive MPDs: each broken by a second version that changes what may not change."""

import re
from collections.abc import Callable

import media_streams as made
import pytest
from media_streams import broken
from test_dash_addressing import rows, timelined

from ringside.prove.check.dash import over_time as rules

FIRST = made.manifest()
LATER = made.manifest(at_ns=made.NOW_NS + 2 * 10**9)
SCALE = 25_000
START = made.START_S * SCALE
Edit = Callable[[str], str]


def sub(old: str, new: str) -> Edit:
    def edit(text: str) -> str:
        assert re.search(old, text), old
        return re.sub(old, new, text, count=1)

    return edit


BROKEN: dict[str, tuple[str, Callable[..., object], Edit]] = {
    "another zero": (
        "dash.availability-start-constant",
        rules.availability_start_constant,
        sub("1970-01-01T00:00:00Z", "1970-01-01T00:00:01Z"),
    ),
    "a moved period": (
        "dash.period-stable",
        rules.period_stable,
        sub('(<Period id="live" start)="[^"]*"', r'\1="PT3S"'),
    ),
    "published earlier": (
        "dash.publish-time-monotone",
        rules.publish_time_monotone,
        sub('publishTime="20', 'publishTime="19'),
    ),
    "published at once": (
        "dash.publish-time-monotone",
        rules.publish_time_monotone,
        lambda text: FIRST.replace('minBufferTime="PT1S"', 'minBufferTime="PT3S"'),
    ),
    "one less": (
        "dash.representations-stable",
        rules.representations_stable,
        sub("(?s)<AdaptationSet.*?</AdaptationSet>", ""),
    ),
    "another name": ("dash.representations-stable", rules.representations_stable, sub('id="v180"', 'id="v181"')),
    "another offset": (
        "dash.representation-behaviour",
        rules.representation_behaviour,
        sub('presentationTimeOffset="[^"]*"', 'presentationTimeOffset="1"'),
    ),
    "another address": (
        "dash.representation-behaviour",
        rules.representation_behaviour,
        sub("v180/.Number", "w180/$Number"),
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_may_not_change_is_watched(name: str) -> None:
    rule, judge, edit = BROKEN[name]
    assert broken(judge, made.dash(FIRST, LATER)) == set()
    assert broken(judge, made.dash(FIRST, edit(LATER))) == {rule}


def line(first: int, count: int, drift: int = 0, number: int | None = None) -> str:
    """An MPD whose timeline has `count` segments from the `first` on."""
    text = timelined(rows(*[(START + (first + i) * 50_000 + drift, 50_000) for i in range(count)]))
    text = text.replace(
        f'startNumber="{made.FIRST}"', f'startNumber="{made.FIRST + (first if number is None else number)}"'
    )
    return text.replace('publishTime="', f'x="{first}.{count}" publishTime="')


@pytest.mark.parametrize(
    ("later", "keeps"),
    [
        (line(0, 4), True),
        (line(1, 4), True),
        (line(3, 3), True),
        (line(1, 4, drift=10), False),
        (line(1, 4, number=5), False),
        (line(0, 2), False),
    ],
    ids=["extended", "extended and trimmed", "all new", "moved", "renumbered", "shortened"],
)
def test_a_timeline_is_only_extended_and_trimmed(later: str, keeps: bool) -> None:
    found = broken(rules.timeline_stable, made.dash(line(0, 3), later))
    assert found == (set() if keeps else {"dash.timeline-stable"})


def test_segments_stay_for_as_long_as_the_time_shift_buffer() -> None:
    deep, shallow = [
        [re.sub('timeShiftBufferDepth="[^"]*"', f'timeShiftBufferDepth="PT{depth}S"', line(i, 3)) for i in range(6)]
        for depth in (30, 2)
    ]
    assert broken(rules.time_shift_kept, made.dash(*deep)) == {"dash.time-shift-kept"}
    assert broken(rules.time_shift_kept, made.dash(*shallow)) == set()


def test_a_timeline_grows_before_clients_run_out_of_it() -> None:
    stuck = [line(0, 3)] * 6
    assert broken(rules.updates_in_time, made.dash(*stuck, step_s=2)) == {"dash.updates-in-time"}
    growing = [line(i, 3) for i in range(6)]
    assert broken(rules.updates_in_time, made.dash(*growing, step_s=2)) == set()


def test_an_mpd_that_promises_no_updates_has_none() -> None:
    final = re.sub(' minimumUpdatePeriod="[^"]*"', "", FIRST)
    assert broken(rules.no_update_promised, made.dash(final, final)) == set()
    assert broken(rules.no_update_promised, made.dash(final, LATER)) == {"dash.no-update-promised"}
    assert broken(rules.no_update_promised, made.dash(FIRST, LATER)) == set()


def test_the_end_is_the_end() -> None:
    ended = made.manifest(ended=True, at_ns=made.NOW_NS + 4 * 10**9)
    assert broken(rules.static_is_final, made.dash(FIRST, LATER, ended)) == set()
    assert broken(rules.static_is_final, made.dash(FIRST, ended, LATER)) == {"dash.static-is-final"}


def test_a_clock_in_the_mpd_is_no_new_version() -> None:
    direct = '<UTCTiming schemeIdUri="urn:mpeg:dash:utc:direct:2014" value="{}"/></MPD>'
    versions = [FIRST.replace("</MPD>", direct.format(f"2026-01-01T00:00:0{n}Z")) for n in range(3)]
    assert broken(rules.publish_time_monotone, made.dash(*versions)) == set()
