"""Every tag parses what it writes, writes what it parses, and names what is wrong with what it refuses."""

import dataclasses
import typing
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringside.flow.mux.hls import Malformed, Unknown, attributes, lines
from ringside.flow.mux.hls.byterange import RANGE, ByteRange
from ringside.flow.mux.hls.daterange import DateRange
from ringside.flow.mux.hls.extinf import ExtInf
from ringside.flow.mux.hls.media import Media
from ringside.flow.mux.hls.part import Part
from ringside.flow.mux.hls.preload_hint import PreloadHint
from ringside.flow.mux.hls.program_date_time import ProgramDateTime
from ringside.flow.mux.hls.rendition_report import RenditionReport
from ringside.flow.mux.hls.server_control import ServerControl
from ringside.flow.mux.hls.start import Start
from ringside.flow.mux.hls.stream_inf import StreamInf
from ringside.flow.mux.hls.tag import Tag

QUOTABLE = st.text(st.characters(exclude_characters='"\r\n', exclude_categories=["Cs", "Cc"]), max_size=20)
PLAIN = st.from_regex(r"[A-Z0-9][A-Z0-9-]{0,8}", fullmatch=True)
DECIMALS = st.decimals(min_value=0, max_value=10**9, places=6)
RANGES = st.builds(ByteRange, st.integers(0, 2**63), st.none() | st.integers(0, 2**63))
BY_CODEC: dict[attributes.Codec, st.SearchStrategy[Any]] = {
    attributes.QUOTED: QUOTABLE,
    attributes.INTEGER: st.integers(0, 2**64 - 1),
    attributes.DECIMAL: DECIMALS,
    attributes.SIGNED: DECIMALS | DECIMALS.map(lambda value: -value),
    attributes.YES: st.booleans(),
    attributes.HEX: st.from_regex(r"0x[0-9A-F]{1,16}", fullmatch=True),
    attributes.ENUMERATED: PLAIN,
    attributes.RESOLUTION: st.tuples(st.integers(1, 9999), st.integers(1, 9999)),
    RANGE: RANGES,
}
LISTS = [tag for tag in lines.BY_NAME.values() if issubclass(tag, attributes.AttributeTag)]


@st.composite
def attribute_tags(draw: st.DrawFn) -> attributes.AttributeTag:
    tag = draw(st.sampled_from(LISTS))
    required = {field.name for field in dataclasses.fields(tag) if field.default is dataclasses.MISSING}
    chosen = {
        field: draw(BY_CODEC[codec]) for field, codec in tag.TABLE.values() if field in required or draw(st.booleans())
    }
    extra = draw(st.dictionaries(PLAIN.map("X-".__add__), QUOTABLE.map('"{}"'.format) | PLAIN, max_size=3))
    return tag(**chosen, extra=tuple(extra.items()))


def reread(tag: Tag) -> Tag | str:
    (again,) = lines.read(f"#EXTM3U\n{tag.write()}\n")
    return again


@given(attribute_tags())
def test_an_attribute_tag_reads_back_what_it_wrote(tag: attributes.AttributeTag) -> None:
    assert reread(tag) == tag


@given(DECIMALS, QUOTABLE.map(str.strip))
def test_a_segment_duration_keeps_every_printed_digit(duration: Decimal, title: str) -> None:
    tag = ExtInf(duration, title)
    assert reread(tag) == tag
    assert str(typing.cast(ExtInf, reread(tag)).duration) == str(duration)


@given(st.integers(0, 4 * 10**18))
def test_a_date_is_printed_to_the_nearest_millisecond(ns: int) -> None:
    tag = ProgramDateTime.from_ns(ns)
    assert reread(tag) == tag
    assert abs(tag.ns - ns) <= 500_000
    assert tag.ns % 1_000_000 == 0


def test_a_date_that_no_calendar_holds_is_the_last_one() -> None:
    assert ProgramDateTime.from_ns(2**64 * 10**9).text == "9999-12-31T23:59:59.999Z"


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("2026-09-21T14:13:24.011Z", 1_790_000_004_011_000_000),
        ("2026-09-21T16:13:24.5+02:00", 1_790_000_004_500_000_000),
        ("2026-09-21T14:13:24", 1_790_000_004_000_000_000),
        ("2026-09-21T14:13:24.123456789Z", 1_790_000_004_123_456_789),
    ],
)
def test_a_date_is_read_to_the_nanosecond_in_any_time_zone(text: str, ns: int) -> None:
    assert ProgramDateTime.parse(text).ns == ns


