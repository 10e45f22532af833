"""SERVER-CONTROL and PART-INF: one stream that keeps each rule, one that breaks it."""

import pytest
from tests.check.streams import Case, codes, event, golden, pair, plain, rules_of, stream

from ringside.prove.check.hls import control

LIVE = golden("media_live.m3u8")
AUDIO = golden("media_audio.m3u8")
PLAIN = golden("media_plain.m3u8")


def said(old: str, new: str, body: str = LIVE) -> str:
    assert old in body
    return body.replace(old, new)


CASES = [
    Case(
        control.PART_INF, "parts that nobody announced", control.parts_announced,
        stream(LIVE), stream(said("#EXT-X-PART-INF:PART-TARGET=0.21334\n", "")),
    ),
    Case(
        control.PART_HOLD_BACK, "no PART-HOLD-BACK", control.parts_announced,
        stream(LIVE), stream(said(",PART-HOLD-BACK=0.9", "")),
    ),
    Case(
        control.TWICE, "one part and a half", control.part_hold_back,
        stream(LIVE), stream(said("PART-HOLD-BACK=0.9", "PART-HOLD-BACK=0.32")),
    ),
    Case(
        control.THRICE, "two parts and a half", control.part_hold_back,
        stream(said("PART-HOLD-BACK=0.9", "PART-HOLD-BACK=0.64002")),
        stream(said("PART-HOLD-BACK=0.9", "PART-HOLD-BACK=0.55")),
    ),
    Case(
        control.HOLD_BACK, "two target durations and a half", control.in_target_durations,
        stream(PLAIN), stream(said("HOLD-BACK=6", "HOLD-BACK=5", PLAIN)),
    ),
    Case(
        control.SKIP_UNTIL, "five target durations", control.in_target_durations,
        stream(LIVE), stream(said("CAN-SKIP-UNTIL=12", "CAN-SKIP-UNTIL=10")),
    ),
    Case(
        control.SKIP_DATERANGES, "date ranges can be skipped, segments not", control.in_target_durations,
        stream(said("CAN-SKIP-UNTIL=12", "CAN-SKIP-UNTIL=12,CAN-SKIP-DATERANGES=YES")),
        stream(said("CAN-SKIP-UNTIL=12", "CAN-SKIP-DATERANGES=YES")),
    ),
    Case(
        control.BLOCK, "parts, and no blocking reload", control.blocking_offered,
        stream(LIVE), stream(said("CAN-BLOCK-RELOAD=YES,", "")),
    ),
    Case(
        control.SAME, "sound that is held back further", control.same_everywhere,
        pair(LIVE, AUDIO), pair(LIVE, said("PART-HOLD-BACK=0.9", "PART-HOLD-BACK=1.0", AUDIO)),
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_keeps_the_rule_passes_and_what_breaks_it_is_found(case: Case) -> None:
    case.check()


def test_every_rule_has_its_streams() -> None:
    assert {case.rule.id for case in CASES} == rules_of(control)


def test_our_own_event_keeps_them_all() -> None:
    assert codes(finding for judge in control.JUDGES for finding in judge(event())) == []


def test_a_plain_stream_without_any_control_keeps_them_all() -> None:
    assert codes(finding for judge in control.JUDGES for finding in judge(pair(plain(), plain()))) == []


def test_the_largest_part_target_of_all_renditions_counts() -> None:
    wide = AUDIO.replace("PART-TARGET=0.21334", "PART-TARGET=0.40000")
    assert codes(control.part_hold_back(pair(LIVE, wide))) == ["ll-hls.part-hold-back-thrice"]


def test_one_playlist_with_control_and_one_without_are_not_the_same() -> None:
    assert codes(control.same_everywhere(pair(PLAIN, plain()))) == ["hls.server-control-equal"]


def test_an_ended_event_need_not_block() -> None:
    ended = golden("media_ended.m3u8").replace("CAN-BLOCK-RELOAD=YES,", "")
    assert codes(control.blocking_offered(stream(ended))) == []
