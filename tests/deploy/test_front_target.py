"""The target latency behind the caches of deploy/: who is held for the next one hears of it before it begins."""

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.deploy.folders import open_folder
from tests.deploy.fronts import Front, nginx, varnish
from tests.e2e.conftest import Running, get, until

pytestmark = pytest.mark.peer
FRONTS = (varnish, nginx)
VIEWERS = 8
EARLY_S = 0.5  # a player that is told so soon that there is no news waits a while, as ours does


@pytest.fixture(scope="module")
def fronts(event: Running) -> Iterator[list[Front]]:
    """Both at once: to be held takes its time."""
    with ExitStack() as stack:
        yield [stack.enter_context(front(stack.enter_context(open_folder()), event.port)) for front in FRONTS]


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
    fronts: list[Front], event: Running
) -> None:
    following = [json.loads(get(f"{front.url}/live/main/target.json"))["next"] for front in fronts]
    assert following[0] == following[1]
    viewers = fronts * VIEWERS
    with ThreadPoolExecutor(len(viewers)) as pool:
        all_holds: list[list[float]] = [[] for _ in viewers]
        players = [
            pool.submit(player, front, following[0], holds) for front, holds in zip(viewers, all_holds, strict=True)
        ]
        until(lambda: all(all_holds) and event.status()["edge"]["held"], "the first hold ends, and another begins")
        command = [sys.executable, "-m", "ringside", "target", "1.5", "--port", str(event.port)]
        subprocess.run(command, check=True, capture_output=True, timeout=20)
        heard = [player.result() for player in players]
    for holds, (body, came_s) in zip(all_holds, heard, strict=True):
        told = json.loads(body)
        assert told["target_ms"] == 1500
        assert came_s < told["at_ms"] / 1000
        assert holds[0] > 14
        assert len(holds) > 1
