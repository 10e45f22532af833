"""Encoders that know nothing of our timeline: their offset to UTC, their cuts, their restarts. Simulated time."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction

import pytest
from origin_kit import AUDIO, EVEN, TIMELINE, VIDEO, Edge, Lister, S
from origin_wire import AUDIO_TRACK, VIDEO_TRACK

from ringside.core.boxes import ChunkInfo, parse_chunk, parse_init
from ringside.core.media import Grid, Track
from ringside.flow.mux.fragment import Sample, write_chunk
from ringside.flow.origin import Config, Publisher, Refused
from ringside.flow.origin.cut import Cuts
from ringside.flow.origin.intake import Intake, frame_ticks_of
from ringside.flow.origin.rebase import Epochs

NOON = EVEN * 2 * S + 700_000_000  # 0.7 s into a segment


@dataclass
class Encoder:
    """A foreign encoder of one track: frames from zero on, a key frame every `gop` frames."""

    track: Track
    grid: Grid
    session: int
    gop: int = 60
    frames: int = 1  # in a chunk
    index: int = 0

    def next(self) -> tuple[bytes, int]:
        """A chunk, and the media time in ns at which it is there to be sent."""
        key = self.track.kind == "audio" or self.index % self.gop == 0
        samples = [Sample(self.track.kind == "audio" or (key and i == 0), b"x" * 20) for i in range(self.frames)]
        data = write_chunk(self.grid, self.index, samples, opens_segment=False)
        data = data[data.index(b"moof") - 4 :]  # neither styp nor prft
        self.index += self.frames
        return data, self.grid.start_ns(self.index)


@dataclass
class Studio:
    """An origin without sockets, and foreign encoders that publish to it in simulated time."""

    now_ns: int = NOON
    renderer: Lister = field(default_factory=Lister)
    edge: Edge = field(default_factory=Edge)
    sessions: int = 0

    def __post_init__(self) -> None:
        self.publisher = Publisher(Config(ingest_token="secret-1"), "main", TIMELINE, self.renderer)
        self.intake = Intake(self.publisher, TIMELINE)

    def encoder(self, track: Track, grid: Grid, **settings: int) -> Encoder:
        """A session begins."""
        self.sessions += 1
        self.publisher.announce(track.name, self.now_ns)
        self.intake.header(self.sessions, track.name, track.init)
        return Encoder(track, grid, self.sessions, **settings)

    def run(self, seconds: float, *encoders: Encoder, late_s: dict[str, float] | None = None) -> None:
        """The encoders, all of which started now, run for a while; some tracks come later than others."""
        began_ns, late = self.now_ns, late_s or {}
        zero = {e.session: e.grid.start_ns(e.index) for e in encoders}
        events: list[tuple[int, int, Encoder, bytes]] = []
        for encoder in encoders:
            for order, (data, at_ns) in enumerate(self._upto(encoder, seconds, zero[encoder.session])):
                wait_ns = int(late.get(encoder.track.name, 0.0) * S)
                events.append((began_ns + at_ns - zero[encoder.session] + wait_ns, order, encoder, data))
        for at_ns, _, encoder, data in sorted(events, key=lambda e: (e[0], e[1], e[2].session)):
            self.tick_until(at_ns)
            self.edge.take(self.intake.chunk(encoder.session, data, self.now_ns))
        self.tick_until(began_ns + int(seconds * S))

    def _upto(self, encoder: Encoder, seconds: float, zero_ns: int) -> Iterator[tuple[bytes, int]]:
        while encoder.grid.start_ns(encoder.index + encoder.frames) - zero_ns <= seconds * S:
            yield encoder.next()

    def tick_until(self, now_ns: int) -> None:
        while self.now_ns + S // 10 <= now_ns:
            self.now_ns += S // 10
            self.edge.take(self.intake.tick(self.now_ns) + self.publisher.tick(self.now_ns))
        self.now_ns = max(self.now_ns, now_ns)

    def segments(self, name: str) -> list[tuple[int, float, int, bool]]:
        """(number, duration, parts, discontinuity) of the complete segments listed."""
        view = self.renderer.views[name][-1]
        return [
            (s.number, round(s.duration_ticks / view.track.timescale, 3), len(s.parts), s.discontinuity)
            for s in view.segments
            if s.complete
        ]


def test_a_timeline_from_zero_is_moved_to_utc_and_numbered_from_there() -> None:
    studio = Studio()
    studio.run(5, studio.encoder(VIDEO_TRACK, VIDEO))
    assert studio.segments("v180") == [(EVEN, 2.0, 10, False), (EVEN + 1, 2.0, 10, False)]
    view = studio.renderer.views["v180"][-1]
    start_ns = view.segments[0].start_ticks * S // view.track.timescale
    assert abs(start_ns - NOON) < S // 100  # the first chunk's end was its arrival


def test_the_moved_chunks_say_so_themselves() -> None:
    studio = Studio()
    studio.run(5, studio.encoder(VIDEO_TRACK, VIDEO))
    view = studio.renderer.views["v180"][-1]
    for part in view.segments[1].parts[:3]:
        data = studio.edge.read(f"/live/main/v180/{EVEN + 1}.{part.index}.m4s")
        first = parse_chunk(data[: data.index(b"moof", 8) - 4], parse_init(VIDEO_TRACK.init))
        assert first.start_ticks == part.start_ticks


def test_picture_and_sound_of_one_encoder_share_one_offset_however_late_the_picture_comes() -> None:
    for late_s in (0.0, 0.4, 1.2):
        studio = Studio()
        sound, picture = studio.encoder(AUDIO_TRACK, AUDIO), studio.encoder(VIDEO_TRACK, VIDEO)
        studio.run(8, sound, picture, late_s={"v180": late_s})
        starts = {}
        for name in ("v180", "a"):
            view = studio.renderer.views[name][-1]
            starts[name] = {s.number: s.start_ticks / view.track.timescale for s in view.segments}
        common = starts["v180"].keys() & starts["a"].keys()
        assert len(common) >= 2
        # A 48 kHz frame is 21 ms: sound is cut within half of one.
        assert all(abs(starts["v180"][n] - starts["a"][n]) <= 0.0108 for n in common)
        for name in ("v180", "a"):
            assert not any(p.gap for s in studio.renderer.views[name][-1].segments for p in s.parts)
        assert not [name for name, _ in studio.publisher.metrics.values if "dropped" in name]


def test_sound_alone_is_cut_by_itself() -> None:
    studio = Studio()
    studio.run(8, studio.encoder(AUDIO_TRACK, AUDIO))
    segments = studio.segments("a")
    assert [duration for _, duration, _, _ in segments] == [1.963] * 3 or all(
        1.96 <= d <= 2.03 for _, d, _, _ in segments
    )
    assert [number for number, *_ in segments] == list(range(segments[0][0], segments[0][0] + len(segments)))


def test_the_target_duration_is_learnt_from_the_first_whole_segment() -> None:
    studio = Studio()
    encoder = studio.encoder(VIDEO_TRACK, VIDEO, gop=90)
    studio.run(3.0, encoder)
    assert not studio.edge.playlists, "manifests wait for the first whole segment"
    studio.run(6.5, encoder)
    assert [duration for _, duration, _, _ in studio.segments("v180")] == [3.0, 3.0, 3.0]
    assert {view.target_s for view in studio.renderer.views["v180"]} == {3}


def test_short_gops_are_put_together_to_whole_segments() -> None:
    studio = Studio()
    studio.run(9, studio.encoder(VIDEO_TRACK, VIDEO, gop=25))  # 0.83 s
    assert [duration for _, duration, _, _ in studio.segments("v180")] == [2.5, 2.5, 2.5]


def test_chunks_longer_than_a_part_make_a_plain_playlist() -> None:
    studio = Studio()
    studio.run(9, studio.encoder(VIDEO_TRACK, VIDEO, frames=30))
    assert [(duration, parts) for _, duration, parts, _ in studio.segments("v180")] == [(2.0, 0)] * 4
    assert {view.part_target_s for view in studio.renderer.views["v180"]} == {0.0}
    assert studio.edge.hints_broken == 0


def test_hints_come_true_once_the_manifests_are_out() -> None:
    studio = Studio()
    studio.run(13, studio.encoder(VIDEO_TRACK, VIDEO), studio.encoder(AUDIO_TRACK, AUDIO))
    for name in ("v180", "a"):
        views = studio.renderer.views[name]
        assert [view.next for view in views[:-1]] == [view.last for view in views[1:]]


def test_a_restarted_encoder_goes_on_under_new_numbers_behind_a_discontinuity() -> None:
    studio = Studio()
    studio.run(5, studio.encoder(VIDEO_TRACK, VIDEO), studio.encoder(AUDIO_TRACK, AUDIO))
    studio.tick_until(studio.now_ns + 3 * S)
    studio.run(5, studio.encoder(VIDEO_TRACK, VIDEO), studio.encoder(AUDIO_TRACK, AUDIO))
    picture, sound = studio.segments("v180"), studio.segments("a")
    assert [number - EVEN for number, *_ in picture] == [0, 1, 2, 3, 4]
    assert [discontinuity for *_, discontinuity in picture] == [False, False, False, True, False]
    assert [(n, d) for n, _, _, d in sound] == [(n, d) for n, _, _, d in picture]
    view = studio.renderer.views["v180"][-1]
    before, after = view.segments[2], view.segments[3]
    hole_s = (after.start_ticks - before.start_ticks - before.duration_ticks) / view.track.timescale
    assert 2.5 < hole_s < 3.5


def test_time_that_jumps_within_a_session_is_a_discontinuity_too() -> None:
    studio = Studio()
    encoder = studio.encoder(VIDEO_TRACK, VIDEO)
    studio.run(5, encoder)
    encoder.index = 60 * 30 * 60  # an hour on
    studio.run(5, encoder)
    assert [d for *_, d in studio.segments("v180")].count(True) == 1
    last = studio.renderer.views["v180"][-1].segments[-1]
    assert abs(last.start_ticks / 30_000 - studio.now_ns / S) < 5


def test_sound_that_stops_does_not_stop_the_picture() -> None:
    studio = Studio()
    picture, sound = studio.encoder(VIDEO_TRACK, VIDEO), studio.encoder(AUDIO_TRACK, AUDIO)
    studio.run(5, picture, sound)
    studio.run(6, picture)
    assert studio.publisher.lanes["a"].window.lost
    assert abs(studio.renderer.views["a"][-1].next[0] - studio.renderer.views["v180"][-1].next[0]) <= 1
    sound.index = picture.index * 1600 // 1024
    studio.run(6, picture, sound)
    assert not studio.publisher.lanes["a"].window.lost


def test_a_picture_that_stops_does_not_stop_the_sound() -> None:
    studio = Studio()
    picture, sound = studio.encoder(VIDEO_TRACK, VIDEO), studio.encoder(AUDIO_TRACK, AUDIO)
    studio.run(5, picture, sound)
    before = studio.renderer.views["a"][-1].next
    studio.run(8, sound)
    after = studio.renderer.views["a"][-1].next
    assert after[0] >= before[0] + 3
    assert studio.publisher.lanes["v180"].window.lost


def test_a_foreign_encoder_may_not_join_an_event_that_is_locked_to_utc() -> None:
    studio = Studio()
    studio.intake.header(1, "v180", VIDEO_TRACK.init)
    index = TIMELINE.first_frame(VIDEO, EVEN)
    studio.edge.take(studio.intake.chunk(1, write_chunk(VIDEO, index, [Sample(True, b"x")] * 6, True), studio.now_ns))
    assert studio.publisher.lanes["v180"].window.next == (EVEN, 1)
    foreign = studio.encoder(AUDIO_TRACK, AUDIO)
    with pytest.raises(Refused, match="locked to UTC"):
        studio.intake.chunk(foreign.session, foreign.next()[0], studio.now_ns)


def test_a_locked_chunk_from_another_age_is_dropped() -> None:
    studio = Studio()
    studio.intake.header(1, "v180", VIDEO_TRACK.init)
    for number in (EVEN, EVEN + 5000, EVEN - 5000):
        index = TIMELINE.first_frame(VIDEO, number)
        data = write_chunk(VIDEO, index, [Sample(True, b"x")] * 6, True)
        studio.edge.take(studio.intake.chunk(1, data, studio.now_ns))
    assert studio.publisher.lanes["v180"].window.next == (EVEN, 1)


def test_the_producers_own_reference_time_counts_where_it_is_plausible() -> None:
    epochs = Epochs()
    assert epochs.of("v", 0, S, NOON - 2 * S, NOON).offset_ns == NOON - 2 * S
    assert Epochs().of("v", 0, S, NOON - 3600 * S, NOON).offset_ns == NOON - S
    assert Epochs().of("v", 0, S, None, NOON).offset_ns == NOON - S
    assert epochs.of("a", S // 2, S, None, NOON + S).offset_ns == NOON - 2 * S


def test_cuts_are_at_least_a_segment_apart_and_never_reuse_a_number() -> None:
    cuts = Cuts(Fraction(2))
    start = Fraction(EVEN * 2)
    numbers = [cuts.lead(start + i * Fraction(1, 2), start + (i + 1) * Fraction(1, 2), True, False) for i in range(12)]
    assert numbers == [EVEN] * 4 + [EVEN + 1] * 4 + [EVEN + 2] * 4
    assert cuts.follow(start + 6, Fraction(0)) is None, "nobody knows yet whether a segment starts here"
    assert cuts.follow(start + Fraction(399, 100), Fraction(2, 100)) == EVEN + 2
    assert cuts.lead(start + 1, start + 2, True, True) == EVEN + 3


def chunk_of(durations: tuple[int, ...], brands: tuple[str, ...]) -> ChunkInfo:
    count = len(durations)
    nothing = (0,) * count
    return ChunkInfo(brands, 1, 0, sum(durations), count, durations, nothing, nothing, nothing, True, None)


def ticks_of(durations: tuple[int, ...], *brands: str, said: int = 0) -> int:
    header = replace(parse_init(VIDEO_TRACK.init), default_duration=said)
    return frame_ticks_of(chunk_of(durations, brands), header)


def test_a_frame_passed_over_at_the_very_start_does_not_change_the_grid() -> None:
    assert ticks_of((4000, 1000, 1000), "cmfs") == 1000
    assert ticks_of((1001, 2002), "cmfl") == 1001
    assert ticks_of((6000,), "cmfs", said=1000) == 1000
    assert ticks_of((2000, 4000), "cmfl", said=1000) == 1000
    assert ticks_of((1001, 2002), "cmfl", said=1000) == 1001, "a header that speaks of something else"


def test_a_foreign_encoders_rounding_is_averaged() -> None:
    assert ticks_of((33, 34, 33), "msdh") == 33
    assert ticks_of((500, 520, 480)) == 500


def test_a_studio_too_busy_for_more_than_a_picture_a_part_is_still_locked_to_utc() -> None:
    studio = Studio()
    index = TIMELINE.first_frame(VIDEO, EVEN)
    for session, part in enumerate(range(4), 1):  # a connection of its own for each
        studio.intake.header(session, "v180", VIDEO_TRACK.init)
        data = write_chunk(VIDEO, index + 6 * part, [Sample(True, b"x", frames=6)], part == 0)
        studio.edge.take(studio.intake.chunk(session, data, studio.now_ns))
        studio.intake.close(session)
    lane = studio.publisher.lanes["v180"]
    assert lane.grid == VIDEO
    assert not any(segment.gap for segment in lane.window.segments)
    assert lane.window.number == EVEN


@pytest.mark.parametrize(("away_s", "missed"), [(0, 0), (0.5, 1), (2, 1), (3, 1), (7, 3)])
def test_numbers_of_segments_longer_than_the_timelines_go_on_at_an_origin_started_anew(
    away_s: float, missed: int
) -> None:
    studio = Studio()
    studio.run(30, studio.encoder(VIDEO_TRACK, VIDEO, gop=90))
    window = studio.publisher.lanes[VIDEO_TRACK.name].window
    before = [segment.number for segment in window.segments]
    studio.intake = Intake(studio.publisher, TIMELINE)  # it has taken up the windows, and knows nothing else
    studio.now_ns += int(away_s * S)
    studio.run(12, studio.encoder(VIDEO_TRACK, VIDEO, gop=90))
    numbers = [segment.number for segment in window.segments]
    assert numbers == list(range(before[0], before[-1] + 5 + missed))
    assert sum(segment.gap for segment in window.segments) == missed
    assert [segment.number for segment in window.segments if segment.discontinuity] == [before[-1] + 2 + missed]
    assert all(0 < segment.duration_ticks <= 3 * VIDEO.timescale for segment in window.segments)


def test_another_track_that_leads_at_an_origin_started_anew_is_no_trouble() -> None:
    studio = Studio()
    studio.run(10, studio.encoder(VIDEO_TRACK, VIDEO))
    newest = studio.publisher.lanes[VIDEO_TRACK.name].window.number
    studio.intake = Intake(studio.publisher, TIMELINE)
    other = replace(VIDEO_TRACK, name="v1080")
    studio.run(6, studio.encoder(other, VIDEO))
    numbers = [segment.number for segment in studio.publisher.lanes["v1080"].window.segments]
    assert numbers
    assert numbers[0] > newest
