"""Each rule that any HTTP server keeps: one that keeps it, and one that breaks it."""

from dataclasses import replace

import pytest
from tests.check.probes import NAME, answer, asked, probe
from tests.check.streams import Case, codes, event, rules_of

from ringside.prove.check import http_rules as rules
from ringside.prove.check.seen import HlsStream, Media

WHOLE = answer(200, bytes(range(256)), [("content-length", "256")], path="v720/1.m4s")


def ranged(status: int, body: bytes, said: str = "bytes 3-102/256") -> HlsStream:
    reply = answer(status, body, [("content-range", said)] if status == 206 else [], path="v720/1.m4s")
    return asked(probe("range", reply, beside=WHOLE))


def headed(status: int = 200, body: bytes = b"", length: str = "256") -> HlsStream:
    return asked(probe("head", answer(status, body, [("content-length", length)]), beside=WHOLE))


def fetched(name: str, value: str, problem: str = "") -> HlsStream:
    return asked(fetches=[answer(200, b"x", [(name, value)], problem=problem)])


def typed(kind: str) -> HlsStream:
    return replace(event(), media=(Media(NAME, 1, None, answer(200, b"x", [("content-type", kind)]), b""),))


GOOD_RANGE = ranged(206, WHOLE.body[3:103])
CASES = [
    Case(rules.COMPLETE, "a body cut short", rules.complete_answers,
         fetched("a", "b"), fetched("a", "b", "the body ended before it should, after 9 bytes")),
    Case(rules.FETCHABLE, "404", rules.listed_is_there, asked(), asked(probe("media-failed", status=404))),
    Case(rules.MANIFEST, "500", rules.manifest_is_there, asked(), asked(probe("playlist-failed", status=500))),
    Case(rules.RANGE, "other bytes", rules.ranges, GOOD_RANGE, ranged(206, WHOLE.body[2:102])),
    Case(rules.RANGE, "another range", rules.ranges, GOOD_RANGE, ranged(206, WHOLE.body[:100], "bytes 0-99/256")),
    Case(rules.RANGE, "a part of it as 200", rules.ranges, ranged(200, WHOLE.body), ranged(200, WHOLE.body[3:103])),
    Case(rules.RANGE, "416", rules.ranges, ranged(206, WHOLE.body[3:103], "bytes 3-102/*"), ranged(416, b"")),
    Case(rules.HEAD, "405", rules.head, headed(), headed(405)),
    Case(rules.HEAD, "with a body", rules.head, headed(), headed(200, b"x")),
    Case(rules.HEAD_LENGTH, "another length", rules.head, headed(), headed(length="0")),
    Case(rules.AGE, "negative", rules.age, fetched("age", "3"), fetched("age", "-1")),
    Case(rules.CACHE_CONTROL, "no number", rules.cache_controls,
         fetched("cache-control", "public, max-age=3"), fetched("cache-control", "max-age=1.5")),
    Case(rules.CACHE_CONTROL, "twice, differently", rules.cache_controls,
         fetched("cache-control", 's-maxage="3"'), fetched("cache-control", "max-age=3, max-age=4")),
    Case(rules.UNKNOWN, "200", rules.unknown, asked(probe("unknown", status=404)), asked(probe("unknown"))),
    Case(rules.UNKNOWN, "held", rules.unknown,
         asked(probe("far-future", status=425)), asked(probe("far-future", status=404, took_s=7.0))),
    Case(rules.CORS, "nothing said", rules.cors,
         asked(probe("cors", headers=[("access-control-allow-origin", "*")])), asked(probe("cors"))),
    Case(rules.CMCD, "400 for bad data", rules.cmcd,
         asked(probe("cmcd", WHOLE, beside=WHOLE)), asked(probe("cmcd-bad", status=400, beside=WHOLE))),
    Case(rules.MEDIA_TYPE, "a page", rules.media_types, typed("video/mp4"), typed("text/html; charset=utf-8")),
    Case(rules.MEDIA_TYPE, "no type", rules.media_types, typed("text/vtt"), typed("")),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_rule_is_kept_by_one_stream_and_broken_by_another(case: Case) -> None:
    case.check()


def test_every_rule_of_the_module_has_a_case() -> None:
    assert {case.rule.id for case in CASES} == rules_of(rules)


def test_a_segment_cut_short_is_told_once() -> None:
    cut = probe("media-failed", answer(200, problem="the body ended before it should, after 9 bytes"))
    assert codes(rules.listed_is_there(asked(cut))) == []


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("max-age=5", 5), ("max-age=5, s-maxage=9", 9), ("no-store, max-age=5", 0), ("public", None), ("max-age=x", None)],
)
def test_a_lifetime_is_what_a_shared_cache_would_take(said: str, seconds: int | None) -> None:
    assert rules.lifetime_s(answer(headers=[("cache-control", said)])) == seconds
