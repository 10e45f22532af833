"""The push player at an event in memory: one response, a few hundred ms behind live, and what viewers share."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from made_event import BASE, MPD, START_S, Event
from transfer import Answer, Server, TestViewer, TestWorld, Transfer

from ringside.core.boxes import BoxError
from ringside.core.boxes.box import box
from ringside.prove.crowd.player.base import Failure, Kind, Lane
from ringside.prove.crowd.player.push import PushPlayer
from ringside.prove.crowd.player.stock import PUSH
from ringside.prove.crowd.player.streammap import StreamMap, first_chunk

EVENT = Event()
STREAM = BASE + "v400/stream"


class Watch:
    """One viewer of a push stream; time 0 is START_S of Unix time."""

    def __init__(
        self,
        url: str = STREAM,
        now_s: float = 0.7,
        server: Server | None = None,
        world: TestWorld | None = None,
        **viewer: Any,
    ) -> None:
        self.server = server or EVENT.serve(Server())
        self.world = world or TestWorld(START_S)
        self.player = PushPlayer(url, PUSH, self.world, TestViewer(**viewer), now_s, 0.3)
        self.transfer = Transfer(self.player, self.server, now_s)
        self.feel = self.player.feel

    def until(self, to_s: float) -> "Watch":
        self.transfer.run(to_s)
        return self

    def end_s(self) -> float:
        return self.player._end_s() - START_S

    def asked_s(self, from_s: float = 0.0) -> list[float]:
        return [a.now_s for a in self.server.asked if a.kind is Kind.STREAM and a.now_s >= from_s]


def test_one_response_is_played_a_few_hundred_milliseconds_behind() -> None:
    watch = Watch().until(40.0)
    assert [asked.kind for asked in watch.server.asked] == [Kind.STREAM]
    assert watch.feel.first_frame_s == pytest.approx(0.71)
    assert watch.feel.latency_s == pytest.approx(0.4, abs=0.06)  # two parts of 200 ms
    assert watch.player.latency_source == "prft"
    assert watch.feel.stalls == watch.feel.late == 0
    assert watch.feel.on_time == pytest.approx(200, abs=4)


def test_with_shorter_parts_the_target_is_300_ms() -> None:
    timeline = EVENT.timeline.__class__(part_s=EVENT.timeline.part_s / 5)
    event = Event(timeline=timeline, encode_s=0.03, to_s=20)
    watch = Watch(server=event.serve(Server())).until(19.0)
    assert watch.feel.latency_s == pytest.approx(0.3, abs=0.06)
    assert watch.feel.stalls == 0


def test_a_late_viewer_begins_near_live_though_the_response_begins_earlier() -> None:
    watch = Watch(now_s=33.9).until(36.0)
    # the newest independent chunk began at 32 s: 1.6 s of media came in the first burst
    assert watch.feel.first_frame_s == pytest.approx(33.91)
    assert watch.feel.latency_s is not None
    assert watch.feel.latency_s < 0.6


def test_a_chunk_counts_with_its_last_byte() -> None:
    watch = Watch()
    for at_s, end_s in [(6.04, 5.8), (6.07, 6.0), (6.24, 6.0), (6.27, 6.2)]:
        assert watch.until(at_s).end_s() == pytest.approx(end_s, abs=1e-6)


def test_an_events_url_brings_pictures_and_sound_of_the_manifest() -> None:
    watch = Watch(url=BASE + "index.m3u8").until(20.0)
    assert watch.server.urls() == [MPD, STREAM, BASE + "a/stream"]
    assert watch.feel.latency_s == pytest.approx(0.4, abs=0.06)
    assert watch.feel.stalls == 0


# -- what viewers share


def test_viewers_who_come_one_after_another_share_one_run() -> None:
    world, server = TestWorld(START_S), EVENT.serve(Server())
    watches = [Watch(now_s=0.7 + 0.37 * n, world=world, server=server, index=n) for n in range(12)]
    for step in range(80):
        for watch in watches:
            watch.until(max(watch.transfer.now_s, 5.3 + step * 0.13))
        ends = {watch.end_s() for watch in watches}
        assert len(ends) == 1
    runs = {watch.player._feeds[Lane.VIDEO].run for watch in watches}  # type: ignore[union-attr]
    assert len(runs) == 1


def test_once_all_have_left_the_next_viewer_begins_another_run() -> None:
    world, server = TestWorld(START_S), EVENT.serve(Server())
    first = Watch(world=world, server=server).until(5.0)
    second = Watch(now_s=20.0, world=world, server=server).until(25.0)
    assert second.end_s() == pytest.approx(24.8)
    old, new = first.player._feeds[0], second.player._feeds[0]
    assert old is not None
    assert new is not None
    assert old.run is not new.run
    first.until(25.0)  # the first had only been slow: its own run still holds for it
    assert first.end_s() == pytest.approx(24.8)


PIECES = [data for _, data in EVENT.push("v400", 0.7)][:40]
ENDS_S = [-0.0] + [0.2 * n for n in range(1, 40)]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(1, 60_000)), min_size=1, max_size=60),
    st.lists(st.integers(0, 8), min_size=3, max_size=3),
)
@example([(0, 48_010), (2, 31_283), (0, 13_892)], [1, 0, 5])  # a piece ends one byte into a chunk others had
def test_however_responses_interleave_each_viewer_knows_its_own_end(
    steps: list[tuple[int, int]], entries: list[int]
) -> None:
    """Three viewers whose responses begin at different chunks, in pieces of any size."""
    world = TestWorld(START_S)
    responses = [PIECES[0] + b"".join(PIECES[1 + entry :]) for entry in entries]
    players = [PushPlayer(STREAM, PUSH, world, TestViewer(n), 0.0, 0.3) for n in range(3)]
    sizes = [[len(PIECES[0])] for _ in entries]
    for entry, ends in zip(entries, sizes, strict=True):
        for piece in PIECES[1 + entry :]:
            ends.append(ends[-1] + len(piece))
    at = [0, 0, 0]
    for viewer, size in steps:
        piece = responses[viewer][at[viewer] : at[viewer] + size]
        feed = players[viewer]._feeds[Lane.VIDEO]
        assert feed is not None
        players[viewer].grew(1.0, Lane.VIDEO, feed.request, at[viewer], memoryview(piece))
        at[viewer] += len(piece)
        whole = sum(end <= at[viewer] for end in sizes[viewer]) - 1
        if whole > 0:
            assert feed.end_s - START_S == pytest.approx(0.2 * (entries[viewer] + whole), abs=1e-6)
        else:
            assert feed.end_s - START_S <= 0.2 * entries[viewer] + 1e-6


@settings(max_examples=40, deadline=None)
@given(st.integers(3, 12), st.integers(1, 8), st.integers(500, 40_000))
def test_chunks_left_out_for_a_slow_viewer_do_not_confuse_it(after: int, left_out: int, size: int) -> None:
    world = TestWorld(START_S)
    leader, slow = (PushPlayer(STREAM, PUSH, world, TestViewer(n), 0.0, 0.3) for n in range(2))
    request = leader._feeds[0].request  # type: ignore[union-attr]
    at = 0
    for piece in PIECES:
        leader.grew(1.0, Lane.VIDEO, request, at, memoryview(piece))
        at += len(piece)
    body = b"".join(PIECES[:after]) + b"".join(PIECES[after + left_out : 30])
    for offset in range(0, len(body), size):
        slow.grew(1.0, Lane.VIDEO, request, offset, memoryview(body)[offset : offset + size])
    assert slow._end_s() - START_S == pytest.approx(0.2 * 29, abs=1e-6)
    assert slow._feeds[0].run is leader._feeds[0].run  # type: ignore[union-attr]


def test_a_run_forgets_its_oldest_chunks() -> None:
    world = TestWorld(START_S)
    timeline = EVENT.timeline.__class__(part_s=EVENT.timeline.part_s / 5)
    event = Event(timeline=timeline, to_s=100)
    player = PushPlayer(STREAM, PUSH, world, TestViewer(), 0.0, 0.3)
    feed = player._feeds[0]
    assert feed is not None
    at = 0
    for at_s, piece in event.push("v400", 0.7):
        player.grew(at_s, Lane.VIDEO, feed.request, at, memoryview(piece))
        at += len(piece)
    assert feed.run is not None
    assert len(feed.run.ends) <= 2048
    assert player._end_s() - START_S == pytest.approx(100.0)
    late = PushPlayer(STREAM, PUSH, world, TestViewer(1), 0.0, 0.3)
    at = 0
    for at_s, piece in event.push("v400", 99.9):
        late.grew(at_s, Lane.VIDEO, feed.request, at, memoryview(piece))
        at += len(piece)
    assert late._feeds[0].run is feed.run  # type: ignore[union-attr]
    assert late._end_s() == player._end_s()


# -- trouble


def test_a_response_that_ends_too_early_is_asked_for_again() -> None:
    server = EVENT.serve(Server())

    def cut_short(url: str, now_s: float) -> Answer:
        return Answer(200, tuple(piece for piece in EVENT.push("v400", now_s) if piece[0] < 9 or now_s > 9))

    server.on(STREAM, cut_short)
    watch = Watch(server=server).until(30.0)
    _, second = watch.asked_s()
    assert 0.24 < second - 8.86 < 0.51
    assert watch.feel.playing
    assert watch.feel.stalls <= 1
    assert watch.feel.latency_s == pytest.approx(0.4, abs=0.1)


@pytest.mark.parametrize("ends", [False, True], ids=["the responses go on", "the responses end"])
@pytest.mark.parametrize(("video", "audio"), [((10, 12.4), (10.2, 12)), ((10, 15), (10, 13)), ((10, 12), (0, 0))])
def test_a_hole_in_what_was_published_is_got_over(
    video: tuple[float, float], audio: tuple[float, float], ends: bool
) -> None:
    world, server = TestWorld(START_S), EVENT.serve(Server())

    def holed(track: str, hole: tuple[float, float]) -> Callable[[str, float], Answer]:
        def answer(url: str, now_s: float) -> Answer:
            if ends and hole[0] < now_s < hole[1]:
                return Answer(503)
            pieces = [piece for piece in EVENT.push(track, now_s) if not hole[0] < piece[0] <= hole[1]]
            return Answer(200, tuple(each for each in pieces if each[0] <= hole[0] or now_s >= hole[1] or not ends))

        return answer

    server.on(STREAM, holed("v400", video))
    server.on(BASE + "a/stream", holed("a", audio))
    watches = [Watch(BASE + "index.m3u8", 0.7 + 0.37 * n, server, world, index=n) for n in range(3)]
    for step in range(220):
        for watch in watches:
            watch.until(max(watch.transfer.now_s, 3 + step * 0.13))
    for watch in watches:
        assert watch.feel.playing
        assert 1 <= watch.feel.stalls <= 2
        assert watch.feel.latency_s == pytest.approx(0.41, abs=0.06)


def test_a_refused_viewer_comes_back_with_growing_delays() -> None:
    server = EVENT.serve(Server())
    server.trouble(0.0, 12.0, 503, "/stream")
    watch = Watch(server=server).until(20.0)
    waits = [after - before - 0.01 for before, after in pairwise(watch.asked_s())]
    assert all(0.25 <= wait_s <= 5.0 for wait_s in waits)
    assert waits[3] > 2 * waits[0]
    assert watch.player.given_up() is None
    assert watch.feel.playing


def test_a_response_that_falls_silent_is_given_up_after_three_seconds() -> None:
    server = EVENT.serve(Server())

    def stuck(url: str, now_s: float) -> Answer:
        pieces = tuple(EVENT.push("v400", now_s))
        return Answer(200, pieces) if now_s > 3 else Answer(200, (*pieces[:5], (1e9, b"x")))

    server.on(STREAM, stuck)
    watch = Watch(server=server).until(15.0)
    first, second = watch.asked_s()
    assert second - first == pytest.approx(0.85 + 3.0, abs=0.6)
    assert watch.feel.stalls == 1
    assert watch.feel.playing


def test_a_stall_is_exact_to_the_millisecond() -> None:
    watch = Watch().until(10.0)
    behind_s = watch.feel.latency_s
    assert behind_s is not None
    assert watch.player._playhead.rate == 1.0
    watch.server.silence(10.1, 12.4)
    watch.until(20.0)
    assert watch.feel.stalls == 1
    assert watch.feel.stalled_s == pytest.approx(12.4 - (10.0 + behind_s), abs=0.0005)
    assert watch.feel.latency_s == pytest.approx(0.4, abs=0.06)  # back by a seek, as it was over 1.5 s behind


@pytest.mark.parametrize("body", [b"<html>sorry</html>" * 50, bytes(2000), box("free", b"x" * 50) * 20])
def test_what_is_no_stream_is_asked_for_again_and_never_an_error(body: bytes) -> None:
    server = Server()
    server.on(STREAM, lambda url, now_s: Answer(200, ((now_s, body),)))
    watch = Watch(server=server).until(20.0)
    assert len(watch.asked_s()) > 3
    assert watch.feel.first_frame_s is None


def test_a_stream_that_turns_to_garbage_is_left_and_joined_anew() -> None:
    server = EVENT.serve(Server())

    def spoilt(url: str, now_s: float) -> Answer:
        pieces = tuple(EVENT.push("v400", now_s))
        return Answer(200, pieces if now_s > 2 else (*pieces[:9], (2.6, b"?" * 99)))

    server.on(STREAM, spoilt)
    watch = Watch(server=server).until(20.0)
    assert len(watch.asked_s()) == 2
    assert watch.feel.playing
    assert watch.feel.latency_s == pytest.approx(0.4, abs=0.1)


def test_the_last_chunk_of_an_event_plays_out_and_is_no_stall() -> None:
    watch = Watch(now_s=50.3).until(70.0)
    assert watch.feel.stalls == 0
    assert not watch.feel.playing
    assert watch.player._playhead.position_s - START_S == pytest.approx(60.0)
    assert len(watch.asked_s()) == 1
    assert watch.player._viewer.leave_s == pytest.approx(60.4, abs=0.5)


@given(st.binary(max_size=400))
def test_first_bytes_of_any_kind_are_placed_or_refused(noise: bytes) -> None:
    map = StreamMap()
    for data in (noise, PIECES[0] + noise, PIECES[0] + PIECES[1][:200] + noise):
        try:
            found = first_chunk(data)
            map.join(data, None)
        except BoxError:
            continue
        assert found is None or found[0] <= len(data)


def test_a_failed_connection_is_tried_again() -> None:
    server = EVENT.serve(Server())
    server.trouble(0.0, 2.0, Failure.CONNECT)
    watch = Watch(server=server).until(8.0)
    assert watch.feel.playing
    report = watch.player.report(8.0, Lane.VIDEO, watch.player._feeds[0].request)  # type: ignore[union-attr]
    assert (report.object, report.low_latency, report.state) == ("av", True, "p")
