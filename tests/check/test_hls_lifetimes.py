"""Each lifetime of Appendix B.1: one that is right, and one that is not."""

from dataclasses import replace

import pytest
from tests.check.probes import NAME, answer, asked, probe
from tests.check.streams import Case, codes, event, plain, rules_of, stream

from ringside.prove.check.hls import lifetimes as rules
from ringside.prove.check.seen import HlsStream, Media


def lasting(value: str) -> list[tuple[str, str]]:
    return [("cache-control", value)]


def versions(value: str) -> HlsStream:
    """Our own event whose blocking answers say `value`."""
    base = event()
    held = tuple(replace(v, fetch=replace(v.fetch, headers=tuple(lasting(value)))) for v in base.versions[NAME])
    return replace(base, versions={NAME: held})


def medium(value: str) -> HlsStream:
    return replace(event(), media=(Media(NAME, 1, None, answer(200, b"x", lasting(value)), b""),))


def asked_with(kind: str, status: int, value: str) -> HlsStream:
    return asked(probe(kind, status=status, headers=lasting(value)))


CASES = [
    Case(rules.BLOCKING, "a second", rules.blocking, versions("max-age=12"), versions("max-age=1")),
    Case(rules.BLOCKING, "not at all", rules.blocking, versions("public, s-maxage=12"), versions("no-cache")),
    Case(rules.BLOCKING_ERROR, "nothing said", rules.blocking_errors,
         asked_with("msn-too-far", 400, "max-age=8"), asked_with("msn-too-far", 400, "public")),
    Case(rules.PLAIN, "as long as a blocking one", rules.plain,
         asked_with("plain", 200, "max-age=1"), asked_with("plain", 200, "max-age=12")),
    Case(rules.MEDIA, "too short", rules.media, medium("max-age=86400, immutable"), medium("max-age=4")),
    Case(rules.MEDIA_ERROR, "too long: what is not there may come", rules.media_errors,
         asked_with("unknown", 404, "max-age=2"), asked_with("unknown", 404, "max-age=3600")),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_rule_is_kept_by_one_stream_and_broken_by_another(case: Case) -> None:
    case.check()


def test_every_rule_of_the_module_has_a_case() -> None:
    assert {case.rule.id for case in CASES} == rules_of(rules)


def test_streams_without_parts_may_be_cached_as_they_like() -> None:
    plain_stream = replace(stream(plain(0, 5)), media=medium("max-age=1").media)
    for judge in rules.JUDGES:
        assert codes(judge(plain_stream)) == []
