"""Check and crowd against other servers as Debian ships them: nginx-rtmp, and ffmpeg's muxers behind nginx."""

import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from bench.load.foreign import STREAMS, missing, servers

from ringside.prove.check.run import Outcome, check
from ringside.prove.crowd.arrive.tickets import tickets
from ringside.prove.crowd.plan import Plan
from ringside.prove.crowd.run import run_share

pytestmark = pytest.mark.peer
KNOWN = {
    "nginx-rtmp HLS": {"hls.discontinuity-sequence-counts", "hls.discontinuity-sequence-present"},
    "nginx-rtmp DASH": {"cmaf.continuity", "dash.timeline-media", "dash.utc-timing"},
    "ffmpeg HLS, MPEG-TS": {"hls.removed-segment-stays", "hls.ts-tables-first"},
    "ffmpeg HLS, fragmented MP4": {"hls.removed-segment-stays", "hls.version-not-higher"},
    "ffmpeg DASH": {"dash.max-segment-duration", "dash.utc-timing"},
}
"""What docs/foreign-servers.md explains. What a short watch does not see may be missing; anything else is news."""


@pytest.fixture(scope="module")
def streams() -> Iterator[dict[str, str]]:
    if why := missing():
        pytest.skip(why)
    with tempfile.TemporaryDirectory() as folder, servers(Path(folder)) as running:
        yield running


@dataclass(frozen=True)
class Seen:
    """What came of each stream, by its name."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    tallies: dict[str, dict[str, Any]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def seen(streams: dict[str, str]) -> Seen:
    """All checked, and all watched, at the same time."""
    found = Seen()

    def judge(name: str, url: str) -> None:
        found.outcomes[name] = check(url, 8.0)

    def watch(name: str, url: str) -> None:
        plan = Plan(url=url, viewers=5, duration_s=6)
        found.tallies[name] = run_share(plan, tickets(plan), lambda _: None, threading.Event())["tally"]

    threads = [threading.Thread(target=work, args=one) for work in (judge, watch) for one in streams.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    return found


@pytest.mark.parametrize("name", STREAMS)
def test_a_foreign_stream_is_judged_without_a_judge_falling_over(seen: Seen, name: str) -> None:
    outcome = seen.outcomes[name]
    assert not outcome.failed
    assert outcome.kind == ("dash" if "DASH" in name else "hls")
    assert outcome.seen["media"] > 3


@pytest.mark.parametrize("name", STREAMS)
def test_what_is_found_in_a_foreign_stream_is_explained_in_the_docs(seen: Seen, name: str) -> None:
    found = {finding.rule.id for finding in seen.outcomes[name].findings}
    assert found <= KNOWN[name]
    docs = (Path(__file__).parents[2] / "docs" / "foreign-servers.md").read_text()
    assert all(f"`{rule}`" in docs for rule in KNOWN[name])


@pytest.mark.parametrize("name", STREAMS)
def test_viewers_play_a_foreign_stream(seen: Seen, name: str) -> None:
    tally = seen.tallies[name]
    assert tally["joins"] == 5
    assert not tally["failures"]
    assert set(tally["statuses"]) == {"200"}


def test_the_command_line_judges_a_foreign_stream(streams: dict[str, str]) -> None:
    command = [sys.executable, "-m", "ringside", "check", streams["nginx-rtmp HLS"], "--seconds", "2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    assert "Traceback" not in done.stdout + done.stderr
    assert done.returncode in (0, 1)
