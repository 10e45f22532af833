"""`ringside edge` as a person would start it: two hops, workers killed, an edge replaced, origins that go."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringside.cli import edge as verb
from ringside.core.errors import RingsideError
from tests.e2e.conftest import Running, coming, free_port, get, hint_of, light, ringside, until


def newest(edge: Running) -> int:
    return max(int(number) for number in re.findall(r'URI="(\d+)\.\d+\.m4s"', edge.playlist()))


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


@pytest.fixture(scope="module")
def edge(testcard: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An edge of the test card, for the tests that only look."""
    with ringside(tmp_path_factory.mktemp("edge"), "edge", "--origin", testcard.url, "--workers", "2") as running:
        yield running.on_air()


def there(playlist: str) -> tuple[list[str], list[str]]:
    """Its segments and its parts, but for gaps: what a busy encoder passed over is listed, and nowhere to be had."""
    entries = re.findall(r"(?:^#.*\n)*^\d+\.m4s", playlist, re.M)
    whole = [entry.rsplit("\n", 1)[-1] for entry in entries if "#EXT-X-GAP" not in entry]
    parts = [line for line in playlist.splitlines() if line.startswith("#EXT-X-PART:") and "GAP=YES" not in line]
    return whole, re.findall(r'URI="(\d+\.\d+\.m4s)"', "\n".join(parts))


def test_every_object_is_byte_for_byte_the_origin_s(testcard: Running, edge: Running) -> None:
    base = "/live/main"
    paths = [f"{base}/index.m3u8"]
    for track in ("v360", "v270", "v180", "a"):
        text = testcard.playlist(track)
        whole, parts = there(text)
        init = re.search(r'MAP:URI="([^"]+)"', text)
        assert init
        paths += [f"{base}/{track}/{name}" for name in (init[1], *whole[-2:], *parts[-3:])]
    assert len(paths) > 20
    for path in paths:
        assert get(edge.url + path) == get(testcard.url + path), path


def test_a_blocking_reload_is_held_at_the_edge_until_the_part_is_there(edge: Running) -> None:
    number, part = hint_of(edge)
    held = edge.playlist(query=f"?_HLS_msn={number}&_HLS_part={part}")
    assert f'URI="{number}.{part}.m4s"' in held.split("#EXT-X-PRELOAD-HINT")[0]


def test_a_hinted_part_is_held_at_the_edge_and_then_complete(testcard: Running, edge: Running) -> None:
    assert b"moof" in coming(edge, testcard)


def test_its_pages_and_numbers_are_its_own(testcard: Running, edge: Running) -> None:
    assert b"<video" in get(f"{edge.url}/")
    assert b"<html" in get(f"{edge.url}/status")

    def told() -> bool:
        status = edge.status()
        kinds = status["edge"]["kinds"]
        return status["state"] == "live" and kinds["playlist"]["hits"] > 0 and len(status["edge"]["workers"]) == 2

    until(told, "the edge tells of itself")
    upstream = edge.status()["upstream"]
    assert (upstream["url"], upstream["mode"], upstream["state"]) == (testcard.url, "push", "live")
    assert {row["name"] for row in edge.status()["processes"]} == {"filler", "edge-1", "edge-2"}
    metrics = get(f"{edge.url}/metrics").decode()
    for name in ('edge_hits_total{kind="playlist"', 'edge_held_total{kind="part"', "edge_upstream_requests_total"):
        assert f"ringside_{name}" in metrics
    for name in ("edge_loop_lag_ms", "edge_egress_bps", "edge_upstream_up"):
        assert f"ringside_{name}{{" in metrics


def test_an_edge_that_is_told_to_pull_serves_the_same(testcard: Running, tmp_path: Path) -> None:
    with ringside(tmp_path, "edge", "--origin", testcard.url, "--pull") as pulling:
        pulling.on_air()
        number, part = hint_of(pulling)
        held = pulling.playlist(query=f"?_HLS_msn={number}&_HLS_part={part}")
        assert f'URI="{number}.{part}.m4s"' in held.split("#EXT-X-PRELOAD-HINT")[0]
        assert b"moof" in coming(pulling, testcard)
        until(lambda: pulling.status()["upstream"]["pulls"] > 2, "pulls are counted")
        assert pulling.status()["upstream"]["mode"] == "pull"


def test_an_edge_of_an_edge_is_an_edge(testcard: Running, edge: Running, tmp_path: Path) -> None:
    with ringside(tmp_path, "edge", "--origin", edge.url) as second:
        second.on_air()
        assert b"moof" in coming(second, testcard)


