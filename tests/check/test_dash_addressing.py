"""Rules on segment addresses and on segments against them: each broken in an MPD's text or a segment's times."""

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import media_streams as made
import pytest
from media_streams import broken

from ringside.core.boxes.retime import retime
from ringside.prove.check.dash import addressing as rules
from ringside.prove.check.dash.mpd_tree import parse, representation
from ringside.prove.check.dash.segment_timeline import MAX_ENTRIES, address, entries

LIVE = made.manifest()
LAST = made.FIRST + made.SEGMENTS - 1


def timelined(rows: str = "", name: str = "v180", scale: int = 25_000) -> str:
    """The MPD with a SegmentTimeline for one Representation, as the media is unless `rows` say otherwise."""
    rows = rows or f'<S t="{made.START_S * scale}" d="{2 * scale}" r="2"/>'
    head, mark, tail = LIVE.partition(f'<Representation id="{name}"')
    tail = re.sub(r' duration="\d+" startNumber="\d+"', f' startNumber="{made.FIRST}"', tail, count=1)
    tail = re.sub(
        r"(<SegmentTemplate[^>]*?) ?/>",
        rf"\1><SegmentTimeline>{rows}</SegmentTimeline></SegmentTemplate>",
        tail,
        count=1,
    )
    return head + mark + tail


def rows(*times: tuple[int | None, int]) -> str:
    return "".join(f"<S t='{t}' d='{d}'/>" if t is not None else f"<S d='{d}'/>" for t, d in times)


@pytest.mark.parametrize(
    ("old", "new"),
    [("v180/$Number$.m4s", "v180/segment.m4s"), ("v180/$Number$.m4s", "v180/$Time$.m4s")],
    ids=["neither", "$Time$ without timeline"],
)
def test_each_segment_has_an_address_of_its_own(old: str, new: str) -> None:
    assert broken(rules.segment_template, made.dash(LIVE.replace(old, new))) == {"dash.segment-template"}
    assert broken(rules.segment_template, made.dash(LIVE)) == set()
    assert broken(rules.segment_template, made.dash(timelined().replace(old, "v180/$Time$.m4s"))) == set()


def test_a_template_says_how_long_segments_are() -> None:
    endless = re.sub(r' duration="\d+" startN', " startN", LIVE)
    assert broken(rules.segment_duration, made.dash(endless)) == {"dash.segment-duration"}
    assert broken(rules.segment_duration, made.dash(LIVE)) == set()


def test_a_template_says_it_in_one_way() -> None:
    both = re.sub(r"(<SegmentTemplate )(timescale=\"\d+\" startNumber)", r'\1duration="50000" \2', timelined(), count=1)
    assert broken(rules.segment_duration, made.dash(timelined())) == set()
    assert broken(rules.segment_duration, made.dash(both)) == {"dash.segment-duration"}


@pytest.mark.parametrize(
    ("line", "judge", "rule"),
    [
        (rows((0, 50), (50, 50), (None, 50)), rules.timeline_overlap, ""),
        (rows((0, 50), (49, 50)), rules.timeline_overlap, "dash.timeline-overlap"),
        (rows((0, 50), (None, 0)), rules.timeline_overlap, "dash.timeline-overlap"),
        (rows((0, 50), (50, 50)), rules.timeline_gap, ""),
        (rows((0, 50), (51, 50)), rules.timeline_gap, "dash.timeline-gap"),
    ],
)
def test_a_timeline_has_neither_overlaps_nor_gaps(line: str, judge: Callable[..., object], rule: str) -> None:
    assert broken(judge, made.dash(timelined(line))) == ({rule} if rule else set())


def test_no_segment_is_longer_than_the_mpd_says() -> None:
    short = LIVE.replace('maxSegmentDuration="PT2S"', 'maxSegmentDuration="PT1.5S"')
    assert broken(rules.max_segment_duration, made.dash(short)) == {"dash.max-segment-duration"}
    long = timelined(rows((0, 50_000), (None, 60_000)))
    assert broken(rules.max_segment_duration, made.dash(long)) == {"dash.max-segment-duration"}
    assert broken(rules.max_segment_duration, made.dash(timelined())) == set()


