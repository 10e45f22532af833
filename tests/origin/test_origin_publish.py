"""The publisher: an event's tracks together, as the edge hears of them. Simulated time, an edge that checks."""

import itertools
from dataclasses import replace
from fractions import Fraction

from origin_kit import AUDIO, EVEN, VIDEO, Event, S, chunks, end_ns, on_air, parts_between, track_of

from ringside.core.feed import Cache, Document, Expected, Message, Opened, Playlist, Ranged
from ringside.core.media import Grid


def kinds(messages: list[Message]) -> list[str]:
    return [type(message).__name__ for message in messages]


def test_manifests_and_media_that_will_come_are_expected_from_the_start() -> None:
    event = Event()
    assert event.publisher.begin() == [Expected("/live/main/index.m3u8"), Expected("/live/main/index.mpd")]
    event.wait_until(EVEN * 2 * S)
    event.open("v720", VIDEO)
    assert "/live/main/v720/index.m3u8" in event.edge.expected


def test_media_goes_out_before_the_playlist_that_names_it() -> None:
    event = on_air()
    (chunk,) = chunks("v720", VIDEO, (EVEN, 5), 1)
    messages = event.publisher.add(chunk, event.sessions["v720"], end_ns(chunk, VIDEO))
    assert kinds(messages) == ["Appended", "Streamed", "Ranged", "Expected", "Playlist"]
    ranged, expected = messages[2], messages[3]
    assert isinstance(ranged, Ranged)
    assert ranged == Ranged("/live/main/v720/895000000.5.m4s", ranged.blob, 500, 100, "video/mp4", Cache.IMMUTABLE)
    assert expected == Expected("/live/main/v720/895000000.6.m4s")


def test_two_parts_are_expected_so_that_a_worker_a_moment_behind_knows_the_next() -> None:
    event = on_air()
    event.push(chunks("v720", VIDEO, (EVEN, 5), 15), chunks("a", AUDIO, (EVEN, 5), 15))
    event.push(chunks("v720", VIDEO, (EVEN + 2, 0), 9), chunks("a", AUDIO, (EVEN + 2, 0), 9))
    wanted = {path for path in event.edge.expected if path.startswith("/live/main/v720/") and path.count(".") == 2}
    assert wanted == {f"/live/main/v720/{EVEN + 2}.9.m4s", f"/live/main/v720/{EVEN + 3}.0.m4s"}


def test_a_segment_opens_with_its_first_chunk_and_closes_with_its_last() -> None:
    event = on_air()
    event.push(chunks("v720", VIDEO, (EVEN, 5), 5), chunks("a", AUDIO, (EVEN, 5), 5))
    (chunk,) = chunks("v720", VIDEO, (EVEN + 1, 0), 1)
    messages = event.publisher.add(chunk, event.sessions["v720"], event.now_ns)
    opened = messages[0]
    assert isinstance(opened, Opened)
    assert opened.path == f"/live/main/v720/{EVEN + 1}.m4s"
    assert kinds(messages)[:3] == ["Opened", "Appended", "Streamed"]
    event.edge.take(messages)
    assert len(event.edge.closed) == 2
    assert f"/live/main/v720/{EVEN + 2}.m4s" in event.edge.expected


def test_bytes_arrive_unchanged_and_parts_are_ranges_of_their_segment() -> None:
    event = on_air()
    event.push(chunks("v720", VIDEO, (EVEN, 5), 15, size=333))
    whole = event.edge.read(f"/live/main/v720/{EVEN + 1}.m4s")
    assert whole == b"".join(c.data for c in chunks("v720", VIDEO, (EVEN + 1, 0), 10, size=333))
    assert event.edge.read(f"/live/main/v720/{EVEN + 1}.3.m4s").startswith(f"v720/{EVEN + 1}.3;".encode())


def test_the_part_target_is_the_longest_part_of_any_track_and_provides_for_sound() -> None:
    assert on_air().publisher.targets.part_target_s == 0.21334
    event = Event()
    event.wait_until(EVEN * 2 * S)
    event.open("v720", VIDEO)
    event.push(chunks("v720", VIDEO, (EVEN, 0), 10))
    assert event.publisher.targets.part_target_s == 0.21334