@pytest.mark.parametrize(
    ("tag", "line"),
    [
        (
            Part(Decimal("0.200000"), "895000000.0.m4s", independent=True),
            '#EXT-X-PART:DURATION=0.200000,URI="895000000.0.m4s",INDEPENDENT=YES',
        ),
        (
            ServerControl(True, Decimal(12), hold_back=Decimal(6), part_hold_back=Decimal("0.9")),
            "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12,HOLD-BACK=6,PART-HOLD-BACK=0.9",
        ),
        (PreloadHint("PART", "1.2.m4s"), '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="1.2.m4s"'),
        (RenditionReport("../a.m3u8", 7, 0), '#EXT-X-RENDITION-REPORT:URI="../a.m3u8",LAST-MSN=7,LAST-PART=0'),
        (
            StreamInf(1_328_000, codecs="avc1.64001F,mp4a.40.2", resolution=(854, 480), frame_rate=Decimal("29.970")),
            '#EXT-X-STREAM-INF:BANDWIDTH=1328000,CODECS="avc1.64001F,mp4a.40.2",RESOLUTION=854x480,FRAME-RATE=29.970',
        ),
        (Media("AUDIO", "g", "A, B", default=True), '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="g",NAME="A, B",DEFAULT=YES'),
        (Start(Decimal("-6.5")), "#EXT-X-START:TIME-OFFSET=-6.5"),
        (DateRange("x", extra=(("X-COLOUR", '"red"'),)), '#EXT-X-DATERANGE:ID="x",X-COLOUR="red"'),
        (ExtInf(Decimal("0.0000001")), "#EXTINF:0.0000001,"),
        (ByteRange(10, 20), "#EXT-X-BYTERANGE:10@20"),
    ],
)  # fmt: skip
def test_a_tag_is_one_exact_line(tag: Tag, line: str) -> None:
    assert tag.write() == line
    assert reread(tag) == tag


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('EXT-X-PART:URI="a"', "EXT-X-PART: DURATION is missing"),
        ("EXT-X-PART", "EXT-X-PART: DURATION is missing"),
        ("EXT-X-PART:DURATION=0.2,URI=a", "EXT-X-PART: URI: 'a' is not a quoted-string"),
        ('EXT-X-PART:DURATION=-1,URI="a"', "EXT-X-PART: DURATION: '-1' is not a decimal-floating-point number"),
        ('EXT-X-PART:DURATION=1,URI="a",GAP=true', "EXT-X-PART: GAP: 'true' is neither YES nor NO"),
        ('EXT-X-PART:DURATION=1,DURATION=1,URI="a"', "EXT-X-PART: an attribute appears more than once"),
        ('EXT-X-MAP:URI="a', "EXT-X-MAP: not an attribute list from 'URI=\"a' on"),
        ("EXT-X-GAP:1", "EXT-X-GAP: takes no value, has '1'"),
        ("EXT-X-VERSION:9.5", "EXT-X-VERSION: '9.5' is not a decimal-integer"),
        ("EXT-X-VERSION:18446744073709551616", "EXT-X-VERSION: '18446744073709551616' is not a decimal-integer"),
        ("EXTINF:two,", "EXTINF: 'two' is not a decimal-floating-point number"),
        ("EXT-X-PROGRAM-DATE-TIME:yesterday", "EXT-X-PROGRAM-DATE-TIME: 'yesterday' is not an ISO 8601 date"),
        ("EXT-X-PLAYLIST-TYPE:LIVE", "EXT-X-PLAYLIST-TYPE: 'LIVE' is neither EVENT nor VOD"),
        ("EXT-X-BYTERANGE:1@x", "EXT-X-BYTERANGE offset: 'x' is not a decimal-integer"),
    ],
)  # fmt: skip
def test_a_tag_that_cannot_be_read_says_why_and_is_kept(line: str, fault: str) -> None:
    (tag,) = lines.read(f"#EXTM3U\n#{line}\n")
    assert isinstance(tag, Unknown)
    assert tag.reason == fault
    assert tag.write() == f"#{line}"


def test_a_quoted_string_can_hold_commas_and_equal_signs_but_no_quote() -> None:
    assert attributes.read('A="x,y=z",B=1') == [("A", '"x,y=z"'), ("B", "1")]
    with pytest.raises(Malformed, match="cannot stand in a quoted-string"):
        Part(Decimal(1), 'a"b').write()


@pytest.mark.parametrize("text", ["", "#EXTINF:1,\na.m4s\n", "\ufeff#EXTM3U\n", "<html>", " #EXT-X-VERSION:9"])
def test_a_text_without_its_first_line_is_no_playlist(text: str) -> None:
    with pytest.raises(Malformed, match="begins with #EXTM3U"):
        lines.read(text)
