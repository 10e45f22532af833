"""MPDs of ours and of others: what a player takes from them, and what it refuses."""

import subprocess
from datetime import UTC, datetime
from math import inf
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_event import BASE, MPD, START_S, Event

from ringside.prove.crowd.player.mpd import read
from ringside.prove.crowd.player.mpdxml import MpdError
from ringside.prove.crowd.player.presentation import Presentation, Representation
from ringside.prove.crowd.player.segments import Line, Numbered, Run, Timeline, fill

URL = "http://host/live/a.mpd"

NGINX_RTMP = """<?xml version="1.0"?>
<MPD type="dynamic" xmlns="urn:mpeg:dash:schema:mpd:2011" availabilityStartTime="2026-11-22T19:00:00Z"
  availabilityEndTime="2026-11-22T19:01:00Z" minimumUpdatePeriod="PT5S" minBufferTime="PT5S"
  timeShiftBufferDepth="PT0H0M0.00S" suggestedPresentationDelay="PT10S"
  profiles="urn:hbbtv:dash:profile:isoff-live:2012,urn:mpeg:dash:profile:isoff-live:2011">
  <Period start="PT0S" id="dash">
    <AdaptationSet id="1" segmentAlignment="true" maxWidth="1280" maxHeight="720" maxFrameRate="30">
      <Representation id="show_H264" mimeType="video/mp4" codecs="avc1.42c01f" width="1280" height="720" bandwidth="0">
        <SegmentTemplate presentationTimeOffset="0" timescale="1000" media="show-$Time$.m4v"
          initialization="show-init.m4v">
          <SegmentTimeline><S t="10000" d="5000"/><S t="15000" d="5040"/><S t="20040" d="4960"/></SegmentTimeline>
        </SegmentTemplate>
      </Representation>
    </AdaptationSet>
    <AdaptationSet id="2" segmentAlignment="true">
      <Representation id="show_AAC" mimeType="audio/mp4" codecs="mp4a.40.2" bandwidth="128000">
        <SegmentTemplate presentationTimeOffset="0" timescale="1000" media="show-$Time$.m4a"
          initialization="show-init.m4a">
          <SegmentTimeline><S t="10000" d="5000"/><S t="15000" d="5040"/><S t="20040" d="4960"/></SegmentTimeline>
        </SegmentTemplate>
      </Representation>
    </AdaptationSet>
  </Period>
</MPD>"""


def mpd(inside: str, attributes: str = 'type="dynamic" availabilityStartTime="1970-01-01T00:00:00Z"') -> bytes:
    return f'<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" {attributes}>{inside}</MPD>'.encode()


def one(segments: str, period: str = "", attributes: str = "") -> bytes:
    """An MPD of one Representation."""
    inside = f'<AdaptationSet contentType="video"><Representation id="v" bandwidth="9000">{segments}</Representation>'
    attributes = attributes or 'type="dynamic" availabilityStartTime="1970-01-01T00:00:00Z"'
    return mpd(f"<Period {period}>{inside}</AdaptationSet></Period>", attributes)


def only(body: bytes) -> Representation:
    (period,) = read(body, URL).periods
    return period.sets[0].representations[0]


def test_our_own_mpd_is_read_whole() -> None:
    found = read(Event(ladder=(400_000, 800_000)).mpd(3.0), MPD)
    assert found.dynamic
    assert (found.epoch_s, found.update_s, found.delay_s) == (0.0, 2.0, 1.5)
    assert found.latency is not None
    assert (found.latency.target_s, found.latency.min_s, found.latency.max_s) == (1.5, 0.75, 4.0)
    assert found.rates == (0.95, 1.05)
    assert [url for _, url in found.clocks] == ["http://test/clock"] * 2
    pictures, sound = found.periods[0].sets
    assert [rung.bandwidth_bps for rung in pictures.representations] == [500_000, 1_000_000]
    assert (pictures.kind, sound.kind) == ("video", "audio")
    assert pictures.reference is not None
    assert pictures.reference.unix_s == pictures.reference.shown_s
    rung = pictures.representations[0]
    assert rung.chunked
    assert 1.79 < rung.early_s < 1.81
    segment = rung.segments.at(START_S + 5.0)
    assert segment is not None
    assert segment.url == f"{BASE}v400/{START_S // 2 + 2}.m4s"
    assert (segment.start_s, segment.end_s) == (START_S + 4, START_S + 6)


def test_our_ended_event_is_static_and_its_segments_are_those_that_exist() -> None:
    event = Event(to_s=9)
    found = read(event.mpd(20.0), MPD)
    assert not found.dynamic
    assert found.update_s is None
    rung = found.periods[0].sets[0].representations[0]
    numbers = []
    segment = rung.segments.at(0.0)
    while segment is not None:
        numbers.append(segment.number)
        segment = rung.segments.after(segment)
    assert numbers == sorted(event.segments("v400"))


