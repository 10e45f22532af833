"""What a watch keeps is bounded, the newest stay, and what had to go is counted."""

import pytest
from tests.check.probes import answer, probe
from tests.check.streams import plain, version

from ringside.prove.check.seen import Media
from ringside.prove.check.watch import kept as module
from ringside.prove.check.watch.kept import Kept


def test_the_newest_media_stay_within_the_bytes_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MEDIA_BYTES", 250)
    kept = Kept()
    for number in range(5):
        kept.medium(Media("v", number, None, answer(body=b"x" * 100), b""))
    assert [media.number for media in kept.media] == [3, 4]
    assert (kept.media_objects, kept.dropped["media"]) == (5, 3)


def test_the_newest_versions_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_VERSIONS", 3)
    kept = Kept()
    for first in range(5):
        kept.version(version(plain(first, 3), name="v"))
    assert [one.full.media_sequence for one in kept.versions["v"]] == [2, 3, 4]
    assert kept.dropped["versions"] == 2


def test_fetches_and_probes_are_bounded_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FETCHES", 2)
    monkeypatch.setattr(module, "MAX_PROBES", 2)
    kept = Kept()
    for number in range(4):
        kept.fetched(answer(body=b"x" * 10, path=str(number)))
        kept.probe(probe("head"))
    assert [fetch.url[-1] for fetch in kept.fetches] == ["2", "3"]
    assert (kept.requests, kept.bytes, len(kept.probes)) == (4, 40, 2)
    assert (kept.dropped["fetches"], kept.dropped["probes"]) == (2, 2)


def test_the_first_reason_for_not_asking_counts() -> None:
    kept = Kept()
    kept.not_asked("not offered", "skip", "hint")
    kept.not_asked("another", "skip")
    assert kept.unasked == {"skip": "not offered", "hint": "not offered"}
