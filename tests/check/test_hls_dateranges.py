"""Date ranges: one stream that keeps each rule, one that breaks it."""

import pytest
from tests.check.streams import Case, codes, event, rules_of, spaced, stream, text

from ringside.prove.check.hls import dateranges as ranges
from ringside.prove.check.seen import HlsStream

START = 'START-DATE="2026-09-21T10:00:01.000Z"'
AD = f'#EXT-X-DATERANGE:ID="ad",{START},DURATION=3'


def playing(first: int = 0, *ranged: str, count: int = 4, dated: bool = True) -> str:
    """Two-second segments from 10:00:00 on, starting with number `first`, under these date ranges."""
    date = [f"#EXT-X-PROGRAM-DATE-TIME:2026-09-21T10:00:{first * 2:02}.000Z"] if dated else []
    inside = [line for n in range(first, first + count) for line in ("#EXTINF:2.000,", f"{n}.m4s")]
    return text(*ranged, *date, '#EXT-X-MAP:URI="init.mp4"', *inside, sequence=first)


def alone(*ranged: str) -> HlsStream:
    return stream(playing(0, *ranged))


def both(first: list[str], second: list[str]) -> HlsStream:
    """Two renditions over time."""
    names = ("v720/index.m3u8", "a/index.m3u8")
    return stream({name: spaced(texts, name=name) for name, texts in zip(names, (first, second), strict=True)})


LONG = [playing(n, AD) for n in range(2)] + [playing(n) for n in range(2, 8)]
CASES = [
    Case(
        ranges.DATED, "a range in a playlist without dates", ranges.well_formed,
        alone(AD), stream(playing(0, AD, dated=False)),
    ),
    Case(
        ranges.ATTRIBUTES, "a range that ends before it starts", ranges.well_formed,
        alone(f'#EXT-X-DATERANGE:ID="ad",{START},END-DATE="2026-09-21T10:00:04.000Z",DURATION=3.0'),
        alone(f'#EXT-X-DATERANGE:ID="ad",{START},END-DATE="2026-09-21T10:00:00.000Z"'),
    ),
    Case(
        ranges.ID, "an ID that is used again", ranges.never_reused,
        stream(spaced([playing(0, AD), playing(1, AD, AD.replace("DURATION=3", 'X-A="1"'))])),
        stream(spaced([playing(0, AD), playing(1, AD.replace("10:00:01", "10:00:05"))])),
    ),
    Case(
        ranges.STAYS, "a range that goes while it plays", ranges.stays,
        stream(spaced([playing(0, AD), playing(1, AD), playing(3)])),
        stream(spaced([playing(0, AD), playing(1)])),
    ),
    Case(
        ranges.SAME, "a range that the sound never had", ranges.same_everywhere,
        both(LONG, LONG), both(LONG, [body.replace('"ad"', '"other"') for body in LONG]),
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_keeps_the_rule_passes_and_what_breaks_it_is_found(case: Case) -> None:
    case.check()


def test_every_rule_has_its_streams() -> None:
    assert {case.rule.id for case in CASES} == rules_of(ranges)


def test_our_own_event_keeps_them_all() -> None:
    assert codes(finding for judge in ranges.JUDGES for finding in judge(event())) == []


@pytest.mark.parametrize(
    "tag",
    [
        '#EXT-X-DATERANGE:ID="ad"',
        '#EXT-X-DATERANGE:ID="ad",START-DATE="yesterday"',
        f'#EXT-X-DATERANGE:ID="ad",{START},END-ON-NEXT=YES',
        f'#EXT-X-DATERANGE:ID="ad",{START},CLASS="c",END-ON-NEXT=YES,DURATION=3',
        f'#EXT-X-DATERANGE:ID="ad",{START},END-DATE="2026-09-21T10:00:04.000Z",DURATION=2',
    ],
)
def test_attributes_that_do_not_go_together_are_found(tag: str) -> None:
    assert codes(ranges.well_formed(alone(tag))) == ["hls.daterange-attributes"]


def test_playlists_without_ranges_need_not_have_those_of_the_others() -> None:
    assert codes(ranges.same_everywhere(both(LONG, [playing(n) for n in range(8)]))) == []


def test_a_range_that_was_only_just_added_may_yet_come_to_the_others() -> None:
    first = [playing(n, AD) for n in range(7)] + [playing(7, AD, AD.replace('"ad"', '"new"'))]
    assert codes(ranges.same_everywhere(both(first, [playing(n, AD) for n in range(8)]))) == []


def test_ranges_of_one_id_say_the_same_everywhere() -> None:
    other = [body.replace("DURATION=3", "DURATION=4") for body in LONG]
    assert codes(ranges.same_everywhere(both(LONG, other))) == ["hls.dateranges-equal"]


def test_a_range_of_unknown_length_is_an_instant() -> None:
    open_ended = AD.replace(",DURATION=3", "")
    assert codes(ranges.stays(stream(spaced([playing(0, open_ended), playing(2)])))) == []
