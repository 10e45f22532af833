"""Segment durations and target durations: one stream that keeps each rule, one that breaks it."""

import pytest
from tests.check.streams import (
    EVENT_MULTIVARIANT,
    Case,
    codes,
    event,
    golden,
    pair,
    plain,
    rules_of,
    spaced,
    stream,
    text,
)

from ringside.prove.check.hls import durations

LIVE = golden("media_live.m3u8")
CASES = [
    Case(
        durations.WITHIN, "a segment of 2.6 s where the target is 2", durations.within_target,
        stream(plain(duration="2.499")), stream(plain(duration="2.600")),
    ),
    Case(
        durations.CONSTANT, "the target grew", durations.constant,
        stream(spaced([plain(0), plain(1)])), stream(spaced([plain(0), plain(1, target=3)])),
    ),
    Case(
        durations.EQUAL, "sound with a target of its own", durations.equal,
        pair(LIVE, golden("media_audio.m3u8")), pair(plain(), plain(target=3)),
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_keeps_the_rule_passes_and_what_breaks_it_is_found(case: Case) -> None:
    case.check()


def test_every_rule_has_its_streams() -> None:
    assert {case.rule.id for case in CASES} == rules_of(durations)


def test_our_own_event_keeps_them_all() -> None:
    assert codes(finding for judge in durations.JUDGES for finding in judge(event())) == []


def test_half_a_second_too_long_is_given_its_benefit() -> None:
    assert codes(durations.within_target(stream(plain(duration="2.5")))) == []


def test_each_long_segment_is_told_once_however_often_it_was_listed() -> None:
    body = text('#EXT-X-MAP:URI="i.mp4"', "#EXTINF:3.000,", "0.m4s", "#EXTINF:2.000,", "1.m4s")
    found = list(durations.within_target(stream(spaced([body, body, body]))))
    assert [finding.where for finding in found] == ["v720/index.m3u8 segment 0"]


def test_subtitles_on_demand_may_have_their_own_target() -> None:
    multivariant = EVENT_MULTIVARIANT.replace("TYPE=AUDIO", "TYPE=SUBTITLES").replace('CHANNELS="2",', "")
    seen = pair(plain(), plain(target=10).replace("#EXT-X-MAP", "#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-MAP"))
    seen = stream({name: list(v) for name, v in seen.versions.items()}, multivariant)
    assert codes(durations.equal(seen)) == []
