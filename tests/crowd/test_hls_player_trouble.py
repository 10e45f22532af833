"""The HLS player in simulated time when things go wrong: silence, failures, nonsense, gaps."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hls_origin import BASE, EPOCH, RTT_S, SEGMENT_S, Origin, Watching, media, plain
from transfer import Answer, whole

from ringside.prove.crowd.player.base import Failure
from ringside.prove.crowd.player.stock import HLS_JS


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