def test_nginx_rtmp_is_read() -> None:
    found = read(NGINX_RTMP.encode(), URL)
    assert found.epoch_s == datetime(2026, 11, 22, 19, tzinfo=UTC).timestamp()
    assert (found.update_s, found.delay_s, found.depth_s) == (5.0, 10.0, inf)
    pictures, sound = found.periods[0].sets
    assert (pictures.kind, sound.kind) == ("video", "audio")
    timeline = pictures.representations[0].segments
    assert isinstance(timeline, Timeline)
    middle = timeline.at(16.0)
    assert middle is not None
    assert middle.url == "http://host/live/show-15000.m4v"
    after = timeline.after(middle)
    assert after is not None
    assert (after.start_s, after.end_s) == (20.04, 25.0)
    assert timeline.after(after) is None


@pytest.mark.peer
@pytest.mark.parametrize("low_latency", [False, True])
def test_ffmpegs_dash_muxer_is_read(low_latency: bool, tmp_path: Path) -> None:
    source = "-f lavfi -i testsrc2=s=160x90:r=25:d=3 -f lavfi -i sine=r=48000:d=3 -c:v libx264 -preset ultrafast -g 25"
    ldash = "-ldash 1 -streaming 1 -use_timeline 0 -target_latency 1 -frag_type duration -frag_duration 0.2"
    more = ldash + " -utc_timing_url http://host/time" if low_latency else "-use_timeline 1"
    command = f"ffmpeg -loglevel error {source} -c:a aac -f dash -seg_duration 1 {more} {tmp_path}/x.mpd"
    subprocess.run(command.split(), check=True)
    found = read((tmp_path / "x.mpd").read_bytes(), "http://host/x.mpd")
    pictures = found.periods[0].of("video")
    assert pictures is not None
    rung = pictures.representations[0]
    assert rung.init_url == "http://host/init-stream0.m4s"
    first = rung.segments.at(0.0)
    assert first is not None
    assert first.url == "http://host/chunk-stream0-00001.m4s"
    assert rung.segments.duration_s == pytest.approx(1.0)
    assert isinstance(rung.segments, Numbered if low_latency else Timeline)
    for number in (1, 2, 3):
        assert (tmp_path / f"chunk-stream0-{number:05}.m4s").exists()


def test_identifiers_of_a_template_are_filled_in() -> None:
    segments = (
        '<SegmentTemplate duration="2" startNumber="7" media="$RepresentationID$/$Bandwidth$/$Number%05d$-$$.m4s"/>'
    )
    first = only(one(segments)).segments.at(0.0)
    assert first is not None
    assert first.url == "http://host/live/v/9000/00007-$.m4s"
    assert fill("$Time%03d$", Time=5, Number=1) == "005"


def test_what_an_inner_level_leaves_unsaid_the_outer_one_says() -> None:
    body = mpd(
        "<BaseURL>x/</BaseURL>"
        '<Period><SegmentTemplate timescale="10" duration="20" media="$Number$.m4s" initialization="i"/>'
        '<AdaptationSet mimeType="video/mp4"><BaseURL availabilityTimeOffset="0.5">y/</BaseURL>'
        '<SegmentTemplate startNumber="3" availabilityTimeOffset="1.25" availabilityTimeComplete="false"/>'
        '<Representation id="v" bandwidth="1"><BaseURL>z/</BaseURL></Representation></AdaptationSet></Period>'
    )
    rung = only(body)
    assert rung.init_url == "http://host/live/x/y/z/i"
    assert (rung.early_s, rung.chunked) == (1.75, True)
    segment = rung.segments.at(4.5)
    assert segment is not None
    assert (segment.number, segment.url) == (5, "http://host/live/x/y/z/5.m4s")


def test_a_timeline_repeats_up_to_the_next_line_and_to_the_end_of_its_period() -> None:
    lines = '<S t="0" d="4" r="-1"/><S t="10" d="5" r="-1"/>'
    segments = f'<SegmentTemplate media="$Number$"><SegmentTimeline>{lines}</SegmentTimeline></SegmentTemplate>'
    timeline = only(one(segments, 'start="PT100S" duration="PT20S"')).segments
    assert isinstance(timeline, Timeline)
    assert timeline.runs == (Run(0, 4, 3, 1), Run(10, 5, 2, 4))
    third, last = timeline.at(109.5), timeline.at(500.0)
    assert third is not None
    assert last is not None
    assert (third.number, third.start_s) == (3, 108.0)
    assert (last.number, last.end_s) == (5, 120.0)


