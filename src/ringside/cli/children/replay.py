"""The replay process: a session of an archive, offered to the workers of this machine."""

import asyncio
import os
import signal
from dataclasses import replace
from typing import Any

import uvloop

from ringside.cli.children.channel import Channel
from ringside.cli.children.keeping import Keeping
from ringside.cli.children.merge import upstream_metrics
from ringside.cli.children.status import Gathering
from ringside.core.ends import first, signalled
from ringside.core.media import NS_PER_S
from ringside.flow.origin.archive.reader import Kept, open_session
from ringside.flow.origin.archive.store import shown
from ringside.flow.relay import feed

STATUS_S = 1.0
MEMORY_BYTES = 512 << 20


class Process:
    """Everything the replay process holds."""

    def __init__(self, channel: Channel, recording: Kept) -> None:
        config = channel.config
        self._clock = channel.clock()
        self._recording = recording
        self._url = shown(config["archive"])
        self.gathering = Gathering(config["event"], self._clock)
        self._began_ns = self._clock.now_ns()
        self.hub = feed.Hub(
            config["feed"],
            self._clock,
            lambda connection, _: feed.refuse(connection, 403, "this is a recording: nothing is published here"),
            self.gathering.take_worker,
            lambda path: self.keeping.wanted(path),
        )
        if not recording.index.ended_ns:  # its origin is gone, or still at it: what there is now is all there is here
            recording.index = replace(recording.index, ended_ns=recording.index.until_ns or self._began_ns)
        self.keeping = Keeping(recording, self.hub, self._clock, dvr_s=0, memory=MEMORY_BYTES)

    async def serve(self, channel: Channel) -> None:
        """Until terminated or orphaned."""
        terminated = signalled(signal.SIGTERM)
        await self.hub.start()
        self.keeping.renew()
        channel.report(ready=True)
        try:
            await first(self._account(), self.keeping.run(), channel.listen(self.gathering.order), terminated)
        finally:
            self.hub.close()
            self._recording.close()

    async def _account(self) -> None:
        """Say how it goes, for ever."""
        while True:
            upstream = self._upstream()
            status = {**self.gathering.edge_status(upstream, "replay", {}), "replay": self._about()}
            self.hub.publish(self.gathering.documents(status, upstream_metrics(upstream), "replay"))
            await asyncio.sleep(STATUS_S)

    def _upstream(self) -> dict[str, Any]:
        told = self.keeping.pull.describe()
        return {"url": self._url, "mode": "archive", **told, "since_ms": self._began_ns // 10**6, "pid": os.getpid()}

    def _about(self) -> dict[str, Any]:
        index = self._recording.index
        length_s = max(0, index.until_ns - index.began_ns) / NS_PER_S
        return {
            "session": index.session,
            "title": index.title,
            "began_ms": index.began_ns // 10**6,
            "duration_s": round(length_s, 3),
            "tracks": list(self._recording.tracks()),
        }


async def _serve(channel: Channel) -> None:
    config = channel.config
    recording = await open_session(config["archive"], config["event"], config["session"])
    await Process(channel, recording).serve(channel)


def run(channel: Channel) -> None:
    """Entry point; returns when terminated or orphaned. Raises RingsideError where the archive cannot be read."""
    uvloop.run(_serve(channel))
