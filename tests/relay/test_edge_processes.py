"""A hub and its workers as real processes: memory and a port shared, a worker killed."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

from edge_house import Viewer, expected, memory, playlist, run, segment, until

from ringside.core.clock import Wall
from ringside.flow.relay.feed import Hub

BIG = bytes(range(256)) * 800


WORKER = """
import sys
from ringside.core.clock import Wall
from ringside.flow.relay.edge import Asset, Config
from ringside.flow.relay.edge.worker import run_worker
page = Asset("/", b"the page", "text/html")
run_worker(Config(host="127.0.0.1", port=int(sys.argv[2])), sys.argv[1], {"/": page}, Wall(), name="edge-1",
           on_ready=lambda port: print(port, flush=True))
"""


def worker(feed: Path, port: int = 0) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen([sys.executable, "-c", WORKER, str(feed), str(port)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def test_two_processes_share_the_memory_and_the_port(tmp_path: Path) -> None:
    async def scene() -> None:
        reports: dict[int, dict[str, object]] = {}
        handed: list[tuple[socket.socket, bytes]] = []
        hub = Hub(
            tmp_path / "feed", Wall(), lambda s, data: handed.append((s, data)), lambda r: reports.update({r["pid"]: r})
        )
        await hub.start()
        hub.publish([*segment(7, BIG), playlist(7, 0, (8, 0)), expected(8, 0)])
        first, port = worker(tmp_path / "feed")
        second, _ = worker(tmp_path / "feed", port)
        try:
            await until(lambda: len(reports) == 2 and all(r["fed"] for r in reports.values()))
            viewers = [await Viewer.connect(port) for _ in range(40)]
            for viewer in viewers:
                assert (await viewer.get("/live/main/v720/7.0.m4s"))[2] == BIG
                viewer.ask("/live/main/v720/8.0.m4s")
            await until(lambda: sum(int(str(r["held"])) for r in reports.values()) == 40)
            hub.publish(segment(8, BIG[::-1]))
            for viewer in viewers:
                assert (await viewer.answer())[2] == BIG[::-1]
            assert (await viewers[0].get("/"))[2] == b"the page"
            viewers[1].send(b"POST /ingest/main/a HTTP/1.1\r\nHost: a\r\n\r\n")
            await until(lambda: handed)
            handed[0][0].send(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
            assert (await viewers[1].answer())[0] == 401
            assert len(memory(first.pid)) == len(memory(second.pid)) == 2
            assert set(memory(first.pid)) == set(memory(second.pid))
        finally:
            for process in (first, second):
                process.send_signal(signal.SIGTERM)
            assert [first.wait(5), second.wait(5)] == [0, 0]
            hub.close()
            for connection, _ in handed:
                connection.close()

    run(scene)


def test_a_killed_worker_harms_neither_the_hub_nor_its_successor(tmp_path: Path) -> None:
    async def scene() -> None:
        hub = Hub(tmp_path / "feed", Wall(), lambda *_: None, lambda _: None)
        await hub.start()
        hub.publish(segment(7, BIG))
        process, port = worker(tmp_path / "feed")
        viewer = await Viewer.connect(port)
        assert (await viewer.get("/live/main/v720/7.0.m4s"))[2] == BIG
        process.kill()
        process.wait()
        hub.publish(segment(8, b"abc"))
        process, port = worker(tmp_path / "feed", port)
        assert (await (await Viewer.connect(port)).get("/live/main/v720/8.0.m4s"))[2] == b"abc"
        process.terminate()
        assert process.wait(5) == 0
        hub.close()

    run(scene)
