"""A check from a URL to its outcome, before real servers: what is watched, what is asked, what is told."""

import asyncio
import pkgutil
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from types import SimpleNamespace

import pytest
from tests.check.probes import asked
from tests.hostile import Hostile

from ringside.core.clock import Wall
from ringside.core.errors import Misconfigured, RingsideError
from ringside.prove import check as package
from ringside.prove.check import run
from ringside.prove.check.finding import RULES
from ringside.prove.check.run import Outcome, Progress, check, judge
from ringside.prove.check.seen import DashStream, HlsStream
from ringside.prove.check.watch.ask_hls import BLOCKING
from ringside.prove.check.watch.dash import DashWatch
from ringside.prove.check.watch.fetch import Client
from ringside.prove.check.watch.hls import HlsWatch
from ringside.prove.check.watch.kept import Kept
from ringside.prove.check.watch.merge import reached


@pytest.fixture(scope="module")
def hostile() -> Iterator[Hostile]:
    with Hostile() as running:
        yield running


@pytest.fixture(scope="module")
def plain(hostile: Hostile) -> Outcome:
    return check(hostile.at("good"), 2.5)


def watched(watch: type[HlsWatch] | type[DashWatch], url: str, seconds: float) -> object:
    """What one watch saw."""

    async def see() -> object:
        clock, kept = Wall(), Kept()
        async with Client(clock, on_fetch=kept.fetched) as client:
            opening = await client.playlist(url)
            return await watch(client, clock, kept, clock.now_ns() + round(seconds * 1e9)).run(opening)

    return asyncio.run(asyncio.wait_for(see(), seconds + 30))


@pytest.fixture(scope="module")
def blocking(hostile: Hostile) -> HlsStream:
    found = watched(HlsWatch, hostile.at("good-ll"), 5.0)
    assert isinstance(found, HlsStream)
    return found


def test_every_version_of_a_blocking_playlist_is_seen_in_order(blocking: HlsStream) -> None:
    (versions,) = blocking.versions.values()
    points = [reached(version.full) for version in versions]
    assert points == sorted(points)
    assert len(points) >= 10  # five parts a second
    assert sum("_HLS_msn=" in version.fetch.url for version in versions) == len(versions) - 1


def test_parts_and_segments_are_fetched_once_each(blocking: HlsStream) -> None:
    keys = [(media.number, media.part) for media in blocking.media]
    assert len(keys) == len(set(keys))
    assert {media.fetch.status for media in blocking.media} == {200}
    newest = max(number for number, _ in keys)
    assert (newest - 1, None) in keys
    assert [part for number, part in sorted(keys, key=str) if number == newest - 1 and part is not None] == [
        0,
        1,
        2,
        3,
        4,
    ]


def test_hinted_parts_are_asked_for_before_they_are_listed(blocking: HlsStream) -> None:
    hinted = {p.fetch.url for p in blocking.probes if p.kind == "hint"}
    assert len(hinted) >= 8
    (versions,) = blocking.versions.values()
    for part in {part.uri for version in versions[1:] for part in version.full.segments[-1].parts}:
        listed_ns = next(v.fetch.done_ns for v in versions if part in {p.uri for s in v.full.segments for p in s.parts})
        asked_ns = [fetch.asked_ns for fetch in blocking.fetches if fetch.url.endswith(part) and fetch.url in hinted]
        assert not asked_ns or min(asked_ns) < listed_ns


def test_each_question_is_asked(blocking: HlsStream) -> None:
    kinds = {p.kind for p in blocking.probes}
    assert kinds >= {*BLOCKING, "plain", "gzip", "cors", "head", "range", "cmcd", "cmcd-bad", "unknown", "hint"}


def test_media_bodies_are_kept_and_fetches_are_without(blocking: HlsStream) -> None:
    assert all(media.fetch.body for media in blocking.media)
    assert not any(fetch.body for fetch in blocking.fetches if fetch.url.endswith(".m4s"))


def test_a_dash_stream_is_followed_on_its_schedule(hostile: Hostile) -> None:
    found = watched(DashWatch, hostile.at("mpd-good"), 3.2)
    assert isinstance(found, DashStream)
    assert len(found.manifests) >= 3
    numbers = [media.number for media in found.media]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert len(numbers) >= 4
    due = [p for p in found.probes if p.kind == "segment"]
    assert all(p.fetch.asked_ns >= p.due_ns for p in due)
    assert {"mpd", "cors", "utc", "range", "far-future"} <= {p.kind for p in found.probes}


def test_a_plain_stream_is_judged_as_one(plain: Outcome) -> None:
    assert plain.kind == "hls"
    assert plain.failed == ()
    assert "hls.extinf" in plain.judged
    assert not any(rule.startswith(("ll-hls.", "dash.")) for rule in plain.judged)
    assert plain.seen["playlists"] >= 2
    assert plain.seen["media"] >= 3


