"""Delta updates put back, where playlists end, what comes next and what it brings: all without a server."""

from decimal import Decimal

from tests.check.probes import answer
from tests.check.streams import plain, text

from ringside.flow.mux.hls import MediaPlaylist
from ringside.prove.check.watch.merge import last_whole, merged, next_point, shared, skippable
from ringside.prove.check.watch.reload import directives, jobs, reload, resolve, target_s, with_query
from ringside.prove.check.watch.rendition import Rendition

PARTS = text(
    "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12,PART-HOLD-BACK=0.6",
    "#EXT-X-PART-INF:PART-TARGET=0.2",
    '#EXT-X-MAP:URI="init.mp4"', "#EXTINF:2,", "10.m4s", "#EXTINF:2,", "11.m4s",
    '#EXT-X-PART:DURATION=0.2,URI="12.0.m4s"', '#EXT-X-PART:DURATION=0.2,URI="12.1.m4s"',
    '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="12.2.m4s"', sequence=10, version=9,
)  # fmt: skip


def parse(body: str) -> MediaPlaylist:
    return MediaPlaylist.parse(body)


def delta(skipped: int, first: int, count: int, *extra: str, sequence: int = 100) -> MediaPlaylist:
    listed = [line for n in range(first, first + count) for line in ("#EXTINF:2.000,", f"{n}.m4s")]
    return parse(text(f"#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}", *extra, *listed, sequence=sequence))


def test_a_delta_becomes_the_playlist_it_stands_for() -> None:
    before, after = parse(plain(100, 10)), parse(plain(100, 12))
    full = merged(delta(6, 106, 6), before)
    assert full is not None
    assert full.segments == after.segments
    assert full.skipped == 0


def test_a_map_that_a_delta_repeats_is_not_a_second_one() -> None:
    full = merged(delta(6, 106, 6, '#EXT-X-MAP:URI="init.mp4"'), parse(plain(100, 10)))
    assert full is not None
    assert full.segments == parse(plain(100, 12)).segments


def test_what_becomes_the_first_segment_keeps_the_map_of_the_ones_that_left() -> None:
    full = merged(delta(4, 106, 6, sequence=102), parse(plain(100, 10)))
    assert full is not None
    assert full.segments == parse(plain(102, 10)).segments


def test_a_map_that_changes_stays() -> None:
    full = merged(delta(6, 106, 6, '#EXT-X-MAP:URI="other.mp4"'), parse(plain(100, 10)))
    assert full is not None
    assert full.segments[6].map is not None


def test_a_delta_of_what_was_never_seen_cannot_be_put_back() -> None:
    assert merged(delta(50, 150, 4), parse(plain(100, 10))) is None
    assert merged(delta(999_999_999, 5, 1), parse(plain(100, 10))) is None


def test_versions_share_what_did_not_change() -> None:
    before, after = parse(plain(100, 10)), parse(plain(101, 10))
    full = shared(after, before)
    assert full == after
    assert all(new is old for new, old in zip(full.segments[1:9], before.segments[2:], strict=True))


def test_where_a_playlist_ends() -> None:
    assert next_point(parse(PARTS)) == (12, 2)
    assert next_point(parse(plain(100, 10))) == (110, None)
    assert last_whole(parse(PARTS)) == 11
    assert next_point(parse(text(sequence=7))) == (7, None)


def test_what_may_be_skipped_lies_wholly_before_the_boundary() -> None:
    full = parse(plain(0, 10))
    assert [skippable(full, Decimal(until)) for until in (0, 12, 13, 18, 19, 99)] == [10, 4, 3, 1, 0, 0]


def test_what_can_block_is_asked_for_what_comes_next() -> None:
    full = parse(PARTS)
    assert reload(full, 1, False).query == "_HLS_msn=12&_HLS_part=2&_HLS_skip=YES"
    assert reload(full, 1, True).query == "_HLS_msn=12&_HLS_part=2"
    assert reload(full, 8, False).query == "_HLS_msn=12&_HLS_part=2"
    assert reload(full, 1, False).wait_s == 0


def test_what_cannot_block_or_has_ended_is_polled() -> None:
    assert (reload(parse(plain(0, 3)), 1, False).query, reload(parse(plain(0, 3)), 1, False).wait_s) == ("", 1.0)
    assert reload(parse(PARTS + "#EXT-X-ENDLIST\n"), 1, False).query == ""


def test_nonsense_targets_are_made_usable() -> None:
    assert [target_s(parse(plain(0, 3, target=t))) for t in (0, 4, 10**9)] == [2.0, 4.0, 60.0]
    assert target_s(None) == 2.0


def test_jobs_are_the_newest_segments_and_all_their_parts() -> None:
    found = list(jobs(parse(PARTS), None))
    assert [(job.number, job.part) for job in found] == [(10, None), (11, None), (12, 0), (12, 1)]
    assert {job.map.uri for job in found if job.map} == {"init.mp4"}
    assert [job.starts_segment for job in found] == [True, True, True, False]
    assert [job.number for job in jobs(parse(plain(0, 50)), None)] == [47, 48, 49]


def test_byte_ranges_follow_one_another() -> None:
    lines = ["#EXTINF:2,", "#EXT-X-BYTERANGE:100@0", "all.mp4", "#EXTINF:2,", "#EXT-X-BYTERANGE:50", "all.mp4"]
    assert [job.span for job in jobs(parse(text(*lines)), -1)] == [(0, 99), (100, 149)]


def test_gaps_are_not_fetched_and_keys_are_told() -> None:
    lines = ['#EXT-X-KEY:METHOD=AES-128,URI="k"', "#EXTINF:2,", "0.ts", "#EXT-X-GAP", "#EXTINF:2,", "1.ts"]
    assert [(job.number, job.encrypted) for job in jobs(parse(text(*lines)), -1)] == [(0, True)]


def test_directives_and_queries_stand_beside_what_is_there() -> None:
    assert directives(3, 0, "YES") == "_HLS_msn=3&_HLS_part=0&_HLS_skip=YES"
    assert with_query("http://a/b?t=1#x", directives(part=0)) == "http://a/b?t=1&_HLS_part=0"
    assert resolve("http://a/b/c.m3u8", "../d.mp4") == "http://a/d.mp4"
    assert resolve("http://a/b", "http://[::1/x") == "http://[::1/x"


def test_a_rendition_hands_out_each_object_once() -> None:
    rendition = Rendition("v", "http://a/v")
    rendition.take(answer(body=plain(100, 10).encode()))
    assert [job.number for job in rendition.work()] == [107, 108, 109]
    rendition.take(answer(body=plain(101, 10).encode()))
    assert [job.number for job in rendition.work()] == [110]
    assert rendition.work() == []


def test_a_rendition_remembers_what_has_gone_and_for_how_long_it_was_listed() -> None:
    rendition = Rendition("v", "http://a/v")
    rendition.take(answer(body=plain(100, 10).encode()))
    rendition.take(answer(body=plain(102, 10).encode(), at_s=1.0))
    assert [gone.url.rpartition("/")[2] for gone in rendition.gone] == ["100.m4s", "101.m4s"]
    assert [(gone.part, gone.duration_s, gone.listed_s) for gone in rendition.gone] == [(False, 2.0, 20.0)] * 2


def test_a_rendition_asks_for_all_when_a_delta_cannot_be_put_back() -> None:
    rendition = Rendition("v", "http://a/v")
    assert rendition.take(answer(body=delta(5, 105, 5).write().encode())) is None
    assert rendition.want_full
    assert rendition.take(answer(body=b"<html>")) is None
    assert "EXTM3U" in rendition.fault
