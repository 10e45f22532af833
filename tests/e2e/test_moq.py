"""MoQ end to end: events published over WebTransport, taken by moq-rs' subscriber and by a real browser.

The stock relay is `moq-relay` (`make relay` builds it where there is cargo).
"""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tomllib
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from ringside.cli.moq import MISSING
from ringside.core.boxes import parse_chunk, parse_init
from ringside.core.clock import Wall
from ringside.flow.relay.moq.certificate import own
from tests.e2e import chromium
from tests.e2e.chromium import fresh_page, in_browser, plays, stats
from tests.e2e.conftest import Running, free_port, get, ringside, until
from tests.small_event import SMALL

moq = pytest.importorskip("moq", reason="moq-rs is not installed: pip install 'ringside[moq]'")

ROOT = Path(__file__).parents[2]
ONE_FRAME = "[event]\nframes_per_chunk = 1\n" + SMALL
TRACK = "v240"
SEGMENT_S = 2
RELAY = shutil.which("moq-relay") or shutil.which("moq-relay", path=str(Path.home() / ".cargo/bin"))


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An event that is published over MoQ as well, shared by the tests that only look."""
    folder = tmp_path_factory.mktemp("moq")
    with publishing(folder) as running:
        yield running


@contextmanager
def publishing(folder: Path, table: str = "", *options: str) -> Iterator[Running]:
    """`ringside live --moq`, on the air and offered; `table`: more of the event file."""
    path = folder / "moq-event.toml"
    path.write_text(ONE_FRAME + table)
    with ringside(folder, "live", "--event", str(path), "--moq", *options) as running:
        running.on_air(TRACK)
        until(lambda: offer(running), "MoQ is offered")
        yield running


def offer(running: Running) -> dict[str, Any]:
    """`/moq.json`; empty when there is none."""
    try:
        found: dict[str, Any] = json.loads(get(f"{running.url}/moq.json"))
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
        return {}
    return found


@pytest.fixture
def page() -> Iterator[Page]:
    with chromium.chromium() as browser, fresh_page(browser) as fresh:  # of its own: other tests here have a loop
        yield fresh


def opened(page: Page, running: Running) -> None:
    """The page plays by MoQ."""
    chromium.opened(page, running, "?player=moq")
    until(lambda: stats(page).get("path") == "moq", "it plays by MoQ", 40)


def groups_of(running: Running, track: str, count: int) -> list[list[bytes]]:
    """The frames of `count` groups in a row, taken by moq-rs."""

    async def take() -> list[list[bytes]]:
        said = offer(running)
        url = said["url"] or f"https://127.0.0.1:{said['port']}/"
        client = moq.Client(url, tls_fingerprints=[said["fingerprint"]], websocket_enabled=False, reconnect=False)
        async with asyncio.timeout(30), client:
            broadcast = await client.announced_broadcast(said["broadcast"])
            groups: list[list[bytes]] = []
            async for group in await broadcast.subscribe_track(track, moq.Subscription(max_age_us=2_000_000)):
                groups.append([frame.payload async for frame in group])
                if len(groups) == count:
                    return groups
        raise AssertionError("the track ended")

    return asyncio.run(take())


@pytest.mark.parametrize("track", [TRACK, "a"])
def test_the_groups_hold_the_segments_byte_for_byte_and_every_frame_is_a_chunk(live: Running, track: str) -> None:
    groups = groups_of(live, track, 12)
    header = parse_init(groups[0][0])
    segments: dict[int, list[bytes]] = {}
    number = 0
    for first, *chunks in groups:
        assert first == groups[0][0]
        for n, chunk in enumerate(chunks):
            facts = parse_chunk(chunk, header)
            assert facts.independent or n
            assert facts.prft is not None
            if facts.opens_segment:
                number = round(facts.start_ticks / header.timescale / SEGMENT_S)
            segments.setdefault(number, []).append(chunk)
    whole = sorted(segments)[1:-1]
    assert whole
    for number in whole:
        assert b"".join(segments[number]) == get(f"{live.url}/live/main/{track}/{number}.m4s"), f"segment {number}"


def test_what_is_published_is_on_the_status_page_and_in_the_metrics(live: Running) -> None:
    told = until(lambda: live.status().get("moq"), "it reports")
    assert told["tracks"] == 3
    assert told["dropped"] == told["unfit"] == 0
    assert told["ready"]
    until(lambda: b"moq_frames_total" in get(f"{live.url}/metrics"), "its metrics are told")
    assert any(row["name"] == "moq" for row in live.status()["processes"])


def test_an_edge_elsewhere_offers_no_moq_but_its_own(live: Running, tmp_path: Path) -> None:
    with ringside(tmp_path, "edge", "--origin", live.url) as plain:
        plain.on_air(TRACK)
        assert offer(plain) == {}
    with ringside(tmp_path, "edge", "--origin", live.url, "--moq") as publishes:
        publishes.on_air(TRACK)
        said = until(lambda: offer(publishes), "the edge offers MoQ")
        assert said["port"] == publishes.port
        assert said["broadcast"] == "live/main"
        assert len(groups_of(publishes, TRACK, 2)) == 2


def test_an_edge_that_is_taken_over_hands_its_udp_port_on(live: Running, tmp_path: Path) -> None:
    with ringside(tmp_path, "edge", "--origin", live.url, "--moq") as old:
        old.on_air(TRACK)
        until(lambda: offer(old), "the old edge offers MoQ")
        with ringside(tmp_path, "edge", "--origin", live.url, "--moq", "--takeover", port=old.port) as new:
            assert old.process.wait(40) == 0
            until(lambda: new.status()["moq"]["ready"], "the new one has the port")
            assert len(groups_of(new, TRACK, 2)) == 2


def test_an_edge_that_pulls_says_that_it_has_nothing_to_publish(live: Running, tmp_path: Path) -> None:
    with ringside(tmp_path, "edge", "--origin", live.url, "--moq", "--pull") as pulling:
        pulling.on_air(TRACK)
        assert "no MoQ: what is pulled has no chunks to publish" in " ".join(pulling.log.split())
        assert offer(pulling) == {}


def test_the_sentence_names_the_versions_of_the_extra() -> None:
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["moq"]
    assert all(pinned in MISSING for pinned in extra if "==" in pinned)


def test_without_the_package_one_sentence_says_how_to_install_it() -> None:
    hide = "import sys; sys.modules['moq_ffi'] = None; from ringside.cli import main; sys.argv[0] = 'ringside'; main()"
    for verb in (["live", "--moq"], ["edge", "--origin", "http://127.0.0.1:9", "--moq"]):
        command = [sys.executable, "-c", hide, *verb, "--port", str(free_port())]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 2
        said = " ".join((done.stdout + done.stderr).split())
        assert "--moq needs packages that are not installed: pip install moq-rs" in said
        assert "Traceback" not in said


@in_browser
def test_without_the_package_everything_else_works_and_the_page_takes_another_path(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "sitecustomize.py").write_text(
        "import sys; sys.modules['moq_ffi'] = sys.modules['moq'] = sys.modules['cryptography'] = None"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "hidden"), prepend=os.pathsep)
    (tmp_path / "event.toml").write_text(ONE_FRAME)
    with ringside(tmp_path, "live", "--event", str(tmp_path / "event.toml")) as running:
        running.on_air(TRACK)
        assert offer(running) == {}
        page.goto(f"{running.url}/?player=moq")
        until(lambda: stats(page).get("state") == "playing", "it plays", 40)
        assert stats(page)["path"] != "moq"
        plays(page)


def test_a_udp_port_that_is_taken_is_said_in_one_sentence() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("0.0.0.0", 0))
        number = taken.getsockname()[1]
        command = [sys.executable, "-m", "ringside", "live", "--port", str(free_port()), "--moq-port", str(number)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    said = " ".join((done.stdout + done.stderr).split())
    assert f"UDP port {number} on 0.0.0.0 cannot be opened" in said
    assert "choose another with --moq-port" in said


@in_browser
def test_the_page_plays_by_moq_and_reads_its_latency_from_the_picture(page: Page, live: Running) -> None:
    opened(page, live)
    until(lambda: stats(page).get("latency_source") == "picture", "the strip is read")
    seen = stats(page)
    assert 0 < seen["latency_ms"] < 10_000
    assert seen["path"] == "moq"
    until(lambda: live.status()["moq"]["sessions"] >= 1, "its session is counted")


@in_browser
def test_a_process_that_goes_or_is_killed_is_back_by_itself_and_so_is_the_picture(page: Page, tmp_path: Path) -> None:
    with publishing(tmp_path) as running:
        before = offer(running)
        opened(page, running)
        for times, how in ((1, signal.SIGTERM), (2, signal.SIGKILL)):
            os.kill(running.pid_of("moq"), how)
            until(lambda times=times: restarts(running, "moq") == times, "it is started again")
            until(lambda: running.status().get("moq", {}).get("sessions"), "the page has come back to it", 60)
            plays(page)  # twice within a minute is enough for the page to go another way, and to come back later
            until(lambda: stats(page)["path"] == "moq", "the page plays by it again", 90)
            assert offer(running) == before, "known by the same fingerprint"
        os.kill(running.pid_of("origin"), signal.SIGKILL)
        until(lambda: restarts(running, "origin") == 1, "the origin is started again")
        plays(page)
        until(lambda: offer(running) == before, "it is offered again")


def restarts(running: Running, name: str) -> int:
    """How often a process was started again."""
    return int(next(row["restarts"] for row in running.status()["processes"] if row["name"] == name))


@in_browser
def test_the_page_says_that_the_event_is_over(page: Page, tmp_path: Path) -> None:
    with publishing(tmp_path, "", "--duration", "10", "--linger", "30") as running:
        opened(page, running)
        until(lambda: stats(page).get("state") == "ended", "the event has ended", 60)
        assert stats(page)["path"] == "moq"


@in_browser
def test_where_nothing_answers_on_udp_the_page_plays_by_another_path(page: Page, tmp_path: Path) -> None:
    with publishing(tmp_path) as running:
        pid = running.pid_of("moq")
        os.kill(pid, signal.SIGSTOP)
        try:
            page.goto(f"{running.url}/?player=moq")
            until(lambda: stats(page).get("state") == "playing", "it plays", 40)
            assert stats(page)["path"] != "moq"
            plays(page)
        finally:
            os.kill(pid, signal.SIGCONT)


class Relay:
    """A stock relay on a port of the loopback, UDP for MoQ; it keeps its certificate when it is started again."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}/"
        self.cert, self.key, self.fingerprint, _ = own(folder, Wall().now_ns() / 1e9, 3600)
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Run it, until it answers."""
        assert RELAY is not None
        here = f"127.0.0.1:{self.port}"
        command = [
            RELAY, "--listen", here, "--listen-tls-cert", str(self.cert), "--listen-tls-key", str(self.key),
            "--web-http-listen", here, "--auth-public", "**",
        ]  # fmt: skip
        with (self._folder / "relay.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        until(lambda: get(f"http://{here}/certificate.sha256"), "the relay is there")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)

    @property
    def table(self) -> str:
        """What the event file says of it."""
        return f'\n[moq]\nfingerprint = "{self.fingerprint}"\n'


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Relay]:
    if RELAY is None:
        pytest.skip("moq-relay is not installed: make relay")
    there = Relay(tmp_path)
    yield there
    there.stop()


@pytest.mark.peer
@in_browser
def test_viewers_are_served_by_a_stock_relay_that_is_published_to(page: Page, tmp_path: Path, relay: Relay) -> None:
    relay.start()
    with publishing(tmp_path, relay.table, "--moq-relay", relay.url) as running:
        said = offer(running)
        assert (said["url"], said["fingerprint"]) == (relay.url, relay.fingerprint)
        opened(page, running)
        until(lambda: stats(page).get("latency_source") == "picture", "the strip is read")
        with ringside(tmp_path, "edge", "--origin", running.url) as edge:
            edge.on_air(TRACK)
            assert offer(edge) == said, "an address for everybody is told to edges elsewhere"


@pytest.mark.peer
def test_a_relay_that_is_gone_is_not_offered_and_published_to_again_when_it_is_back(
    tmp_path: Path, relay: Relay
) -> None:
    relay.start()
    with publishing(tmp_path, relay.table, "--moq-relay", relay.url) as running:
        relay.stop()
        until(lambda: offer(running) == {}, "it is not offered any more")
        relay.start()
        until(lambda: offer(running), "it is offered again")
        assert len(groups_of(running, TRACK, 2)) == 2
        assert running.status()["moq"]["lost"] == 1
