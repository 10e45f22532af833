"""What makes a text a media playlist: one stream that keeps each rule, one that breaks it."""

import pytest
from tests.check.streams import BASE, Case, codes, event, fetch, plain, rules_of, spaced, stream, text

from ringside.prove.check.hls import basics
from ringside.prove.check.seen import HlsStream


def fetched(body: str, path: str = "v.m3u8") -> HlsStream:
    """A stream of which one reply is kept with its body."""
    return stream([], fetches=[fetch(BASE + path, 1.0, body)])


CASES = [
    Case(
        basics.PARSES, "a page where a playlist should be", basics.parses,
        fetched(plain()), fetched("<html>not here</html>"),
    ),
    Case(
        basics.READABLE, "a target duration with a fraction", basics.readable,
        stream(plain()), stream(plain().replace("TARGETDURATION:2", "TARGETDURATION:2.5")),
    ),
    Case(
        basics.TARGET, "no target duration", basics.target_duration,
        stream(plain()), stream(plain().replace("#EXT-X-TARGETDURATION:2\n", "")),
    ),
    Case(
        basics.EXTINF, "a URI without EXTINF", basics.extinf,
        stream(plain()), stream(plain().replace("#EXTINF:2.000,\n2.m4s", "2.m4s")),
    ),
    Case(
        basics.ONCE, "two target durations", basics.one_of_each,
        stream(plain()), stream(plain(0, 3, "#EXT-X-TARGETDURATION:2")),
    ),
    Case(
        basics.SEQUENCE_FIRST, "the number behind the first segment", basics.sequence_tags_first,
        stream(text("#EXTINF:2.000,", "0.ts", sequence=7)),
        stream(text("#EXTINF:2.000,", "0.ts", "#EXT-X-MEDIA-SEQUENCE:7", "#EXTINF:2.000,", "1.ts", sequence=None)),
    ),
    Case(
        basics.DISCONTINUITY_FIRST, "counted behind the discontinuity", basics.sequence_tags_first,
        stream(text("#EXT-X-DISCONTINUITY-SEQUENCE:1", "#EXT-X-DISCONTINUITY", "#EXTINF:2.000,", "0.ts")),
        stream(text("#EXT-X-DISCONTINUITY", "#EXT-X-DISCONTINUITY-SEQUENCE:1", "#EXTINF:2.000,", "0.ts")),
    ),
    Case(
        basics.RESOLVES, "a path of the server's disk", basics.uris_resolve,
        stream(text("#EXTINF:2.000,", "../a/0.ts?x=1")), stream(text("#EXTINF:2.000,", "file:///var/media/0.ts")),
    ),
    Case(
        basics.RANGE, "a first range without an offset", basics.byteranges,
        stream(text("#EXT-X-BYTERANGE:9@0", "#EXTINF:2.0,", "all.ts", "#EXT-X-BYTERANGE:9", "#EXTINF:2.0,", "all.ts")),
        stream(text("#EXT-X-BYTERANGE:9", "#EXTINF:2.0,", "all.ts")),
    ),
    Case(
        basics.KEY, "an encrypted segment without a key's URI", basics.keys,
        stream(text("#EXT-X-KEY:METHOD=NONE", "#EXTINF:2.0,", "0.ts")),
        stream(text("#EXT-X-KEY:METHOD=AES-128", "#EXTINF:2.0,", "0.ts")),
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_keeps_the_rule_passes_and_what_breaks_it_is_found(case: Case) -> None:
    case.check()


def test_every_rule_has_its_streams() -> None:
    assert {case.rule.id for case in CASES} == rules_of(basics)


def test_our_own_event_keeps_them_all() -> None:
    assert codes(finding for judge in basics.JUDGES for finding in judge(event())) == []


def test_a_playlist_that_mixes_both_kinds_is_none() -> None:
    mixed = plain() + "#EXT-X-STREAM-INF:BANDWIDTH=1\nv.m3u8\n"
    assert codes(basics.parses(fetched(mixed))) == ["hls.playlist-parses"]


def test_a_body_that_was_not_kept_is_not_judged() -> None:
    assert codes(basics.parses(fetched(""))) == []


def test_media_is_not_taken_for_a_playlist() -> None:
    assert codes(basics.parses(fetched("\x00\x00\x00\x18ftypiso6", "init.mp4"))) == []


def test_an_unreadable_tag_of_a_segment_is_told_once() -> None:
    body = plain(0, 3, "#EXT-X-PROGRAM-DATE-TIME:yesterday")
    assert len(list(basics.readable(stream(spaced([body, body, body]))))) == 1


@pytest.mark.parametrize("uri", ["http://[broken/0.ts", "with space.ts", "ftp://host/0.ts", "rtmp://host/live"])
def test_uris_that_no_player_can_fetch_are_found(uri: str) -> None:
    assert codes(basics.uris_resolve(stream(text("#EXTINF:2.000,", uri)))) == ["hls.uri-resolves"]


@pytest.mark.parametrize("uri", ["/abs/0.ts", "//other.example/0.ts", "https://cdn.example/0.ts", "{$base}/0.ts"])
def test_relative_absolute_and_variable_uris_are_not(uri: str) -> None:
    assert codes(basics.uris_resolve(stream(text("#EXTINF:2.000,", uri)))) == []


def test_a_range_of_another_resource_gives_no_offset() -> None:
    body = text("#EXT-X-BYTERANGE:9@0", "#EXTINF:2.0,", "a.ts", "#EXT-X-BYTERANGE:9", "#EXTINF:2.0,", "b.ts")
    assert codes(basics.byteranges(stream(body))) == ["hls.byterange-offset"]
    header = text('#EXT-X-MAP:URI="i.mp4",BYTERANGE="700"', "#EXTINF:2.0,", "a.m4s")
    assert codes(basics.byteranges(stream(header))) == ["hls.byterange-offset"]


def test_method_none_stands_alone() -> None:
    body = text('#EXT-X-KEY:METHOD=NONE,URI="k"', "#EXTINF:2.0,", "0.ts")
    assert codes(basics.keys(stream(body))) == ["hls.key-attributes"]


def test_a_stream_of_which_nothing_was_seen_breaks_nothing() -> None:
    assert codes(finding for judge in basics.JUDGES for finding in judge(stream({"v.m3u8": []}))) == []
