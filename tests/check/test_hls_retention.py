"""How long parts stay listed: one stream that keeps each rule, one that breaks it."""

import re

import pytest
from tests.check.streams import Case, codes, event, golden, rules_of, spaced, stream

from ringside.prove.check.hls import retention
from ringside.prove.check.seen import HlsStream

LIVE = golden("media_live.m3u8")
PARTS = re.compile(r'#EXT-X-PART:DURATION=0.200000,URI="89500000([67])\.\d\.m4s".*\n')


def with_parts(number: int, body: str = LIVE) -> str:
    """The same with parts on a segment that had none."""
    parts = "".join(f'#EXT-X-PART:DURATION=0.200000,URI="{number}.{n}.m4s"\n' for n in range(10))
    return body.replace(f"#EXTINF:2.000000,\n{number}.m4s", f"{parts}#EXTINF:2.000000,\n{number}.m4s")


def without(digit: str) -> str:
    return PARTS.sub(lambda match: "" if match[1] == digit else match[0], LIVE)


def over_time(*texts: str) -> HlsStream:
    return stream(spaced(texts))


CASES = [
    Case(
        retention.REMOVED, "parts seven seconds from the end", retention.parts_removed,
        stream(with_parts(895_000_005)), stream(with_parts(895_000_004)),
    ),
    Case(
        retention.ORDER, "the newer ones first", retention.removed_in_order,
        over_time(LIVE, without("6")), over_time(LIVE, without("7")),
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_keeps_the_rule_passes_and_what_breaks_it_is_found(case: Case) -> None:
    case.check()


def test_every_rule_has_its_streams() -> None:
    assert {case.rule.id for case in CASES} == rules_of(retention)


def test_our_own_event_keeps_them_all() -> None:
    assert codes(finding for judge in retention.JUDGES for finding in judge(event())) == []


def test_parts_of_an_ended_event_may_stay() -> None:
    ended = with_parts(895_000_000, golden("media_ended.m3u8"))
    assert codes(retention.parts_removed(stream(ended))) == []


def test_parts_may_go_one_by_one() -> None:
    first = '#EXT-X-PART:DURATION=0.200000,URI="895000006.0.m4s",INDEPENDENT=YES\n'
    assert codes(retention.removed_in_order(over_time(LIVE, LIVE.replace(first, "")))) == []
