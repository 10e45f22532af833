"""The MPD: what it says, and that a player that believes it asks for the right segments."""

from dataclasses import replace
from fractions import Fraction

import dash_views as event
import pytest
from dash_views import NAMESPACE, Read, seconds
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ringside.core.media import Timeline, Track, View
from ringside.flow.mux.dash import Anchor, Config, mpd

CONFIG = Config()
NOW = (event.START + 8) * 2 * 10**9 + 800_000_000
TRACKS = [
    event.video(),
    event.video("v480", 1_200_000, 480),
    event.video("v2997", fps=Fraction(30000, 1001)),
    event.audio(),
]


def live(tracks: list[Track] = TRACKS, whole: int = 8, parts: int = 4) -> Read:
    return Read(mpd([event.view(track, whole, parts) for track in tracks], CONFIG, NOW))


def ended(tracks: list[Track] = TRACKS, whole: int = 8, parts: int = 0, window: int = 5) -> Read:
    return Read(mpd([event.view(track, whole, parts, window, ended=True) for track in tracks], CONFIG, NOW))


def test_a_live_event_is_dynamic_and_counted_from_the_epoch() -> None:
    root = live().root
    assert root.attrib["type"] == "dynamic"
    assert root.attrib["availabilityStartTime"] == "1970-01-01T00:00:00Z"
    assert root.attrib["publishTime"] == "2026-09-21T14:13:36.800Z"
    assert root.attrib["minimumUpdatePeriod"] == "PT2S"
    assert root.attrib["profiles"].split(",")[:2] == [
        "urn:mpeg:dash:profile:isoff-live:2011",
        "urn:mpeg:dash:profile:cmaf:2019",
    ]
    assert "mediaPresentationDuration" not in root.attrib


@given(st.fractions(min_value=4, max_value=4 * 10**9, max_denominator=10**6))
def test_at_every_instant_a_player_asks_for_the_segment_that_covers_it(instant_s: Fraction) -> None:
    read = live()
    for track in TRACKS:
        template = read.template(track.name)
        assert template.number_at(instant_s) == instant_s // 2
        assert template.media_s(instant_s) == instant_s  # a player's time is Unix time


@pytest.mark.parametrize("segment_s", ["1", "1.92", "2.002", "6", "1.001"])
def test_segment_numbers_stay_exact_for_any_segment_duration(segment_s: str) -> None:
    step = Fraction(segment_s)
    timeline = Timeline(step)
    views = [View(t, (event.segment(t, 10**8, timeline),), (10**8 + 1, 0), timeline.target_s, 0.2) for t in TRACKS]
    read = Read(mpd(views, Config(segment_s=float(segment_s)), NOW))
    for view in views:
        template = read.template(view.track.name)
        middle = (10**8 + Fraction(1, 2)) * step
        assert template.segment_s == step
        assert template.number_at(middle) == 10**8
        assert template.media_s(middle) == middle
        start = Fraction(view.segments[0].start_ticks, view.track.timescale)
        assert abs(start - template.media_s(10**8 * step)) <= event.grid(view.track).frame_s


def test_media_is_addressed_beside_the_manifest() -> None:
    template = live().template("v480").attributes
    assert template["media"] == "v480/$Number$.m4s"
    assert template["initialization"] == f"v480/{TRACKS[1].init_name}"


def test_a_segment_is_available_as_soon_as_its_first_chunk() -> None:
    template = live().template("v720").attributes
    assert template["availabilityTimeComplete"] == "false"
    offset = Fraction(template["availabilityTimeOffset"])
    assert 2 - Fraction(16, 75) - Fraction(1, 10**5) <= offset <= 2 - Fraction(16, 75)


def test_a_track_without_parts_promises_no_early_segment() -> None:
    views = [replace(event.view(track, 8), part_target_s=0) for track in TRACKS]
    read = Read(mpd(views, CONFIG, NOW))
    assert "availabilityTimeOffset" not in read.template("v720").attributes
    assert "availabilityTimeComplete" not in read.template("v720").attributes
    assert read.root.find("ServiceDescription", NAMESPACE) is None
    assert read.all("Resync") == []
    assert seconds(read.root.attrib["suggestedPresentationDelay"]) == 6
    assert "low-latency" not in read.root.attrib["profiles"]


