"""Rules on low-latency DASH: each broken in an MPD's text, or in the chunks that should keep it."""

import re
from collections.abc import Callable

import media_streams as made
import pytest
from media_streams import broken, patched, rewrite

from ringside.core.boxes.box import box, boxes
from ringside.prove.check.dash import chunks as dash_chunks
from ringside.prove.check.dash import low_latency as rules
from ringside.prove.check.dash import static as dash_static

LIVE = made.manifest()
Edit = Callable[[str], str]


def sub(old: str, new: str, count: int = 0) -> Edit:
    def edit(text: str) -> str:
        assert re.search(old, text), old
        return re.sub(old, new, text, count=count)

    return edit


CLOCKS = r"\n  <UTCTiming[^>]*>"
REFERENCE = "(?s)<ProducerReferenceTime.*?</ProducerReferenceTime>"
PRT = "ll-dash.producer-reference-time"
BROKEN: dict[str, tuple[str, Callable[..., object], Edit]] = {
    "no service description": (
        "ll-dash.service-description",
        rules.service_description,
        sub("(?s)<ServiceDescription.*</ServiceDescription>", ""),
    ),
    "no target": ("ll-dash.service-description", rules.service_description, sub(' target="[^"]*"', "")),
    "no rate": ("ll-dash.playback-rate", rules.service_description, sub("<PlaybackRate[^>]*>", "")),
    "no clock": ("ll-dash.utc-timing", rules.utc_timing, sub(CLOCKS, "")),
    "a clock of NTP": ("ll-dash.utc-timing", rules.utc_timing, sub("utc:http-[a-z]+:2014", "utc:ntp:2014")),
    "no reference": (PRT, rules.producer_reference_time, sub(REFERENCE, "")),
    "a reference for one": (PRT, rules.producer_reference_time, sub(REFERENCE, "", 1)),
    "one id twice": (
        PRT,
        rules.producer_reference_time,
        sub('<ProducerReferenceTime id="2"', '<ProducerReferenceTime id="1"'),
    ),
    "an odd type": (PRT, rules.producer_reference_time, sub('type="captured"', 'type="application"')),
    "no wall clock": (PRT, rules.producer_reference_time, sub(' wallClockTime="[^"]*"', "")),
    "no media time": (PRT, rules.producer_reference_time, sub(' presentationTime="[^"]*"', "")),
    "another clock": (
        PRT,
        rules.producer_reference_time,
        sub(CLOCKS, '\n  <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="/x" />'),
    ),
    "another offset": (
        "ll-dash.reference-presentation-time",
        rules.reference_presentation_time,
        sub('presentationTime="[^"]*"', 'presentationTime="7"'),
    ),
    "a dangling reference": (
        "ll-dash.latency-reference",
        rules.latency_reference,
        sub('referenceId="1"', 'referenceId="9"'),
    ),
    "no duration": ("ll-dash.addressing", rules.addressing, sub(r' duration="\d+" startN', " startN")),
    "complete, they say": ("ll-dash.early-access", rules.early_access, sub(' availabilityTimeComplete="false"', "", 1)),
    "no offset": ("ll-dash.early-access", rules.early_access, sub(' availabilityTimeOffset="[^"]*"', "", 1)),
    "long segments": (
        "ll-dash.early-access",
        rules.early_access,
        sub(' availabilityTime(Offset|Complete)="[^"]*"', ""),
    ),
    "no resync": ("ll-dash.resync", rules.resync, sub("<Resync[^>]*>", "")),
    "rare resync": ("ll-dash.resync-interval", rules.resync, sub('dT="[^"]*"', 'dT="45000"')),
    "too early": (
        "ll-dash.availability-time-offset",
        dash_chunks.availability_time_offset,
        sub('(availabilityTimeOffset)="[^"]*"', r'\1="1.99"'),
    ),
    "infinitely early": (
        "ll-dash.availability-time-offset",
        dash_chunks.availability_time_offset,
        sub('(availabilityTimeOffset)="[^"]*"', r'\1="INF"'),
    ),
    "needlessly late": (
        "ll-dash.availability-time-offset",
        dash_chunks.availability_time_offset,
        sub('(availabilityTimeOffset)="[^"]*"', r'\1="1"'),
    ),
    "another hour": (
        "ll-dash.prft-agrees",
        dash_chunks.prft_agrees,
        sub('wallClockTime="[^"]*"', 'wallClockTime="1970-01-01T01:00:02Z"'),
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_promise_is_found_out(name: str) -> None:
    rule, judge, edit = BROKEN[name]
    assert broken(judge, made.dash(LIVE)) == set()
    assert broken(judge, made.dash(edit(LIVE))) == {rule}


def one_chunk(body: bytes) -> bytes:
    """A segment's first chunk alone."""
    mdat = next(it for it in boxes(body) if it.type == "mdat")
    return body[: mdat.end]


def test_a_segment_that_is_available_early_has_several_chunks() -> None:
    assert broken(dash_chunks.chunks, made.with_body(made.dash(), one_chunk, made.picture)) == {"ll-dash.chunks"}
    assert broken(dash_chunks.chunks, made.dash()) == set()


def test_prft_is_there_when_it_is_promised_inband() -> None:
    silent = made.with_body(made.dash(), lambda body: rewrite(body, "prft", lambda raw: box("free", raw[8:])))
    assert broken(dash_chunks.prft, silent) == {"ll-dash.prft"}
    unpromised = made.dash(LIVE.replace('inband="true"', 'inband="false"'))
    quiet = made.with_body(unpromised, lambda body: rewrite(body, "prft", lambda raw: box("free", raw[8:])))
    assert broken(dash_chunks.prft, quiet) == set()


def test_prft_tells_the_time_of_its_own_media() -> None:
    shifted = made.with_body(made.dash(), lambda body: rewrite(body, "prft", patched(16, b"\xea\xa7\x05\x00")))
    assert broken(dash_chunks.prft_agrees, shifted) == {"ll-dash.prft-agrees"}


def test_an_mpd_that_offers_no_low_latency_is_not_asked_for_it() -> None:
    plain = re.sub(' availabilityTime(Offset|Complete)="[^"]*"', "", LIVE).replace("low-latency-live-v5", "other")
    bare = re.sub(REFERENCE, "", re.sub(CLOCKS, "", plain))
    found = {f.rule.id for judge in dash_static.JUDGES for f in judge(made.dash(bare))}
    assert not any(rule.startswith("ll-dash.") for rule in found)
