"""The edge's decision, clause by clause, as tables: no socket, no clock."""

import gzip
import os

import pytest
from edge_house import MP4, NOW_NS, PLAYLIST, expected, playlist, segment

from ringside.core.feed import Cache, Closed, Document, Expected, Message, Opened, Playlist, Removed, Synced
from ringside.flow.relay.answer.decide import ENDLESS, Follow, Hold, Refuse, decide, too_late
from ringside.flow.relay.answer.request import Reader, Request
from ringside.flow.relay.answer.serve import Serve
from ringside.flow.relay.answer.store import Store
from ringside.flow.relay.answer.waiting import WHOLE

SECOND_NS = 10**9


def told(*messages: Message) -> Store:
    """A synced store that was told `messages`."""
    store = Store([Document("/", b"<html>" + b" " * 600, "text/html", Cache.ASSET)])
    store.begin()
    store.apply(Synced(), NOW_NS)
    for message in messages:
        fd = os.memfd_create("test") if isinstance(message, Opened) else -1
        if isinstance(message, Opened):
            os.write(fd, bytes(range(256)) * 16)
        store.apply(message, NOW_NS, fd)
    return store


def asked(path: str, method: str = "GET", **fields: str) -> Request:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return Reader().read(f"{method} {path} HTTP/1.1\r\nHost: edge\r\n{lines}\r\n".encode())


