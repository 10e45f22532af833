"""How long what was pulled lives: tables of what an origin says, and what follows."""

import pytest

from ringside.flow.relay.fill.lifetime import (
    STILL,
    Answer,
    Kind,
    Pace,
    backoff_ns,
    caching,
    directives,
    failed,
    grace_end_ns,
    kind,
    pace,
    served_on,
    times,
)
from ringside.flow.relay.fill.policy import Policy

NOW_NS = 1_790_000_000_000_000_000
S = 10**9
POLICY = Policy()
LIVE = Pace(6, False)
MP4, HLS = "video/mp4", "application/vnd.apple.mpegurl"


def fresh_s(key: str, answer: Answer, beat: Pace = STILL) -> float:
    return (times(key, answer, beat, NOW_NS, POLICY).fresh_ns - NOW_NS) / S


def stale_s(key: str, answer: Answer, beat: Pace = STILL) -> float:
    given = times(key, answer, beat, NOW_NS, POLICY)
    return (given.stale_ns - given.fresh_ns) / S


MEDIA_SAYS = [
    ("", 60),
    ("max-age=7", 7),
    ("public, max-age=7, immutable", 7),
    ("max-age=7, s-maxage=9", 9),
    ("s-maxage=0, max-age=9", 0.2),
    ("MAX-AGE = 7", 7),
    ('max-age="7"', 7),
    ("max-age=7, max-age=9", 7),
    ("max-age=-1", 0.2),
    ("max-age=soon", 0.2),
    ("max-age=" + "9" * 30, 86_400),
    ("no-store", 0.2),
    ("private, max-age=60", 0.2),
    ("no-cache", 0.2),
    ("public", 60),
    (",,;=", 60),
]


@pytest.mark.parametrize(("said", "seconds"), MEDIA_SAYS)
def test_media_lives_as_long_as_its_origin_says(said: str, seconds: float) -> None:
    assert fresh_s("/a.m4s", Answer(200, MP4, cache_control=said)) == seconds


@pytest.mark.parametrize(("age", "seconds"), [("0", 10), ("4", 6), ("40", 0.2), ("x", 10), ("", 10), ("-3", 10)])
def test_the_age_an_answer_came_with_is_taken_off(age: str, seconds: float) -> None:
    assert fresh_s("/a.m4s", Answer(200, MP4, cache_control="max-age=10", age=age)) == seconds


def test_an_answer_is_as_old_as_its_origin_says() -> None:
    assert times("/a", Answer(200, age="4"), STILL, NOW_NS, POLICY).made_ns == NOW_NS - 4 * S


EXPIRES = [
    ("Thu, 01 Jan 2026 00:00:10 GMT", "Thu, 01 Jan 2026 00:00:00 GMT", 10),
    ("Thu, 01 Jan 2026 00:00:00 GMT", "Thu, 01 Jan 2026 00:00:10 GMT", 0.2),
    ("0", "Thu, 01 Jan 2026 00:00:10 GMT", 0.2),
    ("-1", "", 0.2),
    ("Thu, 01 Jan 2026 00:00:10 GMT", "yesterday", 0.2),
]


@pytest.mark.parametrize(("expires", "date", "seconds"), EXPIRES)
def test_an_expiry_date_counts_where_there_is_no_max_age(expires: str, date: str, seconds: float) -> None:
    assert fresh_s("/a", Answer(200, MP4, expires=expires, date=date)) == seconds
    assert fresh_s("/a", Answer(200, MP4, expires=expires, date=date, cache_control="max-age=3")) == 3


MANIFESTS = [
    ("/live.m3u8", HLS, LIVE, 3),
    ("/live.m3u8", HLS, Pace(2), 1),
    ("/live.m3u8", HLS, Pace(1), 0.5),
    ("/index.m3u8", HLS, STILL, 1),
    ("/live.m3u8", HLS, Pace(6, True), 60),
    ("/live.m3u8?_HLS_msn=5&_HLS_part=1", HLS, LIVE, 36),
    ("/live.m3u8?_HLS_msn=5&_HLS_part=1", "text/plain", LIVE, 36),
    ("/live.m3u8?_HLS_skip=YES", HLS, LIVE, 3),
    ("/play", "audio/x-mpegurl; charset=utf-8", LIVE, 3),
    ("/play", "Application/DASH+XML", STILL, 1),
    ("/play.MPD", "text/xml", STILL, 1),
    ("/a.m4s?_HLS_msn=5", MP4, STILL, 60),
]


@pytest.mark.parametrize(("key", "content_type", "beat", "seconds"), MANIFESTS)
def test_a_manifest_without_a_word_lives_by_its_target_duration(
    key: str, content_type: str, beat: Pace, seconds: float
) -> None:
    assert fresh_s(key, Answer(200, content_type), beat) == seconds


