"""One process's share of a crowd, before real streams behind real servers: who came, what they felt, when they left."""

import gc
import io
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from email.utils import formatdate
from time import monotonic
from typing import Any

import pytest
from hls_origin import BASE, EPOCH, Origin
from tests.crowd.web import Asked, Conversation, Web

from ringside.core.errors import RingsideError
from ringside.prove.crowd.arrive.tickets import tickets
from ringside.prove.crowd.plan import Plan
from ringside.prove.crowd.run import run_share
from ringside.prove.crowd.tally.histogram import Histogram
from ringside.prove.crowd.tally.tally import Tally


@pytest.fixture(autouse=True)
def own_garbage() -> Iterator[None]:
    """A share sets the collector's thresholds for a process of its own."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


class Live:
    """The simulated origin's playlists and media, at the pace of real time, behind a real server."""

    def __init__(self, web: Web, origin: Origin) -> None:
        self.began_s = monotonic() - 20.0
        self._server = origin.serve()
        self.url = web.on("/live/", self._answer) + "index.m3u8"

    def _answer(self, talk: Conversation, asked: Asked) -> None:
        found = self._server.answer(BASE + asked.target.removeprefix("/live/"), monotonic() - self.began_s)
        at_s, body = found.pieces[0] if found.pieces else (0.0, b"")
        talk.closing.wait(max(0.0, self.began_s + at_s - monotonic()))
        now_s = EPOCH + monotonic() - self.began_s
        talk.answer(body, f"{found.status} -", f"Date: {formatdate(now_s, usegmt=True)}")


def share(plan: Plan, **more: Any) -> tuple[dict[str, Any], Tally, list[dict[str, Any]]]:
    """The result, its tally, and the snapshots of each second."""
    seconds: list[dict[str, Any]] = []
    stop = more.pop("stop", threading.Event())
    result = run_share(plan, tickets(plan), seconds.append, stop, **more)
    return result, Tally.from_json(result["tally"]), seconds


def test_a_low_latency_stream_is_watched_by_its_own_clock() -> None:
    """The server's clock is years from ours: its Date is what latency is counted by."""
    with Web() as web:
        live = Live(web, Origin(encode_s=0.05, hold_back_s=1.5))
        lines = io.StringIO()
        plan = Plan(url=live.url, viewers=6, duration_s=4.5, arrive="ramp", over_s=0.8)
        result, tally, seconds = share(plan, ndjson=lines)
    assert (tally.arrived, tally.joins, tally.failures, tally.leavings) == (6, 6, 0, 6)
    assert (tally.problems, tally.reasons, set(tally.statuses)) == ({}, {}, {"200"})
    assert tally.latency_sources == {"date-time": 6}
    assert tally.watched_s > 6 * 1.5
    assert tally.bytes > 6 * 2 * 100_000
    assert 3 <= len(seconds) <= 4
    assert seconds[-1]["tally"]["watched_s"] <= tally.watched_s
    latency = Histogram.from_json(result["tally"]["latency"])
    assert 500 < latency.quantile_ms(0.5) < 4000
    viewers = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert sorted(viewer["viewer"] for viewer in viewers) == list(range(6))
    for viewer in viewers:
        assert 0 <= viewer["join_s"] <= 1.5
        assert viewer["leave_s"] >= 4.4
        assert viewer["ttff_ms"] > 0
        assert (viewer["failed"], viewer["network"]) == (None, "lan")
    assert len({asked.target for asked in web.asked if "_HLS_part" in asked.target}) >= 6


def test_the_generator_says_what_it_used(small_hls: str) -> None:
    result, tally, _ = share(Plan(url=small_hls, viewers=3, duration_s=2.5))
    generator = result["generator"]
    assert 0 < generator["cpu"] < 2
    assert generator["wall_s"] == pytest.approx(2.5, abs=1.0)
    assert generator["memory_kb"] > 1000
    assert generator["out_of_descriptors"] == 0
    assert Histogram.from_json(generator["loop_lag_ms"]).quantile_ms(0.5) < 1000
    assert (tally.arrived, tally.joins, tally.failures) == (3, 3, 0)
    assert tally.connections >= 3


