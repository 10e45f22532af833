"""The DASH player at an event in memory: what it asks for and when, what it feels, what it makes of trouble."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from made_event import BASE, MPD, START_S, Event
from transfer import Answer, Asked, Server, TestViewer, TestWorld, Transfer

from ringside.prove.crowd.player.base import Failure, Kind, Lane
from ringside.prove.crowd.player.dash import DashPlayer
from ringside.prove.crowd.player.profile import Profile
from ringside.prove.crowd.player.stock import DASH_JS, DASH_JS_PLAIN, RINGSIDE_DASH, RINGSIDE_DASH_PLAIN, SHAKA

EVENT = Event()
PLAIN = Event(low_latency=False)


class Play:
    """One viewer of an event; times are test time, 0 being START_S of Unix time."""

    def __init__(
        self,
        event: Event = EVENT,
        profile: Profile = DASH_JS,
        now_s: float = 0.7,
        server: Server | None = None,
        world: TestWorld | None = None,
        low_latency: bool = True,
        **viewer: Any,
    ) -> None:
        self.server = server or event.serve(Server())
        self.world = world or TestWorld(START_S)
        self.player = DashPlayer(MPD, profile, self.world, TestViewer(**viewer), now_s, low_latency)
        self.latencies: list[tuple[float, float | None]] = []
        self.transfer = Transfer(self.player, self.server, now_s, self._note)
        self.feel = self.player.feel

    def _note(self, now_s: float) -> None:
        self.latencies.append((now_s, self.player.feel.latency_s))

    def until(self, to_s: float) -> "Play":
        self.transfer.run(to_s)
        return self

    def asked(self, kind: Kind, lane: Lane | None = None, from_s: float = 0.0) -> list[Asked]:
        return [a for a in self.server.asked if a.kind is kind and lane in (None, a.lane) and a.now_s >= from_s]

    def numbers(self, lane: Lane = Lane.VIDEO) -> list[int]:
        return [int(a.url.rpartition("/")[2][:-4]) - START_S // 2 for a in self.asked(Kind.MEDIA, lane)]

    def position_s(self) -> float:
        return self.player._playhead.position_s - START_S


def test_a_viewer_starts_with_manifest_clock_headers_and_the_live_edge() -> None:
    play = Play().until(1.5)
    kinds = [(asked.kind, asked.lane) for asked in play.server.asked[:6]]
    assert kinds == [
        (Kind.MANIFEST, Lane.MANIFEST),
        (Kind.CLOCK, Lane.CLOCK),
        (Kind.INIT, Lane.VIDEO),
        (Kind.INIT, Lane.AUDIO),
        (Kind.MEDIA, Lane.VIDEO),
        (Kind.MEDIA, Lane.AUDIO),
    ]
    # 1.5 s behind 0.72 lies in the segment before the one in the making
    assert play.numbers() == play.numbers(Lane.AUDIO) == [-1, 0]
    assert play.feel.first_frame_s == pytest.approx(0.74 + DASH_JS.opening_s)
    assert play.feel.playing
    assert play.feel.rung_bps == 500_000


def test_in_the_steady_state_each_segment_is_asked_for_once_as_soon_as_it_is_available() -> None:
    play = Play().until(30.5)
    for lane in (Lane.VIDEO, Lane.AUDIO):
        assert play.numbers(lane) == list(range(-1, 16))
        for asked in play.asked(Kind.MEDIA, lane, from_s=1.0):
            number = int(asked.url.rpartition("/")[2][:-4]) - START_S // 2
            assert 0 <= asked.now_s - (2 * number + 0.2) < 0.01
    assert play.feel.stalls == play.feel.late == 0
    assert play.feel.watched_s == pytest.approx(30.25 - play.feel.first_frame_s, abs=0.26)
    assert play.feel.latency_s == pytest.approx(1.5, abs=0.05)
    assert play.player.latency_source == "prft"


def test_the_manifest_is_asked_for_again_by_its_minimum_update_period() -> None:
    play = Play().until(12)
    times = [asked.now_s for asked in play.asked(Kind.MANIFEST)]
    assert [round(after - before, 2) for before, after in pairwise(times)] == [2.01] * 5


def test_a_chunk_counts_as_soon_as_its_last_byte_is_there() -> None:
    play = Play().until(5.0)
    for at_s, end_s in [(6.04, 5.8), (6.08, 6.0), (6.24, 6.0), (6.27, 6.2), (7.9, 7.8)]:
        play.until(at_s)
        assert play.player._end_s() - START_S == pytest.approx(end_s, abs=0.022)  # sound is cut at its own frames
        video = play.player._tracks[Lane.VIDEO]
        assert video is not None
        assert (video.end_s - START_S) * 5 == pytest.approx(round((video.end_s - START_S) * 5), abs=1e-5)


def test_an_object_is_read_once_however_many_watch_it() -> None:
    world = TestWorld(START_S)
    server = EVENT.serve(Server())
    first = Play(world=world, server=server).until(9.0)
    maps = {url: request.object for url, request in world.requests.items() if request.kind is Kind.MEDIA}
    seen = {url: (map.seen, list(map.ends)) for url, map in maps.items()}
    second = Play(world=world, server=server, now_s=5.3, index=1).until(9.0)
    assert {url: (maps[url].seen, list(maps[url].ends)) for url in seen} == seen
    assert len(world.tables["dash.shelves"]) == 2
    assert second.player._end_s() == first.player._end_s()
    assert second.feel.stalls == 0


def test_a_late_viewer_plays_where_the_others_play() -> None:
    early, late = Play().until(45.0), Play(now_s=33.3).until(45.0)
    assert late.feel.first_frame_s is not None
    assert late.feel.first_frame_s - 33.3 < DASH_JS.opening_s + 0.1
    assert late.position_s() == pytest.approx(early.position_s(), abs=0.1)


def test_without_low_latency_whole_segments_are_polled_for_and_played_three_behind() -> None:
    play = Play(PLAIN).until(30.0)
    assert play.player.profile.name == "dash.js plain"
    assert play.feel.latency_s == pytest.approx(6.0, abs=0.05)
    for asked in play.asked(Kind.MEDIA, from_s=2.0):
        number = int(asked.url.rpartition("/")[2][:-4]) - START_S // 2
        assert 0 <= asked.now_s - (2 * number + 2) <= 0.5
    assert play.feel.stalls == 0
    assert all(latency_s in (None, pytest.approx(6.0, abs=0.05)) for _, latency_s in play.latencies)


def test_the_watch_page_has_habits_of_its_own_without_low_latency_too() -> None:
    assert Play(PLAIN, RINGSIDE_DASH).until(10.0).player.profile is RINGSIDE_DASH_PLAIN


def test_who_ignores_low_latency_keeps_four_segments_behind() -> None:
    play = Play(low_latency=False).until(30.0)
    assert play.player.profile.name == "dash.js plain"
    assert play.feel.latency_s == pytest.approx(8.0, abs=0.05)
    assert play.feel.stalls == 0


def test_a_viewer_of_the_past_stays_there() -> None:
    play = Play(dvr_s=8.0).until(10.0)
    assert play.feel.latency_s == pytest.approx(8.0, abs=0.05)


# -- trouble


@pytest.mark.parametrize(
    ("how", "said"), [(404, "status 404"), (503, "status 503"), (Failure.RESET, "before the reply")]
)
def test_low_latency_dash_js_asks_fifteen_times_more_a_tenth_apart_and_gives_up(how: Failure | int, said: str) -> None:
    play = Play()
    play.server.trouble(10.0, 99.0, how, "/v400/")
    play.until(20.0)
    times = [asked.now_s for asked in play.asked(Kind.MEDIA, Lane.VIDEO, from_s=10.0)]
    assert len(times) == 16
    assert [round(after - before, 2) for before, after in pairwise(times)] == [0.11] * 15
    assert play.transfer.gave_up_s == pytest.approx(times[-1] + 0.01)
    assert said in (play.player.given_up() or "")


def test_plain_dash_js_asks_three_times_more_a_second_apart() -> None:
    play = Play(PLAIN)
    play.server.trouble(10.0, 99.0, 404, "/a/")
    play.until(30.0)
    times = [asked.now_s for asked in play.asked(Kind.MEDIA, Lane.AUDIO, from_s=10.0)]
    assert [round(after - before, 2) for before, after in pairwise(times)] == [1.01] * 3
    assert "media: status 404" in (play.player.given_up() or "")


@pytest.mark.parametrize(("profile", "asks"), [(SHAKA, 40), (RINGSIDE_DASH, 10)])
def test_shaka_and_the_watch_page_never_give_up(profile: Profile, asks: int) -> None:
    play = Play(profile=profile)
    play.server.trouble(10.0, 30.0, 503, "/v400/")
    play.until(45.0)
    assert play.player.given_up() is None
    asked = play.asked(Kind.MEDIA, Lane.VIDEO, from_s=10.0)
    assert len([one for one in asked if one.status == 503]) > asks
    assert play.feel.stalls >= 1
    assert play.feel.playing


def test_a_silence_is_one_stall_exact_to_the_millisecond() -> None:
    steady = replace(DASH_JS, catch_up=DASH_JS_PLAIN.catch_up)
    play = Play(PLAIN, profile=steady, now_s=1.3).until(8.0)
    behind_s = play.feel.latency_s
    assert behind_s is not None
    play.latencies.clear()
    play.server.silence(8.2, 19.07)
    play.until(25.0)
    assert play.feel.stalls == 1
    assert play.feel.stalled_s == pytest.approx(19.07 - (6.0 + behind_s), abs=0.0005)  # the segment to 6 s is the last
    last_s = max(now_s for now_s, _ in play.latencies)
    shown_s = play.feel.first_frame_s
    assert shown_s is not None
    assert play.feel.watched_s + play.feel.stalled_s == pytest.approx(last_s - shown_s, abs=1e-6)
    assert play.feel.late >= 1


def test_after_a_stall_the_viewer_catches_up_at_no_more_than_the_manifests_rate() -> None:
    play = Play().until(9.9)
    play.server.silence(10.0, 12.5)
    play.until(13.5)
    behind_s = play.feel.latency_s
    assert behind_s is not None
    assert behind_s > 2.0
    assert 1.02 < play.player._playhead.rate <= 1.05
    play.until(55.0)
    assert play.feel.latency_s == pytest.approx(1.5, abs=0.06)
    assert play.feel.stalls == 1


def test_far_behind_the_viewer_seeks_back_to_live() -> None:
    play = Play().until(9.9)
    play.server.silence(10.0, 16.5)
    before_s, watched_s = play.position_s(), play.feel.watched_s
    play.until(20.0)
    assert play.player.given_up() is None
    assert play.feel.latency_s == pytest.approx(1.5, abs=0.2)
    assert play.position_s() - before_s > 1.05 * (play.feel.watched_s - watched_s) + 2  # no rate brings that about


def test_a_clock_that_does_not_answer_is_done_without() -> None:
    play = Play(server=(server := EVENT.serve(Server())))
    server.trouble(0.0, 99.0, 500, "/clock")
    play.until(3.0)
    assert len(play.asked(Kind.CLOCK)) == 2
    assert play.feel.playing


@pytest.mark.parametrize("body", [b"<html>", b"<MPD/>", b"\xff\xfe", b""])
def test_what_is_no_manifest_fails_the_viewer_by_the_table(body: bytes) -> None:
    server = Server()
    server.put(MPD, body)
    play = Play(server=server).until(20.0)
    assert play.player.given_up() is not None
    assert "manifest" in (play.player.given_up() or "")
    assert len(server.asked) > 3


def test_a_manifest_that_cannot_be_had_again_does_not_stop_the_picture() -> None:
    play = Play()
    play.server.trouble(3.0, 99.0, 503, MPD)
    play.until(30.0)
    assert play.player.given_up() is None
    assert play.feel.playing
    assert play.feel.stalls == 0


def test_a_segment_of_garbage_counts_by_its_nominal_times() -> None:
    server = EVENT.serve(Server())
    for number in (2, 3):
        url = f"{BASE}v400/{START_S // 2 + number}.m4s"
        server.on(url, lambda url, now_s: Answer(200, ((now_s, b"<html>" * 999),)))
    play = Play(server=server).until(20.0)
    assert play.player.given_up() is None
    assert play.feel.playing


def test_a_plan_overtaken_by_a_seek_does_not_bring_the_lane_to_a_halt() -> None:
    play = Play().until(9.5)
    player = play.player
    video = player._tracks[Lane.VIDEO]
    assert video is not None
    assert video.asked is not None
    play.transfer._perform(player._seek(9.5, START_S + 3.0 - 0.001 + 9.0, player._end_s()))
    play.until(20.0)
    assert play.numbers()[-1] == 9
    assert play.feel.playing


# -- rungs


def test_a_slow_link_takes_the_viewer_down_and_a_fast_one_up_again() -> None:
    event = Event(ladder=(200_000, 700_000, 2_000_000))
    server = event.serve(Server(rates=((0.0, 20e6), (12.0, 0.6e6), (30.0, 20e6))))
    play = Play(event, server=server)
    play.until(11.9)
    assert play.feel.rung_bps == 2_500_000
    play.until(29.0)
    assert play.feel.rung_bps == 250_000
    play.until(58.0)
    assert play.feel.rung_bps == 2_500_000
    assert play.feel.switches >= 2
    inits = [asked.url for asked in play.asked(Kind.INIT, Lane.VIDEO)]
    assert len(inits) == len(set(inits))  # the browser holds those it has had


# -- the manifest changes, the event ends


def timeline_mpd(now_s: float, ended: bool = False) -> bytes:
    """As nginx-rtmp writes it: a SegmentTimeline that grows by the segment, five of them listed."""
    whole = int(now_s // 2)
    first = max(0, whole - 5)
    lines = "".join(f'<S t="{n * 2000}" d="2000"/>' for n in range(first, whole))
    sets = "".join(
        f'<AdaptationSet contentType="{kind}"><Representation id="{kind}" bandwidth="1000"><SegmentTemplate '
        f'timescale="1000" media="{kind}-$Time$.m4s" initialization="{kind}.mp4"><SegmentTimeline>{lines}'
        "</SegmentTimeline></SegmentTemplate></Representation></AdaptationSet>"
        for kind in ("video", "audio")
    )
    kind = f'type="static" mediaPresentationDuration="PT{whole * 2}S"' if ended else 'type="dynamic"'
    return (
        f'<MPD {kind} availabilityStartTime="2026-11-18T11:06:40Z" minimumUpdatePeriod="PT2S" '
        f'suggestedPresentationDelay="PT6S"><Period id="p" start="PT0S">{sets}</Period></MPD>'
    ).encode()


def timeline_server(end_s: float = 1e9) -> Server:
    server = Server()
    server.on(BASE, lambda url, now_s: Answer(200, ((now_s, bytes(40_000)),)))
    server.on(MPD, lambda url, now_s: Answer(200, ((now_s, timeline_mpd(min(now_s, end_s), now_s >= end_s)),)))
    return server


def test_a_growing_timeline_is_followed_by_the_manifests_updates() -> None:
    play = Play(server=timeline_server(), now_s=20.1).until(50.0)
    times = [int(asked.url.rpartition("-")[2][:-4]) // 1000 for asked in play.asked(Kind.MEDIA, Lane.VIDEO)]
    assert times == list(range(14, 48, 2))
    assert play.feel.latency_s == pytest.approx(6.0, abs=0.1)
    assert play.player.latency_source == "manifest"
    assert play.feel.stalls == 0


@pytest.mark.parametrize("event", [EVENT, PLAIN], ids=["low-latency", "plain"])
def test_the_end_of_an_event_plays_out_and_is_no_stall(event: Event) -> None:
    play = Play(event, now_s=40.7).until(75.0)
    assert play.player.given_up() is None
    assert play.feel.stalls == 0
    assert not play.feel.playing
    assert play.position_s() == pytest.approx(60.0, abs=0.21)  # sound has a part more or less
    assert play.numbers()[-1] in (29, 30)
    assert play.player._viewer.leave_s == pytest.approx(60.0 + (6.0 if event is PLAIN else 1.5), abs=0.5)


def test_a_timeline_that_has_ended_plays_out_too() -> None:
    play = Play(server=timeline_server(end_s=40.0), now_s=20.1).until(60.0)
    assert play.feel.stalls == 0
    assert not play.feel.playing
    assert play.player._playhead.position_s == pytest.approx(40.0)


def test_an_ended_event_is_watched_from_its_beginning() -> None:
    event = Event(to_s=9)
    play = Play(event, now_s=100.0).until(140.0)
    assert play.feel.stalls == 0
    assert play.feel.watched_s == pytest.approx(29.0, abs=0.3)
    assert play.feel.latency_s is None
    assert not play.feel.playing


def test_the_next_period_is_entered_where_this_one_ends() -> None:
    def period(name: str, start_s: int) -> str:
        return (
            f'<Period id="{name}" start="PT{start_s}S"><AdaptationSet contentType="video"><Representation id="{name}" '
            f'bandwidth="1000"><SegmentTemplate duration="2" media="{name}-$Number$" initialization="{name}"/>'
            "</Representation></AdaptationSet></Period>"
        )

    inside = period("a", 0) + period("b", 30)
    mpd = f'<MPD type="dynamic" availabilityStartTime="2026-11-18T11:06:40Z">{inside}</MPD>'
    server = Server()
    server.on(BASE, lambda url, now_s: Answer(200, ((now_s, bytes(4000)),)))
    server.on(MPD, lambda url, now_s: Answer(200, ((now_s, mpd.encode()),)))
    play = Play(server=server, now_s=20.1).until(60.0)
    media = [asked.url.removeprefix(BASE) for asked in play.asked(Kind.MEDIA)]
    assert media[:4] == ["a-7", "a-8", "a-9", "a-10"]
    place = media.index("b-1")
    assert media[place - 1] == "a-15"
    assert media[place:] == [f"b-{n}" for n in range(1, len(media) - place + 1)]
    assert [asked.url for asked in play.asked(Kind.INIT)] == [BASE + "a", BASE + "b"]
    assert play.feel.stalls == 0


def test_a_report_says_what_the_player_knows() -> None:
    play = Play().until(12.0)
    player = play.player
    request = player._tracks[Lane.VIDEO].asked  # type: ignore[union-attr]
    assert request is not None
    report = player.report(12.0, Lane.VIDEO, request)
    assert (report.object, report.bitrate_bps, report.duration_s) == ("v", 500_000, 2.0)
    assert report.live
    assert report.low_latency
    assert report.buffer_s == pytest.approx(1.3, abs=0.3)
    assert player.report(12.0, Lane.MANIFEST, player._manifest).object == "m"