def test_manifests_wait_for_the_tracks_that_announced_themselves() -> None:
    event = Event()
    event.wait_until(EVEN * 2 * S)
    event.publisher.announce("a", event.now_ns)
    event.open("v720", VIDEO)
    event.push(chunks("v720", VIDEO, (EVEN, 0), 6))
    assert not event.edge.playlists
    event.open("a", AUDIO)
    event.push(chunks("v720", VIDEO, (EVEN, 6), 1))
    assert not event.publisher.on_air, "a header alone is not enough"
    event.push(chunks("a", AUDIO, (EVEN, 6), 1))
    assert event.publisher.on_air
    assert event.edge.documents["/live/main/index.m3u8"] == [b"v720 a"]


def test_manifests_wait_no_longer_than_a_second_and_a_half() -> None:
    event = Event()
    event.wait_until(EVEN * 2 * S)
    event.publisher.announce("a", event.now_ns)
    event.open("v720", VIDEO)
    event.push(chunks("v720", VIDEO, (EVEN, 0), 7))
    assert not event.publisher.on_air
    event.push(chunks("v720", VIDEO, (EVEN, 7), 1))
    assert event.publisher.on_air


def test_manifests_do_not_wait_for_a_publisher_that_went_away() -> None:
    event = Event()
    event.wait_until(EVEN * 2 * S)
    event.publisher.announce("a", event.now_ns)
    event.open("v720", VIDEO)
    event.publisher.attend("a", False)
    event.push(chunks("v720", VIDEO, (EVEN, 0), 4))
    assert event.publisher.on_air


def test_targets_stay_whatever_comes_later() -> None:
    event = on_air()
    event.open("late", Grid.audio(8000))  # parts of 0.256 s
    event.push(chunks("late", Grid.audio(8000), (EVEN, 5), 12), chunks("v720", VIDEO, (EVEN, 5), 15))
    assert {view.part_target_s for view in event.renderer.views["v720"]} == {0.21334}
    assert {view.part_target_s for view in event.renderer.views["late"]} == {0.0}


def test_a_restarted_studio_leaves_gaps_and_no_discontinuity() -> None:
    event = on_air()
    event.wait(4)
    event.open("v720", VIDEO)
    event.open("a", AUDIO)
    event.push(chunks("v720", VIDEO, (EVEN + 3, 0), 5), chunks("a", AUDIO, (EVEN + 3, 0), 5))
    for name in ("v720", "a"):
        segments = event.view(name).segments
        assert [segment.number - EVEN for segment in segments] == [0, 1, 2, 3]
        assert [segment.gap for segment in segments] == [False, True, True, False]
        assert not any(segment.discontinuity for segment in segments)
    assert f"/live/main/v720/{EVEN}.5.m4s" in event.edge.removed  # the hint that never came
    assert f"/live/main/v720/{EVEN + 1}.m4s" in event.edge.removed


def test_a_new_header_goes_out_before_it_is_named_and_only_once() -> None:
    event = on_air()
    event.push(chunks("v720", VIDEO, (EVEN, 5), 5), chunks("a", AUDIO, (EVEN, 5), 5))
    event.open("v720", VIDEO, init=b"another header")
    event.push(chunks("v720", VIDEO, (EVEN + 1, 0), 10), chunks("a", AUDIO, (EVEN + 1, 0), 10))
    event.open("v720", VIDEO, init=b"another header")
    event.push(chunks("v720", VIDEO, (EVEN + 2, 0), 1))
    first, second, third = event.view("v720").segments
    assert first.init_name != second.init_name == third.init_name
    assert not second.discontinuity
    assert event.edge.documents[f"/live/main/v720/{second.init_name}"] == [b"another header"]


def test_another_resolution_is_a_discontinuity() -> None:
    event = on_air()
    event.push(chunks("v720", VIDEO, (EVEN, 5), 5), chunks("a", AUDIO, (EVEN, 5), 5))
    event.open("v720", VIDEO, init=b"small", width=640)
    event.push(chunks("v720", VIDEO, (EVEN + 1, 0), 1))
    assert [segment.discontinuity for segment in event.view("v720").segments] == [False, True]
    event.push(chunks("v720", VIDEO, (EVEN + 1, 1), 10))
    assert event.publisher.lanes["v720"].track.width == 640


def test_sound_that_stops_is_filled_so_that_renditions_stay_within_reach() -> None:
    event = on_air()
    event.push(chunks("v720", VIDEO, (EVEN, 5), 25))
    picture, sound = event.view("v720"), event.view("a")
    assert picture.next == (EVEN + 3, 0)
    assert sound.next in ((EVEN + 2, 9), (EVEN + 3, 0))
    assert [segment.gap for segment in sound.segments][1:] in ([True], [True, False], [True, True])
    assert event.edge.documents["/live/main/index.m3u8"][-1] == b"v720"  # newcomers are not offered it
    assert event.publisher.describe()["tracks"]["a"]["lost"]


