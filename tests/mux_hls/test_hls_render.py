"""The renderer over a running event: each clause of the specification that its output must keep, part after part."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import event_views as event
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringside.core.media import Grid, Segment, Track, View
from ringside.flow.mux.hls import Config, MediaPlaylist, MediaRenderer
from ringside.flow.mux.hls.numbers import DiscontinuitySequence
from ringside.flow.mux.hls.render import part_target

TRACKS = [
    event.video(),
    event.video("v2997", fps=Fraction(30000, 1001)),
    event.video("v25", fps=Fraction(25)),
    event.audio(),
]


def versions(
    track: Track, window: int = 9, whole: int = 14
) -> Iterator[tuple[View, MediaPlaylist, MediaPlaylist | None]]:
    """Every version of a track's playlist from its first part on, by one renderer, with its view and delta."""
    renderer = MediaRenderer(track.name)
    for number in range(whole):
        for part in range(1, 11):
            view = event.view(track, number, part, window)
            full, delta = renderer.render(view)
            yield view, MediaPlaylist.parse(full.decode()), MediaPlaylist.parse(delta.decode()) if delta else None


@pytest.fixture(params=TRACKS, ids=lambda track: track.name)
def track(request: pytest.FixtureRequest) -> Track:
    chosen = request.param
    assert isinstance(chosen, Track)
    return chosen


def test_a_renderer_that_saw_every_part_prints_what_a_new_one_prints(track: Track) -> None:
    renderer = MediaRenderer(track.name)
    for number in range(14):
        for part in range(1, 11):
            view = event.view(track, number, part, 9)
            assert renderer.render(view) == MediaRenderer(track.name).render(view)


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 9), st.integers(1, 12)), min_size=2, max_size=8))
@settings(max_examples=60, deadline=None)
def test_a_renderer_shown_any_views_in_any_order_prints_what_a_new_one_prints(
    moments: list[tuple[int, int, int]],
) -> None:
    renderer = MediaRenderer("a")
    for whole, parts, window in moments:
        view = event.view(TRACKS[-1], whole, parts, window)
        assert renderer.render(view) == MediaRenderer("a").render(view)


def test_parts_add_up_to_their_segment_exactly(track: Track) -> None:
    for _, playlist, _ in versions(track):
        for segment in playlist.segments:
            if segment.parts and segment.duration is not None:
                assert sum((part.duration for part in segment.parts), Decimal(0)) == segment.duration


def test_no_part_is_printed_longer_than_the_part_target_nor_shorter_than_allowed(track: Track) -> None:
    for _, playlist, _ in versions(track):
        target = playlist.part_target
        assert target == Decimal("0.21334")
        for segment in playlist.segments:
            assert all(part.duration <= target for part in segment.parts)
            assert all(part.duration >= target * Decimal("0.85") for part in segment.parts[:-1])


def test_printed_durations_never_drift_from_the_media() -> None:
    track = TRACKS[1]
    renderer = MediaRenderer(track.name)
    view = event.view(track, 200, window=200)
    playlist = MediaPlaylist.parse(renderer.render(view)[0].decode())
    first, last = view.segments[0], view.segments[-1]
    exact = Fraction(last.start_ticks + last.duration_ticks - first.start_ticks, track.timescale)
    printed = sum(Fraction(segment.duration) for segment in playlist.segments if segment.duration is not None)
    assert abs(printed - exact) <= Fraction(1, 10**6)


def test_dates_follow_from_one_another_within_a_millisecond(track: Track) -> None:
    for _, playlist, _ in versions(track):
        dated = [(segment.program_date_time, segment.duration) for segment in playlist.segments]
        assert all(date is not None for date, _ in dated)
        for (date, duration), (following, _) in itertools.pairwise(dated):
            assert date is not None
            assert following is not None
            assert duration is not None
            assert abs(following.ns - date.ns - int(duration * 10**9)) <= 1_001_000


def test_what_applies_to_a_segment_stands_before_its_first_part(track: Track) -> None:
    for _, playlist, _ in versions(track):
        for segment in playlist.segments:
            names = [tag.NAME for tag in segment.tags]
            if "EXT-X-PART" in names:
                assert set(names[names.index("EXT-X-PART") :]) <= {"EXT-X-PART", "EXTINF"}


