"""Program dates: one stream that keeps each rule, one that breaks it."""

import re

import pytest
from tests.check.streams import Case, codes, event, golden, pair, plain, rules_of, stream, text

from ringside.prove.check.hls import dates

LIVE = golden("media_live.m3u8")
AUDIO = golden("media_audio.m3u8")
GAPS = golden("media_gap_and_discontinuity.m3u8")
DATE = re.compile(r"#EXT-X-PROGRAM-DATE-TIME:.*\n")


def undated(body: str) -> str:
    return DATE.sub("", body)


def dated(*stamps: str, between: str = "") -> str:
    """Two-second segments at these times of a day; `between` stands before the last of them."""
    lines = ['#EXT-X-MAP:URI="init.mp4"']
    for number, stamp in enumerate(stamps):
        lines += [between] if between and number == len(stamps) - 1 else []
        lines += [f"#EXT-X-PROGRAM-DATE-TIME:2026-09-21T{stamp}"] if stamp else []
        lines += ["#EXTINF:2.000,", f"{number}.m4s"]
    return text(*lines)


CASES = [
    Case(
        dates.EVERYWHERE, "dates on the picture, none on the sound", dates.in_every_playlist,
        pair(dated("10:00:00.000Z"), dated("10:00:00.000Z")), pair(dated("10:00:00.000Z"), plain()),
    ),
    Case(dates.LOW_LATENCY, "parts, and no dates", dates.in_every_playlist, stream(LIVE), stream(undated(LIVE))),
    Case(
        dates.UNAMBIGUOUS, "a date that goes back", dates.unambiguous,
        stream(dated("10:00:00.000Z", "10:00:02.000Z", "10:00:04.000Z")),
        stream(dated("10:00:00.000Z", "10:00:02.000Z", "10:00:01.000Z")),
    ),
    Case(
        dates.AT_DISCONTINUITY, "a discontinuity without a date", dates.at_discontinuity,
        stream(GAPS), stream(dated("10:00:00.000Z", "", between="#EXT-X-DISCONTINUITY")),
    ),
    Case(
        dates.PRECISE, "whole seconds", dates.precise,
        stream(dated("10:00:00.123+0200")), stream(dated("10:00:00Z")),
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_keeps_the_rule_passes_and_what_breaks_it_is_found(case: Case) -> None:
    case.check()


def test_every_rule_has_its_streams() -> None:
    assert {case.rule.id for case in CASES} == rules_of(dates)


def test_our_own_event_keeps_them_all() -> None:
    assert codes(finding for judge in dates.JUDGES for finding in judge(event())) == []


def test_no_dates_anywhere_are_no_finding_in_plain_hls() -> None:
    assert codes(finding for judge in dates.JUDGES for finding in judge(pair(plain(), plain()))) == []


def test_a_drifting_clock_may_overlap_by_less_than_a_second() -> None:
    assert codes(dates.unambiguous(stream(dated("10:00:00.000Z", "10:00:01.100Z")))) == []
    assert codes(dates.unambiguous(stream(dated("10:00:00.000Z", "10:00:00.900Z")))) == ["hls.date-unambiguous"]


def test_dates_are_carried_on_to_segments_without_one() -> None:
    assert codes(dates.unambiguous(stream(dated("10:00:00.000Z", "", "", "10:00:06.000Z")))) == []
    assert codes(dates.unambiguous(stream(dated("10:00:00.000Z", "", "", "10:00:04.000Z")))) != []


@pytest.mark.parametrize("stamp", ["10:00:00.000", "10:00:00.12Z"])
def test_a_date_without_a_zone_or_with_hundredths_is_not_precise(stamp: str) -> None:
    assert codes(dates.precise(stream(dated(stamp)))) == ["hls.date-precise"]
