"""Two machines: a feed over TLS, and real processes of which one is killed."""

import asyncio
import contextlib
import os
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from edge_house import Viewer, expected, memory, playlist, run, segment, until
from feed_house import Origin, filling, origin

from ringside.core.clock import Wall

BIG = os.urandom(200_000)
V720 = "/live/main/v720"


def certify(folder: Path) -> ssl.SSLContext:
    """A certificate for this machine, signed by itself."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-keyout", str(folder / "key"), "-out", str(folder / "cert"), "-days", "2", "-subj", "/CN=localhost"]
    more = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*command, *names, *more], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert", folder / "key")
    return context


async def tls_front(context: ssl.SSLContext, to: int) -> asyncio.Server:
    """A TLS terminator before port `to`, as a proxy or a load balancer is one."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.transport.abort()

    async def front(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_connection("127.0.0.1", to)
        await asyncio.gather(pump(reader, outer), pump(inner, writer))

    return await asyncio.start_server(front, "127.0.0.1", 0, ssl=context)


def test_a_feed_over_tls_is_taken_where_the_certificate_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = certify(tmp_path)

    async def scene() -> None:
        async with origin() as o:
            o.hub.publish(segment(7, BIG))
            server = await tls_front(context, o.port.number)
            url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            async with filling(url) as f:
                await until(lambda: f.filler.push.failures)
                assert f.ready == []
                monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert"))
                await until(lambda: f.ready == ["push"])
                await until(lambda: f.filler.hub.shelf.bytes == len(BIG))
            server.close()

    run(scene)


FILLER = """
import asyncio, sys
from ringside.core.clock import Wall
from ringside.flow.relay import fill
from ringside.flow.relay.fill.aio import run_filler

run_filler(
    fill.Config(origin=sys.argv[2]), sys.argv[1], Wall(), on_ready=lambda mode: print(mode, flush=True),
    alongside=lambda: asyncio.sleep(60), tell=lambda told: None,
)
"""
WORKER = """
import sys
from ringside.core.clock import Wall
from ringside.flow.relay.edge import Config
from ringside.flow.relay.edge.worker import run_worker
run_worker(Config(host="127.0.0.1", port=int(sys.argv[2])), sys.argv[1], {}, Wall(), name="edge",
           on_ready=lambda port: print(port, flush=True))
"""


def child(code: str, *words: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


async def elsewhere(process: "subprocess.Popen[str]") -> str:
    return await asyncio.to_thread(first_line, process)


def test_two_machines_in_real_processes_and_a_filler_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()

    async def scene() -> None:
        here = Origin(tmp_path / "here", Wall())
        await here.hub.start()
        worker = child(WORKER, tmp_path / "here" / "origin", 0)
        here.hub._on_handover = here.respond
        port = int(await elsewhere(worker))
        url = f"http://127.0.0.1:{port}"
        here.hub.publish([*segment(7, BIG), playlist(7, 0, (8, 0))])
        filler = child(FILLER, tmp_path / "far", url)
        edges: list[subprocess.Popen[str]] = []
        try:
            assert await elsewhere(filler) == "push"
            edges.append(child(WORKER, tmp_path / "far", 0))
            far = int(await elsewhere(edges[0]))
            edges.append(child(WORKER, tmp_path / "far", far))
            await elsewhere(edges[1])
            viewers = [await Viewer.connect(far) for _ in range(20)]
            for viewer in viewers:
                assert (await viewer.get(f"{V720}/7.0.m4s"))[2] == BIG
                viewer.ask("/live/main/v720/index.m3u8?_HLS_msn=8&_HLS_part=0")
            here.hub.publish([*segment(8, BIG[::-1]), playlist(8, 0, (8, 1)), expected(9, 0)])
            for viewer in viewers:
                assert (await viewer.answer())[2].startswith(b"#EXTM3U 8.0")
                assert (await viewer.get(f"{V720}/8.0.m4s"))[2] == BIG[::-1]
            assert set(memory(edges[0].pid)) == set(memory(edges[1].pid)) == set(memory(filler.pid))
            assert len(memory(filler.pid)) == 2
            filler.kill()
            filler.wait()
            assert (await viewers[0].get(f"{V720}/8.0.m4s"))[2] == BIG[::-1]
            filler = child(FILLER, tmp_path / "far", url)
            assert await elsewhere(filler) == "push"
            for viewer in viewers:
                viewer.ask(f"{V720}/9.0.m4s")
            here.hub.publish(segment(9, b"after"))
            assert {(await viewer.answer())[2] for viewer in viewers} == {b"after"}
            filler.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(filler.wait, 5) == 0
            await until(lambda: here.hub.describe()["feeds"] == 0)
        finally:
            for process in (*edges, worker, filler):
                process.kill()
                process.wait()
            here.hub.close()

    run(scene)