def test_who_connects_while_the_only_worker_is_dead_is_answered(testcard: Running, tmp_path: Path) -> None:
    with ringside(tmp_path, "edge", "--origin", testcard.url) as running:
        running.on_air()
        worker = running.pid_of("edge-1")
        running.process.send_signal(signal.SIGSTOP)  # so that nothing is started again before we have asked
        try:
            os.kill(worker, signal.SIGKILL)
            until(lambda: gone(worker), "the worker is dead")
            with socket.create_connection(("127.0.0.1", running.port), timeout=30) as viewer:
                viewer.sendall(b"GET /live/main/v360/index.m3u8 HTTP/1.1\r\nHost: edge\r\n\r\n")
                running.process.send_signal(signal.SIGCONT)
                assert viewer.recv(12) == b"HTTP/1.1 200"
        finally:
            running.process.send_signal(signal.SIGCONT)
        until(lambda: running.pid_of("edge-1") != worker, "the worker is another one")
        log = until(lambda: [line["text"] for line in running.status()["log"]], "the page has a log")
        assert any("edge-1" in line for line in log)


def test_a_filler_that_is_killed_comes_back_and_the_event_goes_on(testcard: Running, tmp_path: Path) -> None:
    with ringside(tmp_path, "edge", "--origin", testcard.url) as running:
        running.on_air()
        filler, worker, before = running.pid_of("filler"), running.pid_of("edge-1"), newest(running)
        os.kill(filler, signal.SIGKILL)
        until(lambda: newest(running) > before + 1, "new segments come through")
        until(lambda: running.pid_of("filler") != filler, "the filler is another one")
        assert running.pid_of("edge-1") == worker


def test_an_origin_that_is_started_again_is_taken_from_again(tmp_path: Path) -> None:
    port = free_port()
    with ringside(tmp_path, "live", *light(tmp_path), port=port) as first:
        first.on_air()
        with ringside(tmp_path, "edge", "--origin", first.url) as running:
            before = newest(running.on_air())
            first.process.send_signal(signal.SIGINT)
            assert first.process.wait(15) == 0
            until(lambda: running.status()["upstream"]["state"] == "lost", "the edge knows")
            assert newest(running) >= before, "what is here is served without an origin"
            with ringside(tmp_path, "live", *light(tmp_path), port=port) as second:
                second.on_air()
                until(lambda: newest(running) > newest(second) - 2, "the edge is with the new one")
                until(lambda: running.status()["upstream"]["state"] == "live", "the edge says so")


def hold(viewer: socket.socket, path: str) -> None:
    """Ask for what is to come; returns when the edge has taken the request in."""
    viewer.sendall(b"".join(f"GET {each} HTTP/1.1\r\nHost: edge\r\n\r\n".encode() for each in ("/clock", path)))
    answer = b""
    while not answer.endswith(b"Z"):  # the first of the two is answered: the second is held
        answer += viewer.recv(65536)