def test_sound_that_returns_is_used_again_from_the_next_segment() -> None:
    event = on_air()
    event.push(chunks("v720", VIDEO, (EVEN, 5), 17))
    event.open("a", AUDIO)
    event.push(chunks("v720", VIDEO, (EVEN + 2, 2), 20), chunks("a", AUDIO, (EVEN + 2, 2), 20))
    sound = event.view("a")
    assert [segment.gap for segment in sound.segments][-2:] == [False, False]
    assert sound.segments[-2].number == EVEN + 3
    assert not any(part.gap for part in sound.segments[-2].parts)
    assert event.dropped()["before the next segment"] == 8
    assert event.edge.documents["/live/main/index.m3u8"][-1] == b"v720 a"
    assert sound.next == event.view("v720").next


def test_a_track_that_is_late_but_alive_is_left_alone() -> None:
    event = on_air()
    ahead, behind = chunks("v720", VIDEO, (EVEN, 5), 40), chunks("a", AUDIO, (EVEN, 5), 40)
    for i, chunk in enumerate(ahead):
        event.push([chunk])
        if i >= 5:
            event.push([behind[i - 5]])
    assert not event.dropped()
    assert not any(part.gap for segment in event.view("a").segments for part in segment.parts)


def test_the_window_slides_by_whole_segments_of_all_tracks_together() -> None:
    event = on_air(dvr_s=12)
    event.push(chunks("v720", VIDEO, (EVEN, 5), 145), chunks("a", AUDIO, (EVEN, 5), 145))
    firsts = {event.view(name).segments[0].number for name in ("v720", "a")}
    assert firsts <= {EVEN + 8, EVEN + 9}
    for name in ("v720", "a"):
        view = event.view(name)
        listed = sum(s.duration_ticks for s in view.segments if s.complete) / view.track.timescale
        assert listed + 0.03 >= 12
        assert listed <= 14.5


def test_memory_takes_precedence_over_the_dvr_depth_but_never_below_three_target_durations() -> None:
    event = on_air(dvr_s=3600, dvr_bytes=2**20)
    event.push(chunks("v720", VIDEO, (EVEN, 5), 195, size=20_000), chunks("a", AUDIO, (EVEN, 5), 195, size=1000))
    view = event.view("v720")
    listed_s = sum(s.duration_ticks for s in view.segments if s.complete) / view.track.timescale
    assert 6 <= listed_s <= 10.1
    assert event.publisher.describe()["held_bytes"] <= 2**20 + 3 * 210_000
    assert event.publisher.describe()["cut_short"] > 0


def test_what_leaves_the_playlist_stays_fetchable_for_a_while_and_then_goes() -> None:
    event = on_air(dvr_s=12)
    sizes = []
    for start in range(5, 400, 5):
        number, part = divmod(start, 10)
        event.push(chunks("v720", VIDEO, (EVEN + number, part), 5), chunks("a", AUDIO, (EVEN + number, part), 5))
        sizes.append(len(event.edge.paths))
    assert max(sizes[40:]) <= max(sizes[30:40]) + 2, "what is over is let go of"
    listed = {segment.number for segment in event.view("v720").segments}
    oldest = min(int(p.split("/")[4].split(".")[0]) for p in event.edge.paths if p.startswith("/live/main/v720/"))
    longest_s = 14
    assert (min(listed) - oldest) * 2 >= longest_s
    parts = [p for p in event.edge.paths if p.startswith("/live/main/v720/") and p.count(".") == 2]
    oldest_part = min(int(p.split("/")[4].split(".")[0]) for p in parts)
    newest = event.view("v720").segments[-1].number
    assert 12 <= (newest - oldest_part) * 2 <= 18


def test_the_sequences_never_go_back_over_restarts_losses_and_sliding() -> None:
    event = on_air(dvr_s=12)
    for start in (EVEN + 1, EVEN + 20, EVEN + 21, EVEN + 60):
        event.wait_until(start * 2 * S)
        event.open("v720", VIDEO, init=b"header %d" % start, width=640 + start % 2 * 640)
        event.push(chunks("v720", VIDEO, (start, 0), 10))
    views = event.renderer.views["v720"]
    for before, after in itertools.pairwise(views):
        assert after.segments[0].number >= before.segments[0].number
        assert after.discontinuity_sequence >= before.discontinuity_sequence
        assert after.last >= before.last
    assert views[-1].discontinuity_sequence >= 2