@pytest.mark.parametrize(
    ("whole", "parts", "depth_s"), [(0, 1, 2), (1, 3, 2), (2, 0, 2), (10, 4, 18), (150, 4, 298), (160, 4, 298)]
)
def test_a_player_may_go_back_only_as_far_as_there_is_media(whole: int, parts: int, depth_s: int) -> None:
    read = live(whole=whole, parts=parts)
    assert seconds(read.root.attrib["timeShiftBufferDepth"]) == depth_s
    if whole > 2:
        view = event.view(TRACKS[0], whole, parts)
        oldest = view.segments[0].number * 2
        newest = view.segments[-1].number * 2 + Fraction(1, 5) * parts
        assert newest - depth_s >= oldest


def test_only_the_time_of_publication_changes_while_the_window_slides() -> None:
    first = mpd([event.view(track, 150, 4) for track in TRACKS], CONFIG, NOW)
    later = mpd([event.view(track, 180, 7) for track in TRACKS], CONFIG, NOW + 60 * 10**9)
    assert first != later
    assert first.replace(b"14:13:36.800Z", b"14:14:36.800Z") == later


def test_the_service_description_sets_latency_and_rates() -> None:
    config = Config(latency_target_ms=1200, latency_min_ms=600, latency_max_ms=3000, playback_rate_max=1.1)
    read = Read(mpd([event.view(TRACKS[0], 3, 1)], config, NOW))
    latency = read.root.find("ServiceDescription/Latency", NAMESPACE)
    rates = read.root.find("ServiceDescription/PlaybackRate", NAMESPACE)
    assert latency is not None
    assert rates is not None
    assert latency.attrib == {"referenceId": "1", "target": "1200", "min": "600", "max": "3000"}
    assert rates.attrib == {"min": "0.95", "max": "1.1"}
    assert seconds(read.root.attrib["suggestedPresentationDelay"]) == Fraction(6, 5)


def test_the_clock_is_offered_in_two_schemes_every_player_knows_one_of() -> None:
    config = Config(clock_url="https://clock.example/clock?a=1&b=2")
    timings = Read(mpd([event.view(TRACKS[0], 3, 1)], config, NOW)).root.findall("UTCTiming", NAMESPACE)
    assert [it.attrib["schemeIdUri"].split(":")[-2] for it in timings] == ["http-iso", "http-xsdate"]
    assert {it.attrib["value"] for it in timings} == {"https://clock.example/clock?a=1&b=2"}


@pytest.mark.parametrize("read", [live(), ended()], ids=["live", "ended"])
def test_producer_reference_times_map_media_time_to_the_time_of_capture(read: Read) -> None:
    ids = set()
    for adaptation in read.all("AdaptationSet"):
        reference = adaptation.find("ProducerReferenceTime", NAMESPACE)
        template = adaptation.find("Representation/SegmentTemplate", NAMESPACE)
        assert reference is not None
        assert template is not None
        assert (reference.attrib["type"], reference.attrib["inband"]) == ("captured", "true")
        assert reference.find("UTCTiming", NAMESPACE) is not None
        ids.add(reference.attrib["id"])
        captured_s = Fraction(int(reference.attrib["presentationTime"]), int(template.attrib["timescale"]))
        assert unix_s(reference.attrib["wallClockTime"]) == captured_s  # our tracks count capture time
    assert len(ids) == len(read.all("AdaptationSet"))


def unix_s(text: str) -> Fraction:
    from datetime import datetime

    return Fraction(datetime.fromisoformat(text).timestamp())


