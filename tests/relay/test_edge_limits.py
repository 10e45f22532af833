"""What one viewer, or many, may take of an edge: sizes, rates, time, memory, descriptors."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import textwrap
import tracemalloc
from pathlib import Path

import pytest
from edge_house import Viewer, expected, house, run, segment, until

from ringside.flow.relay.answer.request import MAX_HEAD, MAX_LINE
from ringside.flow.relay.edge import Config
from ringside.flow.relay.wire.connection import MAX_REST, READ

PART = "/live/main/v720/8.0.m4s"
BIG = bytes(range(256)) * 650  # 166,400 bytes: a part of a good rung


def limited(**fields: object) -> Config:
    return Config(host="127.0.0.1", port=0, **fields)


def head_of(size: int) -> bytes:
    """A proper head of exactly so many bytes."""
    top = b"GET /clock HTTP/1.1\r\nHost: a\r\nX: "
    return top + b"y" * (size - len(top) - 4) + b"\r\n\r\n"


@pytest.mark.parametrize(
    ("raw", "want"),
    [
        (head_of(MAX_HEAD), 200),
        (head_of(MAX_HEAD + 1), 431),
        (head_of(MAX_HEAD)[:-4] + b"y" * 4000, 431),
        (b"GET /" + b"a" * (MAX_LINE - 14) + b" HTTP/1.1\r\nHost: a\r\n\r\n", 404),
        (b"GET /" + b"a" * (MAX_LINE - 13) + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET /" + b"a" * 100_000, 414),
        (b"POST /cmcd HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n", 413),
        (b"POST /cmcd HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n", 413),
        (b"POST /cmcd HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        (b"POST /live/main/v720/7.m4s HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", 405),
        (b"PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
    ],
)
def test_sizes_have_their_bounds_and_each_its_status(raw: bytes, want: int) -> None:
    async def scene() -> None:
        async with house() as h:
            viewer = await h.viewer()
            viewer.send(raw)
            assert (await viewer.answer())[0] == want

    run(scene)


def test_endless_blank_lines_are_no_request_and_take_no_memory() -> None:
    async def scene() -> None:
        async with house() as h:
            viewer, other = await h.viewer(), await h.viewer()
            for _ in range(50):
                viewer.send(b"\r\n" * 20_000)
                await viewer.writer.drain()
                assert (await other.get("/clock"))[0] == 200
            viewer.ask("/clock")
            assert (await viewer.answer())[0] == 200
            assert all(len(c._rest) < READ for c in h.edge.connections)

    run(scene)


def test_more_requests_in_a_second_than_allowed_are_429() -> None:
    async def scene() -> None:
        async with house(limited(max_requests_per_s=20)) as h:
            await h.publish(*segment(7, b"abc"))
            fast, piped, fair = await h.viewer(), await h.viewer(), await h.viewer()
            for _ in range(20):
                assert (await fast.get("/live/main/v720/7.m4s"))[0] == 200
            status, fields, _ = await fast.get("/live/main/v720/7.m4s")
            assert (status, fields["connection"], await fast.closed()) == (429, "close", b"")
            for _ in range(40):
                piped.ask("/none")
            assert [(await piped.answer())[0] for _ in range(21)] == [404] * 20 + [429]
            assert await piped.closed() == b""
            for _ in range(3):
                for _ in range(19):
                    assert (await fair.get("/clock"))[0] == 200
                h.clock.advance_ns(1_100_000_000)
                h.edge.read_time()
            assert h.edge.too_fast == 2

    run(scene)


def test_a_full_edge_refuses_newcomers_and_takes_them_again_when_some_have_left() -> None:
    async def scene() -> None:
        async with house(limited(max_connections=3)) as h:
            kept = [await h.viewer() for _ in range(3)]
            await until(lambda: len(h.edge.connections) == 3)
            status, fields, body = await (await h.viewer()).answer()
            assert (status, fields["connection"], body) == (503, "close", b"this server is full\n")
            assert fields["retry-after"] == "1"
            crowd = [await h.viewer() for _ in range(300)]
            assert {(await viewer.answer())[0] for viewer in crowd} == {503}
            assert len(h.edge.connections) <= 3 + 128 + 1
            for viewer in [*crowd, kept.pop()]:
                viewer.close()
            await until(lambda: len(h.edge.connections) == 2)
            for viewer in [*kept, await h.viewer()]:
                assert (await viewer.get("/clock"))[0] == 200
            assert h.edge.turned_away == 301

    run(scene)


def test_what_is_read_ahead_of_a_held_answer_is_bounded() -> None:
    async def scene() -> None:
        async with house(limited(max_requests_per_s=100_000)) as h:
            await h.publish(expected(8, 0))
            viewer = socket.create_connection(("127.0.0.1", h.edge.port))
            viewer.setblocking(False)
            viewer.send(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % PART.encode())
            await until(lambda: h.edge.waiting.count == 1)
            flood, sent = b"GET /none HTTP/1.1\r\nHost: a\r\n\r\n" * 1000, 0
            for _ in range(200):
                try:
                    sent += viewer.send(flood)
                except BlockingIOError:
                    await asyncio.sleep(0.002)
            (connection,) = h.edge.connections
            assert MAX_REST < len(connection._rest) <= MAX_REST + READ
            assert sent > 4 * MAX_REST  # the rest stays in the kernel, and in the sender
            viewer.close()
            await h.publish(*segment(8, b"now", closed=False))
            await until(lambda: not h.edge.connections)

    run(scene)


def test_200_who_drip_their_heads_are_given_up_together_and_nobody_waits_for_them() -> None:
    async def scene() -> None:
        async with house() as h:
            slow = [await h.viewer() for _ in range(200)]
            good = await h.viewer()
            for byte in b"GET /clock HTTP/1.1\r\nHost":
                for viewer in slow:
                    viewer.send(bytes([byte]))
                assert (await good.get("/clock"))[0] == 200
                h.clock.advance_ns(380_000_000)
            await until(lambda: len(h.edge.partial) == 200)
            h.clock.advance_ns(1_000_000_000)
            for viewer in slow:
                assert (await viewer.answer())[0] == 408
            assert not h.edge.partial
            h.clock.advance_ns(2_100_000_000)
            await until(lambda: len(h.edge.connections) == 1)
            assert (await good.get("/clock"))[0] == 200

    run(scene)


def test_who_asks_nothing_is_let_go_after_a_while() -> None:
    async def scene() -> None:
        async with house(limited(idle_timeout_s=5)) as h:
            silent, body = await h.viewer(), await h.viewer()
            body.send(b"POST /cmcd HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\nonly so much")
            assert (await body.answer())[0] == 204
            h.clock.advance_ns(6_000_000_000)
            h.edge.read_time()
            h.edge._sweep_idle(h.edge.now_ns)
            assert await silent.closed() == await body.closed() == b""

    run(scene)


def test_500_who_never_read_are_dropped_while_50_get_every_byte_and_memory_stays() -> None:
    async def scene() -> None:
        async with house() as h:
            huge = BIG * 40
            await h.publish(*segment(7, huge, BIG))
            good = [await h.viewer() for _ in range(50)]
            slow = []
            tracemalloc.start()
            before, _ = tracemalloc.get_traced_memory()
            for _ in range(500):
                viewer = socket.socket()
                viewer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                viewer.setblocking(False)
                await asyncio.get_running_loop().sock_connect(viewer, ("127.0.0.1", h.edge.port))
                viewer.send(b"GET /live/main/v720/7.0.m4s HTTP/1.1\r\nHost: a\r\n\r\n")
                slow.append(viewer)
            await until(lambda: len(h.edge.blocked) == 500)
            used = tracemalloc.get_traced_memory()[0] - before
            tracemalloc.stop()
            assert used < 500 * 8_000, f"{used} bytes"
            for viewer in good:
                viewer.ask("/live/main/v720/7.1.m4s")
            for viewer in good:
                assert (await viewer.answer())[::2] == (200, BIG)
            h.clock.advance_ns(int((10 + len(huge) / 16_000 + 1) * 1e9))
            await until(lambda: h.edge.slow_dropped == 500 and not h.edge.blocked)
            await until(lambda: len(h.edge.connections) == 50)
            for viewer in good:
                viewer.ask("/live/main/v720/7.1.m4s")
            for viewer in good:
                assert (await viewer.answer())[::2] == (200, BIG)
            for viewer in slow:
                viewer.close()

    run(scene)


CRAMPED = """
    import asyncio, json, resource, sys
    sys.path.insert(0, {here!r})
    resource.setrlimit(resource.RLIMIT_NOFILE, (120, 120))
    from edge_house import house, run, segment
    from ringside.flow.relay.edge import Config
    from ringside.flow.relay.edge.aio import Edge

    async def scene():
        Edge._make_room = lambda edge: None  # as if viewers' descriptors were all taken by surprise
        loop, raised = asyncio.get_running_loop(), []
        loop.set_exception_handler(lambda loop, context: raised.append(str(context)))
        async with house(Config(host="127.0.0.1", port=0)) as h:
            await h.publish(*segment(7, b"abc"))
            print(h.edge.port, flush=True)
            await loop.run_in_executor(None, sys.stdin.readline)
            told = dict(refused=h.edge.no_descriptors, raised=len(raised), fed=h.feed.connects)
            print(json.dumps(told), flush=True)

    run(scene)
