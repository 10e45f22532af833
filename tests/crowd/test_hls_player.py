"""The HLS player in simulated time: what it asks for and when, where it plays, which rung."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hls_origin import BASE, EPOCH, INDEX, PART_S, PARTS, RTT_S, SEGMENT_S, Origin, Watching, media, numbered, plain
from transfer import Answer, Server, TestWorld, whole

from ringside.prove.crowd.player.base import Failure, Kind, Lane
from ringside.prove.crowd.player.stock import HLS_JS, SHAKA

# -- joining


def test_the_asks_of_joining_come_in_the_order_of_a_browser() -> None:
    play = Watching(Origin(), now_s=3.3).run(3.36)
    number = Origin().number_0 + 1
    reload = f"_HLS_msn={number}&_HLS_part=2&_HLS_skip=YES"
    assert play.urls()[:9] == [
        "index.m3u8",
        "v.m3u8",
        "a.m3u8",
        f"v.m3u8?{reload}",
        f"a.m3u8?{reload}",
        "v/init.mp4",
        "a/init.mp4",
        f"v/{number - 1}.0.m4s",
        f"a/{number - 1}.0.m4s",
    ]
    assert media(play)[:3] == media(play, "a")[:3] == [(number - 1, 0), (number - 1, 1), (number - 1, 2)]


def test_each_round_trip_takes_its_time() -> None:
    play = Watching(Origin(), now_s=3.3).run(3.36)
    first = {url.split("?")[0].rpartition("/")[2]: at_s for at_s, url in reversed(play.asked())}
    assert first["v.m3u8"] - first["index.m3u8"] == pytest.approx(RTT_S)
    assert first["init.mp4"] - first["v.m3u8"] == pytest.approx(RTT_S)


@pytest.mark.parametrize("hold_back_s", [1.0, 1.5, 3.0])
def test_it_starts_part_hold_back_behind_the_edge(hold_back_s: float) -> None:
    origin = Origin(hold_back_s=hold_back_s)
    play = Watching(origin, now_s=3.3).run(8.0)
    listed_s = 3.3 + RTT_S
    behind_s = play.feel.first_frame_s - (origin.edge_s(listed_s) - hold_back_s)
    assert play.feel.latency_s == pytest.approx(behind_s, abs=1e-6)
    assert play.feel.stalls == 0
    assert play.feel.playing
    assert play.player.latency_source == "date-time"


def test_a_plain_stream_starts_hold_back_behind_its_edge() -> None:
    origin = Origin(low_latency=False, blocks=False, deltas=False)
    play = Watching(origin, now_s=3.3).run(8.0)
    first_s = origin.edge_s(3.3) - 6.0
    assert media(play)[0] == (origin.number_0 + first_s // SEGMENT_S, -1)
    assert play.feel.latency_s == pytest.approx(play.feel.first_frame_s - first_s, abs=1e-6)


def test_without_low_latency_parts_are_left_alone() -> None:
    play = Watching(Origin(), now_s=3.3, low_latency=False).run(20.0)
    assert {part for _, part in media(play)} == {-1}
    assert play.feel.stalls == 0
    assert not [url for url in play.urls("_HLS_msn") if "_HLS_part" in url]


def test_a_stream_without_sound_of_its_own_has_one_playlist() -> None:
    play = Watching(Origin(sound=False), now_s=3.3).run(10.0)
    assert not play.urls("a.m3u8")
    assert play.feel.playing


def test_a_stream_without_inits_is_played_too() -> None:
    play = Watching(Origin(inits=False), now_s=3.3).run(10.0)
    assert not play.urls("init")
    assert play.feel.playing


def test_a_media_playlist_may_be_the_url_itself_and_is_asked_for_once() -> None:
    origin = Origin(sound=False)
    play = Watching(origin, url=BASE + "v.m3u8", now_s=3.3).run(10.0)
    assert play.urls().count("v.m3u8") == 1
    assert play.urls("_HLS_msn")
    assert (play.feel.playing, play.feel.stalls, play.feel.rung_bps) == (True, 0, 0)


def test_the_first_rung_is_the_one_listed_first_if_it_is_within_reason() -> None:
    for rungs, expected in (({"v": 800_000, "w": 3_000_000}, "v"), ({"w": 3_000_000, "v": 800_000}, "w")):
        play = Watching(Origin(rungs=rungs), now_s=3.3).run(3.35)
        assert media(play, expected)
    play = Watching(Origin(rungs={"w": 9_000_000, "v": 800_000}), now_s=3.3).run(3.35)
    assert media(play, "v")


# -- following


def test_each_reload_waits_for_exactly_the_next_part() -> None:
    origin = Origin()
    play = Watching(origin, now_s=3.3).run(20.0)
    asked = [re.search(r"msn=(\d+)&_HLS_part=(\d+)&_HLS_skip=YES$", url) for url in play.urls("v.m3u8?")]
    places = [(int(found[1]) - origin.number_0) * PARTS + int(found[2]) for found in asked if found]
    assert len(places) == len(asked)
    assert places == list(range(places[0], places[0] + len(places)))
    assert places[-1] == origin.parts_at(20.0)


def test_a_server_that_cannot_skip_is_not_asked_to() -> None:
    play = Watching(Origin(deltas=False), now_s=3.3).run(10.0)
    assert play.urls("_HLS_msn")
    assert not play.urls("_HLS_skip")


def test_every_part_is_fetched_once_as_soon_as_it_is_listed() -> None:
    origin = Origin()
    play = Watching(origin, now_s=3.3).run(20.0)
    for name in ("v", "a"):
        places = [segment * PARTS + part for segment, part in media(play, name)]
        assert places == list(range(places[0], places[0] + len(places)))
    late_s = []
    for at_s, url in play.asked("/v/")[-20:]:
        segment, part = numbered(url)
        late_s.append(at_s - origin.published_s((segment - origin.number_0) * PARTS + part))
    assert max(late_s) < 0.03
    assert play.feel.late == 0
    assert play.feel.on_time >= 50


def test_media_is_fetched_before_it_is_listed_where_the_player_takes_hints() -> None:
    origin = Origin()
    play = Watching(origin, now_s=3.3, profile=SHAKA).run(20.0)
    early = []
    for at_s, url in play.asked("/v/")[-20:]:
        segment, part = numbered(url)
        early.append(at_s < origin.published_s((segment - origin.number_0) * PARTS + part))
    assert all(early)
    places = [segment * PARTS + part for segment, part in media(play)]
    assert places == list(range(places[0], places[0] + len(places)))
    assert play.feel.stalls == 0


def test_viewers_that_learned_of_media_from_deltas_and_not_are_alike() -> None:
    """One follows by delta updates; one that joins later, in the same process, still needs the init and all dates."""
    origin, world = Origin(), TestWorld(EPOCH)
    server = origin.serve()
    Watching(origin, server, now_s=3.3, world=world).run(30.0)
    before = len(server.asked)
    later = Watching(origin, server, now_s=30.3, world=world).run(40.0)
    assert [asked.url for asked in server.asked[before:]].count(BASE + "v/init.mp4") == 1
    assert later.player.latency_source == "date-time"
    assert later.feel.latency_s < 2.5


# -- plain playlists


def test_a_plain_playlist_is_asked_for_again_after_a_target_duration() -> None:
    play = Watching(plain(), now_s=3.3).run(30.0)
    times_s = [at_s for at_s, _ in play.asked("v.m3u8")]
    gaps_s = [b - a for a, b in pairwise(times_s)]
    assert gaps_s == pytest.approx([SEGMENT_S] * len(gaps_s))
    assert play.feel.stalls == 0


def test_a_playlist_without_news_is_asked_for_again_after_half_as_much() -> None:
    origin = plain()
    origin.silences = [(8.0, 14.0)]
    play = Watching(origin, now_s=3.3).run(13.0)
    times_s = [at_s for at_s, _ in play.asked("v.m3u8") if at_s > 9.5]
    gaps_s = [b - a for a, b in pairwise(times_s)]
    assert gaps_s == pytest.approx([SEGMENT_S / 2] * len(gaps_s))
    assert len(gaps_s) >= 2


def test_a_shorter_last_segment_is_waited_for_no_longer_than_it_lasts() -> None:
    server = Server()
    text = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXT-X-MEDIA-SEQUENCE:{}\n" + "#EXTINF:4,\n{}.ts\n" * 3

    def listed(url: str, now_s: float) -> Answer:
        first = int(now_s // 4)
        return whole(text.format(first, first, first + 1, first + 2).encode(), now_s)

    server.on(BASE, lambda url, now_s: whole(b"m" * 1000, now_s))
    server.on(BASE + "v.m3u8", listed)
    play = Watching(plain(), server, url=BASE + "v.m3u8").run(30.0)
    times_s = [at_s for at_s, _ in play.asked("v.m3u8")]
    assert [b - a for a, b in pairwise(times_s)] == pytest.approx([4.0] * (len(times_s) - 1))


def test_without_dates_latency_is_counted_from_the_first_sight_of_media() -> None:
    origin = Origin(dated=False)
    play = Watching(origin, now_s=3.3).run(20.0)
    assert play.player.latency_source == "playlist"
    assert play.feel.stalls == 0
    behind_s = origin.hold_back_s + HLS_JS.opening_s
    assert behind_s <= play.feel.latency_s < behind_s + PART_S + 0.1


def test_without_dates_playing_begins_with_the_first_segment_of_what_has_ended() -> None:
    server = Server()
    text = (
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n" + "".join(f"#EXTINF:2,\n{n}.ts\n" for n in range(3)) + "#EXT-X-ENDLIST\n"
    )
    server.put(BASE + "v.m3u8", text.encode())
    for n in range(3):
        server.put(f"{BASE}{n}.ts", b"m" * 1000)
    play = Watching(plain(), server, url=BASE + "v.m3u8").run(10.0)
    assert play.urls(".ts") == ["0.ts", "1.ts", "2.ts"]
    assert play.feel.watched_s == pytest.approx(6.0)
    assert play.feel.stalls == 0


# -- the end


@pytest.mark.parametrize("low_latency", [True, False])
@pytest.mark.parametrize("sound", [True, False])
def test_the_end_of_the_event_is_no_stall_and_the_viewer_leaves(low_latency: bool, sound: bool) -> None:
    origin = Origin(low_latency=low_latency, blocks=low_latency, deltas=low_latency, sound=sound, ends_s=20.0)
    play = Watching(origin, now_s=3.3).run(40.0)
    assert play.feel.stalls == 0
    assert play.player.given_up() is None
    begun_s = 20.0 - play.feel.watched_s
    assert play.left_s == pytest.approx(play.feel.first_frame_s + 20.0 - begun_s, abs=0.3)
    lists = play.asked("v.m3u8")
    assert lists[-1][0] < 23.0


def test_sound_that_ends_sooner_than_the_picture_is_no_stall_at_the_end() -> None:
    server = Server()
    server.put(INDEX, Origin().index().encode())
    for name, last_s in (("v", 2.0), ("a", 1.6)):
        lines = "".join(f"#EXTINF:{length},\n{name}{n}.m4s\n" for n, length in enumerate((2.0, last_s)))
        server.put(f"{BASE}{name}.m3u8", f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n{lines}#EXT-X-ENDLIST\n".encode())
        for n in range(2):
            server.put(f"{BASE}{name}{n}.m4s", b"m" * 500)
    play = Watching(Origin(), server).run(10.0)
    assert play.feel.stalls == 0
    assert play.feel.watched_s == pytest.approx(3.6)
    assert play.left_s == pytest.approx(3.6 + HLS_JS.opening_s, abs=0.3)


# -- behind by choice


@pytest.mark.parametrize("dvr_s", [6.0, 12.0])
def test_a_viewer_behind_by_choice_stays_there(dvr_s: float) -> None:
    origin = Origin()
    play = Watching(origin, now_s=3.3, dvr_s=dvr_s).run(30.0)
    assert play.feel.latency_s == pytest.approx(dvr_s + 0.3, abs=0.5)
    assert play.feel.stalls == 0
    first = origin.number_0 + (origin.edge_s(3.3) - dvr_s) // SEGMENT_S
    assert {segment for segment, _ in media(play)} >= {int(first), int(first) + 1}


def test_a_viewer_behind_by_more_than_there_is_begins_with_the_oldest() -> None:
    origin = Origin()
    play = Watching(origin, now_s=3.3, dvr_s=600.0).run(20.0)
    assert media(play)[0] == (origin.number_0 + origin.parts_at(3.3) // PARTS - 8, -1)
    assert play.feel.latency_s == pytest.approx(16.0 + 1.3, abs=1.0)


def test_a_viewer_far_behind_whose_media_comes_late_stays_where_it_wants_to_be() -> None:
    """A delta update does not list the oldest segments: they are there all the same."""
    origin = Origin()
    server = origin.serve()
    server.trouble(0.0, 5.0, 503, "/v/")
    play = Watching(origin, server, now_s=3.3, dvr_s=14.0).run(20.0)
    assert play.feel.latency_s > 13.0


# -- rungs


LADDER = {"low": 300_000, "mid": 1_200_000, "top": 4_000_000}


def test_a_fast_line_leads_up_and_the_new_playlist_is_asked_for_as_reported() -> None:
    origin = Origin(rungs=LADDER, sound=False)
    play = Watching(origin, Origin.serve(origin, Server(rates=((0.0, 20e6),))), now_s=3.3).run(20.0)
    assert play.feel.rung_bps == 4_000_000
    assert play.feel.switches >= 1
    assert play.feel.stalls == 0
    asked = [asked for asked in play.server.asked if "top.m3u8" in asked.url]
    assert re.fullmatch(r".*top.m3u8\?_HLS_msn=\d+&_HLS_part=\d+", asked[0].url)
    assert asked[0].status == 200
    assert media(play, "top")[0][1] == 0


@pytest.mark.parametrize("joins_s", [3.3, 3.6, 4.1, 4.6])
def test_a_switch_leaves_no_hole_and_takes_nothing_from_the_buffer(joins_s: float) -> None:
    """The new rung begins with the segment in which the buffer ends: what is there already is there twice."""
    origin = Origin(rungs=LADDER, sound=False, hold_back_s=1.0)
    play = Watching(origin, Origin.serve(origin, Server(rates=((0.0, 20e6),))), now_s=joins_s).run(30.0)
    places = sorted({segment * PARTS + part for name in LADDER for segment, part in media(play, name) if part >= 0})
    assert places == list(range(places[0], places[-1] + 1))
    assert play.feel.switches >= 1
    assert play.feel.stalls == 0


def test_a_plain_stream_follows_one_playlist_after_a_switch() -> None:
    origin = Origin(rungs=LADDER, sound=False, low_latency=False, blocks=False, deltas=False)
    play = Watching(origin, Origin.serve(origin, Server(rates=((0.0, 20e6),))), now_s=3.3).run(60.0)
    assert play.feel.rung_bps == 4_000_000
    switched_s = max(at_s for name in ("low", "mid") for at_s, _ in play.asked(f"/{name}/"))
    assert not [url for at_s, url in play.asked(".m3u8") if at_s > switched_s + 3 and "top" not in url]
    for at_s, url in play.asked(".m4s"):
        if at_s > switched_s:
            assert url.startswith("top/")


def test_a_slow_line_leads_down() -> None:
    origin = Origin(rungs=LADDER, sound=False, hold_back_s=3.0)
    play = Watching(origin, Origin.serve(origin, Server(rates=((0.0, 20e6), (15.0, 0.6e6)))), now_s=3.3).run(60.0)
    assert play.feel.rung_bps == 300_000
    assert play.player.given_up() is None


# -- where things are


def test_what_a_redirected_playlist_names_is_found_from_where_it_was_found() -> None:
    origin = Origin(sound=False)
    server = origin.serve()
    there = "http://cdn/x/"
    answer = server.answer

    def moved(url: str, now_s: float) -> Answer | Failure:
        found = origin._listed("v", url, now_s)
        return replace(found, url=there + url.removeprefix(BASE))

    server.on(BASE + "v.m3u8", moved)
    server.on(there, lambda url, now_s: answer(BASE + url.removeprefix(there), now_s))
    play = Watching(origin, server, now_s=3.3).run(10.0)
    assert play.feel.playing
    assert not play.urls("test/live/v/")
    assert next(asked.url for asked in server.asked if asked.kind is Kind.MEDIA).startswith(there + "v/")
    assert all(asked.url.startswith(BASE) for asked in server.asked if asked.kind is Kind.PLAYLIST)


def test_lanes_are_what_they_say() -> None:
    play = Watching(Origin(), now_s=3.3).run(10.0)
    lanes = {
        "index.m3u8": Lane.MANIFEST, "v.m3u8": Lane.VIDEO_LIST, "a.m3u8": Lane.AUDIO_LIST, "v/": Lane.VIDEO,
        "a/": Lane.AUDIO,
    }  # fmt: skip
    for asked in play.server.asked:
        (lane,) = {lane for start, lane in lanes.items() if asked.url.startswith(BASE + start)}
        assert asked.lane is lane
