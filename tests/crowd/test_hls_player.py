"""The HLS player in simulated time: what it asks for and when, where it plays, what it feels when things go wrong."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hls_origin import BASE, EPOCH, INDEX, PART_S, PARTS, SEGMENT_S, Origin, Watching
from transfer import Answer, Server, TestWorld, whole

from ringside.prove.crowd.player.base import Failure, Kind, Lane
from ringside.prove.crowd.player.stock import HLS_JS, SHAKA

RTT_S = 0.01


def numbered(url: str) -> tuple[int, int] | None:
    """(segment, part) of a media URL; the part is -1 for a whole segment."""
    found = re.search(r"/(\d+)(?:\.(\d+))?\.m4s", url)
    return None if found is None else (int(found[1]), int(found[2] or -1))


def media(play: Watching, name: str = "v") -> list[tuple[int, int]]:
    return [place for url in play.urls(f"/{name}/") if (place := numbered(url)) is not None]


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


def plain() -> Origin:
    return Origin(low_latency=False, blocks=False, deltas=False, sound=False)


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


# -- what goes wrong


@pytest.mark.parametrize("lasts_s", [3.0, 5.7])
def test_a_silence_of_the_origin_is_a_stall_of_exactly_its_length(lasts_s: float) -> None:
    origin = Origin(sound=False)
    origin.silences = [(10.0, 10.0 + lasts_s)]
    play = Watching(origin, now_s=3.3).run(10.0)
    position_s, at_s = play.player._playhead.position_s - EPOCH, play.player._playhead._now_s
    dry_s = at_s + origin.edge_s(9.99) - position_s
    play.run(25.0)
    # The reload comes when the origin speaks again, then one part after the other until enough for resuming is there.
    resumes_s = 10.0 + lasts_s + RTT_S
    assert play.feel.stalls == 1
    assert play.feel.stalled_s == pytest.approx(resumes_s - dry_s, abs=0.021)
    assert play.feel.watched_s + play.feel.stalled_s == pytest.approx(25.0 - play.feel.first_frame_s, abs=0.26)


def failing_part(how: Failure | int, times: int, profile=HLS_JS) -> tuple[Watching, list[float]]:
    """A viewer one of whose parts fails so many times; when it was asked for that part."""
    origin = Origin(sound=False, hold_back_s=3.0, window=40)
    server = origin.serve()
    part = f"{BASE}v/{origin.number_0 + 4}.1.m4s"
    tries: list[float] = []

    def answer(url: str, now_s: float) -> Answer | Failure:
        tries.append(now_s)
        if len(tries) > times:
            return origin._media("v", url, now_s)
        return how if isinstance(how, Failure) else Answer(how)

    server.on(part, answer)
    play = Watching(origin, server, now_s=3.3, profile=profile).run(60.0)
    return play, tries


def test_a_part_that_fails_with_500_is_asked_for_again_by_the_table() -> None:
    play, tries = failing_part(500, 100)
    gaps_s = [b - a for a, b in pairwise(tries)]
    assert gaps_s == pytest.approx([wait_s + RTT_S for wait_s in (1, 2, 4, 8, 8, 8)])
    assert play.player.given_up() == "media: status 500"


def test_a_part_that_comes_after_a_retry_is_played() -> None:
    play, tries = failing_part(503, 1)
    assert len(tries) == 2
    assert (play.player.given_up(), play.feel.stalls) == (None, 0)


def test_a_part_that_times_out_is_asked_for_again_at_once() -> None:
    play, tries = failing_part(Failure.TIMEOUT, 100)
    assert [b - a for a, b in pairwise(tries)] == pytest.approx([RTT_S] * 4)
    assert play.player.given_up() == "media: timed out"


@pytest.mark.parametrize(("how", "words"), [(404, "status 404"), (Failure.RESET, Failure.RESET.value)])
def test_a_part_that_is_not_there_is_the_end_where_there_is_no_other_rung(how: Failure | int, words: str) -> None:
    play, tries = failing_part(how, 100)
    assert len(tries) == 1
    assert play.player.given_up() == f"media: {words}"


def test_a_part_that_is_not_there_is_taken_from_a_lower_rung() -> None:
    origin = Origin(rungs={"w": 3_000_000, "v": 800_000}, sound=False)
    server = origin.serve()
    server.trouble(0.0, 1e9, 404, f"/w/{origin.number_0 + 4}.1.")
    play = Watching(origin, server, now_s=3.3).run(9.4)
    assert play.player.given_up() is None
    assert (origin.number_0 + 4, 0) in media(play, "w")
    assert (origin.number_0 + 4, 1) in media(play, "v")
    assert play.feel.switches >= 1


@pytest.mark.parametrize(
    ("what", "kind", "gaps"),
    [("index.m3u8", "manifest", [1.0]), ("v.m3u8", "playlist", [1.0, 2.0]), ("init.mp4", "init", [1, 2, 4, 8, 8, 8])],
)
def test_whatever_fails_is_asked_for_as_often_as_its_kind_is(what: str, kind: str, gaps: list[float]) -> None:
    origin = Origin(sound=False, window=40)
    server = origin.serve()
    server.trouble(0.0, 1e9, 502, what)
    play = Watching(origin, server, now_s=3.3).run(60.0)
    times_s = [at_s for at_s, _ in play.asked(what)]
    assert [b - a for a, b in pairwise(times_s)] == pytest.approx([gap + RTT_S for gap in gaps])
    assert play.player.given_up() == f"{kind}: status 502"


def test_a_reload_that_fails_is_made_without_directives() -> None:
    origin = Origin(sound=False)
    server = origin.serve()
    server.trouble(8.0, 8.6, 503, "v.m3u8")
    play = Watching(origin, server, now_s=3.3).run(20.0)
    failed_s = next(asked.now_s for asked in server.asked if asked.status == 503)
    assert next(url for at_s, url in play.asked("v.m3u8") if at_s > failed_s) == "v.m3u8"
    assert play.player.given_up() is None
    assert play.feel.playing


@pytest.mark.parametrize(
    "body", [b"", b"<html></html>", b"\xff\xfe", b"#EXTM3U\n", b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n"]
)
@pytest.mark.parametrize("what", ["index.m3u8", "v.m3u8"])
def test_a_playlist_that_cannot_be_read_is_the_end_and_no_exception(body: bytes, what: str) -> None:
    origin = Origin(sound=False)
    server = origin.serve()
    server.on(BASE + what, lambda url, now_s: whole(body))
    play = Watching(origin, server).run(10.0)
    assert play.feel.first_frame_s is None
    assert len(server.asked) < 40
    if what == "index.m3u8":
        assert play.player.given_up() == "manifest: " + Failure.UNREADABLE.value


def test_a_playlist_that_goes_backwards_does_not_make_it_circle() -> None:
    origin = plain()
    server = origin.serve()
    server.on(
        BASE + "v.m3u8",
        lambda url, now_s: whole(origin.playlist("v", now_s - (20 if now_s > 10 else 0)).encode(), now_s),
    )
    play = Watching(origin, server, now_s=3.3).run(40.0)
    assert len(server.asked) < 60
    places = media(play)
    assert len(places) == len(set(places))


def test_gaps_are_passed_over_without_asking() -> None:
    origin = Origin(sound=False, gaps={5}, hold_back_s=3.0)
    play = Watching(origin, now_s=3.3).run(25.0)
    gap = origin.number_0 + 5
    assert gap not in {segment for segment, _ in media(play)}
    assert {gap - 1, gap + 1} <= {segment for segment, _ in media(play)}
    assert play.feel.stalls == 0


def test_a_gap_is_filled_from_another_rung() -> None:
    origin = Origin(rungs={"v": 800_000, "w": 300_000}, sound=False, hold_back_s=3.0, gaps_of={"v": {5}})
    play = Watching(origin, now_s=3.3).run(25.0)
    gap = origin.number_0 + 5
    assert gap not in {segment for segment, _ in media(play, "v")}
    assert gap in {segment for segment, _ in media(play, "w")}
    assert play.feel.stalls == 0


def test_joining_at_a_gap_begins_after_it() -> None:
    origin = Origin(sound=False, gaps={0, 1}, hold_back_s=3.0)
    play = Watching(origin, now_s=3.3).run(12.0)
    assert play.feel.playing
    assert min(segment for segment, _ in media(play)) == origin.number_0 + 2


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


def test_a_viewer_that_media_has_left_behind_jumps_to_the_edge() -> None:
    origin = plain()
    server = origin.serve()
    server.trouble(6.0, 60.0, Failure.TIMEOUT, "/v/")
    patient = tuple(
        replace(load, on=tuple(replace(r, tries=10_000, wait=replace(r.wait, first_s=1.0)) for r in load.on))
        for load in HLS_JS.loads
    )
    play = Watching(origin, server, now_s=3.3, profile=replace(HLS_JS, loads=patient)).run(90.0)
    assert play.player.given_up() is None
    assert (play.feel.stalls, play.feel.playing) == (1, True)
    assert play.feel.latency_s < (origin.window + 1) * SEGMENT_S


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