"""


def test_out_of_descriptors_newcomers_are_told_so_those_inside_go_on_and_it_recovers() -> None:
    async def scene() -> None:
        code = textwrap.dedent(CRAMPED.format(here=str(Path(__file__).parent)))
        worker = subprocess.Popen(  # noqa: ASYNC220
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert worker.stdout is not None
        try:
            port = int(await asyncio.to_thread(worker.stdout.readline))
            inside = [await Viewer.connect(port) for _ in range(20)]
            for viewer in inside:
                assert (await viewer.get("/live/main/v720/7.m4s"))[2] == b"abc"
            crowd = [await Viewer.connect(port) for _ in range(200)]
            refused = []
            for viewer in crowd:
                viewer.ask("/live/main/v720/7.m4s")
            for viewer in crowd:
                status, fields, _ = await viewer.answer()
                assert status in {200, 503}
                if status == 503:
                    assert fields["connection"] == "close"
                    refused.append(viewer)
            assert len(refused) > 80
            for viewer in inside:
                assert (await viewer.get("/live/main/v720/7.m4s"))[2] == b"abc"
            for viewer in crowd:
                viewer.close()
            for _ in range(10):
                while (await (await Viewer.connect(port)).get("/live/main/v720/7.m4s"))[0] != 200:
                    refused.append(crowd[0])
            told = json.loads((await asyncio.to_thread(worker.communicate, "\n"))[0])
            assert told == {"refused": len(refused), "raised": 0, "fed": 1}
        finally:
            worker.kill()
            worker.wait()

    run(scene)


def test_a_handover_without_a_descriptor_left_is_refused_and_harms_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(fd: int) -> int:
        raise OSError(24, os.strerror(24))

    async def scene() -> None:
        async with house() as h:
            publisher, viewer = await h.viewer(), await h.viewer()
            with monkeypatch.context() as patch:
                patch.setattr("ringside.flow.relay.wire.connection.os.dup", none_left)
                publisher.ask("/ingest/main/v720", "POST", Content_Length="5")
                assert (await publisher.answer())[0] == 503
            assert (await viewer.get("/clock"))[0] == 200

    run(scene)
