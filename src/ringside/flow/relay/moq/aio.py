"""The shell of a MoQ process: fed by a hub like an edge worker, it publishes what there is, and reports each second.

What enters: the hub's messages and descriptors. What leaves: frames (outlet), to viewers or a relay (serve), and
reports. It lives through the hub's death: what is published stays, and goes on where the new hub does.
"""

import asyncio
import logging
import os
import resource
import socket
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, get_args

import uvloop

from ringside.core.clock import Clock
from ringside.core.ends import first, signalled
from ringside.core.feed import Anew, BrokenFeed, Frame, Message, Opened, Pulled, Report, encode
from ringside.flow.relay.feed.link import Link
from ringside.flow.relay.moq.config import Config
from ringside.flow.relay.moq.mapping import Mapping
from ringside.flow.relay.moq.outlet import Outlet
from ringside.flow.relay.moq.serve import Port, Uplink, Where

log = logging.getLogger(__name__)

RETRY_S = 0.02
REPORT_S = 1.0
SOON_S = 0.1  # while there is nothing to offer yet
DOWNWARDS = get_args(Message)


class Taker:
    """Keeps `outlet` fed from the hub at `path`."""

    def __init__(self, outlet: Outlet, path: str | Path) -> None:
        self._outlet = outlet
        self._path = str(path)
        self._loop = asyncio.get_running_loop()
        self._retry: asyncio.TimerHandle | None = None
        self._link: Link | None = None
        self.mapping = Mapping()

    def __repr__(self) -> str:
        return f"<Taker {'fed' if self.fed else 'not fed'} {self.mapping!r}>"

    @property
    def fed(self) -> bool:
        """Whether there is a hub."""
        return self._link is not None

    def start(self) -> None:
        """Connect, now or as soon as there is a hub."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.setblocking(False)
        try:
            sock.connect(self._path)  # on this machine: at once or not at all
        except OSError as error:
            sock.close()
            log.debug("no hub yet: %s", error)
            self._retry = self._loop.call_later(RETRY_S, self.start)
            return
        self._outlet.act(self.mapping.begin())
        self._link = Link(sock, self._take, self._lost)

    def stop(self) -> None:
        """Be fed no more."""
        if self._retry is not None:
            self._retry.cancel()
        if self._link is not None:
            self._link.close()
            self._link = None

    def report(self, values: dict[str, Any]) -> None:
        """Tell the hub; lost while there is none."""
        if self._link is not None:
            self._link.send(encode(Report(values)))

    def _lost(self, reason: str) -> None:
        log.warning("the feed is lost (%s); what was published stays", reason)
        self._link = None
        self._retry = self._loop.call_later(RETRY_S, self.start)

    def _take(self, frames: list[Frame], fds: deque[int]) -> None:
        for frame in frames:
            if not isinstance(frame, DOWNWARDS):
                raise BrokenFeed("a hub sent what only a worker sends")
            self._apply(frame, fds)
        self._outlet.act(self.mapping.flush())

    def _apply(self, message: Message, fds: deque[int]) -> None:
        if isinstance(message, Anew):
            self._outlet.act(self.mapping.begin())
            return
        if isinstance(message, Opened | Pulled):
            if not fds:
                raise BrokenFeed(f"{message.path} was opened without its memory")
            if isinstance(message, Pulled):  # no stream of ours
                os.close(fds.popleft())
                return
            self._outlet.hold(message.blob, fds.popleft())
        self._outlet.act(self.mapping.apply(message))


class Publisher:
    """All of a MoQ process. `door` is where it is taken from: our own port, or a relay."""

    def __init__(self, config: Config, where: Where, feed_path: str | Path, clock: Clock, name: str) -> None:
        self._name = name
        self._clock = clock
        self.outlet = Outlet(config, clock)
        self.taker = Taker(self.outlet, feed_path)
        origin = self.outlet.origin
        self.door: Port | Uplink = Uplink(config, origin) if config.relay else Port(config, where, origin, clock)
        self._before = (0, 0.0, 0)  # of the last report: when, seconds of processor, bytes sent

    def __repr__(self) -> str:
        return f"<Publisher {self.taker!r} {self.outlet!r} {self.door!r}>"

    def report(self) -> dict[str, Any]:
        """What it tells of itself: the fields of `/moq.json`, and counters since it began. JSON-ready."""
        outlet, mapping = self.outlet, self.taker.mapping
        about = {
            "name": self._name, "pid": os.getpid(), "fed": self.taker.fed, "broadcast": outlet.broadcast,
            "tracks": outlet.tracks, "groups": outlet.groups, "frames": outlet.frames, "bytes": outlet.bytes,
            "dropped": outlet.dropped, "late": mapping.late, "unfit": mapping.unfit,
        }  # fmt: skip
        door = self.door.describe()
        return {**about, **door, **self._rates(int(door["sent_bytes"]))}

    async def run(self) -> None:
        """Publish until cancelled."""
        self.taker.start()
        try:
            await first(self.door.run(), self._account())
        finally:
            self.taker.stop()
            self.outlet.close()

    async def _account(self) -> None:
        while True:
            self.taker.report({"moq": self.report()})
            await asyncio.sleep(REPORT_S if self.door.ready and self.outlet.broadcast else SOON_S)

    def _rates(self, sent: int) -> dict[str, float]:
        """Processor cores used, and bits sent each second, since the report before."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        now = (self._clock.now_ns(), usage.ru_utime + usage.ru_stime, sent)
        (before_ns, spent_s, sent_before), self._before = self._before, now
        seconds = (now[0] - before_ns) / 1e9 if before_ns else 0.0
        if seconds <= 0:
            return {"cpu_cores": 0.0, "egress_bps": 0.0}
        cores, bits = (now[1] - spent_s) / seconds, max(0, sent - sent_before) * 8 / seconds
        return {"cpu_cores": round(cores, 3), "egress_bps": round(bits)}


def run_publisher(
    config: Config,
    where: Where,
    feed_path: str | Path,
    clock: Clock,
    *,
    name: str = "moq",
    on_ready: Callable[[], None] = lambda: None,
    alongside: Callable[[], Awaitable[None]],
) -> None:
    """Publish what the hub at `feed_path` tells, until `alongside()` ends, or SIGTERM or SIGINT."""

    async def serve() -> None:
        publisher, asked = Publisher(config, where, feed_path, clock, name), signalled()
        on_ready()
        await first(publisher.run(), alongside(), asked)

    uvloop.run(serve())
