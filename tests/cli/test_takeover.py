"""The control socket: who has the port, its listening sockets handed over, and nothing for strangers or nonsense."""

import asyncio
import os
import socket
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ringside.cli.ports import open_public
from ringside.cli.takeover import Control, Holder, Running, control_path
from ringside.core.errors import RingsideError

Scene = Callable[["Desk"], Awaitable[None]]


class Desk:
    """A supervisor's end, and what it was told."""

    def __init__(self, count: int) -> None:
        self.listeners = open_public("127.0.0.1", 0, count)
        self.port: int = self.listeners[0].getsockname()[1]
        self.drained: list[int] = []
        self.control = Control(Holder(os.getpid(), "edge", count), self.port, self.listeners, self.drained.append)


@pytest.fixture(autouse=True)
def runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


@asynccontextmanager
async def desk(count: int = 2) -> AsyncIterator[Desk]:
    fresh = Desk(count)
    fresh.control.open()
    try:
        yield fresh
    finally:
        fresh.control.close()
        for listener in fresh.listeners:
            listener.close()


@pytest.fixture
def closing() -> Iterator[list[socket.socket]]:
    sockets: list[socket.socket] = []
    yield sockets
    for sock in sockets:
        sock.close()


def play(scene: Scene, count: int = 2) -> None:
    async def whole() -> None:
        async with asyncio.timeout(20):
            async with desk(count) as fresh:
                await scene(fresh)

    asyncio.run(whole())


def test_the_socket_is_named_by_user_and_port_and_for_its_user_alone() -> None:
    async def scene(fresh: Desk) -> None:
        path = control_path(fresh.port)
        assert path.name == f"ringside-{os.getuid()}-{fresh.port}.sock"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    play(scene)


def test_who_has_the_port_is_told() -> None:
    async def scene(fresh: Desk) -> None:
        running = await asyncio.to_thread(Running.at, fresh.port)
        assert running is not None
        assert str(running.holder) == f"ringside edge (pid {os.getpid()})"
        assert running.holder.workers == 2
        running.close()

    play(scene)


@pytest.mark.parametrize("count", [1, 3, 150])
def test_every_listening_socket_is_handed_over(count: int, closing: list[socket.socket]) -> None:
    async def scene(fresh: Desk) -> None:
        running = await asyncio.to_thread(Running.at, fresh.port)
        assert running is not None
        closing.extend(await asyncio.to_thread(running.listeners))
        running.close()
        ours, theirs = ([s.fileno() for s in sockets] for sockets in (closing, fresh.listeners))
        assert [os.fstat(fd).st_ino for fd in ours] == [os.fstat(fd).st_ino for fd in theirs]

    play(scene, count)


def test_who_came_before_the_takeover_is_let_in_after_it(closing: list[socket.socket]) -> None:
    async def scene(fresh: Desk) -> None:
        viewer = socket.create_connection(("127.0.0.1", fresh.port))
        running = await asyncio.to_thread(Running.at, fresh.port)
        assert running is not None
        closing.extend([viewer, *await asyncio.to_thread(running.listeners)])
        for listener in fresh.listeners:
            listener.close()
        accepted, _ = closing[1].accept()
        accepted.sendall(b"here")
        assert await asyncio.to_thread(viewer.recv, 4) == b"here"
        accepted.close()
        running.close()

    play(scene, 1)


def test_the_old_one_is_told_to_drain_and_by_whom() -> None:
    async def scene(fresh: Desk) -> None:
        running = await asyncio.to_thread(Running.at, fresh.port)
        assert running is not None
        assert fresh.drained == []
        await asyncio.to_thread(running.drain)
        assert fresh.drained == [os.getpid()]
        running.close()

    play(scene)


def test_a_new_one_that_gives_up_leaves_the_old_one_as_it_was() -> None:
    async def scene(fresh: Desk) -> None:
        running = await asyncio.to_thread(Running.at, fresh.port)
        assert running is not None
        for listener in await asyncio.to_thread(running.listeners):
            listener.close()
        running.close()
        assert fresh.drained == []
        again = await asyncio.to_thread(Running.at, fresh.port)
        assert again is not None
        again.close()

    play(scene)


@pytest.mark.parametrize("nonsense", [b"\n", b"[]\n", b"{}\n", b"\xff\xfe\n", b'{"ask": 7}\n', b"x" * 5000], ids=repr)
def test_nonsense_harms_nobody(nonsense: bytes) -> None:
    async def scene(fresh: Desk) -> None:
        with socket.socket(socket.AF_UNIX) as stranger:
            stranger.connect(str(control_path(fresh.port)))
            stranger.sendall(nonsense)
            running = await asyncio.to_thread(Running.at, fresh.port)
            assert running is not None
            running.close()

    play(scene)


def test_more_askers_than_there_are_supervisors_are_turned_away() -> None:
    async def scene(fresh: Desk) -> None:
        strangers = [socket.socket(socket.AF_UNIX) for _ in range(8)]
        for stranger in strangers:
            stranger.connect(str(control_path(fresh.port)))
        await asyncio.sleep(0)
        assert await asyncio.to_thread(Running.at, fresh.port) is None
        for stranger in strangers:
            stranger.close()

    play(scene)


def test_nobody_answers_for_a_free_port() -> None:
    assert Running.at(1) is None


def test_what_a_dead_supervisor_left_is_replaced() -> None:
    async def scene() -> None:
        fresh = Desk(1)
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(control_path(fresh.port)))
        fresh.control.open()
        running = await asyncio.to_thread(Running.at, fresh.port)
        assert running is not None
        running.close()
        fresh.control.close()
        assert not control_path(fresh.port).exists()
        fresh.listeners[0].close()

    asyncio.run(scene())


def test_an_old_one_that_goes_leaves_its_successor_s_socket() -> None:
    async def scene(fresh: Desk) -> None:
        successor = Control(Holder(7, "edge", 2), fresh.port, fresh.listeners, fresh.drained.append)
        successor.open(replacing=True)
        fresh.control.close()
        running = await asyncio.to_thread(Running.at, fresh.port)
        assert running is not None
        assert running.holder.pid == 7
        running.close()
        successor.close()

    play(scene)


def test_one_that_hangs_up_gives_a_sentence() -> None:
    async def scene(fresh: Desk) -> None:
        running = await asyncio.to_thread(Running.at, fresh.port)
        assert running is not None
        fresh.control.close()
        with pytest.raises(RingsideError, match=r"hung up|does not answer"):
            await asyncio.to_thread(running.drain)
        running.close()

    play(scene)
