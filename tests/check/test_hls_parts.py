"""Partial segments as they are listed: one stream that keeps each rule, one that breaks it."""

import pytest
from tests.check.streams import Case, codes, event, golden, rules_of, spaced, stream

from ringside.prove.check.hls import parts

LIVE = golden("media_live.m3u8")
GAPS = golden("media_gap_and_discontinuity.m3u8")
FIRST = '#EXT-X-PART:DURATION=0.200000,URI="895000008.0.m4s",INDEPENDENT=YES'
SECOND = '#EXT-X-PART:DURATION=0.200000,URI="895000008.1.m4s"'
LAST = '#EXT-X-PART:DURATION=0.200000,URI="895000008.9.m4s"'


def said(old: str, new: str, body: str = LIVE) -> str:
    assert old in body
    return body.replace(old, new)


def closed(body: str, count: int = 10) -> str:
    """The growing segment 895000008, closed with `count` parts and an EXTINF of 2 s."""
    head, hint, _ = body.partition("#EXT-X-PRELOAD-HINT")
    assert hint
    more = "".join(f'#EXT-X-PART:DURATION=0.200000,URI="895000008.{n}.m4s"\n' for n in range(4, count))
    return f"{head}{more}#EXTINF:2.000000,\n895000008.m4s\n"


CASES = [
    Case(
        parts.WITHIN, "a part of 0.22 s where the target is 0.21334", parts.part_lengths,
        stream(LIVE), stream(said(SECOND, SECOND.replace("0.200000", "0.220000"))),
    ),
    Case(
        parts.LONG_ENOUGH, "a part of 0.1 s in mid-segment", parts.part_lengths,
        stream(said(FIRST, FIRST.replace("0.200000", "0.100000"))),
        stream(said(SECOND, SECOND.replace("0.200000", "0.100000"))),
    ),
    Case(
        parts.ADD_UP, "a segment that was closed one part early", parts.parts_add_up,
        stream(spaced([LIVE, closed(LIVE)])), stream(spaced([LIVE, closed(LIVE, 9)])),
    ),
    Case(
        parts.TAGS_FIRST, "a date behind the first part", parts.tags_before_parts,
        stream(GAPS),
        stream(said(SECOND, "#EXT-X-PROGRAM-DATE-TIME:2026-09-21T14:13:36.000Z\n" + SECOND)),
    ),
    Case(
        parts.GAP, "parts that a GAP still promises", parts.gap_parts,
        stream(GAPS), stream(said(FIRST, "#EXT-X-GAP\n" + FIRST)),
    ),
    Case(
        parts.INDEPENDENT, "a segment in which no part is independent", parts.independent_part,
        stream(spaced([LIVE, closed(LIVE)])),
        stream(spaced([LIVE, closed(said(FIRST, FIRST.replace(",INDEPENDENT=YES", "")))])),
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_keeps_the_rule_passes_and_what_breaks_it_is_found(case: Case) -> None:
    case.check()


def test_every_rule_has_its_streams() -> None:
    assert {case.rule.id for case in CASES} == rules_of(parts)


def test_our_own_event_keeps_them_all() -> None:
    assert codes(finding for judge in parts.JUDGES for finding in judge(event())) == []


def test_the_last_part_of_a_segment_may_be_short() -> None:
    short = closed(LIVE).replace(LAST, LAST.replace("0.200000", "0.050000"))
    assert codes(parts.part_lengths(stream(short))) == []


def test_a_short_part_before_a_gap_is_excused_and_the_gap_too() -> None:
    body = said(SECOND, SECOND.replace("0.200000", "0.100000"))
    third = '#EXT-X-PART:DURATION=0.200000,URI="895000008.2.m4s"'
    body = said(third, third.replace("0.200000", "0.050000") + ",GAP=YES", body)
    assert codes(parts.part_lengths(stream(body))) == []


def test_an_independent_part_may_be_short_but_not_long() -> None:
    long = said(FIRST, FIRST.replace("0.200000", "0.300000"))
    assert codes(parts.part_lengths(stream(long))) == ["ll-hls.part-within-target"]


def test_a_segment_that_may_have_lost_parts_before_we_came_is_not_called_short() -> None:
    body = closed(said(FIRST + "\n", ""))
    assert codes(parts.parts_add_up(stream(body))) == []
    assert codes(parts.parts_add_up(stream(spaced([LIVE, body])))) == ["ll-hls.parts-are-the-segment"]


def test_rounded_durations_add_up_to_within_their_rounding() -> None:
    third = "".join(f'#EXT-X-PART:DURATION=0.67,URI="895000008.{n}.m4s"\n' for n in range(3))
    body = LIVE.partition(FIRST)[0].replace("PART-TARGET=0.21334", "PART-TARGET=0.7") + third
    assert codes(parts.parts_add_up(stream(spaced([body, body + "#EXTINF:2.00,\n895000008.m4s\n"])))) == []
    assert codes(parts.parts_add_up(stream(spaced([body, body + "#EXTINF:1.90,\n895000008.m4s\n"])))) != []


def test_a_stream_that_does_not_promise_independent_segments_need_not_mark_parts() -> None:
    silent = said(FIRST, FIRST.replace(",INDEPENDENT=YES", "")).replace("#EXT-X-INDEPENDENT-SEGMENTS\n", "")
    assert codes(parts.independent_part(stream(spaced([silent, closed(silent)])))) == []
