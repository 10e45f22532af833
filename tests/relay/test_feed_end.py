"""A worker's end of the hub's feed: it finds its hub again and again, and takes no nonsense from one."""

import asyncio
import os
import socket
from collections import deque
from pathlib import Path

import pytest
from edge_house import MP4, run, until

from ringside.core.feed import Appended, Beat, BrokenFeed, Closed, Frame, Message, Opened, Wanted, encode
from ringside.flow.relay.feed.end import NONE, End, Told, paired
from ringside.flow.relay.feed.link import Link


class Taker:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.links: list[Link] = []
        self.told: list[Message] = []
        self.lost = 0

    def begin(self, link: Link) -> None:
        self.links.append(link)

    def take(self, told: Told) -> None:
        for message, fd in told:
            self.told.append(message)
            if fd != NONE:
                os.close(fd)

    def lose(self) -> None:
        self.lost += 1


class FalseHub:
    """Lets workers in at `path`, and sends what it is told to."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(path))
        self._socket.listen()
        self._socket.setblocking(False)

    async def worker(self) -> socket.socket:
        return (await asyncio.wait_for(asyncio.get_running_loop().sock_accept(self._socket), 5))[0]

    def close(self) -> None:
        self._socket.close()


def test_an_end_waits_for_its_hub_and_is_fed_as_soon_as_there_is_one(tmp_path: Path) -> None:
    async def scene() -> None:
        taker = Taker()
        end = End(tmp_path / "feed", taker)
        end.start()
        assert (end.connects, taker.links) == (0, [])
        hub = FalseHub(tmp_path / "feed")
        worker = await hub.worker()
        worker.sendall(encode(Beat(1)) + encode(Closed(2)))
        await until(lambda: taker.told == [Beat(1), Closed(2)])
        assert (end.connects, len(taker.links), taker.lost) == (1, 1, 0)
        end.stop()
        worker.close()
        hub.close()

    run(scene)


@pytest.mark.parametrize(
    "nonsense",
    [b"\xff" * 100, encode(Wanted("/a")), encode(Opened("/a", 1, MP4))],
    ids=["no frame", "a worker's frame", "an object without its memory"],
)
def test_a_hub_that_talks_nonsense_is_left_and_another_is_looked_for(tmp_path: Path, nonsense: bytes) -> None:
    async def scene() -> None:
        taker, hub = Taker(), FalseHub(tmp_path / "feed")
        end = End(tmp_path / "feed", taker)
        end.start()
        first = await hub.worker()
        first.sendall(encode(Beat(1)) + nonsense)
        second = await hub.worker()
        assert (taker.lost, end.connects) == (1, 2)
        assert await asyncio.get_running_loop().sock_recv(first, 1) == b"", "it has been hung up on"
        second.sendall(encode(Beat(2)))
        await until(lambda: Beat(2) in taker.told)
        assert [link.closed for link in taker.links] == [True, False]
        end.stop()
        for worker in (first, second):
            worker.close()
        hub.close()

    run(scene)


def test_an_end_that_was_stopped_looks_for_no_hub(tmp_path: Path) -> None:
    async def scene() -> None:
        taker = Taker()
        waits, fed = End(tmp_path / "feed", taker), End(tmp_path / "other", taker)
        waits.start()
        other = FalseHub(tmp_path / "other")
        fed.start()
        for end in (waits, fed):
            end.stop()
        hub = FalseHub(tmp_path / "feed")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.get_running_loop().sock_accept(hub._socket), 0.1)
        assert (waits.connects, fed.connects, taker.lost) == (0, 1, 0)
        assert taker.links[0].closed
        hub.close()
        other.close()

    run(scene)


def test_each_descriptor_comes_with_the_message_that_brings_it() -> None:
    frames: list[Frame] = [Beat(1), Opened("/a", 1, MP4), Appended(1, 3, b"abc"), Opened("/b", 2, MP4)]
    fds = deque([7, 8])
    assert [fd for _, fd in paired(frames, fds)] == [NONE, 7, NONE, 8]
    assert not fds


def test_what_came_before_nonsense_is_told() -> None:
    told = paired([Beat(1), Opened("/a", 1, MP4)], deque())
    assert next(told) == (Beat(1), NONE)
    with pytest.raises(BrokenFeed, match="/a was opened without its memory"):
        next(told)