def outcome(store: Store, path: str, **fields: str) -> object:
    """A decision, in a word or two."""
    decision = decide(asked(path, **fields), store, NOW_NS)
    match decision:
        case Serve():
            return decision.status
        case Hold(_, point, for_ns):
            return ("hold", point, for_ns // SECOND_NS)
        case Refuse(status, _, max_age_s):
            return ("refuse", status, max_age_s)
    return decision


HOLD_8_0 = ("hold", (8, 0), 6)
BAD = ("refuse", 400, 8)  # kept for four target durations

# Segment 7 is complete with parts 0 to 9; part 0 of segment 8 comes next.
BETWEEN = [
    ("", 200),
    ("?_HLS_msn=7&_HLS_part=9", 200),
    ("?_HLS_msn=7", 200),
    ("?_HLS_msn=2", 200),
    ("?_HLS_msn=2&_HLS_part=40", 200),
    ("?_HLS_msn=8&_HLS_part=0", HOLD_8_0),
    ("?_HLS_msn=7&_HLS_part=10", ("hold", (7, 10), 6)),
    ("?_HLS_msn=7&_HLS_part=1000", ("hold", (7, 1000), 6)),
    ("?_HLS_msn=8", ("hold", (8, -1), 6)),
    ("?_HLS_msn=9", ("hold", (9, -1), 6)),
    ("?_HLS_msn=10", BAD),
    ("?_HLS_msn=10&_HLS_part=0", BAD),
    ("?_HLS_msn=8&_HLS_part=14", ("hold", (8, 14), 6)),
    ("?_HLS_msn=8&_HLS_part=15", BAD),
    ("?_HLS_msn=9&_HLS_part=15", BAD),
    ("?_HLS_part=0", BAD),
    ("?_HLS_msn=x", BAD),
    ("?_HLS_msn=-1", BAD),
    ("?_HLS_msn=8&_HLS_part=1e3", BAD),
    ("?_HLS_msn=" + "9" * 30, BAD),
    ("?_HLS_skip=YES", 200),
    ("?CMCD=bl%3D100&token=abc", 200),
    ("?CMCD=bl%3D100&_HLS_msn=8&token=abc&_HLS_part=0", HOLD_8_0),
]

# Parts 0 to 4 of segment 8 exist; 5 comes next.
WITHIN = [
    ("?_HLS_msn=8&_HLS_part=4", 200),
    ("?_HLS_msn=8&_HLS_part=5", ("hold", (8, 5), 6)),
    ("?_HLS_msn=8&_HLS_part=19", ("hold", (8, 19), 6)),
    ("?_HLS_msn=8&_HLS_part=20", BAD),
    ("?_HLS_msn=7&_HLS_part=10", 200),
    ("?_HLS_msn=8", ("hold", (8, -1), 6)),
    ("?_HLS_msn=10", BAD),
]


@pytest.mark.parametrize(("query", "want"), BETWEEN)
def test_directives_between_two_segments(query: str, want: object) -> None:
    assert outcome(told(playlist(7, 9, (8, 0))), PLAYLIST + query) == want


@pytest.mark.parametrize(("query", "want"), WITHIN)
def test_directives_within_a_segment(query: str, want: object) -> None:
    assert outcome(told(playlist(8, 4, (8, 5))), PLAYLIST + query) == want


@pytest.mark.parametrize("query", [query for query, _ in BETWEEN])
def test_after_the_end_directives_are_ignored(query: str) -> None:
    store = told(playlist(7, 9, (8, 0), ended=True))
    plain = decide(asked(PLAYLIST), store, NOW_NS)
    assert decide(asked(PLAYLIST + query), store, NOW_NS) is plain


def test_a_long_part_target_allows_three_parts_in_advance() -> None:
    store = told(Playlist(PLAYLIST, b"", b"", 8, 0, (8, 1), 4, 1.0))
    assert outcome(store, PLAYLIST + "?_HLS_msn=8&_HLS_part=3") == ("hold", (8, 3), 12)
    assert outcome(store, PLAYLIST + "?_HLS_msn=8&_HLS_part=4") == ("refuse", 400, 16)


def test_a_playlist_without_parts_answers_by_segment() -> None:
    store = told(Playlist(PLAYLIST, b"", b"", 8, -1, (9, 0), 2, 0.0))
    assert outcome(store, PLAYLIST + "?_HLS_msn=8&_HLS_part=3") == 200
    assert outcome(store, PLAYLIST + "?_HLS_msn=9&_HLS_part=3") == ("hold", (9, 3), 6)
    assert outcome(store, PLAYLIST + "?_HLS_msn=11") == ("refuse", 400, 8)


@pytest.mark.parametrize(
    ("versions", "point"),
    [
        ([playlist(8, 0, (8, 1))], (7, 10)),
        ([playlist(8, 0, (8, 1))], (8, 0)),
        ([playlist(8, 9, (9, 0))], (8, -1)),
        ([playlist(9, 0, (9, 1))], (8, 30)),
        ([playlist(7, 9, (8, 0), ended=True)], (9, 5)),
    ],
)
def test_what_is_held_for_is_ready_once_a_version_holds_it(versions: list[Playlist], point: tuple[int, int]) -> None:
    store = told(playlist(7, 9, (8, 0)))
    assert not store.ready(PLAYLIST, point)
    for version in versions:
        store.apply(version, NOW_NS)
    assert store.ready(PLAYLIST, point)


def test_a_part_past_the_end_of_its_segment_waits_for_part_0_of_the_next() -> None:
    store = told(playlist(7, 8, (7, 9)))
    assert not store.ready(PLAYLIST, (7, 12))
    store.apply(playlist(7, 9, (8, 0)), NOW_NS)
    assert not store.ready(PLAYLIST, (7, 12))
    store.apply(playlist(8, 0, (8, 1)), NOW_NS)
    assert store.ready(PLAYLIST, (7, 12))


@pytest.mark.parametrize("skip", ["YES", "v2"])
def test_skip_is_answered_with_the_delta(skip: str) -> None:
    decision = decide(asked(f"{PLAYLIST}?_HLS_skip={skip}"), told(playlist(7, 9, (8, 0))), NOW_NS)
    assert isinstance(decision, Serve)
    assert decision.body == b"#EXTM3U delta\n"


@pytest.mark.parametrize("query", ["", "?_HLS_skip=no", "?_HLS_skip=YES"])
def test_the_full_playlist_is_the_answer_where_nothing_can_be_skipped(query: str) -> None:
    store = told(Playlist(PLAYLIST, b"full", b"", 7, 9, (8, 0), 2, 0.2))
    decision = decide(asked(PLAYLIST + query), store, NOW_NS)
    assert isinstance(decision, Serve)
    assert decision.body == b"full"


@pytest.mark.parametrize(
    ("query", "max_age"), [("", b"max-age=1"), ("?_HLS_skip=YES", b"max-age=1"), ("?_HLS_msn=7", b"max-age=12")]
)
def test_playlists_live_half_a_target_duration_and_blocking_ones_six(query: str, max_age: bytes) -> None:
    decision = decide(asked(PLAYLIST + query), told(playlist(7, 9, (8, 0))), NOW_NS)
    assert isinstance(decision, Serve)
    assert b"Cache-Control: public, %b\r\n" % max_age in decision.head


@pytest.mark.parametrize(
    ("field", "zipped"),
    [("gzip, deflate, br", True), ("br;q=1, GZIP;q=0.5", True), ("gzip;q=0", False), ("br", False), ("", False)],
)
def test_gzip_is_for_who_accepts_it_and_made_once(field: str, zipped: bool) -> None:
    store = told(playlist(7, 9, (8, 0)))
    first, second = (decide(asked(PLAYLIST, Accept_Encoding=field), store, NOW_NS) for _ in range(2))
    assert first is second
    assert isinstance(first, Serve)
    assert (b"Content-Encoding: gzip" in first.head) is zipped
    assert b"Vary: Accept-Encoding" in first.head
    assert (gzip.decompress(first.body) if zipped else first.body).startswith(b"#EXTM3U 7.9")


def test_two_viewers_with_different_queries_get_the_very_same_answer() -> None:
    store = told(*segment(7, b"x" * 100), playlist(7, 0, (8, 0)))
    for path in (PLAYLIST, "/live/main/v720/7.0.m4s"):
        assert decide(asked(path + "?CMCD=a"), store, NOW_NS) is decide(asked(path + "?CMCD=b&t=1"), store, NOW_NS)


def test_what_is_expected_is_held_three_target_durations_then_503() -> None:
    store = told(playlist(7, 9, (8, 0)), expected(8, 0))
    path = "/live/main/v720/8.0.m4s"
    assert outcome(store, path) == ("hold", WHOLE, 6)
    refused = too_late(asked(path), store)
    assert isinstance(refused, Refuse)
    assert (refused.status, refused.max_age_s) == (503, 2)
    blocked = too_late(asked(PLAYLIST + "?_HLS_msn=8"), store)
    assert isinstance(blocked, Refuse)
    assert (blocked.status, blocked.max_age_s) == (503, 8)


def test_what_need_not_come_is_held_for_a_time_of_its_own_and_then_there_is_no_news() -> None:
    store = told(playlist(7, 9, (8, 0)), Expected("/live/main/target/5.json", 15))
    path = "/live/main/target/5.json"
    assert outcome(store, path) == ("hold", WHOLE, 15)
    answer = too_late(asked(path), store)
    assert isinstance(answer, Serve)
    assert (answer.status, answer.size) == (204, 0)
    assert b"Cache-Control: public, max-age=1\r\n" in answer.head
    assert b"Access-Control-Allow-Origin: *" in answer.head
    store.apply(Document(path, b"{}", "application/json", Cache.IMMUTABLE), NOW_NS)
    assert outcome(store, path) == 200
    assert store.hold_s(path) == 0


def test_what_is_unknown_or_removed_is_404() -> None:
    path = "/live/main/v720/8.0.m4s"
    store = told(expected(8, 0))
    assert outcome(store, "/live/main/v720/9.0.m4s") == ("refuse", 404, 2)
    assert not store.ready(path, WHOLE)
    store.apply(Removed(path), NOW_NS)
    assert store.ready(path, WHOLE)
    assert outcome(store, path) == ("refuse", 404, 2)


def test_before_the_feed_has_told_all_nothing_is_404() -> None:
    store = Store()
    assert outcome(store, "/live/main/v720/8.0.m4s") == ("hold", WHOLE, 6)
    store.begin()
    store.apply(Synced(), NOW_NS)
    assert store.ready("/live/main/v720/8.0.m4s", WHOLE)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
def test_other_methods_are_405(method: str) -> None:
    assert outcome(told(), "/", method=method) == ("refuse", 405, 0)


def test_options_opens_everything_to_other_sites_but_never_with_credentials() -> None:
    for path in ("/", "/live/unknown"):
        decision = decide(asked(path, "OPTIONS", Origin="http://a"), told(), NOW_NS)
        assert isinstance(decision, Serve)
        assert decision.status == 204
        assert b"Access-Control-Allow-Origin: *\r\n" in decision.head
        assert b"Access-Control-Allow-Methods: GET, HEAD" in decision.head
        assert b"credentials" not in decision.head.lower()


SIZE = 1000
RANGES = [
    ("bytes=0-0", "bytes 0-0/1000", 1),
    ("bytes=0-99", "bytes 0-99/1000", 100),
    ("bytes=990-", "bytes 990-999/1000", 10),
    ("bytes=-5", "bytes 995-999/1000", 5),
    ("bytes=-5000", "bytes 0-999/1000", 1000),
    ("bytes=500-99999999", "bytes 500-999/1000", 500),
    ("Bytes = 1-2", "bytes 1-2/1000", 2),
]


@pytest.mark.parametrize(("field", "span", "size"), RANGES)
@pytest.mark.parametrize("path", ["/live/main/v720/7.m4s", "/live/main/v720/7.0.m4s", "/init.mp4"])
def test_single_ranges(path: str, field: str, span: str, size: int) -> None:
    body = (bytes(range(256)) * 16)[:SIZE]
    store = told(*segment(7, body), Document("/init.mp4", body, MP4, Cache.IMMUTABLE))
    decision = decide(asked(path, Range=field), store, NOW_NS)
    assert isinstance(decision, Serve)
    assert decision.status == 206
    assert f"Content-Range: {span}\r\nContent-Length" not in decision.head.decode()
    assert f"Content-Range: {span}\r\n" in decision.head.decode()
    assert f"Content-Length: {size}\r\n" in decision.head.decode()
    decision.take_in()
    first = int(span.split()[1].split("-")[0])
    assert decision.body == body[first : first + size]


@pytest.mark.parametrize("field", ["bytes=1000-", "bytes=2000-3000", "bytes=-0"])
def test_a_range_beyond_the_end_is_416(field: str) -> None:
    decision = decide(asked("/live/main/v720/7.0.m4s", Range=field), told(*segment(7, b"x" * SIZE)), NOW_NS)
    assert isinstance(decision, Serve)
    assert (decision.status, b"bytes */1000" in decision.head) == (416, True)


@pytest.mark.parametrize("field", ["bytes=0-1,5-6", "bytes=5-1", "items=0-1", "bytes=a-b", "bytes", "bytes=-"])
def test_a_range_that_may_be_ignored_is(field: str) -> None:
    assert outcome(told(*segment(7, b"x" * SIZE)), "/live/main/v720/7.0.m4s", Range=field) == 200


def test_a_range_does_not_matter_to_head_nor_with_if_range() -> None:
    store = told(*segment(7, b"x" * SIZE))
    assert outcome(store, "/live/main/v720/7.0.m4s", method="HEAD", Range="bytes=0-1") == 200
    assert outcome(store, "/live/main/v720/7.0.m4s", Range="bytes=0-1", If_Range='"a"') == 200


def test_a_growing_segment_is_followed_until_it_is_closed() -> None:
    store = told(*segment(7, b"x" * SIZE, closed=False))
    decision = decide(asked("/live/main/v720/7.m4s"), store, NOW_NS)
    assert isinstance(decision, Follow)
    assert b"Transfer-Encoding: chunked" in decision.serve.head
    store.apply(Closed(7), NOW_NS)
    assert outcome(store, "/live/main/v720/7.m4s") == 200


def test_ranges_of_a_growing_segment_have_no_known_total() -> None:
    store = told(*segment(7, b"x" * SIZE, closed=False))
    decision = decide(asked("/live/main/v720/7.m4s", Range="bytes=100-"), store, NOW_NS)
    assert isinstance(decision, Serve)
    assert b"Content-Range: bytes 100-999/*\r\n" in decision.head
    endless = decide(asked("/live/main/v720/7.m4s", Range=f"bytes=100-{ENDLESS}"), store, NOW_NS)
    assert isinstance(endless, Follow)
    assert endless.first == 100
    assert b"Content-Range: bytes 100-%d/*\r\n" % ENDLESS in endless.serve.head
    assert outcome(store, "/live/main/v720/7.m4s", Range="bytes=1000-") == 416


def test_pages_are_revalidated_by_their_etag() -> None:
    store = told()
    first = decide(asked("/"), store, NOW_NS)
    assert isinstance(first, Serve)
    assert b"Cache-Control: no-cache" in first.head
    etag = next(line for line in first.head.decode().split("\r\n") if line.startswith("ETag: "))[6:]
    assert outcome(store, "/", If_None_Match=etag) == 304
    assert outcome(store, "/", If_None_Match=f'"other", {etag}') == 304
    assert outcome(store, "/", If_None_Match="*") == 304
    assert outcome(store, "/", If_None_Match='"other"') == 200


def test_media_may_be_kept_for_long_and_status_never() -> None:
    store = told(*segment(7, b"x"), Document("/status.json", b"{}", "application/json", Cache.NONE))
    for path, caching in (("/live/main/v720/7.0.m4s", b"immutable"), ("/status.json", b"no-store")):
        decision = decide(asked(path), store, NOW_NS)
        assert isinstance(decision, Serve)
        assert caching in decision.head


def test_a_new_feed_replaces_the_old_but_what_viewers_may_still_name_stays_a_while() -> None:
    store = told(*segment(7, b"x" * SIZE), *segment(8, b"y", closed=False), playlist(7, 0, (8, 0)))
    store.begin()
    for message in segment(9, b"z" * 10):
        fd = os.memfd_create("test") if isinstance(message, Opened) else -1
        store.apply(message, NOW_NS, fd)
    assert outcome(store, "/live/main/v720/9.m4s") == ("refuse", 404, 2)
    store.apply(Synced(), NOW_NS)
    assert outcome(store, "/live/main/v720/9.m4s") == 200
    assert outcome(store, "/live/main/v720/7.0.m4s") == 200
    assert outcome(store, PLAYLIST) == 200
    assert outcome(store, "/live/main/v720/8.m4s") == ("refuse", 404, 2)  # it will never be whole
    store.expire(NOW_NS + 31 * SECOND_NS)
    assert outcome(store, "/live/main/v720/7.0.m4s") == ("refuse", 404, 2)
    assert outcome(store, "/live/main/v720/9.m4s") == 200


def test_a_blob_is_let_go_with_the_last_path_that_needs_it() -> None:
    store = told(*segment(7, b"x" * SIZE))
    assert store.sizes["blobs"] == 1
    store.apply(Removed("/live/main/v720/7.0.m4s"), NOW_NS)
    assert store.sizes["blobs"] == 1
    store.apply(Removed("/live/main/v720/7.m4s"), NOW_NS)
    store.touched.clear()
    store.grown.clear()
    assert store.sizes["blobs"] == 0
