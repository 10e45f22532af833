"""End: a worker's end of the hub's feed. It connects, tries again every 20 ms, and hands on what the hub tells.

What enters: where the hub is. What leaves: when there is one, messages, each with the descriptor that it brings, and
when it is lost. What a worker makes of them is its own affair: while there is no hub it goes on with what it has.
"""

import asyncio
import logging
import socket
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, get_args

from ringside.core.feed import BrokenFeed, Frame, Message, Opened, Pulled
from ringside.flow.relay.feed.link import Link

log = logging.getLogger(__name__)

RETRY_S = 0.02
DOWNWARDS = get_args(Message)

NONE = -1
Told = Iterator[tuple[Message, int]]
"""Messages, each with the descriptor that it brings (Opened, Pulled), the taker's to close or keep, or NONE."""


class Taker(Protocol):
    """Whoever is fed."""

    def begin(self, link: Link) -> None:
        """There is a hub, at the other end of `link`; it tells everything anew."""

    def take(self, told: Told) -> None:
        """What it tells. Iterating, or the taker itself, raises BrokenFeed where that is nonsense: the hub is left."""

    def lose(self) -> None:
        """The hub is gone; another is looked for."""


class End:
    """Keeps `taker` fed from the hub at `path`. `connects`: how often there was one."""

    def __init__(self, path: str | Path, taker: Taker) -> None:
        self._path = str(path)
        self._taker = taker
        self._loop = asyncio.get_running_loop()
        self._retry: asyncio.TimerHandle | None = None
        self._link: Link | None = None
        self.connects = 0

    def __repr__(self) -> str:
        return f"<End {'fed' if self._link is not None else 'not fed'}, {self.connects} connects>"

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
        self._link = Link(sock, self._take, self._lost)
        self._taker.begin(self._link)

    def stop(self) -> None:
        """Be fed no more; the taker is not told."""
        if self._retry is not None:
            self._retry.cancel()
        if self._link is not None:
            self._link.close()
            self._link = None

    def _again(self) -> None:
        self._retry = self._loop.call_later(RETRY_S, self.start)

    def _lost(self, reason: str) -> None:
        log.warning("the feed is lost (%s); going on with what there is", reason)
        self._link = None
        self._taker.lose()
        self._again()

    def _take(self, frames: list[Frame], fds: deque[int]) -> None:
        self._taker.take(paired(frames, fds))


def paired(frames: list[Frame], fds: deque[int]) -> Told:
    """Frames of a hub, each with the descriptor that it brings. Raises BrokenFeed at what no hub sends."""
    for frame in frames:
        if not isinstance(frame, DOWNWARDS):
            raise BrokenFeed("a hub sent what only a worker sends")
        if not isinstance(frame, Opened | Pulled):
            yield frame, NONE
        elif fds:
            yield frame, fds.popleft()
        else:
            raise BrokenFeed(f"{frame.path} was opened without its memory")
