"""`ringside check` on our own event: nothing to find, in HLS and in DASH."""

import pytest

from ringside.prove.check.run import check
from tests.e2e.conftest import Running

NOT_SEEN = {"ll-hls.after-endlist", "hls.skip-not-offered", "hls.removed-segment-stays"}
"""Rules about the end, about servers that offer less, and about what a young event has not removed yet."""


@pytest.mark.parametrize(("manifest", "kind"), [("index.m3u8", "ll-hls"), ("index.mpd", "ll-dash")])
def test_our_own_event_keeps_every_rule(testcard: Running, manifest: str, kind: str) -> None:
    outcome = check(f"{testcard.url}/live/main/{manifest}", 12)
    assert outcome.kind == kind
    assert [finding.to_json() for finding in outcome.findings] == []
    assert outcome.failed == ()
    assert {what for what, _ in outcome.not_judged if "." in what} <= NOT_SEEN
    assert len(outcome.judged) > 90