def test_what_is_not_offered_is_not_judged_and_why_is_told(plain: Outcome) -> None:
    reasons = dict(plain.not_judged)
    assert reasons["hls.delta-update"] == "delta updates are not offered"
    assert "hls.delta-update" not in plain.judged


def test_the_document_has_the_keys_that_scripts_rely_on(plain: Outcome) -> None:
    document = plain.to_json()
    assert document.keys() >= {
        "url",
        "kind",
        "seconds",
        "findings",
        "must",
        "should",
        "judged",
        "not_judged",
        "fetches",
    }
    for finding in document["findings"]:
        assert finding.keys() >= {"rule", "level", "clause", "where", "seen", "expected"}
    assert document["must"] == sum(finding["level"] == "MUST" for finding in document["findings"])


def test_progress_is_told_while_watching(hostile: Hostile) -> None:
    heard: list[Progress] = []
    check(hostile.at("good"), 1.0, heard.append)
    assert 2 <= len(heard) <= 6
    assert [one.elapsed_s for one in heard] == sorted(one.elapsed_s for one in heard)


def test_headers_go_with_every_request(hostile: Hostile) -> None:
    with pytest.raises(Misconfigured, match="--header"):
        check(hostile.at("good"), 1.0, headers=["no colon"])


@pytest.mark.parametrize("url", ["ftp://a/b", "index.m3u8", "http://", "http://[::1/x", "http://a:99999/"])
def test_a_url_that_cannot_be_one_is_refused(url: str) -> None:
    with pytest.raises(Misconfigured, match="is not an http:// or https:// address"):
        check(url)


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_a_time_that_cannot_be_one_is_refused(seconds: float) -> None:
    with pytest.raises(Misconfigured, match="--seconds"):
        check("http://127.0.0.1:9/", seconds)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("html", "neither an HLS playlist nor a DASH manifest: it begins with '<!doctype html>"),
        ("empty", "it is empty"),
        ("status-404", "it answers 404"),
        ("close-in-body", "ended before it should"),
    ],
)
def test_what_is_no_stream_is_one_sentence(hostile: Hostile, name: str, says: str) -> None:
    with pytest.raises(RingsideError, match=says) as raised:
        check(hostile.at(name), 1.0)
    assert raised.value.exit_status == 1


def test_a_judge_that_fails_is_told_and_never_passes_silently(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(stream: HlsStream) -> list[object]:
        raise KeyError("oops")

    modules = [SimpleNamespace(__name__="ringside.prove.check.odd", JUDGES=(broken,))]
    monkeypatch.setattr(run, "load", lambda names: modules)
    outcome = judge("http://a/", asked(), Kept(), 3.0)
    assert outcome.exit_status == 1
    assert outcome.failed == ("odd.broken: KeyError: 'oops'",)
    assert any("odd.broken" in what for what, _ in outcome.not_judged)


def test_a_stream_of_which_nothing_was_seen_is_no_clean_one() -> None:
    outcome = judge("http://a/", replace(asked(), versions={}), Kept(), 3.0)
    assert [finding.rule.id for finding in outcome.findings] == ["http.manifest-is-there"]
    assert outcome.exit_status == 1


def test_a_should_alone_is_no_reason_to_fail() -> None:
    outcome = Outcome("http://a/", "hls", 3.0, (RULES["http.cors"].broken("a", "nothing", "a star"),), (), ())
    assert (outcome.must, outcome.should, outcome.exit_status) == (0, 1, 0)


def test_a_stream_without_media_is_told_as_such_and_is_no_clean_one(hostile: Hostile) -> None:
    outcome = check(hostile.at("mpd-start-future"), 1.0)
    assert outcome.must == 0
    assert outcome.unwatched == "nothing was listed that could be fetched by now"
    assert outcome.exit_status == 1
    assert check(hostile.at("mpd-number-enormous"), 1.0).unwatched.startswith("SegmentTemplate")


def test_a_timeline_without_end_is_not_fetched_without_end(hostile: Hostile) -> None:
    before = hostile.asked["good"]
    check(hostile.at("mpd-timeline-open"), 2.0)
    assert hostile.asked["good"] - before < 40


def test_every_module_that_judges_is_in_the_table() -> None:
    known = {judge for module in run.load() for judge in module.JUDGES}
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        module = import_module(info.name)
        missing = [judge.__name__ for judge in getattr(module, "JUDGES", ()) if judge not in known]
        assert not missing, f"{info.name}: {missing}"


def test_no_judge_is_called_twice() -> None:
    for names in ((*run.BOTH, *run.HLS), (*run.BOTH, *run.DASH)):
        judges = [judge for module in run.load(names) for judge in module.JUDGES]
        assert len(judges) == len(set(judges))


def test_every_rule_that_needs_a_probe_exists() -> None:
    for module in run.load():
        assert set(getattr(module, "ASKED_BY", {})) <= set(RULES)
