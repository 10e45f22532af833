"""What may change between versions: one stream that keeps each rule, one that breaks it."""

import pytest
from tests.check.streams import Case, codes, edited, event, golden, pair, plain, rules_of, spaced, stream, version

from ringside.prove.check.hls import mutations
from ringside.prove.check.seen import HlsStream

V = "v720/index.m3u8"
LIVE = golden("media_live.m3u8")


def over_time(*texts: str) -> HlsStream:
    return stream(spaced(texts))


def typed(kind: str, first: int = 0, count: int = 5) -> str:
    return plain(first, count, f"#EXT-X-PLAYLIST-TYPE:{kind}")


SLID = [plain(0), plain(1), plain(2)]
CASES = [
    Case(
        mutations.SEGMENT, "a duration that was corrected", mutations.segments_unchanged,
        over_time(*SLID), over_time(plain(0), plain(1).replace("2.000,\n3.m4s", "1.900,\n3.m4s")),
    ),
    Case(
        mutations.PART, "a part that was replaced", mutations.segments_unchanged,
        event(), over_time(LIVE, LIVE.replace('"895000008.1.m4s"', '"new.m4s"')),
    ),
    Case(
        mutations.HEADER, "a hold-back that changed", mutations.header_unchanged,
        event(), over_time(LIVE, LIVE.replace("HOLD-BACK=6", "HOLD-BACK=7")),
    ),
    Case(
        mutations.APPENDED, "the newest segment is gone again", mutations.only_appended,
        over_time(*SLID), over_time(plain(0, 6), plain(0, 5)),
    ),
    Case(
        mutations.ENDED, "a segment after the end", mutations.ended_stays,
        over_time(plain(0), plain(0) + "#EXT-X-ENDLIST\n"),
        over_time(plain(0) + "#EXT-X-ENDLIST\n", plain(0, 6) + "#EXT-X-ENDLIST\n"),
    ),
    Case(
        mutations.TYPE, "a VOD that grows", mutations.playlist_type,
        over_time(typed("VOD"), typed("VOD")), over_time(typed("VOD"), typed("VOD", 0, 6)),
    ),
    Case(
        mutations.SLIDING, "an EVENT that loses its beginning", mutations.playlist_type,
        over_time(typed("EVENT"), typed("EVENT", 0, 6)), over_time(typed("EVENT"), typed("EVENT", 1)),
    ),
    Case(
        mutations.SAME_TYPE, "sound of another type", mutations.playlist_type,
        pair(typed("EVENT"), typed("EVENT")), pair(typed("EVENT"), plain()),
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_keeps_the_rule_passes_and_what_breaks_it_is_found(case: Case) -> None:
    case.check()


def test_every_rule_has_its_streams() -> None:
    assert {case.rule.id for case in CASES} == rules_of(mutations)


def test_our_own_event_keeps_them_all() -> None:
    assert codes(finding for judge in mutations.JUDGES for finding in judge(event())) == []


def test_an_event_that_ends_keeps_them_all() -> None:
    keeps = over_time(LIVE, golden("media_ended.m3u8"))
    assert codes(mutations.ended_stays(keeps)) == []


def test_a_map_that_moves_on_with_the_window_is_no_change_but_a_lost_one_is() -> None:
    lost = plain(1).replace('#EXT-X-MAP:URI="init.mp4"\n', "")
    other = plain(1).replace("init.mp4", "init2.mp4")
    assert codes(mutations.segments_unchanged(over_time(plain(0), lost))) == ["hls.segment-unchanged"]
    assert codes(mutations.segments_unchanged(over_time(plain(0), other))) == ["hls.segment-unchanged"]


def test_a_key_that_moves_on_with_the_window_is_no_change_either() -> None:
    key = '#EXT-X-KEY:METHOD=AES-128,URI="k1"'
    assert codes(mutations.segments_unchanged(over_time(plain(0, 5, key), plain(1, 5, key)))) == []
    changed = plain(1, 5, key.replace("k1", "k2"))
    assert codes(mutations.segments_unchanged(over_time(plain(0, 5, key), changed))) == ["hls.segment-unchanged"]


def test_parts_may_go_from_the_front_and_come_at_the_end() -> None:
    first = '#EXT-X-PART:DURATION=0.200000,URI="895000006.0.m4s",INDEPENDENT=YES\n'
    assert first in LIVE
    assert codes(mutations.segments_unchanged(over_time(LIVE, LIVE.replace(first, "")))) == []


def test_a_discontinuity_that_comes_behind_a_listed_segment_is_a_change() -> None:
    marked = plain(0).replace("#EXTINF:2.000,\n3.m4s", "#EXT-X-DISCONTINUITY\n#EXTINF:2.000,\n3.m4s")
    assert codes(mutations.segments_unchanged(over_time(plain(0), marked))) == ["hls.segment-unchanged"]


def test_a_growing_segment_may_end_but_not_change_its_date() -> None:
    stamp = "#EXT-X-PROGRAM-DATE-TIME:2026-09-21T14:13:36.000Z"
    moved = LIVE.replace(stamp, stamp.replace("36.000", "36.100"))
    assert codes(mutations.segments_unchanged(over_time(LIVE, moved))) == ["hls.segment-unchanged"]


def test_replies_that_crossed_on_the_wire_are_no_order_of_publication() -> None:
    late = version(plain(0), 2.1)
    crossed = stream([version(plain(1), 2.0), late])
    assert late.fetch.asked_ns > 0
    assert codes(mutations.only_appended(crossed)) == ["hls.only-appended"]
    held = version(plain(0), 2.1, held_s=1.0)  # asked before the other one came
    assert codes(mutations.only_appended(stream([version(plain(1), 2.0), held]))) == []


def test_parts_of_the_growing_segment_do_not_vanish() -> None:
    cut = edited(event(), V, lambda n, body: body if n % 10 != 7 else body.partition("#EXT-X-PRELOAD-HINT")[0])
    assert codes(mutations.only_appended(cut)) == []
    gone = LIVE.rpartition("#EXT-X-PROGRAM-DATE-TIME")[0]
    assert codes(mutations.only_appended(over_time(LIVE, gone))) == ["hls.only-appended"]
