"""Real origins behind an edge that pulls: nginx with files, nginx-rtmp and ffmpeg, our own with low latency.

A counting relay stands before each, so that what the origin is asked is known to the request.
"""

import asyncio
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvloop
from bench.load.foreign import missing, servers
from edge_house import until
from pull_house import PullHouse, pull_house
from tests.e2e.conftest import Running, free_port, ringside
from tests.e2e.conftest import until as until_it
from tests.small_event import OVERLOADED, SMALL

from ringside.core.clock import Wall

pytestmark = pytest.mark.peer
STATIC = """
worker_processes 1; daemon off; master_process off; pid {root}/pid; error_log {root}/error; {user}
events {{ worker_connections 1024; }}
http {{
  access_log off; etag on;
  types {{ application/vnd.apple.mpegurl m3u8; video/mp4 m4s; text/html html; }}
  client_body_temp_path {root}/b; proxy_temp_path {root}/p; fastcgi_temp_path {root}/f;
  uwsgi_temp_path {root}/u; scgi_temp_path {root}/s;
  server {{ listen 127.0.0.1:{port}; root {root}/files; }}
}}
"""
LIVE = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n" + "#EXTINF:2,\n1.m4s\n" * 50
BODY = bytes(range(256)) * 2000


def run(scene: Callable[[], Awaitable[None]]) -> None:
    uvloop.run(asyncio.wait_for(scene(), 120))


@contextlib.asynccontextmanager
async def counted(port: int) -> AsyncIterator[tuple[str, Counter[str]]]:
    """A relay before `port`: its address, and how often each target was asked for."""
    counts: Counter[str] = Counter()
    ends: set[asyncio.StreamWriter] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, counting: bool) -> None:
        head = b""
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                if counting:
                    *heads, head = (head + data).split(b"\r\n\r\n")
                    counts.update(h.split(b" ", 2)[1].decode() for h in heads)
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        above, below = await asyncio.open_connection("127.0.0.1", port)
        ends.update((writer, below))
        await asyncio.gather(pump(reader, below, True), pump(above, writer, False))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", counts
    finally:
        server.close()
        for end in ends:
            end.close()


@contextlib.asynccontextmanager
async def edge_before(port: int, workers: int = 1) -> AsyncIterator[tuple[PullHouse, Counter[str]]]:
    """An edge that pulls from what listens on `port`, and the counts of what it asks for."""
    async with counted(port) as (url, counts), pull_house(url, workers, clock=Wall()) as home:
        yield home, counts