def test_in_a_storm_everybody_comes_back(small_hls: str) -> None:
    _, tally, _ = share(Plan(url=small_hls, viewers=4, duration_s=4.4, storm_at_s=2.0))
    assert (tally.arrived, tally.leavings, tally.failures) == (4, 4, 0)
    assert (tally.joins, tally.rejoins) == (4, 4)
    assert tally.connections >= 8


def test_when_all_have_left_it_is_over(small_hls: str) -> None:
    lines = io.StringIO()
    plan = Plan(url=small_hls, viewers=4, duration_s=30, leave="mass", leave_at_s=1.0, leave_over_s=0.3)
    began_s = monotonic()
    _, tally, _ = share(plan, ndjson=lines)
    assert monotonic() - began_s < 15
    assert tally.leavings == 4
    leaves = {ticket.index: ticket.leave_s for ticket in tickets(plan)}
    for line in map(json.loads, lines.getvalue().splitlines()):
        assert line["leave_s"] >= leaves[line["viewer"]] - 0.001


def test_it_begins_when_told_and_stops_when_told(small_hls: str) -> None:
    stop = threading.Event()
    threading.Timer(1.2, stop.set).start()
    start_s = monotonic() + 0.5
    result, tally, _ = share(Plan(url=small_hls, viewers=2, duration_s=60), stop=stop, start_at_monotonic_s=start_s)
    assert monotonic() < start_s + 15
    assert result["generator"]["wall_s"] <= monotonic() - start_s + 0.01
    assert tally.leavings == tally.arrived


def test_a_viewer_that_gives_up_is_counted_with_its_reason() -> None:
    with Web() as web:
        _, tally, _ = share(Plan(url=web.url("/nothing.m3u8"), viewers=3, duration_s=20))
    assert (tally.failures, tally.joins, tally.pictureless) == (3, 0, 3)
    assert tally.reasons == {"manifest: status 404": 3}
    assert tally.statuses == {"404": 3}


def test_a_host_that_is_none_is_said_in_a_sentence() -> None:
    with pytest.raises(RingsideError, match=r"nowhere\.invalid.* cannot be resolved"):
        share(Plan(url="http://nowhere.invalid/a.m3u8", viewers=1, duration_s=1))


def test_headers_query_and_cmcd_go_with_each_request() -> None:
    with Web() as web:
        live = Live(web, Origin(sound=False))
        more = {"headers": ("X-Token: 1", "User-Agent: me"), "query": "key=a", "cmcd": 1}
        share(Plan(url=live.url, viewers=1, duration_s=2, **more))
    assert [asked for asked in web.asked if ".m4s" in asked.target]
    for asked in web.asked:
        assert "key=a" in asked.target
        assert "CMCD=" in asked.target
        assert (asked.fields["X-Token"], asked.fields["User-Agent"]) == ("1", "me")
        assert asked.order.count("User-Agent") == 1


def test_slow_readers_read_slowly() -> None:
    with Web() as web:
        live = Live(web, Origin(sound=False, rungs={"v": 4_000_000}))
        _, tally, _ = share(Plan(url=live.url, viewers=2, duration_s=2.5, slow=1.0))
    assert tally.bytes < 2 * (200_000 / 8) * 2.5 * 1.3 + 2 * 30_000


def test_a_crowd_that_takes_every_descriptor_still_gives_its_result() -> None:
    program = (
        "import resource, socket, threading\n"
        "from ringside.prove.crowd.arrive.tickets import tickets\n"
        "from ringside.prove.crowd.plan import Plan\n"
        "from ringside.prove.crowd.run import run_share\n"
        "silent = socket.create_server(('127.0.0.1', 0), backlog=512)\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\n"
        "url = f'http://127.0.0.1:{silent.getsockname()[1]}/live.m3u8'\n"
        "plan = Plan(url=url, viewers=200, duration_s=2.5)\n"
        "result = run_share(plan, tickets(plan), lambda seen: None, threading.Event())\n"
        "print(result['generator']['out_of_descriptors'])\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 0
