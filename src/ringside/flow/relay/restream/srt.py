"""Srt: an SRT listener as a far end, called by us; messages of seven TS packets.

libsrt's sockets never block here, so the loop needs no thread: a call is looked at until it has come to its end, and
who finds no room waits a moment.
"""

import asyncio
import socket
from collections.abc import Sequence
from typing import Any

from ringside.core.srt import Lost, NoSrt
from ringside.core.srt.socket import Socket, Srt
from ringside.flow.relay.restream.outlet import Broken, Tag
from ringside.flow.relay.restream.target import Target

LOOK_S = 0.02
WATCH_S = 1.0
ROOM_S = 0.005
STALLED_S = 5.0


class SrtOutlet:
    """One connection."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._socket: Socket | None = None
        self._status: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"<SrtOutlet {self._target.name}>"

    async def open(self) -> None:
        """Call."""
        target = self._target
        try:
            found = await asyncio.get_running_loop().getaddrinfo(target.host, target.port, type=socket.SOCK_DGRAM)
            caller = self._socket = Srt.load().connect(str(found[0][4][0]), target.port, target.options)
        except OSError:
            raise Broken("its name is not known") from None
        except (Lost, NoSrt) as error:
            raise Broken(str(error)) from None
        while caller.calling:  # noqa: ASYNC110 - libsrt has no descriptor to wait for
            await asyncio.sleep(LOOK_S)
        if not caller.connected:
            raise Broken(caller.rejected)

    async def watch(self) -> None:
        """Look at it once a second."""
        while self._socket is not None:
            if not self._socket.connected:
                raise Broken("the connection was lost")
            if (stats := self._socket.stats()) is not None:
                self._status = {"rtt_ms": stats.rtt_ms, "lost": stats.lost, "given_up": stats.send_dropped}
            await asyncio.sleep(WATCH_S)

    async def send(self, tags: Sequence[Tag]) -> int:
        """Each as a message."""
        for tag in tags:
            await self._message(tag.body)
        return sum(len(tag.body) for tag in tags)

    def status(self) -> dict[str, Any]:
        """Of the line: round trip, packets lost on the way, packets given up."""
        return self._status

    async def close(self) -> None:
        """Hang up; what is on the way has its latency to arrive in."""
        if self._socket is not None:
            await asyncio.sleep(min(0.5, self._target.options.latency_ms / 1000))
            self._socket.close()
            self._socket = None

    async def _message(self, data: bytes) -> None:
        assert self._socket is not None
        try:
            for _ in range(round(STALLED_S / ROOM_S)):
                if self._socket.send(data):
                    return
                await asyncio.sleep(ROOM_S)
        except Lost as error:
            raise Broken(str(error)) from None
        raise Broken(f"the far end has taken nothing for {STALLED_S:.0f} s")
