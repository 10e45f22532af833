"""A real event behind each front of deploy/: judged by `ringside check`, watched by `ringside crowd`, at the same time.

What the fronts ask of the origin meanwhile is counted there. docs/in-front.md tells what is found here.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ringside.prove.check.run import Outcome, check
from tests.deploy.folders import open_folder
from tests.deploy.fronts import VARNISH_OPTIONS, Front, caddy, nginx, readme, varnish
from tests.e2e.conftest import Running, until
from tests.small_event import OVERLOADED

pytestmark = pytest.mark.peer
SECONDS = 7
VIEWERS = 40
FRONTS = {"varnish": varnish, "nginx": nginx, "caddy": caddy}
UPSTREAM = {"varnish": (0.0, 0.15), "nginx": (0.2, 0.8), "caddy": (0.9, 1.2)}
"""Requests that the origin sees for each that the front sees: joined; joined but for what is held; not joined."""
MANIFESTS = {"index.m3u8": "ll-hls", "index.mpd": "ll-dash"}


@dataclass(frozen=True)
class Evening:
    """What came of one front: outcomes by manifest, the crowd's verdict, and what the origin was asked meanwhile.

    `beside`: rules that the origin itself was seen to break in the same seconds, as it may on a machine that is busy.
    `encoder`: what the encoder had to say of such a machine.
    """

    outcomes: dict[str, Outcome]
    beside: set[str]
    verdict: dict[str, Any]
    upstream: int
    encoder: str

    @property
    def requests(self) -> int:
        """What was asked of the front."""
        return int(self.verdict["requests"]) + sum(outcome.seen["requests"] for outcome in self.outcomes.values())


def _asked(status: dict[str, Any]) -> int:
    """Requests that the origin has seen."""
    return sum(worker["requests"] for worker in status["edge"]["workers"])


def _settled(event: Running) -> dict[str, Any]:
    """The status once it tells of all until now: workers report each second, and each second it is written."""
    now_ms = event.status()["now_ms"]
    found: dict[str, Any] = until(lambda: (s := event.status())["now_ms"] >= now_ms + 2000 and s, "the status is new")
    return found


def _crowd(front: Front, folder: Path) -> "subprocess.Popen[bytes]":
    url = f"{front.url}/live/main/index.m3u8"
    whom = ["--viewers", str(VIEWERS), "--arrive", "ramp", "--over", "3", "--duration", str(SECONDS)]
    options = [*whom, "--cmcd", "1", "--query", "token=a", "--insecure"]
    command = [sys.executable, "-m", "ringside", "crowd", url, *options, "--json", str(folder / "verdict.json")]
    with (folder / "crowd.log").open("wb") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def _spend(front: Front, event: Running, folder: Path) -> Evening:
    outcomes: dict[str, Outcome] = {}

    def judge(name: str, url: str) -> None:
        outcomes[name] = check(url, SECONDS, insecure=front.tls)

    before, said = _asked(event.status()), len(event.log)
    crowd = _crowd(front, folder)
    watched = {manifest: f"{front.url}/live/main/{manifest}" for manifest in MANIFESTS}
    watched["beside"] = f"{event.url}/live/main/index.m3u8"
    threads = [threading.Thread(target=judge, args=one) for one in watched.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    crowd.wait(60)
    verdict = json.loads((folder / "verdict.json").read_text())
    beside = outcomes.pop("beside")
    upstream = _asked(_settled(event)) - before - beside.seen["requests"]
    encoder = "\n".join(line for line in event.log[said:].splitlines() if any(words in line for words in OVERLOADED))
    return Evening(outcomes, {finding.rule.id for finding in beside.findings}, verdict, upstream, encoder)


@pytest.fixture(scope="module", params=FRONTS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def evening(name: str, event: Running) -> Iterator[Evening]:
    with open_folder() as folder, FRONTS[name](folder, event.port) as front:
        yield _spend(front, event, folder)


@pytest.mark.parametrize("manifest", MANIFESTS)
def test_a_front_breaks_no_rule_that_the_origin_keeps(evening: Evening, manifest: str) -> None:
    outcome = evening.outcomes[manifest]
    if evening.encoder or outcome.seen["lag_ms"] > 100:
        pytest.skip(f"this machine is too busy: {evening.encoder or outcome.seen['lag_ms']}")
    assert outcome.kind == MANIFESTS[manifest]
    assert [finding.to_json() for finding in outcome.findings if finding.rule.id not in evening.beside] == []
    assert outcome.failed == ()
    assert len(outcome.judged) > 90


def test_a_crowd_watches_through_a_front(evening: Evening) -> None:
    verdict = evening.verdict
    assert (verdict["failures"], verdict["problems"]) == ({}, {})
    assert set(verdict["statuses"]) == {"200"}
    if evening.encoder or verdict["saturated"]:
        pytest.skip(f"this machine is too busy: {evening.encoder or verdict['saturated_because']}")
    assert verdict["joined"] == VIEWERS
    assert verdict["stalls"] == 0


def test_the_origin_is_asked_as_often_as_the_docs_say(evening: Evening, name: str) -> None:
    least, most = UPSTREAM[name]
    assert least <= evening.upstream / evening.requests <= most


def test_the_readme_gives_the_command_that_is_tested() -> None:
    assert VARNISH_OPTIONS in readme("varnish")
