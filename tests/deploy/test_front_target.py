"""The target latency behind each front of deploy/: who is held for the next one hears of it before it begins."""

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.deploy.folders import open_folder
from tests.deploy.fronts import Front, nginx, varnish
from tests.e2e.conftest import Running, get, until

pytestmark = pytest.mark.peer
FRONTS = {"varnish": varnish, "nginx": nginx}
VIEWERS = 8
EARLY_S = 0.5  # a player that is told so soon that there is no news waits a while, as ours does


@pytest.fixture(scope="module", params=FRONTS)
def front(request: pytest.FixtureRequest, event: Running) -> Iterator[Front]:
    with open_folder() as folder, FRONTS[request.param](folder, event.port) as front:
        yield front


def player(front: Front, path: str, holds: list[float]) -> tuple[bytes, float]:
    """A player that wants the next target: what it heard at last, and when; `holds`: how long it was held each time."""
    while True:
        began_s = time.time()
        with urllib.request.urlopen(f"{front.url}/live/main/{path}", timeout=25) as response:
            body, now_s = response.read(), time.time()
        holds.append(now_s - began_s)
        if response.status == 200:
            return body, now_s
        assert (response.status, body) == (204, b"")
        assert len(holds) < 120, "a change is heard within a minute"
        time.sleep(EARLY_S)


def test_a_change_is_heard_before_it_begins_by_who_has_been_held_for_longer_than_a_hold(
    front: Front, event: Running
) -> None:
    following = json.loads(get(f"{front.url}/live/main/target.json"))["next"]
    before = event.status()["target"]["target_ms"]
    with ThreadPoolExecutor(VIEWERS) as pool:
        all_holds: list[list[float]] = [[] for _ in range(VIEWERS)]
        players = [pool.submit(player, front, following, holds) for holds in all_holds]
        until(lambda: all(all_holds) and event.status()["edge"]["held"], "the first hold ends, and another begins")
        seconds = "1.5" if before != 1500 else "1.2"
        command = [sys.executable, "-m", "ringside", "target", seconds, "--port", str(event.port)]
        subprocess.run(command, check=True, capture_output=True, timeout=20)
        heard = [player.result() for player in players]
    for holds, (body, came_s) in zip(all_holds, heard, strict=True):
        told = json.loads(body)
        assert told["target_ms"] == float(seconds) * 1000
        assert came_s < told["at_ms"] / 1000
        assert holds[0] > 14
        assert len(holds) > 1
