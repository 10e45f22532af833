"""Preload hints: one stream that keeps each rule, one that breaks it."""

import pytest
from tests.check.streams import Case, codes, edited, event, golden, rules_of, spaced, stream

from ringside.prove.check.hls import hints

LIVE = golden("media_live.m3u8")
HINT = '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="895000008.4.m4s"\n'
NEXT = '#EXT-X-PART:DURATION=0.200000,URI="895000008.4.m4s"\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI="895000008.5.m4s"\n'
GROWN = LIVE.replace(HINT, NEXT)
MAP_HINT = '#EXT-X-PRELOAD-HINT:TYPE=MAP,URI="init-new.mp4"\n'


def closed_with(opening: str) -> str:
    """The segment ends after its fourth part, and the next one begins with `opening`."""
    return LIVE.replace(HINT, "#EXTINF:0.800000,\n895000008.m4s\n" + opening)


CASES = [
    Case(
        hints.ONE, "two parts hinted at once", hints.counted,
        stream(LIVE.replace(HINT, MAP_HINT + HINT)), stream(LIVE.replace(HINT, HINT + HINT.replace("8.4", "8.5"))),
    ),
    Case(
        hints.ENDED, "a hint beside ENDLIST", hints.counted,
        stream(golden("media_ended.m3u8")), stream(LIVE + "#EXT-X-ENDLIST\n"),
    ),
    Case(
        hints.TRUE, "another part came than was hinted", hints.hints_come_true,
        stream(spaced([LIVE, GROWN])), stream(spaced([LIVE, GROWN.replace('"895000008.4.m4s"', '"other.m4s"')])),
    ),
    Case(
        hints.HINTED, "parts, and no hint", hints.next_part_hinted, stream(LIVE), stream(LIVE.replace(HINT, "")),
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_keeps_the_rule_passes_and_what_breaks_it_is_found(case: Case) -> None:
    case.check()


def test_every_rule_has_its_streams() -> None:
    assert {case.rule.id for case in CASES} == rules_of(hints)


def test_our_own_event_keeps_them_all() -> None:
    assert codes(finding for judge in hints.JUDGES for finding in judge(event())) == []


def test_a_hint_comes_true_in_the_next_segment_when_this_one_ends_there() -> None:
    part = '#EXT-X-PART:DURATION=0.200000,URI="{}",INDEPENDENT=YES\n'
    right = closed_with(part.format("895000008.4.m4s"))
    wrong = closed_with(part.format("895000009.0.m4s"))
    assert codes(hints.hints_come_true(stream(spaced([LIVE, right])))) == []
    assert codes(hints.hints_come_true(stream(spaced([LIVE, wrong])))) == ["ll-hls.hint-comes-true"]


@pytest.mark.parametrize("excuse", ["#EXT-X-DISCONTINUITY\n", "#EXT-X-GAP\n"])
def test_a_plan_that_changed_may_drop_a_hint(excuse: str) -> None:
    changed = closed_with(excuse + '#EXT-X-PART:DURATION=0.200000,URI="ad.m4s",INDEPENDENT=YES\n')
    assert codes(hints.hints_come_true(stream(spaced([LIVE, changed])))) == []


def test_versions_that_were_missed_in_between_break_no_hint() -> None:
    thinned = edited(event(), "v720/index.m3u8", lambda n, body: body if n % 3 == 0 else None)
    assert codes(hints.hints_come_true(thinned)) == []


def test_a_hinted_range_begins_where_the_part_then_does() -> None:
    ranged = HINT.replace('URI="895000008.4.m4s"', 'URI="8.m4s",BYTERANGE-START={}')
    part = '#EXT-X-PART:DURATION=0.200000,URI="8.m4s",BYTERANGE="100@4000"\n'
    after = LIVE.replace(HINT, part)
    right = stream(spaced([LIVE.replace(HINT, ranged.format(4000)), after]))
    wrong = stream(spaced([LIVE.replace(HINT, ranged.format(3000)), after]))
    assert codes(hints.hints_come_true(right)) == []
    assert codes(hints.hints_come_true(wrong)) == ["ll-hls.hint-comes-true"]


def test_a_hinted_header_is_the_one_that_comes() -> None:
    part = '#EXT-X-PART:DURATION=0.200000,URI="895000008.4.m4s"\n'
    right = closed_with('#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="init-new.mp4"\n' + part)
    wrong = closed_with('#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="init-other.mp4"\n' + part)
    before = LIVE.replace(HINT, MAP_HINT + HINT)
    assert codes(hints.hints_come_true(stream(spaced([before, right])))) == []
    assert codes(hints.hints_come_true(stream(spaced([before, wrong])))) == ["ll-hls.hint-comes-true"]