PLAYLISTS = [
    (b"#EXTM3U\n#EXT-X-TARGETDURATION:6\n", Pace(6, False)),
    (b"#EXTM3U\r\n#EXT-X-TARGETDURATION: 10\r\n", Pace(10, False)),
    (b"#EXTM3U\n#EXT-X-TARGETDURATION:6\nx\n#EXT-X-ENDLIST\n", Pace(6, True)),
    (b"#EXTM3U\n# #EXT-X-TARGETDURATION:6\n", STILL),
    (b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv.m3u8\n", STILL),
    (b"#EXT-X-TARGETDURATION:99999999999999999999\n", Pace(999999, False)),
    (b"", STILL),
]


@pytest.mark.parametrize(("body", "beat"), PLAYLISTS)
def test_the_pace_of_a_playlist_is_read_from_it(body: bytes, beat: Pace) -> None:
    assert pace(body) == beat


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 404, 410, 451])
def test_a_refusal_is_remembered_for_five_seconds(status: int) -> None:
    assert not failed(status)
    assert kind("/live.m3u8", Answer(status, HLS)) is Kind.REFUSAL
    assert fresh_s("/live.m3u8", Answer(status, HLS)) == 5
    assert fresh_s("/a", Answer(status, cache_control="no-store")) == 5
    assert fresh_s("/a", Answer(status, cache_control="max-age=0")) == 5
    assert fresh_s("/a", Answer(status, cache_control="max-age=2")) == 2
    assert stale_s("/a", Answer(status)) == 0


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599, 408, 425, 429, 206, 304, 101])
def test_an_origin_that_cannot_answer_now_is_no_refusal(status: int) -> None:
    assert failed(status)


STALE = [
    ("/live.m3u8", HLS, LIVE, "", 1.5),
    ("/live.m3u8?_HLS_msn=1", HLS, LIVE, "", 36),
    ("/a.m4s", MP4, STILL, "", 60),
    ("/a.m4s", MP4, STILL, "max-age=4", 4),
    ("/a.m4s", MP4, STILL, "max-age=4, stale-while-revalidate=9", 9),
    ("/a.m4s", MP4, STILL, "max-age=4, must-revalidate", 0),
    ("/a.m4s", MP4, STILL, "no-store", 0),
    ("/clock", "text/plain", STILL, "no-cache", 0),
]


@pytest.mark.parametrize(("key", "content_type", "beat", "said", "seconds"), STALE)
def test_what_is_over_is_served_a_little_longer_while_it_is_asked_for(
    key: str, content_type: str, beat: Pace, said: str, seconds: float
) -> None:
    assert stale_s(key, Answer(200, content_type, cache_control=said), beat) == seconds


GRACE = [
    ("/live.m3u8", HLS, LIVE, "", 3 + 30),
    ("/live.m3u8", HLS, LIVE, "no-cache", 0.2 + 30),
    ("/live.m3u8?_HLS_msn=1", HLS, LIVE, "", 72),
    ("/a.m4s", MP4, STILL, "", 60 + 3600),
    ("/a.m4s", MP4, STILL, "max-age=4, must-revalidate", 4),
    ("/a.m4s", MP4, STILL, "max-age=4, proxy-revalidate", 4),
    ("/a.m4s", MP4, STILL, "no-store", 0.2),
    ("/a.m4s", MP4, STILL, "private", 0.2),
]


@pytest.mark.parametrize(("key", "content_type", "beat", "said", "seconds"), GRACE)
def test_what_was_good_serves_on_while_the_origin_fails_unless_that_is_forbidden(
    key: str, content_type: str, beat: Pace, said: str, seconds: float
) -> None:
    answer = Answer(200, content_type, cache_control=said)
    given = times(key, answer, beat, NOW_NS, POLICY)
    assert (grace_end_ns(key, answer, given, POLICY) - NOW_NS) / S == seconds


def test_a_refusal_has_no_grace() -> None:
    given = times("/a", Answer(404), STILL, NOW_NS, POLICY)
    assert grace_end_ns("/a", Answer(404), given, POLICY) == given.stale_ns


def test_viewers_are_told_what_the_origin_says_or_what_we_go_by() -> None:
    given = times("/live.m3u8", Answer(200, HLS), LIVE, NOW_NS, POLICY)
    assert caching(Answer(200, HLS), given, NOW_NS) == "public, max-age=3"
    assert caching(Answer(200, HLS, cache_control="no-store"), given, NOW_NS) == "no-store"
    brief = times("/live.m3u8", Answer(200, HLS), Pace(1), NOW_NS, POLICY)
    assert caching(Answer(200, HLS), brief, NOW_NS) == "public, max-age=1"


def test_a_failing_origin_is_asked_less_and_less() -> None:
    assert [backoff_ns(n, POLICY) / S for n in (1, 2, 3, 4, 5, 5000)] == [1, 2, 4, 5, 5, 5]


def test_serving_on_ends_with_the_grace() -> None:
    assert served_on(1, NOW_NS + 9 * S, S, NOW_NS) == (1, NOW_NS + S, NOW_NS + 2 * S)
    assert served_on(1, NOW_NS + S // 2, S, NOW_NS) == (1, NOW_NS + S // 2, NOW_NS + S // 2)


def test_the_first_of_two_equal_directives_counts() -> None:
    assert directives('a=1, B="2 3", a=4, c') == {"a": "1", "b": "2 3", "c": ""}
