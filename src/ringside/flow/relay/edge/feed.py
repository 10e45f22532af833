"""Feed: a worker's end of the hub's feed. It connects, tries again every 20 ms, and takes frames to the edge.

While there is no hub the edge goes on with what it has; when it is back, everything is told anew (see store).
"""

import asyncio
import contextlib
import logging
import socket
from collections import deque
from pathlib import Path
from typing import get_args

from ringside.core.feed import Anew, Beat, BrokenFeed, Frame, Message, Opened, Pulled
from ringside.flow.relay.edge.aio import Edge
from ringside.flow.relay.feed.link import Link

log = logging.getLogger(__name__)

RETRY_S = 0.02
DOWNWARDS = get_args(Message)


class Feed:
    """Keeps `edge` fed from the hub at `path`."""

    def __init__(self, edge: Edge, path: str | Path) -> None:
        self._edge = edge
        self._path = str(path)
        self._loop = asyncio.get_running_loop()
        self._retry: asyncio.TimerHandle | None = None
        self._connected = asyncio.Event()
        self.connects = 0

    async def wait(self, seconds: float) -> None:
        """Until there has been a hub, for `seconds` at most."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._connected.wait(), seconds)

    def start(self) -> None:
        """Connect, now or as soon as there is a hub."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.setblocking(False)
        try:
            sock.connect(self._path)  # on this machine: at once or not at all
        except OSError as error:
            sock.close()
            log.debug("no hub yet: %s", error)
            self._again()
            return
        self.connects += 1
        self._connected.set()
        self._edge.store.begin()
        self._edge.feed = Link(sock, self._take, self._lost)

    def stop(self) -> None:
        """Be fed no more."""
        if self._retry is not None:
            self._retry.cancel()
        if self._edge.feed is not None:
            self._edge.feed.close()
            self._edge.feed = None

    def _again(self) -> None:
        self._retry = self._loop.call_later(RETRY_S, self.start)

    def _lost(self, reason: str) -> None:
        log.warning("the feed is lost (%s); serving what there is", reason)
        self._edge.feed = None
        self._edge.store.give_up()
        self._again()

    def _take(self, frames: list[Frame], fds: deque[int]) -> None:
        edge = self._edge
        edge.read_time()
        try:
            for frame in frames:
                self._apply(frame, fds)
        finally:
            edge.wake()

    def _apply(self, frame: Frame, fds: deque[int]) -> None:
        if not isinstance(frame, DOWNWARDS):
            raise BrokenFeed("a hub sent what only a worker sends")
        edge = self._edge
        if isinstance(frame, Anew):
            edge.store.begin()
        elif isinstance(frame, Beat):
            return
        elif not isinstance(frame, Opened | Pulled):
            edge.store.apply(frame, edge.now_ns)
        elif fds:
            edge.store.apply(frame, edge.now_ns, fds.popleft())
        else:
            raise BrokenFeed(f"{frame.path} was opened without its memory")
