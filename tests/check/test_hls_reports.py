"""Rendition reports: one stream that keeps each rule, one that breaks it."""

import re

import pytest
from tests.check.streams import Case, codes, edited, event, late, rules_of, stream

from ringside.prove.check.hls import reports
from ringside.prove.check.seen import HlsStream

EVENT = event()
V, A = "v720/index.m3u8", "a/index.m3u8"
REPORT = re.compile(r'(#EXT-X-RENDITION-REPORT:URI=)"([^"]*)",LAST-MSN=(\d+),LAST-PART=(\d+)\n')


def written(pattern: str) -> HlsStream:
    """The event with every report of the video playlist written as `pattern`."""
    return edited(EVENT, V, lambda _, body: REPORT.sub(pattern, body))


CASES = [
    Case(reports.EACH, "no report at all", reports.for_each, EVENT, written("")),
    Case(
        reports.RELATIVE, "a report with a host", reports.relative,
        EVENT, written(r'\1"http://media.example/live/a/index.m3u8",LAST-MSN=\3,LAST-PART=\4\n'),
    ),
    Case(
        reports.RIGHT, "reports that stand still", reports.right,
        EVENT, written(r'\1"\2",LAST-MSN=895000010,LAST-PART=0\n'),
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_keeps_the_rule_passes_and_what_breaks_it_is_found(case: Case) -> None:
    case.check()


def test_every_rule_has_its_streams() -> None:
    assert {case.rule.id for case in CASES} == rules_of(reports)


def test_a_report_that_is_ahead_of_what_it_reports_is_wrong() -> None:
    ahead = written(r'\1"\2",LAST-MSN=895000099,LAST-PART=\4\n')
    assert codes(reports.right(ahead)) == ["ll-hls.report-right"]


def test_two_reports_on_one_rendition_are_one_too_many() -> None:
    assert codes(reports.for_each(written(r"\g<0>\g<0>"))) == ["ll-hls.report-for-each"]


def test_attributes_that_are_the_playlists_own_may_be_left_out() -> None:
    assert codes(reports.right(written(r'\1"\2"\n'))) == []


def test_a_report_lags_no_finding_while_it_is_as_fresh_as_its_playlist() -> None:
    assert codes(reports.right(late(EVENT, A, 20, 0.15))) == []


def test_a_rendition_that_had_nothing_yet_need_not_be_reported() -> None:
    silent = edited(EVENT, V, lambda n, body: REPORT.sub("", body) if n < 20 else body)
    versions = {V: silent.versions[V], A: silent.versions[A][20:]}
    assert codes(reports.for_each(stream(versions))) == []


def test_a_plain_stream_has_no_reports_and_needs_none() -> None:
    plain = {name: versions[:0] for name, versions in EVENT.versions.items()}
    assert codes(finding for judge in reports.JUDGES for finding in judge(stream(plain))) == []