def test_a_gap_in_a_timeline_is_stepped_over() -> None:
    timeline = Timeline(Line(), (Run(0, 2, 2, 1), Run(10, 2, 2, 6)), "$Time$")
    second, inside = timeline.at(2.5), timeline.at(6.0)
    assert second is not None
    after = timeline.after(second)
    assert inside is not None
    assert after is not None
    assert inside.ticks == after.ticks == 10


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(1, 5)), min_size=1, max_size=6), st.floats(0, 500))
def test_a_walk_along_a_timeline_meets_every_segment_once(lines: list[tuple[int, int]], position_s: float) -> None:
    runs, at, number = [], 0, 1
    for duration, count in lines:
        runs.append(Run(at, duration, count, number))
        at, number = at + duration * count, number + count
    timeline = Timeline(Line(), tuple(runs), "$Number$")
    segment = timeline.at(0.0)
    walked = []
    while segment is not None:
        walked.append(segment)
        segment = timeline.after(segment)
    assert [one.number for one in walked] == list(range(1, number))
    assert [one.start_s for one in walked[1:]] == [one.end_s for one in walked[:-1]]
    found = timeline.at(position_s)
    assert found is not None
    assert found.start_s <= position_s + 1e-5
    assert position_s < found.end_s or found.number == number - 1


def test_a_later_period_starts_where_the_one_before_ends() -> None:
    media = '<AdaptationSet contentType="video"><Representation id="v"><SegmentTemplate duration="2" media="m"/>'
    media += "</Representation></AdaptationSet>"
    inside = f'<Period duration="PT1M">{media}</Period><Period>{media}</Period><Period start="PT2M">{media}</Period>'
    found = read(mpd(inside), URL)
    assert [(period.start_s, period.end_s) for period in found.periods] == [(0, 60), (60, 120), (120, inf)]
    assert found.period_at(61.0) is found.periods[1]


def test_a_list_and_a_single_file_are_addressed_too() -> None:
    listed = '<SegmentList duration="4"><Initialization sourceURL="i"/><SegmentURL media="a"/><SegmentURL media="b"/>'
    rung = only(one(listed + "</SegmentList>"))
    second = rung.segments.at(5.0)
    assert second is not None
    assert (rung.init_url, second.url) == ("http://host/live/i", "http://host/live/b")
    assert rung.segments.after(second) is None
    whole = only(one("<BaseURL>all.mp4</BaseURL><SegmentBase/>", 'duration="PT30S"'))
    file = whole.segments.at(10.0)
    assert file is not None
    assert (file.url, file.end_s) == ("http://host/live/all.mp4", 30.0)


TEMPLATE = '<SegmentTemplate duration="2" media="$Number$"/>'
REFUSED = {
    "document type": b"<!DOCTYPE MPD><MPD/>",
    "entity": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><MPD>&b;</MPD>',
    "UTF-16, where a document type could hide": "<!DOCTYPE MPD><MPD/>".encode("utf-16"),
    "not XML": b"#EXTM3U\n",
    "nothing": b"",
    "another document": b"<html/>",
    "nothing to play": mpd("<Period/>"),
    "too large": b" " * (8 << 20) + b"<MPD/>",
    "no timing": one('<SegmentTemplate media="$Number$"/>'),
    "negative duration": one('<SegmentTemplate duration="-2" media="$Number$"/>'),
    "timeline without duration": one("<SegmentTemplate><SegmentTimeline><S/></SegmentTimeline></SegmentTemplate>"),
    "a number of many digits": one(f'<SegmentTemplate duration="{"9" * 5000}" media="$Number$"/>'),
    "no number": one('<SegmentTemplate duration="two" media="$Number$"/>'),
    "no duration": one(TEMPLATE, 'start="soon"'),
    "empty duration": one(TEMPLATE, 'start="P"'),
    "no date": one(TEMPLATE, attributes='type="dynamic" availabilityStartTime="yesterday"'),
    "offset": one('<SegmentTemplate duration="2" media="$Number$" availabilityTimeOffset="nan"/>'),
    "an open period of one file": one("<SegmentBase/>"),
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=list(REFUSED))
def test_what_cannot_be_played_is_refused_in_a_sentence(body: bytes) -> None:
    with pytest.raises(MpdError) as refused:
        read(body, URL)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 200


def test_a_timeline_of_a_billion_segments_costs_nothing() -> None:
    lines = '<S t="0" d="1" r="999999999"/>'
    segments = f'<SegmentTemplate media="$Number$"><SegmentTimeline>{lines}</SegmentTimeline></SegmentTemplate>'
    timeline = only(one(segments)).segments
    segment = timeline.at(123_456_789.5)
    assert segment is not None
    assert segment.number == 123_456_790


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_mutilated_mpd_is_read_or_refused(data: st.DataObject) -> None:
    body = bytearray(data.draw(st.sampled_from([NGINX_RTMP.encode(), Event().mpd(3.0), one(TEMPLATE)])))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    try:
        found = read(bytes(body), URL)
    except MpdError:
        return
    assert isinstance(found, Presentation)
    for period in found.periods:
        for one_set in period.sets:
            for rung in one_set.representations:
                segment = rung.segments.at(1e6)
                if segment is not None:
                    rung.segments.after(segment)
