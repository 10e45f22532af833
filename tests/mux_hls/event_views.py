"""Views of an event at any instant of Unix time, cut by the production Timeline. Used by the tests of mux/hls."""

from dataclasses import replace
from fractions import Fraction
from functools import cache

from ringside.core.media import Grid, Part, Segment, Timeline, Track, View

TIMELINE = Timeline()
START = 895_000_000  # first segment number of every event here: 2026-09-10T..
PART_TARGET_S = float(max(TIMELINE.longest_part_s(Grid.audio()), Fraction(1, 5)))


def video(name: str = "v720", bps: int = 2_800_000, height: int = 720, fps: Fraction = Fraction(30)) -> Track:
    return Track(
        name, "video", "avc1.64001F", Grid.video(fps).timescale, name.encode(), bps * 6 // 5, bps,
        width=height * 16 // 9, height=height, fps=fps,
    )  # fmt: skip


def audio(name: str = "a", language: str = "und") -> Track:
    return Track(
        name, "audio", "mp4a.40.2", 48_000, name.encode(), 140_000, 128_000,
        sample_rate=48_000, channels=2, language=language,
    )  # fmt: skip


def grid(track: Track) -> Grid:
    return Grid.video(track.fps) if track.kind == "video" else Grid.audio(track.sample_rate)


@cache
def segment(track: Track, number: int, timeline: Timeline = TIMELINE) -> Segment:
    """Segment `number` of `track`, complete."""
    lattice = grid(track)
    first, after = timeline.first_frame(lattice, number), timeline.first_frame(lattice, number + 1)
    ticks = lattice.frame_ticks
    opened = [i for i in range(first, after) if timeline.place(lattice, i).first_in_part]
    parts = tuple(
        Part(p, begin * ticks, (end - begin) * ticks, independent=track.kind == "audio" or p % 5 == 0)
        for p, (begin, end) in enumerate(zip(opened, [*opened[1:], after], strict=True))
    )
    return Segment(number, first * ticks, (after - first) * ticks, parts, True, track.init_name)


def finished(track: Track, number: int, timeline: Timeline = TIMELINE) -> Segment:
    """Segment `number` of `track` as an archive lists it: without its parts."""
    lattice, ticks = grid(track), grid(track).frame_ticks
    first, after = timeline.first_frame(lattice, number), timeline.first_frame(lattice, number + 1)
    return Segment(number, first * ticks, (after - first) * ticks, (), True, track.init_name, 1000)


def view(track: Track, whole: int, parts: int = 0, window: int = 150, ended: bool = False) -> View:
    """`track` with `whole` segments published since the start and `parts` parts of the next; the newest `window`."""
    segments = [segment(track, START + i) for i in range(max(0, whole - window), whole)]
    following = (START + whole, parts)
    if parts:
        growing = segment(track, START + whole)
        some = growing.parts[:parts]
        done = len(some) == len(growing.parts)
        duration = sum(part.duration_ticks for part in some)
        segments.append(replace(growing, parts=some, duration_ticks=duration, complete=done))
        following = (START + whole + 1, 0) if done else following
    return View(track, tuple(segments), following, TIMELINE.target_s, PART_TARGET_S, ended=ended)


def without_parts(whole_view: View) -> View:
    """The same as a foreign encoder's whole segments."""
    segments = tuple(replace(s, parts=()) for s in whole_view.segments)
    return replace(whole_view, segments=segments, part_target_s=0)