def test_the_mpd_is_renewed_with_each_segment() -> None:
    event = on_air()
    before = len(event.edge.documents["/live/main/index.mpd"])
    event.push(chunks("v720", VIDEO, (EVEN, 5), 50), chunks("a", AUDIO, (EVEN, 5), 50))
    assert len(event.edge.documents["/live/main/index.mpd"]) - before == 5


def test_the_end_is_said_by_every_manifest_and_takes_the_hints_back() -> None:
    event = on_air()
    event.edge.take(event.publisher.end(event.now_ns))
    for name in ("v720", "a"):
        playlist = event.edge.newest(name)
        assert playlist.ended
        assert event.view(name).ended
        assert event.view(name).segments[-1].complete
    assert event.edge.documents["/live/main/index.mpd"][-1].startswith(b"static")
    assert not [path for path in event.edge.expected if path.endswith(".m4s")]
    assert event.publisher.end(event.now_ns) == []


def test_the_event_ends_with_the_last_chunk_of_its_last_track() -> None:
    event = on_air()
    event.edge.take(event.publisher.end_track("v720", event.now_ns))
    assert not event.publisher.ended
    event.edge.take(event.publisher.end_track("a", event.now_ns))
    assert event.publisher.ended
    assert event.edge.newest("v720").ended


def test_an_event_that_ends_before_its_manifests_are_out_still_leaves_something_to_watch() -> None:
    event = Event()
    event.wait_until(EVEN * 2 * S)
    event.open("v720", VIDEO)
    event.push(chunks("v720", VIDEO, (EVEN, 0), 1))
    event.edge.take(event.publisher.end(event.now_ns))
    assert event.edge.newest("v720").ended


def test_every_hint_of_a_locked_event_comes_true() -> None:
    odd = Grid.video(Fraction(30000, 1001))
    event = Event()
    event.wait_until(EVEN * 2 * S)
    event.open("v720", odd)
    event.open("a", AUDIO)
    event.push(chunks("v720", odd, (EVEN, 0), 95), chunks("a", AUDIO, (EVEN, 0), 95))
    assert event.edge.hints_broken == 0
    for name in ("v720", "a"):
        nexts = [view.next for view in event.renderer.views[name]]
        lasts = [view.last for view in event.renderer.views[name]]
        assert nexts[:-1] == lasts[1:]
        assert lasts == list(parts_between(lasts[0], nexts[-1]))


def test_rates_that_the_header_leaves_unsaid_are_estimated_from_the_media() -> None:
    event = Event()
    event.wait_until(EVEN * 2 * S)
    event.grids["v720"], event.sessions["v720"] = VIDEO, 1
    unsaid = replace(track_of("v720", VIDEO), bandwidth_bps=0, average_bps=0)
    event.edge.take(event.publisher.open(unsaid, VIDEO, event.now_ns))
    event.push(chunks("v720", VIDEO, (EVEN, 0), 10, size=25_000))
    track = event.publisher.lanes["v720"].track
    assert 900_000 <= track.average_bps <= 1_100_000
    assert track.bandwidth_bps > track.average_bps


def test_lateness_is_measured_from_the_capture_of_a_parts_last_picture_or_sample() -> None:
    event = on_air()
    rows = {
        (name, labels.get("quantile"), labels.get("track")): v for name, labels, v in event.publisher.metrics.snapshot()
    }
    assert abs(rows["part_lateness_ms", "p50", "v720"] - (30 + 1000 / 30)) < 1
    assert abs(rows["part_lateness_ms", "p50", "a"] - 30) < 22  # sound is cut at the nearest AAC frame


def test_media_playlists_are_typed_for_blocking_reload() -> None:
    playlist = on_air().edge.newest("v720")
    assert isinstance(playlist, Playlist)
    assert (playlist.number, playlist.part, playlist.next) == (EVEN, 4, (EVEN, 5))
    assert (playlist.target_s, playlist.part_target_s, playlist.ended) == (2, 0.21334, False)


def test_documents_carry_their_types() -> None:
    event = Event()
    event.wait_until(EVEN * 2 * S)
    event.grids["v720"], event.sessions["v720"] = VIDEO, 1
    out = event.publisher.open(track_of("v720", VIDEO), VIDEO, event.now_ns)
    init = out[-1]
    assert isinstance(init, Document)
    assert (init.content_type, init.cache) == ("video/mp4", Cache.IMMUTABLE)