@pytest.mark.parametrize(("ticks", "keeps"), [(0, True), (24_000, True), (26_000, False), (-26_000, False)])
def test_media_drifts_by_half_a_segment_at_most(ticks: int, keeps: bool) -> None:
    stream = made.with_body(made.dash(), lambda body: retime(body, ticks), made.picture)
    assert broken(rules.segment_drift, stream) == (set() if keeps else {"dash.segment-drift"})


def test_a_timeline_is_the_medias_own() -> None:
    assert broken(rules.timeline_media, made.dash(timelined())) == set()
    start = made.START_S * 25_000
    late = timelined(rows((start + 5000, 50_000), (None, 50_000), (None, 50_000)))
    assert broken(rules.timeline_media, made.dash(late)) == {"dash.timeline-media"}
    uneven = timelined(rows((start, 50_000), (None, 50_000), (None, 45_000)))
    assert broken(rules.timeline_media, made.dash(uneven)) == {"dash.timeline-media"}


def test_a_segment_of_a_timeline_is_known_by_its_address_not_its_number() -> None:
    renumbered = made.with_media(made.dash(timelined()), lambda m: replace(m, number=m.number + 1))
    assert broken(rules.timeline_media, renumbered) == set()
    readdressed = made.with_media(
        renumbered, lambda m: replace(m, fetch=replace(m.fetch, url=m.fetch.url.replace(str(made.FIRST), str(LAST))))
    )
    assert broken(rules.timeline_media, readdressed) == {"dash.timeline-media"}


@pytest.mark.parametrize(
    ("media", "filled"),
    [
        ("$RepresentationID$/$Number$.m4s", "v180/7.m4s"),
        ("$Number%05d$-$Time$-$Bandwidth$.m4s?a=$Time$", "00007-90-200000.m4s"),
        ("$$-$Unknown$", "$-$Unknown$"),
    ],
)
def test_an_address_is_filled_in(media: str, filled: str) -> None:
    found = representation(parse(LIVE.replace("v180/$Number$.m4s", media).encode()), "v180")
    assert found is not None
    assert address(found, 7, 90) == filled


def test_a_cmaf_mpd_counts_in_the_medias_ticks() -> None:
    double = re.sub(r'timescale="25000" duration="50000"', 'timescale="50000" duration="100000"', LIVE)
    assert broken(rules.cmaf_timescale, made.dash(double)) == {"dash.cmaf-timescale"}
    unclaimed = double.replace("urn:mpeg:dash:profile:cmaf:2019,", "")
    assert broken(rules.cmaf_timescale, made.dash(unclaimed)) == set()


def test_bandwidth_and_buffer_are_enough_to_play_without_a_stall() -> None:
    def padded(body: bytes) -> bytes:
        return body + (60_000).to_bytes(4, "big") + b"free" + bytes(60_000 - 8)  # 240 kb/s on top

    assert broken(rules.bandwidth_kept, made.dash()) == set()
    one = made.with_body(made.dash(), padded, lambda m: made.picture(m) and m.number == LAST)
    assert broken(rules.bandwidth_kept, one) == set()
    all_of_them = made.with_body(made.dash(), padded, made.picture)
    assert broken(rules.bandwidth_kept, all_of_them) == {"dash.bandwidth-kept"}


def line_of(rows_text: str) -> list[tuple[int, int, int]]:
    found = representation(parse(timelined(rows_text).encode()), "v180")
    assert found is not None
    return [(entry.start, entry.duration, entry.number - made.FIRST) for entry in entries(found)]


def test_a_timeline_is_written_out() -> None:
    assert line_of('<S t="10" d="5" r="1"/><S d="7"/>') == [(10, 5, 0), (15, 5, 1), (20, 7, 2)]
    assert line_of('<S t="0" d="5" r="-1"/><S t="20" d="5" r="-1"/>')[-2:] == [(15, 5, 3), (20, 5, 4)]
    assert line_of('<S d="5" n="9"/>')[0][2] == 9 - made.FIRST
    assert len(line_of('<S t="0" d="1" r="999999999"/>')) == MAX_ENTRIES


def test_the_segment_template_nearest_to_a_representation_counts() -> None:
    text = LIVE.replace("<Role ", '<SegmentTemplate timescale="7" duration="7" x="1"/><Role ', 1)
    found = representation(parse(text.encode()), "v180")
    assert found is not None
    assert found.template is not None
    assert (found.timescale, found.segment_s, found.template["x"]) == (25_000, Fraction(2), "1")