class Stream:
    """Viewers that ask without a pause, on connections kept and on new ones; whatever fails is written down."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.answered = 0
        self.connections = 0
        self.failures: list[str] = []
        self.over = False

    async def keep_asking(self, keep: bool, path: str) -> None:
        """Ask for `path` until it is over; hang up when the edge says so, or after each answer where not to `keep`."""
        writer = None
        while not self.over:
            try:
                if writer is None:
                    reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    self.connections += 1
                writer.write(f"GET {path} HTTP/1.1\r\nHost: edge\r\n\r\n".encode())
                head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)).decode().lower()
                size = re.search(r"content-length: (\d+)", head)
                assert size, head
                await asyncio.wait_for(reader.readexactly(int(size[1])), 20)
                if head.split()[1] != "200":
                    self.failures.append(head)
                self.answered += 1
                if not keep or "connection: close" in head:
                    writer.close()
                    writer = None
                await asyncio.sleep(0.01)
            except (OSError, EOFError, TimeoutError) as error:
                self.failures.append(f"{path}: {type(error).__name__} {error}")
                writer = None
        if writer is not None:
            writer.close()


def test_a_takeover_under_a_steady_stream_loses_no_request(testcard: Running, tmp_path: Path) -> None:
    options = ("--origin", testcard.url, "--workers", "2")
    with ringside(tmp_path, "edge", *options) as old:
        old.on_air()

        async def scene() -> Stream:
            stream = Stream(old.port)
            base = "/live/main/v360"
            paths = [f"{base}/index.m3u8", "/live/main/index.m3u8", f"{base}/{newest(old)}.0.m4s"]
            viewers = [asyncio.create_task(stream.keep_asking(i % 3 > 0, paths[i % len(paths)])) for i in range(24)]
            viewers += [asyncio.create_task(stream.keep_asking(False, paths[0])) for _ in range(6)]
            await asyncio.sleep(0)
            with ringside(tmp_path, "edge", *options, "--takeover", port=old.port) as new:
                await asyncio.to_thread(until, lambda: old.process.poll() is not None, "the old edge has ended")
                before = stream.answered
                await asyncio.to_thread(until, lambda: stream.answered > before + 300, "the new one answers alone")
                assert "takes over from ringside edge" in new.log
                assert new.process.poll() is None
                stream.over = True
                await asyncio.gather(*viewers)
            return stream

        stream = asyncio.run(scene())
        assert stream.failures == []
        assert stream.answered > 500
        assert old.process.returncode == 0
        assert "replaced by process" in old.log


def test_a_held_request_is_answered_by_the_edge_that_goes(testcard: Running, tmp_path: Path) -> None:
    with ringside(tmp_path, "edge", "--origin", testcard.url) as running:
        running.on_air()
        number, _ = hint_of(running)
        with socket.create_connection(("127.0.0.1", running.port), timeout=30) as viewer:
            hold(viewer, f"/live/main/v360/index.m3u8?_HLS_msn={number + 1}")
            running.process.send_signal(signal.SIGTERM)
            answer = b""
            while piece := viewer.recv(65536):  # to the end of the connection
                answer += piece
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"connection: close" in answer.lower()
        assert f"\n{number + 1}.m4s".encode() in answer
        assert running.process.wait(20) == 0
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", running.port), timeout=5)


def test_ctrl_c_waits_for_nobody(testcard: Running, tmp_path: Path) -> None:
    with ringside(tmp_path, "edge", "--origin", testcard.url) as running:
        running.on_air()
        pids = [until(lambda name=name: running.pid_of(name), name) for name in ("filler", "edge-1")]
        number, _ = hint_of(running)
        with socket.create_connection(("127.0.0.1", running.port), timeout=30) as viewer:
            hold(viewer, f"/live/main/v360/index.m3u8?_HLS_msn={number + 1}")
            running.process.send_signal(signal.SIGINT)
            assert running.process.wait(20) == 0
        assert all(gone(pid) for pid in pids)
    assert "Traceback" not in running.log
    assert "was killed" not in running.log


def test_a_taken_port_says_by_whom_and_how_to_replace_it(testcard: Running, edge: Running) -> None:
    command = [sys.executable, "-m", "ringside", "edge", "--origin", testcard.url, "--host", "127.0.0.1"]
    done = subprocess.run([*command, "--port", str(edge.port)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    said = " ".join(done.stderr.split())
    assert f"taken by ringside edge (pid {edge.process.pid}); --takeover replaces it without dropping anyone" in said
    done = subprocess.run([*command, "--port", str(testcard.port)], capture_output=True, text=True, timeout=60)
    assert "is this edge itself" in done.stderr


def test_an_edge_whose_origin_is_away_takes_nothing_over(
    edge: Running, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(verb, "READY_S", 1.0)
    changes = {
        "edge": {"host": "127.0.0.1", "port": edge.port},
        "fill": {"origin": f"http://127.0.0.1:{free_port()}"},
    }
    with pytest.raises(RingsideError, match=rf"was not ready.*ringside edge \(pid {edge.process.pid}\) goes on"):
        verb.run(None, changes, verb.Wishes(takeover=True), verbose=False)
    assert edge.process.poll() is None
    assert "#EXT" in edge.playlist()


def test_a_takeover_of_a_free_port_is_an_ordinary_start(testcard: Running, tmp_path: Path) -> None:
    with ringside(tmp_path, "edge", "--origin", testcard.url, "--takeover") as running:
        running.on_air()


def test_an_edge_speaks_tls_with_the_certificate_it_is_given(testcard: Running, tmp_path: Path) -> None:
    import ssl

    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)]
    subprocess.run([*made, *names], check=True, capture_output=True)
    trusting = ssl.create_default_context(cafile=str(cert))
    with ringside(tmp_path, "edge", "--origin", testcard.url, "--tls", str(cert), str(key)) as running:

        def status() -> dict[str, object]:
            with urllib.request.urlopen(f"https://127.0.0.1:{running.port}/status.json", context=trusting) as answer:
                found: dict[str, object] = json.loads(answer.read())
            return found

        assert until(lambda: status()["state"] == "live", "the edge answers over TLS")
        assert "https://127.0.0.1" in running.log