def test_parts_are_listed_for_three_target_durations_and_no_longer(track: Track) -> None:
    for view, playlist, _ in versions(track):
        end = view.segments[-1].start_ticks + view.segments[-1].duration_ticks
        for segment, printed in zip(view.segments, playlist.segments, strict=True):
            age = Fraction(end - segment.start_ticks, track.timescale) + Fraction(event.PART_TARGET_S)
            assert bool(printed.parts) == (age <= 3 * view.target_s or segment is view.segments[-1])
            assert len(printed.parts) in (0, len(segment.parts))


def test_the_hint_names_the_part_that_comes_next(track: Track) -> None:
    hinted = ""
    for view, playlist, _ in versions(track):
        newest = next(segment.parts[-1].uri for segment in reversed(playlist.segments) if segment.parts)
        assert newest == hinted or not hinted
        (hint,) = playlist.hints
        hinted = hint.uri
        assert hinted == f"{view.next[0]}.{view.next[1]}.m4s"


def test_a_delta_update_laid_over_the_old_playlist_gives_the_new_one(track: Track) -> None:
    deltas = 0
    for _, playlist, delta in versions(track):
        if delta is None:
            assert sum((s.duration or Decimal(0) for s in playlist.segments), Decimal(0)) < 12 + Decimal("2.1")
            continue
        deltas += 1
        skipped = delta.skipped
        assert delta.write().count("EXT-X-SKIP") == 1
        assert (delta.media_sequence, delta.trailer) == (playlist.media_sequence, playlist.trailer)
        assert [s.uri for s in delta.segments] == [s.uri for s in playlist.segments[skipped:]]
        assert delta.segments[1:] == playlist.segments[skipped + 1 :]
        kept = sum(
            (
                sum((p.duration for p in s.parts), Decimal(0)) if s.duration is None else s.duration
                for s in delta.segments
            ),
            Decimal(0),
        )
        assert kept >= 12  # nothing newer than the skip boundary is skipped
    assert deltas > 50


def test_the_media_sequence_counts_what_has_left_and_only_the_allowed_changes_happen(track: Track) -> None:
    before: MediaPlaylist | None = None
    for _, playlist, _ in versions(track):
        if before is not None:
            gone = playlist.media_sequence - before.media_sequence
            assert gone in (0, 1)
            for old, new in zip(before.segments[gone:-1], playlist.segments, strict=False):
                assert old.uri == new.uri
                assert old.duration == new.duration
                assert new.parts in (old.parts, [])
        before = playlist


def test_server_control_is_the_same_in_every_playlist_of_the_event() -> None:
    controls = {playlist.server_control for track in TRACKS for _, playlist, _ in versions(track, whole=3)}
    (control,) = controls
    assert control is not None
    assert control.can_block_reload
    assert (control.can_skip_until, control.hold_back, control.part_hold_back) == (12, 6, Decimal("0.9"))


def test_the_part_hold_back_is_never_below_three_part_targets() -> None:
    view = event.view(TRACKS[0], 3)
    for wanted, given_back in ((0.0, Decimal("0.64002")), (0.9, Decimal("0.9")), (2.5, Decimal("2.5"))):
        full, _ = MediaRenderer("v720", Config(part_hold_back_s=wanted)).render(view)
        control = MediaPlaylist.parse(full.decode()).server_control
        assert control is not None
        assert control.part_hold_back == given_back


@pytest.mark.parametrize(
    ("seconds", "printed"),
    [(0.2, "0.20000"), (0.2002, "0.20020"), (float(Fraction(16, 75)), "0.21334"), (1 / 30, "0.03334")],
)
def test_the_part_target_is_rounded_up_and_only_when_it_must_be(seconds: float, printed: str) -> None:
    assert str(part_target(replace(event.view(TRACKS[0], 1), part_target_s=seconds))) == printed


