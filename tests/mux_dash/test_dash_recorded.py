"""The static MPD of a recording: what a player that believes it asks for, with breaks of every sort."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any
from xml.etree import ElementTree

import dash_views as event
from dash_views import NAMESPACE, Read, Template, seconds

from ringside.core.catalog import Roll
from ringside.core.media import Track
from ringside.flow.mux.dash import Config, Recorded, recorded

CONFIG = Config()
START = event.START
HIGH, LOW, SOUND = event.video(), event.video("v480", 1_200_000, 480), event.audio()
GAP: dict[str, Any] = {"gap": True, "size": 0}


def track(shape: Track, count: int, marks: Mapping[int, Mapping[str, Any]] | None = None, first: int = 0) -> Recorded:
    """`count` segments of `shape`, of which those in `marks` differ."""
    roll = Roll()
    for i in range(first, count):
        roll.add(replace(event.finished(shape, START + i), **(marks or {}).get(i, {})))
    return Recorded({shape.init_name: shape}, roll)


class Periods(Read):
    """An MPD of several Periods."""

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self.every = self.root.findall("Period", NAMESPACE)

    def of(self, period: ElementTree.Element, name: str) -> Template | None:
        found = period.find(f".//Representation[@id='{name}']/SegmentTemplate", NAMESPACE)
        return None if found is None else Template(dict(found.attrib), seconds(period.attrib["start"]))

    def asked(self, name: str) -> Iterator[int]:
        """Every number of a track that a player asks for, from beginning to end."""
        for period in self.every:
            template = self.of(period, name)
            if template is not None:
                start_s, length_s = (seconds(period.attrib[it]) for it in ("start", "duration"))
                last = template.number_at(start_s + length_s - Fraction(1, 1000))
                yield from range(template.number_at(start_s), last + 1)

    def check_order(self) -> None:
        """Periods follow on one another without hole or overlap, and are as long as the MPD says together."""
        at = Fraction(0)
        for period in self.every:
            assert seconds(period.attrib["start"]) == at
            at += seconds(period.attrib["duration"])
        assert seconds(self.root.attrib["mediaPresentationDuration"]) == at


def read(*tracks: Recorded) -> Periods:
    periods = Periods(recorded(tracks, CONFIG))
    periods.check_order()
    return periods


def test_a_recording_without_breaks_is_one_period_and_every_segment_is_asked_for_once() -> None:
    mpd = read(track(HIGH, 1800), track(LOW, 1800), track(SOUND, 1800))
    assert (mpd.root.attrib["type"], len(mpd.every)) == ("static", 1)
    assert "minimumUpdatePeriod" not in mpd.root.attrib
    for name in ("v720", "v480", "a"):
        assert list(mpd.asked(name)) == list(range(START, START + 1800))
    template = mpd.template("v720")
    assert template.media_s(Fraction(0)) == START * 2
    assert template.attributes["media"] == "v720/$Number$.m4s"
    assert template.attributes["initialization"] == f"v720/{HIGH.init_name}"
    assert not mpd.all("Resync")


def test_a_gap_in_all_tracks_ends_a_period_and_is_left_out() -> None:
    marks = dict.fromkeys(range(10, 13), GAP)
    mpd = read(*(track(shape, 20, marks) for shape in (HIGH, LOW, SOUND)))
    there = [*range(START, START + 10), *range(START + 13, START + 20)]
    assert len(mpd.every) == 2
    assert [list(mpd.asked(name)) for name in ("v720", "v480", "a")] == [there] * 3
    references = mpd.root.findall(".//ProducerReferenceTime", NAMESPACE)
    assert {it.attrib["wallClockTime"] for it in references} == {"2026-09-21T14:13:20Z", "2026-09-21T14:13:46Z"}


def test_a_rung_that_was_away_is_missing_from_its_period_alone() -> None:
    mpd = read(track(HIGH, 20, {7: GAP}), track(LOW, 20), track(SOUND, 20))
    assert len(mpd.every) == 3
    assert mpd.of(mpd.every[1], "v720") is None
    assert list(mpd.asked("v480")) == list(range(START, START + 20))
    assert START + 7 not in list(mpd.asked("v720"))


def test_pictures_without_sound_are_left_out_for_players_want_the_same_kinds_throughout() -> None:
    mpd = read(track(HIGH, 10), track(SOUND, 10, {4: GAP}))
    assert list(mpd.asked("v720")) == [START + i for i in range(10) if i != 4]


def test_a_break_of_a_track_that_is_away_breaks_nothing() -> None:
    mpd = read(track(HIGH, 10), track(LOW, 10, {2: GAP, 3: GAP, 4: {**GAP, "init_name": "other"}, 5: GAP}))
    assert [period.attrib["id"] for period in mpd.every] == [str(START + i) for i in (0, 2, 6)]


def test_another_header_begins_a_period_with_that_header() -> None:
    other = replace(HIGH, init=b"other", codec="avc1.640028")
    one = track(HIGH, 10, {i: {"init_name": other.init_name, "discontinuity": i == 6} for i in range(6, 10)})
    changed = Recorded({**one.versions, other.init_name: other}, one.roll)
    mpd = read(changed, track(SOUND, 10))
    headers = [template.attributes["initialization"] for p in mpd.every if (template := mpd.of(p, "v720"))]
    assert headers == [f"v720/{HIGH.init_name}", f"v720/{other.init_name}"]
    assert [r.attrib["codecs"] for r in mpd.root.findall(".//Representation[@id='v720']", NAMESPACE)][1] == other.codec


def test_media_whose_header_is_lost_is_not_promised() -> None:
    one = track(HIGH, 10, {i: {"init_name": "lost.mp4"} for i in range(6, 10)})
    assert list(read(one, track(SOUND, 10)).asked("v720")) == list(range(START, START + 6))


def test_a_recording_that_began_within_its_first_segment_begins_with_the_next() -> None:
    late = {0: {"start_ticks": event.finished(HIGH, START).start_ticks + HIGH.timescale}}
    mpd = read(track(HIGH, 5, late), track(SOUND, 5))
    assert list(mpd.asked("v720")) == list(mpd.asked("a")) == list(range(START + 1, START + 5))


def test_it_ends_with_the_track_that_ends_first() -> None:
    short = {4: {"duration_ticks": HIGH.timescale // 2}}
    mpd = read(track(HIGH, 5, short), track(SOUND, 5))
    assert seconds(mpd.root.attrib["mediaPresentationDuration"]) == Fraction(17, 2)
    assert list(mpd.asked("a")) == list(range(START, START + 5))


def test_tracks_that_came_late_join_at_a_period() -> None:
    mpd = read(track(HIGH, 10), track(LOW, 10, first=4), track(SOUND, 10))
    assert [mpd.of(period, "v480") is None for period in mpd.every] == [True, False]


def test_segments_that_do_not_lie_where_their_numbers_say_are_listed_with_their_times() -> None:
    roll, at = Roll(), 90_000 * 100
    for i, ticks in enumerate([180_000, 180_000, 150_000, 180_000]):
        segment = replace(event.finished(HIGH, START + i), start_ticks=at, duration_ticks=ticks)
        roll.add(segment)
        at += ticks
    foreign = replace(HIGH, timescale=90_000)
    mpd = read(Recorded({HIGH.init_name: foreign}, roll))
    rows = [dict(s.attrib) for s in mpd.all("S")]
    assert rows == [{"t": "9000000", "d": "180000", "r": "1"}, {"d": "150000"}, {"d": "180000"}]
    assert mpd.template("v720").attributes["startNumber"] == str(START)
    assert "duration" not in mpd.template("v720").attributes
    assert seconds(mpd.root.attrib["mediaPresentationDuration"]) == Fraction(7666, 1000)


def test_nothing_recorded_is_no_document() -> None:
    assert recorded([], CONFIG) == b""
    assert recorded([track(HIGH, 3, dict.fromkeys(range(3), GAP))], CONFIG) == b""
