"""EXT-X-VERSION: one stream that keeps each rule, one that breaks it, and the table of what needs what."""

import pytest
from tests.check.streams import Case, codes, event, golden, plain, rules_of, stream, text, version

from ringside.prove.check.hls import versions

CASES = [
    Case(
        versions.HIGH_ENOUGH, "a delta update that says 8", versions.versions_fit,
        stream(golden("media_delta.m3u8")), stream(golden("media_delta.m3u8").replace("VERSION:9", "VERSION:8")),
    ),
    Case(
        versions.NOT_HIGHER, "a header for fragments, and version 7", versions.versions_fit,
        stream(golden("media_plain.m3u8")), stream(golden("media_plain.m3u8").replace("VERSION:6", "VERSION:7")),
    ),
]  # fmt: skip
NEEDS = [
    (1, "#EXTINF:2,"),
    (2, '#EXT-X-KEY:METHOD=AES-128,URI="k",IV=0x00\n#EXTINF:2,'),
    (3, "#EXTINF:2.000,"),
    (4, "#EXT-X-BYTERANGE:10@0\n#EXTINF:2,"),
    (5, '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="k",KEYFORMAT="com.example"\n#EXTINF:2,'),
    (5, '#EXT-X-I-FRAMES-ONLY\n#EXT-X-MAP:URI="i"\n#EXTINF:2,'),
    (6, '#EXT-X-MAP:URI="i"\n#EXTINF:2,'),
    (8, '#EXT-X-DEFINE:NAME="a",VALUE="b"\n#EXTINF:2,'),
    (9, "#EXT-X-SKIP:SKIPPED-SEGMENTS=1\n#EXTINF:2,"),
    (10, '#EXT-X-SKIP:SKIPPED-SEGMENTS=1,RECENTLY-REMOVED-DATERANGES=""\n#EXTINF:2,'),
    (11, '#EXT-X-DEFINE:QUERYPARAM="a"\n#EXTINF:2,'),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_keeps_the_rule_passes_and_what_breaks_it_is_found(case: Case) -> None:
    case.check()


def test_every_rule_has_its_streams() -> None:
    assert {case.rule.id for case in CASES} == rules_of(versions)


def test_our_own_event_keeps_them_all() -> None:
    assert codes(versions.versions_fit(event())) == []


@pytest.mark.parametrize(("needed", "lines"), NEEDS)
def test_what_a_tag_needs_is_enough_and_needed(needed: int, lines: str) -> None:
    assert codes(versions.versions_fit(stream(text(lines, "0.m4s", version=needed)))) == []
    assert codes(versions.versions_fit(stream(text(lines, "0.m4s", version=needed + 1)))) == ["hls.version-not-higher"]
    if needed > 1:
        low = stream(text(lines, "0.m4s", version=needed - 1))
        assert codes(versions.versions_fit(low)) == ["hls.version-high-enough"]


def test_a_playlist_without_version_is_version_1() -> None:
    bare = plain().replace("#EXT-X-VERSION:6\n", "")
    assert codes(versions.versions_fit(stream(bare))) == ["hls.version-high-enough"]


def test_a_gap_explains_8_and_an_offer_to_skip_explains_9() -> None:
    gap = plain(0, 3, "#EXT-X-GAP", version=8)
    offer = plain(0, 3, "#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL=12", version=9)
    assert codes(versions.versions_fit(stream(gap))) + codes(versions.versions_fit(stream(offer))) == []


def test_a_target_that_is_rounded_explains_6() -> None:
    rounded = stream(text("#EXTINF:2.400,", "0.ts", version=6))
    exact = stream(text("#EXTINF:2.000,", "0.ts", version=6))
    assert codes(versions.versions_fit(rounded)) == []
    assert codes(versions.versions_fit(exact)) == ["hls.version-not-higher"]


def test_the_multivariant_playlist_has_a_version_too() -> None:
    master = "#EXTM3U\n#EXT-X-VERSION:{}\n{}#EXT-X-STREAM-INF:BANDWIDTH=1\nv.m3u8\n"
    service = '#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID="c",NAME="n",INSTREAM-ID="SERVICE1"\n'
    seen = [version(plain())]
    assert codes(versions.versions_fit(stream(seen, master.format(1, "")))) == []
    assert codes(versions.versions_fit(stream(seen, master.format(6, "")))) == ["hls.version-not-higher"]
    assert codes(versions.versions_fit(stream(seen, master.format(7, service)))) == []
    assert codes(versions.versions_fit(stream(seen, master.format(6, service)))) == ["hls.version-high-enough"]
