"""Publication in time: one stream that keeps each rule, one that breaks it, and watchers who were late themselves."""

import pytest
from tests.check.streams import BASE, Case, codes, edited, event, fetch, late, plain, rules_of, stream, version

from ringside.prove.check.hls import publication
from ringside.prove.check.seen import HlsStream, Version

V, A = "v720/index.m3u8", "a/index.m3u8"
EVENT = event()


def polled(*times_s: float, every_s: float = 0.5, until_s: float = 0.0) -> HlsStream:
    """Segments published at these times (the first five before), seen by polling."""
    versions: list[Version] = []
    step = 0
    while (at := step * every_s) <= (until_s or times_s[-1] + every_s):
        count = 5 + sum(time <= at for time in times_s)
        versions.append(version(plain(0, count), at + 1))
        step += 1
    return stream(versions)


def paused(since: int, until: int) -> HlsStream:
    """Our event, and a watcher that asked nothing for a while."""
    seen = edited(EVENT, V, lambda n, body: None if since <= n < until else body)
    return edited(seen, A, lambda n, body: None if since <= n < until else body)


CASES = [
    Case(
        publication.SEGMENT, "nothing new for five seconds", publication.segments_in_time,
        polled(2, 4, 6.9, 8), polled(2, 4, 9, 11),
    ),
    Case(
        publication.PART, "a part half a second late", publication.parts_in_time,
        EVENT, late(EVENT, V, 20, 0.7),
    ),
    Case(
        publication.IN_STEP, "sound that falls back by a second", publication.in_step,
        EVENT, late(EVENT, A, 20, 1.0),
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_keeps_the_rule_passes_and_what_breaks_it_is_found(case: Case) -> None:
    case.check()


def test_every_rule_has_its_streams() -> None:
    assert {case.rule.id for case in CASES} == rules_of(publication)


def test_jitter_of_a_fifth_of_a_second_is_no_finding() -> None:
    for judge in publication.JUDGES:
        assert codes(judge(late(EVENT, V, 20, 0.2))) == []


def test_a_watcher_that_paused_blames_nobody() -> None:
    for judge in publication.JUDGES:
        assert codes(judge(paused(20, 45))) == []


def test_a_slow_poller_blames_nobody() -> None:
    assert codes(publication.segments_in_time(polled(2, 4, 6, 8, 10, every_s=4.5))) == []


def test_a_stream_that_stopped_is_found_at_the_end() -> None:
    assert codes(publication.segments_in_time(polled(2, 4, until_s=10))) == ["hls.segment-in-time"]


def test_a_stream_that_ended_is_not() -> None:
    ended = [version(plain(0, 5) + "#EXT-X-ENDLIST\n", at) for at in range(1, 20)]
    assert codes(publication.segments_in_time(stream(ended))) == []


def test_a_hold_that_ran_out_tells_that_nothing_came() -> None:
    seen = EVENT.versions[V]
    at_s = seen[-1].fetch.done_ns / 1e9 + 6.0
    refused = fetch(f"{BASE}{V}?_HLS_msn=895000016&_HLS_part=0", at_s, "", 503, held_s=5.9)
    stopped = stream({V: list(seen)}, fetches=[refused])
    assert codes(publication.parts_in_time(stopped)) == ["ll-hls.part-in-time"]
    assert codes(publication.segments_in_time(stopped)) == ["hls.segment-in-time"]


def test_what_a_cache_kept_is_as_old_as_it_says() -> None:
    def cached(age: int) -> HlsStream:
        old = [(("age", str(age)),)] * 3
        counts = (5, 5, 6)
        versions = []
        for index, (at, count) in enumerate(zip((1.0, 4.6, 5.0), counts, strict=True)):
            one = version(plain(0, count), at)
            again = fetch(one.fetch.url, at, one.fetch.body, headers=old[index] if index == 1 else ())
            versions.append(Version(one.name, again, one.playlist, one.full))
        return stream(versions)

    assert codes(publication.segments_in_time(cached(0))) == ["hls.segment-in-time"]
    assert codes(publication.segments_in_time(cached(3))) == []


def test_renditions_without_dates_are_not_compared() -> None:
    def undated(_: int, body: str) -> str:
        return "".join(line for line in body.splitlines(True) if "DATE-TIME" not in line)

    assert codes(publication.in_step(edited(late(EVENT, A, 20, 1.0), A, undated))) == []