def test_resync_points_are_marked_at_least_every_half_of_the_target() -> None:
    video, audio = live([TRACKS[0], TRACKS[-1]]).all("AdaptationSet")
    found = [
        (int(r.attrib["type"]), int(r.attrib["dT"]), r.attrib["marker"]) for r in video.findall("Resync", NAMESPACE)
    ]
    assert found == [(0, 6400, "true"), (1, 30_000, "true")]
    assert CONFIG.latency_target_ms / 1000 / 2 >= 6400 / 30_000
    assert [r.attrib["type"] for r in audio.findall("Resync", NAMESPACE)] == ["1"]


def test_each_kind_and_language_is_a_set_of_its_own_with_its_shape() -> None:
    tracks = [event.audio("a", "en"), TRACKS[1], TRACKS[0], event.audio("b", "fr")]
    video, english, french = live(tracks).all("AdaptationSet")
    assert (video.attrib["contentType"], english.attrib["lang"], french.attrib["lang"]) == ("video", "en", "fr")
    assert [video.attrib[k] for k in ("maxWidth", "maxHeight", "maxFrameRate", "par")] == ["1280", "720", "30", "16:9"]
    assert {s.attrib["segmentAlignment"] for s in (video, english, french)} == {"true"}
    assert {s.attrib["startWithSAP"] for s in (video, english, french)} == {"1"}
    rungs = video.findall("Representation", NAMESPACE)
    assert [r.attrib["id"] for r in rungs] == ["v480", "v720"]
    assert rungs[1].attrib == {
        "id": "v720", "bandwidth": "3360000", "codecs": "avc1.64001F", "width": "1280", "height": "720",
        "sar": "1:1", "frameRate": "30",
    }  # fmt: skip
    channels = english.find("AudioChannelConfiguration", NAMESPACE)
    assert channels is not None
    assert channels.attrib["value"] == "2"


def test_a_frame_rate_that_is_no_whole_number_is_a_fraction() -> None:
    (rung,) = live([TRACKS[2]]).all("Representation")
    assert rung.attrib["frameRate"] == "30000/1001"


def test_elements_stand_in_the_order_of_the_schema() -> None:
    def names(parent: object) -> list[str]:
        return [child.tag.split("}")[1] for child in parent]  # type: ignore[attr-defined]

    read = live()
    assert names(read.root) == ["ServiceDescription", "Period", "UTCTiming", "UTCTiming"]
    order = ["AudioChannelConfiguration", "ProducerReferenceTime", "Resync", "Role", "Representation"]
    for adaptation in read.all("AdaptationSet"):
        places = [order.index(name) for name in names(adaptation)]
        assert places == sorted(places)


@pytest.mark.parametrize("kind", [TRACKS[:1], TRACKS[-1:]], ids=["video only", "audio only"])
def test_an_event_may_be_picture_or_sound_alone(kind: list[Track]) -> None:
    assert len(live(kind).all("AdaptationSet")) == 1
    assert len(ended(kind).all("AdaptationSet")) == 1


def test_an_event_that_has_nothing_yet_is_dynamic() -> None:
    views = [View(track, (), (event.START, 0), 2, 0.21334) for track in TRACKS]
    read = Read(mpd(views, CONFIG, NOW))
    assert read.root.attrib["type"] == "dynamic"
    assert seconds(read.root.attrib["timeShiftBufferDepth"]) == 2
    assert Read(mpd([], CONFIG, NOW)).root.attrib["type"] == "dynamic"


def test_the_end_makes_it_static_from_zero_with_nothing_to_wait_for() -> None:
    read = ended()
    assert read.root.attrib["type"] == "static"
    for gone in ("minimumUpdatePeriod", "timeShiftBufferDepth", "suggestedPresentationDelay", "availabilityStartTime"):
        assert gone not in read.root.attrib
    assert read.period.attrib["start"] == "PT0S"
    assert "availabilityTimeOffset" not in read.template("v720").attributes
    assert read.root.find("ServiceDescription", NAMESPACE) is None


