"""Views of an event at any instant, for the tests of mux/dash, and a reader of MPDs that reckons as players do."""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from xml.etree import ElementTree

from ringside.core.media import Grid, Part, Segment, Timeline, Track, View

NAMESPACE = {"": "urn:mpeg:dash:schema:mpd:2011"}
TIMELINE = Timeline()
START = 895_000_000


def video(name: str = "v720", bps: int = 2_800_000, height: int = 720, fps: Fraction = Fraction(30)) -> Track:
    return Track(
        name, "video", "avc1.64001F", Grid.video(fps).timescale, name.encode(), bps * 6 // 5, bps,
        width=height * 16 // 9, height=height, fps=fps,
    )  # fmt: skip


def audio(name: str = "a", language: str = "und", sample_rate: int = 48_000) -> Track:
    return Track(
        name, "audio", "mp4a.40.2", sample_rate, name.encode(), 140_000, 128_000,
        sample_rate=sample_rate, channels=2, language=language,
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
    if parts:
        growing = segment(track, START + whole)
        some = growing.parts[:parts]
        duration = sum(part.duration_ticks for part in some)
        segments.append(replace(growing, parts=some, duration_ticks=duration, complete=ended))
    return View(track, tuple(segments), (START + whole, parts), TIMELINE.target_s, float(Fraction(16, 75)), ended=ended)


def seconds(text: str) -> Fraction:
    """An xs:duration of seconds only."""
    assert text.startswith("PT")
    assert text.endswith("S")
    return Fraction(text[2:-1])


@dataclass(frozen=True)
class Template:
    """A Representation's SegmentTemplate, reckoned with as dash.js and Shaka do."""

    attributes: dict[str, str]
    period_s: Fraction

    @property
    def timescale(self) -> int:
        return int(self.attributes["timescale"])

    @property
    def segment_s(self) -> Fraction:
        return Fraction(int(self.attributes["duration"]), self.timescale)

    def number_at(self, presentation_s: Fraction) -> int:
        """The segment that a player asks for to show `presentation_s`."""
        return int(self.attributes["startNumber"]) + int((presentation_s - self.period_s) // self.segment_s)

    def media_s(self, presentation_s: Fraction) -> Fraction:
        """The media time, in the track, of `presentation_s`."""
        return presentation_s - self.period_s + Fraction(int(self.attributes["presentationTimeOffset"]), self.timescale)


class Read:
    """An MPD, parsed."""

    def __init__(self, body: bytes) -> None:
        self.root = ElementTree.fromstring(body)
        period = self.root.find("Period", NAMESPACE)
        assert period is not None
        self.period = period

    def all(self, path: str) -> list[ElementTree.Element]:
        return self.period.findall(f".//{path}", NAMESPACE)

    def template(self, track: str) -> Template:
        (found,) = self.all(f"Representation[@id='{track}']/SegmentTemplate")
        return Template(dict(found.attrib), seconds(self.period.attrib["start"]))