@given(st.integers(1, 400_000), st.integers(0, 10**15), st.sampled_from([90_000, 48_000, 44_100, 30_000, 60_000, 1000]))
def test_a_printed_part_never_exceeds_a_part_target_it_truly_keeps(ticks: int, start: int, timescale: int) -> None:
    track = replace(TRACKS[0], timescale=timescale)
    part = replace(event.segment(TRACKS[0], event.START).parts[0], start_ticks=start, duration_ticks=ticks)
    segment = Segment(5, start, ticks, (part,), False, track.init_name)
    target_s = float(Fraction(ticks, timescale))
    view = View(track, (segment,), (5, 1), max(1, round(target_s)), target_s)
    playlist = MediaPlaylist.parse(MediaRenderer("v").render(view)[0].decode())
    assert playlist.part_target is not None
    assert playlist.segments[0].parts[0].duration <= playlist.part_target


def test_reports_say_how_far_every_other_rendition_is() -> None:
    here, there = event.view(TRACKS[0], 5, 3), event.view(TRACKS[-1], 5, 2)
    whole, foreign = event.view(TRACKS[-1], 5), event.without_parts(event.view(TRACKS[2], 4))
    siblings = [("../a/index.m3u8", there), ("../b/index.m3u8", whole), ("../c/index.m3u8", foreign)]
    playlist = MediaPlaylist.parse(MediaRenderer("v720").render(here, siblings)[0].decode())
    assert [(r.uri, r.last_msn, r.last_part) for r in playlist.reports] == [
        ("../a/index.m3u8", event.START + 5, 1),
        ("../b/index.m3u8", event.START + 4, 9),
        ("../c/index.m3u8", event.START + 3, None),
    ]


def test_a_sibling_that_has_nothing_yet_is_not_reported() -> None:
    empty = View(TRACKS[-1], (), (event.START, 0), 2, event.PART_TARGET_S)
    playlist = MediaPlaylist.parse(
        MediaRenderer("v720").render(event.view(TRACKS[0], 1), [("../a", empty)])[0].decode()
    )
    assert playlist.reports == []


def test_an_event_that_has_nothing_yet_is_a_playlist_that_can_be_waited_on() -> None:
    empty = View(TRACKS[0], (), (event.START, 0), 2, event.PART_TARGET_S)
    full, delta = MediaRenderer("v720").render(empty)
    playlist = MediaPlaylist.parse(full.decode())
    assert playlist.media_sequence == event.START
    assert playlist.segments == ()
    assert [hint.uri for hint in playlist.hints] == [f"{event.START}.0.m4s"]
    assert delta == b""


def test_the_end_closes_the_playlist_with_nothing_hinted_or_skipped() -> None:
    renderer = MediaRenderer("v720")
    renderer.render(event.view(TRACKS[0], 20, 3))
    full, delta = renderer.render(event.view(TRACKS[0], 20, 4, ended=True))
    playlist = MediaPlaylist.parse(full.decode())
    assert playlist.ended
    assert playlist.hints == []
    assert playlist.segments[-1].uri == f"{event.START + 20}.m4s"
    assert playlist.segments[-1].duration == Decimal("0.8")
    assert delta == b""
    assert playlist.playlist_type is None  # the window has slid: it is neither EVENT nor VOD


def test_a_gap_is_listed_without_media_and_its_parts_are_gaps() -> None:
    view = event.view(TRACKS[0], 4)
    segments = list(view.segments)
    segments[1] = replace(segments[1], gap=True, parts=())
    segments[3] = replace(segments[3], gap=True)
    playlist = MediaPlaylist.parse(MediaRenderer("v720").render(replace(view, segments=tuple(segments)))[0].decode())
    assert [segment.gap for segment in playlist.segments] == [False, True, False, True]
    assert all(part.gap for part in playlist.segments[3].parts)
    assert not any(part.gap for part in playlist.segments[2].parts)


def test_a_lost_part_is_a_gap_of_its_own() -> None:
    view = event.view(TRACKS[0], 2, 4)
    growing = view.segments[-1]
    parts = (*growing.parts[:2], replace(growing.parts[2], gap=True), growing.parts[3])
    full, _ = MediaRenderer("v720").render(replace(view, segments=(*view.segments[:-1], replace(growing, parts=parts))))
    playlist = MediaPlaylist.parse(full.decode())
    assert [part.gap for part in playlist.segments[-1].parts] == [False, False, True, False]


