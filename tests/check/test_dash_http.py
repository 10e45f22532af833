"""Each rule on how DASH is served: a stream that keeps it, and one that breaks it; and the schedule of an MPD."""

from dataclasses import replace
from math import inf

import pytest
from tests.check import media_streams as made
from tests.check.probes import answer, dash
from tests.check.streams import START_S, Case, S, codes, rules_of

from ringside.prove.check.dash import http as rules
from ringside.prove.check.seen import DashStream, Fetch, Probe
from ringside.prove.check.watch.schedule import due_s, live_edge, place_of, places, update_s
from ringside.prove.crowd.player.mpd import read

LIVE = made.manifest()
CLOCK = "urn:mpeg:dash:utc:http-iso:2014"
DATE = [("date", "Mon, 21 Sep 2026 14:13:20 GMT")]
XML = [("content-type", "application/dash+xml; charset=utf-8")]
SEGMENT = "v180/900.m4s"


def timed(status: int, late_s: float, refused: bool = False) -> DashStream:
    """A segment asked for `late_s` after its time; `refused`: a first request at its time was."""
    fetch = answer(status, path=SEGMENT, at_s=START_S + late_s)
    first = [answer(404, path=SEGMENT)] if refused else []
    return dash(Probe("segment", "v180", fetch, due_ns=START_S * S), fetches=[*first, fetch])


def early(spread_s: float, count: int = 3) -> DashStream:
    """Segments asked for at their early time, whose pieces came over `spread_s`."""
    fetch = answer(200, b"x" * 1000, path=SEGMENT, took_s=2.0, spread_s=spread_s)
    return dash(*[Probe("segment-early", "v180", fetch, due_ns=START_S * S)] * count, mpd=LIVE)


def kept_for(value: str) -> DashStream:
    return dash(Probe("mpd", "", answer(headers=[*XML, ("cache-control", value)])), mpd=LIVE)


def clock(reply: Fetch, scheme: str = CLOCK) -> DashStream:
    return dash(Probe("utc", scheme, reply))


RIGHT = answer(200, b"2026-09-21T14:13:20.500Z", DATE)
CASES = [
    Case(rules.IN_TIME, "it never comes", rules.segment_in_time, timed(200, 0.05), timed(404, 2.0)),
    Case(rules.IN_TIME, "it comes a second late", rules.segment_in_time, timed(200, 0.3, True), timed(200, 1.0, True)),
    Case(rules.AS_MADE, "the whole at once", rules.chunks_as_made, early(1.7), early(0.01)),
    Case(rules.TYPE, "text", rules.mpd_type, dash(Probe("mpd", "", answer(headers=XML))),
         dash(Probe("mpd", "", answer(headers=[("content-type", "text/xml")])))),
    Case(rules.LIFETIME, "longer than it holds", rules.mpd_lifetime, kept_for("max-age=1"), kept_for("max-age=60")),
    Case(rules.CLOCK, "a page", rules.utc_timing_answers, clock(RIGHT), clock(answer(200, b"<html>", DATE))),
    Case(rules.CLOCK, "404", rules.utc_timing_answers,
         clock(answer(200, b"", DATE), "urn:mpeg:dash:utc:http-head:2014"), clock(answer(404))),
    Case(rules.CLOCK_RIGHT, "an hour ahead", rules.utc_timing_right,
         clock(RIGHT), clock(answer(200, b"2026-09-21T15:13:20Z", DATE))),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_rule_is_kept_by_one_stream_and_broken_by_another(case: Case) -> None:
    case.check()


def test_every_rule_of_the_module_has_a_case() -> None:
    assert {case.rule.id for case in CASES} == rules_of(rules)


def test_a_segment_that_was_asked_for_late_is_not_late() -> None:
    """The watcher begins behind the live edge."""
    assert codes(rules.segment_in_time(timed(200, 5.0))) == []


def test_one_segment_is_not_enough_to_speak_of_chunks() -> None:
    assert codes(rules.chunks_as_made(early(0.0, count=1))) == []


def test_a_dynamic_mpd_that_says_no_lifetime_may_be_asked_for_each_time() -> None:
    assert codes(rules.mpd_lifetime(kept_for("no-store"))) == []


# The schedule


LIVE_NOW = read(LIVE.encode(), "http://a/live/index.mpd")


def test_a_segment_is_due_when_it_ends_less_the_offset_that_the_mpd_gives() -> None:
    now_s = made.NOW_NS / S
    place = next(place for place in places(LIVE_NOW, now_s) if place.representation.id == "v180")
    segment = live_edge(LIVE_NOW, place, now_s, back=0)
    assert segment is not None
    early_s = place.representation.early_s
    assert due_s(LIVE_NOW, place, segment) == pytest.approx(LIVE_NOW.epoch_s + segment.end_s - early_s)
    assert segment.end_s <= now_s - LIVE_NOW.epoch_s + 1e-6
    always = replace(place, representation=replace(place.representation, early_s=inf))
    assert due_s(LIVE_NOW, always, segment) is None


def test_a_representation_is_found_again_in_the_next_mpd() -> None:
    place = places(LIVE_NOW, made.NOW_NS / S)[0]
    again = read(LIVE.encode(), "http://a/live/index.mpd")
    assert place_of(again, place) == place
    assert place_of(replace(again, periods=()), place) is None


def test_an_mpd_is_asked_for_as_often_as_it_says_within_reason() -> None:
    assert [update_s(replace(LIVE_NOW, update_s=s)) for s in (0.0, 2.0, 1e9, None)] == [0.5, 2.0, 10.0, None]
    assert update_s(replace(LIVE_NOW, dynamic=False)) is None
    assert update_s(None) is None


def test_one_on_demand_begins_at_its_beginning() -> None:
    ended = read(made.manifest(ended=True).encode(), "http://a/live/index.mpd")
    place = places(ended, made.NOW_NS / S)[0]
    first = live_edge(ended, place, made.NOW_NS / S, back=2)
    assert first is not None
    assert first.start_s == pytest.approx(place.period.start_s)
    assert due_s(ended, place, first) is None
