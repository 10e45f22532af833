"""The origin process: ingest, window and manifests, wired to the hub that feeds the edge workers.

It also gathers what every process tells of itself into `/status.json` and `/metrics`, once a second.
"""

import asyncio
import gc
import os
import signal
import socket
import time
from pathlib import Path
from typing import Any

import uvloop

from ringside.cli.about import About
from ringside.cli.children.channel import Channel
from ringside.cli.children.keeping import Keeping
from ringside.cli.children.render import Manifests, part_hold_back_s
from ringside.cli.children.status import Gathering
from ringside.core.ends import first, signalled
from ringside.core.errors import RingsideError
from ringside.core.feed import Message
from ringside.core.telemetry import Metrics, Rates
from ringside.flow import origin
from ringside.flow.origin import archive
from ringside.flow.origin.aio import IngestServer
from ringside.flow.origin.archive.keeper import Keeper
from ringside.flow.origin.archive.scribe import Scribe
from ringside.flow.origin.archive.sessions import written_by_us
from ringside.flow.origin.archive.spool import About as SpoolAbout
from ringside.flow.relay import feed

STATUS_S = 1.0
TAKEN_UP_S = 0.06  # until the workers have found the hub of an origin that was started again


class Process:
    """Everything the origin process holds."""

    def __init__(self, channel: Channel) -> None:
        config = channel.config
        about, settings = About.model_validate(config["about"]), origin.Config.model_validate(config["origin"])
        self.clock = channel.clock()
        self.channel = channel
        self.gathering = Gathering(about.name, self.clock)
        self.metrics = Metrics()
        began = origin.begun(about.target_s, self.clock.now_ns())
        schedule = origin.Schedule.of(config["target"]) if config.get("target") else began
        self.board = origin.Board(about.name, schedule)
        hold_back_s = settings.part_hold_back_s or part_hold_back_s(about.target_s, about.timeline)
        target_at = lambda now_ns: self.board.schedule.at(now_ns)  # noqa: E731
        manifests = Manifests(about.timeline, about.title, hold_back_s, target_at)
        kept, scribe = archive.Config.model_validate(config["archive"]), Scribe()
        live = settings.model_copy(update={"dvr_s": min(settings.dvr_s, kept.memory_s)})
        self.publisher = origin.Publisher(live, about.name, about.timeline, manifests, self.metrics, scribe)
        self.orders = origin.Orders(config.get("source"))
        self.ingest = IngestServer(
            self.publisher, self.publish, self.clock, settings, self.take_studio, self.aim, self.put_on_air,
            self.gathering.note, self.want_slate,
        )  # fmt: skip
        self.hub = feed.Hub(
            config["feed"], self.clock, self.adopt, self.gathering.take_worker, self.bring,
            feed_token=settings.feed_token,
        )  # fmt: skip
        self.folder = Path(config["session"])
        session = SpoolAbout(about.name, self.folder.name, about.title, about.timeline)
        self.keeper = Keeper(
            kept, session, self.folder, self.publisher, scribe, self.tell, self.clock, settings.dvr_s
        )  # fmt: skip
        self.keeping = Keeping(self.keeper, self.hub, self.clock, settings.dvr_s)
        self.keeper.on_finished = self.keeping.renew
        self._state = "waiting"
        self._rates = Rates()

    def adopt(self, connection: socket.socket, data: bytes) -> None:
        """A worker gave a connection away: an edge elsewhere that wants the feed, or a publisher."""
        if feed.asks_for_feed(data):
            self.hub.adopt(connection, data)
        else:
            self.ingest.adopt(connection, data)

    def bring(self, path: str) -> None:
        """A worker wants what has left memory, or an event that has ended."""
        self.keeping.wanted(path)

    def publish(self, messages: list[Message]) -> None:
        """Write down what was decided, and tell it."""
        self.keeper.publish(messages)

    def tell(self, messages: list[Message]) -> None:
        """Feed the workers; tell the supervisor when the event goes on the air and when it has ended."""
        self.hub.publish(messages)
        state = "ended" if self.publisher.ended else "live" if self.publisher.on_air else "waiting"
        if state != self._state:
            self._state = state
            self.channel.report(on_air=state == "live", ended=state == "ended")
            self.gathering.note({"live": "on the air", "ended": "the event has ended"}.get(state, state))

    def order(self, order: dict[str, Any]) -> None:
        """From the supervisor: what the other processes do, and what is worth a line on the status page."""
        self.gathering.order(order)
        if "target_ms" in order:
            self.aim(order["target_ms"])
        if "source_asked" in order:
            self.channel.report(source_asked=order["source_asked"], source_answer=self._asked_for(order["source"]))

    def aim(self, to_ms: int) -> dict[str, Any]:
        """All players are to steer to `to_ms` after capture: an operator says so, or whoever sheds load. What follows.

        The supervisor is told, so that an origin that is started again goes on with it.
        """
        before, now_ns = self.board.schedule, self.clock.now_ns()
        self.hub.publish(self.board.order(to_ms, now_ns))
        if self.board.schedule is not before:
            self.gathering.note(f"the target moves from {before.at(now_ns) / 1000:.4g} s to {to_ms / 1000:.4g} s")
        self.channel.report(target=self.board.schedule.values())
        return self.board.describe(now_ns)

    def take_studio(self, status: dict[str, Any]) -> dict[str, Any]:
        """A studio's letter; what it is answered: the operator's order, if there is one."""
        self.gathering.take_studio(status)
        answer = self.orders.heard(status, self.clock.now_ns())
        if self.orders.news:
            self.gathering.note(self.orders.news)
        return answer

    def want_slate(self, tracks: list[dict[str, Any]]) -> None:
        """No studio sends anything: the supervisor is asked for the slate in these tracks; in none: one is back."""
        self.gathering.note("no studio sends: the slate is asked for" if tracks else "the slate is not needed any more")
        self.channel.report(stopgap=tracks)

    def put_on_air(self, order: dict[str, Any]) -> dict[str, Any]:
        """An operator says which input of the studios is to be on the air. What follows. Raises Refused.

        The supervisor is told: it has a studio of this machine obey at once, and an origin that is started again go on.
        """
        before = self.orders.values()
        told = self.orders.order(order, self.clock.now_ns())
        if self.orders.values() != before:
            self.gathering.note(f"the operator wants {self.orders.wanted} on the air")
        self.channel.report(source=self.orders.values())
        return told

    def _asked_for(self, source: object) -> dict[str, Any]:
        try:
            return self.orders.describe() if source is None else self.put_on_air({"source": source})
        except RingsideError as error:
            return {"refused": str(error)}

    async def account(self) -> None:
        """Say how it goes, for ever."""
        while True:
            self.publish_status()
            await asyncio.sleep(STATUS_S)

    def publish_status(self) -> None:
        """Put `/status.json`, `/metrics` and `/moq.json` out."""
        now_ns = self.clock.now_ns()
        cpu_cores = self._rates.take(now_ns, cpu_cores=time.process_time())["cpu_cores"]
        described = {**self.ingest.describe(), "cpu_cores": round(cpu_cores, 3), "pid": os.getpid()}
        described["feed"] = self.hub.describe()
        self._count_feeds(described["feed"])
        described["window_bytes"] = described["held_bytes"]
        described["window_s"] = max((row["listed_s"] for row in described["tracks"].values()), default=0)
        parts = self.gathering.parts(self.metrics)
        target = self.board.describe(now_ns)
        self.metrics.gauge("target_latency_ms", target["now_ms"])
        status = self.gathering.status(described, parts, self._state, target)
        status["archive"] = {**self.keeper.status(), "brought_back": self.keeping.describe()}
        self._count_archive(status["archive"])
        self.hub.publish(self.gathering.documents(status, self.metrics.snapshot()))

    def _count_archive(self, described: dict[str, Any]) -> None:
        self.metrics.gauge("archive_waiting_segments", described["waiting"])
        self.metrics.gauge("archive_spool_waiting_bytes", described["spool"]["waiting_bytes"])
        counted = {**described, "told_unwritten": described["spool"]["told_unwritten"]}
        for name in ("segments", "bytes", "failed", "told_unwritten"):
            self.metrics.values[self.metrics.key(f"archive_{name}_total")] = counted[name]

    def _count_feeds(self, described: dict[str, Any]) -> None:
        self.metrics.gauge("feed_connections", described["feeds"])
        self.metrics.gauge("feed_behind_bytes", described["behind_bytes"])
        for name in ("fed", "refused", "cut_off", "sent_bytes"):
            self.metrics.values[self.metrics.key(f"feed_{name}_total")] = described[name]


async def _serve(channel: Channel) -> None:
    process = Process(channel)
    terminated = signalled(signal.SIGTERM)
    lock = await written_by_us(process.folder)
    process.tell(process.keeper.begin())
    await process.hub.start()
    process.hub.publish(process.board.begin())
    process.keeping.renew()
    if process.keeper.resumed:  # what is followed is told anew before it grows on
        await asyncio.sleep(TAKEN_UP_S)
    await process.ingest.listen(sock=socket.socket(fileno=os.dup(channel.config["listen_fd"])))
    gc.collect()
    gc.freeze()  # a full collection would hold parts up for all that was imported
    channel.report(ready=True, target=process.board.schedule.values())
    try:
        await first(
            process.account(), process.keeper.run(), process.keeping.run(), channel.listen(process.order), terminated
        )
    finally:
        await process.ingest.close()
        await process.keeper.close()
        process.hub.close()
        lock.close()


def run(channel: Channel) -> None:
    """Entry point; returns when terminated or orphaned."""
    uvloop.run(_serve(channel))
