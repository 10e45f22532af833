"""Playlists of whole segments, the DVR of hours and VOD: judged by our own reader, by m3u8, and against the Roll."""

from dataclasses import replace
from decimal import Decimal

import event_views as event
import m3u8
import pytest

from ringside.core.catalog import Roll
from ringside.core.media import Track, rescale
from ringside.flow.mux.hls import MediaPlaylist, WholeRenderer

HOUR = 1800  # segments
VIDEO, AUDIO = event.video(), event.audio()


def roll(track: Track, count: int, **changes: dict[int, dict[str, object]]) -> Roll:
    """`count` segments as an archive lists them; `changes["of"]` to some of them, by their place."""
    made = Roll()
    for i in range(count):
        made.add(replace(event.finished(track, event.START + i), **changes.get("of", {}).get(i, {})))
    return made


def written(renderer: WholeRenderer, first: int = 0, ended: bool = False) -> MediaPlaylist:
    while not renderer.advance(2**62):
        pass
    return MediaPlaylist.parse(renderer.render(2, first, ended=ended, vod=ended).decode())


def starts_s(playlist: MediaPlaylist) -> dict[int, Decimal]:
    """When each segment begins, by the dates that stand and the durations in between."""
    found: dict[int, Decimal] = {}
    at = Decimal(0)
    for number, segment in playlist.numbered():
        if segment.program_date_time is not None:
            at = Decimal(segment.program_date_time.ns).scaleb(-9)
        found[number] = at
        assert segment.duration is not None
        at += segment.duration
    return found


@pytest.mark.parametrize("track", [VIDEO, AUDIO], ids=["video", "audio"])
def test_every_segment_of_an_hour_is_listed_and_begins_when_it_did(track: Track) -> None:
    segments = roll(track, HOUR)
    playlist = written(WholeRenderer(segments, track.timescale))
    assert not playlist.unreadable
    assert (playlist.media_sequence, len(playlist.segments)) == (event.START, HOUR)
    assert [s.uri for s in playlist.segments[:2]] == [f"{event.START}.m4s", f"{event.START + 1}.m4s"]
    for number, at in starts_s(playlist).items():
        assert abs(at - rescale(segments[number].start_ticks, track.timescale, 10**6) * Decimal("1e-6")) < Decimal(
            "1e-3"
        )
    assert not playlist.ended
    assert playlist.playlist_type is None


def test_a_day_of_it_is_a_megabyte_or_so() -> None:
    renderer = WholeRenderer(roll(VIDEO, 300), VIDEO.timescale)
    assert renderer.advance(2**62)
    assert len(renderer.render(2)) / 300 * 43_200 < 1.5e6


def test_vod_says_so_and_that_it_has_ended() -> None:
    playlist = written(WholeRenderer(roll(VIDEO, 3), VIDEO.timescale), ended=True)
    assert (playlist.playlist_type, playlist.ended, playlist.version) == ("VOD", True, 6)


def test_it_is_printed_bit_by_bit_and_only_what_is_new() -> None:
    segments = roll(VIDEO, 10)
    renderer = WholeRenderer(segments, VIDEO.timescale)
    assert [renderer.advance(2**62, 4) for _ in range(3)] == [False, False, True]
    before = renderer.render(2)
    segments.add(event.finished(VIDEO, event.START + 10))
    assert renderer.advance(2**62, 1)
    assert renderer.render(2).startswith(before)


def test_the_window_of_a_dvr_slides_and_its_first_segment_always_has_a_date_and_a_header() -> None:
    segments = roll(VIDEO, 70, of={40: {"discontinuity": True, "init_name": "init-other.mp4"}})
    renderer = WholeRenderer(segments, VIDEO.timescale)
    for i in range(70):
        playlist = written(renderer, event.START + i)
        first = playlist.segments[0]
        assert playlist.media_sequence == event.START + i
        assert first.program_date_time is not None
        assert first.map is not None
        assert first.map.uri == ("init-other.mp4" if i == 40 else VIDEO.init_name)
        assert playlist.discontinuity_sequence == (0 if i <= 40 else 1)
        assert [s.program_date_time is not None for s in playlist.segments].count(True) <= 2 + 70 // 30 + 1
    segments.forget(event.START + 69)
    assert written(renderer).media_sequence == event.START + 69


def test_a_gap_is_a_gap_and_time_goes_on_behind_it_by_the_date() -> None:
    segments = roll(VIDEO, 9, of={4: {"gap": True, "size": 0}, 5: {"gap": True, "size": 0}})
    playlist = written(WholeRenderer(segments, VIDEO.timescale))
    assert [s.gap for s in playlist.segments] == [False] * 4 + [True] * 2 + [False] * 3
    assert playlist.segments[6].program_date_time is not None
    assert playlist.version == 8
    assert list(starts_s(playlist)) == list(range(event.START, event.START + 9))


def test_what_nobody_wanted_for_so_long_that_it_has_gone_is_not_missed() -> None:
    segments = roll(VIDEO, 5)
    renderer = WholeRenderer(segments, VIDEO.timescale)
    renderer.advance(2**62)
    for i in range(5, 20):
        segments.add(event.finished(VIDEO, event.START + i))
    segments.forget(event.START + 10)
    playlist = written(renderer)
    assert (playlist.media_sequence, len(playlist.segments)) == (event.START + 10, 10)


def test_a_segment_that_was_lost_after_it_was_listed_is_a_gap_from_then_on() -> None:
    segments = roll(VIDEO, 5)
    renderer = WholeRenderer(segments, VIDEO.timescale)
    assert not any(s.gap for s in written(renderer).segments)
    segments.lose(event.START + 2)
    assert [s.gap for s in written(renderer).segments] == [False, False, True, False, False]


def test_nothing_at_all_is_no_playlist() -> None:
    renderer = WholeRenderer(Roll(), VIDEO.timescale)
    assert renderer.advance(2**62)
    assert renderer.render(2) == b""


def test_m3u8_reads_the_same() -> None:
    renderer = WholeRenderer(roll(VIDEO, 40, of={4: {"gap": True, "size": 0}}), VIDEO.timescale)
    renderer.advance(2**62)
    read = m3u8.loads(renderer.render(2, ended=True, vod=True).decode())
    assert (len(read.segments), read.is_endlist, read.playlist_type) == (40, True, "vod")
    assert [s.gap_tag is not None for s in read.segments].index(True) == 4
    assert {s.duration for s in read.segments} == {2.0}


def test_a_roll_knows_where_something_does_not_continue() -> None:
    marks = {
        3: {"gap": True},
        4: {"gap": True},
        6: {"discontinuity": True},
        7: {"discontinuity": True},
        9: {"init_name": "x"},
    }
    assert roll(VIDEO, 12, of=marks).breaks() == [event.START + i for i in (0, 3, 5, 6, 7, 9, 10)]
