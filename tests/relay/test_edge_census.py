"""What a worker knows of its objects: how often each was asked for, by kind and track, and the top rung's share."""

import pytest

from ringside.flow.relay.answer.census import AT_ONCE, Census, kind_of

LIVE = "/live/main"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (f"{LIVE}/v720/895000000.3.m4s", "part"),
        (f"{LIVE}/v720/895000000.m4s", "segment"),
        (f"{LIVE}/v720/index.m3u8", "playlist"),
        ("/hls/a.m3u8?_HLS_msn=4&_HLS_part=2", "playlist"),
        (f"{LIVE}/index.mpd", "manifest"),
        ("/hls/a-12.ts?x=1.m3u8", "segment"),
        ("/", "page"),
        ("/status", "page"),
        ("/player/main.js", "page"),
        (f"{LIVE}/v720/init-ab.mp4", "other"),
    ],
)
def test_what_a_path_names(path: str, kind: str) -> None:
    assert kind_of(path) == kind


def ask(census: Census, path: str, hits: int, size: int, content_type: str = "video/mp4") -> None:
    tally = census.tally(path, content_type)
    tally.hits += hits
    tally.bytes += hits * size


def test_hits_add_up_by_kind_though_their_objects_go() -> None:
    census = Census()
    for n in range(5):
        ask(census, f"{LIVE}/v720/{n}.0.m4s", 3, 100)
        census.fold(lambda _: None)
    census.fold(lambda _: None)
    assert census.report()["kinds"]["part"] == {"hits": 15, "held": 0, "bytes": 1500}
    assert census._tallies == {}


def test_the_top_rung_is_the_heaviest_picture() -> None:
    census = Census()
    ask(census, f"{LIVE}/v1080/7.0.m4s", 6, 100_000)
    ask(census, f"{LIVE}/v360/7.0.m4s", 2, 10_000)
    ask(census, f"{LIVE}/a/7.0.m4s", 8, 4_000, "audio/mp4")
    census.fold(str)
    assert census.report()["top_rung_share"] == 0.75
    assert census.report()["tracks"][f"{LIVE}/a"]["hits"] == 8
    census.fold(str)
    assert census.report()["top_rung_share"] is None


def test_the_busiest_are_those_of_the_last_second() -> None:
    census = Census()
    for n in range(20):
        ask(census, f"/{n}.ts", n, 1)
    census.fold(str)
    assert [row["hits"] for row in census.report()["objects"]] == list(range(19, 9, -1))
    ask(census, "/3.ts", 1, 1)
    census.fold(str)
    assert [row["path"] for row in census.report()["objects"]] == ["/3.ts"]


def test_very_many_have_their_turn_one_after_another() -> None:
    census = Census()
    for n in range(2 * AT_ONCE + 1):
        ask(census, f"/{n}.ts", 1, 1)
    for so_far in (AT_ONCE, 2 * AT_ONCE, 2 * AT_ONCE + 1):
        census.fold(str)
        assert census.report()["kinds"]["segment"]["hits"] == so_far
