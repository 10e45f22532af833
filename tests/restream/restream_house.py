"""An origin's feed with a programme on it that never ends, restreams that read it, and far ends of other makers."""

import asyncio
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av
from tests.mux.mux_encoders import Encoded, encode_audio, encode_video
from tests.mux.remux_programme import chunks
from tests.peers import RTMP_MODULE
from tests.sender.sender_house import Origin, until

from ringside.cli.restream import tools
from ringside.core.clock import Wall
from ringside.core.feed import Appended, Cache, Closed, Document, Opened, Removed, Streamed
from ringside.flow.mux import h264
from ringside.flow.relay.restream.aio import Restreams
from ringside.flow.relay.restream.config import Config

__all__ = ["until"]

LAP_S = 3.2  # a whole number of frames of both kinds
MP4 = "video/mp4"
SPEED = 4.0  # times as fast as it was: nothing here depends on real time


@cache
def programme() -> tuple[Encoded, Encoded]:
    """One lap."""
    return encode_video(seconds=LAP_S), encode_audio(seconds=LAP_S)


def shifted(encoded: Encoded, lap: int) -> Encoded:
    """The same, `lap` laps later."""
    by = lap * round(LAP_S / float(encoded.grid.frame_s))
    return replace(encoded, frames=[replace(frame, index=frame.index + by) for frame in encoded.frames])


class Broadcast:
    """Publishes lap after lap; a segment a lap and track. `tracks`: those that are published."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._lap = 0

    @staticmethod
    def pictures() -> list[bytes]:
        """The coded pictures of a lap, as they are in a chunk."""
        return [h264.sample(frame.data) for frame in programme()[0].frames]

    async def run(self) -> None:
        """For ever."""
        hub = self._origin.hub
        for encoded in programme():
            track = encoded.track
            hub.publish([Document(f"/live/main/{track.name}/{track.init_name}", track.init, MP4, Cache.IMMUTABLE)])
        while True:
            await self._one_lap()

    async def _one_lap(self) -> None:
        hub, lap = self._origin.hub, self._lap
        self._lap += 1
        blobs, sizes = {}, {}
        tracks = [shifted(encoded, lap) for encoded in programme()]
        for n, encoded in enumerate(tracks):
            name = encoded.track.name
            blobs[name], sizes[name] = 2 * lap + n + 1, 0
            hub.publish([Opened(f"/live/main/{name}/{lap}.m4s", blobs[name], MP4)])
        told = sorted((chunk for encoded in tracks for chunk in chunks(encoded)), key=lambda chunk: chunk[0])
        begun, loop = told[0][0], asyncio.get_running_loop()
        began_s = loop.time()
        inits = {encoded.track.name: encoded.track.init_name for encoded in tracks}
        for over_s, track, _, data in told:
            await asyncio.sleep(max(0.0, began_s + (over_s - begun) / SPEED - loop.time()))
            path, blob, offset = f"/live/main/{track}", blobs[track], sizes[track]
            sizes[track] += len(data)
            header = f"{path}/{inits[track]}"
            begins = [Streamed(f"{path}/stream", header, blob, offset, MP4)]
            self._origin.hub.publish([Appended(blob, sizes[track], data), *(begins if not offset else [])])
        hub.publish([Closed(blob) for blob in blobs.values()])
        hub.publish([Removed(f"/live/main/{name}/{lap - 2}.m4s") for name in blobs if lap > 1])


@dataclass
class House:
    """All of it."""

    origin: Origin
    restreams: Restreams

    def row(self, which: int = 0) -> dict[str, Any]:
        return self.restreams.rows()[which]

    async def until_live(self, which: int = 0, limit_s: float = 15) -> None:
        await until(lambda: self.row(which)["state"] == "live", limit_s)

    async def until_sent(self, more_bytes: int, which: int = 0) -> None:
        goal = self.row(which)["sent_bytes"] + more_bytes
        await until(lambda: self.row(which)["sent_bytes"] >= goal, 20)

    async def until_it_fails(self, why: str, which: int = 0) -> None:
        await until(lambda: self.row(which)["state"] == "retrying" and why in self.row(which)["why"], 15)


@asynccontextmanager
async def house(configs: Sequence[Config], context: ssl.SSLContext | None = None) -> AsyncIterator[House]:
    """Started."""
    with TemporaryDirectory() as folder:
        origin = Origin(Path(folder))
        await origin.start()
        restreams = Restreams(origin.url, "", configs, tools(), Wall(), context)
        tasks = [asyncio.ensure_future(work) for work in (Broadcast(origin).run(), restreams.run())]
        try:
            yield House(origin, restreams)
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            await origin.stop()
            for end in ended:
                if not isinstance(end, asyncio.CancelledError):
                    raise AssertionError(f"it ended by itself: {end!r}")


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


NGINX = """
load_module {module};
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/err.log warn;
events {{ worker_connections 64; }}
rtmp {{ server {{ listen 127.0.0.1:{port}; application live {{
  live on; record all; record_path {folder}; record_unique off; record_suffix -%s.flv;
}} }} }}
"""


class Nginx:
    """A stock nginx-rtmp that records what is published to it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self._config = folder / "nginx.conf"
        self._config.write_text(NGINX.format(module=RTMP_MODULE, folder=folder, port=self.port))
        self._program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin") or "nginx"
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen([self._program, "-c", str(self._config)], stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    @property
    def recordings(self) -> list[Path]:
        return sorted(self.folder.glob("*.flv"), key=lambda path: path.stat().st_mtime_ns)


@dataclass
class Seen:
    """What a recording holds: the coded pictures, how many of them decode, how many blocks of sound."""

    pictures: list[bytes]
    decoded: int
    sounds: int
    first_key: bool

    @property
    def are_whole(self) -> bool:
        """Whether the pictures are those that were published, one after the other, none missing."""
        lap = Broadcast.pictures()
        at = [lap.index(picture) for picture in self.pictures]
        return all(b == (a + 1) % len(lap) for a, b in pairwise(at))


def look(path: Path, format: str = "flv") -> Seen:
    """Read a recording. The last packet may be cut off, and is left out."""
    packets: list[tuple[bytes, bool]] = []
    decoded = sounds = 0
    with av.open(str(path), "r", format=format) as container:
        for packet in container.demux():
            if packet.size and packet.stream.type == "video":
                packets.append((bytes(packet), packet.is_keyframe))
            sounds += bool(packet.size) and packet.stream.type == "audio"
            if packet.stream.type == "video":
                decoded += len(packet.decode())
    return Seen([data for data, _ in packets], decoded, sounds, packets[0][1])