async def ringside_says(*arguments: str) -> tuple[int, dict[str, object]]:
    """A verb of ours, run beside this loop: its exit status, and its JSON."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ringside", *arguments, "--json", "-", stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await process.communicate()
    assert out, err.decode()
    return process.returncode or 0, json.loads(out)


@pytest.fixture
def static(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """nginx with a playlist and a segment: its port, and the folder of its files."""
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed: apt-get install nginx-light")
    files, port = tmp_path / "files", free_port()
    files.mkdir()
    (files / "live.m3u8").write_text(LIVE)
    (files / "1.m4s").write_bytes(BODY)
    (files / "folder").mkdir()
    conf = tmp_path / "nginx.conf"
    conf.write_text(STATIC.format(root=tmp_path, port=port, user="user root;" if os.geteuid() == 0 else ""))
    process = subprocess.Popen(["nginx", "-c", str(conf), "-e", str(tmp_path / "error")], stdin=subprocess.DEVNULL)
    try:
        until_it(lambda: (tmp_path / "pid").exists(), "nginx runs")
        yield port, files
    finally:
        process.terminate()
        process.wait(10)


def test_files_of_an_nginx_are_fetched_once_for_a_crowd_on_two_workers(static: tuple[int, Path]) -> None:
    async def scene() -> None:
        async with edge_before(static[0], workers=2) as (home, counts):
            crowd = await home.viewers(100) + await home.viewers(100, 1)
            for n, viewer in enumerate(crowd):
                viewer.ask(f"/1.m4s?CMCD=sid%3D{n}")
            for viewer in crowd:
                status, fields, body = await viewer.answer()
                assert (status, body == BODY, fields["content-type"]) == (200, True, "video/mp4")
            assert (await home.get("/1.m4s", Range="bytes=500-999"))[2] == BODY[500:1000]
            assert (await home.get("/1.m4s", "HEAD"))[1]["content-length"] == str(len(BODY))
            assert counts == {"/1.m4s": 1}

    run(scene)


def test_an_nginx_confirms_what_has_not_changed(static: tuple[int, Path]) -> None:
    async def scene() -> None:
        async with edge_before(static[0]) as (home, counts):
            assert (await home.get("/live.m3u8"))[2] == LIVE.encode()
            pulled = home.pull.describe()["pulled_bytes"]

            async def asked_again() -> None:
                while counts["/live.m3u8"] < 3:
                    assert (await home.get("/live.m3u8"))[2] == LIVE.encode()
                    await asyncio.sleep(0.1)

            await asyncio.wait_for(asked_again(), 30)
            await until(lambda: not home.pull.describe()["under_way"])
            assert home.pull.describe()["pulled_bytes"] == pulled
            assert home.pull.describe()["failures"] == 0

    run(scene)


def test_a_missing_file_and_a_redirect_of_an_nginx_come_through(static: tuple[int, Path]) -> None:
    async def scene() -> None:
        async with edge_before(static[0]) as (home, counts):
            crowd = await home.viewers(50)
            for viewer in crowd:
                viewer.ask("/missing.m4s")
            for viewer in crowd:
                status, _, body = await viewer.answer()
                assert status == 404
                assert b"nginx" in body
            status, fields, _ = await home.get("/folder")
            assert status == 301
            assert urlsplit(fields["location"]).path == "/folder/"
            assert counts == {"/missing.m4s": 1, "/folder": 1}

    run(scene)


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    if why := missing():
        pytest.skip(why)
    with servers(tmp_path_factory.mktemp("foreign")) as running:
        yield running


@pytest.mark.parametrize("name", ["nginx-rtmp HLS", "nginx-rtmp DASH", "ffmpeg HLS, fragmented MP4"])
def test_a_crowd_plays_a_foreign_stream_through_the_edge_and_each_segment_is_asked_for_once(
    foreign: dict[str, str], name: str
) -> None:
    async def scene() -> None:
        there = urlsplit(foreign[name])
        async with edge_before(int(there.port or 0)) as (home, counts):
            url = f"http://127.0.0.1:{home.edges[0].port}{there.path}"
            _, said = await ringside_says("crowd", url, "-n", "100", "-d", "8", "--cmcd", "1")
            assert said["joined"] == 100
            assert set(said["statuses"]) == {"200"}  # type: ignore[call-overload]
            media = {target: n for target, n in counts.items() if not target.endswith((".m3u8", ".mpd"))}
            assert len(media) >= 3
            assert set(media.values()) == {1}
            manifests = counts.total() - len(media)
            assert manifests <= 20  # of a hundred players in eight seconds

    run(scene)


def test_a_foreign_stream_is_judged_through_the_edge_as_it_is_without(foreign: dict[str, str]) -> None:
    async def scene() -> None:
        there = urlsplit(foreign["nginx-rtmp HLS"])
        async with edge_before(int(there.port or 0)) as (home, _):
            url = f"http://127.0.0.1:{home.edges[0].port}{there.path}"
            (_, through), (_, direct) = await asyncio.gather(
                ringside_says("check", url, "--seconds", "8"),
                ringside_says("check", foreign["nginx-rtmp HLS"], "--seconds", "8"),
            )
            assert rules(through) <= rules(direct)

    run(scene)


def rules(said: dict[str, object]) -> set[str]:
    """The rules that something breaks."""
    return set(re.findall(r'"rule": ?"([^"]+)"', json.dumps(said)))


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("live")
    (folder / "event.toml").write_text(SMALL)
    with ringside(folder, "live", "--event", str(folder / "event.toml")) as running:
        until_it(lambda: running.on_air("v180").playlist("v180").count("#EXTINF") >= 3, "three segments are complete")
        yield running


def test_a_crowd_held_on_a_low_latency_playlist_and_its_hinted_part_costs_two_requests(live: Running) -> None:
    async def scene() -> None:
        async with edge_before(live.port, workers=2) as (home, counts):
            folder = "/live/main/v180/"
            text = (await home.get(f"{folder}index.m3u8"))[2].decode()
            hint = re.search(r'PRELOAD-HINT:TYPE=PART,URI="((\d+)\.\d+\.m4s)"', text)
            assert hint
            number = int(hint[2]) + 1  # the first part of the segment after: a good while from now
            playlist, part = f"{folder}index.m3u8?_HLS_msn={number}&_HLS_part=0", f"{folder}{hint[1]}"
            await home.get(part)
            crowd = await home.viewers(150) + await home.viewers(150, 1)
            for n, viewer in enumerate(crowd):
                viewer.ask(f"{playlist}&CMCD=sid%3D{n}")
            answers = [await viewer.answer() for viewer in crowd]
            assert {status for status, _, _ in answers} == {200}
            assert len({body for _, _, body in answers}) == 1
            fresh = answers[0][2].decode()
            assert f'URI="{number}.0.m4s"' in fresh.split("#EXT-X-PRELOAD-HINT")[0]
            hint = re.search(r'PRELOAD-HINT:TYPE=PART,URI="([^"]+)"', fresh)
            assert hint
            for n, viewer in enumerate(crowd):
                viewer.ask(f"{folder}{hint[1]}?CMCD=sid%3D{n}")
            answers = [await viewer.answer() for viewer in crowd]
            assert {(status, b"moof" in body) for status, _, body in answers} == {(200, True)}
            assert len({body for _, _, body in answers}) == 1
            assert counts[playlist] == counts[f"{folder}{hint[1]}"] == counts[part] == 1
            assert not any("CMCD" in target for target in counts)

    run(scene)


def test_a_low_latency_stream_keeps_every_rule_through_an_edge_that_pulls(live: Running) -> None:
    async def scene() -> None:
        async with edge_before(live.port) as (home, _):
            url = f"http://127.0.0.1:{home.edges[0].port}/live/main/index.m3u8"
            status, found = await ringside_says("check", url, "--seconds", "8")
            if any(words in live.log for words in OVERLOADED) or found["seen"]["lag_ms"] > 100:  # type: ignore[index]
                pytest.skip(f"this machine is too busy to encode or to watch in time:\n{live.log[-500:]}")
            assert (status, rules(found)) == (0, set())

    run(scene)


def test_low_latency_players_through_an_edge_that_pulls_cost_one_request_for_each_thing(live: Running) -> None:
    async def scene() -> None:
        async with edge_before(live.port) as (home, counts):
            url = f"http://127.0.0.1:{home.edges[0].port}/live/main/index.m3u8"
            _, said = await ringside_says("crowd", url, "-n", "100", "-d", "8", "--cmcd", "1")
            assert said["joined"] == 100
            assert set(said["statuses"]) <= {"200", "206"}  # type: ignore[call-overload]
            once = {target: n for target, n in counts.items() if target.endswith(".m4s") or "_HLS_msn=" in target}
            assert len(once) >= 50
            assert set(once.values()) == {1}

    run(scene)


def test_a_segment_that_is_being_made_is_followed_through_the_edge(live: Running) -> None:
    async def scene() -> None:
        async with edge_before(live.port) as (home, counts):
            folder = "/live/main/v180/"
            text = (await home.get(f"{folder}index.m3u8"))[2].decode()
            hint = re.search(r'PRELOAD-HINT:TYPE=PART,URI="(\d+)\.(\d+)\.m4s"', text)
            assert hint
            segment = f"{folder}{int(hint[1]) + 1}.m4s"
            await home.get(f"{folder}index.m3u8?_HLS_msn={int(hint[1]) + 1}&_HLS_part=0")
            crowd = await home.viewers(50)
            for viewer in crowd:
                viewer.ask(segment)
            answers = [await viewer.answer() for viewer in crowd]
            assert {status for status, _, _ in answers} == {200}
            assert len({body for _, _, body in answers}) == 1
            assert answers[0][2].count(b"moof") > 1
            assert counts[segment] == 1

    run(scene)
