"""The event's target latency in real processes: ordered in two ways, heard by players who are held, by edges too."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Running, get, ringside, until
from tests.small_event import SMALL

TOKEN = "secret-1"
LATENCY = re.compile(r'<Latency referenceId="1" target="(\d+)" min="(\d+)" max="(\d+)"')
HOLD_BACK = re.compile(r"PART-HOLD-BACK=([\d.]+)")


def target(*arguments: str) -> tuple[int, str]:
    """`ringside target`: its exit status and what it says."""
    command = [sys.executable, "-m", "ringside", "target", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, env={**os.environ, "COLUMNS": "200"})
    return done.returncode, (done.stdout + done.stderr).strip()


def newest(of: Running) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(get(f"{of.url}/live/main/target.json"))
    return said


def held(of: Running, path: str) -> tuple[int, bytes, float]:
    """The answer to a request that is held: status, body, and when it came."""
    with urllib.request.urlopen(f"{of.url}/live/main/{path}", timeout=30) as response:
        return response.status, response.read(), time.time()


def is_held(of: Running, count: int = 1) -> None:
    until(lambda: of.status()["edge"]["held"] >= count, "they are held")


@pytest.fixture(scope="module")
def event(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("target")
    path = folder / "event.toml"
    path.write_text(f'{SMALL}\n[event]\ntarget_s = 1.4\n[origin]\ningest_token = "{TOKEN}"\n')
    with ringside(folder, "live", "--event", str(path)) as running:
        yield running.on_air("v180")


@pytest.fixture(scope="module")
def edges(event: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Running]]:
    """One that is fed, and one that pulls."""
    folder = tmp_path_factory.mktemp("edges")
    with (
        ringside(folder, "edge", "--origin", event.url) as fed,
        ringside(folder, "edge", "--origin", event.url, "--pull") as pulling,
    ):
        yield [fed.on_air("v180"), pulling.on_air("v180")]


def test_the_event_file_s_target_is_what_every_manifest_says(event: Running) -> None:
    assert newest(event) | {"version": 0, "next": ""} == {
        "version": 0, "from_ms": 1400, "target_ms": 1400, "at_ms": 0, "slope": 0.04, "next": "",
    }  # fmt: skip
    found = LATENCY.search(get(f"{event.url}/live/main/index.mpd").decode())
    assert found
    assert found.groups() == ("1400", "700", "3900")
    assert HOLD_BACK.findall(event.playlist("v180")) == HOLD_BACK.findall(event.playlist("a")) == ["1.1"]


def test_a_change_reaches_who_is_held_at_the_origin_and_at_edges_long_before_it_begins(
    event: Running, edges: list[Running]
) -> None:
    following = newest(event)["next"]
    assert [newest(edge)["next"] for edge in edges] == [following] * 2
    with ThreadPoolExecutor() as pool:
        waits: list[Future[tuple[int, bytes, float]]] = [pool.submit(held, each, following) for each in [event, *edges]]
        for each in [event, *edges]:
            is_held(each)
        status, said = target("1.6", "--port", str(event.port))
        assert status == 0
        assert said.startswith("the target moves from 1.40 s to 1.6 s; all players are there in ")
        for wait in waits:
            status, body, came_s = wait.result()
            told = json.loads(body)
            assert (status, told["from_ms"], told["target_ms"]) == (200, 1400, 1600)
            assert came_s < told["at_ms"] / 1000 - 0.5
    assert newest(event)["version"] == told["version"]
    until(lambda: event.status()["target"]["now_ms"] == 1600, "the target has arrived")
    assert b"ringside_target_latency_ms" in get(f"{event.url}/metrics")
    until(lambda: LATENCY.findall(get(f"{event.url}/live/main/index.mpd").decode())[0][0] == "1600", "the MPD says so")
    assert HOLD_BACK.findall(event.playlist("v180")) == ["1.1"]  # the same all through the event
    assert target("--port", str(event.port)) == (0, "the target is 1.6 s")


def test_an_order_comes_by_http_too_through_an_edge_worker_of_the_origin(event: Running) -> None:
    before = newest(event)
    status, said = target("1.9", "--to", event.url, "--token", TOKEN)
    assert status == 0
    assert re.match(r"the target (moves from .* to|is) 1\.9 s", said)
    assert newest(event)["version"] == before["version"] + 1
    assert target("--to", event.url)[1].startswith("the target ")
    status, said = target("1.9", "--to", event.url, "--token", "secret-2")
    assert (status, said) == (1, f"ringside: {event.url} refuses: publishing needs the ingest token")


def test_an_edge_says_that_the_target_is_its_origin_s(edges: list[Running]) -> None:
    status, said = target("3", "--port", str(edges[0].port))
    assert status == 1
    assert re.fullmatch(r"ringside: ringside edge \(pid \d+\) has no target of its own: its origin has one", said)
    status, said = target("3", "--to", edges[0].url, "--token", TOKEN)
    assert (status, said) == (1, f"ringside: {edges[0].url} refuses: this is an edge: publish to its origin")


def test_without_news_the_hold_ends_with_204_at_the_origin_and_at_edges(event: Running, edges: list[Running]) -> None:
    following, began_s = newest(event)["next"], time.time()
    with ThreadPoolExecutor() as pool:
        for status, body, came_s in pool.map(lambda each: held(each, following), [event, *edges]):
            assert (status, body) == (204, b"")
            assert came_s - began_s > 14.5


def test_an_origin_that_dies_comes_back_with_the_last_order_and_who_was_held_hears_the_next(event: Running) -> None:
    target("1.7", "--port", str(event.port))
    before, pid = newest(event), event.pid_of("origin")
    with ThreadPoolExecutor() as pool:
        wait = pool.submit(held, event, before["next"])
        is_held(event)
        os.kill(pid, signal.SIGKILL)
        until(lambda: event.pid_of("origin") != pid, "the origin is started again")
        assert newest(event) == before
        assert target("2.5", "--port", str(event.port))[0] == 0
        status, body, _ = wait.result()
        assert status == 200
        assert json.loads(body)["version"] == before["version"] + 1


def test_an_order_while_the_origin_is_being_started_again_is_not_lost(event: Running) -> None:
    before = newest(event)
    os.kill(event.pid_of("origin"), signal.SIGKILL)
    status, said = target("1.5", "--port", str(event.port))
    assert status == 0, said
    until(lambda: newest(event)["target_ms"] == 1500, "players hear of it")
    assert newest(event)["version"] == before["version"] + 1


def test_a_drain_does_not_wait_for_who_is_held_for_news(event: Running, tmp_path: Path) -> None:
    with ringside(tmp_path, "edge", "--origin", event.url) as edge, ThreadPoolExecutor() as pool:
        wait = pool.submit(held, edge.on_air("v180"), newest(event)["next"])
        is_held(edge)
        edge.process.terminate()
        assert wait.result()[0] == 204
        assert edge.process.wait(8) == 0
