"""Sequence numbers and the window: one stream that keeps each rule, one that breaks it."""

import pytest
from tests.check.streams import Case, codes, event, golden, pair, plain, rules_of, spaced, stream, text

from ringside.prove.check.hls import sequence
from ringside.prove.check.seen import HlsStream

GAPS = golden("media_gap_and_discontinuity.m3u8")


def over_time(*texts: str) -> HlsStream:
    return stream(spaced(texts))


def marked(first: int, count: int, at: int, discontinuities: int | None = None) -> str:
    """Segments from `first` on, the one numbered `at` after a discontinuity."""
    extra = [] if discontinuities is None else [f"#EXT-X-DISCONTINUITY-SEQUENCE:{discontinuities}"]
    body = plain(first, count, *extra)
    return body.replace(f"#EXTINF:2.000,\n{at}.m4s", f"#EXT-X-DISCONTINUITY\n#EXTINF:2.000,\n{at}.m4s")


def dated(body: str, stamp: str = "14:13:20.000") -> str:
    return body.replace("#EXT-X-MAP", f"#EXT-X-PROGRAM-DATE-TIME:2026-09-21T{stamp}Z\n#EXT-X-MAP", 1)


CASES = [
    Case(
        sequence.BACK, "a server that began again", sequence.media_sequence,
        over_time(plain(7), plain(8)), over_time(plain(7), plain(0)),
    ),
    Case(
        sequence.COUNTS, "one segment gone, the number as it was", sequence.media_sequence,
        over_time(plain(0), plain(1)), over_time(plain(0), plain(1).replace("SEQUENCE:1", "SEQUENCE:0")),
    ),
    Case(
        sequence.DISCONTINUITY_BACK, "counted down", sequence.discontinuity_sequence,
        over_time(marked(0, 6, 1, 2), marked(2, 6, 1, 3)), over_time(marked(0, 6, 9, 2), marked(0, 6, 9, 1)),
    ),
    Case(
        sequence.DISCONTINUITY_COUNTS, "the mark went, the number stayed", sequence.discontinuity_sequence,
        over_time(marked(0, 6, 1, 2), marked(2, 6, 1, 3)), over_time(marked(0, 6, 1, 2), marked(2, 6, 1, 2)),
    ),
    Case(
        sequence.DISCONTINUITY_PRESENT, "a discontinuity, and no number for it", sequence.discontinuity_sequence,
        over_time(marked(0, 6, 4, 0), marked(1, 6, 4, 0)), over_time(marked(0, 6, 4), marked(1, 6, 4)),
    ),
    Case(
        sequence.MATCH, "sound that counts otherwise", sequence.discontinuities_match,
        pair(dated(marked(0, 6, 3, 1)), dated(marked(0, 6, 3, 1))),
        pair(dated(marked(0, 6, 3, 1)), dated(marked(0, 6, 3, 2))),
    ),
    Case(
        sequence.WINDOW, "two segments left", sequence.long_enough,
        over_time(plain(0, 3), plain(1, 3)), over_time(plain(0, 3), plain(1, 2)),
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_keeps_the_rule_passes_and_what_breaks_it_is_found(case: Case) -> None:
    case.check()


def test_every_rule_has_its_streams() -> None:
    assert {case.rule.id for case in CASES} == rules_of(sequence)


def test_our_own_event_keeps_them_all() -> None:
    assert codes(finding for judge in sequence.JUDGES for finding in judge(event())) == []


def test_a_young_playlist_may_be_shorter_than_three_target_durations() -> None:
    young = over_time(plain(0, 1), plain(0, 2), plain(0, 3))
    assert codes(sequence.long_enough(young)) == []


def test_the_parts_of_a_growing_segment_are_part_of_the_window() -> None:
    growing = plain(1, 2) + "".join(f'#EXT-X-PART:DURATION=0.5,URI="3.{n}.m4s"\n' for n in range(4))
    assert codes(sequence.long_enough(over_time(plain(0, 3), growing))) == []


def test_an_ended_playlist_may_be_emptied() -> None:
    ended = plain(0, 3) + "#EXT-X-ENDLIST\n"
    assert codes(sequence.long_enough(over_time(ended, plain(1, 2) + "#EXT-X-ENDLIST\n"))) == []


def test_a_uri_that_stands_twice_tells_no_number() -> None:
    loop = [line for _ in range(4) for line in ("#EXTINF:2.000,", "ad.ts")]
    assert codes(sequence.media_sequence(over_time(text(*loop), text(*loop, sequence=1)))) == []


def test_ranges_of_one_resource_are_told_apart() -> None:
    def ranged(first: int, said: int) -> str:
        lines = [f"#EXT-X-BYTERANGE:10@{n * 10}\n#EXTINF:2.000,\nall.ts" for n in range(first, first + 4)]
        return text(*lines, sequence=said)

    assert codes(sequence.media_sequence(over_time(ranged(0, 0), ranged(1, 1)))) == []
    assert codes(sequence.media_sequence(over_time(ranged(0, 0), ranged(1, 0)))) == ["hls.media-sequence-counts"]


def test_discontinuities_that_sound_and_picture_cut_at_slightly_other_times_match() -> None:
    picture = dated(marked(0, 6, 3, 1))
    sound = dated(marked(0, 6, 3, 1).replace("2.000", "1.984"), "14:13:20.011")
    assert codes(sequence.discontinuities_match(pair(picture, sound))) == []


def test_numbers_count_the_mark_before_a_segment() -> None:
    [version] = stream(GAPS).versions.values()
    numbers = sequence.discontinuity_numbers(version[0].full)
    assert [numbers[895_000_000 + n] for n in range(6)] == [2, 2, 2, 3, 3, 3]