def test_a_new_header_is_mapped_where_it_begins_and_hinted_before() -> None:
    old, new = TRACKS[0], replace(TRACKS[0], init=b"new")
    renderer = MediaRenderer("v720")
    before = replace(event.view(old, 10), track=new)
    hints = MediaPlaylist.parse(renderer.render(before)[0].decode()).hints
    assert [(hint.type, hint.uri) for hint in hints] == [("MAP", new.init_name), ("PART", f"{event.START + 10}.0.m4s")]
    for whole in range(10, 25):
        changed = [
            replace(event.segment(old, event.START + i), init_name=new.init_name, discontinuity=i == 10)
            if i >= 10
            else event.segment(old, event.START + i)
            for i in range(max(0, whole - 8), whole)
        ]
        view = View(new, tuple(changed), (event.START + whole, 0), 2, event.PART_TARGET_S, int(whole > 18))
        playlist = MediaPlaylist.parse(renderer.render(view)[0].decode())
        assert playlist == MediaPlaylist.parse(MediaRenderer("v720").render(view)[0].decode())
        current = None
        for segment, printed in zip(view.segments, playlist.segments, strict=True):
            current = printed.map or current
            assert current is not None
            assert current.uri == segment.init_name
            assert printed.discontinuity == segment.discontinuity
        shows = any(segment.discontinuity for segment in view.segments)
        assert any(isinstance(tag, DiscontinuitySequence) for tag in playlist.header) == (shows or whole > 18)


def test_a_segment_that_turns_into_a_gap_while_it_is_made_is_printed_anew() -> None:
    renderer = MediaRenderer("v720")
    view = event.view(TRACKS[0], 5, 3)
    renderer.render(view)
    lost = replace(view, segments=(*view.segments[:-1], replace(view.segments[-1], gap=True, complete=True)))
    assert renderer.render(lost) == MediaRenderer("v720").render(lost)


def test_a_track_without_parts_is_plain_hls_that_can_still_be_waited_on() -> None:
    plain = event.without_parts(event.view(TRACKS[0], 40, 3))
    full, delta = MediaRenderer("v720").render(plain)
    playlist = MediaPlaylist.parse(full.decode())
    control = playlist.server_control
    assert control is not None
    assert (control.can_block_reload, control.can_skip_until, control.part_hold_back) == (True, None, None)
    assert playlist.part_target is None
    assert playlist.hints == []
    assert playlist.segments[-1].uri == f"{event.START + 39}.m4s"  # the one in progress cannot be listed
    assert delta == b""


def test_the_version_is_no_higher_than_the_playlist_needs() -> None:
    parts, plain = event.view(TRACKS[0], 4), event.without_parts(event.view(TRACKS[0], 4))
    gap = replace(plain, segments=(replace(plain.segments[0], gap=True), *plain.segments[1:]))
    found = [MediaPlaylist.parse(MediaRenderer("v").render(v)[0].decode()).version for v in (parts, plain, gap)]
    assert found == [9, 6, 8]


def test_a_hole_in_the_numbers_is_refused() -> None:
    view = event.view(TRACKS[0], 5)
    with pytest.raises(ValueError, match="not consecutive"):
        MediaRenderer("v720").render(replace(view, segments=(view.segments[0], *view.segments[2:])))


def test_an_hour_and_a_half_of_audio_keeps_its_target_duration() -> None:
    grid = Grid.audio()
    longest = max(event.segment(TRACKS[-1], event.START + i).duration_ticks for i in range(0, 2700, 27))
    assert round(longest / grid.timescale) <= event.TIMELINE.target_s


def test_a_settled_segment_is_copied_not_printed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from ringside.flow.mux.hls.extinf import ExtInf

    printed: list[str] = []
    write = ExtInf.write
    monkeypatch.setattr(ExtInf, "write", lambda tag: printed.append("x") or write(tag))
    renderer = MediaRenderer("v720")
    renderer.render(event.view(TRACKS[0], 100, 1))
    printed.clear()
    renderer.render(event.view(TRACKS[0], 100, 2))
    assert len(printed) <= 3
