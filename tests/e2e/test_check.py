"""`ringside check` on our own event: nothing to find, in HLS and in DASH. A small event, for machines that are busy."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ringside.prove.check.run import check
from tests.e2e.conftest import Running, ringside, until
from tests.small_event import OVERLOADED, SMALL

NOT_SEEN = {"ll-hls.after-endlist", "hls.skip-not-offered", "hls.removed-segment-stays"}
"""Rules about the end, about servers that offer less, and about what a young event has not removed yet."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("small")
    (folder / "event.toml").write_text(SMALL)
    with ringside(Path(folder), "live", "--event", str(folder / "event.toml")) as running:
        until(lambda: running.on_air("v180").playlist("v180").count("#EXTINF") >= 3, "three segments are complete")
        yield running


@pytest.mark.parametrize(("manifest", "kind"), [("index.m3u8", "ll-hls"), ("index.mpd", "ll-dash")])
def test_our_own_event_keeps_every_rule(small: Running, manifest: str, kind: str) -> None:
    outcome = check(f"{small.url}/live/main/{manifest}", 10)
    if any(words in small.log for words in OVERLOADED) or outcome.seen["lag_ms"] > 100:
        pytest.skip(f"this machine is too busy to encode or to watch in time:\n{small.log[-500:]}")
    assert outcome.kind == kind
    assert [finding.to_json() for finding in outcome.findings] == []
    assert outcome.failed == ()
    assert {what for what, _ in outcome.not_judged if "." in what} <= NOT_SEEN
    assert len(outcome.judged) > 90
