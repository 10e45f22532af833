"""Rules on an MPD by itself: each broken in the text of an MPD that keeps it."""

import re
from collections.abc import Callable

import media_streams as made
import pytest
from media_streams import broken

from ringside.prove.check.dash import mpd as rules
from ringside.prove.check.dash.mpd_tree import date_ns, integer, number, seconds

LIVE, ENDED = made.manifest(), made.manifest(ended=True)
Edit = Callable[[str], str]


def without(attribute: str) -> Edit:
    """The first such attribute removed."""
    return lambda text: re.sub(rf' {attribute}="[^"]*"', "", text, count=1)


def sub(old: str, new: str, count: int = 1) -> Edit:
    def edit(text: str) -> str:
        assert re.search(old, text), old
        return re.sub(old, new, text, count=count)

    return edit


BROKEN: dict[str, tuple[str, Callable[..., object], Edit, str]] = {
    "no document": ("dash.mpd-readable", rules.mpd_readable, lambda text: text[:-20], LIVE),
    "another root": ("dash.mpd-readable", rules.mpd_readable, lambda text: text.replace("MPD", "MPE"), LIVE),
    "no namespace": ("dash.mpd-readable", rules.mpd_readable, without("xmlns"), LIVE),
    "doctype": ("dash.mpd-readable", rules.mpd_readable, sub("<MPD", '<!DOCTYPE a [<!ENTITY b "c">]><MPD'), LIVE),
    "no profiles": ("dash.profiles", rules.mpd_attributes, without("profiles"), LIVE),
    "an odd type": ("dash.type", rules.mpd_attributes, sub('type="dynamic"', 'type="live"'), LIVE),
    "no buffer": ("dash.min-buffer-time", rules.mpd_attributes, without("minBufferTime"), LIVE),
    "an odd duration": (
        "dash.formats",
        rules.formats,
        sub('timeShiftBufferDepth="[^"]*"', 'timeShiftBufferDepth="6"'),
        LIVE,
    ),
    "an odd start": ("dash.formats", rules.formats, sub('start="[^"]*"', 'start="P"'), LIVE),
    "an odd date": ("dash.formats", rules.formats, sub('publishTime="[^"]*"', 'publishTime="noon"'), LIVE),
    "an odd rate": ("dash.formats", rules.frame_rates, sub('frameRate="[^"]*"', 'frameRate="fast"'), LIVE),
    "no start": ("dash.availability-start-time", rules.dynamic_attributes, without("availabilityStartTime"), LIVE),
    "no publication": ("dash.publish-time", rules.dynamic_attributes, without("publishTime"), LIVE),
    "no clock": ("dash.utc-timing", rules.dynamic_attributes, sub(r"\n  <UTCTiming[^>]*>", "", 2), LIVE),
    "no end": (
        "dash.static-duration",
        rules.static_attributes,
        lambda text: without("duration")(without("mediaPresentationDuration")(text)),
        ENDED,
    ),
    "updates": (
        "dash.static-no-updates",
        rules.static_attributes,
        sub("<MPD", '<MPD minimumUpdatePeriod="PT2S"'),
        ENDED,
    ),
    "no period": ("dash.periods", rules.periods, sub("(?s)<Period.*</Period>", ""), LIVE),
    "an empty period": ("dash.periods", rules.periods, sub("(?s)(<Period[^>]*>).*</Period>", r"\1</Period>"), LIVE),
    "an empty set": ("dash.periods", rules.periods, sub("(?s)<Representation.*?</Representation>", ""), LIVE),
    "a nameless period": ("dash.period-id", rules.period_ids, sub('<Period id="live"', "<Period"), LIVE),
    "two of a name": ("dash.period-id", rules.period_ids, sub("(?s)(<Period.*</Period>)", r"\1\1"), LIVE),
    "periods crossed": (
        "dash.period-order",
        rules.period_order,
        sub("(?s)(<Period.*</Period>)", r'\1<Period start="PT1S"/>'),
        LIVE,
    ),
    "a nameless rendition": ("dash.representation-id", rules.representation_ids, sub('id="v180"', ""), LIVE),
    "a space": ("dash.representation-id", rules.representation_ids, sub('id="v180"', 'id="v 180"'), LIVE),
    "one name twice": ("dash.representation-id", rules.representation_ids, sub('id="v180"', 'id="a"'), LIVE),
    "no bandwidth": ("dash.bandwidth", rules.representation_attributes, without("bandwidth"), LIVE),
    "no mime type": ("dash.mime-type", rules.representation_attributes, without("mimeType"), LIVE),
    "no codecs": ("dash.codecs", rules.representation_attributes, without("codecs"), LIVE),
    "two kinds": ("dash.content-type", rules.content_type, sub('mimeType="video', 'mimeType="audio'), LIVE),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_mpd_is_found_out(name: str) -> None:
    rule, judge, edit, text = BROKEN[name]
    assert broken(judge, made.dash(text)) == set()
    assert broken(judge, made.dash(edit(text))) == {rule}


def test_a_period_from_elsewhere_may_be_empty() -> None:
    remote = re.sub("(?s)(<Period[^>]*)>.*</Period>", r'\1 xmlns:x="xlink" x:href="http://x/"/>', LIVE)
    assert broken(rules.periods, made.dash(remote.replace('"xlink"', '"http://www.w3.org/1999/xlink"'))) == set()


@pytest.mark.parametrize(
    ("text", "value"),
    [("PT2S", 2), ("PT1M0.5S", 60.5), ("P1DT1H", 90_000), ("-PT1S", -1), ("PT", None), ("2", None), ("", None)],
)
def test_durations_are_read(text: str, value: float | None) -> None:
    assert seconds(text) == value


def test_dates_and_numbers_are_read() -> None:
    assert date_ns("1970-01-01T00:00:01.25Z") == date_ns("1970-01-01T02:00:01.25+02:00") == 1_250_000_000
    assert date_ns("1970-01-01T00:00:01") == 10**9
    assert date_ns("9" * 100) is date_ns("later") is date_ns(None) is None
    assert (integer(" 7", 0), integer("7.0", 1), integer(None, 2), integer("9" * 999, 3)) == (7, 1, 2, 3)
    assert (number("1.5"), number("INF"), number("1e9")) == (1.5, None, None)