@pytest.mark.parametrize("parts", [0, 1, 4, 9])
@pytest.mark.parametrize("window", [1, 3, 150])
def test_after_the_end_every_segment_a_player_can_ask_for_exists(parts: int, window: int) -> None:
    read = ended(parts=parts, window=window)
    duration = seconds(read.root.attrib["mediaPresentationDuration"])
    assert seconds(read.period.attrib["duration"]) == duration
    for track in TRACKS:
        template = read.template(track.name)
        held = {s.number: s for s in event.view(track, 8, parts, window).segments}
        asked = {template.number_at(Fraction(t, 50)) for t in range(int(duration * 50))}
        asked.add(template.number_at(duration - Fraction(1, 1000)))
        assert asked <= set(held)
        assert min(asked) == min(held)
        for number in asked:
            begins = template.media_s((number - min(asked)) * template.segment_s)
            assert abs(begins - Fraction(held[number].start_ticks, track.timescale)) <= event.grid(track).frame_s


def test_after_the_end_the_tracks_share_what_all_of_them_have() -> None:
    long, short = event.view(TRACKS[0], 9, window=6, ended=True), event.view(TRACKS[-1], 8, window=3, ended=True)
    read = Read(mpd([long, short], CONFIG, NOW))
    assert read.template("v720").attributes["startNumber"] == str(event.START + 5)
    assert 5.9 < seconds(read.root.attrib["mediaPresentationDuration"]) <= 6


def test_after_the_end_a_first_segment_that_began_late_is_left_out() -> None:
    views = []
    for track in TRACKS:
        view = event.view(track, 8, ended=True)
        first = view.segments[0]
        late = sum(part.duration_ticks for part in first.parts[:5])
        begun = replace(
            first,
            parts=first.parts[5:],
            start_ticks=first.start_ticks + late,
            duration_ticks=first.duration_ticks - late,
        )
        views.append(replace(view, segments=(begun, *view.segments[1:])))
    read = Read(mpd(views, CONFIG, NOW))
    assert read.template("v720").attributes["startNumber"] == str(event.START + 1)
    assert 13.9 < seconds(read.root.attrib["mediaPresentationDuration"]) <= 14


def test_one_track_that_goes_on_keeps_the_event_on_the_air() -> None:
    views = [event.view(TRACKS[0], 8, ended=True), event.view(TRACKS[-1], 8, 2)]
    assert Read(mpd(views, CONFIG, NOW)).root.attrib["type"] == "dynamic"


def test_a_foreign_encoder_is_anchored_where_its_numbers_and_its_clock_stand() -> None:
    track = event.video()
    anchor = Anchor(number=41, media_s=Fraction(80), unix_ns=1_790_000_000_500_000_000)
    segments = tuple(replace(event.segment(track, 40 + i), number=41 + i) for i in range(10))
    foreign = View(track, segments, (51, 0), 2, 0)
    read = Read(mpd([foreign], CONFIG, NOW, anchor))
    template = read.template(track.name)
    instant = Fraction("1790000005.5")  # 5 s after segment 41 began: within segment 43
    assert template.number_at(instant) == 43
    assert template.media_s(instant) == 85
    (reference,) = read.all("ProducerReferenceTime")
    assert (reference.attrib["type"], reference.attrib["inband"]) == ("encoder", "false")
    static = Read(mpd([replace(foreign, ended=True)], CONFIG, NOW, anchor))
    assert static.template(track.name).attributes["startNumber"] == "41"
    assert static.template(track.name).media_s(Fraction(0)) == 80
    assert seconds(static.root.attrib["mediaPresentationDuration"]) == 20


def test_names_are_escaped() -> None:
    track = replace(event.audio(), language='e"<&')
    (adaptation,) = live([track]).all("AdaptationSet")
    assert adaptation.attrib["lang"] == 'e"<&'


@pytest.mark.parametrize(
    "field", [{"segment_s": 0}, {"latency_target_ms": 1}, {"playback_rate_min": 1.5}, {"unknown": 1}]
)
def test_a_wrong_setting_is_refused_by_name(field: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(field))):
        Config.model_validate(field)
