"""The shell of a MoQ process: fed by a hub like an edge worker, it publishes what there is, and reports each second.

What enters: the hub's messages and descriptors. What leaves: frames (outlet), to viewers or a relay (serve), and
reports. It lives through the hub's death: what is published stays, and goes on where the new hub does.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvloop

from ringside.core.clock import Clock
from ringside.core.ends import first, signalled
from ringside.core.feed import Opened, Report, encode
from ringside.core.telemetry import Rates
from ringside.flow.relay.feed.end import NONE, End, Told
from ringside.flow.relay.feed.link import Link
from ringside.flow.relay.moq.config import Config
from ringside.flow.relay.moq.mapping import Mapping
from ringside.flow.relay.moq.outlet import Outlet
from ringside.flow.relay.moq.serve import Port, Uplink, Where

REPORT_S = 1.0
SOON_S = 0.1  # while there is nothing to offer yet


class Taker:
    """Takes to `outlet` what the hub at `path` tells."""

    def __init__(self, outlet: Outlet, path: str | Path) -> None:
        self._outlet = outlet
        self._end = End(path, self)
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
        self._end.start()

    def stop(self) -> None:
        """Be fed no more."""
        self._end.stop()
        self._link = None

    def report(self, values: dict[str, Any]) -> None:
        """Tell the hub; lost while there is none."""
        if self._link is not None:
            self._link.send(encode(Report(values)))

    def begin(self, link: Link) -> None:
        """There is a hub."""
        self._link = link
        self._outlet.act(self.mapping.begin())

    def lose(self) -> None:
        """It is gone; what was published stays."""
        self._link = None

    def take(self, told: Told) -> None:
        """What it tells."""
        for message, fd in told:
            if isinstance(message, Opened):
                self._outlet.hold(message.blob, fd)
            elif fd != NONE:  # pulled: no stream of ours
                os.close(fd)
            self._outlet.act(self.mapping.apply(message))
        self._outlet.act(self.mapping.flush())


class Publisher:
    """All of a MoQ process. `door` is where it is taken from: our own port, or a relay."""

    def __init__(self, config: Config, where: Where, feed_path: str | Path, clock: Clock, name: str) -> None:
        self._name = name
        self._clock = clock
        self.outlet = Outlet(config, clock)
        self.taker = Taker(self.outlet, feed_path)
        origin = self.outlet.origin
        self.door: Port | Uplink = Uplink(config, origin) if config.relay else Port(config, where, origin, clock)
        self._rates = Rates()

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
        totals = {"cpu_cores": time.process_time(), "egress_bps": 8 * door["sent_bytes"]}
        rates = self._rates.take(self._clock.now_ns(), **totals)
        return {**about, **door, **{name: round(rate, 3) for name, rate in rates.items()}}

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
